"""The formats: built in and from installed packages, and which of them an input has."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from moderation.errors import ConfigError, DataError, UsageError
from moderation.ingest.base import Format, Head
from moderation.ingest.strangers import described

ENTRY_POINTS = "moderation.formats"
"""Group under which a package offers further formats: `name = "module:FORMAT"`."""

_BUILT_IN = (
    "plaintext",
    "whatsapp",
    "blogger",
    "mbox",
    "staticman",
    "isso",
    "disqus",
    "reddit",
    "htmlpage",
    "redditapi",
    "wordpress",
    "stackexchange",
    "mapped",
    "delimited",
    "jsonrecords",
    "columnar",
    "xlsx",
    "lines",
)

LEAST = 0.2
"""A format that is less sure of an input than this is not considered."""

CLOSE = 0.05
"""Formats whose confidence differs by less fit equally well."""


def formats() -> dict[str, Format]:
    """Return all formats by name, built-in ones first."""
    return dict(_load())


def get_format(name: str) -> Format:
    """Return the format of that name.

    Raises
    ------
    UsageError
        There is none; the message lists those there are.
    """
    known = _load()
    if name not in known:
        raise UsageError(f"unknown format {name!r}; known: {', '.join(known)}")
    return known[name]


def choose(head: Head, name: str | None = None, tables_only: bool = False) -> Format:
    """Return the named format, or the one that the content shows.

    Parameters
    ----------
    head : Head
        The beginning of the input.
    name : str, optional
        As the user gave it.
    tables_only : bool, default False
        True where the user named columns: the input is a table then.

    Raises
    ------
    DataError
        Nothing recognises the content, or two formats fit equally well.
    UsageError
        The named format does not exist, or has no columns to map.
    """
    if name is not None:
        named = get_format(name)
        if tables_only and not named.table:
            raise UsageError(f"the format {name!r} has no columns to map; leave --column out")
        return named
    if not head.data:
        raise DataError(f"{head.name}: the file is empty")
    candidates = [found for found in _load().values() if found.table or not tables_only]
    fits = sorted(((found.sniff(head), found) for found in candidates), key=lambda fit: -fit[0])
    best, found = fits[0]
    if best < LEAST:
        raise DataError(f"{head.name}: {described(head.data, head.text)}")
    rivals = [other.name for confidence, other in fits if best - confidence < CLOSE]
    if len(rivals) > 1:
        raise DataError(
            f"{head.name}: could be {' or '.join(rivals)}; say which: --format {' or --format '.join(rivals)}"
        )
    return found


@cache
def _load() -> dict[str, Format]:
    found: dict[str, Format] = {}
    for module in _BUILT_IN:
        for built_in in import_module(f"moderation.ingest.formats.{module}").FORMATS:
            found[built_in.name] = built_in
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            offered = entry.load()
        except Exception as error:  # a broken plug-in may raise anything
            raise ConfigError(
                f"the format {entry.name!r} of {_owner(entry)} cannot be loaded ({error}); "
                "update or uninstall it"
            ) from error
        if not isinstance(offered, Format):
            raise ConfigError(
                f"the format {entry.name!r} of {_owner(entry)} is no moderation.ingest.base.Format"
            )
        found[offered.name] = offered
    return found


def _owner(entry: object) -> str:
    distribution = getattr(entry, "dist", None)
    return distribution.name if distribution is not None else "an installed package"
