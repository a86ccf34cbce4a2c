"""What a model of sentences reads: disguised words undone, everything else as it was written."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.features import WORD
from moderation.text.hashing import hash_word, mix
from moderation.text.obfuscation import Unmasker
from moderation.text.plain import plain_text, plain_texts
from moderation.text.vocabulary import vocabulary_bitmap

KNOWN = [
    "you",
    "are",
    "an",
    "idiot",
    "moron",
    "stupid",
    "and",
    "so",
    "ill",
    "dont",
    "call",
    "off",
    "asap",
    "the",
    "d",
    "o",
]


@pytest.fixture(scope="module")
def unmasker() -> Unmasker:
    hashes = mix(np.array([hash_word(word) for word in KNOWN], np.uint64), WORD)
    return Unmasker(vocabulary_bitmap(hashes), ("idiot", "moron"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("you are an 1d1ot", "you are an idiot"),
        ("YOU  are\tan (1d10t)…", "YOU  are\tan (idiot)…"),
        ("you i d i o t and\n\nso off", "you idiot and\n\nso off"),
        ("an i.d.i.o.t, and a m o r o n", "an idiot, and a moron"),
        ("sooooo stuuuupid!", "sooooo stupid!"),
        ("id**t you", "idiot you"),
        ("ѕtuріd", "stupid"),
        ("an i 🅓 i 🅞 t so", "an idiot so"),
        ("🅓 and 🅘🅓🅘🅞🅣", "d and idiot"),
        ("a.s.a.p. or 🙂", "asap. or 🙂"),
    ],
)
def test_disguises_become_words(unmasker: Unmasker, written: str, read: str) -> None:
    assert plain_texts(pa.array([written]), unmasker) == [read]


@pytest.mark.parametrize(
    "text",
    [
        " You are\u00a0 the  Idiot. ",
        "I'll call, I don't call",
        "'I'll call the idiots' moron'",
        "she’d call at https://example.org/1d1ot",
        "",
        "   ",
        "…",
    ],
)
def test_what_is_no_disguise_stays_to_the_last_space(unmasker: Unmasker, text: str) -> None:
    assert plain_texts(pa.array([text]), unmasker) == [text]


def test_characters_know_what_they_stand_for(unmasker: Unmasker) -> None:
    written = "é, (1d1ot) i d i o t!"
    plain = plain_text(written, unmasker)
    assert plain.text == "é, (idiot) idiot!"
    spans = list(zip(plain.begins.tolist(), plain.ends.tolist(), strict=True))
    assert [written[begin:end] for begin, end in spans] == [
        *"é, (", *["1d1ot"] * 5, *") ", *["i d i o t"] * 5, "!"
    ]  # fmt: skip


TEXTS = st.lists(
    st.text(st.sampled_from("idiot1!. *'ѕ\u200bü😀🅓 \n\x1c\u3000"))
    | st.sampled_from(["1d1ot", "i d i o t", "you"]),
    max_size=6,
)


@given(st.lists(TEXTS.map(" ".join), max_size=5))
def test_company_does_not_matter_and_nothing_is_lost(texts: list[str]) -> None:
    hashes = mix(np.array([hash_word(word) for word in KNOWN], np.uint64), WORD)
    unmasker = Unmasker(vocabulary_bitmap(hashes), ("idiot", "moron"))
    together = plain_texts(pa.array(texts, pa.string()), unmasker)
    assert together == [plain_text(text, unmasker).text for text in texts]
    for text in texts:
        plain = plain_text(text, unmasker)
        assert len(plain.text) == len(plain.begins) == len(plain.ends)
        if text:
            # Every character of the original is stood for, in order and without gaps.
            assert plain.begins[0] == 0 and plain.ends[-1] == len(text)
            assert ((plain.begins[1:] == plain.ends[:-1]) | (plain.begins[1:] == plain.begins[:-1])).all()
