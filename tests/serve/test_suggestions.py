"""Suggested scores become decisions, and nothing else is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import ANALYZE, SUGGEST, Make  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation import load_model
from moderation.decisions import Decision, text_digest
from moderation.decisions.store import DecisionStore

Suggest = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "decisions.sqlite"


@pytest.fixture
def suggest(make_client: Make, place: Path) -> Iterator[Suggest]:
    client = make_client(decisions=str(place))

    def send(text: str, scores: dict[str, Any], **fields: Any) -> Any:
        held = {
            name: value if isinstance(value, dict) else {"summaryScore": {"value": value}}
            for name, value in scores.items()
        }
        request = {"comment": {"text": text}, "attributeScores": held, **fields}
        return client.post(SUGGEST, json=request)

    return send


def stored(place: Path) -> list[Decision]:
    with DecisionStore(place, create=False) as store:
        return list(store.events())


def test_a_suggestion_is_a_decision(suggest: Suggest, place: Path, tiny_model: Path) -> None:
    answer = suggest(
        "you idiot", {"INSULT": 0.9, "THREAT": 0.1}, clientToken="t", communityId="forum", languages=["en"]
    )
    assert answer.json() == {"clientToken": "t", "requestedLanguages": ["en"]}
    (decision,) = stored(place)
    assert decision.decision == "remove"
    assert decision.labels == ("insult",)
    assert decision.checked == ("insult", "threat")
    assert decision.text == "you idiot" and decision.text_digest == text_digest("you idiot")
    assert decision.reviewer == "forum" and decision.origin == "suggestscore"
    assert decision.comment_id == "t"
    assert decision.model == f"tiny@{load_model(tiny_model).digest}"


def test_what_coral_sends(suggest: Suggest, place: Path) -> None:
    for value in (0, 1):
        context = {
            "url": f"https://news.example/story?page=2&commentID=c{value}",
            "reply_to_id_Coral_comment_id": "c9",
            "Coral_comment_id": f"c{value}",
        }
        answer = suggest(
            "a comment",
            {"TOXICITY": value},
            context={"entries": [{"text": json.dumps(context)}]},
            languages=["en"],
            communityId="Coral:https://news.example",
            clientToken=f"comment:c{value}",
        )
        assert answer.json()["clientToken"] == f"comment:c{value}"
    approved, removed = stored(place)
    assert (approved.decision, approved.labels, approved.checked) == ("approve", (), ("abusive",))
    assert (removed.decision, removed.labels) == ("remove", ("abusive",))
    assert [approved.comment_id, removed.comment_id] == ["c0", "c1"]
    assert approved.thread_id == removed.thread_id == "https://news.example/story?page=2"
    assert approved.reviewer == "Coral:https://news.example"


@pytest.mark.parametrize(
    ("verdict", "decision"), [("APPROVED", "approve"), ("HIGHLIGHTED", "approve"), ("DELETED", "remove")]
)
def test_what_older_versions_of_coral_send(
    suggest: Suggest, place: Path, verdict: str, decision: str
) -> None:
    assert suggest("a comment", {verdict: 1}, languages="EN", clientToken="comment:c1").status_code == 200
    (found,) = stored(place)
    assert (found.decision, found.checked, found.comment_id) == (decision, ("abusive",), "c1")


def test_scores_of_spans_will_do(suggest: Suggest, place: Path) -> None:
    spans = [{"begin": 0, "end": 2, "score": {"value": 0.2}}, {"begin": 3, "end": 9, "score": {"value": 0.7}}]
    assert suggest("a comment", {"THREAT": {"spanScores": spans}}).status_code == 200
    assert stored(place)[0].labels == ("threat",)


def test_without_an_id_the_text_is_its_own(suggest: Suggest, place: Path) -> None:
    suggest("a comment", {"TOXICITY": 1})
    assert stored(place)[0].comment_id == text_digest("a comment")[:16]


def test_do_not_store_is_honoured(suggest: Suggest, place: Path) -> None:
    assert suggest("a comment", {"TOXICITY": 1}, doNotStore=True, clientToken="t").json() == {
        "clientToken": "t"
    }
    assert not place.exists()


def test_scoring_stores_nothing(make_client: Make, place: Path) -> None:
    client = make_client(decisions=str(place))
    request = {"comment": {"text": "you idiot"}, "requestedAttributes": {"TOXICITY": {}}, "doNotStore": False}
    assert client.post(ANALYZE, json=request).status_code == 200
    assert client.post("/v1/score", json={"texts": ["you idiot"]}).status_code == 200
    assert list(place.parent.iterdir()) == []


def test_without_a_store_suggestions_are_answered(client: TestClient) -> None:
    request = {"comment": {"text": "a"}, "attributeScores": {"TOXICITY": {"summaryScore": {}}}}
    assert client.post(SUGGEST, json=request).json() == {}


@pytest.mark.parametrize(
    "scores",
    [
        {},
        {"SPAM": 1},
        {"TOXICITY": 1.5},
        {"TOXICITY": -1},
        {"TOXICITY": {}},
        {"TOXICITY": {"spanScores": []}},
    ],
)
def test_a_suggestion_needs_a_score_of_an_attribute_of_ours(
    suggest: Suggest, place: Path, scores: dict[str, Any]
) -> None:
    assert suggest("a comment", scores).status_code == 400
    assert not place.exists()


def test_a_store_that_cannot_be_written_is_told_to_the_client(make_client: Make, tmp_path: Path) -> None:
    client = make_client(decisions=str(tmp_path / "no folder" / "decisions.sqlite"))
    request = {"comment": {"text": "a"}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    answer = client.post(SUGGEST, json=request)
    assert answer.status_code == 503 and answer.json()["error"]["status"] == "UNAVAILABLE"
    assert 'moderation_suggestions_total{fate="failed"} 1.0' in client.get("/metrics").text
