"""Training keeps to the licence classes that are asked for, and says what a model's corpora allow."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from moderation.errors import ConfigError, UsageError
from moderation.train.corpora import registry
from moderation.train.corpora_spec import LICENCE_CLASSES
from moderation.train.licences import ALLOWS, corpus_of, terms
from moderation.train.recipe import read_recipe

RECIPE_OF_FAST = Path(__file__).parents[2] / "models" / "fast" / "recipe.toml"
RECIPE = """
name = "small"
seed = 1

[labels.abusive]
prevalence = 0.05
calibrate = ["jigsaw_train_any_label", "davidson"]
[labels.abusive.corpora]
jigsaw_train_any_label = 6
davidson = 0.1
written_templates = 4

[labels.conspiracy]
prevalence = 0.05
calibrate = ["caves"]
[labels.conspiracy.corpora]
caves = 1
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, "utf-8")
    return path


def test_a_recipe_keeps_to_its_licences(recipe: Path) -> None:
    kept = read_recipe(recipe, ["free"])
    assert kept.corpora == ["davidson", "written_templates"]
    assert kept.labels["abusive"].corpora == {"davidson": 0.1, "written_templates": 4}
    assert kept.labels["abusive"].calibrate == ("davidson",)
    assert list(kept.labels) == ["abusive"]


def test_the_kept_recipe_reproduces_itself(recipe: Path) -> None:
    kept = read_recipe(recipe, ["share-alike", "free"])
    recipe.write_text(kept.text, "utf-8")
    again = read_recipe(recipe)
    assert (again.labels, again.licences) == (kept.labels, ("free", "share-alike"))
    narrowed = read_recipe(recipe, ["free"])
    assert tomllib.loads(narrowed.text)["licences"] == ["free"]


def test_without_licences_a_recipe_is_as_it_stands(recipe: Path) -> None:
    stated = read_recipe(recipe)
    assert stated.text == RECIPE
    assert "jigsaw_train_any_label" in stated.corpora


def test_licences_that_leave_nothing_or_are_unknown_are_told(recipe: Path) -> None:
    with pytest.raises(ConfigError, match="names no corpora of licence class non-commercial"):
        read_recipe(recipe, ["non-commercial"])
    with pytest.raises(UsageError, match="unknown licence class 'fre'; known: free, share-alike"):
        read_recipe(recipe, ["fre"])


def test_the_shipped_recipe_trains_every_label_on_free_corpora() -> None:
    recipe = read_recipe(RECIPE_OF_FAST, ["free"])
    classes = {registry()[corpus_of(name)].licence_class for name in recipe.corpora}
    assert classes == {"free"}
    assert set(recipe.labels) == set(read_recipe(RECIPE_OF_FAST).labels)


def test_every_class_says_what_it_allows() -> None:
    assert tuple(ALLOWS) == LICENCE_CLASSES
    stated = terms(["davidson", "written_templates", "caves"])
    assert stated.splitlines() == [f"- {name}: {ALLOWS[name]}" for name in ("free", "share-alike")]
