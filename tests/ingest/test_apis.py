"""Formats with code of their own: Reddit's API, WordPress and Stack Exchange exports."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import json
from collections import Counter


def _comment(name: str, parent: str, replies: object = "", **more: object) -> dict[str, object]:
    data = {"id": name, "parent_id": parent, "link_id": "t3_p", "author": "ann", "body": f"I am {name} &gt;", "created_utc": 1577934245.0,
            "score": 2, "subreddit": "town", "replies": replies, **more}  # fmt: skip
    return {"kind": "t1", "data": data}


def _listing(*things: object) -> dict[str, object]:
    return {"kind": "Listing", "data": {"children": list(things), "after": None}}


POST = {"kind": "t3", "data": {"id": "p", "title": "T", "selftext": "", "author": "op", "subreddit": "town", "created_utc": 1, "permalink": "/r/town/p/"}}  # fmt: skip


def test_reddit_replies_are_flattened_and_more_is_counted(read) -> None:
    more = {"kind": "more", "data": {"count": 7, "children": ["x"], "parent_id": "t1_b", "id": "x"}}
    rest = {"kind": "more", "data": {"count": 0, "children": [], "parent_id": "t1_b", "id": "_"}}
    tree = [
        _listing(POST),
        _listing(
            _comment("a", "t3_p", _listing(_comment("b", "t1_a", _listing(more, rest)))),
            _comment("c", "t3_p"),
        ),
    ]
    table, accounting = read(json.dumps(tree))
    assert table.select(["comment_id", "parent_id", "depth", "text", "kind"]).to_pylist() == [
        {"comment_id": "t3_p", "parent_id": None, "depth": 0, "text": "T", "kind": "post"},
        {"comment_id": "a", "parent_id": None, "depth": 0, "text": "I am a >", "kind": "comment"},
        {"comment_id": "b", "parent_id": "a", "depth": 1, "text": "I am b >", "kind": "comment"},
        {"comment_id": "c", "parent_id": None, "depth": 0, "text": "I am c >", "kind": "comment"},
    ]
    assert accounting.read == 6 and accounting.skipped == Counter(
        {"more: replies that the dump does not hold": 2}
    )


def test_reddit_answers_of_morechildren(read) -> None:
    answer = {"json": {"errors": [], "data": {"things": [_comment("a", "t3_p"), _comment("a", "t3_p")]}}}
    table, _ = read(json.dumps(answer))
    assert table["duplicate_of"].to_pylist() == [None, "a"]


def test_reddit_threads_of_any_depth(read) -> None:
    opening = '{"kind":"Listing","data":{"children":[{"kind":"t1","data":{"id":"c%d","parent_id":"%s","link_id":"t3_p","author":"a","body":"x","subreddit":"t","replies":'
    parents = ["t3_p", *(f"t1_c{number}" for number in range(999))]
    tree = "".join(opening % (number, parents[number]) for number in range(1000)) + '""' + "}}]}}" * 1000
    table, _ = read(f"[{json.dumps(_listing(POST))},{tree}]")
    assert max(table["depth"].to_pylist()) == 999


def test_empty_listing_is_no_error(read) -> None:
    assert read(json.dumps(_listing()))[0].num_rows == 0


WXR = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="%s">
<channel><title>Courier</title>
<item><title>Bridge</title><link>https://a.example/bridge</link><wp:post_id>5</wp:post_id>
<content:encoded><![CDATA[<p>Article &amp; <wp:comment> talk</p>]]></content:encoded>%s</item>
<item><title>Empty</title><wp:post_id>6</wp:post_id></item></channel></rss>"""


def _wp(number: int, content: str, **more: object) -> str:
    values = {"id": number, "author": "Ann", "author_email": "ann@x.example", "author_IP": "192.0.2.1",
              "date_gmt": "2012-01-02 03:04:05", "approved": 1, "type": "", "parent": 0, **more}  # fmt: skip
    fields = "".join(f"<wp:comment_{name}>{value}</wp:comment_{name}>" for name, value in values.items())
    return f"<wp:comment>{fields}<wp:comment_content><![CDATA[{content}]]></wp:comment_content></wp:comment>"


def test_wordpress_comments_with_their_traps(read) -> None:
    comments = (
        _wp(1, "one\n\ntwo <b>bold</b>\nthree")
        + _wp(2, "re", parent=1, approved=0, date_gmt="0000-00-00 00:00:00")
        + _wp(3, "[...] seen [...]", type="pingback", author="Another page")
        + _wp(4, "buy", approved="spam")
        + _wp(5, "gone", approved="trash", parent=99)
    )
    for namespace in ("http://wordpress.org/export/1.0/", "https://wordpress.org/export/1.2/"):
        table, accounting = read(WXR % (namespace, comments), name="disqus.xml")
        rows = table.to_pylist()
        assert [row["text"] for row in rows] == [
            "one\n\ntwo bold\nthree",
            "re",
            "[...] seen [...]",
            "buy",
            "gone",
        ]
        assert [row["status"] for row in rows] == ["visible", "pending", "visible", "spam", "deleted"]
        assert [row["parent_state"] for row in rows] == ["root", "ok", "root", "root", "missing"]
        assert [row["kind"] for row in rows] == ["comment", "comment", "pingback", "comment", "comment"]
        assert rows[1]["created_at"] is None
        assert (rows[0]["thread_id"], rows[0]["thread_title"], rows[0]["url"]) == (
            "5",
            "Bridge",
            "https://a.example/bridge#comment-1",
        )
        assert "192.0.2.1" not in str(rows) and "ann@x.example" not in str(rows)
        assert dict(accounting.skipped) == {"post or page": 2}


def test_stack_exchange_rows(read) -> None:
    document = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<comments>\n'
        '  <row Id="1" PostId="3" Score="2" Text="a &amp;amp; b &gt; c" CreationDate="2011-10-11T19:50:34.047" UserId="12" />\n'
        '  <row Id="2" PostId="3" Score="0" Text="@ann so" CreationDate="2011-10-11T19:51:00" UserDisplayName="bob" ContentLicense="CC BY-SA 3.0" />\n'
        '  <row Id="3" PostId="4" Score="0" Text="x > y" CreationDate="2011-10-11T19:51:00" />\n</comments>\n'
    )
    table, accounting = read(document)
    assert table.select(["comment_id", "thread_id", "author", "text", "likes"]).to_pylist() == [
        {"comment_id": "1", "thread_id": "3", "author": "12", "text": "a &amp; b > c", "likes": 2},
        {"comment_id": "2", "thread_id": "3", "author": "bob", "text": "@ann so", "likes": 0},
        {"comment_id": "3", "thread_id": "4", "author": None, "text": "x > y", "likes": 0},
    ]
    assert set(table["parent_state"].to_pylist()) == {"root"}
    assert accounting.read == 3
