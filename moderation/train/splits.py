"""Which rows may be trained on: exam rows, near duplicates, and splits that keep those on one side."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.train.corpora_spec import CorpusSpec

U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

SHARES: Final = {"train": 0.8, "valid": 0.1, "test": 0.1}

_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_RETWEET = re.compile(r"^\W*rt\b(?:\s*@\w+\s*:?)?")
_LINK = re.compile(r"https?\s*:\s*//\S*|www\.\S+")
_USER = re.compile(r"@\s?\[?\w+\]?")
_MASK = re.compile(r"<\s?(?:user|number|url)\s?>|\[(?:user|url)\]")


def normalise(text: str) -> str:
    """Return a text in lower case with runs of non-word characters as one space, stripped.

    >>> normalise("Don't SHOUT -- at me!")
    'don t shout at me'
    """
    return " ".join(_WORD.findall(text.lower()))


def near_form(text: str) -> str:
    """Return the normalised text without what copies vary: links, user names, numbers, the mark of a retweet.

    >>> near_form("RT @some_one: 5G masts, see https://t.co/x1") == near_form("@you 4G masts see")
    True
    """
    text = _RETWEET.sub("", text.lower())
    # Most texts have none of these, and looking for a character is far quicker than for a pattern.
    if "http" in text or "www." in text:
        text = _LINK.sub(" ", text)
    if "@" in text:
        text = _USER.sub(" ", text)
    if "<" in text or "[" in text:
        text = _MASK.sub(" ", text)
    return " ".join(_LETTERS.findall(text))


def text_groups(texts: Iterable[str]) -> U64:
    """Return one number per text, the same for texts that are equal when normalised, shape (n,).

    A text without any word is compared as it is.
    """
    return np.fromiter((_short(normalise(text) or text) for text in texts), np.uint64)


def near_groups(texts: Iterable[str]) -> U64:
    """Return one number per text, the same for near duplicates, shape (n,); see `near_form`."""
    return np.fromiter((_short(near_form(text) or normalise(text) or text) for text in texts), np.uint64)


def exam_rows(spec: CorpusSpec, frame: pd.DataFrame, held: frozenset[str] = frozenset()) -> Mask:
    """Return which rows of a corpus are kept for the exam by the rule in its registry entry.

    Parameters
    ----------
    spec : CorpusSpec
    frame : DataFrame, n rows
        `text`: as in the published file, before it is cleaned.
    held : frozenset of str
        Normalised texts of an official test file, which are exam rows too.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    modulus, remainder = spec.exam.modulus, spec.exam.remainder
    if not modulus and not held:
        return np.zeros(len(frame), dtype=np.bool_)
    forms = [normalise(text) for text in frame["text"]]
    return np.array(
        [form in held or (modulus > 0 and _whole(form) % modulus == remainder) for form in forms],
        dtype=np.bool_,
    )


def split_by_group(frame: pd.DataFrame, seed: int, shares: Mapping[str, float] = SHARES) -> pd.Series[str]:
    """Give each row a side so that no text, near duplicate or derived text is on two.

    The side follows from the seed and the texts alone, not from the order of the rows: the same text is on
    the same side whichever corpora are loaded, unless a derived text (`leader`) ties it to another.

    Parameters
    ----------
    frame : DataFrame, n rows
        `text`, or `near` and `leader` as `load_corpus` adds them.
    seed : int
    shares : mapping of str to float
        Sides and their shares of the groups; they add up to 1.

    Returns
    -------
    Series of str, n rows
        Names of sides, with the index of `frame`.

    Raises
    ------
    UsageError
        The shares do not add up to 1.
    """
    if abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) < 0:
        raise UsageError(f"the shares of a split must add up to 1, not {sum(shares.values()):g}")
    groups = _ties(frame)
    unique, which = np.unique(groups, return_inverse=True)
    key = str(seed).encode()
    draws = np.fromiter(
        (_draw(group, key) for group in unique.tolist()),
        np.uint64,
        len(unique),
    )
    limits = np.cumsum(list(shares.values()))
    sides = np.searchsorted(limits, draws / 2.0**64, side="right").clip(0, len(shares) - 1)
    names = np.array(list(shares), dtype=object)
    return pd.Series(names[sides[which]], index=frame.index, name="side", dtype=object)


def halves(frame: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two halves without near duplicates between them: to fit on one and measure on the other."""
    side = split_by_group(frame, seed, {"first": 0.5, "second": 0.5})
    return frame[side == "first"], frame[side == "second"]


def overlap(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Report texts that two frames share, by corpus.

    Parameters
    ----------
    a, b : DataFrame
        From `load_corpus` or `load_corpora`.

    Returns
    -------
    DataFrame
        One row per pair of corpora that share a text: `corpus_a`, `corpus_b`, `exact` (texts of a that are in
        b, normalised), `near` (groups of near duplicates in both), `share_a` (exact, as a share of the
        texts of a). Most shared first.
    """
    exact = _shared(a, b, "group")
    near = _shared(a, b, "near")
    table = pd.concat({"exact": exact, "near": near}, axis=1).fillna(0).astype(int).reset_index()
    texts = a.groupby("corpus")["group"].nunique()
    table["share_a"] = table["exact"] / table["corpus_a"].map(texts).astype("float64")
    return table.sort_values(["exact", "near", "corpus_a"], ascending=[False, False, True], ignore_index=True)


def _shared(a: pd.DataFrame, b: pd.DataFrame, column: str) -> pd.Series[int]:
    left = a[["corpus", column]].drop_duplicates()
    right = b[["corpus", column]].drop_duplicates()
    pairs = left.merge(right, on=column, suffixes=("_a", "_b"))
    return pairs.groupby(["corpus_a", "corpus_b"]).size()


def _ties(frame: pd.DataFrame) -> U64:
    """Return the smallest group that each row is tied to, directly or through others."""
    near = frame["near"].to_numpy() if "near" in frame else near_groups(frame["text"])
    leader = frame["leader"].to_numpy() if "leader" in frame else near
    if (near == leader).all():
        return near
    nodes, ends = np.unique(np.concatenate((near, leader)), return_inverse=True)
    start, end = ends[: len(near)], ends[len(near) :]
    graph = sp.coo_matrix((np.ones(len(near), np.int8), (start, end)), shape=(len(nodes), len(nodes)))
    _, part = connected_components(graph, directed=False)
    # Nodes are sorted, so the first node of a part is its smallest.
    _, first = np.unique(part, return_index=True)
    smallest: U64 = nodes[first][part[start]]
    return smallest


def _draw(group: int, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(group.to_bytes(8), digest_size=8, key=key).digest())


def _short(text: str) -> int:
    return int.from_bytes(_digest(text)[:8])


def _whole(text: str) -> int:
    return int.from_bytes(_digest(text))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
