"""Questions about what there is to do: pages of a queue, counts, the preview of a bulk decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from moderation.decisions.event import DECISIONS
from moderation.review.filters import LONGEST_NAME, Filter
from moderation.review.index import Index

SAMPLE: Final = 20
"""Comments that the preview of a bulk decision shows."""

KEY: Final = "digest || comment_id"
"""SQL of what is leased: the comment with its text, however often it is in the run."""

_TALLY: Final = """
WITH tally AS (
    SELECT row, count(*) FILTER (decision <> 'skip') AS opinions, bool_or(reviewer = ?) AS mine
    FROM held GROUP BY row
)
"""
# Undecided for a reviewer: not decided by them, and fewer opinions than the comment is to get.
_UNDECIDED: Final = """
row NOT IN (SELECT row FROM tally WHERE mine) AND
row NOT IN (SELECT t.row FROM tally t JOIN comments USING (row) WHERE t.opinions >= if(draw < ?, 2, 1))
"""
_FREE: Final = f"{KEY} NOT IN (SELECT unnest(?::VARCHAR[]))"


@dataclass(frozen=True, slots=True)
class Handed:
    """Comments of a queue.

    Parameters
    ----------
    rows : list of int
        In the order of the filter.
    keys : list of str
        What is leased of them.
    total : int
        How many fit the filter, with those that others have.
    taken : int
        How many of these others have at the moment.
    """

    rows: list[int]
    keys: list[str]
    total: int
    taken: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk decision would be about.

    Parameters
    ----------
    count : int
        Comments.
    taken : int
        Comments that fit, but are on someone else's screen: they stay undecided.
    authors, threads : int
    labels : list of (str, int)
        Flags, and how many of the comments have them.
    sample : list of int
        Rows: the first of the queue, then some drawn by lot.
    """

    count: int
    taken: int
    authors: int
    threads: int
    labels: list[tuple[str, int]]
    sample: list[int]


class Queues:
    """What there is to do for whom; changes nothing.

    Parameters
    ----------
    index : Index
        With the tables of `Opinions`.
    second_opinion : float
        Share of the comments that two people are to decide on, in [0, 1].
    new_only : bool
        Decided comments are in no queue.
    """

    def __init__(self, index: Index, second_opinion: float = 0.0, new_only: bool = False) -> None:
        self._index, self._second, self._new_only = index, second_opinion, new_only

    def page(self, wanted: Filter, reviewer: str, others: Sequence[str], count: int) -> Handed:
        """Return the next comments that nobody else has; `others`: what they have."""
        where, given = self._where(wanted, reviewer)
        (counts,) = self._ask(
            f"count(*) AS total, count(*) FILTER (NOT {_FREE}) AS taken",
            where,
            [list(others)],
            reviewer,
            given,
        )
        after, place = self._index.after(wanted)
        rows = self._ask(
            f"row, {KEY} AS key",
            f"{where} AND {_FREE} AND {after} ORDER BY {', '.join(wanted.ordering)} LIMIT ?",
            [],
            reviewer,
            [*given, list(others), *place, count],
        )
        return Handed(
            [record["row"] for record in rows],
            [record["key"] for record in rows],
            counts["total"],
            counts["taken"],
        )

    def preview(self, wanted: Filter, reviewer: str, others: Sequence[str]) -> Preview:
        """Return what a bulk decision on a queue would be about."""
        where, given = self._where(wanted, reviewer)
        (counts,) = self._ask(
            f"count(*) AS total, count(*) FILTER ({_FREE}) AS count", where, [list(others)], reviewer, given
        )
        free, values = f"{where} AND {_FREE}", [*given, list(others)]
        (spread,) = self._ask(
            "count(DISTINCT author) AS authors, count(DISTINCT thread_id) AS threads",
            free,
            [],
            reviewer,
            values,
        )
        flags = self._ask(
            "flag, count(*) AS count",
            f"{free} GROUP BY flag ORDER BY count DESC, flag",
            [],
            reviewer,
            values,
            source="(SELECT *, unnest(flags) AS flag FROM comments)",
        )
        sample = [
            record["row"]
            for order, most in ((", ".join(wanted.ordering), SAMPLE // 2), ("draw, row", SAMPLE))
            for record in self._ask("row", f"{free} ORDER BY {order} LIMIT ?", [], reviewer, [*values, most])
        ]
        return Preview(
            counts["count"],
            counts["total"] - counts["count"],
            spread["authors"],
            spread["threads"],
            [(record["flag"], record["count"]) for record in flags],
            list(dict.fromkeys(sample))[:SAMPLE],
        )

    def everything(self, wanted: Filter, reviewer: str, others: Sequence[str]) -> list[dict[str, Any]]:
        """Return comment_id, thread_id, digest, flags and rank of all that a bulk decision is about."""
        where, given = self._where(wanted, reviewer)
        return self._ask(
            "comment_id, thread_id, digest, flags, rank",
            f"{where} AND {_FREE} ORDER BY row",
            [],
            reviewer,
            [*given, list(others)],
        )

    def count(self, wanted: Filter, reviewer: str) -> int:
        """Return how many comments fit a filter."""
        where, given = self._where(wanted, reviewer)
        (found,) = self._ask("count(*) AS count", where, [], reviewer, given)
        return int(found["count"])

    def made(self, reviewer: str) -> dict[str, int]:
        """Return how many decisions of each kind a reviewer has in force."""
        found = self._index.query(
            "SELECT decision, count(*) AS count FROM held WHERE reviewer = ? GROUP BY decision", [reviewer]
        )
        return dict.fromkeys(DECISIONS, 0) | {record["decision"]: record["count"] for record in found}

    def by_label(self, reviewer: str) -> list[dict[str, Any]]:
        """Return label and `open` of the flagged comments that are undecided, most first."""
        return self._grouped(
            "label", "label, count(*) AS open", reviewer, "(SELECT *, unnest(flags) AS label FROM comments)"
        )

    def by_thread(self, reviewer: str, most: int) -> list[dict[str, Any]]:
        """Return thread_id, title and `open` of the threads with most undecided comments."""
        columns = "thread_id, max(thread_title) AS title, count(*) AS open"
        return self._grouped("thread_id", columns, reviewer, most=most)

    def by_author(self, reviewer: str, most: int) -> list[dict[str, Any]]:
        """Return author and `open` of the authors with most undecided comments."""
        return self._grouped("author", "author, count(*) AS open", reviewer, most=most)

    def flagged_opinions(self) -> list[dict[str, Any]]:
        """Return the decisions in force on flagged comments, with the flags: what precision is counted of."""
        return self._index.query(
            "SELECT h.row, h.labels, h.checked, c.flags FROM held h JOIN comments c USING (row) "
            "WHERE c.rank IS NOT NULL AND h.decision <> 'skip' ORDER BY h.row, h.made, h.number"
        )

    def _grouped(
        self, key: str, columns: str, reviewer: str, source: str = "comments", most: int = 100
    ) -> list[dict[str, Any]]:
        where, given = self._where(Filter(), reviewer)
        named = f"{where} AND trim(coalesce({key}, '')) <> '' AND length({key}) <= {LONGEST_NAME}"
        return self._ask(
            columns,
            f"{named} GROUP BY {key} ORDER BY open DESC, {key} LIMIT ?",
            [],
            reviewer,
            [*given, most],
            source,
        )

    def _ask(
        self,
        columns: str,
        where: str,
        first: Sequence[Any],
        reviewer: str,
        given: Sequence[Any],
        source: str = "comments",
    ) -> list[dict[str, Any]]:
        """Return what a question answers; `first` are the parameters of its columns."""
        sql = f"{_TALLY} SELECT {columns} FROM {source} WHERE {where}"
        return self._index.query(sql, [reviewer, *first, *given])

    def _where(self, wanted: Filter, reviewer: str) -> tuple[str, list[Any]]:
        sql, given = wanted.conditions()
        if wanted.decided == "no" or self._new_only:
            sql.append(_UNDECIDED)
            given.append(self._second)
        elif wanted.decided == "yes":
            sql.append("row IN (SELECT row FROM tally WHERE mine OR opinions > 0)")
        return " AND ".join(sql) or "true", given
