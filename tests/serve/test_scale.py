"""The Perspective scale: made for the shipped model, monotone, and only where it is asked for."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import ANALYZE  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation import load_model
from moderation.errors import ConfigError
from moderation.schema import LABELS
from moderation.serve.app import create_app
from moderation.serve.scale import SCALE_FILE, read_scale, rescaler
from moderation.serve.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
REMAKE = "the model changed: python benchmarks/perspective_scale.py --corpora DIR"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "perspective_tool", ROOT / "benchmarks" / "perspective_scale.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stated() -> dict[str, Any]:
    return json.loads(SCALE_FILE.read_text("utf-8"))


def test_the_scale_is_that_of_the_shipped_model(stated: dict[str, Any]) -> None:
    assert stated["model"]["digest"] == load_model("fast").digest, REMAKE


def test_the_page_shows_the_figures_of_the_shipped_model(tool: ModuleType, stated: dict[str, Any]) -> None:
    figures = json.loads(tool.RESULTS.read_text("utf-8"))
    assert figures["model"] == f"fast@{stated['model']['digest'][:16]}", REMAKE
    page = tool.PAGE.read_text("utf-8")
    assert tool.with_table(page, figures) == page, REMAKE
    assert figures["texts"] == stated["texts"] < figures["all"]


def test_every_mapping_is_monotone_from_0_to_1(stated: dict[str, Any]) -> None:
    assert set(stated["attributes"]) == set(LABELS) - {"conspiracy"}
    for knots in stated["attributes"].values():
        ours, theirs = np.array(knots["ours"]), np.array(knots["theirs"])
        assert ours[0] == 0 and ours[-1] == theirs[-1] == 1
        assert (np.diff(ours) > 0).all() and (np.diff(theirs) >= 0).all() and theirs[0] >= 0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_order_of_comments_is_kept(values: list[float]) -> None:
    stated = json.loads(SCALE_FILE.read_text("utf-8"))
    matrix = np.repeat(np.sort(values)[:, None], len(LABELS), axis=1)
    mapped = rescaler(stated, LABELS)(matrix)
    assert (np.diff(mapped, axis=0) >= 0).all() and mapped.min() >= 0 and mapped.max() <= 1
    assert (mapped[:, LABELS.index("conspiracy")] == matrix[:, 0]).all()


def test_a_mapping_flags_as_many_as_theirs(tool: ModuleType) -> None:
    import pandas as pd

    random = np.random.default_rng(3)
    theirs = pd.Series(random.beta(0.5, 3, 2000))
    ours = theirs**4
    knots = tool.mapping(ours, theirs)
    mapped = np.interp(ours, knots["ours"], knots["theirs"])
    for threshold in (0.5, 0.7, 0.8):
        assert abs((mapped >= threshold).sum() - (theirs >= threshold).sum()) <= 10


def test_another_model_has_no_scale(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="use --scale own"):
        create_app(Settings(model=str(tiny_model), scale="perspective", decisions=None))


def test_values_are_mapped_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model("fast")
    text = "what kind of idiot name is foo?"
    request = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}, "CONSPIRACY": {}}}
    values = {}
    for scale in ("own", "perspective"):
        with TestClient(create_app(Settings(scale=scale, decisions=None))) as client:
            assert client.get("/").json()["scale"] == scale
            found = client.post(ANALYZE, json=request).json()["attributeScores"]
            values[scale] = {name: held["summaryScore"]["value"] for name, held in found.items()}
            assert found["TOXICITY"]["spanScores"][0]["score"]["value"] == values[scale]["TOXICITY"]
    probability = float(model.predict_proba([text])[0, 0])
    assert values["own"]["TOXICITY"] == probability
    knots = read_scale(model.digest)["attributes"]["abusive"]
    assert values["perspective"]["TOXICITY"] == float(np.interp(probability, knots["ours"], knots["theirs"]))
    assert values["own"]["CONSPIRACY"] == values["perspective"]["CONSPIRACY"]
