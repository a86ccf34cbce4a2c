"""Made-up comments for benchmarks: no text of anybody's, but the statistics of comments.

Words are drawn by the Zipf-Mandelbrot law from the words of the project's own examples and, as a tail, from
words made of syllables (they stand for names, jargon and misspellings); some are made anew at each use and
never repeat. Around them stand capitals, punctuation, line breaks, a few links, users, emoji and disguised
words. Everything follows from a seed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

WRITTEN: Final = Path(__file__).resolve().parent.parent / "datasets" / "written"
"""The project's hand-written comments, of which only the words are used."""

ONSETS: Final = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "pl", "sh", "st", "tr")
VOWELS: Final = (*"aeiou", "ai", "ee", "ou")
CODAS: Final = ("", "", "", "n", "r", "s", "l", "m", "t", "ck", "nd", "th")

MADE_UP: Final = 60_000
"""Words of syllables in the vocabulary, behind the English ones."""

OFFSET, EXPONENT = 2.7, 1.15
"""Of the Zipf-Mandelbrot law, 1 / (rank + OFFSET) ** EXPONENT (Mandelbrot, 1953). With these the 10,
100, 1,000 and 10,000 most frequent words are 24, 52, 75 and 92 % of a text, in forum comments 22, 51, 77
and 95 %."""

NEW_SHARE: Final = 0.01
"""Words that are made anew and stand once."""

MEAN_WORDS: Final = 53.6
MEAN_WORDS_NEW: Final = 28.8
SPREAD: Final = 0.9
"""Lengths are log-normal; the means of words give comments of 300 characters on average."""

EMOJI: Final = ("😂", "🤣", "😡", "👍", "🙄", "❤️", "🤡", "🔥")
DISGUISES: Final = ("stup1d", "f*ck", "sh!t", "id10t", "i.d.i.o.t", "a$$", "crrrrazy", "b1tch", "w@r", "l00k")

PLAIN: Final = (1.0, "{word} ", False)
STYLES: Final = (
    (0.062, "{word}. ", True),
    (0.012, "{word}? ", True),
    (0.012, "{word}! ", True),
    (0.006, "{word}...\n\n", True),
    (0.050, "{word}, ", False),
    (0.004, '"{word}" ', False),
    (0.003, "({word}) ", False),
    (0.003, "{word} - ", False),
    (0.006, "{upper} ", False),
    (0.006, "{number} ", False),
    (0.002, "{word} {emoji} ", False),
    (0.002, "@{name}{number} ", False),
    (0.001, "https://www.{name}.com/{number}?id={number} ", False),
    (0.002, "{disguise} ", False),
)
"""Share of words that stand in a certain way, how they are written with the space behind, and whether a
sentence ends there; the others are `PLAIN`."""

LAZY: Final = 0.15
"""Comments without capitals and a full stop."""


def comments(count: int, seed: int = 1) -> list[str]:
    """Return made-up comments with the repetition of real ones."""
    random = np.random.default_rng([seed, 1])
    words, shares = vocabulary()
    steps = np.cumsum(shares)
    lengths = _lengths(count, MEAN_WORDS, random)
    picked = np.searchsorted(steps, random.random(int(lengths.sum())) * steps[-1])
    new = random.random(len(picked)) < NEW_SHARE
    fresh = iter(made_up(int(new.sum()), random))
    drawn = [next(fresh) if is_new else words[at] for at, is_new in zip(picked.tolist(), new, strict=True)]
    return list(_written(drawn, lengths, random))


def few_repeats(count: int, seed: int = 1) -> list[str]:
    """Return made-up comments of which nearly every word stands once: the worst case for a memory."""
    random = np.random.default_rng([seed, 2])
    lengths = _lengths(count, MEAN_WORDS_NEW, random)
    return list(_written(made_up(int(lengths.sum()), random, 2, 3), lengths, random))


def vocabulary() -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return the words, the most frequent first, and the share of each in a text."""
    random = np.random.default_rng(0)
    written: Counter[str] = Counter()
    for file in sorted(WRITTEN.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            written.update(re.findall(r"[a-z]+(?:'[a-z]+)?", json.loads(line)["text"].lower()))
    # Equally frequent words stand in no order that a hash or an alphabet gives them.
    english = sorted(sorted(written), key=lambda word: (-written[word], word[::-1]))
    words = list(dict.fromkeys(english + made_up(MADE_UP, random)))
    shares = 1 / (np.arange(1, len(words) + 1) + OFFSET) ** EXPONENT
    return words, shares / shares.sum()


def made_up(count: int, random: np.random.Generator, shortest: int = 1, longest: int = 3) -> list[str]:
    """Return words of syllables."""
    sizes = random.integers(shortest, longest, count, endpoint=True)
    total = int(sizes.sum())
    parts = [random.integers(0, len(kind), total).tolist() for kind in (ONSETS, VOWELS, CODAS)]
    syllables = [ONSETS[o] + VOWELS[v] + CODAS[c] for o, v, c in zip(*parts, strict=True)]
    ends = np.cumsum(sizes).tolist()
    return ["".join(syllables[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _lengths(count: int, mean: float, random: np.random.Generator) -> npt.NDArray[np.int64]:
    drawn = random.lognormal(0, SPREAD, count)
    # Scaled by what was drawn: few comments would miss the mean by chance.
    return np.maximum(np.rint(drawn * (mean / drawn.mean())), 1).astype(np.int64)


def _written(words: list[str], lengths: npt.NDArray[np.int64], random: np.random.Generator) -> Iterator[str]:
    """Yield comments: so many of the words each, as sentences."""
    shares = np.array([share for share, _, _ in STYLES])
    styles = np.searchsorted(np.cumsum(shares), random.random(len(words))).tolist()
    numbers = random.integers(0, 2100, len(words)).tolist()
    start = 0
    for length, lazy in zip(lengths.tolist(), random.random(len(lengths)) < LAZY, strict=True):
        text, begins = [], not lazy
        for at in range(start, start + length):
            _, template, ends = STYLES[styles[at]] if styles[at] < len(STYLES) else PLAIN
            word = words[at]
            text.append(
                template.format(
                    word=word[0].upper() + word[1:] if begins or word.startswith("i'") else word,
                    upper=word.upper(),
                    name=word.strip("'"),
                    number=numbers[at],
                    emoji=EMOJI[numbers[at] % len(EMOJI)],
                    disguise=DISGUISES[numbers[at] % len(DISGUISES)],
                )
            )
            begins = ends and not lazy
        yield "".join(text).rstrip(" ,-\n") + ("" if lazy or begins else ".")
        start += length
