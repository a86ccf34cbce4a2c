"""Corpus files become tables of strings: CSV, TSV, JSON, JSON lines and plain lines, compressed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from moderation.errors import DataError
from moderation.train.corpora_spec import Table

_SURROGATE = re.compile("[\ud800-\udfff]")

FILE: Final = "_file"
"""Column that says which file a row was read from."""


def find_file(folder: Path, name: str) -> Path:
    """Return a file of a corpus, plain or gzipped.

    Raises
    ------
    DataError
        Neither is there.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder / name} is missing; download it from the address that datasets/registry.toml states"
    )


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked where its name ends in .gz.

    Raises
    ------
    DataError
        The file cannot be read or is a damaged archive.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}; download it again") from error


def read_table(folder: Path, table: Table) -> pd.DataFrame:
    """Return all rows of a table's files, in order, as strings (JSON keeps its lists).

    Parameters
    ----------
    folder : Path
        The corpus's own folder.
    table : Table

    Returns
    -------
    DataFrame
        The columns of the files, and `_file`: the name of the file without suffixes.

    Raises
    ------
    DataError
        A file is missing or damaged, or does not have the shape that the registry says.
    """
    frames = []
    for path in _paths(folder, table):
        frame = _READERS[table.format](path, table)
        frame[FILE] = path.name.split(".")[0]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def read_csv(
    path: Path, delimiter: str = ",", quoting: str = "csv", columns: Iterable[str] = ()
) -> pd.DataFrame:
    """Return a CSV file as strings; an empty field is an empty string."""
    names = list(columns)
    try:
        return pd.read_csv(
            io.BytesIO(read_bytes(path)),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            quoting=csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL,
            header=None if names else 0,
            names=names or None,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{path} is not the CSV file that the registry describes: {error}") from error


def _paths(folder: Path, table: Table) -> list[Path]:
    paths: list[Path] = []
    for name in table.file:
        if "*" not in name:
            paths.append(find_file(folder, name))
            continue
        found = sorted(folder.glob(name))
        if not found:
            raise DataError(f"{folder} holds no file {name}; name the folder of a checkout of the project")
        paths.extend(found)
    return paths


def _read_csv(path: Path, table: Table) -> pd.DataFrame:
    return read_csv(path, table.delimiter, table.quoting, table.columns)


def _read_json(path: Path, table: Table) -> pd.DataFrame:
    try:
        records = json.loads(read_bytes(path))
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}; download it again") from error
    return _records(records, path)


def _read_jsonl(path: Path, table: Table) -> pd.DataFrame:
    records = []
    for number, line in enumerate(read_bytes(path).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"{path}, line {number}: not JSON: {error}") from error
    return _records(records, path)


def _records(records: Any, path: Path) -> pd.DataFrame:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DataError(f"{path} is not a list of records, as the registry says")
    safe = [{key: _encodable(value) for key, value in record.items()} for record in records]
    return pd.DataFrame.from_records(safe).astype(object)


def _encodable(value: Any) -> Any:
    """Replace half pairs of surrogates, which JSON can escape and no string column can hold."""
    if not isinstance(value, str) or not _SURROGATE.search(value):
        return value
    return _SURROGATE.sub("\ufffd", value)


def _read_lines(path: Path, table: Table) -> pd.DataFrame:
    texts = _lines(path)
    labels = _lines(find_file(path.parent, table.labels_file))
    if len(texts) != len(labels):
        raise DataError(
            f"{path} has {len(texts)} lines, {table.labels_file} has {len(labels)}; download both again"
        )
    return pd.DataFrame({"text": texts, "label": labels})


def _lines(path: Path) -> list[str]:
    # Not splitlines: tweets hold U+2028 and U+0085, which do not end a line of these files.
    lines = read_bytes(path).decode("utf-8").split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]


_READERS: Final = {
    "csv": _read_csv,
    "tsv": _read_csv,
    "json": _read_json,
    "jsonl": _read_jsonl,
    "lines": _read_lines,
}
