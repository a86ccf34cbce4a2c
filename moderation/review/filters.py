"""What a queue holds and in what order: from the address of a page to SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from moderation.report.safe import one_line
from moderation.schema import probability_column

ORDERS: Final = ("strong", "uncertain", "new", "old", "thread", "drawn")
DECIDED: Final = ("no", "yes", "all")
AMONG: Final = ("flagged", "all", "sample")
VIEWS: Final = ("list", "one")

BANDS: Final = ((0.9, 1.0), (0.7, 0.9), (0.5, 0.7), (0.3, 0.5))
"""Score bands that are offered as queues."""

LONGEST_SEARCH: Final = 200
LONGEST_NAME: Final = 1_000
"""Of a thread or author to filter by; a longer one is an attack on the size of a page."""

MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Filter:
    """Which comments, in what order, how they are shown.

    Parameters
    ----------
    label : str
        Only comments flagged with it (among all: ordered by it); empty: any.
    low, high : float or None
        Band of the score: of `label`, or else of the highest.
    thread, author : str
        Only this thread or author, by exact id or name; empty: any.
    search : str
        Words that text or author must hold, in any case.
    decided : {"no", "yes", "all"}
        Undecided for this reviewer, decided by anyone, or both.
    among : {"flagged", "all", "sample"}
        Flagged comments only, all, or those of the sample that is to be judged.
    order : {"strong", "uncertain", "new", "old", "thread", "drawn"}
        The last one is by lot, the same at every look.
    view : {"list", "one"}
    after : int or None
        Go on after this row.
    """

    label: str = ""
    low: float | None = None
    high: float | None = None
    thread: str = ""
    author: str = ""
    search: str = ""
    decided: str = "no"
    among: str = "flagged"
    order: str = "strong"
    view: str = "list"
    after: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str], labels: Sequence[str]) -> Filter:
        """Return the filter of an address; what makes no sense in it is as if it were not there."""
        return cls(
            label=query.get("label", "") if query.get("label") in labels else "",
            low=_share(query.get("low")),
            high=_share(query.get("high")),
            thread=_named(query.get("thread", "")),
            author=_named(query.get("author", "")),
            search=query.get("search", "").strip()[:LONGEST_SEARCH],
            decided=_one_of(DECIDED, query.get("decided")),
            among=_one_of(AMONG, query.get("among")),
            order=_one_of(ORDERS, query.get("order")),
            view=_one_of(VIEWS, query.get("view")),
            after=_row(query.get("after")),
        )

    def query(self, **changes: Any) -> str:
        """Return the filter as the query of an address, with some fields changed."""
        changed = replace(self, **changes)
        changed = replace(changed, thread=_named(changed.thread), author=_named(changed.author))
        given = {}
        for field in fields(changed):
            value = getattr(changed, field.name)
            if value != field.default:
                given[field.name] = f"{value:g}" if isinstance(value, float) else value
        return urlencode(given)

    def only_of_sample(self) -> Filter:
        """Return the filter without anything that scores have a say in."""
        return Filter(among="sample", order="drawn", decided=self.decided, view=self.view, after=self.after)

    def words(self) -> str:
        """Return in words which comments fit, for people who are about to decide on all of them."""
        parts = [
            {"all": "All comments", "sample": "Comments of the sample"}.get(self.among, "Flagged comments")
        ]
        parts[0] += {"no": " that are undecided", "yes": " that are decided on", "all": ""}[self.decided]
        if self.label:
            parts.append(f"label {self.label}")
        if self.low is not None or self.high is not None:
            score = f"score of {self.label}" if self.label else "highest score"
            parts.append(f"{score} from {self.low or 0:g} to {1 if self.high is None else self.high:g}")
        for word, value in (("thread", self.thread), ("author", self.author)):
            if value:
                parts.append(f"{word} {one_line(value, 80)}")
        if self.search:
            parts.append(f"with the words {one_line(self.search, 80)}")
        return ", ".join(parts)

    @property
    def strength(self) -> str:
        """SQL of the score that the filter looks at."""
        if self.label:
            return column(self.label)
        return "rank" if self.among == "flagged" else "top"

    @property
    def ordering(self) -> tuple[str, ...]:
        """SQL of what rows are ordered by, rising; the last one is different for every row."""
        match self.order:
            case "strong":
                first: tuple[str, ...] = (f"-coalesce({self.strength}, 0)",)
            case "uncertain":
                first = (f"coalesce(abs({column(self.label)} - 0.5), 1)" if self.label else "doubt",)
            case "new":
                first = ("coalesce(-epoch_us(posted), 9e18)",)
            case "old":
                first = ("coalesce(epoch_us(posted), 9e18)",)
            case "drawn":
                first = ("draw",)
            case _:
                first = ("thread_id", "coalesce(position, 0)")
        return (*first, "row")

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Return SQL conditions on the table `comments`, and their parameters."""
        sql: list[str] = []
        values: list[Any] = []
        if self.among == "flagged":
            sql.append("rank IS NOT NULL")
            if self.label:
                sql.append("list_contains(flags, ?)")
                values.append(self.label)
        elif self.among == "sample":
            sql.append("row IN (SELECT row FROM drawn)")
        if self.low is not None:
            sql.append(f"{self.strength} >= ?")
            values.append(self.low)
        if self.high is not None:
            # A band ends before the next one begins, the last one with certainty itself.
            sql.append(f"{self.strength} {'<=' if self.high >= 1 else '<'} ?")
            values.append(self.high)
        if self.thread:
            sql.append("thread_key = hash(?) AND thread_id = ?")
            values += [self.thread, self.thread]
        if self.author:
            sql.append("author_key = hash(?) AND author = ?")
            values += [self.author, self.author]
        for word in self.search.lower().split()[:MOST_WORDS]:
            sql.append("(contains(lower(text), ?) OR contains(lower(coalesce(author, '')), ?))")
            values += [word, word]
        return sql, values


def column(label: str) -> str:
    """Return the quoted column of a label's probability."""
    return '"' + probability_column(label).replace('"', '""') + '"'


def _share(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _named(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else ""


def _row(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _one_of(known: Sequence[str], word: str | None) -> str:
    return word if word is not None and word in known else known[0]
