"""What follows from the decisions of several reviewers on the same comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from moderation.decisions.event import Decision


@dataclass(frozen=True, slots=True)
class Judged:
    """A comment and the decisions in force on it.

    Parameters
    ----------
    comment_id, text_digest : str
    thread_id : str
        Empty where no decision names it.
    decisions : tuple of Decision
        The latest of each reviewer, oldest first; a skip is none.
    """

    comment_id: str
    text_digest: str
    thread_id: str
    decisions: tuple[Decision, ...]

    @property
    def latest(self) -> Decision:
        """The decision that was made last."""
        return self.decisions[-1]

    @property
    def agreed(self) -> bool:
        """True where all reviewers decided the same."""
        return len({decision.decision for decision in self.decisions}) == 1


def judged(decisions: Iterable[Decision]) -> list[Judged]:
    """Return the comments that were decided on, each with the decisions in force.

    A decision that names no thread (those of a report's page) is about the comment with its id and text in
    whatever thread the others name, unless they name several.
    """
    texts: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.decision != "skip":
            texts[decision.comment_id, decision.text_digest].append(decision)
    found = []
    for (comment_id, digest), made in texts.items():
        threads = {decision.thread_id for decision in made if decision.thread_id}
        by_thread: dict[str, list[Decision]] = defaultdict(list)
        for decision in made:
            only = next(iter(threads)) if len(threads) == 1 else ""
            by_thread[decision.thread_id or only].append(decision)
        for thread, group in by_thread.items():
            found.append(Judged(comment_id, digest, thread, _latest(group)))
    return found


def _latest(decisions: list[Decision]) -> tuple[Decision, ...]:
    """Return the latest decision of each reviewer, oldest first."""
    latest: dict[str, Decision] = {}
    for decision in sorted(decisions, key=lambda made: made.created_at):
        latest.pop(decision.reviewer, None)
        latest[decision.reviewer] = decision
    return tuple(latest.values())
