"""Parts of a model card: reliability, transfer between corpora, and what the audit got wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moderation.train.card import number, table
from moderation.train.reliability import FIGURE
from moderation.train.transfer import mean_left_out


def reliability_section(found: Mapping[str, Mapping[str, Any]], drawn: bool) -> str:
    """Return calibration and precision on the reference mix, from `reliability`."""
    rows = [
        [
            f"`{label}`",
            *(
                number(figures.get(name))
                for name in ("calibration_error", "calibration_error_above_0.1", "precision", "recall")
            ),
        ]
        for label, figures in found.items()
    ]
    text = (
        "Held-out texts of the corpora that the probabilities are calibrated on, weighted as described "
        "above. Precision and recall at the default policy's threshold.\n\n"
        + table(["label", "ECE", "ECE (p ≥ .1)", "precision", "recall"], rows)
    )
    alternative = "Share of comments that carry a label against the probability given, by label"
    return f"{text}\n\n![{alternative}]({FIGURE})" if drawn else text


def transfer_section(label: str, found: dict[str, dict[str, float]], seeds: int) -> str:
    """Return ROC-AUC per corpus, trained with it and without it, from `transfer`."""
    rows = [
        [
            corpus,
            f"{figures['positives']:,} of {figures['rows']:,}",
            *(
                f"{figures[kind]:.3f} ± {figures[f'{kind}_sd']:.3f}"
                for kind in ("in_domain", "plain", "left_out")
            ),
        ]
        for corpus, figures in found.items()
    ]
    return (
        f"ROC-AUC of `{label}` on a fifth of each corpus, mean and standard deviation over {seeds} splits: "
        "this model trained on all corpora; a plain TF-IDF model trained on that corpus alone; this model "
        f"with that corpus left out of training (mean over corpora {mean_left_out(found):.3f}).\n\n"
        + table(["corpus", "positives", "in domain", "plain model", "left out"], rows)
    )


def failures_section(audit: Mapping[str, Any]) -> str:
    """Return the worst failures of each group of an audit, most wrong first."""
    parts = []
    for name, group in audit["groups"].items():
        if group["failures"]:
            wanted = "not flagged" if group["expected"] == "flag" else "flagged"
            shown = "\n".join(f"  - {_inline(text)}" for text in group["failures"][:3])
            parts.append(f"- {name}: {1 - group['right']:.0%} {wanted}, for instance\n{shown}")
    return "\n".join(parts) or "None."


def _inline(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").split()) + "`"
