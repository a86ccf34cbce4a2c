"""Functional tests of a model and bias metrics of identity groups, on sentences written for the project.

A corpus says how often a model is right; these say on what it is wrong. Where it fails is part of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import roc_auc_score

from moderation.classify.policy import ResolvedPolicy
from moderation.train.audit_cases import Cases, Group, Identities, Obfuscation, read_cases
from moderation.train.judge import Judge

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SHOWN_FAILURES: Final = 5
IDENTITY_LABEL: Final = "abusive"
"""What the identity metrics rank by: the label that both hate and a personal insult carry."""
PLAIN: Final = "insults in plain words"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model and a policy made of a group.

    Parameters
    ----------
    group : Group, n texts
    flagged : ndarray of bool, shape (n,)
    probability : ndarray of float64, shape (n,)
        Of the likeliest of the group's labels, whether or not a text was withheld.
    not_scored : int
        Texts that were withheld.
    """

    group: Group
    flagged: Bool
    probability: F64
    not_scored: int

    @property
    def wrong(self) -> Bool:
        """Which texts were not treated as expected, shape (n,)."""
        return ~self.flagged if self.group.expected == "flag" else self.flagged

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready figures; the failures are the worst, furthest from what was expected."""
        order = np.argsort(self.probability, kind="stable")
        worst = order if self.group.expected == "flag" else order[::-1]
        return {
            "label": ", ".join(self.group.labels),
            "expected": self.group.expected,
            "cases": len(self.wrong),
            "right": round(float(1 - self.wrong.mean()), 4),
            "mean_probability": round(float(self.probability.mean()), 4),
            "failures": [self.group.texts[at] for at in worst if self.wrong[at]][:SHOWN_FAILURES],
        }


def audit(model: Judge, policy: ResolvedPolicy | None = None, cases: Cases | None = None) -> dict[str, Any]:
    """Test a model on sentences of known kinds.

    Parameters
    ----------
    model : Judge
    policy : ResolvedPolicy, optional
        Makes the flags; the model's default policy if not given. A label that it does not flag makes the
        cases wrong that should be flagged for it.
    cases : Cases, optional
        The project's own if not given.

    Returns
    -------
    dict
        `groups`: name to `label` (several joined by ", "; a case counts as flagged where any is),
        `expected`, `cases`, `right` (share), `mean_probability` (of a case's likeliest label) and `failures`
        (the five worst texts).
        `obfuscation`: `mean_difference` and `max_difference` between an insult's probability in disguise and
        in plain words, and `kinds`, the same by kind of disguise.
        `identities`: term to `subgroup_auc`, `bpsn_auc` and `bnsp_auc`, see `identity_metrics`.
        `ranking`: label to the ROC-AUC of its probability, cases that should be flagged for it against those
        that should pass, which needs no threshold.
        `false_flag_rate`, `miss_rate`: wrong shares of all cases that should pass and be flagged.
        `not_scored`: cases withheld (by language, for instance) and so never flagged.
    """
    cases = cases or read_cases()
    policy = policy or model.policy().resolve({})
    outcomes = [_outcome(model, policy, group) for group in (*cases.groups, *_disguises(cases.obfuscation))]
    by_name = {outcome.group.name: outcome for outcome in outcomes}
    return {
        "groups": {name: outcome.to_dict() for name, outcome in by_name.items()},
        "obfuscation": _differences(cases.obfuscation, by_name),
        "identities": _identities(model, cases.identities),
        "ranking": _ranking(model, cases.groups),
        "false_flag_rate": _wrong_share(outcomes, "pass"),
        "miss_rate": _wrong_share(outcomes, "flag"),
        "not_scored": sum(outcome.not_scored for outcome in outcomes),
    }


def identity_metrics(identity: npt.NDArray[np.object_], abusive: Bool, probability: F64) -> dict[str, Any]:
    """Return ranking metrics per identity.

    Each is a ROC-AUC on a part of the texts: `subgroup_auc` on those about the identity; `bpsn_auc`
    (background positive, subgroup negative) on its harmless ones and the abusive ones of the background, low
    where harmless texts about it are scored too high; `bnsp_auc` (background negative, subgroup positive) on
    its abusive ones and the harmless ones of the background, low where abuse of it is scored too low. The
    background of an identity is all others.

    Parameters
    ----------
    identity : ndarray of str, shape (n,)
    abusive : ndarray of bool, shape (n,)
    probability : ndarray of float64, shape (n,)

    Returns
    -------
    dict of str to dict
        By identity, in the order in which they come.

    References
    ----------
    Borkan, Dixon, Sorensen, Thain, Vasserman (2019), Nuanced Metrics for Measuring Unintended Bias with Real
    Data for Text Classification. https://arxiv.org/abs/1903.04561
    """
    result = {}
    for term in dict.fromkeys(identity.tolist()):
        subgroup = identity == term
        parts = {
            "subgroup_auc": subgroup,
            "bpsn_auc": subgroup != abusive,
            "bnsp_auc": subgroup == abusive,
        }
        result[term] = {
            name: round(float(roc_auc_score(abusive[part], probability[part])), 4)
            for name, part in parts.items()
        }
    return result


def _outcome(model: Judge, policy: ResolvedPolicy, group: Group) -> Outcome:
    scored = model.score_table(pa.table({"text": pa.array(group.texts, pa.string())}))
    flags = policy.flags(scored).to_pylist()
    return Outcome(
        group,
        np.array([not set(group.labels).isdisjoint(row) for row in flags]),
        _probability(model, group.labels, group.texts),
        pc.sum(pc.is_valid(scored["not_scored"])).as_py(),
    )


def _probability(model: Judge, labels: Iterable[str], texts: Sequence[str]) -> F64:
    columns = [model.labels.index(label) for label in labels]
    highest: F64 = model.predict_proba(texts)[:, columns].max(axis=1).astype(np.float64)
    return highest


def _disguises(obfuscation: Obfuscation) -> list[Group]:
    kinds = {PLAIN: obfuscation.plain}
    kinds |= {_disguised(kind): texts for kind, texts in obfuscation.disguised.items()}
    return [Group(name, obfuscation.labels, "flag", texts) for name, texts in kinds.items()]


def _disguised(kind: str) -> str:
    return f"insults in disguise: {kind}"


def _differences(obfuscation: Obfuscation, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    plain = outcomes[PLAIN].probability
    found = {kind: np.abs(outcomes[_disguised(kind)].probability - plain) for kind in obfuscation.disguised}
    kinds = {kind: _mean_and_max(differences) for kind, differences in found.items()}
    return {**_mean_and_max(np.concatenate(list(found.values()))), "kinds": kinds}


def _mean_and_max(differences: F64) -> dict[str, float]:
    mean, most = float(differences.mean()), float(differences.max())
    return {"mean_difference": round(mean, 4), "max_difference": round(most, 4)}


def _identities(model: Judge, identities: Identities) -> dict[str, Any]:
    templates = [(text, False) for text in identities.harmless] + [
        (text, True) for text in identities.abusive
    ]
    rows = [
        (term, abusive, text.format(identity=term))
        for term in identities.terms
        for text, abusive in templates
    ]
    terms, abusive, texts = zip(*rows, strict=True)
    probability = _probability(model, [IDENTITY_LABEL], texts)
    return identity_metrics(np.array(terms, object), np.array(abusive), probability)


def _ranking(model: Judge, groups: Sequence[Group]) -> dict[str, float]:
    result = {}
    for label in model.labels:
        cases = [
            (text, group.expected == "flag")
            for group in groups
            if label in group.labels
            for text in group.texts
        ]
        if len({positive for _, positive in cases}) == 2:
            texts, positive = zip(*cases, strict=True)
            result[label] = round(float(roc_auc_score(positive, _probability(model, [label], texts))), 4)
    return result


def _wrong_share(outcomes: Iterable[Outcome], expected: str) -> float:
    wrong = [outcome.wrong for outcome in outcomes if outcome.group.expected == expected]
    return round(float(np.concatenate(wrong).mean()), 4)
