"""Charset: what Excel, old sites and broken exports really write."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.ingest import charset

GERMAN = "id,text\n1,“Größe” – naïve café für 5 €\n2,Füße\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_tables_of_any_charset_read_alike(encoding: str, read) -> None:
    table, accounting = read(GERMAN.encode(encoding))
    assert table["text"].to_pylist() == ["“Größe” – naïve café für 5 €", "Füße"]
    assert accounting.repaired == 0


def test_cyrillic_is_detected_where_most_letters_are() -> None:
    text = "Мост закрыли на девять месяцев, и никто никому ничего не сказал. " * 20
    assert charset.decode(text.encode("cp1251"), charset.detect(text.encode("cp1251"))) == text


def test_declared_charset_of_xml_counts() -> None:
    document = '<?xml version="1.0" encoding="koi8-r"?><a>Мост</a>'.encode("koi8-r")
    assert charset.detect(document) == "koi8-r"


def test_undecodable_bytes_are_repaired_and_counted(read) -> None:
    table, accounting = read(b"id,text\n1,so\xff\xfe odd\n2,fine\n3,nul\0here\n")
    assert table["text"].to_pylist() == ["so\ufffd\ufffd odd", "fine", "nul\ufffdhere"]
    assert accounting.repaired == 2


def test_lone_surrogates_of_json_are_repaired_and_counted(read) -> None:
    table, accounting = read(
        b'{"text": "half \\ud83d smile"}\n{"text": "nul \\u0000"}\n{"text": "\\ud83d\\ude00"}\n'
    )
    assert table["text"].to_pylist() == ["half \ufffd smile", "nul \ufffd", "😀"]
    assert accounting.repaired == 2


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "cp1252", "utf-16-le"]))
def test_stream_is_always_clean_utf8(data: bytes, encoding: str) -> None:
    out = charset.as_utf8(io.BytesIO(data), encoding).read()
    assert "\0" not in out.decode("utf-8")


@given(st.text(max_size=300))
def test_clean_text_passes_untouched(text: str) -> None:
    text = text.replace("\0", "").replace(charset.SENTINEL, "")
    for encoding in ("utf-8", "utf-16"):
        assert charset.as_utf8(io.BytesIO(text.encode(encoding)), encoding).read().decode() == text
