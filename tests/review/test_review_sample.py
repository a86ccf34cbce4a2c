"""A drawn sample as a queue: exactly its comments, by lot, blind to scores where that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handmade_run import SMALL, explain
from lxml import html
from reviewing import DRAWN, MANY, Reviewer, drawn

from moderation.decisions.store import DecisionStore
from moderation.errors import UsageError
from moderation.review.access import Access
from moderation.review.app import make_app
from moderation.review.desk import Desk


@pytest.fixture
def sit_down(make_desk: Callable[..., Desk], access: Access) -> Callable[..., Reviewer]:
    def make(rows: Any = MANY, numbers: list[int] = DRAWN, **options: Any) -> Reviewer:
        desk = make_desk(rows, sample=drawn(rows, numbers), **options)
        return Reviewer(make_app(desk, access, "run", explain), "Rae", access)

    return make


def test_the_queue_holds_exactly_the_drawn_comments_by_lot(sit_down: Callable[..., Reviewer]) -> None:
    rae = sit_down()
    link = html.document_fromstring(rae.get("/")).xpath("//a[text()='Judge the sample']/@href")[0]
    shown = rae.shown(link)
    assert sorted(shown) == sorted(DRAWN)
    assert shown not in (sorted(DRAWN), sorted(DRAWN, reverse=True))
    assert "<b>6</b> to do" in rae.get("/")
    rae.send("/decide", row=shown[0], decision="approve")
    assert rae.shown(link) == shown[1:]
    assert len(rae.shown("/work")) == 10, "the flagged comments can be worked on as well"


def test_in_a_sample_every_label_is_judged(sit_down: Callable[..., Reviewer], store: DecisionStore) -> None:
    rae = sit_down()
    rae.send("/decide", row=29, decision="remove", **{"judge:threat": "yes"})
    rae.send("/decide", row=3, decision="remove")
    rae.send("/decide", row=7, decision="skip")
    rae.send("/decide", row=28, decision="remove")
    assert [(d.comment_id, d.labels, d.checked) for d in store.current()] == [
        ("29", ("insult", "threat"), None),
        ("3", (), None),
        ("7", (), ()),
        ("28", ("insult",), ("insult",)),
    ]


def test_blind_reviewers_see_nothing_that_the_model_says(sit_down: Callable[..., Reviewer]) -> None:
    rae = sit_down(SMALL, [0, 1, 2], blind=True)
    for address in (
        "/",
        "/work",
        "/work?among=flagged&label=threat&high=1&view=list",
        "/comment/2",
        "/context/2",
    ):
        page = html.document_fromstring(rae.get(address))
        assert not page.cssselect("mark, .flag, .veiled, .expected, fieldset b, fieldset.word"), address
        # Queues of a thread or an author would show others than the drawn ones.
        assert not page.xpath("//article//a[contains(@href, '/work')]"), address
        text = page.text_content()
        assert "flagged" not in text and "right" not in text, address
    assert sorted(rae.shown("/work?among=flagged&label=threat&order=strong")) == [0, 1, 2]
    assert rae.client.get("/bulk").status_code == 400


def test_a_blind_decision_agrees_with_no_flag(
    sit_down: Callable[..., Reviewer], store: DecisionStore
) -> None:
    rae = sit_down(blind=True)
    rae.send("/decide", row=29, decision="remove", **{"judge:threat": "yes"})
    rae.send("/decide", row=20, decision="remove")
    assert [(d.labels, d.checked) for d in store.current()] == [(("threat",), None), ((), None)]


def test_many_of_a_sample_are_not_decided_at_once(
    sit_down: Callable[..., Reviewer], store: DecisionStore
) -> None:
    rae = sit_down()
    answer = rae.send("/bulk?among=sample", decision="remove", expected=6)
    assert answer.status_code == 400 and "comment by comment" in answer.text
    assert "Decide on all" not in rae.get("/work?among=sample") and list(store.events()) == []


def test_the_sample_of_another_run_is_refused(make_desk: Callable[..., Desk]) -> None:
    other = [dict(one, text="something else") for one in MANY]
    with pytest.raises(UsageError, match="6 of 6 comments of the sample are not in this run"):
        make_desk(MANY, sample=drawn(other, DRAWN))
