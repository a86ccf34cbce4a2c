import statistics
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
texts = pytest.importorskip("texts", reason="benchmarks/ is not beside the tests")


def test_a_seed_gives_the_same_comments_and_another_seed_others():
    assert texts.comments(20, seed=3) == texts.comments(20, seed=3)
    assert not set(texts.comments(20, seed=3)) & set(texts.comments(20, seed=4))


@pytest.mark.parametrize("make", [texts.comments, texts.few_repeats])
def test_comments_have_300_characters_on_average(make):
    assert statistics.mean(map(len, make(2000))) == pytest.approx(300, rel=0.05)


def test_words_repeat_as_in_comments_and_in_the_worst_case_do_not():
    def distinct(made: list[str]) -> float:
        chunks = Counter(chunk for text in made for chunk in text.split())
        return len(chunks) / chunks.total()

    assert 0.1 < distinct(texts.comments(5000)) < 0.25
    assert distinct(texts.few_repeats(5000)) > 0.95
