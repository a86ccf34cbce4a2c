"""Sentences with slots as training rows: what is harmless, and what depends on the stance."""

from __future__ import annotations

from pathlib import Path

from moderation.schema import LABELS
from moderation.train.corpora_spec import registry_path
from moderation.train.templates import STANCES, SWEARING, TEMPLATES, template_rows

STATED = """
[slots]
who = ["cats", "dogs", "owls"]
[[template]]
text = "I saw {who} and {who}"
labels = []
[[swearing]]
text = "damn {who}"
labels = ["obscene"]
[[stance]]
text = "{who} are vermin"
labels = ["abusive", "identity_attack"]
[[stance]]
text = "{who} are not vermin"
labels = []
[[short]]
text = "owls!"
labels = []
[[claim]]
text = "the {who} run everything"
labels = ["conspiracy"]
"""


def test_slots_are_filled_the_same_way_every_time(tmp_path: Path) -> None:
    path = tmp_path / "templates.toml"
    path.write_text(STATED, "utf-8")
    harmless, both = template_rows(path, TEMPLATES), template_rows(path, STANCES)
    seen = [
        f"I saw {one} and {other}" for one in ("cats", "dogs", "owls") for other in ("cats", "dogs", "owls")
    ]
    assert sorted(harmless["text"]) == sorted([*seen, "owls!"])
    assert set(both["text"]) - set(harmless["text"]) == {
        f"{who} {rest}" for who in ("cats", "dogs", "owls") for rest in ("are vermin", "are not vermin")
    } | {said for who in ("cats", "dogs", "owls") for said in (f"damn {who}", f"the {who} run everything")}
    assert sorted(template_rows(path, SWEARING)["text"]) == ["damn cats", "damn dogs", "damn owls"]
    assert set(harmless["corpus"]) == {TEMPLATES}
    attack = both[both["text"] == "owls are vermin"].iloc[0]
    assert {label for label in LABELS if attack[label]} == {"abusive", "identity_attack"}
    assert both.loc[both["text"] == "owls are not vermin", list(LABELS)].to_numpy().tolist() == [[0.0] * 8]


def test_what_a_template_draws_does_not_depend_on_the_others(tmp_path: Path) -> None:
    path, words = tmp_path / "templates.toml", [f"word{n}" for n in range(1000)]
    stated = STATED.replace('["cats", "dogs", "owls"]', str(words))
    path.write_text(stated, "utf-8")
    before = template_rows(path, TEMPLATES)["text"].tolist()
    path.write_text(
        stated.replace("[[template]]", '[[template]]\ntext = "{who}"\nlabels = []\n[[template]]'), "utf-8"
    )
    after = template_rows(path, TEMPLATES)["text"].tolist()
    assert len(before) > 50
    assert [text for text in after if " " in text or text == "owls!"] == before


def test_the_harmless_ones_of_the_project_carry_no_attack() -> None:
    path = registry_path().parent / "written" / "templates.toml"
    harmless, swearing, both = (template_rows(path, name) for name in (TEMPLATES, SWEARING, STANCES))
    assert not harmless[list(LABELS)].any(axis=None)
    # All of one class: with both, an intercept of its own would explain what the corpus is there to teach.
    assert swearing["obscene"].all()
    assert not swearing[[label for label in LABELS if label != "obscene"]].any(axis=None)
    for label in LABELS:
        assert both[label].nunique() == 2, label
