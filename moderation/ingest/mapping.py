"""Declarative formats: JSON dumps that a TOML file describes, without code of their own.

See `docs/formats.md` for the keys. The files of the package stand in `mappings/`; a user's own go into the
folder that the environment variable MODERATION_FORMATS names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from moderation.errors import ConfigError
from moderation.ingest.jsontree import Found, get
from moderation.schema import KINDS, RECORD_SCHEMA, STATUSES

FOLDER_VARIABLE = "MODERATION_FORMATS"
_OWN = Path(__file__).parent / "mappings"
_MARKUP = ("none", "html", "entities")
_COUNT = re.compile(r"^(-?[\d.,]+)\s*([KMB]?)$", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """What a TOML file says about a format.

    Parameters
    ----------
    name, title : str
        As in `Format`.
    carries : tuple of str
        As in `Format`.
    records : tuple of str
        Paths of the records; see `jsontree.select`. Beside others the empty path is for records that stand
        by themselves: one a line, or in a list.
    columns : mapping of str to tuple of str
        Our column to paths, of which the first that holds something counts.
    requires : tuple of str
        Paths that a record of this format has, and records of others have not; `a|b` is one of them, `a&b` is
        both, `a[]` is a list.
    document : tuple of str
        Keys that the document has.
    empty : tuple of str
        Keys by which a document is known that holds no record.
    sure : float
        How surely a dump with such records is of this format.
    lines : bool
        True where a dump usually has one document a line; one that has not is read as well.
    children : tuple of str
        Paths of a record's own replies.
    above : str or None
        Key under which a record holds the one that it answers.
    mojibake : bool
        True where UTF-8 was taken for Latin-1 once: Facebook and Instagram.
    markup : {"none", "html", "entities"}
        What the text is written in.
    roots : tuple of str
        Parents that mean none.
    parent_field : str or None
        Field that parents name, where it is not the id: Discourse's post numbers.
    parent_pattern : str or None
        Finds the parent in the text or the id, where no field has it.
    parent_from : str
        What the pattern looks at: a path.
    status, kinds : mapping of str to tuple of str
        Our value to the conditions of which one must hold: `isDeleted`, `type=story`, `!visible`.
    skip : mapping of str to tuple of str
        Reason to conditions: records that are no comments.
    extra : tuple of str
        Paths of what is kept in `extra`.
    """

    name: str
    title: str
    carries: tuple[str, ...]
    records: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    requires: tuple[str, ...]
    document: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    sure: float = 0.85
    lines: bool = False
    children: tuple[str, ...] = ()
    above: str | None = None
    mojibake: bool = False
    markup: str = "none"
    roots: tuple[str, ...] = ("", "0", "root")
    parent_field: str | None = None
    parent_pattern: str | None = None
    parent_from: str = ""
    status: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skip: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: tuple[str, ...] = ()


@cache
def mappings() -> dict[str, MappingSpec]:
    """Return all declared formats by name: the package's, then the user's own.

    Raises
    ------
    ConfigError
        A file is no valid description.
    """
    folders = [_OWN]
    if named := os.environ.get(FOLDER_VARIABLE):
        folders.append(Path(named))
    found = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            spec = read_mapping(path)
            found[spec.name] = spec
    return found


def read_mapping(path: Path) -> MappingSpec:
    """Read one description.

    Raises
    ------
    ConfigError
        Naming file and key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a readable TOML file: {error}") from error
    columns = data.pop("columns", None)
    missing = [key for key in ("name", "title", "records", "requires") if key not in data]
    if missing or not isinstance(columns, dict) or "text" not in columns:
        wanted = missing[0] if missing else "columns.text"
        raise ConfigError(f"{path}: a format needs {wanted!r}; see docs/formats.md")
    unknown = sorted(set(columns) - set(RECORD_SCHEMA.names))
    unknown += sorted(set(data) - {name for name in MappingSpec.__dataclass_fields__ if name != "columns"})
    unknown += [value for value in data.get("status", {}) if value not in STATUSES]
    unknown += [value for value in data.get("kinds", {}) if value not in KINDS]
    if data.get("markup", "none") not in _MARKUP:
        unknown.append(str(data["markup"]))
    if unknown:
        raise ConfigError(f"{path}: unknown {unknown[0]!r}; see docs/formats.md")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    values.setdefault("carries", ())
    for key in ("status", "kinds", "skip"):
        values[key] = {name: _paths(conditions) for name, conditions in data.get(key, {}).items()}
    return MappingSpec(columns={name: _paths(value) for name, value in columns.items()}, **values)


def first(found: Found, paths: tuple[str, ...], none: tuple[str, ...] = ()) -> Any:
    """Return the first value at one of the paths that is neither missing nor null nor one of `none`."""
    for path in paths:
        value = get(found, path)
        if value is not None and (not none or plain_text(value) not in none):
            return value
    return None


def which(found: Found, choices: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the first choice of which a condition holds, or None."""
    return next(
        (name for name, conditions in choices.items() if any(holds(found, one) for one in conditions)), None
    )


def holds(found: Found, condition: str) -> bool:
    """Return True where a condition holds: `path` is true, `!path` is not, `path=a|b` is one of them,
    `path=@other` equals another path; of several joined by `&` all hold.
    """
    if "&" in condition:
        return all(holds(found, one) for one in condition.split("&"))
    if condition.startswith("!"):
        return not holds(found, condition[1:])
    path, sign, wanted = condition.partition("=")
    value = get(found, path)
    if wanted.startswith("@"):
        return value is not None and plain_text(value) == plain_text(get(found, wanted[1:]))
    if sign:
        return value is not None and plain_text(value) in wanted.split("|")
    return bool(value) and str(value).lower() not in ("false", "0", "no", "none")


def fits(found: Found, spec: MappingSpec) -> bool:
    """Return True for a record that has all that the description requires."""
    return all(
        any(all(_has(found, path) for path in paths.split("&")) for paths in choices.split("|"))
        for choices in spec.requires
    )


def plain_text(value: Any) -> str | None:
    """Return a value as text: strings as they are, lists of pieces joined (Telegram)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return "".join(plain_text(piece) or "" for piece in value)
    if isinstance(value, dict):
        return plain_text(value.get("text")) or ""
    return str(value)


def count(value: Any) -> int | None:
    """Return a count, also one written as `1.2K`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if abs(value) < 2**62 else None
    if not isinstance(value, str) or (found := _COUNT.match(value.strip())) is None:
        return None
    try:
        number = float(found[1].replace(",", ""))
    except ValueError:
        return None
    return round(number * _FACTORS[found[2].lower()]) if abs(number) < 1e12 else None


def _has(found: Found, path: str) -> bool:
    outer, _, last = path.rpartition(".")
    value = get(found, outer) if outer else found.record
    if last.endswith("[]"):
        return isinstance(value, dict) and isinstance(value.get(last[:-2]), list)
    return isinstance(value, dict) and last in value


def _paths(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
