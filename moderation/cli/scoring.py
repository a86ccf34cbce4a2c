"""`scan`, `ingest` and `score`: from a dump to a run or a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderation.cli import options
from moderation.cli.console import BinaryOutput, complain, console, remark, show
from moderation.cli.errors import Interrupted
from moderation.cli.progress import watcher

if TYPE_CHECKING:
    from moderation.score.engine import Request
    from moderation.score.run import Outcome

PROBLEMS_SHOWN = 10
"""Inputs that failed and are named on the terminal; a folder may hold thousands."""

RunFolder = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="RUN", help="Folder of the results; made if it is not there."),
]
TableOut = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        metavar="OUT",
        help="A .parquet, .csv or .jsonl file, which is replaced as a whole, or - for JSON lines on "
        "standard output.",
    ),
]
ScoreOut = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        metavar="OUT",
        help="A .parquet, .csv or .jsonl file, - for JSON lines on standard output, or a run folder if it "
        "has no suffix.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(scan)
    app.command()(score)
    app.command()(ingest)


def scan(
    inputs: options.Inputs,
    out: RunFolder,
    model: options.Model = "fast",
    tier: options.Tier = None,
    deep_budget: options.DeepBudget = None,
    policy: options.Policy = None,
    prevalence: options.Prevalence = None,
    format: options.Format = None,
    column: options.Columns = None,
    any_language: options.AnyLanguage = False,
    limit: options.Limit = None,
    sample: options.Sample = None,
    since: options.Since = None,
    until: options.Until = None,
    pseudonymize: options.Pseudonymize = None,
    redact: options.Redact = False,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = None,
    quiet: options.Quiet = False,
) -> None:
    """Read a dump, score every comment and write a report: the main job.

    RUN then holds report.html to read and share, the flagged comments as CSV and JSON lines, all scores as
    Parquet, and run.json with the account of every record that was read. If it is interrupted, the same
    command goes on where it stopped.
    """
    request = _request(
        inputs, model, policy, tier=tier, deep_budget=deep_budget,
        prevalence=prevalence or (), format=format, column=column,
        any_language=any_language,
        limit=limit, sample=sample, since=since, until=until,
        pseudonymize=pseudonymize, redact=redact, jobs=jobs, backend=backend, scheduler=scheduler,
    )  # fmt: skip
    from moderation.report import report_run, summarise
    from moderation.report.terminal import render
    from moderation.score.engine import fill

    summary = None
    with _resumable(out), watcher(quiet) as progress:
        run = fill(request, out, progress)
        page = run.path / "report.html"
        if not page.exists():
            _, summary = report_run(run)
    if not quiet:
        console().print(render(summary or summarise(run)))
    show(str(page))
    _finish(run.outcome, quiet=True)


def score(
    inputs: options.Inputs,
    out: ScoreOut,
    model: options.Model = "fast",
    tier: options.Tier = None,
    deep_budget: options.DeepBudget = None,
    policy: options.Policy = None,
    prevalence: options.Prevalence = None,
    format: options.Format = None,
    column: options.Columns = None,
    any_language: options.AnyLanguage = False,
    limit: options.Limit = None,
    sample: options.Sample = None,
    since: options.Since = None,
    until: options.Until = None,
    pseudonymize: options.Pseudonymize = None,
    redact: options.Redact = False,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = None,
    quiet: options.Quiet = False,
) -> None:
    """Add scores and flags to comments, and write them as one table.

    A table of yours comes back with all its rows in their order and all its columns as they were; ours
    follow. Values are written as they are: a cell that begins with = is a formula to a spreadsheet program.
    """
    from moderation.score.export import table_format

    suffix = table_format(out)
    request = _request(
        inputs, model, policy, tier=tier, deep_budget=deep_budget,
        prevalence=prevalence or (), format=format, column=column,
        any_language=any_language,
        limit=limit, sample=sample, since=since, until=until,
        pseudonymize=pseudonymize, redact=redact, jobs=jobs, backend=backend, scheduler=scheduler,
    )  # fmt: skip
    if suffix is not None:
        _write_table(request, out, quiet)
        return
    from moderation.score.engine import fill

    with _resumable(out), watcher(quiet) as progress:
        run = fill(request, Path(out), progress)
    _finish(run.outcome, quiet)


def ingest(
    inputs: options.Inputs,
    out: TableOut,
    format: options.Format = None,
    column: options.Columns = None,
    limit: options.Limit = None,
    sample: options.Sample = None,
    since: options.Since = None,
    until: options.Until = None,
    pseudonymize: options.Pseudonymize = None,
    redact: options.Redact = False,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = None,
    quiet: options.Quiet = False,
) -> None:
    """Turn a dump into one table of comments, without scores."""
    request = _request(
        inputs, None, None, format=format, column=column,
        limit=limit, sample=sample, since=since, until=until,
        pseudonymize=pseudonymize, redact=redact, jobs=jobs, backend=backend, scheduler=scheduler,
    )  # fmt: skip
    _write_table(request, out, quiet)


def _write_table(request: Request, out: str, quiet: bool) -> None:
    from moderation.score.export import write_file

    with _resumable(out), watcher(quiet) as progress:
        outcome = write_file(request, out, BinaryOutput(), progress)
    _finish(outcome, quiet)


def _request(
    inputs: list[str],
    model: str | None,
    policy: Path | None,
    *,
    column: list[str] | None,
    limit: int | None,
    sample: float | None,
    since: str | None,
    until: str | None,
    pseudonymize: Path | None,
    redact: bool,
    jobs: int | None,
    backend: str,
    scheduler: str | None,
    **others: Any,
) -> Request:
    from moderation.score.engine import make_request
    from moderation.score.parallel import Workers
    from moderation.score.privacy import Privacy, read_key
    from moderation.score.select import Selection

    selection = Selection(
        limit, sample, options.point_in_time("--since", since), options.point_in_time("--until", until)
    )
    privacy = Privacy(read_key(pseudonymize) if pseudonymize else None, redact)
    columns = options.column_map(column)
    return make_request(
        inputs,
        model,
        policy,
        columns=columns,
        selection=selection,
        privacy=privacy,
        workers=Workers(jobs, backend, scheduler),
        **others,
    )


@contextmanager
def _resumable(out: str | Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        kept = str(out) != "-"
        said = "what was done is kept: the same command goes on from there" if kept else "nothing is kept"
        raise Interrupted(f"interrupted; {said}") from error


def _finish(outcome: Outcome, quiet: bool) -> None:
    """Say what became of the data, and leave with 1 if some of it was bad."""
    counts = outcome.accounting
    if not quiet:
        remark(
            f"read {counts.read:,} records: {counts.rows:,} comments, "
            f"{counts.rejected:,} rejected, {counts.skipped.total():,} skipped"
        )
    if outcome.good:
        return
    for problem in outcome.problems[:PROBLEMS_SHOWN]:
        complain(problem)
    if len(outcome.problems) > PROBLEMS_SHOWN:
        complain(f"and {len(outcome.problems) - PROBLEMS_SHOWN:,} more inputs")
    if counts.rejected:
        where = f"; all of them: {outcome.rejects}" if outcome.rejects else ""
        noun = "record" if counts.rejected == 1 else "records"
        complain(f"{counts.rejected:,} {noun} could not be read, first {outcome.first_reject}{where}")
    raise typer.Exit(1)
