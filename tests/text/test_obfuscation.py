"""Disguises are undone, innocent text is left alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.features import WORD
from moderation.text.hashing import hash_word, mix
from moderation.text.obfuscation import Unmasker
from moderation.text.vocabulary import known, vocabulary_bitmap

WORDS = [
    "fuck",
    "fucking",
    "shit",
    "bitch",
    "stupid",
    "idiot",
    "ass",
    "asshole",
    "moron",
    "class",
    "well",
    "known",
    "usa",
    "asap",
    "email",
    "and",
    "the",
    "cool",
    "you",
    "are",
    "is",
    "it",
    "end",
    "but",
    "string",
    "scunthorpe",
    "mail",
    "covid",
    "mp3",
    "classic",
    "assess",
    "sass",
    "b1tch",
    "pen",
    "fing",
    "libtard",
    "amoron",
    "fuckk",
]
LEXICON = ("fuck", "shit", "bitch", "fucking", "asshole", "ass", "idiot", "penis", "moron", "libtard")


@pytest.fixture(scope="module")
def unmasker() -> Unmasker:
    hashes = mix(np.array([hash_word(word) for word in WORDS], np.uint64), WORD)
    return Unmasker(vocabulary_bitmap(hashes), LEXICON)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("f.u.c.k", "fuck"),
        ("f-u-c-k!", "fuck"),
        ("stup1d", "stupid"),
        ("m0r0n", "moron"),
        ("b!tch", "bitch"),
        ("@sshole", "asshole"),
        ("a$$h0le", "asshole"),
        ("f*ck", "fuck"),
        ("f**k", "fuck"),
        ("s#!t", "shit"),
        ("f***ing", "fucking"),
        ("fuuuuuck", "fuck"),
        ("stuuupiddd", "stupid"),
        ("fu\u0441k", "fuck"),  # Cyrillic es
        ("\U0001f171itch", "bitch"),
        ("s\U0001f92ct", "shit"),
        ("cooool", "cool"),
        ("assssshooole", "asshole"),
        ("fuckkkk!", "fuck"),
        ("1!btard", "libtard"),
        ("b1tch", "bitch"),
        ("!d!ot", "idiot"),
        ("f***ing", "fucking"),
        ("id*ot", "idiot"),
    ],
)
def test_disguised_word_is_found(unmasker: Unmasker, written: str, meant: str) -> None:
    assert unmasker.canonical(pa.array([written])).to_pylist() == [meant]


@pytest.mark.parametrize(
    "text",
    [
        "class",
        "Scunthorpe",
        "assess",
        "classic",
        "well-known",
        "U.S.",
        "is.it",
        "end.But",
        "*really*",
        "**bold**",
        "50s",
        "455",
        "covid19",
        "mp3",
        "1.5m",
        "std::string",
        "arr[i]",
        "a+b",
        "x=1",
        "http://f.u.c.k/a",
        "www.a55.com/sh1t",
        "user@mail.com",
        "@stup1d",
        "u/f.u.c.k",
        "i.e.",
        "10:30",
        "pen.is",
        "C++",
        "B2B",
        "$100",
        "e.g.",
        "and/or",
        "Привет",
        "中文",
        "😀😀😀",
        "...",
        "---",
    ],
)
def test_innocent_text_stays_as_it_is(unmasker: Unmasker, text: str) -> None:
    assert unmasker.canonical(pa.array([text])).to_pylist() == [text]


def test_two_asterisks_end_words_in_bold_behind_a_capital_only() -> None:
    words = ["ass", "fat"]
    hashes = mix(np.array([hash_word(word) for word in words], np.uint64), WORD)
    read = Unmasker(vocabulary_bitmap(hashes), words).canonical(
        pa.array(["a**", "A**", "(A**).", "F**", "A*S"])
    )
    assert read.to_pylist() == ["ass", "A**", "(A**).", "fat", "ass"]


def test_abbreviations_become_their_own_letters_only(unmasker: Unmasker) -> None:
    assert unmasker.canonical(pa.array(["U.S.A.", "a.s.a.p."])).to_pylist() == ["usa", "asap"]


def test_spelled_word_may_follow_a_one_letter_word(unmasker: Unmasker) -> None:
    assert unmasker.spelled("idiot") == [(0, "idiot")]
    assert unmasker.spelled("aidiot") == [(1, "idiot")]
    assert unmasker.spelled("astupididiotu") == [(1, "stupid"), (7, "idiot")]
    assert unmasker.spelled("amoron") == [(1, "moron")]
    assert unmasker.spelled("sass") == [(0, "sass")]
    assert unmasker.spelled("xyz") == []


def test_vocabulary_bitmap_holds_what_was_put_in() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.integers(0, 2**64, (2, 5000), dtype=np.uint64)
    bitmap = vocabulary_bitmap(inside)
    assert known(bitmap, inside).all()
    assert known(bitmap, outside).mean() < 0.005


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=30)))
def test_any_chunk_is_survived_and_order_kept(unmasker: Unmasker, chunks: list[str]) -> None:
    together = unmasker.canonical(pa.array(chunks, pa.string())).to_pylist()
    alone = [unmasker.canonical(pa.array([chunk], pa.string())).to_pylist()[0] for chunk in chunks]
    assert together == alone


SIGNS = "-.,'/:;\"?()[]<>~`*!@1_é"


@given(st.lists(st.sampled_from([*"aabuck", *SIGNS, "the", "day", "idiot", "id", "u/", "penis"]), max_size=7))
def test_what_is_innocent_for_a_batch_is_no_disguise_alone(unmasker: Unmasker, pieces: list[str]) -> None:
    chunk = "".join(pieces)
    if unmasker.innocent.tell(pa.array(["other-words", chunk, "b"]))[1]:
        assert unmasker.word(chunk) is None


def test_words_joined_by_signs_are_innocent_and_disguises_are_not(unmasker: Unmasker) -> None:
    innocent = ["(zork", "the-class", "the.class", "zork,plugh", "(idiot", "zork/plugh's"]
    assert unmasker.innocent.tell(pa.array(innocent)).all()
    doubtful = ["i.d.i.o.t", "id-iot", "(penis", "id1ot", "aaab.c", "i*t", "@idiot", "1", ""]
    assert not unmasker.innocent.tell(pa.array(doubtful)).any()
