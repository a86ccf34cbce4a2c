"""What a format is: a cheap sequential `split` and a pure, parallel `parse`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import pyarrow as pa

from moderation.errors import DataError

EXCERPT_LENGTH = 200
"""Characters of a rejected record that `rejects.jsonl` keeps."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not become a row.

    Parameters
    ----------
    input : str
        Name of the input it stood in.
    place : str
        Where in it, in the reader's own terms: `line 12`, `byte 4096`, `record 7`, `row 3`.
    reason : str
        One sentence.
    excerpt : str
        Its first 200 characters.
    """

    input: str
    place: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an input, decompressed: what sniffing looks at.

    Parameters
    ----------
    name : str
        File name or URL; a hint only, never proof.
    data : bytes
        At most the first 256 KiB.
    text : str
        `data` decoded with the detected charset, undecodable bytes as U+FFFD.
    complete : bool
        True where `data` is the whole input.
    """

    name: str
    data: bytes
    text: str
    complete: bool


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user said about reading; picklable, the same for every chunk of an input.

    Parameters
    ----------
    input : str
        Name of the input, as it appears in messages and `rejects.jsonl`.
    columns : mapping of str to str
        Our column name to the user's: `{"text": "body"}`.
    encoding : str or None
        Charset of the input as detected; None for binary formats. Text formats get their bytes as clean
        UTF-8 whatever it was (see `charset.Utf8Stream`); this is for messages and `run.json`.
    """

    input: str
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A unit of work: any picklable payload, with its place in the decompressed input.

    Parameters
    ----------
    payload : Any
        Bytes of whole lines, raw records or whole threads, as the format's `parse` expects.
    start : int
        Line, record or byte number of its first record, counted from 1 (bytes from 0).
    """

    payload: Any
    start: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Payload of a chunk that is one reject: an endless line, the place where a stream breaks off.

    Splitting meets such records before any parser does; sent along as chunks they are counted and
    written where all others are, in their order.

    Parameters
    ----------
    place : str
        As in `Reject`.
    reason : str
        One sentence.
    excerpt : str
        What is known of it.
    """

    place: str
    reason: str
    excerpt: str = ""


@dataclass(slots=True)
class Parsed:
    """What became of one chunk. `read == table.num_rows + len(rejects) + sum(skipped.values())`.

    Parameters
    ----------
    table : pyarrow.Table
        Rows in `RECORD_SCHEMA`, then the user's own columns under `INPUT_PREFIX`.
    read : int
        Records seen, counted where they are split, not derived from the outcomes.
    rejects : list of Reject
        Records that could not become a row.
    skipped : Counter of str
        Records that were understood and are no comments, by reason.
    repaired : int
        Rows kept with undecodable bytes, NULs or lone surrogates replaced by U+FFFD.
    """

    table: pa.Table
    read: int
    rejects: list[Reject] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """A dump format.

    Parameters
    ----------
    name : str
        As in `--format`.
    title : str
        One line for `moderation formats`.
    carries : tuple of str
        What its records hold: among ids, parents, authors, times, votes, status, titles.
    sniff : callable
        `Head` to a confidence in [0, 1]; 0 = certainly not.
    split : callable
        Binary stream (decompressed) and options to chunks: sequential, cheap, bounded memory.
    parse : callable
        Chunk and options to `Parsed`: pure, picklable, run in worker processes.
    structure : {"none", "chunk", "dump"}
        Where parents stand: nowhere, always in the same chunk, or anywhere in the dump.
    binary : bool
        False: `split` gets clean UTF-8, whatever the charset of the dump. True: the bytes as they are,
        in a stream that can seek.
    table : bool
        True where the records are rows of a user's own table, whose columns may be mapped.
    """

    name: str
    title: str
    carries: tuple[str, ...]
    sniff: Callable[[Head], float]
    split: Callable[[BinaryIO, ReadOptions], Iterator[Chunk]]
    parse: Callable[[Chunk, ReadOptions], Parsed]
    structure: Literal["none", "chunk", "dump"] = "dump"
    binary: bool = False
    table: bool = False


@dataclass(slots=True)
class Accounting:
    """What became of everything that was read: `read == rows + rejected + sum(skipped.values())`.

    Parameters
    ----------
    read, rows, rejected, repaired : int
        Counts over all chunks so far.
    skipped : Counter of str
        Records that are no comments, by reason.
    rejects : list of Reject
        The rejected records themselves.
    """

    read: int = 0
    rows: int = 0
    rejected: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def add(self, parsed: Parsed) -> None:
        """Count one more chunk."""
        self.read += parsed.read
        self.rows += parsed.table.num_rows
        self.rejected += len(parsed.rejects)
        self.skipped.update(parsed.skipped)
        self.repaired += parsed.repaired
        self.rejects.extend(parsed.rejects)

    def check(self) -> None:
        """Raise `DataError` unless everything that was read is accounted for."""
        accounted = self.rows + self.rejected + self.skipped.total()
        if self.read != accounted:
            raise DataError(
                f"{self.read} records were read but {accounted} accounted for "
                f"({self.rows} rows, {self.rejected} rejected, {self.skipped.total()} skipped); "
                "please report this file's format as a bug"
            )
