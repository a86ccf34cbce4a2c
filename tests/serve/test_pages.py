"""What is there to look at: what this is, health, counts, the documents."""

from __future__ import annotations

import re

import pytest
from served import ANALYZE, Make  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation.serve.attributes import ATTRIBUTES

BROWSER = {"accept": "text/html,application/xhtml+xml"}
GOOD = {"comment": {"text": "you idiot"}, "requestedAttributes": {"TOXICITY": {}}}


def test_the_start_page_says_that_the_scores_are_not_perspectives(client: TestClient) -> None:
    about = client.get("/").json()
    assert "it is not the Perspective API" in about["notice"]
    assert about["scale"] == "own"
    assert about["attributes"] == ATTRIBUTES
    page = client.get("/", headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert "it is not the Perspective API" in page.text and about["model"] in page.text


def test_it_is_healthy(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_ask_for_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    page = client.get(path, headers=BROWSER)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"(?i)<(?:script|link|img|iframe)\b|(?:https?:)?//[a-z]|@import|url\(", page.text)


def test_the_reference_shows_every_address_and_message(client: TestClient) -> None:
    document, page = client.get("/openapi.json").json(), client.get("/docs").text
    for path in document["paths"]:
        assert path in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    references = re.findall(r'"#/components/schemas/(\w+)"', client.get("/openapi.json").text)
    assert set(references) <= set(document["components"]["schemas"])


def test_counts_hold_numbers_and_no_words_of_clients(client: TestClient) -> None:
    client.post(f"{ANALYZE}?key=secret-key", json=GOOD)
    client.post(f"{ANALYZE}?key=secret-key", json={})
    client.get("/some/where/else")
    text = client.get("/metrics").text
    assert f'moderation_requests_total{{code="200",endpoint="{ANALYZE}"}} 1.0' in text
    assert f'moderation_requests_total{{code="400",endpoint="{ANALYZE}"}} 1.0' in text
    assert "moderation_batch_texts_sum 1.0" in text
    assert "secret-key" not in text and "idiot" not in text and "/some/where" not in text


@pytest.mark.parametrize("host", ["localhost:8000", "scores.example.org", "[::1]:8000"])
def test_the_discovery_document_points_to_where_the_client_is(client: TestClient, host: str) -> None:
    document = client.get("/$discovery/rest?version=v1alpha1", headers={"host": host}).json()
    assert document["rootUrl"] == f"http://{host}/"


def test_a_host_that_is_none_is_refused(client: TestClient) -> None:
    answer = client.get("/$discovery/rest", headers={"host": 'x"/><script>'})
    assert answer.status_code == 400


def test_the_scale_is_named(make_client: Make) -> None:
    assert make_client().get("/").json()["scale_means"].startswith("The values are this model's own")
