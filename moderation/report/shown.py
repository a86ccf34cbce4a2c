"""The flagged comments that a page shows: which, in what order, with parent, path and highlights."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from moderation.decisions.event import text_digest
from moderation.report.explained import LONGEST, Mark, marks
from moderation.report.facts import Facts
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation

TEXT_SHOWN: Final = 3_000
"""Characters of a comment on the page; the tables hold it whole."""

PARENT_SHOWN: Final = 400
NAME_SHOWN: Final = 120

_PATH: Final = 8
# Ancestors that a path names: the nearest ones, which are what a comment answers.
_PER_LABEL: Final = 0.1
# Of the places on the page, for the strongest of each label, so that a rare label is not crowded out.
_CHOSEN: Final = """
WITH one AS (SELECT flagged_row, row, rank, unnest(flags) AS label FROM facts WHERE flagged_row IS NOT NULL),
placed AS (
    SELECT flagged_row, row_number() OVER (PARTITION BY label ORDER BY rank DESC, row) place FROM one
),
reserved AS (SELECT DISTINCT flagged_row FROM placed WHERE place <= ?)
SELECT row, f.flagged_row, comment_id, thread_id, parent_id, parent_state, rank,
    r.flagged_row IS NOT NULL AS kept
FROM facts f LEFT JOIN reserved r USING (flagged_row)
WHERE f.flagged_row IS NOT NULL ORDER BY kept DESC, rank DESC, row LIMIT ?
"""
_ABOVE: Final = """
SELECT k.start, f.row, f.thread_id, f.parent_id, f.parent_state, f.author
FROM keys k JOIN facts f ON f.comment_id = k.parent_id
QUALIFY row_number() OVER (PARTITION BY k.start ORDER BY f.thread_id = k.thread_id DESC, f.row) = 1
"""
# The same id may stand in two threads: the one in the comment's own thread is meant.
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Parent:
    """The comment that another one answers.

    Parameters
    ----------
    author : str or None
    text : str
        Its first 400 characters.
    cut : int
        Characters beyond those.
    status : str
        visible, deleted, removed, pending or spam.
    anchor : str or None
        Its place in the page, where it is itself shown.
    """

    author: str | None
    text: str
    cut: int
    status: str
    anchor: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A flagged comment with what one needs to judge it.

    Parameters
    ----------
    comment_id, thread_id : str
    anchor : str
        Its place in the page: `c-<comment_id>`, or a digest where the id is no plain word.
    thread_title, author, url, language : str or None
    created_at : datetime or None
        UTC.
    text : str
        Its first 3,000 characters.
    cut : int
        Characters beyond those.
    text_digest : str
        SHA-256 of the whole text in UTF-8, hex.
    flags : tuple of str
    probabilities : dict of str to float
        Per label of the model; empty where it was not scored.
    rank : float
        The highest probability among its flags; comments are ordered by it.
    likes, depth : int or None
    path : tuple of (str or None)
        Authors of its ancestors, topmost first, at most 8; None = unknown author.
    path_cut : bool
        True where the path goes on further up.
    parent_state : str
        root, ok, missing, other_thread, cut or inferred.
    parent : Parent or None
    marks : tuple of Mark
        Spans of `text` that stand behind the flags.
    """

    comment_id: str
    thread_id: str
    anchor: str
    thread_title: str | None
    author: str | None
    url: str | None
    language: str | None
    created_at: datetime | None
    text: str
    cut: int
    text_digest: str
    flags: tuple[str, ...]
    probabilities: dict[str, float]
    rank: float
    likes: int | None
    depth: int | None
    path: tuple[str | None, ...]
    path_cut: bool
    parent_state: str
    parent: Parent | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A comment without any flag that has one of the highest scores for a label.

    Parameters
    ----------
    label : str
    probability : float
    comment_id, thread_id : str
    thread_title, author : str or None
    text : str
        Its first 400 characters.
    cut : int
        Characters beyond those.
    """

    label: str
    probability: float
    comment_id: str
    thread_id: str
    thread_title: str | None
    author: str | None
    text: str
    cut: int


def nearest(facts: Facts) -> list[Near]:
    """Return the highest scores without a flag, label by label: what a lower threshold would flag next."""
    return [
        Near(
            label=label,
            probability=probability,
            comment_id=record["comment_id"],
            thread_id=record["thread_id"],
            thread_title=record["thread_title"],
            author=record["author"],
            text=record["text"][:PARENT_SHOWN],
            cut=max(0, len(record["text"]) - PARENT_SHOWN),
        )
        for label, kept in facts.nearest.items()
        for probability, record in kept
    ]


def choose(facts: Facts, count: int, explain: Callable[[str], Explanation] | None) -> list[Shown]:
    """Return the flagged comments to show, strongest first.

    Parameters
    ----------
    facts : Facts
        Of the run.
    count : int
        Most comments to return. A tenth of the places goes to the strongest of each label; the rest to
        the strongest of all.
    explain : callable or None
        Text to explanation, for highlights.
    """
    chosen = facts.query(
        _CHOSEN,
        [max(1, int(count * _PER_LABEL)), count],
    )
    chosen = chosen.sort_values(["rank", "row"], ascending=[False, True], ignore_index=True)
    chosen["anchor"] = _anchors(chosen["comment_id"])
    paths = _ancestors(facts, chosen)
    parents = facts.texts(
        np.array([path[0].row for path in paths.values() if path], np.int64), ("author", "text", "status")
    )
    anchors = dict(zip(chosen["row"], chosen["anchor"], strict=True))
    shown: list[Shown] = []
    order = chosen["flagged_row"].to_numpy(np.int64)
    for table in facts.ranked(order, 64):
        for record in table.to_pylist():
            place = chosen.iloc[len(shown)]
            path = paths[int(place["row"])]
            parent = _parent(parents.get(path[0].row), anchors.get(path[0].row)) if path else None
            shown.append(_shown(record, place, path, parent, facts.labels, explain))
    return shown


@dataclass(frozen=True, slots=True)
class _Ancestor:
    row: int
    author: str | None
    goes_on: bool


def _shown(
    record: Mapping[str, Any],
    place: pd.Series[Any],
    path: list[_Ancestor],
    parent: Parent | None,
    labels: tuple[str, ...],
    explain: Callable[[str], Explanation] | None,
) -> Shown:
    text: str = record["text"]
    flags = tuple(record["flags"])
    probabilities = {label: record[probability_column(label)] for label in labels}
    found: tuple[Mark, ...] = ()
    if explain is not None and len(text) <= LONGEST and any(flag in probabilities for flag in flags):
        found = tuple(mark for mark in marks(explain(text), flags) if mark.end <= TEXT_SHOWN)
    return Shown(
        comment_id=record["comment_id"],
        thread_id=record["thread_id"],
        anchor=str(place["anchor"]),
        thread_title=record["thread_title"],
        author=record["author"],
        url=record["url"],
        language=record["language"],
        created_at=record["created_at"],
        text=text[:TEXT_SHOWN],
        cut=max(0, len(text) - TEXT_SHOWN),
        text_digest=text_digest(text),
        flags=flags,
        probabilities={name: value for name, value in probabilities.items() if value is not None},
        rank=float(place["rank"]),
        likes=record["likes"],
        depth=record["depth"],
        path=tuple(ancestor.author for ancestor in reversed(path)),
        path_cut=bool(path) and path[-1].goes_on,
        parent_state=record["parent_state"],
        parent=parent,
        marks=found,
    )


def _parent(record: Mapping[str, Any] | None, anchor: str | None) -> Parent | None:
    if record is None:
        return None
    text = record["text"]
    return Parent(
        record["author"], text[:PARENT_SHOWN], max(0, len(text) - PARENT_SHOWN), record["status"], anchor
    )


def _anchors(ids: pd.Series[str]) -> list[str]:
    seen: Counter[str] = Counter()
    anchors = []
    for comment_id in ids:
        plain = comment_id if _PLAIN_ID.match(comment_id) else text_digest(comment_id)[:16]
        seen[plain] += 1
        anchors.append(f"c-{plain}" if seen[plain] == 1 else f"c-{plain}.{seen[plain]}")
    return anchors


def _ancestors(facts: Facts, chosen: pd.DataFrame) -> dict[int, list[_Ancestor]]:
    """Return each row's ancestors, nearest first: one join over the facts per level."""
    paths: dict[int, list[_Ancestor]] = {int(row): [] for row in chosen["row"]}
    level = chosen[["row", "thread_id", "parent_id", "parent_state"]].rename(columns={"row": "start"})
    for _ in range(_PATH):
        level = level[
            level["parent_id"].notna() & level["parent_state"].isin(("ok", "inferred", "other_thread"))
        ]
        if level.empty:
            break
        keys = pa.table(
            {
                "start": pa.array(level["start"].to_numpy(np.int64)),
                "thread_id": pa.array(level["thread_id"].tolist(), pa.string()),
                "parent_id": pa.array(level["parent_id"].tolist(), pa.string()),
            }
        )
        level = facts.lookup(
            keys,
            _ABOVE,
        )
        _extend(paths, level)
    return paths


def _extend(paths: dict[int, list[_Ancestor]], level: pd.DataFrame) -> None:
    rows: npt.NDArray[np.int64] = level["row"].to_numpy(np.int64)
    for start, row, author, above in zip(
        level["start"], rows, level["author"], level["parent_id"], strict=True
    ):
        known = None if pd.isna(author) else str(author)
        paths[int(start)].append(_Ancestor(int(row), known, not pd.isna(above)))
