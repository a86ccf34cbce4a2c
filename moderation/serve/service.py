"""What the answers of one server process share: model, policy, batcher, keys, counts, store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from moderation.classify.model import Model, load_model
from moderation.classify.policy import ResolvedPolicy
from moderation.classify.tiers import choose_tier
from moderation.errors import ConfigError
from moderation.serve.batch import Batcher
from moderation.serve.keys import Keys, read_keys
from moderation.serve.metrics import Metrics
from moderation.serve.scale import read_scale, rescaler
from moderation.serve.settings import Settings
from moderation.serve.suggestions import Suggestions

WARM_UP: Final = ["What a lovely day it is today", "Quelle belle journée nous avons aujourd'hui"]


@dataclass(frozen=True, slots=True)
class Service:
    """All parts of a running server.

    Parameters
    ----------
    settings : Settings
    model : Model
    policy : ResolvedPolicy
        Makes the flags of `/v1/score`.
    batcher : Batcher
    keys : Keys
    metrics : Metrics
    suggestions : Suggestions
    """

    settings: Settings
    model: Model
    policy: ResolvedPolicy
    batcher: Batcher
    keys: Keys
    metrics: Metrics
    suggestions: Suggestions

    @property
    def model_name(self) -> str:
        """Name and digest of the model, as decisions name it."""
        return f"{self.model.name}@{self.model.digest}"


def open_service(settings: Settings) -> Service:
    """Load and check everything that a server needs.

    Raises
    ------
    UsageError
        There is no such model or tier.
    ModelError
        It is damaged.
    ConfigError
        The policy, its tier or the keys cannot be used, or there is no Perspective scale for this model.
    """
    tier, budget = choose_tier(settings.tier, None, settings.policy)
    if budget is not None:
        raise ConfigError(
            f"{settings.policy}: deep_budget needs a run; a server looks at every doubtful comment"
        )
    model = load_model(settings.model, tier)
    stated = model.policy(settings.policy)
    if stated.needs_run:
        raise ConfigError(f"{settings.policy}: a budget needs a scored run; a server needs thresholds")
    mapping = None
    if settings.scale == "perspective":
        mapping = rescaler(read_scale(model.digest), model.labels)
    keys = read_keys(settings.keys)
    metrics = Metrics()
    # Once at the start, so that the first client does not wait for what is loaded late.
    model.scorer.prepare()
    model.score_table(pa.table({"text": WARM_UP}), any_language=True)
    return Service(
        settings,
        model,
        stated.resolve(),
        Batcher(model, settings.max_queue, mapping, metrics.batch),
        keys,
        metrics,
        Suggestions(settings.decisions, f"{model.name}@{model.digest}"),
    )
