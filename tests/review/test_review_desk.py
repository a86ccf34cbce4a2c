"""The desk: queues, leases, second opinions, bulk and undo, decisions of other runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from handmade_run import SMALL, comment

from moderation.decisions import Decision, text_digest
from moderation.decisions.store import DecisionStore
from moderation.errors import UsageError
from moderation.review.desk import Changed, Desk, Taken
from moderation.review.filters import Filter
from moderation.review.ruling import Ruling

Maker = Callable[..., Desk]
ALL = Filter(among="all", decided="all")


def queue(desk: Desk, wanted: Filter | None = None, reviewer: str = "Rae", **options: Any) -> list[str]:
    handed = desk.hand_out(wanted or Filter(), reviewer, **options)
    return [record["comment_id"] for record in desk.index.comments(handed.rows)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["c", "b", "f"]),
        (Filter(label="threat"), ["c"]),
        (Filter(label="insult", order="uncertain"), ["f", "c", "b"]),
        (Filter(low=0.65, high=0.92), ["b"]),
        (Filter(label="threat", low=0.0, high=0.5, among="all"), ["a", "b", "e", "f"]),
        (Filter(thread="t2"), ["f"]),
        (Filter(thread="t1", among="all", order="thread"), ["a", "b", "c", "d"]),
        (Filter(author="Bob"), ["c", "b"]),
        (Filter(search="FOOL"), ["b", "f"]),
        (Filter(search="bob plan"), ["b"]),
        (Filter(search="%"), []),
        (Filter(order="new"), ["c", "b", "f"]),
        (Filter(order="old"), ["b", "c", "f"]),
        (Filter(decided="yes"), []),
    ],
)
def test_queues(make_desk: Maker, wanted: Filter, ids: list[str]) -> None:
    assert queue(make_desk(), wanted) == ids


@pytest.mark.parametrize("order", ["strong", "uncertain", "new", "old", "thread"])
def test_a_queue_goes_on_page_by_page_without_loss(make_desk: Maker, order: str) -> None:
    desk = make_desk([comment(str(n), "idiot", insult=0.9, thread_id=f"t{n % 3}") for n in range(9)])
    wanted, seen = Filter(order=order), []
    while rows := desk.hand_out(wanted, "Rae", count=2).rows:
        seen += rows
        wanted = replace(wanted, after=rows[-1])
    assert len(seen) == 9
    assert sorted(seen) == list(range(9))


def test_nothing_is_handed_to_two_people(make_desk: Maker, clock: Any) -> None:
    desk = make_desk()
    assert queue(desk, reviewer="Rae", count=2) == ["c", "b"]
    handed = desk.hand_out(Filter(), "Sam")
    assert (handed.total, handed.taken, len(handed.rows)) == (3, 2, 1)
    assert queue(desk, reviewer="Rae") == ["c", "b"]
    with pytest.raises(Taken):
        desk.decide(2, Ruling("remove"), "Sam")
    clock.now = 601
    assert queue(desk, reviewer="Sam") == ["c", "b", "f"]


def test_a_page_that_is_reloaded_keeps_what_it_was_handed(make_desk: Maker) -> None:
    desk = make_desk()
    first = desk.hand_out(Filter(), "Rae", "first page")
    desk.hand_out(Filter(), "Rae", "second page")
    desk.leases.give_back("Rae", first.keys, "first page")
    assert queue(desk, reviewer="Sam") == []
    desk.leases.give_back("Rae", first.keys, "second page")
    assert len(queue(desk, reviewer="Sam")) == 3


def test_a_decision_is_stored_with_all_that_it_is_about(make_desk: Maker, store: DecisionStore) -> None:
    desk = make_desk()
    desk.decide(2, Ruling("remove", {"insult": False}, "a threat"), "Rae")
    (made,) = store.current()
    assert made == Decision(
        comment_id="c",
        text_digest=text_digest("Burn it, idiot!"),
        decision="remove",
        labels=("threat",),
        checked=("insult", "threat"),
        note="a threat",
        reviewer="Rae",
        created_at=made.created_at,
        model="fast@" + "d1" * 32,
        policy="2f7e3d036531bf55",
        thread_id="t1",
        origin="review",
    )
    assert queue(desk) == ["b", "f"]
    assert queue(desk, Filter(decided="yes")) == ["c"]


def test_who_finds_a_comment_says_so(make_desk: Maker, store: DecisionStore) -> None:
    make_desk().decide(0, Ruling("remove"), "Rae")
    (made,) = store.current()
    assert (made.policy, made.labels) == ("", ())


@pytest.mark.parametrize(
    ("ruling", "labels", "checked"),
    [
        (Ruling("approve"), (), None),
        (Ruling("approve", {"insult": True}), ("insult",), None),
        (Ruling("remove"), ("insult",), ("insult",)),
        (Ruling("escalate", {"threat": True}), ("insult", "threat"), ("insult", "threat")),
        (Ruling("skip"), (), ()),
        (Ruling("skip", {"insult": False}), (), ("insult",)),
    ],
)
def test_labels_follow_from_the_decision_and_what_was_said(
    ruling: Ruling, labels: tuple[str, ...], checked: tuple[str, ...] | None
) -> None:
    assert ruling.labels(["insult"], ["insult", "threat"]) == (labels, checked)


def test_a_skipped_comment_is_left_to_others(make_desk: Maker) -> None:
    desk = make_desk()
    desk.decide(2, Ruling("skip"), "Rae")
    assert queue(desk, reviewer="Rae", count=0) == []
    assert queue(desk, reviewer="Sam", wanted=Filter(label="threat")) == []
    desk.leases.give_back("Rae", [f"{text_digest('Burn it, idiot!')}c"])
    assert queue(desk, reviewer="Sam", wanted=Filter(label="threat")) == ["c"]
    assert "c" not in queue(desk, reviewer="Rae")


def test_some_comments_get_a_second_opinion(make_desk: Maker, clock: Any) -> None:
    desk = make_desk([comment(str(n), f"idiot {n}", insult=0.9) for n in range(200)], second_opinion=0.1)
    desk.decide_all(Filter(), Ruling("remove"), "Rae", 200)
    second = desk.hand_out(Filter(), "Sam", count=100).rows
    assert 8 <= len(second) <= 35
    desk.decide(second[0], Ruling("approve"), "Sam")
    clock.now = 601
    assert second[0] not in desk.hand_out(Filter(), "Tom", count=100).rows
    assert desk.hand_out(Filter(), "Rae").rows == []


def test_bulk_is_previewed_and_undone_at_once(make_desk: Maker, store: DecisionStore) -> None:
    desk = make_desk()
    wanted = Filter(author="Bob")
    preview = desk.preview(wanted, "Rae")
    assert (preview.count, preview.authors, preview.threads, preview.taken) == (2, 1, 1, 0)
    assert preview.labels == [("insult", 2), ("threat", 1)]
    assert preview.sample == [2, 1]
    assert desk.decide_all(wanted, Ruling("remove", {}, "spree"), "Rae", 2) == 2
    made = list(store.current())
    assert [(d.comment_id, d.origin, d.labels) for d in made] == [
        ("b", "bulk", ("insult",)),
        ("c", "bulk", ("insult", "threat")),
    ]
    assert queue(desk) == ["f"]
    assert desk.undo("Rae") == ([1, 2], 2)
    assert queue(desk) == ["c", "b", "f"]
    assert list(store.current()) == []


def test_bulk_on_something_else_than_the_preview_does_nothing(make_desk: Maker, store: DecisionStore) -> None:
    desk = make_desk()
    desk.hand_out(Filter(label="threat"), "Sam")
    assert desk.preview(Filter(), "Rae").taken == 1
    with pytest.raises(Changed, match="2 comments fit now, not 3"):
        desk.decide_all(Filter(), Ruling("approve"), "Rae", 3)
    assert list(store.events()) == []


def test_undo_goes_back_step_by_step_and_only_ones_own(make_desk: Maker) -> None:
    desk = make_desk()
    desk.decide(2, Ruling("remove"), "Rae")
    desk.decide(1, Ruling("approve"), "Rae")
    desk.decide(5, Ruling("remove"), "Sam")
    assert desk.undo("Rae") == ([1], 1)
    assert desk.undo("Rae") == ([2], 1)
    assert desk.undo("Rae") == ([], 0)
    assert queue(desk, Filter(decided="yes"), "Sam") == ["f"]


def test_what_another_process_writes_is_seen(make_desk: Maker, store: DecisionStore) -> None:
    desk = make_desk()
    with DecisionStore(store.name) as other:
        text = SMALL[2]["text"]
        other.append([_imported("c", text, "Zoe")])
    assert queue(desk) == ["b", "f"]


def test_decisions_of_an_earlier_run_carry_over_where_the_text_is_the_same(
    make_desk: Maker, store: DecisionStore
) -> None:
    desk = make_desk(new_only=True)
    earlier = [
        _imported("c", "Burn it, idiot!", "Zoe"),
        _imported("b", "Another text then", "Zoe"),
        _imported("gone", "Burn it, idiot!", "Zoe"),
    ]
    assert desk.carry(earlier) == 1
    assert desk.carry(earlier) == 0
    assert queue(desk) == ["b", "f"]
    assert queue(desk, ALL) == ["b", "f", "a", "e", "d"]
    assert [d.comment_id for d in store.current()] == ["c"]


def test_a_comment_that_is_in_the_run_twice_is_decided_once(make_desk: Maker) -> None:
    desk = make_desk([comment("a", "idiot", insult=0.9), comment("a", "idiot", insult=0.9)])
    desk.decide(0, Ruling("remove"), "Rae")
    assert queue(desk) == []


def test_the_same_id_and_text_in_another_thread_is_another_comment(make_desk: Maker) -> None:
    desk = make_desk([comment("1", "idiot", insult=0.9, thread_id=t) for t in ("x", "y")])
    desk.decide(0, Ruling("remove"), "Rae")
    assert desk.hand_out(Filter(), "Rae").rows == [1]


def test_an_empty_run_has_empty_queues(make_desk: Maker) -> None:
    desk = make_desk([])
    assert desk.hand_out(Filter(), "Rae").rows == []
    assert desk.preview(Filter(), "Rae").count == 0
    with pytest.raises(UsageError, match="no comment 7"):
        desk.decide(7, Ruling("skip"), "Rae")


def _imported(comment_id: str, text: str, reviewer: str) -> Decision:
    return Decision(
        comment_id=comment_id,
        text_digest=text_digest(text),
        decision="remove",
        labels=(),
        checked=None,
        note="",
        reviewer=reviewer,
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
        model="",
        policy="",
    )
