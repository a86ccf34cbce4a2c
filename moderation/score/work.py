"""One unit of work, on a laptop's core or a cluster's: chunks in, one part written, counts out."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.model import load_model
from moderation.errors import ModerationError, UsageError
from moderation.ingest import tables
from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Parsed, ReadOptions, Reject
from moderation.ingest.charset import mend
from moderation.ingest.linesplit import Lines
from moderation.ingest.reader import parse_chunk
from moderation.ingest.registry import get_format
from moderation.schema import INPUT_PREFIX, check_records
from moderation.score.accounting import Accounting
from moderation.score.privacy import Privacy
from moderation.score.select import Selection
from moderation.score.writer import COMMENTS, REJECTS, TEMPORARY, part_path, write_lines, write_part


class Scorer(Protocol):
    """What a unit of work needs of a model."""

    def score_table(self, table: pa.Table, *, any_language: bool = False) -> pa.Table:
        """Append probabilities, `language`, `not_scored` and `tier`."""
        ...


class Flagger(Protocol):
    """What a unit of work needs of a policy, to tell how many rows were flagged so far."""

    def flags(self, table: pa.Table) -> pa.ListArray:
        """Return the labels that each row is flagged with."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of one input and how to read it."""

    chunk: Chunk
    format: str
    options: ReadOptions


@dataclass(frozen=True, slots=True)
class Task:
    """What becomes one part: one large chunk, or the chunks of several small inputs."""

    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is the same for all units of work of a run; picklable.

    Parameters
    ----------
    run : Path
        The run directory, on storage that all workers share.
    model : str, Scorer or None
        Folder of a bundle, which each worker maps into memory once; a model object is sent along as it
        is; None = rows are ingested but not scored.
    policy : Flagger or None
        For the count of rows flagged so far; parts hold no flags.
    any_language : bool
        Score texts in languages that the model was not trained on.
    selection : Selection
        Which rows to keep.
    privacy : Privacy
        What to hide, before anything is scored: a score can be made again from the stored text.
    """

    run: Path
    model: str | Scorer | None = None
    policy: Flagger | None = None
    any_language: bool = False
    selection: Selection = field(default_factory=Selection)
    privacy: Privacy = field(default_factory=Privacy)


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker tells about its part: counts only, never rows."""

    number: int
    accounting: Accounting
    flagged: int


_SCORING = Lock()
# A cluster's worker may have several threads, a model has one memo.


def work(task: Task, settings: Settings) -> Done:
    """Parse, score and write one part.

    Parameters
    ----------
    task : Task
        Its chunks.
    settings : Settings
        Those of the run.

    Returns
    -------
    Done
        The part's number and its counts.
    """
    table, rejects, accounting = score_pieces(task.pieces, settings)
    flagged = _count_flagged(table, settings)
    if rejects:
        # Before the part itself, so that a part that is there has its rejects beside it.
        write_lines(
            part_path(settings.run, REJECTS, task.number, ".jsonl"),
            (json.dumps(asdict(reject), ensure_ascii=False) for reject in rejects),
            settings.run / TEMPORARY,
        )
    write_part(settings.run, COMMENTS, task.number, table, accounting.to_dict())
    return Done(task.number, accounting, flagged)


def score_pieces(pieces: Iterable[Piece], settings: Settings) -> tuple[pa.Table, list[Reject], Accounting]:
    """Parse chunks and score their rows: a pure function of the bytes and the model.

    Parameters
    ----------
    pieces : iterable of Piece
        Chunks of one or more inputs.
    settings : Settings
        Model and selection; nothing is written.

    Returns
    -------
    table : pyarrow.Table
        Rows in `RECORD_SCHEMA`, then the score columns but `flags`, then the user's own columns.
    rejects : list of Reject
        Records that could not become a row.
    accounting : Accounting
        Counts, checked.
    """
    accounting = Accounting()
    rejects: list[Reject] = []
    kept = []
    for piece in pieces:
        parsed = parse(piece)
        rows, left_out = settings.selection.apply(parsed.table)
        kept.append(settings.privacy.apply(rows))
        rejects += map(settings.privacy.conceal, parsed.rejects)
        accounting.read += parsed.read
        accounting.rows += rows.num_rows
        accounting.rejected += len(parsed.rejects)
        accounting.skipped.update(parsed.skipped)
        accounting.skipped.update(left_out)
        accounting.repaired += parsed.repaired
    table = kept[0] if len(kept) == 1 else tables.concat(kept)
    model = _model(settings.model)
    if model is None:
        accounting.not_scored["no model asked for"] += table.num_rows
    else:
        with _SCORING:
            table = _order(model.score_table(table, any_language=settings.any_language))
        accounting.scored, accounting.not_scored = count_scores(table)
    accounting.not_scored = +accounting.not_scored
    accounting.check("a part")
    return table, rejects, accounting


def parse(piece: Piece) -> Parsed:
    """Parse one chunk; a chunk that its reader cannot survive becomes a reject, never a crash.

    Parameters
    ----------
    piece : Piece
        The chunk and how to read it.

    Returns
    -------
    Parsed
        Rows checked against `RECORD_SCHEMA`.
    """
    try:
        with _without_collector():
            parsed = parse_chunk(get_format(piece.format), piece.chunk, piece.options)
        parsed.table = check_records(parsed.table)
    except (UsageError, MemoryError):
        raise
    except Exception as error:  # a reader's bug must not end a run over a month of data
        what = str(error) if isinstance(error, ModerationError) else f"{type(error).__name__}: {error}"
        rejects = _all_rejected(piece, f"the {piece.format} reader could make nothing of it ({what})")
        return Parsed(tables.empty_table(), len(rejects), rejects)
    return parsed


def _all_rejected(piece: Piece, reason: str) -> list[Reject]:
    """Return a reject for each record of a chunk, as far as they can be told apart."""
    payload, start, name = piece.chunk.payload, piece.chunk.start, piece.options.input
    if not isinstance(payload, Lines):
        return [Reject(name, f"chunk from {start} on", reason, repr(payload)[:EXCERPT_LENGTH])]
    lines = payload.data.decode("utf-8", "replace").split("\n")[: payload.count]
    return [
        Reject(name, f"line {number}", reason, mend(line[:EXCERPT_LENGTH]))
        for number, line in enumerate(lines, start)
    ]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Spare a tenth of the time: the cycle collector would walk the fresh records again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def count_scores(table: pa.Table) -> tuple[int, Counter[str]]:
    """Return how many rows of a scored table have probabilities, and the others by reason."""
    withheld = table["not_scored"]
    reasons = pc.value_counts(withheld.drop_null()).to_pylist()
    return withheld.null_count, Counter({entry["values"]: entry["counts"] for entry in reasons})


def _order(table: pa.Table) -> pa.Table:
    """Our columns first, the user's after them, so that all parts of a run look alike."""
    return table.select(sorted(table.column_names, key=lambda name: name.startswith(INPUT_PREFIX)))


def _count_flagged(table: pa.Table, settings: Settings) -> int:
    if settings.policy is None or settings.model is None or not table.num_rows:
        return 0
    flags = settings.policy.flags(table)
    return int(pc.sum(pc.greater(pc.list_value_length(flags), 0)).as_py() or 0)


def _model(model: str | Scorer | None) -> Scorer | None:
    return _load(model) if isinstance(model, str) else model


@lru_cache(maxsize=1)
def _load(path: str) -> Scorer:
    return load_model(path)
