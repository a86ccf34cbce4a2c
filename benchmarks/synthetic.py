"""Dumps for benchmarks: words in the frequencies of real text, records in the shape of real dumps.

Most words are drawn from the project's hand-written comments, as often as they occur there; the rest is a
long tail of made-up ones, as names, links and misspellings are in real dumps.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zstandard

WRITTEN = Path(__file__).resolve().parent.parent / "datasets" / "written"
TAIL = 300_000
TAIL_SHARE = 0.06
"""Words of the tail, and how many words of a text come from it."""

EXPONENT = 0.8
"""Of the tail's frequencies by rank: flatter than the whole of a language, as its rare part is."""

MEDIAN_WORDS = 20
SPREAD = 1.0
"""Comment lengths are log-normal: half of Reddit's have fewer than some 20 words, a few have thousands."""

PER_THREAD = 50
BLOCK = 10_000


def records(count: int, seed: int = 1) -> Iterator[dict[str, object]]:
    """Yield records with the fields of a monthly Reddit dump of 2015."""
    random = np.random.default_rng(seed)
    words, shares = _words(random)
    steps = np.cumsum(shares)
    for start in range(0, count, BLOCK):
        lengths = np.minimum(random.lognormal(np.log(MEDIAN_WORDS), SPREAD, BLOCK).astype(int) + 1, 1500)
        picked = words[np.searchsorted(steps, random.random(int(lengths.sum())) * steps[-1])]
        texts = np.split(picked, np.cumsum(lengths)[:-1])
        parents = random.integers(0, PER_THREAD, BLOCK)
        for i, (text, back) in enumerate(zip(texts[: count - start], parents, strict=False), start):
            thread = i // PER_THREAD
            parent = max(thread * PER_THREAD, i - int(back))
            yield _record(i, thread, f"t1_c{parent}" if parent < i else f"t3_p{thread}", " ".join(text))


def write_reddit(path: Path, count: int) -> int:
    """Write a `.zst` of NDJSON and return the size of its content."""
    size = 0
    with path.open("wb") as file, zstandard.ZstdCompressor(level=9).stream_writer(file) as out:
        for record in records(count):
            size += out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return size


def _record(i: int, thread: int, parent: str, body: str) -> dict[str, object]:
    return {
        "controversiality": 0,
        "body": body,
        "subreddit_id": f"t5_{thread % 997}",
        "link_id": f"t3_p{thread}",
        "stickied": False,
        "subreddit": f"subreddit{thread % 997}",
        "score": i % 37 - 3,
        "ups": i % 37,
        "author_flair_css_class": None,
        "created_utc": 1_430_438_400 + i,
        "author_flair_text": None,
        "author": f"user{i * 7919 % 100_003}",
        "id": f"c{i}",
        "name": f"t1_c{i}",
        "edited": False,
        "parent_id": parent,
        "gilded": 0,
        "distinguished": None,
        "archived": False,
        "score_hidden": False,
        "downs": 0,
        "retrieved_on": 1_473_738_411,
    }


def _words(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return words and the share of each."""
    written: Counter[str] = Counter()
    for path in sorted(WRITTEN.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            written.update(json.loads(line)["text"].split())
    counts = np.array(list(written.values()), dtype=float)
    tail = 1 / np.arange(1, TAIL + 1) ** EXPONENT
    shares = np.concatenate([counts / counts.sum() * (1 - TAIL_SHARE), tail / tail.sum() * TAIL_SHARE])
    return np.array([*written, *_made_up(random)], dtype=object), shares


def _made_up(random: np.random.Generator) -> list[str]:
    """Return words of letters as frequent as in English; a fifth has a capital, or a sign after it."""
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    shares = 1 / np.arange(2, len(letters) + 2)
    text = "".join(random.choice(letters, 12 * TAIL, p=shares / shares.sum()))
    lengths = random.integers(3, 12, TAIL)
    made = [text[12 * rank : 12 * rank + length] for rank, length in enumerate(lengths)]
    kinds = np.arange(TAIL) % 10
    return [
        word.capitalize() if kind == 7 else word + ".,!?"[len(word) % 4] if kind == 8 else word
        for word, kind in zip(made, kinds, strict=True)
    ]
