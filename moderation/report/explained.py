"""The words behind flags: which spans to highlight in a comment, and which come up most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from moderation.decisions.words import plain_word
from moderation.errors import ModerationError
from moderation.report.safe import one_line

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation
    from moderation.report.shown import Shown
    from moderation.score.run import Run

MOST_MARKS: Final = 12
"""Highlights per comment: beyond a dozen nothing stands out any more."""

LONGEST: Final = 20_000
"""Characters of a comment that is explained; a longer one is no comment and would take long."""

MOST_WORDS: Final = 40

_WEAKEST: Final = 0.25
# Of a log-odd, and as a share of the strongest span: what adds less is no reason for a flag.
_AROUND: Final = 48


@dataclass(frozen=True, slots=True)
class Mark:
    """A highlighted span of a comment.

    Parameters
    ----------
    begin, end : int
        Characters `text[begin:end]`.
    label : str
        The flag that it adds most to.
    share : float
        What it adds to that label's log-odds, above 0.
    level : {1, 2, 3}
        How much of the comment's strongest span it is: up to a third, two thirds, all.
    """

    begin: int
    end: int
    label: str
    share: float
    level: int


@dataclass(slots=True)
class Word:
    """A word behind flags.

    Parameters
    ----------
    word : str
        In lower case, without punctuation around it.
    comments : int
        Comments shown in which it is highlighted.
    labels : dict of str to int
        How often it added most to a label.
    share : float
        Mean of what it adds to the log-odds.
    before, inside, after : str
        The word in one of its comments, on one line.
    anchor : str
        Place of that comment in the page.
    """

    word: str
    comments: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    share: float = 0.0
    before: str = ""
    inside: str = ""
    after: str = ""
    anchor: str = ""


def explainer(run: Run) -> tuple[Callable[[str], Explanation] | None, str | None]:
    """Return what explains a text with the model that scored the run, or why there is none.

    Returns
    -------
    explain : callable or None
    reason : str or None
        Exactly one of the two is None.
    """
    stated = run.manifest.get("model")
    if not stated:
        return None, "The run was not scored."
    from moderation.classify.deep.tiered import restored
    from moderation.classify.model import load_stated

    try:
        model = restored(load_stated(stated), run.manifest.get("second_look"))
    except ModerationError as error:
        return None, f"No words are highlighted: the model of this run is not at hand ({error})."
    return model.explain, None


def marks(explanation: Explanation, flags: Sequence[str]) -> tuple[Mark, ...]:
    """Return the spans that stand behind a comment's flags, in reading order.

    Parameters
    ----------
    explanation : Explanation
        Of the comment's text.
    flags : sequence of str
        Labels that it is flagged with.
    """
    behind = [label for label in flags if label in explanation.probabilities]
    if not behind:
        return ()
    strongest = []
    for span in explanation.spans:
        label = max(behind, key=lambda name: span.shares[name])
        strongest.append((span.shares[label], label, span))
    most = max((share for share, _, _ in strongest), default=0.0)
    kept = sorted(
        (entry for entry in strongest if entry[0] >= max(_WEAKEST, _WEAKEST * most)),
        key=lambda entry: -entry[0],
    )[:MOST_MARKS]
    found: list[Mark] = []
    for share, label, span in sorted(kept, key=lambda entry: entry[2].begin):
        if found and span.begin < found[-1].end:
            continue
        found.append(Mark(span.begin, span.end, label, share, min(3, 1 + int(3 * share / most))))
    return tuple(found)


def words(comments: Iterable[Shown]) -> list[Word]:
    """Return the words that add most to the flags of all comments, with an example of each.

    A word counts once per comment. The example is the comment in which it weighs most.
    """
    found: dict[str, Word] = {}
    best: dict[str, float] = {}
    for comment in comments:
        seen = set()
        for mark in comment.marks:
            inside = comment.text[mark.begin : mark.end]
            name = plain_word(inside)
            if name in seen or len(name) > 60:
                continue
            seen.add(name)
            word = found.setdefault(name, Word(name))
            word.comments += 1
            word.labels[mark.label] = word.labels.get(mark.label, 0) + 1
            word.share += (mark.share - word.share) / word.comments
            if mark.share > best.get(name, 0.0):
                best[name] = mark.share
                _exemplify(word, comment, mark)
    return sorted(found.values(), key=lambda word: (-word.comments * word.share, word.word))[:MOST_WORDS]


def _exemplify(word: Word, comment: Shown, mark: Mark) -> None:
    before, after = comment.text[: mark.begin], comment.text[mark.end :]
    word.before = ("…" if len(before) > _AROUND else "") + one_line(before[-_AROUND:])
    word.inside = one_line(comment.text[mark.begin : mark.end])
    word.after = one_line(after[:_AROUND]) + ("…" if len(after) > _AROUND else "")
    word.anchor = comment.anchor
