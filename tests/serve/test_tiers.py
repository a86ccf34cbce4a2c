"""A server with a second tier: its scores are those of the model, and the linear one alone is the default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from deep_bundle import write_deep
from starlette.testclient import TestClient

from moderation.classify.model import load_model
from moderation.errors import ConfigError, UsageError
from moderation.serve.app import create_app
from moderation.serve.settings import Settings

TEXTS = ["you idiot", "thank you for the nice photo", "you are not stupid", "they staged it"]


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    pytest.importorskip("onnxruntime", reason="moderation[deep] is not installed")
    return write_deep(tmp_path_factory.mktemp("deep") / "tiny-deep", tiny_model)


@pytest.fixture(params=["cascade", "deep"])
def tiered(request: pytest.FixtureRequest, deep: Path) -> Iterator[tuple[str, TestClient]]:
    app = create_app(Settings(model=str(deep), tier=request.param))
    with TestClient(app) as client:
        yield request.param, client


def test_scores_are_those_of_the_tier(tiered: tuple[str, TestClient], deep: Path) -> None:
    tier, client = tiered
    model = load_model(deep, tier)
    expected = model.predict_proba(TEXTS)
    answer = client.post("/v1/score", json={"texts": TEXTS, "any_language": True}).json()
    found = [[row["probabilities"][label] for label in model.labels] for row in answer["scores"]]
    assert np.allclose(found, expected, atol=1e-6)

    def analyse(text: str) -> float:
        request = {"comment": {"text": text}, "languages": ["en"], "requestedAttributes": {"INSULT": {}}}
        scores = client.post("/v1alpha1/comments:analyze", json=request).json()["attributeScores"]
        return float(scores["INSULT"]["summaryScore"]["value"])

    with ThreadPoolExecutor(4) as clients:
        at_once = list(clients.map(analyse, TEXTS * 3))
    column = list(model.labels).index("insult")
    assert at_once == pytest.approx(expected[:, column].tolist() * 3, abs=1e-6)


def test_the_page_names_tier_and_model(tiered: tuple[str, TestClient]) -> None:
    tier, client = tiered
    about = client.get("/").json()
    assert about["tier"] == tier and "tiny-deep" in about["model"]


def test_spans_are_explained_by_the_tier(tiered: tuple[str, TestClient]) -> None:
    lines = json.dumps({"text": "you idiot"}) + "\n"
    headers = {"content-type": "application/x-ndjson"}
    answer = tiered[1].post("/v1/score?explain=true", content=lines, headers=headers)
    assert answer.status_code == 200 and json.loads(answer.text)["spans"]


def test_without_a_word_the_linear_model_answers(tiny_model: Path) -> None:
    with TestClient(create_app(Settings(model=str(tiny_model)))) as client:
        assert client.get("/").json()["tier"] == "fast"


def test_tiers_that_cannot_be_served_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose one of fast, cascade, deep"):
        create_app(Settings(model=str(tiny_model), tier="best"))
    policy = tmp_path / "policy.toml"
    policy.write_text('tier = "cascade"\ndeep_budget = 0.1\n')
    with pytest.raises(ConfigError, match="deep_budget needs a run"):
        create_app(Settings(model=str(tiny_model), policy=policy))
