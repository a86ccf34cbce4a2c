"""Texts become token numbers: BERT's word pieces, and a token of its own for every common emoji."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import AddedToken, Tokenizer, normalizers
from torch import Tensor

from moderation.classify.deep.parts import cut_into_parts, parts_of

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

FEWEST_EMOJI = 3
"""Texts that must hold an emoji before it gets a token; BERT's vocabulary has next to none."""

EMOJI_CATEGORIES = ("So", "Sk")
EMOJI_RANGES = (("\u2600", "\u2bff"), ("\U0001f000", "\U0001faff"))
"""Signs that people use as emoji, skin tones among them; arrows and boxes are left to the word pieces."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token numbers of texts, one after another.

    Parameters
    ----------
    numbers : ndarray of int32
    starts : ndarray of int64, shape (n + 1,)
        Where each text begins in `numbers`.
    """

    numbers: I32
    starts: I64

    @property
    def lengths(self) -> I64:
        """Tokens of each text, shape (n,)."""
        return np.diff(self.starts)

    def batch(self, rows: I64) -> tuple[Tensor, Tensor]:
        """Return token numbers and mask of some texts, padded to the longest, both int64."""
        lengths = self.lengths[rows]
        longest = int(lengths.max())
        mask = np.arange(longest) < lengths[:, None]
        padded = np.zeros((len(rows), longest), np.int64)
        padded[mask] = np.concatenate([self.numbers[self.starts[row] : self.starts[row + 1]] for row in rows])
        return torch.from_numpy(padded), torch.from_numpy(mask.astype(np.int64))


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> Tokens:
    """Return the tokens of texts, each cut to `longest` with its first and last token kept."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return _joined([found.ids for found in tokenizer.encode_batch_fast(list(texts))])


def tokenise_parts(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> tuple[Tokens, I64]:
    """Return the tokens of the parts that texts are read in, and which part is the first one of each text."""
    cut_into_parts(tokenizer, longest)
    parts = [parts_of(found) for found in tokenizer.encode_batch_fast(list(texts))]
    firsts = np.cumsum([0, *map(len, parts[:-1])])
    return _joined([part.ids for own in parts for part in own]), firsts


def _joined(numbers: Sequence[Sequence[int]]) -> Tokens:
    starts = np.zeros(len(numbers) + 1, np.int64)
    np.cumsum([len(row) for row in numbers], out=starts[1:])
    return Tokens(np.concatenate([np.array(row, np.int32) for row in numbers]), starts)


def fold_forms(tokenizer: Tokenizer) -> None:
    """Make a tokenizer read full-width, mathematical and other compatible letters as the plain ones."""
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), tokenizer.normalizer])


def add_emoji(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Give every emoji that occurs in enough of the texts a token, and return the new tokens in order."""
    seen: Counter[str] = Counter()
    for text in texts:
        if not text.isascii():
            seen.update(filter(_is_emoji, set(text)))
    known = tokenizer.get_vocab()
    found = sorted(sign for sign, count in seen.items() if count >= FEWEST_EMOJI and sign not in known)
    # Looked for before BERT's normalisation, which drops some signs and would leave an empty token.
    tokenizer.add_tokens([AddedToken(sign, normalized=False) for sign in found])
    return found


def name_emoji(words: Tensor, tokenizer: Tokenizer, emoji: Iterable[str]) -> None:
    """Set the vectors of new emoji tokens to the mean of the word pieces of their Unicode names.

    Parameters
    ----------
    words : Tensor, shape (vocabulary, width)
        Changed in place.
    tokenizer : Tokenizer
    emoji : iterable of str
    """
    with torch.no_grad():
        for sign in emoji:
            name = unicodedata.name(sign, "symbol").lower()
            pieces = tokenizer.encode(name, add_special_tokens=False).ids
            words[tokenizer.token_to_id(sign)] = words[pieces].mean(dim=0)


def _is_emoji(sign: str) -> bool:
    inside = any(first <= sign <= last for first, last in EMOJI_RANGES)
    return inside and unicodedata.category(sign) in EMOJI_CATEGORIES
