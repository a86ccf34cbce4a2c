"""Hiding who wrote: keyed pseudonyms for authors and ids, and contact details masked in texts.

Limits: a name that is written without @ or u/ stays in the text, as does anything else that tells who
someone is; a number written in words is no number. This makes data less personal, not anonymous.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from moderation.errors import ConfigError
from moderation.ingest.base import Reject
from moderation.ingest.tables import INPUT_COLUMNS_KEY
from moderation.schema import RECORD_SCHEMA

KEY_LENGTH: Final = 16
"""Fewest bytes of a key: as hard to guess as the 128 bits that are usual today."""

_IDS: Final = ("comment_id", "thread_id", "parent_id")
_TELLING: Final = ("url", "extra")
# Links and left-over fields name authors and ids in ways that no rule finds.

_MENTION: Final = re.compile(r"(?<![\w@/.])(@|/?u/)(\w(?:[\w.-]*\w)?)")

_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_HEX: Final = r"[0-9A-Fa-f]{1,4}"
_MASKS: Final = (
    (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", "[email]"),
    (rf"\b(?:{_BYTE}\.){{3}}{_BYTE}\b", "[ip]"),
    (
        rf"\b(?:{_HEX}:){{7}}{_HEX}\b|\b[0-9A-Fa-f]{{4}}:(?:{_HEX}:){{0,5}}:(?:{_HEX}(?::{_HEX}){{0,5}})?\b",
        "[ip]",
    ),
    (r"\+\d[\d ().\-/]{6,18}\d", "[phone]"),
    (r"\(\d{2,5}\)[ .-]?\d{3,4}[ .-]?\d{3,5}\b", "[phone]"),
    (r"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b", "[phone]"),
    (r"\b0\d{2,4}[ /-]\d{5,8}\b", "[phone]"),
)
"""RE2 patterns and what stands in their place. Dates, prices and long numbers alone are no phone numbers."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What to hide; the default hides nothing.

    Parameters
    ----------
    key : bytes or None
        Key of the pseudonyms; the same key gives the same pseudonyms. None = names stay.
    redact : bool
        Mask e-mail addresses, phone numbers and IP addresses in texts and titles.
    """

    key: bytes | None = field(default=None, repr=False)
    redact: bool = False

    def apply(self, table: pa.Table) -> pa.Table:
        """Return a record table with what is to be hidden hidden; without the user's own columns if any is.

        Only the user knows what those columns hold, so none of them is kept.
        """
        if self.key is None and not self.redact:
            return table
        metadata = {k: v for k, v in (table.schema.metadata or {}).items() if k != INPUT_COLUMNS_KEY}
        table = table.select(RECORD_SCHEMA.names).replace_schema_metadata(metadata or None)
        if self.redact:
            for name in ("text", "thread_title"):
                table = _set(table, name, _mask(table[name]))
        if self.key is not None:
            table = _set(table, "author", self._each(table["author"], "user-", str.casefold))
            for name in _IDS:
                table = _set(table, name, self._each(table[name], "id-", str))
            for name in _TELLING:
                table = _set(table, name, pa.nulls(table.num_rows, pa.string()))
            table = _set(table, "text", self._mentions(table["text"]))
        return table

    def conceal(self, reject: Reject) -> Reject:
        """Return a reject without its excerpt, which no rule was applied to."""
        return reject if self.key is None and not self.redact else replace(reject, excerpt="")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for `run.json`; of the key only a fingerprint."""
        fingerprint = hmac.digest(self.key, b"fingerprint", "sha256").hex()[:16] if self.key else None
        return {"pseudonymize": fingerprint, "redact": self.redact}

    def _each(self, column: pa.ChunkedArray, prefix: str, form: Any) -> pa.ChunkedArray:
        encoded = pc.dictionary_encode(column).combine_chunks()
        names = [self._pseudonym(prefix, form(name)) for name in encoded.dictionary.to_pylist()]
        # An empty id is none: rows of a table without threads share one that says nothing.
        kept = [
            name if given else "" for name, given in zip(names, encoded.dictionary.to_pylist(), strict=True)
        ]
        return pa.chunked_array([pa.array(kept, pa.string()).take(encoded.indices)], pa.string())

    def _pseudonym(self, prefix: str, name: str) -> str:
        assert self.key is not None
        digest = hmac.digest(self.key, f"{prefix}\0{name}".encode("utf-8", "surrogatepass"), "sha256")
        return prefix + digest.hex()[:16]

    def _mentions(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        suspicious = pc.match_substring_regex(texts, r"@|u/")
        if not pc.any(suspicious).as_py():
            return texts

        def rename(match: re.Match[str]) -> str:
            return match[1] + self._pseudonym("user-", match[2].casefold())

        renamed = [_MENTION.sub(rename, text) for text in texts.filter(suspicious).to_pylist()]
        return pc.replace_with_mask(texts.combine_chunks(), suspicious.combine_chunks(), pa.array(renamed))


def read_key(path: Path) -> bytes:
    """Return the key in a file.

    Raises
    ------
    ConfigError
        It cannot be read or is too short.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read: {error.strerror or error}") from error
    if len(key) < KEY_LENGTH:
        raise ConfigError(
            f"{path}: a key needs at least {KEY_LENGTH} bytes; make one with: openssl rand -hex 32 > {path}"
        )
    return hashlib.sha256(key).digest()


def _mask(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    for pattern, mask in _MASKS:
        texts = pc.replace_substring_regex(texts, pattern, mask)
    return texts


def _set(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), column)
