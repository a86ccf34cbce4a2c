"""What evaluation, audit and model card need of a classifier, whichever tier it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.classify.policy import Policy
from moderation.text.chunks import Texts


class Judge(Protocol):
    """A classifier of texts; see `moderation.classify.model.Model`, which is one."""

    config: dict[str, Any]
    path: Path
    digest: str
    labels: tuple[str, ...]

    def predict_proba(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Return probabilities, shape (n, labels)."""

    def score_table(self, table: pa.Table, *, any_language: bool = False) -> pa.Table:
        """Return the table with probabilities, null where a text is withheld, and `not_scored`."""

    def policy(self, path: Path | None = None, prevalence: Sequence[str] = ()) -> Policy:
        """Return the policy of a file, or the default one."""
