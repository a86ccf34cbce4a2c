"""Licence classes of corpora: what each allows, and which corpora fall into those that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from moderation.errors import UsageError
from moderation.train.corpora_spec import LICENCE_CLASSES, registry
from moderation.train.templates import KINDS

ALLOWS: Final = {
    "free": "any use, also commercial; name the source",
    "share-alike": "any use; whoever passes the texts on keeps their licence",
    "non-commercial": "no commercial use",
    "unclear": "no licence stated, or for research only: ask the authors before any other use",
}
"""What the texts of a corpus of each class may be used for. In the order of `LICENCE_CLASSES`."""

_MADE: Final = dict.fromkeys(KINDS, "written")
"""Rows that a recipe names by themselves, and the corpus that they belong to."""


def licence_classes(given: Iterable[str]) -> tuple[str, ...]:
    """Return licence classes, checked, in the order of `LICENCE_CLASSES`.

    Parameters
    ----------
    given : iterable of str
        Names of classes.

    Raises
    ------
    UsageError
        One is unknown, or there is none.

    Examples
    --------
    >>> licence_classes(["share-alike", "free"])
    ('free', 'share-alike')
    """
    wanted = set(given)
    unknown = sorted(wanted - set(LICENCE_CLASSES))
    if unknown or not wanted:
        stated = f"unknown licence class {unknown[0]!r}" if unknown else "no licence class is named"
        raise UsageError(f"{stated}; known: {', '.join(LICENCE_CLASSES)}")
    return tuple(name for name in LICENCE_CLASSES if name in wanted)


def corpus_of(name: str) -> str:
    """Return the corpus that rows of this name belong to: itself, unless a recipe makes them from another.

    Raises
    ------
    UsageError
        There is no such corpus.
    """
    corpus = _MADE.get(name, name)
    if corpus not in registry():
        raise UsageError(f"no corpus {name!r}; known: {', '.join(registry())}")
    return corpus


def permitted(corpora: Iterable[str], classes: Collection[str]) -> list[str]:
    """Return those corpora whose licence is of one of the classes, in their order."""
    return [name for name in corpora if registry()[corpus_of(name)].licence_class in classes]


def terms(corpora: Iterable[str]) -> str:
    """Return what a model trained on these corpora allows, as one line of Markdown a class that occurs."""
    found = {registry()[corpus_of(name)].licence_class for name in corpora}
    lines = [f"- {name}: {ALLOWS[name]}" for name in LICENCE_CLASSES if name in found]
    return "\n".join(lines)
