"""Decisions by hand, and a strategy for any that can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from moderation.decisions import DECISIONS, ORIGINS, Decision, JudgedSpan, text_digest

PAGE = {
    "comment_id": "c7",
    "text_digest": text_digest("You fool"),
    "decision": "remove",
    "labels": ["insult"],
    "note": "",
    "reviewer": "Rae",
    "created_at": "2024-05-01T09:30:00.000Z",
    "model": "fast@" + "d1" * 32,
    "policy": "2f7e3d036531bf55",
}

words = st.text(st.characters(codec="utf-8"), max_size=20)
labels = st.lists(st.sampled_from(("insult", "threat", "severe")), unique=True).map(tuple)
spans = st.lists(
    st.builds(
        lambda begin, length, label, confirmed: JudgedSpan(begin, begin + length, label, confirmed),
        st.integers(0, 1000),
        st.integers(1, 30),
        st.sampled_from(("insult", "rule:x")),
        st.booleans(),
    ),
    unique_by=lambda s: (s.begin, s.end, s.label),
    max_size=4,
).map(lambda found: tuple(sorted(found, key=lambda s: (s.begin, s.end, s.label))))
decisions = st.builds(
    Decision,
    comment_id=words.filter(bool),
    text_digest=words.map(text_digest),
    decision=st.sampled_from(DECISIONS),
    labels=labels,
    checked=st.none() | labels,
    note=words,
    reviewer=words,
    created_at=st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    model=words,
    policy=st.sampled_from(("", "2f7e3d036531bf55")),
    thread_id=words,
    origin=st.sampled_from(ORIGINS),
    text=st.none() | words,
    before=st.none() | st.sampled_from(DECISIONS),
    spans=spans,
)

BEGIN = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)


def decided(number: int, decision: str = "remove", reviewer: str = "Rae", minute: int = 0) -> Decision:
    return Decision(
        comment_id=f"c{number}",
        text_digest=text_digest(f"text {number}"),
        decision=decision,
        labels=("insult",) if decision == "remove" else (),
        checked=None,
        note="",
        reviewer=reviewer,
        created_at=BEGIN + timedelta(minutes=minute),
        model="fast@" + "d1" * 32,
        policy="2f7e3d036531bf55",
        thread_id="t",
        origin="review",
    )
