"""Identifying many texts at once decides as py3langid does one by one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moderation.classify.langid import CONFIDENT, identify
from moderation.classify.language import withheld_language
from moderation.classify.scorer import Margins

TEXTS = [
    "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern",
    "Это обычное предложение о погоде вчера и сегодня",
    "C'est une phrase tout à fait ordinaire sur le temps d'hier",
    "an ordinary English sentence about the weather of yesterday",
    "DAS WETTER WAR GESTERN SCHÖN, UND HEUTE IST ES AUCH SCHÖN",
    "これは昨日と今日の天気についての普通の文です",
    "zxq vvv bbbk",
    "x",
    "",
]


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[::-1], TEXTS[3:4], TEXTS * 3])
def test_many_at_once_are_decided_as_one_by_one(texts: list[str]) -> None:
    langid = pytest.importorskip("py3langid.langid", reason="py3langid is not installed")
    alone = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    codes, certain = identify(texts)
    for text, code, sure in zip(texts, codes, certain, strict=True):
        expected, confidence = alone.classify(text)
        assert sure == (confidence >= CONFIDENT)
        assert not sure or code == expected


def test_words_of_english_grammar_keep_strange_words_from_being_foreign() -> None:
    text = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern"
    letters, chunks = np.array([60, 60, 60, 19]), np.array([12, 12, 12, 12])
    known, english = np.array([6, 6, 42, 6]), np.array([0, 2, 0, 0])
    margins = Margins(np.zeros((4, 8)), letters, known, chunks, english)
    language, foreign = withheld_language(pa.array([text] * 4), margins)
    assert language.tolist() == ["de", "en", "en", ""]
    assert foreign.tolist() == [True, False, False, False]


def test_letters_of_another_script_are_not_english_whichever_language_it_is() -> None:
    chinese = "大家好，问题已经解决，谢谢各位帮助，祝大家周末愉快"
    # Twenty letters, of which a sign for a word counts as four, and no fewer of them than Latin ones.
    texts = [chinese, chinese[:6], chinese[:5], chinese + " ok lol" * 9, "哈哈哈哈哈哈 lol", "так и есть"]
    letters, known, none = np.array([22, 5, 4, 67, 9, 8]), np.array([0, 0, 0, 0, 3, 0]), np.zeros(6, np.int64)
    assert not identify([chinese, texts[3]])[1].any()
    language, foreign = withheld_language(
        pa.array(texts), Margins(np.zeros((6, 8)), letters, known, np.full(6, 9), none)
    )
    assert foreign.tolist() == [True, True, False, False, False, False]
    assert language.tolist() == ["zh", "zh", "", "", "", ""]
