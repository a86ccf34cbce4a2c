"""Distinct chunks become hashed features: words, character n-grams, symbols and shape.

Each feature depends on its chunk alone, so a chunk is analysed once and its contribution to every label is
one fixed vector. Everything here works on the code points of a whole batch of chunks at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.text.hashing import LONGEST, POWERS, U64, mix, segment_hash

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

WORD, SYMBOL, SHAPE, PAIR, SKIP, GRAM = 1, 2, 3, 4, 5, 16
"""Name spaces of feature hashes; n-grams of length n use `GRAM + n`."""

SUFFIXES: Final = ("com", "org", "net", "gov", "edu", "co", "io", "de", "uk", "ru", "htm", "html", "php")
URL: Final = rf"(?i)^\W*(?:https?:|www\.)|[a-z0-9-]\.(?:{'|'.join(SUFFIXES)})\b"
USER: Final = r"^\W{0,2}(?:@[A-Za-z0-9_]|/?u/[A-Za-z0-9_])"
SHAPES: Final = {name: number for number, name in enumerate(("url", "user", "number", "caps"))}

SHAPE_HASHES: Final = mix(np.arange(len(SHAPES), dtype=np.uint64), SHAPE)

_APOSTROPHES = (0x27, 0x2019, 0x2BC, 0x60, 0xB4)
_EDGE = np.uint64(2)


@dataclass(frozen=True, slots=True)
class ChunkFeatures:
    """Features of a batch of chunks.

    Parameters
    ----------
    indptr : ndarray of int64, shape (d + 1,)
        Chunk `i` has features `hashes[indptr[i]:indptr[i + 1]]`.
    hashes : ndarray of uint64
        Feature hashes, mixed.
    families : ndarray of uint8
        Name space of each feature.
    keys : ndarray of uint64, shape (d,)
        What pairs of chunks are built from: the hash of the chunk's letters and digits.
    letter : ndarray of uint32, shape (d,)
        The letter of a chunk that is one single letter, else 0 (spelled-out words are found by it).
    letters : ndarray of int32, shape (d,)
        Number of letters.
    """

    indptr: I64
    hashes: U64
    families: npt.NDArray[np.uint8]
    keys: U64
    letter: npt.NDArray[np.uint32]
    letters: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class FamilyFeatures:
    """Features of one name space.

    Parameters
    ----------
    family : int
        The name space.
    hashes : ndarray of uint64, shape (f,)
        Mixed.
    owner : ndarray of int64, shape (f,)
        Chunk of each feature, ascending.
    """

    family: int
    hashes: U64
    owner: I64


@dataclass(frozen=True, slots=True)
class Analysis:
    """What `ChunkFeatures` holds, name space by name space: cheaper to make, and enough for sums."""

    families: list[FamilyFeatures]
    keys: U64
    letter: npt.NDArray[np.uint32]
    letters: npt.NDArray[np.int32]


def analyse(chunks: pa.StringArray, grams: Sequence[int]) -> ChunkFeatures:
    """Compute the features of distinct chunks.

    Parameters
    ----------
    chunks : pyarrow.StringArray, shape (d,)
        Canonical forms (see `moderation.text.obfuscation`).
    grams : sequence of int
        Lengths of character n-grams, counted with one boundary mark on either side of a word.

    Returns
    -------
    ChunkFeatures
    """
    found = analyse_families(chunks, grams)
    return ChunkFeatures(*_stack(found.families, len(chunks)), found.keys, found.letter, found.letters)


def analyse_families(chunks: pa.StringArray, grams: Sequence[int]) -> Analysis:
    """Compute the features of distinct chunks as `analyse` does, in no order beyond the name space."""
    count = len(chunks)
    chunks = pc.utf8_slice_codeunits(chunks, 0, LONGEST)
    url = _matches(chunks, URL)
    user = _matches(chunks, USER) & ~url
    opaque = url | user
    codes, owner = code_points(fold(chunks))
    kinds = _kinds(codes)
    plain = ~opaque[owner]

    word_codes, word_owner = _words(codes, owner, kinds, plain)
    starts, lengths, holders = _segments(word_codes, word_owner)
    families = [FamilyFeatures(WORD, mix(segment_hash(word_codes, starts, lengths), WORD), holders)]
    families += _grams(word_codes, starts, lengths, holders, grams)
    symbol, symbol_owner = _symbols(codes, owner, kinds, plain)
    families.append(FamilyFeatures(SYMBOL, mix(symbol, SYMBOL), symbol_owner))
    shapes = {
        "url": url,
        "user": user,
        "number": _has(owner[(kinds == DIGIT) & plain], count),
        "caps": pc.utf8_is_upper(chunks).to_numpy(zero_copy_only=False) & ~opaque & (_length(chunks) > 2),
    }
    for name, holds in shapes.items():
        hashes = np.repeat(SHAPE_HASHES[SHAPES[name]], int(holds.sum()))
        families.append(FamilyFeatures(SHAPE, hashes, np.flatnonzero(holds)))

    inner = (kinds == LETTER) | (kinds == DIGIT)
    letters = np.bincount(owner[(kinds == LETTER) & plain], minlength=count).astype(np.int32)
    alone = (np.bincount(owner[inner], minlength=count) == 1) & (letters == 1)
    letter = np.zeros(count, np.uint32)
    single = (kinds == LETTER) & alone[owner]
    letter[owner[single]] = codes[single]
    return Analysis(families, _keys(codes, owner, inner, opaque), letter, letters)


def fold(chunks: pa.StringArray) -> pa.StringArray:
    """Lower-case, compatibility-decompose (NFKD) and so strip accents, full width and styled letters."""
    lower = pc.utf8_lower(chunks)
    plain = pc.string_is_ascii(lower)
    if pc.all(plain).as_py():
        return lower
    decomposed = pc.utf8_lower(pc.utf8_normalize(lower.filter(pc.invert(plain)), "NFKD"))
    return pc.replace_with_mask(lower, pc.invert(plain), decomposed)


def code_points(chunks: pa.StringArray) -> tuple[U64, I64]:
    """Return all code points of the chunks, one after the other, and the chunk that owns each."""
    codes = np.frombuffer(chunk_bytes(chunks).decode("utf-8").encode("utf-32-le"), np.uint32).astype(
        np.uint64
    )
    return codes, np.repeat(np.arange(len(chunks)), _length(chunks))


OTHER, LETTER, DIGIT, SILENT = 0, 1, 2, 3


def _kind_table() -> npt.NDArray[np.uint8]:
    table = np.full(0x3000, LETTER, np.uint8)
    ascii_kinds = [LETTER if chr(c).isalpha() else DIGIT if chr(c).isdigit() else OTHER for c in range(256)]
    table[:256] = ascii_kinds
    for first, last in ((0x2000, 0x2071), (0x20A0, 0x20D0), (0x2190, 0x2C00), (0x2E00, 0x2E80)):
        table[first:last] = OTHER
    # Zero-width, bidi and soft-hyphen characters and combining marks hide a word; they are as if not there.
    for first, last in ((0x00AD, 0x00AE), (0x0300, 0x0370), (0x200B, 0x2010), (0x202A, 0x202F)):
        table[first:last] = SILENT
    for first, last in ((0x2060, 0x2070), (0x180B, 0x180F), (0x034F, 0x0350), (0x20D0, 0x2100)):
        table[first:last] = SILENT
    table[list(_APOSTROPHES)] = SILENT
    return table


KINDS: Final = _kind_table()
"""Kind of the first characters; see `_kinds` for the others."""


def _kinds(codes: U64) -> npt.NDArray[np.uint8]:
    kinds = KINDS[np.minimum(codes, 0x2FFF).astype(np.int64)]
    high = codes >= 0x3000
    if high.any():
        value = codes[high]
        symbol = (value < 0x3040) | ((value >= 0x1F000) & (value < 0x20000)) | (value == 0xFFFD)
        silent = ((value >= 0xFE00) & (value < 0xFE10)) | (value == 0xFEFF) | (value >= 0xE0000)
        kinds[high] = np.where(silent, SILENT, np.where(symbol, OTHER, LETTER))
    return kinds


def chunk_bytes(chunks: pa.StringArray) -> bytes:
    """Return the UTF-8 bytes of all chunks, one after the other."""
    first, last = chunks.offset, chunks.offset + len(chunks)
    offsets = np.frombuffer(chunks.buffers()[1], np.int32)[first : last + 1]
    data = chunks.buffers()[2]
    return data.to_pybytes()[offsets[0] : offsets[-1]] if data is not None else b""


def _length(chunks: pa.StringArray) -> npt.NDArray[np.int32]:
    length: npt.NDArray[np.int32] = pc.utf8_length(chunks).to_numpy()
    return length


def _matches(chunks: pa.StringArray, pattern: str) -> Bool:
    found: Bool = pc.match_substring_regex(chunks, pattern).to_numpy(zero_copy_only=False)
    return found


def _has(owner: I64, count: int) -> Bool:
    return np.bincount(owner, minlength=count) > 0


def _words(codes: U64, owner: I64, kinds: npt.NDArray[np.uint8], plain: Bool) -> tuple[U64, I64]:
    """Keep letters and digits; give each run of them (one word) an identity that grows along the batch."""
    inner = ((kinds == LETTER) | (kinds == DIGIT)) & plain
    heard = kinds != SILENT
    at, heard_at = np.flatnonzero(inner), np.cumsum(heard)
    if not len(at):
        return codes[:0], owner[:0]
    # A new word begins where the previous heard character was not inside a word of the same chunk.
    begins = np.ones(len(at), bool)
    begins[1:] = (heard_at[at[1:]] != heard_at[at[:-1]] + 1) | (owner[at[1:]] != owner[at[:-1]])
    # Identity and chunk travel in one number: chunk index, made unique by word below.
    word_owner: I64 = owner[at] + (np.cumsum(begins).astype(np.int64) << 32)
    return codes[at], word_owner


def _segments(codes: U64, word: I64) -> tuple[I64, I64, I64]:
    if not len(codes):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    starts = np.flatnonzero(np.concatenate(([True], word[1:] != word[:-1])))
    lengths: I64 = np.diff(np.append(starts, len(codes)))
    return starts, lengths, word[starts] & np.int64(0xFFFFFFFF)


def _grams(
    codes: U64, starts: I64, lengths: I64, holders: I64, sizes: Sequence[int]
) -> Iterator[FamilyFeatures]:
    """Hash the n-grams of all words, a boundary mark standing before and after each word."""
    padded_lengths = lengths + 2
    padded = np.full(int(padded_lengths.sum()), _EDGE, np.uint64)
    stops = np.cumsum(padded_lengths)
    inner = np.ones(len(padded), bool)
    inner[stops - padded_lengths] = False
    inner[stops - 1] = False
    padded[inner] = codes
    room = np.repeat(stops, padded_lengths) - np.arange(len(padded))
    owner = np.repeat(holders, padded_lengths)
    # Each hash is that of the gram one shorter, and one character more.
    rolled = np.zeros(len(padded), np.uint64)
    rolled_size = 0
    for n in sorted(sizes):
        count = max(len(padded) - n + 1, 0)
        rolled = rolled[:count]
        for back in range(rolled_size, n):
            rolled += padded[back : back + count] * POWERS[back]
        rolled_size = n
        fits = np.flatnonzero(room[:count] >= n)
        yield FamilyFeatures(GRAM + n, mix(rolled.take(fits), GRAM + n), owner.take(fits))


def _symbols(codes: U64, owner: I64, kinds: npt.NDArray[np.uint8], plain: Bool) -> tuple[U64, I64]:
    """Hash runs of one symbol: the symbol and whether it stands once, twice or more often."""
    at = np.flatnonzero((kinds == OTHER) & plain)
    if not len(at):
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    begins = np.ones(len(at), bool)
    same = (codes[at[1:]] == codes[at[:-1]]) & (at[1:] == at[:-1] + 1) & (owner[at[1:]] == owner[at[:-1]])
    begins[1:] = ~same
    starts = np.flatnonzero(begins)
    times = np.minimum(np.diff(np.append(starts, len(at))), 3).astype(np.uint64)
    return codes[at[starts]] * np.uint64(4) + times, owner[at[starts]]


def _keys(codes: U64, owner: I64, inner: Bool, opaque: Bool) -> U64:
    """Hash a chunk's letters and digits; one without any by its symbols, links and users all alike."""
    count = len(opaque)
    keys = np.full(count, 7, np.uint64)
    spoken = np.zeros(count, bool)
    spoken[owner[inner]] = True
    for mask in (inner, ~spoken[owner]):
        starts, lengths, holders = _segments(codes[mask], owner[mask])
        keys[holders] = segment_hash(codes[mask], starts, lengths)
    keys[opaque] = 1
    return mix(keys, PAIR)


def _stack(parts: list[FamilyFeatures], count: int) -> tuple[I64, U64, npt.NDArray[np.uint8]]:
    owner = np.concatenate([part.owner for part in parts])
    order = np.argsort(owner, kind="stable")
    family = np.concatenate([np.full(len(part.hashes), part.family, np.uint8) for part in parts])
    indptr = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count))))
    hashes = np.concatenate([part.hashes for part in parts])
    return indptr.astype(np.int64), hashes[order], family[order]
