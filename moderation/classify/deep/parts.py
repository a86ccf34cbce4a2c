"""A text longer than the graph reads at once is read in parts that overlap; its odds are the mean of theirs.

What makes a long comment abusive often stands in a few words of it, which the mean of odds, unlike that of
log-odds, does not lose among the others. The highest part alone would let one rude word speak for an essay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST: Final = 32
"""Parts of a text that are read, some 2,300 words: more than most systems let people write. The first tier
reads all of any text."""

OVERLAP: Final = 4
"""One part shares this fraction of its tokens with the next: 32 of 128."""


def cut_into_parts(tokenizer: Tokenizer, longest: int) -> None:
    """Make a tokenizer cut texts into parts of at most so many tokens, padding none."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest, stride=longest // OVERLAP)


def parts_of(found: Any) -> list[Any]:
    """Return the parts, as a tokenizer's encodings, of what it made of a text."""
    return [found, *found.overflowing][:MOST]


def joined(logits: npt.NDArray[np.floating[Any]], axis: int = 0) -> npt.NDArray[np.float64]:
    """Return the log of the mean over the parts' odds; of a single part, its logits to the last bit.

    Parameters
    ----------
    logits : ndarray
        Log-odds; the parts stand along `axis`.
    """
    total = np.logaddexp.reduce(logits.astype(np.float64), axis=axis)
    mean: npt.NDArray[np.float64] = total - np.log(logits.shape[axis])
    return mean
