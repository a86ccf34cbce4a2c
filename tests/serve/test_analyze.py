"""`comments:analyze` answers as its clients expect, field by field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import ANALYZE, Make  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation import load_model
from moderation.serve.attributes import ATTRIBUTES

Analyze = Callable[..., Any]
RUDE = "you are a stupid idiot"
GERMAN = "Das ist ein ziemlich langer deutscher Satz, den hier vermutlich niemand versteht."


def error(answer: Any) -> dict[str, Any]:
    assert list(answer) == ["error"]
    stated = answer["error"]
    assert stated["code"] == 400 and stated["status"] == "INVALID_ARGUMENT" and stated["message"]
    (detail,) = stated["details"]
    assert detail["@type"] == "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
    return {**detail, "message": stated["message"]}


def test_the_answer_holds_the_models_probability(analyze: Analyze, tiny_model: Path) -> None:
    value = float(load_model(tiny_model).predict_proba([RUDE])[0, 0])
    score = {"value": value, "type": "PROBABILITY"}
    assert analyze(RUDE, clientToken="t-1") == {
        "attributeScores": {
            "TOXICITY": {"spanScores": [{"begin": 0, "end": 22, "score": score}], "summaryScore": score}
        },
        "languages": ["en"],
        "clientToken": "t-1",
        "detectedLanguages": ["en"],
    }


@pytest.mark.parametrize(("attribute", "label"), ATTRIBUTES.items())
def test_every_attribute_is_answered_by_its_label(
    analyze: Analyze, tiny_model: Path, attribute: str, label: str
) -> None:
    model = load_model(tiny_model)
    expected = float(model.predict_proba([RUDE])[0, model.labels.index(label)])
    assert analyze(RUDE, [attribute])["attributeScores"][attribute]["summaryScore"]["value"] == expected


def test_an_attribute_below_its_threshold_is_left_out(analyze: Analyze) -> None:
    asked = {"TOXICITY": {"scoreThreshold": 0.0}, "INSULT": {"scoreThreshold": 1.0}, "THREAT": None}
    assert list(analyze(RUDE, asked)["attributeScores"]) == ["TOXICITY", "THREAT"]


def test_when_all_are_left_out_the_map_is_too(analyze: Analyze) -> None:
    answer = analyze(RUDE, {"TOXICITY": {"scoreThreshold": 1.0}})
    assert answer == {"languages": ["en"], "detectedLanguages": ["en"]}


def test_spans_are_sentences_counted_in_utf16(analyze: Analyze, tiny_model: Path) -> None:
    text = (
        "\N{GRINNING FACE} you idiot! cafe\N{COMBINING ACUTE ACCENT} is nice today\U0001f468\u200d\U0001f469."
    )
    spans = analyze(text, spanAnnotations=True)["attributeScores"]["TOXICITY"]["spanScores"]
    units = text.encode("utf-16-le")
    parts = [units[2 * s["begin"] : 2 * s["end"]].decode("utf-16-le") for s in spans]
    assert parts == ["\N{GRINNING FACE} you idiot!", text.partition("! ")[2]]
    expected = load_model(tiny_model).predict_proba(parts)[:, 0].tolist()
    assert [span["score"]["value"] for span in spans] == expected


def test_one_sentence_is_one_span(analyze: Analyze) -> None:
    answer = analyze(f"  {RUDE}. ", spanAnnotations=True)["attributeScores"]["TOXICITY"]
    assert [span["score"] for span in answer["spanScores"]] == [answer["summaryScore"]]


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_comment(analyze: Analyze, text: Any) -> None:
    assert error(analyze(text))["errorType"] == "COMMENT_EMPTY"
    assert error(analyze(text))["message"] == "Comment must be non-empty."


def test_a_comment_of_white_space_is_empty(analyze: Analyze) -> None:
    assert error(analyze(" \n\t\u3000"))["errorType"] == "COMMENT_EMPTY"


def test_no_comment_at_all(client: TestClient) -> None:
    assert error(client.post(ANALYZE, json={}).json())["errorType"] == "COMMENT_EMPTY"


def test_the_limit_is_20_kilobytes_of_utf8(analyze: Analyze) -> None:
    assert "attributeScores" in analyze("é" * 10240, languages=["en"])
    for text in ("é" * 10240 + "a", "a" * 20481, "\N{GRINNING FACE}" * 5121):
        assert error(analyze(text))["errorType"] == "COMMENT_TOO_LONG"


@pytest.mark.parametrize("attributes", [{}, None])
def test_no_attribute_is_asked_for(client: TestClient, attributes: Any) -> None:
    request = {"comment": {"text": RUDE}, "requestedAttributes": attributes}
    assert error(client.post(ANALYZE, json=request).json())["errorType"] == "NO_REQUESTED_ATTRIBUTES"


@pytest.mark.parametrize("name", ["SPAM", "ATTACK_ON_COMMENTER", "toxicity", "abusive", ""])
def test_what_is_no_attribute_of_ours_is_refused_by_name(analyze: Analyze, name: str) -> None:
    found = error(analyze(RUDE, ["TOXICITY", name]))
    assert found["errorType"] == "INVALID_REQUEST"
    assert found["message"] == f"Unknown requested attribute: {name}"


def test_only_probabilities_are_answered(analyze: Analyze) -> None:
    assert "attributeScores" in analyze(RUDE, {"TOXICITY": {"scoreType": "PROBABILITY"}})
    found = error(analyze(RUDE, {"TOXICITY": {"scoreType": "RAW"}}))
    assert found["message"] == "Requested score type RAW is not supported by attribute TOXICITY"


@pytest.mark.parametrize("languages", [["en"], "en", ["EN"], ["en-GB"], ["fr", "en"]])
def test_english_may_be_asked_for_in_many_ways(analyze: Analyze, languages: Any) -> None:
    answer = analyze(GERMAN, languages=languages)
    assert answer["languages"] == ([languages] if isinstance(languages, str) else languages)
    assert answer["detectedLanguages"] == ["de"]
    assert "TOXICITY" in answer["attributeScores"]


def test_other_languages_that_are_asked_for_are_refused(analyze: Analyze) -> None:
    found = error(analyze(RUDE, languages=["fr", "de"]))
    assert found["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert found["message"] == "Attribute TOXICITY does not support request languages: fr, de"
    stated = {"requestedLanguages": ["fr", "de"], "attribute": "TOXICITY"}
    assert found["languageNotSupportedByAttributeError"] == stated


def test_other_languages_that_are_found_are_refused(analyze: Analyze) -> None:
    found = error(analyze(GERMAN))
    assert found["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    stated = {"detectedLanguages": ["de"], "attribute": "TOXICITY"}
    assert found["languageNotSupportedByAttributeError"] == stated


def test_unsupported_attributes_are_dropped_on_demand(analyze: Analyze) -> None:
    answer = analyze(GERMAN, dropUnsupportedAttributes=True)
    assert answer == {"languages": ["de"], "detectedLanguages": ["de"]}


def test_a_text_without_letters_has_no_language(analyze: Analyze) -> None:
    assert error(analyze("\N{GRINNING FACE} 12!"))["errorType"] == "LANGUAGE_DETECTION_FAILED"
    answer = analyze("\N{GRINNING FACE} 12!", languages=["en"])
    assert answer["detectedLanguages"] == ["und"] and answer["attributeScores"]


def test_a_short_text_counts_as_english(analyze: Analyze) -> None:
    assert analyze("idiot")["detectedLanguages"] == ["en"]


def test_html_is_accepted_by_name_and_other_types_are_not(client: TestClient) -> None:
    for kind, good in (("PLAIN_TEXT", True), ("HTML", True), ("TEXT_TYPE_UNSPECIFIED", True), ("RTF", False)):
        request = {"comment": {"text": RUDE, "type": kind}, "requestedAttributes": {"TOXICITY": {}}}
        answer = client.post(ANALYZE, json=request)
        assert answer.status_code == (200 if good else 400), kind
    assert error(answer.json())["message"] == "Unknown text type"


def test_a_context_has_one_form(analyze: Analyze) -> None:
    entries = [{"text": "an article", "type": "PLAIN_TEXT"}]
    assert "attributeScores" in analyze(RUDE, context={"entries": entries})
    both = {"entries": entries, "articleAndParentComment": {"article": {"text": "an article"}}}
    assert error(analyze(RUDE, context=both))["errorType"] == "INVALID_REQUEST"


def test_a_score_is_the_same_alone_and_among_others(make_client: Make) -> None:
    client = make_client()
    alone = [
        client.post(ANALYZE, json={"comment": {"text": text}, "requestedAttributes": {"INSULT": {}}}).json()
        for text in (RUDE, "thank you for the nice photo")
    ]
    together = client.post("/v1/score", json={"texts": [RUDE, "thank you for the nice photo"] * 40}).json()
    values = [answer["attributeScores"]["INSULT"]["summaryScore"]["value"] for answer in alone]
    assert [found["probabilities"]["insult"] for found in together["scores"]] == values * 40
