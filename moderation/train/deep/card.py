"""`metrics.json` and `MODEL_CARD.md` of the second tier: beside the first, at everything and as a cascade."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moderation.classify.deep.parts import MOST
from moderation.train.card import card, number, table
from moderation.train.deep.weights import COMPARED
from moderation.train.judge import Judge

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]

ABOUT = (
    "A transformer encoder of MiniLM's size (all-MiniLM-L6-v2, Apache-2.0, fine-tuned here) for English "
    "comments, one logit per label, weights of one byte. It is the second tier: it looks again at "
    "comments that the linear model is unsure of (the tier `cascade`), or at everything where time allows "
    "(the tier `deep`, which the figures below are of). A score is both tiers' together. Of a disguised "
    "word, as digits for letters make one, it reads the word that the linear model found behind it."
)
LIMIT = (
    "It reads negation and quotation better than a linear model, not reliably; what it does on sentences of "
    "known kinds is in the audit."
)


def write_deep_card(model: Judge, metrics: Mapping[str, Any], out: Path) -> None:
    """Write `metrics.json` and `MODEL_CARD.md` into the folder of the second tier's bundle.

    Parameters
    ----------
    model : Judge
        A second look at everything.
    metrics : mapping
        `test`, `test_fast`, `test_cascade`: figures on the same rows; `audit`, `audit_fast`,
        `audit_cascade`; `curve`; `training`.
    out : Path
    """
    text = json.dumps(metrics, indent=1, sort_keys=True)
    (out / "metrics.json").write_text(text + "\n", "utf-8")
    more = [
        "## Beside the first tier",
        "ROC-AUC on the same held-out rows. The cascade replaces the first tier's probability inside its "
        "bands only, so its ranking mixes both.",
        _beside(metrics["test_fast"], metrics["test"], metrics["test_cascade"]),
        _won(metrics["test_fast"], metrics["test"]),
        "## Functional audit, all tiers",
        _audits(metrics["audit_fast"], metrics["audit"], metrics["audit_cascade"]),
        "## Cascade",
        _bands(model.config),
        _curve(metrics["curve"]),
        "## Weights",
        _weights(metrics["training"]),
    ]
    parts = (
        f"A comment of more than {model.config['max_length']} tokens is read in parts of as many that "
        f"overlap, {MOST} at most, and the odds of the parts are averaged."
    )
    shown = card(model, metrics, about=f"{ABOUT} {parts}", limit=LIMIT, more=more)
    (out / "MODEL_CARD.md").write_text(shown, "utf-8")


def _beside(fast: Figures, deep: Figures, cascade: Figures) -> str:
    rows = [
        [
            f"`{label}`",
            corpus,
            f"{found['rows']:.0f}",
            f"{found['positives']:.0f}",
            number(fast[label][corpus]["roc_auc"]),
            number(found["roc_auc"]),
            number(cascade[label].get(corpus, {}).get("roc_auc")),
        ]
        for label, corpora in deep.items()
        for corpus, found in corpora.items()
    ]
    return table(["label", "corpus", "rows", "positives", "first", "second", "cascade"], rows)


def _won(fast: Figures, deep: Figures) -> str:
    pairs = [
        (f"`{label}` on {corpus}", found["roc_auc"] - fast[label][corpus]["roc_auc"])
        for label, corpora in deep.items()
        for corpus, found in corpora.items()
    ]
    lost = [f"{name} ({gain:+.3f})" for name, gain in pairs if gain <= 0]
    first = f"Both tiers together rank better than the first on {len(pairs) - len(lost)} of {len(pairs)}."
    return f"{first} Not on: {', '.join(lost)}." if lost else first


def _audits(*audits: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            group["label"],
            group["expected"],
            f"{group['cases']}",
            *(f"{audit['groups'][name]['right']:.0%}" for audit in audits),
        ]
        for name, group in audits[0]["groups"].items()
    ]
    total = [
        [what, "", "", "", *(f"{1 - audit[key]:.0%}" for audit in audits)]
        for what, key in (
            ("all that should be flagged", "miss_rate"),
            ("all that should pass", "false_flag_rate"),
        )
    ]
    ranking = [
        [
            f"ranking (ROC-AUC) of `{label}`",
            "",
            "",
            "",
            *(number(audit["ranking"][label]) for audit in audits),
        ]
        for label in audits[0]["ranking"]
    ]
    header = ["group, share right", "label", "should be", "cases", "first", "second", "cascade"]
    return table(header, [*rows, *total, *ranking])


def _bands(config: Mapping[str, Any]) -> str:
    cascade, rows = config["cascade"], []
    for label, factors in config["combine"].items():
        band = cascade["band"].get(label)
        shown = f"{band[0]:.4f} to {band[1]:.4f}" if band else "none"
        rows.append([f"`{label}`", shown, *(f"{value:.3f}" for value in factors)])
    head = table(["label", "band of the first tier's probability", "first", "second", "constant"], rows)
    return (
        "A comment in the band of any label is looked at again; on a mix of ordinary and picked comments "
        f"that is at most {cascade['share']:.0%}. The bands end where equally many decisions are expected to "
        "be put right. All labels of such a comment get the probability of both tiers together, whose "
        "log-odds are added up by the next three columns, and thresholds are those of a look at everything: "
        "fitted to comments in doubt alone, both were worse on the validation texts. The ratio of the two "
        "tiers is the one that best orders the validation comments within each corpus, all corpora counting "
        "alike.\n\n"
        f"{head}"
    )


def _curve(curve: Mapping[str, Any]) -> str:
    rows = [
        [f"{float(share):.0%}", number(found["wrong"]), _share(found["gain"])]
        for share, found in curve["shares"].items()
    ]
    band = curve["band"]
    rows.append([f"the bands, {band['share']:.1%}", number(band["wrong"]), _share(band["gain"])])
    head = table(
        ["looked at again", "wrong decisions per 1,000 comments", "of the gain of looking at everything"],
        rows,
    )
    return (
        f"On held-out comments, 90 % of them Wikipedia's as they come, at each tier's default policy: the "
        f"first tier alone decides {curve['fast']:.2f} labels wrongly per 1,000 comments, a second look at "
        f"everything {curve['deep']:.2f}. A share is at most that: comments of which equally "
        f"much is expected are all looked at again, or none of them.\n\n{head}"
    )


def _share(gain: float | None) -> str:
    return "–" if gain is None else f"{gain:.0%}"


def _weights(facts: Mapping[str, Any]) -> str:
    rows = [
        [f"`{label}`", number(f["float"]), number(f["one_byte"])] for label, f in facts["rounding"].items()
    ]
    head = table(["label", "ROC-AUC, float32", "ROC-AUC, one byte"], rows)
    count = facts["trainings"]
    many = "" if count == 1 else f" and {count} trainings (the recipe says how they differ and are joined)"
    return (
        f"Trained on {facts['texts']:,} texts (rows of some corpora several times) in {facts['steps']:,} "
        f"steps{many}. Rounding the weights to one byte, on held-out rows of all corpora together, at most "
        f"{COMPARED} of each:\n\n{head}"
    )
