"""What comes in: keys, broken and hostile bodies, tolerance where clients need it, and no 500."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import ANALYZE, SUGGEST, Make  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation.classify.model import Model
from moderation.errors import ConfigError
from moderation.serve.errors import ApiError
from moderation.serve.keys import read_keys
from moderation.serve.messages import AnalyzeCommentRequest, Reader, SuggestCommentScoreRequest

GOOD = {"comment": {"text": "you idiot"}, "requestedAttributes": {"TOXICITY": {}}}
READERS = [Reader(kind) for kind in (AnalyzeCommentRequest, SuggestCommentScoreRequest)]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda held: (
        st.lists(held, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *AnalyzeCommentRequest.__struct_fields__,
                    *SuggestCommentScoreRequest.__struct_fields__,
                    *("requested_attributes", "entries", "text", "TOXICITY", "summaryScore", "value", "SPAM"),
                ]
            ),
            held,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text("# of the forum\nfirst-key\n\n  sécond key \n", "utf-8")
    return path


def test_without_a_file_of_keys_any_key_will_do(client: TestClient) -> None:
    assert client.post(ANALYZE, json=GOOD).status_code == 200
    assert client.post(f"{ANALYZE}?key=whatever", json=GOOD).status_code == 200


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST, "/v1/score"])
def test_a_wrong_key_is_400_and_a_missing_one_403(make_client: Make, keyed: Path, path: str) -> None:
    client = make_client(keys=keyed)
    wrong = client.post(f"{path}?key=first-kez", json=GOOD)
    assert wrong.status_code == 400
    assert wrong.json()["error"]["message"] == "API key not valid. Please pass a valid API key."
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    missing = client.post(path, json=GOOD)
    assert missing.status_code == 403
    assert missing.json()["error"]["status"] == "PERMISSION_DENIED"


def test_a_good_key_opens_in_the_address_or_in_a_header(make_client: Make, keyed: Path) -> None:
    client = make_client(keys=keyed)
    assert client.post(ANALYZE, params={"key": "sécond key"}, json=GOOD).status_code == 200
    header = {"X-Goog-Api-Key": "first-key"}
    assert client.post(ANALYZE, headers=header, json=GOOD).status_code == 200


def test_a_wrong_key_is_told_when_a_client_library_builds_itself(make_client: Make, keyed: Path) -> None:
    client = make_client(keys=keyed)
    address = "/$discovery/rest?version=v1alpha1"
    assert client.get(address).status_code == 200
    assert client.get(f"{address}&key=first-key").status_code == 200
    assert client.get(f"{address}&key=no").json()["error"]["message"].startswith("API key not valid")


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# none yet\n")
    with pytest.raises(ConfigError, match="holds no key"):
        read_keys(path)


@pytest.mark.parametrize(
    "body",
    [
        # The original documentation's own example for curl, and what JavaScript people write.
        b'{comment: {text: "you idiot"}, requestedAttributes: {TOXICITY:{}} }',
        b"{'comment': {'text': 'you idiot'}, 'requestedAttributes': {'TOXICITY': {}},}",
        b'{"comment": {"text": "you idiot"}, "requested_attributes": {"TOXICITY": {"score_type": null}}}',
        b'{"comment": {"text": "you idiot", "more": 1}, "requestedAttributes": {"TOXICITY": {}}, "x": null}',
    ],
)
def test_what_the_original_tolerates_is_tolerated(client: TestClient, body: bytes) -> None:
    assert client.post(ANALYZE, content=body).json() == client.post(ANALYZE, json=GOOD).json()


def test_half_an_emoji_counts_as_one_strange_character(client: TestClient) -> None:
    text = rb"you idiot \ud83d! \\ud83d \ud83d\ude00. A"
    body = (
        b'{"comment": {"text": "%b"}, "requestedAttributes": {"TOXICITY": {}}, "spanAnnotations": true}'
        % text
    )
    spans = client.post(ANALYZE, content=body).json()["attributeScores"]["TOXICITY"]["spanScores"]
    assert [(span["begin"], span["end"]) for span in spans] == [(0, 12), (13, 23), (24, 25)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{",
        b'{"comment": "text"}',
        b'{"comment": {"text": 1}}',
        b'{"comment": {"text": "a"}, "requestedAttributes": ["TOXICITY"]}',
        b'{"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {"scoreThreshold": "high"}}}',
        b'{"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {"scoreThreshold": 1e999}}}',
        b'{"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b"{x: " + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"x":' * 100_000,
        b'{"requested_attributes":' * 20_000,
        b"9" * 10_000,
        b"t\xf4\xbf\xbf\xbf",
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
@pytest.mark.parametrize("path", [ANALYZE, SUGGEST, "/v1/score"])
def test_a_broken_body_is_400_with_an_error_type(client: TestClient, path: str, body: bytes) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["errorType"]


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_body_is_a_message_or_an_error_of_ours(body: bytes) -> None:
    for reader in READERS:
        try:
            message: Any = reader.read(body)
        except ApiError as error:
            assert error.code == 400 and error.to_dict()["error"]["details"]
        else:
            assert isinstance(message, AnalyzeCommentRequest | SuggestCommentScoreRequest)


@given(
    body=JSON.map(lambda value: json.dumps(value).encode()),
    path=st.sampled_from((ANALYZE, SUGGEST, "/v1/score")),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_body_breaks_the_server(client: TestClient, body: bytes, path: str) -> None:
    assert client.post(path, content=body).status_code in (200, 400)


@given(text=st.text(min_size=1, max_size=300), spans=st.booleans())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_text_breaks_the_server(client: TestClient, text: str, spans: bool) -> None:
    request = {**GOOD, "comment": {"text": text}, "spanAnnotations": spans, "languages": ["en"]}
    answer = client.post(ANALYZE, content=json.dumps(request).encode())
    if answer.status_code != 200:
        assert answer.json()["error"]["details"][0]["errorType"] == "COMMENT_EMPTY"


def test_compressed_bodies_are_refused(client: TestClient) -> None:
    answer = client.post(ANALYZE, content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_other_addresses_and_methods_are_errors_in_the_envelope(client: TestClient) -> None:
    assert client.get("/v1alpha1/comments").json()["error"]["status"] == "NOT_FOUND"
    answer = client.get(ANALYZE)
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"


def test_a_page_of_an_allowed_origin_may_read(make_client: Make) -> None:
    client = make_client(origins=("https://forum.example",))
    asked = {
        "origin": "https://forum.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = client.options(ANALYZE, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://forum.example"
    answer = client.post(ANALYZE, json=GOOD, headers={"origin": "https://forum.example"})
    assert answer.headers["access-control-allow-origin"] == "https://forum.example"
    answer = client.post(ANALYZE, json=GOOD, headers={"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_a_stranger_cannot_suggest(make_client: Make) -> None:
    suggestion = {"comment": {"text": "a"}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    client = make_client(origins=("https://forum.example",))
    for origin, code in (("https://elsewhere.example", 403), ("null", 403), ("https://forum.example", 200)):
        assert client.post(SUGGEST, json=suggestion, headers={"origin": origin}).status_code == code


def test_what_goes_wrong_here_is_not_told_to_clients(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Model, texts: object) -> None:
        raise ValueError("private")

    monkeypatch.setattr(Model, "rate", fail)
    answer = client.post(ANALYZE, json=GOOD)
    assert answer.status_code == 500
    assert answer.json()["error"]["status"] == "INTERNAL"
    assert "private" not in answer.text
    assert 'code="500"' in client.get("/metrics").text
