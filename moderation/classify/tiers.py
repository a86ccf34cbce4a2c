"""Tiers: which classifiers look at a comment, and how many comments may be looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.classify.policy import read_toml
from moderation.errors import ConfigError, UsageError

FAST: Final = "fast"
CASCADE: Final = "cascade"
DEEP: Final = "deep"
TIERS: Final = (FAST, CASCADE, DEEP)
"""The linear model alone; it first, and the transformer for doubtful comments; the transformer for all."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many comments may get a second look; one of the two is None.

    Parameters
    ----------
    share : float or None
        Of the scored comments, in (0, 1].
    count : int or None
        At least 1.
    """

    share: float | None = None
    count: int | None = None

    @classmethod
    def parse(cls, given: str | float) -> Budget:
        """Read a share such as `0.05`, or a count such as `5000`: what has a decimal point is a share.

        Raises
        ------
        UsageError
            It is neither.

        Examples
        --------
        >>> Budget.parse("0.05"), Budget.parse(5000)
        (Budget(share=0.05, count=None), Budget(share=None, count=5000))
        """
        if isinstance(given, bool):
            raise _unusable(given)
        try:
            whole = int(str(given))
        except ValueError:
            return cls(share=_share(given))
        if whole < 1:
            raise _unusable(given)
        return cls(count=whole)

    def most(self, scored: int) -> int:
        """Return the number of comments that may be looked at again, of so many scored ones."""
        return int(scored * self.share) if self.share is not None else int(self.count or 0)

    def __str__(self) -> str:
        return str(self.share if self.share is not None else self.count)


def choose_tier(
    tier: str | None, budget: str | float | Budget | None, policy: str | Path | None
) -> tuple[str | None, Budget | None]:
    """Return the tier and budget in force: what a call states, else what its policy file states.

    Parameters
    ----------
    tier : str or None
        Of `TIERS`; None = nothing is stated.
    budget : str, number, Budget or None
    policy : str, Path or None
        A policy file, which may hold `tier` and `deep_budget`.

    Returns
    -------
    tuple of (str or None) and (Budget or None)
        None, None where nothing is stated: the model decides.

    Raises
    ------
    UsageError, ConfigError
        An unknown tier, a budget that is none, or a budget without a cascade.
    """
    if tier is not None and tier not in TIERS:
        raise UsageError(f"--tier {tier}: choose one of {', '.join(TIERS)}")
    stated = read_toml(Path(policy)) if policy is not None else {}
    asked = Budget.parse(budget) if budget is not None and not isinstance(budget, Budget) else budget
    if tier is None:
        tier, theirs = _of_policy(Path(policy), stated) if policy is not None else (None, None)
        asked = asked or theirs
    elif asked is None and tier == CASCADE and policy is not None:
        asked = _of_policy(Path(policy), stated)[1]
    if asked is not None and tier != CASCADE:
        raise UsageError(f"--deep-budget {asked} goes with --tier {CASCADE}")
    return tier, asked


def _of_policy(path: Path, stated: dict[str, Any]) -> tuple[str | None, Budget | None]:
    tier, budget = stated.get("tier"), stated.get("deep_budget")
    if tier is not None and tier not in TIERS:
        raise ConfigError(f"{path}: unknown tier {tier!r}; choose one of {', '.join(TIERS)}")
    if budget is None:
        return tier, None
    if tier != CASCADE:
        raise ConfigError(f'{path}: deep_budget needs tier = "{CASCADE}" beside it')
    try:
        return tier, Budget.parse(budget)
    except UsageError as error:
        raise ConfigError(f"{path}: {error}") from error


def _share(given: str | float) -> float:
    try:
        share = float(given)
    except (TypeError, ValueError) as error:
        raise _unusable(given) from error
    if not 0 < share <= 1:
        raise _unusable(given)
    return share


def _unusable(given: object) -> UsageError:
    return UsageError(f"deep budget {given}: give a share such as 0.05, or a number of comments such as 5000")
