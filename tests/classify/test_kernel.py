"""Machine code scores as arrays do, bit for bit, whatever the texts, their order and what is remembered."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import astuple, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from moderation.classify import kernel, langid
from moderation.classify.bundle import find_bundle, read_bundle
from moderation.classify.frequent import NONE
from moderation.classify.model import load_model
from moderation.classify.scorer import Margins, Scorer
from moderation.classify.weights import Weights
from moderation.text.features import SUFFIXES

pytest.importorskip("numba", reason="machine code needs the extra `compiled`")

ROOT = Path(__file__).parents[2]
WORDS = (
    "idiot",
    "IDIOT",
    "stup1d",
    "don't",
    "the",
    "president's",
    "f*ck",
    "sh!t",
    "well-known",
    "and/or",
    "ass",
)
PARTS = ("http", "HTTPS:", "www.", "u/", "/u/", "@a", "@1d10t", ".com", ".html", ".c", "_", "*", "--", "...")
WIDE = (
    "i d i o t",
    "naïve",
    "ｉｄｉｏｔ",
    "іdiot",
    "😀",
    "ﷺ",
    "\u0301",
    "漢字" * 50,
    "ab" * 70,
    "x" * 300,
    "’s",
)
SIGNS = " \t\n\xa0\u3000\u200b\x00\x1c\x7f.,!?'`\"@#$*+_-:/()[]{}<>~|&%^;=\\0134578aiuxsz"
texts = st.lists(
    st.one_of(
        st.sampled_from([*WORDS, *PARTS, *WIDE, *SIGNS]),
        st.text(st.sampled_from(SIGNS[6:] + "aeiostl"), max_size=12),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ),
    max_size=30,
).map("".join)
batches = st.lists(texts, min_size=1, max_size=12)


@pytest.fixture(scope="session")
def weights(tiny_model: Path) -> Weights:
    return read_bundle(tiny_model).weights


def same(one: Margins, other: Margins) -> bool:
    return all(map(np.array_equal, astuple(one), astuple(other)))


def both(weights: Weights, strings: pa.StringArray, chunks: int = 4000) -> tuple[Margins, Margins]:
    return tuple(Scorer(weights, chunks, machine_code=code).margins(strings) for code in (False, True))


@given(batches, st.randoms(), st.sampled_from([1, 2, 30, 4000]))
def test_any_text_scores_as_with_arrays(weights: Weights, texts: list[str], random: Any, chunks: int) -> None:
    strings = pa.array(texts, pa.string())
    expected, found = both(weights, strings, chunks)
    assert same(expected, found)
    order = random.sample(range(len(texts)), len(texts))
    scorer = Scorer(weights, chunks, machine_code=True)
    for _ in range(2):
        shuffled = scorer.margins(strings.take(pa.array(order)))
        assert all(map(np.array_equal, astuple(shuffled), [part[order] for part in astuple(expected)]))
    assert np.array_equal(
        scorer.margins(strings.slice(len(texts) // 2)).values, found.values[len(texts) // 2 :]
    )


@given(batches)
@settings(max_examples=50)
def test_default_model_scores_as_with_arrays(texts: list[str]) -> None:
    assert same(*(scorer.margins(pa.array(texts, pa.string())) for scorer in default_scorers()))


def test_written_examples_and_audit_score_as_with_arrays() -> None:
    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                yield from strings(part)

    texts = list(strings(tomllib.loads((ROOT / "datasets" / "audit.toml").read_text("utf-8"))))
    for file in (ROOT / "datasets" / "written").glob("*.jsonl"):
        texts += [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]
    assert len(texts) > 2000
    arrays, code = (scorer.margins(pa.array(texts)) for scorer in default_scorers())
    assert same(arrays, code)
    model = load_model()
    expected = model.score_table(pa.table({"text": texts}))
    model.scorer.prepare()
    assert model.score_table(pa.table({"text": texts})).equals(expected)


def test_long_and_many_texts_score_as_with_arrays(weights: Weights) -> None:
    words = [*WORDS, *PARTS, *WIDE, "\u3000", "\u2003", "a\xa0b"]
    # Around what has powers of its own, what is worked on together, and what is left to arrays at once.
    sizes = [kernel.SHORT + by for by in (-1, 0, 1)] + [4095, 4096, 4097, 0, 1, 70_000]
    long = [" ".join(words * 4000)[at : at + size] for at, size in enumerate(sizes)]
    new = [" ".join(f"w{number}ü" for number in range(at, at + kernel.LEFT + 9)) for at in (0, 5)]
    short = ["idiot the"] * 40 + ["", " "] * 20
    for texts in (long, new, [*short, *long, *short, *new, *short]):
        assert same(*both(weights, pa.array(texts), 1 << 16))


def default_scorers() -> tuple[Scorer, Scorer]:
    if not _SCORERS:
        # Without what was analysed beforehand, so that all is analysed here.
        weights = replace(read_bundle(find_bundle("fast")).weights, frequent=NONE)
        _SCORERS.extend(Scorer(weights, machine_code=code) for code in (False, True))
    arrays, code = _SCORERS
    for scorer in _SCORERS:
        scorer.forget()
    return arrays, code


_SCORERS: list[Scorer] = []


def test_every_sign_between_letters_and_around_them(weights: Weights) -> None:
    signs = [chr(code) for code in range(128)]
    texts = [
        form.format(s=s) for s in signs for form in ("{s}idiot", "idiot{s}", "id{s}ot", "{s}", "a{s}{s}s")
    ]
    texts += [f"{a}{b}idiot{b}" for a in signs for b in "/u@_!*(."]
    assert same(*both(weights, pa.array(texts)))
    assert same(*(scorer.margins(pa.array(texts)) for scorer in default_scorers()))


def test_links_are_the_same_ones(weights: Weights) -> None:
    hosts = [
        f"x.{suffix}{end}" for suffix in (*SUFFIXES, "ht", "comm", "c") for end in ("", "/", "_", "x", ".")
    ]
    hosts += [
        "X.COM",
        "_.com",
        "-.com",
        ".com",
        "HTTP://a",
        "https//",
        "http:",
        "(www.a",
        "é.com",
        "wwwa",
        "'http:",
    ]
    hosts += ["a" * 130 + ".com", "www." + "b" * 200, "a" * 126 + ".html", "a" * 127 + "é"]
    assert same(*both(weights, pa.array(hosts)))


@pytest.mark.parametrize("values", [[], [""], ["", ""], [" "], ["a", "", "b"], ["ab", "cd"], ["a\0", "a"]])
def test_edges(weights: Weights, values: list[str]) -> None:
    assert same(*both(weights, pa.array(values, pa.string())))


def test_bytes_that_are_no_text_are_split_alike(weights: Weights) -> None:
    broken = pa.array([b"a\xe2", b"\x80\x80 b", b"c\xe2\x80", b"\xc2", b"\xe2\x80A d"]).cast(
        pa.string(), safe=False
    )
    found = []
    for code in (False, True):
        try:
            found.append(Scorer(weights, machine_code=code).margins(broken).chunks.tolist())
        except (pa.ArrowInvalid, UnicodeDecodeError):
            found.append("refused")
    assert found[0] == found[1]


def test_more_new_chunks_than_there_is_room_for(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEFT", 3)
    texts = [
        " ".join(f"{word}{sign}{n}" for n in range(40)) for word in ("é", "st0p", "word") for sign in "-x"
    ]
    assert same(*both(weights, pa.array([*texts, *texts[::-1], " ".join(texts)]), chunks=50))


def test_pairs_with_a_gap_and_other_numbers_of_labels(weights: Weights) -> None:
    strings = pa.array(
        ["you are a stupid idiot", "i d i o t and more", "one", "", "they staged the moon landing"]
    )
    for labels in (1, 3, 7, 9, 13):
        codes = np.ascontiguousarray(np.resize(np.asarray(weights.codes), (len(weights.codes), labels)))
        units = np.resize(weights.units, labels)
        for pairs, skips in ((True, True), (False, True), (False, False)):
            some = replace(weights, codes=codes, units=units, pairs=pairs, skips=skips, frequent=NONE)
            assert same(*both(some, strings))


def test_failure_forgets_what_was_not_finished(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = Scorer(weights, machine_code=True)
    strings = pa.array(["ünheard stup1d words"])
    monkeypatch.setattr(scorer.unmasker, "canonical", None)
    with pytest.raises(TypeError):
        scorer.margins(strings)
    monkeypatch.undo()
    assert same(scorer.margins(strings), Scorer(weights, machine_code=False).margins(strings))


def test_texts_are_taken_apart_alike(weights: Weights) -> None:
    for text in ("you are a stup1d i d i o t", "", "x"):
        arrays, code = (Scorer(weights, machine_code=kind).take_apart(text) for kind in (False, True))
        assert all(map(np.array_equal, astuple(arrays), astuple(code)))


def test_many_texts_bring_machine_code_and_few_do_not(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer, strings = Scorer(weights), pa.array(["you idiot"] * 100)
    expected = scorer.margins(strings)
    assert scorer._kernel is None
    monkeypatch.setattr("moderation.classify.scorer.WORTHWHILE", 1)
    assert same(scorer.margins(strings), expected)
    assert scorer._kernel is not None
    again = pickle.loads(pickle.dumps(scorer))
    assert same(again.margins(strings), expected)


@pytest.mark.parametrize("why", ["unwanted", "absent", "nowhere to keep it"])
def test_arrays_do_without_machine_code(weights: Weights, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    def fail(_: str) -> None:
        raise ImportError if why == "absent" else RuntimeError("no locator available")

    kernel.compiled.cache_clear()
    if why == "unwanted":
        monkeypatch.setenv(kernel.VARIABLE, "0")
    else:
        monkeypatch.setattr(kernel, "import_module", fail)
    scorer = Scorer(weights, memo_chunks=4)
    scorer.prepare()
    kernel.compiled.cache_clear()
    assert scorer._kernel is None
    assert scorer.margins(pa.array(["you idiot"])).chunks.tolist() == [2]


def test_languages_are_told_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.compiled()
    texts = [
        "Das ist ein deutscher Satz.",
        "ceci n'est pas une pipe",
        "",
        "这是中文",
        "the quick brown fox " * 20,
    ]
    encoded = [text.encode() for text in texts]
    sizes = np.array([len(data) for data in encoded], np.int64)
    given = np.frombuffer(b"".join(encoded), np.uint8), sizes, langid._tables()
    code, (languages, certain) = langid._features(*given), langid.identify(texts)
    scores = langid._scores(*code, given[2])
    monkeypatch.setattr(langid, "at_hand", lambda _: None)
    assert all(map(np.array_equal, code, langid._features(*given)))
    # Sums of the same numbers, in another order and with more digits.
    assert_allclose(scores, langid._scores(*code, given[2]), rtol=1e-5)
    assert languages.tolist()[:2] == ["de", "fr"]
    assert all(map(np.array_equal, (languages, certain), langid.identify(texts)))


@pytest.mark.parametrize(
    ("module", "beside"), [("batch", ("shared.py", "disguise.py", "chunk.py")), ("languages", ("shared.py",))]
)
def test_what_is_compiled_is_kept_until_its_files_change(module: str, beside: tuple[str, ...]) -> None:
    """The digest is that of the files that it is compiled with: numba would not notice that they changed."""
    compiled = import_module(f"{kernel.PACKAGE}.{module}")
    total = hashlib.sha256()
    for name in beside:
        total.update(Path(compiled.__file__ or "").with_name(name).read_bytes())
    assert total.hexdigest()[:16] == compiled.SOURCES


def test_commands_that_score_little_load_neither_numba_nor_scipy() -> None:
    code = (
        "import sys, moderation as m; m.load_model().predict_proba(['x y', 'i d i o t']); "
        "print('numba' in sys.modules or 'scipy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout == "False\n"


MAPPED = """
from moderation import load_model

model = load_model("fast")
model.scorer.prepare()
model.predict_proba([f"na\\u00efve{n} caf\\u00e9{n * 7} \\u00fcber{n}" for n in range(5000)])
total = inside = 0
for line in open("/proc/self/smaps"):
    if not line.split()[0].endswith(":"):
        inside = line.rstrip().endswith(("codes.npy", "tags.npy", "squares.npy", "marks.npy", "sums.npy"))
    elif inside and line.startswith("Rss:"):
        total += int(line.split()[1])
print(total)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped where")
def test_what_machine_code_holds_is_not_in_memory_twice() -> None:
    # Chunks beyond ASCII are left to arrays, which look up features as well.
    done = subprocess.run([sys.executable, "-c", MAPPED], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 1 << 10
