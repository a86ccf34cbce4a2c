"""`report`: a finished run shown again, in other forms, by other thresholds, or beside another run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli import options
from moderation.cli.console import console, remark, show
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

DEFAULT_KINDS = "html,csv,jsonl"


Kinds = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="KINDS",
        help=f"What to write, from html,csv,jsonl,md,xlsx,parquet. Default: {DEFAULT_KINDS}.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Where to write it. Default: into RUN."),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="OTHER",
        help="Compare with an earlier run, or with RUN under another policy (a .toml file): which flags "
        "came and went, for whom. Writes comparison.html and comparison.csv.",
    ),
]
Judged = Annotated[
    str | None,
    typer.Option(
        "--estimate",
        metavar="DECISIONS",
        help="Estimate how common labels really are, from a sample that was judged: the file of "
        "'moderation decisions sample', filled in, or other decisions on it (a run, a file) and "
        "--sample. Writes estimate.csv, and the rates into report.html.",
    ),
]
Drawn = Annotated[
    Path | None,
    typer.Option(
        "--sample", metavar="FILE", help="With --estimate: the sample, where DECISIONS is another file."
    ),
]
Per = Annotated[str, typer.Option("--per", metavar="month|thread", help="With --estimate: rates of what.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that scan or score wrote.")],
    to: Kinds = None,
    out: Folder = None,
    policy: options.Policy = None,
    prevalence: options.Prevalence = None,
    against: Against = None,
    estimate: Judged = None,
    sample: Drawn = None,
    per: Per = "month",
    quiet: options.Quiet = False,
) -> None:
    """Write the report of a run again, perhaps with other thresholds; nothing is scored again."""
    from moderation.score.run import Run

    if estimate is not None and against is not None:
        raise UsageError("--estimate does not go with --against")
    if sample is not None and estimate is None:
        raise UsageError("--sample goes with --estimate")
    opened = Run.open(run)
    resolved = opened.reflag(policy, prevalence or ()) if policy or prevalence else None
    if resolved is not None:
        _warn(opened, resolved)
    if estimate is not None:
        _estimate(opened, estimate, sample, per, to, out, resolved, quiet)
        return
    if against is not None:
        _compare(opened, resolved, against, to, out, quiet)
        return
    from moderation.report import RENDERINGS, report_run
    from moderation.report.terminal import render

    files, summary = report_run(opened, _kinds(to or DEFAULT_KINDS, RENDERINGS), out, resolved)
    if not quiet:
        console().print(render(summary))
    for path in files.values():
        show(str(path))


def _warn(run: Run, policy: ResolvedPolicy) -> None:
    from moderation.score.second import beyond_bands, warning

    said = warning(beyond_bands(run, policy))
    if said is not None:
        remark(f"warning: {said}")


def _compare(
    run: Run, policy: ResolvedPolicy | None, against: Path, to: str | None, out: Path | None, quiet: bool
) -> None:
    from moderation.report.comparison import FILES, render, write_comparison
    from moderation.score.run import Run

    # A file is a policy, a folder a run: the message for anything else is that of a run.
    earlier = run if against.is_file() else Run.open(against)
    before = run.reflag(against) if against.is_file() else None
    kinds = _kinds(to, FILES) if to is not None else tuple(FILES)
    comparison, files = write_comparison(earlier, run, out or run.path, (before, policy), to=kinds)
    if not quiet:
        console().print(render(comparison))
    for path in files.values():
        show(str(path))


def _estimate(
    run: Run,
    decisions: str,
    sample: Path | None,
    per: str,
    to: str | None,
    out: Path | None,
    policy: ResolvedPolicy | None,
    quiet: bool,
) -> None:
    from moderation.decisions.exchange import load_decisions
    from moderation.report import RENDERINGS, write_report
    from moderation.report.estimate import estimate
    from moderation.report.estimated import render, write_estimate
    from moderation.report.sample import read_sample

    drawn = read_sample(sample or Path(decisions))
    made = drawn.decisions if sample is None else load_decisions(decisions)
    kinds = _kinds(to or "html", RENDERINGS)
    found = estimate(run, drawn, made, per, policy=policy)
    paths = [write_estimate(found, out or run.path)]
    paths += write_report(run, kinds, out, policy, corrected=found).values()
    if not quiet:
        console().print(render(found))
    for path in paths:
        show(str(path))


def _kinds(to: str, known: Iterable[str]) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in to.split(",") if kind.strip()))
    if not kinds or not set(kinds) <= set(known):
        raise UsageError(f"--to {to}: choose from {', '.join(known)}")
    return kinds
