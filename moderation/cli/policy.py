"""`policy show` and `policy fit`: thresholds in force, and thresholds from decisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli import options
from moderation.cli.console import remark, show, show_table
from moderation.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from moderation.classify.policy import Policy
    from moderation.report.sample import Sample

app = typer.Typer(help="Thresholds: from which probability on a comment is flagged.", no_args_is_help=True)


Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The policy to write (TOML).")]
Judged = Annotated[
    str | None,
    typer.Option(
        "--decisions",
        metavar="FILE",
        help="Decisions: .jsonl, .csv, .parquet, .sqlite, or a run. Default: those in --sample.",
        show_default=False,
    ),
]
JudgedRun = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="The run that they are about. Without it, only decisions that carry texts count.",
    ),
]
Drawn = Annotated[
    Path | None,
    typer.Option(
        "--sample",
        metavar="FILE",
        help="Count only comments of this sample (see: moderation decisions sample), each for as many "
        "as it stands for. Needed for a recall.",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option("--precision", metavar="SHARE", help="Lowest thresholds that keep this precision."),
]
Recall = Annotated[
    float | None,
    typer.Option("--recall", metavar="SHARE", help="Highest thresholds that keep this recall."),
]
Sure = Annotated[
    bool, typer.Option("--sure", help="The lower end of the 95 % interval has to reach the target.")
]
OnlyLabel = Annotated[
    list[str] | None, typer.Option("--label", metavar="LABEL", help="Only this label. Repeatable.")
]


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


@app.command("fit")
def policy_fit(
    out: Out,
    decisions: Judged = None,
    run: JudgedRun = None,
    sample: Drawn = None,
    precision: Precision = None,
    recall: Recall = None,
    sure: Sure = False,
    label: OnlyLabel = None,
    model: options.Model = "fast",
) -> None:
    """Fit thresholds to decisions alone, and write them as a policy."""
    from moderation.report.files import replace_file
    from moderation.train.thresholds import fit_label, policy_text, said

    kind, target = _target(precision, recall)
    if kind == "recall" and sample is None:
        raise UsageError(
            "--recall needs --sample: decisions on flagged comments do not tell what was missed; draw one "
            "with: moderation decisions sample RUN -o FILE"
        )
    rows, labels, drawn, scored_by = _judged(decisions, run, sample, model)
    if unknown := sorted(set(label or ()) - set(labels)):
        raise UsageError(f"--label {unknown[0]}: {scored_by} has {', '.join(labels)}")
    fitted = [fit_label(rows, name, kind, target, sample=drawn, sure=sure) for name in label or labels]
    show_table(
        ("label", "judged", "positive", "flag from", f"{kind}: counted"),
        [
            (
                one.label,
                str(one.judged),
                str(one.positive),
                "-" if one.threshold is None else f"{one.threshold:g}",
                one.reason if one.threshold is None else said(one),
            )
            for one in fitted
        ],
    )
    if all(one.threshold is None for one in fitted):
        raise DataError(
            f"no threshold could be fitted ({fitted[0].label}: {fitted[0].reason}); nothing written"
        )
    facts = {
        "asked for": f"{kind} {target:g}" + (", surely" if sure else ""),
        "decisions": f"{decisions or sample}, {len(rows)} comments",
        "scores": scored_by,
    }
    text = policy_text(fitted, facts)
    replace_file(out, lambda path: path.write_text(text, "utf-8", newline="\n"))
    show(str(out))


def _target(precision: float | None, recall: float | None) -> tuple[str, float]:
    stated = [(k, v) for k, v in (("precision", precision), ("recall", recall)) if v is not None]
    if len(stated) != 1 or not 0 < stated[0][1] <= 1:
        raise UsageError("give one of --precision and --recall, a share above 0 and at most 1, such as 0.9")
    return stated[0]


def _judged(
    decisions: str | None, run: Path | None, sample: Path | None, model: str
) -> tuple[pd.DataFrame, tuple[str, ...], Sample | None, str]:
    """Return judged comments with scores, the labels there are, the sample, and who scored them."""
    from moderation.classify.model import load_model
    from moderation.decisions.exchange import load_decisions
    from moderation.report.sample import read_sample
    from moderation.score.run import Run
    from moderation.train.decided import decided_rows

    if decisions is None and sample is None:
        raise UsageError("give --decisions FILE, or --sample FILE that was filled in")
    drawn = read_sample(sample) if sample is not None else None
    made = drawn.decisions if drawn is not None and decisions is None else load_decisions(str(decisions))
    if run is not None:
        opened = Run.open(run)
        rows, missing = decided_rows(made, opened.labels, opened)
        stated = opened.manifest["model"]
        labels, scored_by = opened.labels, f"{stated['name']}@{stated['digest']}" if stated else "no model"
    else:
        loaded = load_model(model)
        rows, missing = decided_rows(made, loaded.labels)
        scores = loaded.predict_proba(rows["text"].tolist())
        rows = rows.assign(**{f"p_{name}": scores[:, n] for n, name in enumerate(loaded.labels)})
        labels, scored_by = loaded.labels, f"{loaded.name}@{loaded.digest}"
    if missing:
        where = "in the run" if run is not None else "there without a text; name the --run"
        remark(f"{missing:,} decided comments are not {where}")
    if rows.empty:
        raise DataError(f"{decisions or sample}: no decided comment with a known text")
    return rows, labels, drawn, scored_by


def _assumed(policy: Policy, label: str) -> str:
    if label in policy.assumed.stated:
        return f"{policy.assumed.stated[label]:g}"
    if policy.assumed.estimate:
        return "estimated from each run"
    return f"{policy.reference[label]:g}" if label in policy.reference else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
