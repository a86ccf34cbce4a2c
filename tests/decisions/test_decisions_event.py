"""What a decision may hold, and its way through JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from handmade_decisions import PAGE, decisions
from hypothesis import given

from moderation.decisions import Decision
from moderation.errors import DataError


def test_a_line_of_the_reports_page_is_a_decision() -> None:
    decision = Decision.from_dict(PAGE)
    assert (decision.comment_id, decision.labels, decision.checked) == ("c7", ("insult",), None)
    assert decision.created_at == datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    assert (decision.thread_id, decision.origin) == ("", "report")
    assert decision.to_dict() == PAGE


@given(decisions)
def test_json_gives_every_decision_back(decision: Decision) -> None:
    assert Decision.from_dict(json.loads(json.dumps(decision.to_dict()))) == decision


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("comment_id", ""),
        ("comment_id", None),
        ("comment_id", 7),
        ("comment_id", "\ud800"),
        ("text_digest", "abc"),
        ("decision", "delete"),
        ("decision", None),
        ("labels", "insult"),
        ("labels", [1]),
        ("labels", ["<b>"]),
        ("checked", "insult"),
        ("created_at", "yesterday"),
        ("created_at", 5),
        ("policy", "../.."),
        ("origin", "nowhere"),
        ("note", "x" * 20_000),
        ("reviewer", ["Rae"]),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: Any) -> None:
    with pytest.raises(DataError, match=field if field not in ("labels",) else "label"):
        Decision.from_dict({**PAGE, field: value})
