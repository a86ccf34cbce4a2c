from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.report import safe

ANYTHING = st.text(st.characters(codec=None), max_size=80)


@given(ANYTHING)
def test_a_terminal_gets_no_control_character(text: str) -> None:
    shown = safe.terminal(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs")]
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode("utf-8")


@given(ANYTHING, st.integers(1, 20))
def test_a_line_keeps_its_limit(text: str, limit: int) -> None:
    assert len(safe.terminal(text, limit)) <= limit
    assert len(safe.one_line(text, limit)) <= limit


@given(ANYTHING)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    shown = safe.cell(text)
    shown.encode("utf-8")
    if shown[:1] in ("=", "@", "\t", "\r", "＝", "＋", "－", "＠"):
        pytest.fail(f"a spreadsheet would run {shown!r}")
    if shown[:1] in ("+", "-"):
        assert float(shown) == float(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+4915112345", "+4915112345"),
        ("+49 151", "'+49 151"),
        ("-2", "-2"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        ("nul\x00", "nul\ufffd"),
        ("two\r\nlines", "two\r\nlines"),
        ("", ""),
    ],
)
def test_cells(text: str, expected: str) -> None:
    assert safe.cell(text) == expected


def test_piles_of_marks_are_cut_but_letters_keep_theirs() -> None:
    assert safe.displayable("Z" + "\u0335" * 1_000_000 + "!") == "Z" + "\u0335" * 4 + "!"
    assert safe.displayable("e\u0302\u0323") == "e\u0302\u0323"


def test_a_thousand_empty_lines_are_one() -> None:
    assert safe.displayable("a\n\nb" + "\n \t" * 1000 + "\nc") == "a\n\nb\n\nc"


def test_bidi_overrides_become_visible() -> None:
    assert safe.displayable("user\u202etxt.exe") == "user\ufffdtxt.exe"


def test_line_breaks_are_all_the_same() -> None:
    assert safe.displayable("a\r\nb\rc\u2028d\x85e") == "a\nb\nc\nd\ne"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " https://example.org",
        "data:text/html,<script>1</script>",
        "//example.org/x",
        "file:///etc/passwd",
        "https:",
        "http://[broken",
        "https://example.org/\u202egpj",
        "https://example.org/" + "a" * 3000,
        "",
        None,
    ],
)
def test_only_plain_web_addresses_are_linked(url: str | None) -> None:
    assert safe.link(url) is None


def test_web_addresses_are_linked() -> None:
    assert safe.link("https://example.org/a?b=1&c=2#d") == "https://example.org/a?b=1&c=2#d"


@given(ANYTHING)
def test_file_names_lead_nowhere_else(text: str) -> None:
    name = safe.file_name(text)
    assert name and len(name) <= 90 and not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>|\0\n ')


def test_markdown_has_no_markup() -> None:
    assert (
        safe.markdown("# [a](http://x) <b> *c* www.d.e @me")
        == r"\# \[a\](http\://x) \<b\> \*c\* www\.d.e \@me"
    )
    assert safe.markdown("1. not a list") == r"1\. not a list"
    assert safe.markdown("plain, text - and (more).") == "plain, text - and (more)."
