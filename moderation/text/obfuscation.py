"""Disguised chunks become the words that they stand for: leetspeak, masks, separators, stretched and
look-alike letters.

A disguise is undone only where the result is a word that the model knows and the chunk as written is not,
so that ordinary text, abbreviations, links and code stay as they are. Deciding is quick for whole batches
(one regular expression); only chunks that look suspicious are taken one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise, product
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.text.features import URL, USER, WORD, fold
from moderation.text.hashing import LONGEST, hash_word, mix_one
from moderation.text.innocent import Innocent
from moderation.text.vocabulary import VOCABULARY_BITS

SHORTEST_SPELLED: Final = 3
LONGEST_SPELLED: Final = 20
"""Letters of a word that is spelled out; two are initials."""

MOST_READINGS: Final = 5
"""Repeated letters, or signs of two meanings, of which all combinations are looked at."""

_STRETCHED = "|".join(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_ENCLOSED = "\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff"
SUSPICIOUS: Final = (
    rf"[a-z][^a-z\s]+[a-z]|[0134578@$!|+(€£*]+[a-z]|[a-z][0134578$@*#]|{_STRETCHED}"
    rf"|[a-z]\W*[\p{{Cyrillic}}\p{{Greek}}]|[\p{{Cyrillic}}\p{{Greek}}]\W*[a-z]|[{_ENCLOSED}]"
)

LEET: Final = str.maketrans("034578@$+(€", "oeastbastce")
UPRIGHT: Final = str.maketrans("1!|¡£", "iiiil")
UPRIGHT_AS_L: Final = str.maketrans("1!|¡£", "lllll")
LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіѕјһԁԛԝгпкмнтвбαοερτυικνωηγχ" + "øłđıſßæ", "aeopcyxisjhdqwrnkmhtbbaoeptuikvwnyx" + "oldisba"
)
_ENCLOSED_LETTERS: Final = {
    first + number: ord("a") + number for first in (0x1F150, 0x1F170, 0x1F1E6) for number in range(26)
}

OUTER: Final = " \t\"'“”‘’«».,;:?!()[]{}<>…—–`~"
OUTER_BUT_LEET: Final = OUTER.replace("!", "")
_NAME = re.compile(USER)
SEPARATED: Final = re.compile(r"[\W_]+")
_RUN = re.compile(r"([a-z])\1{2,}")
_PAIR = re.compile(r"([a-z])\1+")
SPARING: Final = re.compile(r"[^\w*#@$%&!?^~-]")
MASK: Final = re.compile(r"(?<=[a-z])[^a-z0-9\s.,'’/]+|^[*#@$%&]+(?=[a-z])")
BOLD: Final = r"^[^\w*]*[A-EG-Z]\*\*[^\w*]*$"
"""The end of words in bold, as in `**Vitamin A**`; of a capital with two asterisks only `F**` is a mask."""
_LETTERS = re.compile("[a-z]*")
_INVISIBLE = re.compile(
    "[\u00ad\u0300-\u036f\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


class Unmasker:
    """Finds the word behind a disguised chunk.

    Parameters
    ----------
    vocabulary : ndarray of uint8
        See `vocabulary_bitmap`.
    lexicon : sequence of str
        Lower-case words worth masking, the most frequent first; `f**k` resolves to the first that fits.
    """

    def __init__(self, vocabulary: npt.NDArray[np.uint8], lexicon: Sequence[str]) -> None:
        self.vocabulary = vocabulary
        self.lexicon = tuple(lexicon)
        self._rude = frozenset(self.lexicon)
        # Single look-ups through a memory-mapped array cost more than everything else about a word.
        self._bits = np.ascontiguousarray(vocabulary).tobytes()
        self._shaped: dict[tuple[int, str], list[str]] = {}
        for word in self.lexicon:
            for first in (word[:1], ""):
                self._shaped.setdefault((len(word), first), []).append(word)
        self.innocent = Innocent(vocabulary, self.lexicon)
        self.word = lru_cache(maxsize=1 << 16)(self._word)

    def __reduce__(self) -> tuple[type[Unmasker], tuple[npt.NDArray[np.uint8], tuple[str, ...]]]:
        # The cache of words cannot be pickled, and need not be.
        return Unmasker, (self.vocabulary, self.lexicon)

    def canonical(self, chunks: pa.StringArray) -> pa.StringArray:
        """Return the chunks, shape (d,), with disguised ones replaced by the words behind them."""
        folded = fold(pc.utf8_slice_codeunits(chunks, 0, LONGEST))
        link = pc.match_substring_regex(chunks, URL)
        suspicious = pc.and_not(pc.match_substring_regex(folded, SUSPICIOUS), link)
        at = np.flatnonzero(suspicious.to_numpy(zero_copy_only=False))
        if not len(at):
            return chunks
        bold = pc.match_substring_regex(chunks.take(pa.array(at)), BOLD)
        at = at[~self.innocent.tell(folded.take(pa.array(at))) & ~bold.to_numpy(zero_copy_only=False)]
        words = [self.word(chunk) for chunk in folded.take(pa.array(at)).to_pylist()]
        disguised = np.zeros(len(chunks), bool)
        disguised[at] = [word is not None for word in words]
        replacements = pa.array([word for word in words if word is not None], pa.string())
        return pc.replace_with_mask(chunks, pa.array(disguised), replacements)

    def knows(self, word: str) -> bool:
        """Tell whether the model knows a word (lower-case letters and digits)."""
        slot = mix_one(hash_word(word), WORD) >> (64 - VOCABULARY_BITS)
        return bool(self._bits[slot >> 3] >> (7 - (slot & 7)) & 1)

    def spelled(self, letters: str) -> list[tuple[int, str]]:
        """Return the words in letters that stood one by one, as in `i d i o t`, and where each begins.

        The words that cover most letters, longer ones and rude ones first; letters around them stay single
        ones.
        """
        # best[i]: twice the squared lengths that the first i letters allow, and the words that reach them.
        best: list[tuple[int, list[tuple[int, str]]]] = [(0, [])]
        for end in range(1, len(letters) + 1):
            found = best[-1]
            for start in range(max(0, end - LONGEST_SPELLED), end - SHORTEST_SPELLED + 1):
                word = letters[start:end]
                # A rude one counts for more, so that `a m o r o n` is no strange word that looks known; a
                # short one does not, since many harmless words hold it.
                rude = min(max(end - start - SHORTEST_SPELLED, 0), 2) if word in self._rude else 0
                worth = best[start][0] + (end - start) ** 2 * (2 + rude)
                if worth > found[0] and self.knows(word):
                    found = (worth, [*best[start][1], (start, word)])
            best.append(found)
        return best[-1][1]

    def _word(self, folded: str) -> str | None:
        if _NAME.match(folded):
            # A user's name is nobody's disguise, unless its "@" is the first letter of a rude word.
            return self._rude_word(folded.strip(OUTER))
        opened = folded.translate(_ENCLOSED_LETTERS)
        core = _INVISIBLE.sub("", opened).strip(OUTER)
        if opened != folded and self.knows(core):
            return core
        starred = self._masked(core) if "*" in core else None
        if starred:
            return starred
        pieces = [piece for piece in SEPARATED.split(core) if piece]
        if pieces and all(len(piece) > 1 and self.knows(piece) for piece in pieces):
            # Common disguises are known words themselves; two words joined by a full stop are none.
            return self._rude_word(core) if core.translate(UPRIGHT).translate(LEET) != core else None
        for candidate in self._candidates(core):
            letters = sum(c.isalpha() for c in core)
            enough = 2 * letters >= len(candidate) or candidate in self._rude
            if len(candidate) > 2 and letters and enough and candidate != core and self.knows(candidate):
                return candidate
        return self._rude_word(_INVISIBLE.sub("", opened).strip(OUTER_BUT_LEET)) or self._masked(core)

    def _rude_word(self, core: str) -> str | None:
        return next((word for word in chain(self._candidates(core), _read(core)) if word in self._rude), None)

    def _candidates(self, core: str) -> Iterator[str]:
        core = core.translate(LOOK_ALIKES) if not core.isascii() else core
        for upright in (UPRIGHT, UPRIGHT_AS_L):
            joined = SEPARATED.sub("", core.translate(upright).translate(LEET))
            yield joined
            if _RUN.search(joined):
                yield from sorted(_shortened(joined), key=lambda word: word not in self._rude)

    def _masked(self, core: str) -> str | None:
        stripped = core.strip("*_") if core[:1] == core[-1:] else core
        if not MASK.search(stripped) or SPARING.search(MASK.sub("", stripped)):
            return None
        # An emoji stands for one letter or two, any other sign for exactly one.
        ends = [0, *(edge for m in MASK.finditer(stripped) for edge in m.span()), len(stripped)]
        pieces = [stripped[begin:end] for begin, end in pairwise(ends)]
        # Pieces alternate: shown, hidden, shown, ...
        if all(piece.isascii() for piece in pieces[1::2]):
            return self._same_length(stripped, pieces)
        shape = re.compile(
            "".join("".join(map(_hidden, p)) if n % 2 else re.escape(p) for n, p in enumerate(pieces))
        )
        return next((word for word in self.lexicon if shape.fullmatch(word)), None)

    def _same_length(self, stripped: str, pieces: Sequence[str]) -> str | None:
        """Return the first word of the lexicon that has the letters shown, where they are shown."""
        first = pieces[0][:1]
        fitting = self._shaped.get((len(stripped), first), [])
        begins = [0, *accumulate(map(len, pieces))]
        shown = list(zip(begins[::2], pieces[::2], strict=False))
        fitting = [w for w in fitting if all(w.startswith(piece, at) for at, piece in shown)]
        hidden = list(zip(begins[1::2], begins[2::2], strict=False))
        return next((w for w in fitting if all(_LETTERS.fullmatch(w, *span) for span in hidden)), None)


def _shortened(word: str) -> list[str]:
    """Return a word with each letter that is repeated standing twice or once, all of them twice first."""
    repeated = [(match.start(), match.end()) for match in _PAIR.finditer(word)][:MOST_READINGS]
    forms = [""]
    last = 0
    for begin, end in repeated:
        forms = [form + word[last:begin] + word[begin] * times for form in forms for times in (2, 1)]
        last = end
    return [form + word[last:] for form in forms]


def _read(core: str) -> Iterator[str]:
    """Yield the readings of signs that stand now for an "i", now for an "l"."""
    signs = [at for at, sign in enumerate(core) if ord(sign) in UPRIGHT]
    if not 1 < len(signs) <= MOST_READINGS:
        return
    for letters in product("il", repeat=len(signs)):
        read = list(core)
        for at, letter in zip(signs, letters, strict=True):
            read[at] = letter
        yield SEPARATED.sub("", "".join(read).translate(LEET))


def _hidden(sign: str) -> str:
    return "[a-z]" if sign.isascii() else "[a-z]{1,2}"
