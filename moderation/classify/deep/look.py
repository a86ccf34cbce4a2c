"""Which comments deserve a second look, and what both tiers say of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ModelError

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

EDGE: Final = 1e-6
"""Probabilities are cut to this distance from 0 and 1 before their log-odds are taken."""

OUTSIDE: Final = -1.0
"""Priority of a comment that lies in no band."""

_DECIMALS: Final = 9
# Of a priority: the last bits of a logarithm differ between machines, and a run may go on on another one.


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the first tier's probabilities say about a second look.

    Parameters
    ----------
    labels : tuple of str
    band : dict of str to (float, float)
        First-tier probabilities of a label between which, ends included, a comment is a candidate; a label
        without a band makes no candidates.
    combine : ndarray of float64, shape (labels, 3)
        a, b and c of log-odds = a * first + b * second + c.
    gain : dict of str to (list of float, list of float)
        First-tier log-odds, and the decisions per comment that a second look there puts right less those that
        it puts wrong; linear between, constant beyond. A comment's priority is the largest of its labels.
    least : float
        Priority from which on a candidate is chosen; 0 chooses all.
    """

    labels: tuple[str, ...]
    band: dict[str, tuple[float, float]]
    combine: F64
    gain: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    least: float = 0.0

    @classmethod
    def at_doubtful(cls, config: Mapping[str, Any]) -> SecondLook:
        """Return the look at the comments in the bands that a bundle states.

        Raises
        ------
        ModelError
            Its `cascade` lacks something, or it does not say how the tiers are combined.
        """
        labels, cascade = tuple(config["labels"]), config["cascade"]
        try:
            return cls(
                labels,
                {label: (float(low), float(high)) for label, (low, high) in cascade["band"].items()},
                _factors(labels, config["combine"]),
                {label: (found["logit"], found["rate"]) for label, found in cascade["gain"].items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable(config, error) from error

    @classmethod
    def at_everything(cls, config: Mapping[str, Any]) -> SecondLook:
        """Return the look that chooses all comments.

        Raises
        ------
        ModelError
            The bundle does not say how the tiers are combined.
        """
        labels = tuple(config["labels"])
        try:
            return cls(labels, dict.fromkeys(labels, (0.0, 1.0)), _factors(labels, config["combine"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable(config, error) from error

    def priority(self, fast: F32) -> F64:
        """Return what a second look is expected to put right, per comment.

        Parameters
        ----------
        fast : ndarray of float32, shape (n, labels)
            First-tier probabilities; NaN where a comment was not scored.

        Returns
        -------
        ndarray of float64, shape (n,)
            `OUTSIDE` for a comment that lies in no band.
        """
        inside = np.zeros(len(fast), bool)
        for label, (low, high) in self.band.items():
            values = fast[:, self.labels.index(label)].astype(np.float64)
            inside |= (values >= low) & (values <= high)
        return np.where(inside, self.worth(fast), OUTSIDE)

    def worth(self, fast: npt.NDArray[np.floating[Any]]) -> F64:
        """Return the largest expected gain of any label, shape (n,).

        Not their sum: labels change together, as an insult is abuse as well, and a comment far from every
        threshold by itself would count as doubtful for being a little so in all.
        """
        most = np.zeros(len(fast))
        for label, knots in self.gain.items():
            values = fast[:, self.labels.index(label)].astype(np.float64)
            most = np.maximum(most, np.interp(log_odds(values), *knots))
        return most.round(_DECIMALS)

    def chosen(self, fast: F32) -> Bool:
        """Return which comments get a second look, shape (n,); `fast` as of `priority`."""
        return self.priority(fast) >= self.least

    def combined(self, fast: F32, second: F64) -> F64:
        """Return the log-odds by both tiers.

        Parameters
        ----------
        fast : ndarray of float32, shape (n, labels)
            First-tier probabilities.
        second : ndarray of float64, shape (n, labels)
            Second-tier log-odds, calibrated.
        """
        a, b, c = self.combine.T
        most = np.log1p(-EDGE) - np.log(EDGE)
        odds: F64 = a * log_odds(fast.astype(np.float64)) + b * second.clip(-most, most) + c
        return odds


def _factors(labels: Sequence[str], combine: Mapping[str, Sequence[float]]) -> F64:
    return np.array([combine[label] for label in labels], np.float64).reshape(-1, 3)


def _unusable(config: Mapping[str, Any], error: Exception) -> ModelError:
    return ModelError(f"the tiers of {config['name']} cannot be combined ({error}); train it again")


def least_priority(priorities: F64, most: int) -> float:
    """Return the priority from which on at most so many comments are chosen, as many as ties allow.

    Comments of equal priority are chosen together or not at all, so that whether a comment is chosen does
    not depend on its place, and equal texts get equal scores.

    Parameters
    ----------
    priorities : ndarray of float64, shape (candidates,)
    most : int
        At least 0.

    Returns
    -------
    float
        Above all of them where nothing may be chosen.
    """
    if len(priorities) <= most:
        return 0.0
    falling = np.sort(priorities)[::-1]
    higher = falling[falling > falling[most]]
    return float(higher[-1]) if len(higher) else float(falling[0]) + 1


def log_odds(share: F64) -> F64:
    """Return the log-odds of probabilities, cut to `EDGE` from 0 and 1."""
    cut = np.clip(share, EDGE, 1 - EDGE)
    odds: F64 = np.log(cut) - np.log1p(-cut)
    return odds
