"""Reddit NDJSON: the drift of types over the years, placeholders, parents."""

# ruff: noqa: E501 - texts as they are written

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

BASE = {
    "id": "c1",
    "author": "ann",
    "body": "hi",
    "link_id": "t3_p",
    "parent_id": "t3_p",
    "subreddit": "town",
    "created_utc": 1134365188,
    "score": 2,
}


def _lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps({**BASE, **record}) + "\n" for record in records)


@pytest.mark.parametrize("created", [1134365188, "1134365188", 1134365188.0])
@pytest.mark.parametrize("edited", [False, True, 1134365199, 1134365199.0, None])
def test_types_of_all_years_are_read(created: object, edited: object, read) -> None:
    table, accounting = read(_lines({"created_utc": created, "edited": edited, "gildings": {"gid_1": 0}}))
    assert accounting.rejected == 0
    assert table["source"][0].as_py() == "reddit"
    assert table["created_at"][0].as_py() == datetime(2005, 12, 12, 5, 26, 28, tzinfo=UTC)
    extra = json.loads(table["extra"][0].as_py())
    assert extra == {"subreddit": "town"} | ({} if edited is False else {"edited": edited})


def test_placeholders_become_status_with_no_text(read) -> None:
    table, _ = read(
        _lines(
            {"id": "a", "body": "[deleted]", "author": "[deleted]"},
            {"id": "b", "body": "[removed]", "author": "[deleted]"},
            {"id": "c", "body": "[deleted] is what it said", "author": "[deleted]"},
        )
    )
    assert table.select(["author", "text", "status"]).to_pylist() == [
        {"author": None, "text": "", "status": "deleted"},
        {"author": None, "text": "", "status": "removed"},
        {"author": None, "text": "[deleted] is what it said", "status": "visible"},
    ]


def test_parents_are_comments_or_the_post(read) -> None:
    table, _ = read(
        _lines(
            {"id": "a"},
            {"id": "b", "parent_id": "t1_a"},
            {"id": "c", "parent_id": "t1_zz"},
            {"id": "d", "parent_id": None},
        )
    )
    assert table["parent_id"].to_pylist() == [None, "a", "zz", None]
    assert table["parent_state"].to_pylist() == ["root", "ok", "missing", "root"]
    assert table["thread_id"].to_pylist() == ["p"] * 4
    assert table["url"][1].as_py() == "https://www.reddit.com/comments/p/_/b"


def test_submissions_are_posts_with_their_own_ids(read) -> None:
    post = {"id": "c1", "title": "Q &amp; A", "selftext": "ask &gt; me", "subreddit": "town", "author": "x",
            "created_utc": 1, "permalink": "/r/town/comments/c1/q/", "url": "https://x.example", "num_comments": 3}  # fmt: skip
    table, _ = read(
        json.dumps(post)
        + "\n"
        + json.dumps({**post, "id": "c2", "selftext": "[removed]"})
        + "\n"
        + _lines({})
    )
    rows = table.to_pylist()
    assert [row["comment_id"] for row in rows] == ["t3_c1", "t3_c2", "c1"]
    assert [row["kind"] for row in rows] == ["post", "post", "comment"]
    assert rows[0]["text"] == "Q & A\n\nask > me"
    assert rows[0]["thread_id"] == "c1"
    assert (rows[1]["status"], rows[1]["text"]) == ("removed", "Q & A")


def test_markdown_escapes_are_resolved_once(read) -> None:
    table, _ = read(_lines({"body": "&gt; a &amp;lt; b\n\n&amp;amp;"}))
    assert table["text"][0].as_py() == "> a &lt; b\n\n&amp;"


def test_what_has_no_column_is_kept(read) -> None:
    table, _ = read(
        _lines(
            {
                "controversiality": 1,
                "distinguished": "moderator",
                "mod_reports": [["spam", 1]],
                "_meta": {"removal_type": "x"},
            }
        )
    )
    assert json.loads(table["extra"][0].as_py()) == {
        "subreddit": "town",
        "controversiality": 1,
        "distinguished": "moderator",
        "mod_reports": [["spam", 1]],
        "_meta": {"removal_type": "x"},
    }


def test_half_a_line_and_a_record_without_text_are_rejected(read) -> None:
    content = _lines({}, {"id": "b", "body": None}) + _lines({"id": "c"})[:40]
    table, accounting = read(content)
    assert table["comment_id"].to_pylist() == ["c1"]
    assert accounting.read == 3 and accounting.rejected == 2


def test_lone_surrogates_in_extra_do_no_harm(read) -> None:
    table, accounting = read(_lines({"body": "x \ud800", "author_flair_text": "\udfff"}))
    assert table["text"][0].as_py() == "x \ufffd"
    assert accounting.repaired == 1


def test_strange_values_cost_nothing_but_themselves(read) -> None:
    table, accounting = read(
        _lines(
            {"id": 7, "body": 3, "score": "2", "link_id": None},
            {"id": "b", "created_utc": "soon \ud800", "score": 1e30, "permalink": False},
            {"id": "c", "score": 2**70, "permalink": "/r/town/c", "author": 5},
        )
    )
    assert accounting.rejected == 0
    columns = ["comment_id", "text", "likes", "author", "url"]
    assert table.select(columns).to_pylist() == [
        {"comment_id": "7", "text": "3", "likes": 2, "author": "ann", "url": None},
        {
            "comment_id": "b",
            "text": "hi",
            "likes": None,
            "author": "ann",
            "url": "https://www.reddit.com/comments/p/_/b",
        },
        {
            "comment_id": "c",
            "text": "hi",
            "likes": None,
            "author": "5",
            "url": "https://www.reddit.com/r/town/c",
        },
    ]
    assert table["created_at"][1].as_py() is None
