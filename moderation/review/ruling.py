"""What a reviewer says about a comment, and what follows from it for its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moderation.decisions.event import DECISIONS
from moderation.decisions.spans import JudgedSpan
from moderation.errors import UsageError


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a reviewer says about a comment.

    Parameters
    ----------
    decision : {"approve", "remove", "escalate", "skip"}
    judged : dict of str to bool
        Labels that the reviewer confirmed or rejected.
    note : str
    spans : tuple of JudgedSpan
        Highlights that the reviewer confirmed or rejected.
    """

    decision: str
    judged: Mapping[str, bool] = field(default_factory=dict)
    note: str = ""
    spans: tuple[JudgedSpan, ...] = ()

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise UsageError(f"no decision {self.decision[:40]!r}; choose from {', '.join(DECISIONS)}")

    def labels(
        self, flags: Sequence[str], known: Sequence[str], *, all_judged: bool = False
    ) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """Return the labels that apply, and those that were judged (None: all).

        What the reviewer did not say follows from the decision: a removed or escalated comment has the
        labels that it is flagged with, an approved one has none, a skipped one is not judged. With
        `all_judged` no label is left open by any other decision than a skip.

        Examples
        --------
        >>> Ruling("remove", {"threat": True}).labels(["insult"], ["insult", "threat", "severe"])
        (('insult', 'threat'), ('insult', 'threat'))
        >>> Ruling("remove", {"threat": True}).labels([], ["insult", "threat", "severe"], all_judged=True)
        (('threat',), None)
        >>> Ruling("approve").labels(["insult"], ["insult", "threat", "severe"])
        ((), None)
        """
        agreed = self.decision in ("remove", "escalate")
        applies = {label: agreed and label in flags for label in known} | dict(self.judged)
        labels = tuple(label for label in known if applies[label])
        if self.decision == "approve" or (all_judged and self.decision != "skip"):
            return labels, None
        stated = set(self.judged) | (set(flags) if agreed else set())
        return labels, tuple(label for label in known if label in stated)
