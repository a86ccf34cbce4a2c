"""`/v1/score`: batches and streams."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from served import Make  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation import load_model
from moderation.serve.scores import LONGEST_LINE, LONGEST_TEXT, MOST_TEXTS

TEXTS = ["you are a stupid idiot", "", "thank you for the nice photo"]
GERMAN = "Das ist ein ziemlich langer deutscher Satz, den hier vermutlich niemand versteht."
STREAM = {"content-type": "application/x-ndjson"}


def lines(client: TestClient, body: bytes | list[bytes], address: str = "/v1/score") -> list[dict[str, Any]]:
    content = body if isinstance(body, bytes) else iter(body)
    answer = client.post(address, content=content, headers=STREAM)
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_batch_is_scored_as_the_model_scores_it(client: TestClient, tiny_model: Path) -> None:
    model = load_model(tiny_model)
    answer = client.post("/v1/score", json={"texts": TEXTS}).json()
    assert answer["model"] == f"tiny@{model.digest}"
    rude, empty, nice = answer["scores"]
    assert empty == {"flags": [], "not_scored": "empty"}
    expected = model.score([TEXTS[0], TEXTS[2]])
    for row, found in enumerate((rude, nice)):
        assert found["flags"] == list(expected["flags"][row])
        assert found["probabilities"] == {label: expected[f"p_{label}"][row] for label in model.labels}


def test_a_policy_makes_the_flags(make_client: Make, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[labels.abusive]\nthreshold = 0.0\n[[rules]]\nname = "photos"\naction = "flag"\nterms = ["photo"]\n'
    )
    answer = make_client(policy=policy).post("/v1/score", json={"texts": TEXTS[2:]}).json()
    assert answer["scores"][0]["flags"] == ["abusive", "rule:photos"]


def test_spans_add_up_to_the_probability(client: TestClient, tiny_model: Path) -> None:
    model = load_model(tiny_model)
    (found,) = client.post("/v1/score", json={"texts": TEXTS[:1], "explain": True}).json()["scores"]
    assert [TEXTS[0][span["begin"] : span["end"]] for span in found["spans"]] == TEXTS[0].split()
    total = model.explain(TEXTS[0]).bias["insult"] + sum(span["shares"]["insult"] for span in found["spans"])
    probability = found["probabilities"]["insult"]
    assert math.isclose(total, math.log(probability / (1 - probability)), abs_tol=1e-3)


def test_other_languages_are_scored_on_demand(client: TestClient) -> None:
    for wanted in (False, True):
        (found,) = client.post("/v1/score", json={"texts": [GERMAN], "any_language": wanted}).json()["scores"]
        assert found["language"] == "de" and ("probabilities" in found) is wanted


def test_a_batch_has_its_limits(client: TestClient) -> None:
    assert client.post("/v1/score", json={"texts": ["a"] * MOST_TEXTS}).status_code == 200
    assert client.post("/v1/score", json={"texts": ["a"] * (MOST_TEXTS + 1)}).status_code == 400
    answer = client.post("/v1/score", json={"texts": ["a", "b" * (LONGEST_TEXT + 1)]})
    assert answer.json()["error"]["details"][0]["errorType"] == "COMMENT_TOO_LONG"
    assert "texts[1]" in answer.json()["error"]["message"]


def test_a_stream_is_answered_line_by_line_in_order(client: TestClient) -> None:
    body = [
        b'{"id": "a", "text": "you idiot"}\n{"id": 2, "te',
        b'xt": "nice photo"}\n',
        b'\nnot json\n{"text": "',
        "grüße\N{GRINNING FACE}".encode()[:-2],
        "grüße\N{GRINNING FACE}".encode()[-2:] + b'", "id": "last"}',
    ]
    found = lines(client, body)
    assert [line.get("id") for line in found] == ["a", 2, None, "last"]
    assert [("error" in line) for line in found] == [False, False, True, False]
    alone = client.post("/v1/score", json={"texts": ["you idiot"]}).json()["scores"][0]
    assert found[0] == {"id": "a", **alone}


def test_a_line_that_is_too_long_is_an_error_in_its_place(client: TestClient) -> None:
    long = b'{"text": "' + b"a" * (2 * LONGEST_LINE) + b'"}'
    body = [
        b'{"id": 1, "text": "a"}\n',
        *(long[i : i + 50_000] for i in range(0, len(long), 50_000)),
        b'\n{"id": 3, "text": "b"}\n',
    ]
    found = lines(client, body)
    assert [line.get("id") for line in found] == [1, None, 3]
    assert "longer than" in found[1]["error"]
    short = lines(client, json.dumps({"id": 1, "text": "b" * (LONGEST_TEXT + 1)}).encode())
    assert short == [{"id": 1, "error": f"the text is longer than {LONGEST_TEXT} bytes"}]


def test_a_stream_takes_options_from_the_address(client: TestClient) -> None:
    (found,) = lines(client, b'{"text": "you idiot"}', "/v1/score?explain=true")
    assert len(found["spans"]) == 2
    (found,) = lines(client, json.dumps({"text": GERMAN}).encode(), "/v1/score?any_language=true")
    assert "probabilities" in found


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_an_empty_stream_has_an_empty_answer(client: TestClient, body: bytes) -> None:
    assert lines(client, body) == []
