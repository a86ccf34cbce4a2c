"""Options that several commands share, in one wording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from moderation.errors import UsageError

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Dumps: files, folders, patterns such as 'dumps/*.zst', URLs, or - for standard input. "
        "Compressed files (.gz .bz2 .xz .zst .zip) are read as they are.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Format of the dump, if it is not recognised by itself; see: moderation formats",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OURS=YOURS",
        help="For tables: which of your columns holds what, such as text=body or author=user. Repeatable.",
    ),
]
Model = Annotated[str, typer.Option("--model", metavar="NAME|DIR", help="Classifier; see: moderation models")]
Tier = Annotated[
    str | None,
    typer.Option(
        "--tier",
        metavar="fast|cascade|deep",
        help="Which classifiers: the linear model alone; then a transformer for what it is unsure of; or the "
        "both for everything. The last two need moderation[deep]. Default: fast.",
        show_default=False,
    ),
]
DeepBudget = Annotated[
    str | None,
    typer.Option(
        "--deep-budget",
        metavar="SHARE|N",
        help="With --tier cascade: look again at a share of the comments at most, such as 0.05, or at N.",
        show_default=False,
    ),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Thresholds of your house (TOML). Default: the model's own.",
        show_default=False,
    ),
]
Prevalence = Annotated[
    list[str] | None,
    typer.Option(
        "--prevalence",
        metavar="LABEL=SHARE|estimate",
        help="How common a label is in your comments, such as threat=0.01, or estimated from their scores. "
        "Moves thresholds and expected precision, not scores. Repeatable.",
    ),
]
AnyLanguage = Annotated[
    bool,
    typer.Option("--any-language", help="Also score comments in languages that the model has not learnt."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Processes to work with. Default: one per core."),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend", metavar="loky|dask", help="Where to work: on this machine, or on a Dask cluster."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="tcp://…", help="With --backend dask: address of the cluster's scheduler."
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N comments.")]
Sample = Annotated[
    float | None,
    typer.Option(
        "--sample",
        metavar="SHARE",
        help="Only a share of the threads, such as 0.05: whole threads, the same ones every time.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="DATE", help="Only comments from this time on, such as 2024-01-31 (UTC)."
    ),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Only comments before this time (UTC).")
]
Pseudonymize = Annotated[
    Path | None,
    typer.Option(
        "--pseudonymize",
        metavar="KEYFILE",
        help="Replace authors, @mentions and ids by keyed hashes; the same key gives the same names. "
        "Links and columns of your own are left out.",
    ),
]
Redact = Annotated[
    bool,
    typer.Option("--redact", help="Mask e-mail addresses, phone numbers and IP addresses in the texts."),
]
Licences = Annotated[
    str | None,
    typer.Option(
        "--licences",
        metavar="CLASSES",
        help="Only corpora of these licence classes, from free,share-alike,non-commercial,unclear.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary, only errors.")]


@dataclass(frozen=True, slots=True)
class Scoring:
    """By which model and from which thresholds on, as `scan` and `score` are told."""

    model: Model = "fast"
    tier: Tier = None
    deep_budget: DeepBudget = None
    policy: Policy = None
    prevalence: Prevalence = None
    any_language: AnyLanguage = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a dump, as what and where, as `scan`, `score` and `ingest` are told."""

    format: Format = None
    column: Columns = None
    limit: Limit = None
    sample: Sample = None
    since: Since = None
    until: Until = None
    pseudonymize: Pseudonymize = None
    redact: Redact = False
    jobs: Jobs = None
    backend: Backend = "loky"
    scheduler: Scheduler = None


def names(given: str | None) -> list[str]:
    """Return the names of an option that takes several, separated by commas."""
    return [name.strip() for name in given.split(",")] if given is not None else []


def column_map(given: list[str] | None) -> dict[str, str]:
    """Return our column name to the user's, from `OURS=YOURS`.

    Raises
    ------
    UsageError
        An option is not of that form, or names a column that the comment table does not have.
    """
    from moderation.schema import RECORD_SCHEMA

    columns = {}
    for text in given or ():
        ours, sign, yours = text.partition("=")
        if not sign or not yours:
            raise UsageError(f"--column {text}: write OURS=YOURS, such as text=body")
        if ours not in RECORD_SCHEMA.names:
            raise UsageError(f"--column {text}: no column {ours!r}; known: {', '.join(RECORD_SCHEMA.names)}")
        columns[ours] = yours
    return columns


def point_in_time(option: str, given: str | None) -> datetime | None:
    """Return the time that an option names, in UTC where it says nothing else.

    Raises
    ------
    UsageError
        It is no date or time.
    """
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise UsageError(f"{option} {given}: write a date such as 2024-01-31, or 2024-01-31T18:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
