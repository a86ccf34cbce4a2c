"""A run directory, read: its manifest, its parts with their threads and flags, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.classify.deep.tiered import restored
from moderation.classify.model import Model, load_stated
from moderation.classify.policy import ResolvedPolicy
from moderation.errors import DataError, UsageError
from moderation.ingest import tables
from moderation.schema import (
    COMMENT_COLUMNS,
    COMMENT_SCHEMA,
    THREAD_SCHEMA,
    input_columns,
    probability_column,
    score_schema,
    scored_schema,
)
from moderation.score.accounting import Accounting
from moderation.score.overlay import DEEP, with_second_looks
from moderation.score.writer import COMMENTS, MANIFEST, REJECTS_FILE, THREADS, part_path

FORMAT_VERSION: Final = 1
"""Version of the run directory; a reader refuses a newer one."""

_POLICY_COLUMNS: Final = ("text", "author", "url", "thread_title", "not_scored")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: what a command says last.

    Parameters
    ----------
    accounting : Accounting
        What became of every record.
    problems : list of str
        Inputs that could not be read, or not to their end: one line each.
    first_reject : str or None
        Input, place and reason of the first rejected record.
    rejects : Path or None
        File of all rejected records.
    """

    accounting: Accounting
    problems: list[str]
    first_reject: str | None
    rejects: Path | None

    @property
    def good(self) -> bool:
        """True where all of the data was."""
        return not self.accounting.rejected and not self.problems


class Run:
    """A finished run.

    Parameters
    ----------
    path : Path
        The run directory.
    manifest : dict
        What `run.json` holds.

    Examples
    --------
    >>> run = Run.open("run/")  # doctest: +SKIP
    >>> run.accounting.scored  # doctest: +SKIP
    15
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a finished run.

        Raises
        ------
        UsageError
            There is no run.
        DataError
            The run is unfinished, damaged, or of a newer version of this tool.
        """
        path = Path(path)
        manifest = read_manifest(path)
        if manifest["state"] != "finished":
            raise DataError(f"{path} is unfinished; give the command that began it again to finish it")
        return cls(path, manifest)

    @property
    def policy(self) -> ResolvedPolicy | None:
        """Thresholds that the run was made with; None for a run without scores."""
        stored = self.manifest["policy"]
        return ResolvedPolicy.from_dict(stored) if stored is not None else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the model that scored the run, in its order."""
        return tuple(self.manifest["model"]["labels"]) if self.manifest["model"] else ()

    @property
    def accounting(self) -> Accounting:
        """What became of every record."""
        return Accounting.from_dict(self.manifest["accounting"])

    @property
    def problems(self) -> list[str]:
        """Inputs that could not be read, or not to their end: one line each."""
        return [entry["problem"] for entry in self.manifest["inputs"] if entry["problem"]]

    @property
    def rejects(self) -> Path:
        """File of the records that could not become a row."""
        return self.path / REJECTS_FILE

    @property
    def outcome(self) -> Outcome:
        """How the run ended."""
        first = None
        if self.accounting.rejected:
            with self.rejects.open(encoding="utf-8") as lines:
                reject = json.loads(next(lines))
            first = f"{reject['input']}, {reject['place']}: {reject['reason']}"
        return Outcome(self.accounting, self.problems, first, self.rejects)

    @property
    def schema(self) -> pa.Schema:
        """Columns of the run in order: comments, scores, then the user's own."""
        parts = [pq.read_schema(path).empty_table() for path in self._parts(COMMENTS)]
        if not parts:
            return scored_schema(self.labels) if self.labels else COMMENT_SCHEMA
        # One type for each column of theirs over all inputs, as for tables read into memory.
        whole = tables.concat(parts).schema
        fields = {field.name: field for field in whole}
        for field in chain.from_iterable(part.schema for part in parts):
            if field.metadata and field.type.equals(fields[field.name].type):
                fields[field.name] = field
        fields |= {field.name: field for field in THREAD_SCHEMA}
        if self.labels:
            fields["flags"] = score_schema(self.labels).field("flags")
        ours = [*COMMENT_COLUMNS, *(score_schema(self.labels).names if self.labels else ())]
        theirs = input_columns(whole.names)
        return pa.schema([fields[name] for name in [*ours, *theirs]], _input_metadata(whole))

    def batches(
        self, columns: Sequence[str] | None = None, policy: ResolvedPolicy | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Iterate over the rows in their order, one part in memory at a time.

        Parameters
        ----------
        columns : sequence of str, optional
            Names to read; default: all.
        policy : ResolvedPolicy, optional
            Flags by these thresholds; default: those of the run.

        Yields
        ------
        pyarrow.RecordBatch
            Rows of one part, in `Run.schema`.

        Raises
        ------
        UsageError
            A column is unknown.
        """
        schema = self.schema
        if columns is not None:
            unknown = [name for name in columns if name not in schema.names]
            if unknown:
                raise UsageError(
                    f"{self.path} has no column {unknown[0]!r}; it has {', '.join(schema.names)}"
                )
            schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
        policy = policy or self.policy
        for number in range(len(self.manifest["parts"])):
            yield from self._part(number, schema, policy).to_batches()

    def to_table(
        self, columns: Sequence[str] | None = None, policy: ResolvedPolicy | None = None
    ) -> pa.Table:
        """Return the whole run as one table; see `batches` for one that does not fit into memory."""
        batches = list(self.batches(columns, policy))
        if batches:
            return pa.Table.from_batches(batches)
        schema = self.schema
        return (pa.schema([schema.field(name) for name in columns]) if columns else schema).empty_table()

    def reflag(self, policy: Path | None = None, prevalence: Sequence[str] = ()) -> ResolvedPolicy:
        """Resolve another policy against this run; nothing is scored again.

        Parameters
        ----------
        policy : Path, optional
            Policy file; default: the policy of the run's model, or what the run was made with where only
            prevalences are given.
        prevalence : sequence of str
            `LABEL=SHARE` or `estimate`: how common labels are in this run.

        Raises
        ------
        ModelError
            The model that scored the run is not there any more.
        ConfigError
            The file holds something that cannot be used.
        """
        asked = self.model().policy(policy, prevalence)
        parts = len(self.manifest["parts"])
        scores = run_probabilities(self.path, parts, asked.targets) if asked.needs_run else None
        own = self.policy
        if policy is None and prevalence and own is not None:
            return asked.resolve_again(own, scores)
        return asked.resolve(scores)

    def model(self) -> Model:
        """Load the model that scored the run; of two tiers, each decides on what it decided on in the run.

        Raises
        ------
        UsageError
            The run was not scored, or the model is not there any more.
        ModelError
            There is another version of it now.
        """
        stated = self.manifest["model"]
        if stated is None:
            raise UsageError(f"{self.path} was not scored; score it with: moderation scan")
        return restored(load_stated(stated), self.manifest.get("second_look"))

    def report(
        self,
        to: Iterable[str] = ("html", "csv", "jsonl"),
        out: str | Path | None = None,
        policy: ResolvedPolicy | None = None,
    ) -> dict[str, Path]:
        """Render the run.

        Parameters
        ----------
        to : iterable of str
            Among html, csv, jsonl, md, xlsx.
        out : path, optional
            Folder of the files; default: the run directory.
        policy : ResolvedPolicy, optional
            Flags by these thresholds; default: those of the run.

        Returns
        -------
        dict of str to Path
            The file of each rendering.
        """
        from moderation.report import write_report

        return write_report(self, tuple(to), Path(out) if out else self.path, policy)

    def _parts(self, folder: str) -> list[Path]:
        return [part_path(self.path, folder, number) for number in range(len(self.manifest["parts"]))]

    def _part(self, number: int, schema: pa.Schema, policy: ResolvedPolicy | None) -> pa.Table:
        flagging = "flags" in schema.names and policy is not None
        wanted = set(schema.names)
        if flagging:
            wanted |= {*_POLICY_COLUMNS, *map(probability_column, self.labels)}
        table = _read(part_path(self.path, COMMENTS, number), wanted)
        if "second_look" in self.manifest:
            table = with_second_looks(self.path, number, table)
        threads = [name for name in THREAD_SCHEMA.names if name in wanted]
        if threads:
            overlay = _read(part_path(self.path, THREADS, number), set(threads))
            if overlay.num_rows != table.num_rows:
                raise DataError(
                    f"{self.path}: part {number} and its threads differ in length; score it again"
                )
            for name in threads:
                table = table.append_column(THREAD_SCHEMA.field(name), overlay[name])
        if flagging and policy is not None:
            table = table.append_column(schema.field("flags"), policy.flags(table))
        for field in schema:
            if field.name not in table.column_names:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        try:
            table = table.select(schema.names).cast(schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{self.path}: columns of its inputs do not fit together: {error}") from error
        return table.replace_schema_metadata(schema.metadata)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what `run.json` of a run holds, finished or not.

    Raises
    ------
    UsageError
        There is no run.
    DataError
        The manifest is damaged or of a newer version.
    """
    if not (path / MANIFEST).is_file():
        raise UsageError(
            f"{path} is no run: it holds no {MANIFEST}; make one with: moderation scan INPUT -o {path}"
        )
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except (ValueError, KeyError) as error:
        raise DataError(f"{path / MANIFEST} is damaged ({error}); delete {path} and score again") from error
    if version > FORMAT_VERSION:
        raise DataError(f"{path} was written by a newer version of this tool; upgrade it")
    return manifest


def run_probabilities(path: Path, parts: int, labels: Iterable[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return the probabilities of all rows of a run by label, NaN where a row was not scored."""
    columns = {label: probability_column(label) for label in labels}
    read = [_read(part_path(path, COMMENTS, number), set(columns.values())) for number in range(parts)]
    if (path / DEEP).is_dir():
        read = [with_second_looks(path, number, table) for number, table in enumerate(read)]
    table = pa.concat_tables(read)
    return {label: table[column].to_numpy().astype(np.float32) for label, column in columns.items()}


def _read(path: Path, names: set[str]) -> pa.Table:
    try:
        file = pq.ParquetFile(path)
        table = file.read(columns=[name for name in file.schema_arrow.names if name in names])
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} could not be read ({error}); score the dump again") from error
    if not table.num_columns:
        # A file read without columns would forget how many rows it has.
        table = file.read(columns=[file.schema_arrow.names[0]])
    return table.replace_schema_metadata(None)


def _input_metadata(schema: pa.Schema) -> dict[bytes, bytes] | None:
    noted = (schema.metadata or {}).get(tables.INPUT_COLUMNS_KEY)
    return {tables.INPUT_COLUMNS_KEY: noted} if noted else None
