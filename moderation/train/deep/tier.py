"""A tier as the evaluation sees it: the second one alone, or both tiers together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from moderation.classify.model import Model
from moderation.classify.policy import Policy, read_policy
from moderation.schema import probability_column

F32 = npt.NDArray[np.float32]
Texts = Sequence[str] | pd.Series


class Tier:
    """What `measure`, `audit` and the card need of a model, for probabilities that come from elsewhere.

    Parameters
    ----------
    fast : Model
        The first tier: it says which texts are withheld.
    config : dict
        Of the second tier's bundle, with the operating points of this tier.
    path : Path
        Folder of the bundle.
    score : callable
        Takes n texts and returns probabilities, shape (n, labels).
    """

    def __init__(
        self, fast: Model, config: dict[str, Any], path: Path, score: Callable[[list[str]], F32]
    ) -> None:
        self.config, self.path = config, path
        self.name: str = config["name"]
        self.digest: str = config.get("digest", "")
        self.labels: tuple[str, ...] = tuple(config["labels"])
        self._fast, self._score = fast, score

    def policy(self, path: Path | None = None, prevalence: Sequence[str] = ()) -> Policy:
        """Return a policy for this tier's probabilities, see `read_policy`."""
        return read_policy(path, self.config, prevalence)

    def predict_proba(self, texts: Texts) -> F32:
        """Return probabilities, shape (n, labels)."""
        return self._score([str(text) for text in texts])

    def score_table(self, table: pa.Table, *, any_language: bool = False) -> pa.Table:
        """Append columns as `Model.score_table` does, with this tier's probabilities."""
        scored = self._fast.score_table(table, any_language=any_language)
        withheld = scored["not_scored"].is_valid().to_numpy(zero_copy_only=False)
        probabilities = self.predict_proba(table["text"].to_pylist())
        for column, label in enumerate(self.labels):
            name = probability_column(label)
            values = pa.array(probabilities[:, column], pa.float32(), mask=withheld)
            scored = scored.set_column(scored.column_names.index(name), name, values)
        return scored
