"""Which labels apply to a comment by the judgement of reviewers."""

from __future__ import annotations

from collections.abc import Iterable

from moderation.decisions.judged import Judged


def opinions(comment: Judged, labels: Iterable[str]) -> dict[str, bool]:
    """Return whether each label applies, for those that someone judged.

    Parameters
    ----------
    comment : Judged
        Where several people judged a label, the latest opinion counts.
    labels : iterable of str
        Labels of interest.
    """
    found = {}
    for label in labels:
        said = [
            label in made.labels
            for made in comment.decisions
            if made.checked is None or label in made.checked or label in made.labels
        ]
        if said:
            found[label] = said[-1]
    return found
