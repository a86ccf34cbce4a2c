"""The review desk: hands comments out, records decisions, takes them back; for several people at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from moderation.decisions.event import Decision
from moderation.decisions.store import DecisionStore
from moderation.errors import UsageError
from moderation.review.drawn import take_sample
from moderation.review.filters import Filter
from moderation.review.index import Index
from moderation.review.leases import Leases
from moderation.review.opinions import Opinions
from moderation.review.queues import Handed, Preview, Queues
from moderation.review.ruling import Ruling

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.report.sample import Sample

PAGE: Final = 10
"""Comments handed out at once: some minutes of work, so that few are kept from others."""


class Taken(UsageError):
    """Someone else has the comment on their screen."""


class Changed(UsageError):
    """A bulk decision would not be about what its preview showed."""


@dataclass(frozen=True, slots=True)
class Scored:
    """By what the comments of a run were flagged.

    Parameters
    ----------
    model : str
        `<name>@<digest>`.
    policy : ResolvedPolicy
    policy_digest : str
        16 hex digits.
    """

    model: str
    policy: ResolvedPolicy
    policy_digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """What reviewers are to do.

    Parameters
    ----------
    second_opinion : float
        Share of the comments that two people are to decide on, in [0, 1].
    new_only : bool
        Decided comments are in no queue.
    sample : Sample or None
        Comments that were drawn from the run to be judged: a queue of their own.
    blind : bool
        Nobody sees scores, and there is only the queue of the sample.

    Raises
    ------
    UsageError
        The share is none.
    """

    second_opinion: float = 0.0
    new_only: bool = False
    sample: Sample | None = None
    blind: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.second_opinion <= 1:
            raise UsageError(f"--second-opinion {self.second_opinion:g}: write a share from 0 to 1")


class Desk:
    """One desk for all reviewers of a run.

    Parameters
    ----------
    index : Index
    store : DecisionStore
    scored : Scored
    task : Task, optional
    leases : Leases, optional

    Raises
    ------
    UsageError
        The sample was drawn from another run.
    """

    def __init__(
        self,
        index: Index,
        store: DecisionStore,
        scored: Scored,
        task: Task | None = None,
        leases: Leases | None = None,
    ) -> None:
        self.index, self.store, self.scored = index, store, scored
        self.leases = leases or Leases()
        self.opinions = Opinions(index, store)
        task = task or Task()
        self.new_only, self.blind = task.new_only, task.blind
        self.drawn = take_sample(index, task.sample)
        self.queues = Queues(index, task.second_opinion, task.new_only)
        self._handing = threading.RLock()
        # Between looking who has a comment and handing it out nobody else may look.

    @property
    def start(self) -> Filter:
        """The queue to begin with: the sample, where there is one."""
        return Filter(among="sample", order="drawn", view="one") if self.drawn else Filter()

    def hand_out(self, wanted: Filter, reviewer: str, page: str = "", count: int = PAGE) -> Handed:
        """Hand the next comments of a queue to a reviewer, for a page of that name."""
        with self._handing:
            self.opinions.follow()
            others = sorted(self.leases.of_others(reviewer))
            handed = self.queues.page(wanted, reviewer, others, count)
            self.leases.take(reviewer, handed.keys, page)
        return handed

    def decide(self, row: int, ruling: Ruling, reviewer: str, page: str = "") -> None:
        """Record a decision; it is on disk when this returns.

        Raises
        ------
        UsageError
            There is no such comment, or a span is none of its text.
        Taken
            Someone else has it.
        """
        found = self.index.comments([row])
        if not found:
            raise UsageError(f"there is no comment {row} in this run")
        if any(span.end > len(found[0]["text"]) for span in ruling.spans):
            raise UsageError(f"comment {row} is shorter than a span that was judged")
        key = lease_key(found[0])
        if not self.leases.take(reviewer, [key], page):
            raise Taken("someone else is deciding on this comment")
        self.store.append([self._decision(found[0], ruling, reviewer, "review", drawn=row in self.drawn)])
        self.opinions.follow()

    def undo(self, reviewer: str) -> tuple[list[int], int]:
        """Take back the reviewer's last act; return some of its rows, and how many comments it was about."""
        step = self.store.last_step(reviewer)
        undone = self.store.undo(step, reviewer) if step else []
        self.opinions.follow()
        rows = self.index.query(
            "SELECT DISTINCT row FROM opinions WHERE step = ? ORDER BY row LIMIT ?", [step or "", PAGE]
        )
        return [record["row"] for record in rows], len(undone)

    def preview(self, wanted: Filter, reviewer: str) -> Preview:
        """Return what a bulk decision on a queue would be about."""
        self.opinions.follow()
        return self.queues.preview(wanted, reviewer, sorted(self.leases.of_others(reviewer)))

    def decide_all(self, wanted: Filter, ruling: Ruling, reviewer: str, expected: int) -> int:
        """Decide on all comments of a queue at once; one undo takes it back.

        Parameters
        ----------
        expected : int
            How many the preview said they are.

        Returns
        -------
        int
            Number of comments decided on.

        Raises
        ------
        Changed
            They are not as many any more: nothing is decided.
        UsageError
            They are of a sample.
        """
        check_bulk(wanted)
        with self._handing:
            self.opinions.follow()
            found = self.queues.everything(wanted, reviewer, sorted(self.leases.of_others(reviewer)))
            if len(found) != expected:
                raise Changed(f"{len(found):,} comments fit now, not {expected:,}: look at them again")
            now = datetime.now(UTC)
            made = (self._decision(record, ruling, reviewer, "bulk", now) for record in found)
            count = self.store.append(made, uuid4().hex)
            self.opinions.follow()
        return count

    def carry(self, decisions: Iterable[Decision]) -> int:
        """Take over decisions of another run on comments of this one; return how many are new here."""
        given = list(decisions)
        found = self.index.query(
            "SELECT comment_id, digest FROM comments WHERE id_key IN (SELECT hash(unnest(?::VARCHAR[])))",
            [[made.comment_id for made in given]],
        )
        here = {(record["comment_id"], record["digest"]) for record in found}
        count = self.store.add_new(made for made in given if (made.comment_id, made.text_digest) in here)
        self.opinions.follow()
        return count

    def _decision(
        self,
        record: Mapping[str, Any],
        ruling: Ruling,
        reviewer: str,
        origin: str,
        now: datetime | None = None,
        *,
        drawn: bool = False,
    ) -> Decision:
        # Who does not see the flags does not agree with them either.
        flags = () if self.blind else record["flags"]
        labels, checked = ruling.labels(flags, self.index.labels, all_judged=drawn)
        return Decision(
            comment_id=record["comment_id"],
            text_digest=record["digest"],
            decision=ruling.decision,
            labels=labels,
            checked=checked,
            note=ruling.note,
            reviewer=reviewer,
            created_at=now or datetime.now(UTC),
            model=self.scored.model,
            # Empty says that no policy flagged it: somebody found it.
            policy=self.scored.policy_digest if record["rank"] is not None else "",
            thread_id=record["thread_id"],
            origin=origin,
            spans=ruling.spans,
        )


def check_bulk(wanted: Filter) -> None:
    """Refuse to decide on many comments of a sample at once.

    Raises
    ------
    UsageError
        The filter is about a sample.
    """
    if wanted.among == "sample":
        raise UsageError("a sample is judged comment by comment, since it stands for all others")


def lease_key(record: Mapping[str, Any]) -> str:
    """Return what is leased: the comment with its text, however often it is in the run."""
    return f"{record['digest']}{record['comment_id']}"
