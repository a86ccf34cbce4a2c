"""`policy show` and `policy fit`: thresholds in force, and thresholds from decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from moderation.cli import options
from moderation.cli.console import show_table

if TYPE_CHECKING:
    from moderation.classify.policy import Policy

app = typer.Typer(help="Thresholds: from which probability on a comment is flagged.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="policy")


@app.command("show")
def policy_show(
    model: options.Model = "fast", file: options.Policy = None, prevalence: options.Prevalence = None
) -> None:
    """Show the thresholds in force: the model's own, or those of a policy file."""
    from moderation.classify.model import load_model

    stated = load_model(model).policy(file, prevalence or ())
    if stated.needs_run:
        rows = [
            (label, f"{target.kind} {target.value:g}", "", "", _assumed(stated, label))
            for label, target in stated.targets.items()
        ]
    else:
        resolved = stated.resolve()
        rows = [
            (
                label,
                target,
                _number(resolved.thresholds[label]),
                _number(resolved.expected_precision[label]),
                _assumed(stated, label),
            )
            for label, target in resolved.targets.items()
        ]
    show_table(("label", "asked for", "flagged from", "expected precision", "prevalence"), rows)


def _assumed(policy: Policy, label: str) -> str:
    if label in policy.assumed.stated:
        return f"{policy.assumed.stated[label]:g}"
    if policy.assumed.estimate:
        return "estimated from each run"
    return f"{policy.reference[label]:g}" if label in policy.reference else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
