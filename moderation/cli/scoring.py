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
from moderation.cli.groups import grouped
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
    for command in (scan, score, ingest):
        app.command()(grouped(command))


def scan(
    inputs: options.Inputs,
    out: RunFolder,
    scoring: options.Scoring,
    reading: options.Reading,
    quiet: options.Quiet = False,
) -> None:
    """Read a dump, score every comment and write a report: the main job.

    RUN then holds report.html to read and share, the flagged comments as CSV and JSON lines, all scores as
    Parquet, and run.json with the account of every record that was read. If it is interrupted, the same
    command goes on where it stopped.
    """
    request = _request(inputs, reading, scoring)
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
    scoring: options.Scoring,
    reading: options.Reading,
    quiet: options.Quiet = False,
) -> None:
    """Add scores and flags to comments, and write them as one table.

    A table of yours comes back with all its rows in their order and all its columns as they were; ours
    follow. Values are written as they are: a cell that begins with = is a formula to a spreadsheet program.
    """
    from moderation.score.export import table_format

    suffix = table_format(out)
    request = _request(inputs, reading, scoring)
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
    reading: options.Reading,
    quiet: options.Quiet = False,
) -> None:
    """Turn a dump into one table of comments, without scores."""
    _write_table(_request(inputs, reading), out, quiet)


def _write_table(request: Request, out: str, quiet: bool) -> None:
    from moderation.score.export import write_file

    with _resumable(out), watcher(quiet) as progress:
        outcome = write_file(request, out, BinaryOutput(), progress)
    _finish(outcome, quiet)


def _request(inputs: list[str], reading: options.Reading, scoring: options.Scoring | None = None) -> Request:
    from moderation.score.engine import make_request
    from moderation.score.parallel import Workers
    from moderation.score.privacy import Privacy, read_key
    from moderation.score.select import Selection

    since = options.point_in_time("--since", reading.since)
    until = options.point_in_time("--until", reading.until)
    key = read_key(reading.pseudonymize) if reading.pseudonymize else None
    reads: dict[str, Any] = {
        "format": reading.format,
        "columns": options.column_map(reading.column),
        "selection": Selection(reading.limit, reading.sample, since, until),
        "privacy": Privacy(key, reading.redact),
        "workers": Workers(reading.jobs, reading.backend, reading.scheduler),
    }
    if scoring is None:
        return make_request(inputs, None, None, **reads)
    return make_request(
        inputs,
        scoring.model,
        scoring.policy,
        tier=scoring.tier,
        deep_budget=scoring.deep_budget,
        prevalence=scoring.prevalence or (),
        any_language=scoring.any_language,
        **reads,
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
