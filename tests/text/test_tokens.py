"""Hashed chunks are the chunks that Arrow finds, and equal hashes mean equal chunks."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.chunks import split
from moderation.text.tokens import Tokens, tokenise

WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2006\u200a\u2028\u2029\u202f\u205f\u3000"
ALMOST_WHITE = "\x00\x1b\x7f\u0080\u200b\u200e\u2030\u2060\u3001\u1681\ufeff"
texts = st.lists(
    st.lists(st.sampled_from([*WHITE, *ALMOST_WHITE, *"aé漢😀", "word", "a" * 300])).map("".join), max_size=8
)


def chunks(tokens: Tokens) -> list[bytes]:
    return [bytes(tokens.data[b:e]) for b, e in zip(tokens.begins, tokens.ends, strict=True)]


def check(values: pa.StringArray) -> None:
    expected, found = split(values), tokenise(values)
    words = [expected.distinct[int(token)].as_py() for token in expected.tokens]
    assert [chunk.decode() for chunk in chunks(found)] == words
    assert found.offsets.tolist() == expected.offsets.tolist()
    # As many hashes as chunks: none stands for two, and none has two.
    pairs = set(zip(words, found.hashes.tolist(), strict=True))
    assert len(pairs) == len({word for word, _ in pairs}) == len({value for _, value in pairs})
    assert 0 not in found.hashes


@given(texts)
def test_chunks_are_those_of_arrow(values: list[str]) -> None:
    check(pa.array(values, pa.string()))


def test_every_character_separates_chunks_as_arrow_has_it() -> None:
    check(pa.array([f"left{chr(code)}right" for code in range(0x11000) if not 0xD800 <= code < 0xE000]))


@pytest.mark.parametrize("values", [[], [""], ["", ""], [" "], ["a", "", "b"], ["ab", "cd"], ["a\0", "a"]])
def test_edges(values: list[str]) -> None:
    check(pa.array(values, pa.string()))


def test_sliced_array_is_read_from_its_place() -> None:
    check(pa.array(["x y", "é b", "", "c"]).slice(1, 2))


def test_long_text_is_hashed_like_its_parts() -> None:
    word = "é" * 700_000
    found = tokenise(pa.array([f"{word} a {word}", "a"]))
    assert found.hashes[0] == found.hashes[2]
    assert found.hashes[1] == found.hashes[3]


def test_bytes_that_are_no_text_are_survived() -> None:
    broken = pa.array([b"a\xe2", b"\xe3\x80", b"\xc2"]).cast(pa.string(), safe=False)
    assert chunks(tokenise(broken)) == [b"a\xe2", b"\xe3\x80", b"\xc2"]


def test_chosen_chunks_come_as_strings() -> None:
    tokens = tokenise(pa.array(["one two", "três four"]))
    assert tokens.chunks(tokens.offsets[:0]).to_pylist() == []
    assert tokens.chunks(pa.array([2, 0]).to_numpy()).to_pylist() == ["três", "one"]
