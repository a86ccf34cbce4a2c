"""How common a label is: what is assumed of a dump, and what its own scores say about it.

A probability holds at one prevalence. At another, its odds change by the ratio of the prevalences' odds, and
so do those of a precision (Saerens, Latinne and Decaestecker, 2002, "Adjusting the outputs of a classifier to
new a priori probabilities").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ConfigError

F64 = npt.NDArray[np.float64]

FEWEST: Final = 100
"""Scored comments below which their scores do not tell a prevalence."""

ESTIMATE: Final = "estimate"
"""The word that asks for an estimate."""

_BINS: Final = 20_000
_WIDEST: Final = 20.0
# Log-odds from -20 to 20 in steps of .002: ten million scores become a small table, and no estimate changes
# by more than a thousandth of itself.
_STEPS: Final = 10_000
_SETTLED: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How common a label is taken to be.

    Parameters
    ----------
    reference : float
        In (0, 1): what the model's probabilities are calibrated to.
    assumed : float
        In (0, 1): what thresholds and expected precision are computed for.
    source : {"stated", "estimated", "too few comments to estimate"}
        Where `assumed` comes from; in the last case it is `reference`.
    """

    reference: float
    assumed: float
    source: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a user says about prevalences; nothing said = the model's reference.

    Parameters
    ----------
    stated : dict of str to float
        Label to share, in (0, 1).
    estimate : bool
        Estimate the labels that are not stated from the scores of the run.
    """

    stated: dict[str, float] = field(default_factory=dict)
    estimate: bool = False

    @classmethod
    def parse(cls, given: Sequence[str], labels: Sequence[str]) -> Assumption:
        """Read `LABEL=SHARE` and `estimate`.

        Parameters
        ----------
        given : sequence of str
        labels : sequence of str
            Labels of the model.

        Raises
        ------
        ConfigError
            One of them is of another form, names an unknown label or a share that is none.

        Examples
        --------
        >>> Assumption.parse(["threat=0.01", "estimate"], ["insult", "threat"])
        Assumption(stated={'threat': 0.01}, estimate=True)
        """
        stated = {}
        for text in given:
            if text == ESTIMATE:
                continue
            label, sign, share = text.partition("=")
            if not sign:
                raise ConfigError(
                    f"prevalence {text!r}: write LABEL=SHARE, such as threat=0.01, or {ESTIMATE}"
                )
            if label not in labels:
                raise ConfigError(
                    f"prevalence {text!r}: no label {label!r}; the model has {', '.join(labels)}"
                )
            stated[label] = _share(text, share)
        return cls(stated, ESTIMATE in given)

    @classmethod
    def of_policy(cls, path: Path, given: Any, labels: Sequence[str]) -> Assumption:
        """Read what a policy file says under `prevalence`: a table of shares, or `estimate`.

        In the table, `estimate = true` asks to estimate the labels that it does not name.

        Raises
        ------
        ConfigError
            It is of another form, or names an unknown label or a share that is none.
        """
        if given == ESTIMATE:
            given = {ESTIMATE: True}
        if not isinstance(given, Mapping):
            raise ConfigError(
                f'{path}: prevalence must be "{ESTIMATE}" or a table [prevalence], such as threat = 0.01'
            )
        asked = given.get(ESTIMATE, False)
        if not isinstance(asked, bool):
            raise ConfigError(f"{path}: [prevalence] {ESTIMATE} must be true or false, not {asked!r}")
        stated = [f"{label}={share}" for label, share in given.items() if label != ESTIMATE]
        try:
            return cls.parse([*stated, *([ESTIMATE] if asked else [])], labels)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error

    def overridden_by(self, other: Assumption) -> Assumption:
        """Return what is assumed where somebody else has the last word.

        An estimate that they ask for goes before all shares that are stated here.
        """
        if other.estimate:
            return other
        return Assumption(self.stated | other.stated, self.estimate)

    def __bool__(self) -> bool:
        return bool(self.stated) or self.estimate

    def of(
        self,
        label: str,
        reference: float | None,
        scores: Mapping[str, npt.NDArray[np.floating[Any]]] | None,
    ) -> Prevalence | None:
        """Return what is assumed of a label; None where nothing is, so that the reference holds.

        Parameters
        ----------
        label : str
        reference : float or None
            None: the model states none, so that nothing can be assumed instead.
        scores : mapping of str to ndarray, optional
            A run's probabilities per label, NaN where not scored; needed for an estimate.

        Raises
        ------
        ConfigError
            An estimate without a run, or anything assumed without a reference.
        """
        if label not in self.stated and not self.estimate:
            return None
        if reference is None:
            raise ConfigError(f"the model states no prevalence of {label!r}, so no other can be assumed")
        if label in self.stated:
            return Prevalence(reference, self.stated[label], "stated")
        if scores is None:
            raise ConfigError(
                f"a prevalence of {label!r} can only be estimated from a scored run; use it with scan, score "
                "or report"
            )
        found = estimate(scores[label], reference)
        if found is None:
            return Prevalence(reference, reference, "too few comments to estimate")
        return Prevalence(reference, found, "estimated")


def shifted(share: F64, reference: float, assumed: float) -> F64:
    """Return a probability or precision at another prevalence.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        In [0, 1], at the prevalence `reference`.
    reference, assumed : float
        In (0, 1).

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> shifted(np.array([0.0, 0.8, 1.0]), 0.05, 0.01).round(2).tolist()
    [0.0, 0.43, 1.0]
    """
    with_label = share * (assumed / reference)
    without: F64 = (1 - share) * ((1 - assumed) / (1 - reference))
    moved: F64 = with_label / (with_label + without)
    return moved


def estimate(scores: npt.NDArray[np.floating[Any]], reference: float) -> float | None:
    """Estimate how common a label is from the scores of unlabelled comments.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Probabilities at the prevalence `reference`; NaN where not scored.
    reference : float
        In (0, 1).

    Returns
    -------
    float or None
        In (0, 1); None for fewer than `FEWEST` scores.

    Notes
    -----
    The maximum of the likelihood, by the EM algorithm of Saerens, Latinne and Decaestecker (2002). It holds
    as far as comments with and without the label look like those that the model was calibrated on.
    """
    values, counts = _binned(scores[~np.isnan(scores)].astype(np.float64))
    total = counts.sum()
    if total < FEWEST:
        return None
    share = reference
    for _ in range(_STEPS):
        following = float((counts * shifted(values, reference, share)).sum() / total)
        # A share of exactly 0 or 1 would never move again, and no sample is proof of it.
        following = min(max(following, 1 / (total + 2)), 1 - 1 / (total + 2))
        settled = abs(following - share) < _SETTLED
        share = following
        if settled:
            break
    return share


def reference_prevalence(config: Mapping[str, Any]) -> dict[str, float]:
    """Return the prevalence per label that a bundle's probabilities are calibrated to."""
    if "prevalence" in config:
        return {label: float(share) for label, share in config["prevalence"].items()}
    calibration = config.get("calibration", {})
    return {label: float(stated["prevalence"]) for label, stated in calibration.items()}


def _share(text: str, share: str) -> float:
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise ConfigError(f"prevalence {text!r}: the share must be a number between 0 and 1, such as 0.02")
    return value


def _binned(scores: F64) -> tuple[F64, F64]:
    """Return mean score and count of each occupied bin of log-odds."""
    inside = np.clip(scores, 1e-12, 1 - 1e-12)
    odds = np.log(inside / (1 - inside))
    place = ((odds + _WIDEST) * (_BINS / (2 * _WIDEST))).astype(np.int64).clip(0, _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    sums = np.bincount(place, scores, _BINS)
    occupied = counts > 0
    return sums[occupied] / counts[occupied], counts[occupied].astype(np.float64)
