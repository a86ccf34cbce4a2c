"""Corpora as a person asks for them: by name, recipe or licence, with all that is known of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from moderation.train.corpora import registry, spec_of
from moderation.train.corpora_spec import CorpusSpec, Exam
from moderation.train.licences import ALLOWS, corpus_of, licence_classes, permitted
from moderation.train.recipe import read_recipe


def choose(
    names: Iterable[str] = (), recipe: Path | None = None, licences: Collection[str] = ()
) -> list[CorpusSpec]:
    """Return the corpora that are named and those that a recipe uses, or all of the registry.

    Parameters
    ----------
    names : iterable of str
    recipe : Path, optional
        A recipe file.
    licences : collection of str
        Licence classes to keep to; empty for all.

    Raises
    ------
    UsageError
        A corpus or a licence class is unknown.
    ConfigError
        The recipe cannot be used.
    """
    wanted = [*names, *(read_recipe(recipe).corpora if recipe else ())]
    chosen = list(dict.fromkeys(map(corpus_of, wanted))) if wanted else list(registry())
    if licences:
        chosen = permitted(chosen, licence_classes(licences))
    return [spec_of(name) for name in chosen]


def described(spec: CorpusSpec) -> dict[str, Any]:
    """Return what the registry knows of a corpus, in words and numbers, ready for JSON."""
    return {
        "name": spec.name,
        "title": spec.title,
        "use": spec.use,
        "language": spec.language,
        "licence": spec.licence,
        "licence_class": spec.licence_class,
        "allows": ALLOWS[spec.licence_class],
        "citation": spec.citation,
        "labels": list(spec.labels),
        "rows": spec.rows,
        "part_of": spec.part_of,
        "kept_for_the_exam": _exam(spec.exam),
        "notes": spec.notes,
        "folder": spec.folder,
        "files": [
            {
                "name": file.name,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "url": file.url,
                "derived": file.derived,
            }
            for file in spec.files
        ],
    }


def _exam(exam: Exam) -> str:
    parts = []
    if exam.modulus:
        parts.append(f"texts whose SHA-256, normalised, leaves {exam.remainder} modulo {exam.modulus}")
    if exam.texts_of:
        parts.append(f"the texts of {exam.texts_of}")
    parts += [name for name in exam.files if name != exam.texts_of]
    return "; ".join(parts)
