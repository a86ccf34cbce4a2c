"""Files of a run that are either whole or not there: temporary name, sync, rename; and the lock."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from moderation.errors import DataError, ModerationError

PART_KEY: Final = b"moderation.part"
"""Schema metadata of a part that holds its accounting: a part is its own proof of being done."""

COMMENTS: Final = "comments"
THREADS: Final = "threads"
REJECTS: Final = "rejects"
REJECTS_FILE: Final = "rejects.jsonl"
TEMPORARY: Final = "tmp"
MANIFEST: Final = "run.json"


def part_path(run: Path, folder: str, number: int, suffix: str = ".parquet") -> Path:
    """Return the path of a part; five digits keep a listing in order up to 100,000 parts."""
    return run / folder / f"part-{number:05d}{suffix}"


def replace_file(path: Path, write: Callable[[Path], None], temporary: Path | None = None) -> None:
    """Write a file under a temporary name, sync it and rename it into place.

    Parameters
    ----------
    path : Path
        Where the file ends up; an older one is replaced in one step.
    write : callable
        Writes the file at the path that it is given.
    temporary : Path, optional
        Folder of the temporary name, on the same file system; default: beside `path`.

    Raises
    ------
    DataError
        The file could not be written: no space, no permission.
    """
    folder = temporary or path.parent
    draft = folder / f".{path.name}.{os.getpid()}.tmp"
    try:
        try:
            write(draft)
            _sync(draft)
            draft.replace(path)
            _sync(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from error


def write_part(
    run: Path, folder: str, number: int, table: pa.Table, note: Mapping[str, Any] | None = None
) -> None:
    """Write one part of a run as zstd Parquet.

    Parameters
    ----------
    run : Path
        The run directory.
    folder : str
        `comments` or `threads`.
    number : int
        The part's number.
    table : pyarrow.Table
        Its rows.
    note : mapping, optional
        Its accounting, kept in the file's own metadata.
    """
    if note is not None:
        metadata = {**(table.schema.metadata or {}), PART_KEY: json.dumps(note, sort_keys=True).encode()}
        table = table.replace_schema_metadata(metadata)

    def write(draft: Path) -> None:
        pq.write_table(table, draft, compression="zstd", compression_level=1)

    replace_file(part_path(run, folder, number), write, run / TEMPORARY)


def part_note(path: Path) -> dict[str, Any]:
    """Return the accounting that a part carries.

    Raises
    ------
    DataError
        The file is no part of a run.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
        note: dict[str, Any] = json.loads(metadata[PART_KEY])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise DataError(
            f"{path} is no part of a run: {error}; delete it and run the command again"
        ) from error
    return note


def write_manifest(run: Path, manifest: Mapping[str, Any]) -> None:
    """Rewrite `run.json` in one step."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    replace_file(run / MANIFEST, lambda draft: _write_text(draft, text))


def write_lines(path: Path, lines: Iterator[str], temporary: Path) -> None:
    """Write lines of UTF-8 text in one step."""

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)

    replace_file(path, write, temporary)


def sweep(run: Path) -> None:
    """Remove what an interrupted process left in `tmp/`."""
    for path in sorted((run / TEMPORARY).glob("**/*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@contextmanager
def lock(run: Path) -> Iterator[None]:
    """Hold the run directory against a second writer.

    Raises
    ------
    ModerationError
        Another process holds it.
    """
    with hold(run / ".lock", f"{run} is being written by another process; wait for it, or give another -o"):
        yield


@contextmanager
def hold(path: Path, taken: str) -> Iterator[None]:
    """Hold a file against other processes.

    Parameters
    ----------
    path : Path
        Made where it is not there; it says nothing and stays.
    taken : str
        What to say where another process holds it.

    Raises
    ------
    ModerationError
        Another process holds it.
    """
    # The lock goes with the process, however it ends.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModerationError(taken) from error
        yield
    finally:
        os.close(descriptor)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
