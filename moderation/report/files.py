"""Writes a report's files: each whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moderation.errors import DataError, UsageError
from moderation.report.facts import Facts
from moderation.report.html import render_html
from moderation.report.markdown import render_markdown
from moderation.report.summary import SHOWN, Summary, summarise
from moderation.report.tables import write_csv, write_jsonl, write_parquet, write_xlsx

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation
    from moderation.classify.policy import ResolvedPolicy
    from moderation.report.estimate import Estimate
    from moderation.score.run import Run

RENDERINGS: Final = {
    "html": "report.html",
    "md": "report.md",
    "xlsx": "report.xlsx",
    "csv": "flagged.csv",
    "jsonl": "flagged.jsonl",
    "parquet": "flagged.parquet",
}
"""Name of each rendering and of its file."""


def write_report(
    run: Run,
    to: Iterable[str] = ("html", "csv", "jsonl"),
    out: str | Path | None = None,
    policy: ResolvedPolicy | None = None,
    *,
    explain: Callable[[str], Explanation] | None = None,
    corrected: Estimate | None = None,
) -> dict[str, Path]:
    """Render a run.

    Parameters
    ----------
    run : Run
        A finished run.
    to : iterable of str
        Among html, md, xlsx, csv, jsonl, parquet.
    out : path, optional
        Folder of the files, made where it is not there; default: the run directory.
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.
    explain : callable, optional
        Text to explanation, for highlights; default: the model of the run.
    corrected : Estimate, optional
        Corrected rates of this run, to be shown on the HTML page as well.

    Returns
    -------
    dict of str to Path
        The file of each rendering.

    Raises
    ------
    UsageError
        A rendering is unknown, or needs a library that is not installed.
    DataError
        A file could not be written.
    """
    return report_run(run, to, out, policy, explain=explain, corrected=corrected)[0]


def report_run(
    run: Run,
    to: Iterable[str] = ("html", "csv", "jsonl"),
    out: str | Path | None = None,
    policy: ResolvedPolicy | None = None,
    *,
    explain: Callable[[str], Explanation] | None = None,
    corrected: Estimate | None = None,
) -> tuple[dict[str, Path], Summary]:
    """Render a run and return its summary as well, for one reading of the run; see `write_report`."""
    wanted = list(dict.fromkeys(to))
    unknown = [name for name in wanted if name not in RENDERINGS]
    if unknown:
        raise UsageError(f"no report of the kind {unknown[0]!r}; there is {', '.join(RENDERINGS)}")
    folder = Path(out) if out is not None else run.path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} could not be made: {error.strerror or error}") from error
    written = {}
    with Facts(run, policy) as facts:
        shown = SHOWN if {"html", "md"} & set(wanted) else 0
        summary = summarise(run, policy, shown=shown, facts=facts, explain=explain)
        for name in wanted:
            path = folder / RENDERINGS[name]
            replace_file(path, _writer(name, facts, summary, corrected))
            written[name] = path
    return written, summary


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name and rename it into place: it is whole or not there.

    Raises
    ------
    DataError
        The file could not be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(draft)
        draft.replace(path)
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _writer(
    name: str, facts: Facts, summary: Summary, corrected: Estimate | None
) -> Callable[[Path], object]:
    match name:
        case "html":
            page = render_html(summary, corrected=corrected)
            return lambda path: path.write_text(page, "utf-8", newline="\n")
        case "md":
            return lambda path: path.write_text(render_markdown(summary), "utf-8", newline="\n")
        case "xlsx":
            return lambda path: write_xlsx(facts, summary, path)
        case "csv":
            return lambda path: write_csv(facts, path)
        case "jsonl":
            return lambda path: write_jsonl(facts, path)
        case _:
            return lambda path: write_parquet(facts, path)
