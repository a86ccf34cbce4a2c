"""Which format an input has: by content, never by name; ties and strangers are named."""

from __future__ import annotations

import pickle
from importlib.metadata import EntryPoint

import pytest

from moderation.errors import ConfigError, DataError, UsageError
from moderation.ingest import registry
from moderation.ingest.base import Format, Head
from moderation.ingest.registry import choose, formats, get_format


def _head(data: bytes, name: str = "dump") -> Head:
    return Head(name, data, data.decode("utf-8", "replace"), True)


def test_formats_can_travel_to_other_processes() -> None:
    for name, found in formats().items():
        assert pickle.loads(pickle.dumps(found)) is not None
        assert found.name == name == name.lower()
        assert found.title and "\n" not in found.title


def test_names_do_not_decide() -> None:
    assert choose(_head(b'{"text": "x"}\n{"text": "y"}\n', "dump.csv")).name == "jsonl"
    assert choose(_head(b"id,text\n1,x\n", "dump.json")).name == "csv"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 40, "is binary"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 500, "is binary"),
        (b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 100, "is an image"),
        (b"PK\x05\x06" + bytes(18), "is an empty zip archive"),
        (b"b.csv" + bytes(252) + b"ustar\x0000" + bytes(248), "is a tar archive; unpack it and give"),
        (b"Rar!\x1a\x07\x01\0" + bytes(300), "is a RAR archive; unpack it"),
        (b"%PDF-1.7\n" + bytes(300), "is a PDF; save its text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office document; save it as .xlsx or .csv"),
        (
            b"-- MySQL dump\n\nINSERT INTO `c` VALUES (1,'Hello there');\n" * 20,
            "is a SQL dump; export the table",
        ),
        (b"<svg></svg>", "looks like no known dump"),
        (b"{}", "looks like no known dump"),
        (b"   \n\n", "looks like no known dump"),
    ],
)
def test_what_nothing_recognises_is_one_clear_line(data: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        choose(_head(data))
    assert "\n" not in str(caught.value) and str(caught.value).startswith("dump: ")


def test_ties_are_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (_copy(name, 0.8) for name in ("one", "two"))
    monkeypatch.setattr(registry, "_load", lambda: {"one": one, "two": two})
    with pytest.raises(DataError, match="could be one or two; say which: --format one or --format two"):
        choose(_head(b"x"))
    assert choose(_head(b"x"), "two") is two


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown format 'nonsense'; known: .*disqus-xml.*reddit"):
        get_format("nonsense")
    with pytest.raises(UsageError, match="no columns to map"):
        choose(_head(b"x"), "reddit", tables_only=True)


def test_packages_offer_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = EntryPoint("extra", "moderation.ingest.formats.lines:FORMATS", registry.ENTRY_POINTS)
    registry._load.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [offered])
    with pytest.raises(
        ConfigError, match=r"'extra' of an installed package is no moderation.ingest.base.Format"
    ):
        formats()
    missing = EntryPoint("extra", "no_such_module:FORMAT", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [missing])
    with pytest.raises(ConfigError, match=r"cannot be loaded \(No module named"):
        formats()
    registry._load.cache_clear()


def _copy(name: str, confidence: float) -> Format:
    known = get_format("lines")
    return Format(name, known.title, (), lambda head: confidence, known.split, known.parse)
