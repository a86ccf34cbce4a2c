"""A recipe: everything that determines a model, in one TOML file beside its weights."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.errors import ConfigError
from moderation.schema import LABELS


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
    """

    prevalence: float
    strength: float
    corpora: dict[str, float]
    calibrate: tuple[str, ...]


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
    """

    name: str
    seed: int
    vectorizer: dict[str, Any]
    labels: dict[str, LabelRecipe]
    settings: dict[str, float] = field(default_factory=dict)
    text: str = ""

    @property
    def corpora(self) -> list[str]:
        """Names of all corpora that it uses, sorted."""
        used = {name for label in self.labels.values() for name in (*label.corpora, *label.calibrate)}
        return sorted(used)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

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
        labels = {name: _label(stated["labels"][name]) for name in LABELS if name in stated["labels"]}
        unknown = sorted(set(stated["labels"]) - set(LABELS))
        if unknown:
            raise ConfigError(f"{path}: unknown label {unknown[0]!r}; known: {', '.join(LABELS)}")
        vectorizer = dict(stated.get("vectorizer", {}))
        if "grams" in vectorizer:
            vectorizer["grams"] = tuple(vectorizer["grams"])
        settings = dict(stated.get("settings", {}))
        return Recipe(str(stated["name"]), int(stated["seed"]), vectorizer, labels, settings, text)
    except KeyError as error:
        raise ConfigError(f"{path}: the recipe lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _label(stated: dict[str, Any]) -> LabelRecipe:
    label = LabelRecipe(
        float(stated["prevalence"]),
        float(stated["strength"]),
        {str(name): float(weight) for name, weight in stated["corpora"].items()},
        tuple(stated["calibrate"]),
    )
    if not 0 < label.prevalence < 1:
        raise ConfigError(f"prevalence must lie between 0 and 1, not {label.prevalence}")
    if label.strength <= 0:
        raise ConfigError(f"strength must be above 0, not {label.strength}")
    return label
