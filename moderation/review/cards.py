"""A comment as the review page shows it: text with highlights, scores, parent, decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from moderation.decisions.words import plain_word
from moderation.report.explained import LONGEST, Mark, marks
from moderation.report.html import VEILED
from moderation.report.safe import one_line
from moderation.report.shown import PARENT_SHOWN, TEXT_SHOWN
from moderation.review.desk import Desk, lease_key
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation

WHOLE: Final = 100_000
"""Characters that the page of a single comment shows."""

NEARBY: Final = 6
"""Siblings, and other comments of the author, beside a comment."""

_WORD_SHOWN: Final = 40

_EXPLAINED: Final = 512
# Explanations kept: those of some two dozen pages.


@dataclass(frozen=True, slots=True)
class Score:
    """A label's score of a comment.

    Parameters
    ----------
    label : str
    number : int
        Its key, from 1; beyond 9 there is none.
    probability : float or None
    threshold, expected : float or None
        Of the policy, and of 100 comments flagged with it the share that people would flag too.
    flagged : bool
    judged : str
        "yes", "no" or "": what the reviewer said of it.
    """

    label: str
    number: int
    probability: float | None
    threshold: float | None
    expected: float | None
    flagged: bool
    judged: str


@dataclass(frozen=True, slots=True)
class Highlight:
    """A highlighted word of a comment, to confirm or reject.

    Parameters
    ----------
    place : str
        Names it in its comment, such as `4-9`.
    word : str
        What it says.
    label : str
        For which it is highlighted.
    judged : str
        "yes", "no" or "": what the reviewer said of it.
    """

    place: str
    word: str
    label: str
    judged: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A comment shown beside another: its parent, a sibling, another one of the author.

    Parameters
    ----------
    row : int
    author : str or None
    created_at : datetime or None
    text : str
        Its first 400 characters.
    cut : int
        Characters beyond those.
    status : str
    flags : tuple of str
    title : str or None
        Of its thread.
    """

    row: int
    author: str | None
    created_at: datetime | None
    text: str
    cut: int
    status: str
    flags: tuple[str, ...]
    title: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A comment to decide on.

    Parameters
    ----------
    row : int
    record : dict
        Its columns.
    text : str
    cut : int
        Characters beyond `text`.
    marks : tuple of Mark
    words : list of Highlight
        The same, one by one.
    scores : list of Score
        The flagged ones first.
    rules : tuple of str
        House rules that flagged it.
    parent : Beside or None
    veiled : bool
        The text is blurred until somebody wants to see it.
    mine : dict or None
        The reviewer's decision.
    others : list of dict
        Decisions of others; empty until the reviewer has decided, so that a second opinion is one.
    taken_by : str or None
        Who else has it on the screen.
    """

    row: int
    record: Mapping[str, Any]
    text: str
    cut: int
    marks: tuple[Mark, ...]
    words: list[Highlight]
    scores: list[Score]
    rules: tuple[str, ...]
    parent: Beside | None
    veiled: bool
    mine: Mapping[str, Any] | None
    others: list[dict[str, Any]]
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a comment.

    Parameters
    ----------
    siblings, by_author : list of Beside
    author_comments, author_flagged : int
        Other comments of the author in the run, and how many of them are flagged.
    """

    siblings: list[Beside]
    by_author: list[Beside]
    author_comments: int
    author_flagged: int


class Cards:
    """Makes cards of rows.

    Parameters
    ----------
    desk : Desk
    explain : callable or None
        Text to explanation, for highlights.
    """

    def __init__(self, desk: Desk, explain: Callable[[str], Explanation] | None) -> None:
        self._desk = desk
        self._explain = lru_cache(_EXPLAINED)(explain) if explain else None

    def of(self, rows: Sequence[int], reviewer: str, most: int = TEXT_SHOWN) -> list[Card]:
        """Return the cards of some rows, in their order.

        Parameters
        ----------
        most : int
            Longest text; the rest is cut.
        """
        records = self._desk.index.comments(rows)
        parents = self._desk.index.parents(records)
        records = list(map(self._seen, records))
        opinions = self._desk.opinions.on(rows)
        taken = self._desk.leases.of_others(reviewer)
        return [
            self._card(
                record,
                parents.get(record["row"]),
                opinions.get(record["row"], []),
                taken.get(lease_key(record)),
                reviewer,
                most,
            )
            for record in records
        ]

    def context(self, row: int) -> Context | None:
        """Return what stands around a comment; None where there is no such row."""
        found = self._desk.index.comments([row])
        if not found:
            return None
        siblings = self._desk.index.siblings(found[0], NEARBY)
        others, count, flagged = self._desk.index.by_author(found[0], NEARBY, strongest=not self._desk.blind)
        return Context(list(map(self._beside, siblings)), list(map(self._beside, others)), count, flagged)

    def beside(self, rows: Sequence[int]) -> list[Beside]:
        """Return comments as they stand beside others, by row, in the order asked for."""
        return list(map(self._beside, self._desk.index.comments(rows)))

    def _beside(self, record: dict[str, Any]) -> Beside:
        return _beside(self._seen(record))

    def _seen(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a comment as reviewers may see it: where they are blind, without what the model says."""
        if not self._desk.blind:
            return record
        return record | {"flags": []} | {probability_column(label): None for label in self._desk.index.labels}

    def _card(
        self,
        record: dict[str, Any],
        parent: dict[str, Any] | None,
        opinions: list[dict[str, Any]],
        taken_by: str | None,
        reviewer: str,
        most: int,
    ) -> Card:
        mine = next((opinion for opinion in opinions if opinion["reviewer"] == reviewer), None)
        labels = self._desk.index.labels
        flags = tuple(flag for flag in record["flags"] if flag in labels)
        shown = tuple(mark for mark in self._marks(record, flags) if mark.end <= most)
        scores = [self._score(number, label, record, mine) for number, label in enumerate(labels, 1)]
        return Card(
            row=record["row"],
            record=record,
            text=record["text"][:most],
            cut=max(0, len(record["text"]) - most),
            marks=shown,
            words=[_highlight(mark, record["text"], mine) for mark in shown],
            scores=sorted(scores, key=lambda score: not score.flagged),
            rules=tuple(flag for flag in record["flags"] if flag not in labels),
            parent=self._beside(parent) if parent else None,
            veiled=not VEILED.isdisjoint(flags),
            mine=mine,
            others=[opinion for opinion in opinions if opinion is not mine] if mine else [],
            taken_by=taken_by,
        )

    def _score(
        self, number: int, label: str, record: Mapping[str, Any], mine: Mapping[str, Any] | None
    ) -> Score:
        policy = self._desk.scored.policy
        return Score(
            label,
            number,
            record[probability_column(label)],
            policy.thresholds.get(label),
            policy.expected_precision.get(label),
            label in record["flags"],
            _judged(label, mine),
        )

    def _marks(self, record: Mapping[str, Any], flags: Sequence[str]) -> tuple[Mark, ...]:
        """Return the highlights behind the flags, or else behind the highest score."""
        if (
            self._explain is None
            or self._desk.blind
            or record["not_scored"] is not None
            or len(record["text"]) > LONGEST
        ):
            return ()
        labels = self._desk.index.labels
        behind = flags or sorted(labels, key=lambda name: -(record[probability_column(name)] or 0))[:1]
        return marks(self._explain(record["text"]), behind)


def _judged(label: str, mine: Mapping[str, Any] | None) -> str:
    if mine is None:
        return ""
    if label in mine["labels"]:
        return "yes"
    return "no" if mine["checked"] is not None and label in mine["checked"] else ""


def _highlight(mark: Mark, text: str, mine: Mapping[str, Any] | None) -> Highlight:
    judged = {(s["begin"], s["end"], s["label"]): s["confirmed"] for s in mine["spans"] or ()} if mine else {}
    said = {None: "", True: "yes", False: "no"}[judged.get((mark.begin, mark.end, mark.label))]
    word = one_line(plain_word(text[mark.begin : mark.end]), _WORD_SHOWN)
    return Highlight(f"{mark.begin}-{mark.end}", word, mark.label, said)


def _beside(record: Mapping[str, Any]) -> Beside:
    text = record["text"]
    return Beside(
        row=record["row"],
        author=record["author"],
        created_at=record["posted"],
        text=text[:PARENT_SHOWN],
        cut=max(0, len(text) - PARENT_SHOWN),
        status=record["status"],
        flags=tuple(record["flags"]),
        title=record["thread_title"] or record["thread_id"],
    )
