"""What a recipe of the second tier says beyond that of a linear model: encoder, passes, schedule."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from moderation.errors import ConfigError
from moderation.train.recipe import Recipe

Passes = dict[str, float | tuple[float, float]]


@dataclass(frozen=True, slots=True)
class EncoderRecipe:
    """Where an encoder starts and how it is trained.

    Parameters
    ----------
    pretrained : str
        Python package that carries the weights and tokenizer, or a folder with `model.safetensors`,
        `config.json` and `tokenizer.json`.
    longest : int
        Tokens of a training text; what stands behind them is not learnt from.
    scored : int
        Tokens of a part of a text that is scored; see `moderation.classify.deep.parts`.
    batch : int
        Texts a step.
    rate, head_rate : float
        Highest learning rates of the encoder and of the head.
    seeds : tuple of int
        Of which rows are shown once more and in what order, a training each; their weights are averaged. The
        first one is also that of the head's start. Which rows there are to show follows from the recipe's.
    """

    pretrained: str
    longest: int = 96
    scored: int = 128
    batch: int = 48
    rate: float = 1e-4
    head_rate: float = 1e-3
    seeds: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Which comments the second tier looks at, after which first tier.

    Parameters
    ----------
    fast : str
        Name or folder of the first tier's bundle.
    share : float
        Share of the comments of an ordinary dump that lie in the bands.
    """

    fast: str = "fast"
    share: float = 0.1


@dataclass(frozen=True, slots=True)
class LaterTraining:
    """A short training that goes on, at lower rates, from where those before it ended.

    Parameters
    ----------
    passes : dict of str to float or (float, float)
        See `moderation.train.deep.plan.draw_rows`.
    rate, head_rate : float
        As in `EncoderRecipe`.
    share : float
        How far the weights go from where they were to where this training ends, 0 to 1.
    """

    passes: Passes
    rate: float = 2e-5
    head_rate: float = 1e-4
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class DeepRecipe:
    """A recipe of the second tier.

    Parameters
    ----------
    common : Recipe
        What both tiers state: labels, corpora, prevalences.
    encoder : EncoderRecipe
    second_look : SecondLook
    passes : dict of str to float or (float, float)
        See `moderation.train.deep.plan.draw_rows`.
    otherwise : dict of int to dict
        Passes in which the training with a seed differs.
    later : tuple of LaterTraining
        In this order after the mean of the others.
    """

    common: Recipe
    encoder: EncoderRecipe
    second_look: SecondLook
    passes: Passes
    otherwise: dict[int, Passes] = field(default_factory=dict)
    later: tuple[LaterTraining, ...] = ()

    def passes_with(self, seed: int) -> Passes:
        """Return how often the training with a seed shows the rows of each corpus."""
        return {**self.passes, **self.otherwise.get(seed, {})}

    @property
    def shown(self) -> set[str]:
        """The corpora that some training shows."""
        first = (self.passes_with(seed) for seed in self.encoder.seeds)
        return {name for passes in (*first, *(one.passes for one in self.later)) for name in passes}

    def without(self, *corpora: str) -> DeepRecipe:
        """Return the recipe of an encoder that is shown nothing of some corpora."""

        def kept(passes: Passes) -> Passes:
            return {name: times for name, times in passes.items() if name not in corpora}

        otherwise = {seed: kept(passes) for seed, passes in self.otherwise.items()}
        later = tuple(replace(one, passes=kept(one.passes)) for one in self.later)
        return replace(self, passes=kept(self.passes), otherwise=otherwise, later=later)

    @property
    def weights_keys(self) -> list[str]:
        """SHA-256 of all that weights follow from, hex, before the later trainings and after each of them.

        Calibration and cascade do not count.
        """
        labels = {name: stated.corpora for name, stated in self.common.labels.items()}
        shown = [self.passes_with(seed) for seed in self.encoder.seeds]
        stated = [self.common.seed, asdict(self.encoder), shown, labels, self.common.settings]
        later = [asdict(one) for one in self.later]
        steps = [json.dumps(stated + later[:end], sort_keys=True) for end in range(len(later) + 1)]
        return [hashlib.sha256(step.encode()).hexdigest() for step in steps]


def deep_recipe(common: Recipe) -> DeepRecipe:
    """Read the rest of a recipe with `kind = "deep"`.

    Raises
    ------
    ConfigError
        `encoder` or `passes` lacks something, or names what is unknown.
    """
    stated = tomllib.loads(common.text)
    try:
        encoder = EncoderRecipe(**stated["encoder"])
        encoder = replace(encoder, seeds=tuple(map(int, encoder.seeds)))
        if not encoder.seeds:
            raise ValueError("encoder.seeds names no training")
        second = SecondLook(**stated.get("second_look", {}))
        passes = _passes(stated["passes"])
        otherwise = {int(seed): _passes(shown) for seed, shown in stated.get("passes_with_seed", {}).items()}
        if strange := set(otherwise) - set(encoder.seeds):
            raise ValueError(f"passes_with_seed.{min(strange)} is of no training in encoder.seeds")
        later = tuple(map(_later, stated.get("later", ())))
    except KeyError as error:
        raise ConfigError(f"recipe {common.name!r} lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"recipe {common.name!r}: {error}") from error
    recipe = DeepRecipe(common, encoder, second, passes, otherwise, later)
    unknown = sorted(recipe.shown - set(common.corpora))
    # A recipe narrowed to some licences keeps its text, and with it passes of corpora that are out.
    if unknown and not common.licences:
        raise ConfigError(f"recipe {common.name!r}: passes names {unknown[0]!r}, which no label uses")
    return recipe.without(*unknown)


def _later(stated: dict[str, Any]) -> LaterTraining:
    later = LaterTraining(**{**stated, "passes": _passes(stated["passes"])})
    if not 0 <= later.share <= 1:
        raise ValueError(f"later.share must lie between 0 and 1, not {later.share:g}")
    return later


def _passes(stated: dict[str, Any]) -> Passes:
    return {str(name): _times(value) for name, value in stated.items()}


def _times(value: Any) -> float | tuple[float, float]:
    if isinstance(value, list):
        positive, other = value
        return float(positive), float(other)
    return float(value)
