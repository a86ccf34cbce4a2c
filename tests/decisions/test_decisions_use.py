"""What is made of decisions: ids, WP-CLI commands, statements of reasons, measures of agreement."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from handmade_decisions import decided, decisions
from hypothesis import given
from hypothesis import strategies as st

from moderation.decisions import Decision, dsa
from moderation.decisions.acts import plain_ids, wp_commands
from moderation.decisions.agreement import agreement
from moderation.decisions.judged import judged
from moderation.errors import UsageError

GROUNDS = dsa.Grounds("Community rules, section 2", "https://example.org/rules", dsa.EU)


def on(comment_id: str, decision: str, reviewer: str = "Rae", **more: object) -> Decision:
    return replace(decided(1, decision, reviewer), comment_id=comment_id, **more)


def known(_: Decision) -> dsa.Content:
    return dsa.Content(datetime(2024, 4, 30, 23, 30, tzinfo=UTC), "de")


def test_decisions_that_name_no_thread_join_those_that_do() -> None:
    page = on("c", "remove", thread_id="")
    (one,) = judged([page, on("c", "approve", "Sam")])
    assert (one.thread_id, one.agreed, len(one.decisions)) == ("t", False, 2)
    several = judged([page, on("c", "approve", "Sam"), on("c", "approve", "Sam", thread_id="u")])
    assert sorted(found.thread_id for found in several) == ["", "t", "u"]
    assert judged([on("c", "skip")]) == []


@pytest.mark.parametrize("act", [plain_ids, wp_commands])
def test_disputed_comments_are_left_out_unless_the_latest_counts(act: Callable[..., object]) -> None:
    made = [
        on("1", "remove"),
        replace(on("1", "approve", "Sam"), created_at=datetime(2024, 6, 1, tzinfo=UTC)),
    ]
    assert act(made).lines == []
    assert act(made).disputed == ["1"]
    assert act(made, latest=True).disputed == []


def test_commands_of_wordpress() -> None:
    made = [on("1", "remove"), on("2", "remove"), on("3", "approve"), on("4", "escalate"), on("x5", "remove")]
    acts = wp_commands(made)
    assert acts.lines == ["wp comment trash 1 2", "wp comment approve 3", "wp comment unapprove 4"]
    assert acts.unsafe == ["x5"]
    many = wp_commands([on(str(number), "remove") for number in range(250)])
    assert [line.count(" ") - 2 for line in many.lines] == [100, 100, 50]


@pytest.mark.parametrize(
    "hostile",
    ["1 OR 1=1", "1'--", "1;rm -rf /", "-rf", "$(id)", "`id`", "a\nb", '"', "1,2", "a b", "\u202e1", "", "é"],
)
def test_an_id_that_means_something_to_a_shell_or_sql_is_left_out(hostile: str) -> None:
    if not hostile:
        return
    acts = plain_ids([on(hostile, "remove"), on("t1_ab-c.9:2", "remove")])
    assert acts.lines == ["t1_ab-c.9:2"]
    assert acts.unsafe == [hostile]


def test_a_text_decided_on_later_is_the_one_that_counts() -> None:
    changed = on("1", "approve", text_digest="b" * 64, created_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert plain_ids([on("1", "remove"), changed]).lines == []


def test_a_statement_of_reasons() -> None:
    ((made,), left_out) = dsa.statements([on("1", "remove"), on("2", "approve")], known, GROUNDS)
    assert left_out == []
    assert made == {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "decision_ground_reference_url": "https://example.org/rules",
        "incompatible_content_ground": "Community rules, section 2",
        "incompatible_content_explanation": "The comment was judged to be: insult.",
        "content_type": ["CONTENT_TYPE_TEXT"],
        "category": "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        "territorial_scope": list(dsa.EU),
        "content_date": "2024-04-30",
        "content_language": "DE",
        "application_date": "2024-05-01",
        "decision_facts": "A text classifier flagged the comment. A moderator decided on it and removed it.",
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": made["puid"],
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,500}", made["puid"])


def test_automation_is_stated_as_it_was() -> None:
    found = on("1", "remove", policy="")
    bulk = on("2", "remove", origin="bulk", labels=("threat", "insult", "conspiracy"))
    (by_hand, together), _ = dsa.statements([found, bulk], known, GROUNDS)
    assert by_hand["automated_detection"] == "No"
    assert "no classifier" in by_hand["decision_facts"]
    assert together["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert together["category"] == "STATEMENT_CATEGORY_CYBER_VIOLENCE"
    assert together["category_addition"] == [
        "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    ]


@given(st.lists(decisions, max_size=4))
def test_statements_hold_nothing_personal_and_only_what_the_database_takes(made: list[Decision]) -> None:
    mark = "Zoë-Q"
    personal = [
        replace(d, comment_id=f"{mark}{n}", note=mark, reviewer=mark, text=mark, thread_id=mark, model=mark)
        for n, d in enumerate(made)
    ]
    written, left_out = dsa.statements(personal, known, GROUNDS)
    assert len(written) + len(left_out) == sum(d.decision == "remove" for d in made)
    assert mark not in json.dumps(written, ensure_ascii=False)
    assert len({one["puid"] for one in written}) == len(written)


def test_what_the_database_would_refuse_is_left_out_with_its_reason() -> None:
    contents = {"a": None, "b": dsa.Content(None), "c": dsa.Content(datetime(1999, 1, 1, tzinfo=UTC))}
    old = on("d", "remove", created_at=datetime(2019, 1, 1, tzinfo=UTC))
    made, left_out = dsa.statements(
        [*(on(name, "remove") for name in contents), old],
        lambda d: contents.get(d.comment_id, known(d)),
        GROUNDS,
    )
    assert made == []
    assert [reason for _, reason in left_out] == [
        "it is not in the run",
        "the date of the comment is not known",
        "the comment is older than 2000-01-01",
        "the decision is older than 2020-01-01",
    ]


def test_calls_hold_a_hundred_statements() -> None:
    made, _ = dsa.statements([on(str(n), "remove") for n in range(201)], known, GROUNDS)
    assert [len(call["statements"]) for call in dsa.calls(made)] == [100, 100, 1]


def test_grounds_are_checked() -> None:
    assert dsa.territory("de, at") == ("AT", "DE")
    assert len(dsa.territory("eu")) == 27 and len(dsa.territory("EEA")) == 30
    with pytest.raises(UsageError, match="'US'"):
        dsa.territory("DE,US")
    with pytest.raises(UsageError, match="--terms"):
        dsa.Grounds(" ")
    with pytest.raises(UsageError, match="--terms-url"):
        dsa.Grounds("x", "javascript:alert(1)")


def test_agreement_is_what_the_textbooks_say() -> None:
    # Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section B: two observers, 12 units.
    first = ["a", "a", "b", "b", "d", "c", "c", "c", "e", "d", "d", "a"]
    second = ["b", "a", "b", "b", "b", "c", "c", "c", "e", "d", "d", "d"]
    words = {"a": "approve", "b": "remove", "c": "escalate"}
    kept = [(x, y) for x, y in zip(first, second, strict=True) if x in words and y in words]
    made = []
    for number, (x, y) in enumerate(kept):
        made += [decided(number, words[x], "Rae"), decided(number, words[y], "Sam")]
    found = agreement(made)
    row = found.measures.set_index("on").loc["decision"]
    # Seven units, six the same: by hand, with n_c = (3, 5, 6) of 14 values.
    expected = 1 - (1 / 7) / (1 - (3 * 2 + 5 * 4 + 6 * 5) / (14 * 13))
    assert row["comments"] == 7
    assert row["agreed"] == pytest.approx(6 / 7)
    assert row["alpha"] == pytest.approx(expected)
    (pair,) = found.pairs.to_dict("records")
    chance = (2 * 1 + 2 * 3 + 3 * 3) / 49
    assert pair["kappa"] == pytest.approx((6 / 7 - chance) / (1 - chance))
    assert found.disagreements[["comment_id", "decisions"]].to_numpy().tolist() == [
        ["c0", "Rae: approve; Sam: remove"]
    ]


def test_fleiss_kappa_of_three_reviewers() -> None:
    votes = ["rrr", "rra", "aaa", "aar"]
    words = {"r": "remove", "a": "approve"}
    made = [
        decided(number, words[vote], reviewer)
        for number, row in enumerate(votes)
        for vote, reviewer in zip(row, ("Rae", "Sam", "Tom"), strict=True)
    ]
    row = agreement(made).measures.set_index("on").loc["decision"]
    # P = (1 + 1/3 + 1 + 1/3) / 4, chance = 1/2.
    assert row["fleiss"] == pytest.approx((2 / 3 - 1 / 2) / (1 / 2))
    assert row["opinions"] == 3


def test_a_label_that_someone_did_not_judge_is_no_opinion() -> None:
    made = [
        decided(1, "remove", "Rae"),
        replace(decided(1, "approve", "Sam"), checked=("threat",)),
        decided(2, "remove", "Rae"),
        decided(2, "approve", "Sam"),
    ]
    row = agreement(made).measures.set_index("on").loc["insult"]
    assert (row["comments"], row["agreed"]) == (1, 0.0)


def test_without_shared_comments_nothing_is_made_up() -> None:
    found = agreement([decided(1), decided(2, reviewer="Sam")])
    assert found.measures.loc[0, "comments"] == 0
    assert found.measures[["agreed", "alpha", "fleiss"]].isna().all(axis=None)
    assert len(found.pairs) == len(found.disagreements) == 0
