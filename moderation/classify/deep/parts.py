"""A text longer than the graph reads at once is read in parts that overlap; of each label the highest counts.

What makes a long comment abusive often stands in a few words of it. Where a sentence is cut, the next part
begins before it.
"""

from __future__ import annotations

from typing import Any, Final

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
