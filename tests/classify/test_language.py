"""Identifying many texts at once decides as py3langid does one by one."""

from __future__ import annotations

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from moderation.classify.language import CONFIDENT, identify

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
    alone = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    codes, certain = identify(texts)
    for text, code, sure in zip(texts, codes, certain, strict=True):
        expected, confidence = alone.classify(text)
        assert sure == (confidence >= CONFIDENT)
        assert not sure or code == expected
