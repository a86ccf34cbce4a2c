"""The Perspective API's scale: our probabilities mapped, attribute by attribute, to its distribution.

Clients hard-code thresholds such as .7 or .8. A monotone mapping changes no order, only how many comments lie
above such a number: as many as with the original's published scores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ConfigError

SCALE_FILE: Final = Path(__file__).with_name("scale.json")
REMAKE: Final = "python benchmarks/perspective_scale.py"


def read_scale(digest: str, path: Path = SCALE_FILE) -> dict[str, Any]:
    """Return the mapping that was computed for a model.

    Parameters
    ----------
    digest : str
        Of the model.
    path : Path

    Raises
    ------
    ConfigError
        It was computed for another model.
    """
    stated: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if stated["model"]["digest"] != digest:
        raise ConfigError(
            f"the Perspective scale was computed for model {stated['model']['name']}@"
            f"{stated['model']['digest'][:16]}, not for this one: use --scale own"
        )
    return stated


def rescaler(
    stated: Mapping[str, Any], labels: Sequence[str]
) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """Return a function from probabilities to values of the scale, both of shape (n, labels).

    Parameters
    ----------
    stated : mapping
        From `read_scale`.
    labels : sequence of str
        Columns; those without a counterpart stay as they are.
    """
    knots = {
        column: (
            np.array(stated["attributes"][label]["ours"]),
            np.array(stated["attributes"][label]["theirs"]),
        )
        for column, label in enumerate(labels)
        if label in stated["attributes"]
    }

    def rescale(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        mapped = values.copy()
        for column, (ours, theirs) in knots.items():
            mapped[:, column] = np.interp(values[:, column], ours, theirs)
        return mapped

    return rescale
