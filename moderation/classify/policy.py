"""Which probabilities become flags: a target per label, and the house's own rules.

A policy file states targets; resolving it against a model (and a run, for a budget) gives plain thresholds,
and those alone decide, so that flags can be made again without scoring again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.prevalence import Assumption, Prevalence, reference_prevalence, shifted
from moderation.classify.rules import Rule, apply_rules, read_rules
from moderation.errors import ConfigError
from moderation.schema import probability_column

KINDS: Final = ("threshold", "precision", "recall", "budget", "off")
DEFAULT_PRECISION: Final = 0.8
LEAST_SURE: Final = 0.5
"""How likely the least sure flag has to be, as a part of the precision that is asked of all together. Where a
label is easily told, they would keep that precision although those added last are nearly all wrong."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy asks of one label.

    Parameters
    ----------
    kind : {"threshold", "precision", "recall", "budget", "off"}
    value : float
        A probability, a share, or a number of comments; ignored for "off".
    """

    kind: str
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a threshold puts a label, at the model's reference prevalence.

    Parameters
    ----------
    threshold, precision, recall : float
        All in [0, 1].
    """

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """Plain thresholds and rules: all that is needed to make flags.

    Parameters
    ----------
    thresholds : dict of str to (float or None)
        None: the label is not flagged.
    expected_precision : dict of str to (float or None)
        Of each threshold at the assumed prevalence; None where unknown.
    targets : dict of str to str
        What was asked for, in words.
    rules : tuple of Rule
        House rules.
    prevalence : dict of str to Prevalence
        Of the labels for which another prevalence than the model's reference is assumed. Thresholds are
        compared with probabilities at the reference all the same.
    """

    thresholds: dict[str, float | None]
    expected_precision: dict[str, float | None]
    targets: dict[str, str]
    rules: tuple[Rule, ...] = ()
    prevalence: dict[str, Prevalence] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; the opposite of `from_dict`."""
        stated = asdict(self)
        if not self.prevalence:
            # A policy's digest names decisions: it must not change by what is not said.
            del stated["prevalence"]
        return stated

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> ResolvedPolicy:
        """Return the policy that `to_dict` wrote."""
        return cls(
            dict(stated["thresholds"]),
            dict(stated["expected_precision"]),
            dict(stated["targets"]),
            read_rules(stated.get("rules", [])),
            {label: Prevalence(**found) for label, found in stated.get("prevalence", {}).items()},
        )

    def flags(self, table: pa.Table) -> pa.Array:
        """Return the flags of a scored table.

        Parameters
        ----------
        table : pyarrow.Table, n rows
            Needs the probability columns; rules also look at `text`, `author`, `url` and `thread_title`.

        Returns
        -------
        pyarrow.ListArray of str, shape (n,)
            Labels at or above their threshold, in the order of the thresholds, then `rule:<name>`; never
            null.
        """
        names = [label for label, threshold in self.thresholds.items() if threshold is not None]
        above = np.zeros((table.num_rows, len(names)), bool)
        for column, label in enumerate(names):
            threshold = np.float32(self.thresholds[label])
            above[:, column] = _probabilities(table, label) >= threshold
        above, names = apply_rules(self.rules, table, above, names, _probabilities)
        offsets = np.concatenate(([0], np.cumsum(above.sum(axis=1))))
        values = np.array(names, object)[np.nonzero(above)[1]]
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, pa.string()))


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked for, before a model and a run turn it into thresholds.

    Parameters
    ----------
    targets : dict of str to Target
    points : dict of str to list of OperatingPoint
        The model's operating points at its reference prevalence, by rising threshold.
    rules : tuple of Rule
    reference : dict of str to float
        The model's reference prevalence per label.
    assumed : Assumption
        What is assumed instead.
    """

    targets: dict[str, Target]
    points: dict[str, list[OperatingPoint]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    reference: dict[str, float] = field(default_factory=dict)
    assumed: Assumption = field(default_factory=Assumption)

    @property
    def needs_run(self) -> bool:
        """True where a budget or a prevalence is only known once the whole run is scored."""
        return self.assumed.estimate or any(target.kind == "budget" for target in self.targets.values())

    def resolve(self, probabilities: Mapping[str, npt.NDArray[np.float32]] | None = None) -> ResolvedPolicy:
        """Turn targets into thresholds.

        Parameters
        ----------
        probabilities : mapping of str to ndarray of float32, optional
            A run's probabilities per label, needed for budgets and to estimate prevalences.

        Raises
        ------
        ConfigError
            A budget or an estimate without a run's probabilities.
        """
        thresholds: dict[str, float | None] = {}
        precision: dict[str, float | None] = {}
        prevalence: dict[str, Prevalence] = {}
        for label, target in self.targets.items():
            found = self.assumed.of(label, self.reference.get(label), probabilities)
            points = self.points.get(label, [])
            least = LEAST_SURE * target.value if target.kind == "precision" else 0.0
            if found is not None:
                prevalence[label] = found
                points = [_moved(point, found) for point in points]
                least = float(shifted(np.array([least]), found.assumed, found.reference)[0])
            thresholds[label] = _threshold(label, target, points, least, probabilities)
            precision[label] = _precision_at(points, thresholds[label])
        words = {
            label: target.kind if target.kind == "off" else f"{target.kind} {target.value:g}"
            for label, target in self.targets.items()
        }
        return ResolvedPolicy(thresholds, precision, words, self.rules, prevalence)

    def resolve_again(
        self, resolved: ResolvedPolicy, probabilities: Mapping[str, npt.NDArray[np.float32]] | None = None
    ) -> ResolvedPolicy:
        """Resolve what a run was made with once more, at the prevalences assumed here.

        Parameters
        ----------
        resolved : ResolvedPolicy
            Its targets, thresholds and rules are taken; only targets of precision move thresholds.
        probabilities : mapping of str to ndarray of float32, optional
            As of `resolve`.
        """
        targets = {}
        for label, words in resolved.targets.items():
            kind, _, value = words.partition(" ")
            threshold = resolved.thresholds[label]
            if kind == "precision":
                targets[label] = Target(kind, float(value))
            else:
                targets[label] = Target("off") if threshold is None else Target("threshold", threshold)
        again = replace(self, targets=targets, rules=resolved.rules).resolve(probabilities)
        return replace(again, targets=dict(resolved.targets))


def _moved(point: OperatingPoint, prevalence: Prevalence) -> OperatingPoint:
    # Where a threshold lies and what it finds does not depend on how common the label is.
    precision = shifted(np.array([point.precision]), prevalence.reference, prevalence.assumed)
    return replace(point, precision=float(precision[0]))


def _threshold(
    label: str,
    target: Target,
    points: Sequence[OperatingPoint],
    least: float,
    probabilities: Mapping[str, npt.NDArray[np.float32]] | None,
) -> float | None:
    if target.kind == "off":
        return None
    if target.kind == "threshold":
        return target.value
    if target.kind == "budget":
        if probabilities is None:
            raise ConfigError(f"a budget for {label!r} needs a scored run; use it with scan, score or report")
        return _budget(probabilities[label], int(target.value))
    if target.kind == "precision":
        return next((max(p.threshold, least) for p in points if p.precision >= target.value), None)
    return next((p.threshold for p in reversed(points) if p.recall >= target.value), None)


def _precision_at(points: Sequence[OperatingPoint], threshold: float | None) -> float | None:
    below = [p for p in points if threshold is not None and p.threshold <= threshold]
    return below[-1].precision if below else None


def default_targets(labels: Sequence[str]) -> dict[str, Target]:
    """Return the default: precision .8 for every label, at the model's reference prevalence."""
    return {label: Target("precision", DEFAULT_PRECISION) for label in labels}


def operating_points(config: Mapping[str, Any]) -> dict[str, list[OperatingPoint]]:
    """Return the operating points that a bundle's configuration holds."""
    stated = config.get("operating_points", {})
    return {label: [OperatingPoint(*map(float, p)) for p in points] for label, points in stated.items()}


def read_policy(path: Path | None, config: Mapping[str, Any], prevalence: Sequence[str] = ()) -> Policy:
    """Read a policy file for a model; labels that it does not name keep the default.

    Parameters
    ----------
    path : Path or None
        TOML: `[labels.<name>]` with one of `threshold`, `precision`, `recall`, `budget`, or `flag = false`;
        `[[rules]]` as in `moderation.classify.rules`; `[prevalence]` with shares by label, or
        `prevalence = "estimate"`; `tier` and `deep_budget` as in
        `moderation.classify.tiers`, which count when a model is loaded. None: the default policy.
    config : mapping
        A bundle's configuration.
    prevalence : sequence of str
        `LABEL=SHARE` or `estimate`, see `Assumption.parse`; what is said here goes before what the file says.

    Raises
    ------
    ConfigError
        The file is missing or no TOML, names an unknown label or has a value out of range.
    """
    labels = list(config["labels"])
    targets = default_targets(labels)
    rules: tuple[Rule, ...] = ()
    assumed = Assumption.parse(prevalence, labels)
    if path is not None:
        stated = read_toml(path)
        unknown = sorted(set(stated) - {"labels", "rules", "prevalence", "tier", "deep_budget"})
        if unknown:
            raise ConfigError(
                f"{path}: unknown table {unknown[0]!r}; a policy has [labels.<name>], [[rules]] and "
                "[prevalence]"
            )
        for label, target in stated.get("labels", {}).items():
            if label not in labels:
                raise ConfigError(f"{path}: unknown label {label!r}; the model has {', '.join(labels)}")
            targets[label] = _target(path, label, target)
        try:
            rules = read_rules(stated.get("rules", []))
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
        assumed = Assumption.of_policy(path, stated.get("prevalence", {}), labels).overridden_by(assumed)
    return Policy(targets, operating_points(config), rules, reference_prevalence(config), assumed)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a policy file holds, unchecked.

    Raises
    ------
    ConfigError
        It is missing or no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such policy file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a policy file: {error}") from error


def _target(path: Path, label: str, stated: Any) -> Target:
    if stated == {"flag": False}:
        return Target("off")
    if not isinstance(stated, dict) or len(stated) != 1 or next(iter(stated)) not in KINDS[:-1]:
        raise ConfigError(
            f"{path}: [labels.{label}] needs exactly one of {', '.join(KINDS[:-1])} or flag = false"
        )
    kind, value = next(iter(stated.items()))
    top = 1e12 if kind == "budget" else 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= top:
        raise ConfigError(f"{path}: {kind} of {label!r} must be a number from 0 to {top:g}, not {value!r}")
    return Target(kind, float(value))


def _budget(values: npt.NDArray[np.float32], count: int) -> float | None:
    """Return the threshold that flags at most `count` comments, as many as ties allow."""
    scored = np.sort(values[~np.isnan(values)])[::-1]
    if count >= len(scored):
        return float(scored[-1]) if len(scored) else None
    higher = scored[scored > scored[count]]
    return float(higher[-1]) if len(higher) else None


def _probabilities(table: pa.Table, label: str) -> npt.NDArray[np.float32]:
    column = pc.fill_null(table[probability_column(label)], float("-inf"))
    values: npt.NDArray[np.float32] = column.to_numpy().astype(np.float32)
    return values
