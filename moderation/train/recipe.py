"""A recipe: everything that determines a model, in one TOML file beside its weights."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from moderation.errors import ConfigError
from moderation.schema import LABELS
from moderation.train.licences import licence_classes, permitted

Say = Callable[[str], None]
"""Told about progress, one line at a time."""

_FIELDS = ("name", "kind", "seed", "licences", "vectorizer", "settings", "labels")
_FIELDS_OF_KIND = {
    "linear": ("teacher", "transfer"),
    "deep": ("encoder", "second_look", "passes", "passes_with_seed", "later"),
}
_SETTINGS = ("soft_weight",)
_LICENCES = re.compile(r"^licences\s*=.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LabelRecipe:
    """How one label is trained.

    Parameters
    ----------
    prevalence : float
        Share of comments that carry it in an ordinary dump: what its probabilities mean.
    strength : float
        Inverse of the L2 penalty (`C`).
    corpora : dict of str to float
        Weight of each corpus that trains it; a corpus counts by this, not by its size alone.
    calibrate : tuple of str
        Corpora whose held-out rows its probabilities and thresholds are fitted on.
    ratio_power : float
        How much more freely a feature is weighed that is more frequent in one class: it counts by this power
        of its log-count ratio; 0 treats all alike.
    """

    prevalence: float
    strength: float
    corpora: dict[str, float]
    calibrate: tuple[str, ...]
    ratio_power: float = 0.0

    def without(self, corpus: str) -> LabelRecipe:
        """Return the same with one corpus left out."""
        kept = {name: weight for name, weight in self.corpora.items() if name != corpus}
        return replace(self, corpora=kept)


@dataclass(frozen=True, slots=True)
class Teacher:
    """A second tier that a linear model learns from beside people; see `moderation.train.taught`.

    Parameters
    ----------
    bundle : str
        Name or folder.
    longest : int
        Characters of a text that it is asked about, at most.
    texts : dict of str to int
        Most texts of a corpus that it is asked about.
    texts_of_others : int
        Of each corpus that `texts` does not name.
    weights : dict of str to float
        Labels that are learnt from it, and what its answers count, as the weight of a corpus.
    sentences : dict of str to int
        Most short sentences, cut out of the texts of a corpus, that it is asked about beside.
    sentences_of_others : int
        Of each corpus that `sentences` does not name.
    sentence_weights : dict of str to float
        As `weights`, of the sentences.
    """

    bundle: str
    longest: int
    texts: dict[str, int]
    texts_of_others: int
    weights: dict[str, float]
    sentences: dict[str, int] = field(default_factory=dict)
    sentences_of_others: int = 0
    sentence_weights: dict[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The labels that are learnt from it, sorted."""
        return sorted({*self.weights, *self.sentence_weights})


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe, read and checked.

    Parameters
    ----------
    name : str
    seed : int
    vectorizer : dict
        Parameters of `ChunkVectorizer`.
    labels : dict of str to LabelRecipe
        In the order of `LABELS`.
    settings : dict
        Further numbers, see `moderation.train.fit`.
    text : str
        The file itself, kept in the bundle.
    licences : tuple of str
        Licence classes of the corpora that it may use; empty for all.
    transfer : dict of str to int
        Labels to be measured on corpora left out of their training, and the number of splits.
    kind : {"linear", "deep"}
        Which tier it makes.
    teacher : Teacher, optional
    """

    name: str
    seed: int
    vectorizer: dict[str, Any]
    labels: dict[str, LabelRecipe]
    settings: dict[str, float] = field(default_factory=dict)
    text: str = ""
    licences: tuple[str, ...] = ()
    transfer: dict[str, int] = field(default_factory=dict)
    kind: str = "linear"
    teacher: Teacher | None = None

    @property
    def corpora(self) -> list[str]:
        """Names of all corpora that it uses, sorted."""
        used = {name for label in self.labels.values() for name in (*label.corpora, *label.calibrate)}
        return sorted(used)

    def under(self, licences: Iterable[str]) -> Recipe:
        """Return the recipe without the corpora whose licence is of no class that is named.

        Labels that no corpus is left for are left out, and so is a teacher, who has read all of them. The
        text states the classes, so that the recipe of a bundle reproduces it.

        Parameters
        ----------
        licences : iterable of str
            See `moderation.train.licences`.

        Raises
        ------
        UsageError
            A class is unknown.
        ConfigError
            No label is left.
        """
        classes = licence_classes(licences)
        labels = {}
        for name, label in self.labels.items():
            corpora = permitted(label.corpora, classes)
            calibrate = tuple(permitted(label.calibrate, classes))
            if corpora and calibrate:
                weights = {corpus: label.corpora[corpus] for corpus in corpora}
                labels[name] = replace(label, corpora=weights, calibrate=calibrate)
        if not labels:
            raise ConfigError(f"recipe {self.name!r} names no corpora of licence class {', '.join(classes)}")
        stated = f"licences = [{', '.join(map(_quoted, classes))}]"
        text = f"{stated}\n{_LICENCES.sub('', self.text)}"
        transfer = {name: seeds for name, seeds in self.transfer.items() if name in labels}
        return replace(self, labels=labels, licences=classes, text=text, transfer=transfer, teacher=None)


def read_recipe(path: Path, licences: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
    licences : iterable of str, optional
        Licence classes to keep to; default: those that the recipe states, or all.

    Raises
    ------
    ConfigError
        The file is missing or no TOML, or a label, field or value in it is unknown or out of range.
    """
    try:
        text = path.read_text("utf-8")
        stated = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such recipe") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a recipe: {error}") from error
    try:
        kind = str(stated.get("kind", "linear"))
        if kind not in _FIELDS_OF_KIND:
            raise ConfigError(f"{path}: kind must be linear or deep, not {kind!r}")
        _only(path, "field", stated, (*_FIELDS, *_FIELDS_OF_KIND[kind]))
        _only(path, "label", stated["labels"], LABELS)
        for name, table in stated["labels"].items():
            _only(path, f"field of [labels.{name}]", table, LabelRecipe.__dataclass_fields__)
        labels = {name: _label(stated["labels"][name]) for name in LABELS if name in stated["labels"]}
        vectorizer = dict(stated.get("vectorizer", {}))
        _only(path, "field of [vectorizer]", vectorizer, _vectorizer_fields())
        if "grams" in vectorizer:
            vectorizer["grams"] = tuple(vectorizer["grams"])
        settings = dict(stated.get("settings", {}))
        _only(path, "field of [settings]", settings, _SETTINGS)
        transfer = {str(name): int(seeds) for name, seeds in stated.get("transfer", {}).items()}
        strange = sorted(set(transfer) - set(labels))
        if strange or min(transfer.values(), default=1) < 1:
            raise ConfigError(f"{path}: [transfer] takes labels of the recipe and a number of splits above 0")
        recipe = Recipe(
            str(stated["name"]),
            int(stated["seed"]),
            vectorizer,
            labels,
            settings,
            text,
            (),
            transfer,
            kind,
            _teacher(path, stated.get("teacher"), labels),
        )
        kept = tuple(licences) or tuple(stated.get("licences", ()))
        return recipe.under(kept) if kept else recipe
    except KeyError as error:
        raise ConfigError(f"{path}: the recipe lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _teacher(path: Path, stated: dict[str, Any] | None, labels: Iterable[str]) -> Teacher | None:
    if stated is None:
        return None
    _only(path, "field of [teacher]", stated, Teacher.__dataclass_fields__)
    teacher = Teacher(
        str(stated["bundle"]),
        int(stated["longest"]),
        _counts(stated.get("texts", {})),
        int(stated["texts_of_others"]),
        _shares(stated["weights"]),
        _counts(stated.get("sentences", {})),
        int(stated.get("sentences_of_others", 0)),
        _shares(stated.get("sentence_weights", {})),
    )
    for name in ("weights", "sentence_weights"):
        strange = sorted(set(getattr(teacher, name)) - set(labels))
        if strange:
            raise ConfigError(
                f"{path}: [teacher.{name}] names {strange[0]!r}, which is no label of the recipe"
            )
    return teacher


def _counts(stated: dict[str, Any]) -> dict[str, int]:
    return {str(name): int(most) for name, most in stated.items()}


def _shares(stated: dict[str, Any]) -> dict[str, float]:
    return {str(name): float(weight) for name, weight in stated.items()}


def _vectorizer_fields() -> list[str]:
    # Imported here, for scikit-learn takes longest of all to load.
    from moderation.text.vectorizer import ChunkVectorizer

    return [name for name in ChunkVectorizer().get_params() if name != "lexicon"]


def _only(path: Path, what: str, stated: Iterable[str], known: Iterable[str]) -> None:
    """Refuse what would be passed over, as a field with a slip in its name would be."""
    if strange := sorted(set(stated) - set(known)):
        raise ConfigError(f"{path}: unknown {what} {strange[0]!r}; known: {', '.join(known)}")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _label(stated: dict[str, Any]) -> LabelRecipe:
    label = LabelRecipe(
        float(stated["prevalence"]),
        float(stated.get("strength", 1.0)),
        {str(name): float(weight) for name, weight in stated["corpora"].items()},
        tuple(stated["calibrate"]),
        float(stated.get("ratio_power", 0.0)),
    )
    if not 0 < label.prevalence < 1:
        raise ConfigError(f"prevalence must lie between 0 and 1, not {label.prevalence}")
    if label.strength <= 0:
        raise ConfigError(f"strength must be above 0, not {label.strength}")
    if not 0 <= label.ratio_power <= 1:
        raise ConfigError(f"ratio_power must lie between 0 and 1, not {label.ratio_power}")
    return label
