"""What a file is that no format knows, and what its owner can do about it."""

from __future__ import annotations

import re

_UNPACK = "unpack it and give the files or their folder"
_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x05\x06", "is an empty zip archive"),
    (b"PK\x03\x04", "is a zip archive inside another file; unpack it and give the files or their folder"),
    (b"7z\xbc\xaf\x27\x1c", f"is a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"is a RAR archive; {_UNPACK}"),
    (b"%PDF-", "is a PDF; save its text as a .txt file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Office document; save it as .xlsx or .csv"),
    (b"{\\rtf", "is an RTF document; save its text as a .txt file"),
    (b"\x89PNG\r\n", "is an image"),
    (b"\xff\xd8\xff", "is an image"),
    (b"GIF8", "is an image"),
    (b"\x89HDF\r\n", "is an HDF5 file; save its table as .parquet or .csv"),
    (b"ARROW1", "is an Arrow or Feather file; save its table as .parquet or .csv"),
    (
        b"PGDMP",
        "is a dump of PostgreSQL; export the table of comments as CSV: \\copy TABLE to FILE csv header",
    ),
)
_TAR_AT = 257
_SQL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/;?)*(?:CREATE\s+(?:TABLE|DATABASE)|INSERT\s+INTO|DROP\s+TABLE|SET\s+\w+\s*=|LOCK\s+TABLES"
    r"|PRAGMA\s|BEGIN\s+TRANSACTION)\b",
    re.IGNORECASE | re.DOTALL,
)


def described(data: bytes, text: str) -> str:
    """Return what a file is, with the remedy where there is one, to stand behind its name.

    Parameters
    ----------
    data : bytes
        Its beginning.
    text : str
        The same, decoded.

    Examples
    --------
    >>> described(b"%PDF-1.7", "%PDF-1.7")
    'is a PDF; save its text as a .txt file'
    """
    for magic, what in _MAGICS:
        if data.startswith(magic):
            return what
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return f"is a tar archive; {_UNPACK}"
    if is_sql(text):
        return "is a SQL dump; export the table of comments as CSV"
    what = "is binary" if b"\0" in data[:4096] else "looks like no known dump"
    return f"{what}; `moderation formats` lists what can be read (--format NAME)"


def is_sql(text: str) -> bool:
    """Return True for statements of a database's dump, which are no text of people."""
    return _SQL.match(text[:4096]) is not None
