"""Dumps of one system in the shapes that people keep them in: pages, lists, lines, single records, cut keys."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import json
from typing import Any

import pytest

Record = dict[str, Any]


def _youtube(name: str, **more: object) -> Record:
    snippet = {
        "textDisplay": f"it&#39;s {name}",
        "authorDisplayName": "Ann",
        "publishedAt": "2020-01-02T03:04:05Z",
        **more,
    }
    return {"kind": "youtube#comment", "id": name, "snippet": snippet}


def _thread(name: str, video: str, *replies: Record) -> Record:
    top = {
        "videoId": video,
        "topLevelComment": _youtube(name, videoId=video),
        "totalReplyCount": len(replies),
    }
    return {
        "kind": "youtube#commentThread",
        "id": name,
        "snippet": top,
        "replies": {"comments": list(replies)},
    }


def _tweet(number: int, **more: object) -> Record:
    return {"id": str(number), "text": f"t{number}", "author_id": "7", "conversation_id": "1",
            "public_metrics": {"like_count": 4, "retweet_count": 2}, **more}  # fmt: skip


ANSWER = {"referenced_tweets": [{"type": "replied_to", "id": "1"}]}
THREADS = [
    _thread("U1", "v1", _youtube("U1.a", parentId="U1")),
    _thread("U2", "v2", _youtube("U2.a", parentId="U2")),
]
STORY = {"id": 1, "by": "ann", "time": 1577934245, "type": "story", "title": "T"}
GONE = {"id": 2, "deleted": True, "time": 1577934246, "type": "comment", "parent": 1}
DEAD = {"id": 3, "dead": True, "by": "bob", "text": "x", "time": 1577934247, "type": "comment", "parent": 2}


def _item(number: int, **more: object) -> Record:
    return {"id": number, "created_at_i": 1577934245, "type": "comment", "author": "ann", "text": "<p>x", "parent_id": 1,
            "story_id": 1, "children": [], **more}  # fmt: skip


def _github(number: int, body: str | None, **more: object) -> Record:
    return {"id": number, "url": f"https://api.example/c/{number}", "issue_url": "https://api.example/i/1", "body": body,
            "user": {"login": "ann"}, "created_at": "2012-04-17T05:50:25Z", **more}  # fmt: skip


def _note(name: str, **more: object) -> Record:
    return {"id": name, "type": "Note", "attributedTo": "u", "published": "2020-01-02T03:04:05Z", "inReplyTo": None,
            "content": "<p>hi</p>", **more}  # fmt: skip


def _sky(name: str, parent: str | None = None) -> Record:
    record: Record = {"text": f"t{name}", "createdAt": "2024-01-02T03:04:05Z"}
    if parent:
        record["reply"] = {"root": {"uri": "at://1"}, "parent": {"uri": f"at://{parent}"}}
    return {"post": {"uri": f"at://{name}", "author": {"handle": "ann"}, "record": record}}


def _lines(*records: Record) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


DOWNLOADED = [
    {"cid": "Ua", "text": "hi", "author": "@ann", "votes": "1.2K", "time": "1 day ago"},
    {"cid": "Ua.b", "text": "re", "author": "@bob", "votes": "0", "time": "1 day ago"},
]

# Content, its format, and (id, thread, parent, status) of each row.
SHAPES: dict[str, tuple[str, str, list[tuple[str, str, str | None, str]]]] = {
    "YouTube: replies that name no video": (
        json.dumps({"kind": "youtube#commentThreadListResponse", "items": THREADS}),
        "youtube-api",
        [("U1", "v1", None, "visible"), ("U1.a", "v1", "U1", "visible"), ("U2", "v2", None, "visible"), ("U2.a", "v2", "U2", "visible")],
    ),
    "YouTube: a list of threads": (
        json.dumps(THREADS[:1]),
        "youtube-api",
        [("U1", "v1", None, "visible"), ("U1.a", "v1", "U1", "visible")],
    ),
    "YouTube: a thread a line": (
        _lines(*THREADS),
        "youtube-api",
        [("U1", "v1", None, "visible"), ("U1.a", "v1", "U1", "visible"), ("U2", "v2", None, "visible"), ("U2.a", "v2", "U2", "visible")],
    ),
    "YouTube: one comment, held back": (
        json.dumps(_youtube("U1", moderationStatus="heldForReview", videoId="v"), indent=1),
        "youtube-api",
        [("U1", "v", None, "pending")],
    ),
    "yt-dlp: comments without the author's id": (
        json.dumps({"id": "v", "webpage_url": "https://x.example/v", "comments": [{"id": "a", "parent": "root", "text": "hi"}, {"id": "a.b", "parent": "a", "text": "re"}]}),
        "youtube-ytdlp",
        [("a", "v", None, "visible"), ("a.b", "v", "a", "visible")],
    ),
    "yt-dlp: the list of comments": (
        json.dumps([{"id": "a", "parent": "root", "text": "hi", "_time_text": "1 day ago"}]),
        "youtube-ytdlp",
        [("a", "", None, "visible")],
    ),
    "youtube-comment-downloader --pretty": (
        json.dumps({"comments": DOWNLOADED}, indent=4),
        "youtube-downloader",
        [("Ua", "", None, "visible"), ("Ua.b", "", "Ua", "visible")],
    ),
    "youtube-comment-downloader: a list": (
        json.dumps(DOWNLOADED),
        "youtube-downloader",
        [("Ua", "", None, "visible"), ("Ua.b", "", "Ua", "visible")],
    ),
    "X API 2: a page without edits": (
        json.dumps({"data": [_tweet(1), _tweet(2, **ANSWER)], "meta": {"result_count": 2}}),
        "twitter-api",
        [("1", "1", None, "visible"), ("2", "1", "1", "visible")],
    ),
    "X API 2: pages, one a line": (
        _lines({"data": [_tweet(1)]}, {"data": [_tweet(2, **ANSWER)]}),
        "twitter-api",
        [("1", "1", None, "visible"), ("2", "1", "1", "visible")],
    ),
    "X API 2: flattened": (
        _lines(_tweet(1), _tweet(2, **ANSWER)),
        "twitter-api",
        [("1", "1", None, "visible"), ("2", "1", "1", "visible")],
    ),
    "X archive of earlier years": (
        'window.YTD.tweet.part0 = [{"id_str": "1", "full_text": "a &amp; b", "in_reply_to_status_id_str": "9"}]',
        "twitter-archive",
        [("1", "", "9", "visible")],
    ),
    "Hacker News: a list with deleted and dead items": (
        json.dumps([STORY, GONE, None, DEAD]),
        "hackernews",
        [("1", "", None, "visible"), ("2", "", "1", "deleted"), ("3", "", "2", "removed")],
    ),
    "Hacker News: deleted items of Algolia": (
        json.dumps(_item(1, type="story", title="T", text=None, parent_id=None, children=[_item(2, author=None, text=None, children=[_item(3, parent_id=2)])])),
        "hackernews-algolia",
        [("1", "1", None, "visible"), ("2", "1", "1", "deleted"), ("3", "1", "2", "visible")],
    ),
    "Hacker News: several items of Algolia": (
        json.dumps([_item(1, type="story", title="T", parent_id=None, children=[_item(2)]), _item(5, type="story", story_id=5, title="U", parent_id=None)]),
        "hackernews-algolia",
        [("1", "1", None, "visible"), ("2", "1", "1", "visible"), ("5", "5", None, "visible")],
    ),
    "Hacker News: a search": (
        json.dumps({"hits": [{"objectID": "3", "created_at_i": 1577934245, "author": "a", "comment_text": "hi", "story_id": 1, "parent_id": 1, "_tags": ["comment"]}], "page": 0}),
        "hackernews-algolia",
        [("3", "1", "1", "visible")],
    ),
    "GitHub: a body that is null": (
        json.dumps([_github(1, None), _github(2, "hi"), _github(3, "", state="APPROVED")]),
        "github",
        [("1", "https://api.example/i/1", None, "deleted"), ("2", "https://api.example/i/1", None, "visible"), ("3", "https://api.example/i/1", None, "visible")],
    ),
    "GitHub: one comment a line": (
        _lines(_github(1, "a"), _github(2, "b")),
        "github",
        [("1", "https://api.example/i/1", None, "visible"), ("2", "https://api.example/i/1", None, "visible")],
    ),
    "Disqus: one post a line": (
        _lines(*({"id": str(n), "parent": n - 1 or None, "thread": "9", "forum": "f", "createdAt": "2020-01-02T03:04:05", "message": "<p>b</p>"} for n in (1, 2))),
        "disqus-api",
        [("1", "9", None, "visible"), ("2", "9", "1", "visible")],
    ),
    "ActivityPub: notes, and what was deleted": (
        json.dumps({"orderedItems": [{"type": "Create", "actor": "u", "object": _note("n1")}, {"type": "Delete", "actor": "u", "object": {"id": "n2", "type": "Tombstone"}}]}),
        "activitypub",
        [("n1", "", None, "visible"), ("n2", "", None, "deleted")],
    ),
    "ActivityPub: a collection of notes": (
        json.dumps({"type": "Collection", "items": [_note("n1"), _note("n2", inReplyTo="n1", content=None, contentMap={"de": "<p>ja</p>"})]}),
        "activitypub",
        [("n1", "", None, "visible"), ("n2", "", "n1", "visible")],
    ),
    "Bluesky: what the post answers": (
        json.dumps({"thread": {**_sky("3", "2"), "parent": {**_sky("2", "1"), "parent": _sky("1")}, "replies": [_sky("4", "3")]}}),
        "bluesky",
        [("at://1", "at://1", None, "visible"), ("at://2", "at://1", "at://1", "visible"), ("at://3", "at://1", "at://2", "visible"), ("at://4", "at://1", "at://3", "visible")],
    ),
    "Discourse: the latest posts": (
        json.dumps({"latest_posts": [{"id": 9, "topic_id": 5, "post_number": 2, "reply_to_post_number": 1, "cooked": "<p>x</p>", "username": "ann"}]}),
        "discourse",
        [("9", "5", "1", "visible")],
    ),
    "Coral: a list": (
        json.dumps([{"id": "a", "storyID": "s", "authorID": "u", "status": "NONE", "revisions": [{"body": "one"}, {"body": "<div>two</div>"}]},
                    {"id": "b", "storyID": "s", "authorID": "v", "status": "REJECTED", "parentID": "a", "revisions": [{"body": "re"}], "createdAt": {"$date": {"$numberLong": "1577934245000"}}}]),
        "coral",
        [("a", "s", None, "visible"), ("b", "s", "a", "removed")],
    ),
    "ConvoKit: a list": (
        json.dumps([{"id": "r", "conversation_id": "r", "text": "post", "speaker": "ann", "meta": {}, "reply-to": None, "timestamp": 1577934245},
                    {"id": "s", "conversation_id": "r", "text": "re", "speaker": "bob", "meta": {}, "reply-to": "r", "timestamp": "1577934246"}]),
        "convokit",
        [("r", "r", None, "visible"), ("s", "r", "r", "visible")],
    ),
    "Remark42: a plain list": (
        json.dumps({"comments": [{"id": "a", "pid": "", "text": "<p>hi</p>", "user": {"name": "Ann"}, "locator": {"url": "/p"}, "delete": True}]}),
        "remark42-backup",
        [("a", "/p", None, "deleted")],
    ),
    "Valine: a list": (
        json.dumps([{"objectId": "a", "nick": "Ann", "comment": "<p>hi</p>", "url": "/p", "insertedAt": {"__type": "Date", "iso": "2020-01-02T03:04:05Z"}}]),
        "waline",
        [("a", "/p", None, "visible")],
    ),
    "PRAW: a submission as people save it": (
        json.dumps({"title": "T", "id": "p", "comments": [{"id": "a", "body": "hi", "replies": [{"id": "b", "body": "[deleted]", "replies": []}]}]}),
        "nested-list",
        [("a", "", None, "visible"), ("b", "", "a", "deleted")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, read) -> None:
    content, source, expected = SHAPES[name]
    table, accounting = read(content)
    assert set(table["source"].to_pylist()) == {source}
    wanted = ["comment_id", "thread_id", "parent_id", "status"]
    assert [tuple(row.values()) for row in table.select(wanted).to_pylist()] == expected
    assert not accounting.rejected
    assert all(row["created_at"] is None or row["created_at"].year > 2000 for row in table.to_pylist())


def test_an_archive_without_comments_is_no_row(read) -> None:
    video = {
        "id": "v",
        "title": "T",
        "description": "Subscribe!",
        "webpage_url": "u",
        "extractor": "youtube",
        "comments": None,
    }
    assert read(json.dumps(video))[0].num_rows == 0
    assert read(json.dumps({"ancestors": [], "descendants": []}))[0].num_rows == 0


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "text": "hi", "author_id": 7, "conversation_id": 3, "mood": "calm"},
        {"id": 1, "text": "hi", "replies": 3, "mood": "calm"},
        {"id": 1, "message": "hi", "created_time": "2020-01-02", "mood": "calm"},
        {"id": 1, "body": "hi", "user": "ann", "created_at": "2020-01-02", "url": "u", "mood": "calm"},
        {"id": 1, "text": "hi", "parent": None, "author_id": 7, "mood": "calm"},
        {
            "cid": 1,
            "text": "hi",
            "create_time": 1577934245,
            "digg_count": 3,
            "username": "ann",
            "mood": "calm",
        },
        {"actor": "ann", "object": "door", "content": "hi", "type": "remark", "mood": "calm"},
    ],
)
def test_a_table_is_nobodys_export(record: Record, read) -> None:
    for content in (_lines(record, record), json.dumps([record, record])):
        table, _ = read(content)
        assert set(table["source"].to_pylist()) <= {"json", "jsonl"}
        assert table["input.mood"].to_pylist() == ["calm", "calm"]


def test_one_bad_line_costs_no_other(read) -> None:
    table, accounting = read(_lines(THREADS[0]) + '{"broken\n' + _lines(THREADS[1]))
    assert table["comment_id"].to_pylist() == ["U1", "U1.a", "U2", "U2.a"]
    (reject,) = accounting.rejects
    assert reject.place == "line 2"


def test_replies_have_the_title_of_what_they_stand_in(read) -> None:
    tree = _item(
        1, type="story", title="The bridge", parent_id=None, children=[_item(2, children=[_item(3)])]
    )
    assert read(json.dumps(tree))[0]["thread_title"].to_pylist() == ["The bridge"] * 3


def test_what_has_no_column_is_kept(read) -> None:
    table, _ = read(json.dumps({"data": [_tweet(1, attachments={"media_keys": ["m"]})]}))
    extra = json.loads(table["extra"][0].as_py())
    assert extra["attachments"] == {"media_keys": ["m"]} and extra["public_metrics"]["retweet_count"] == 2


def test_ids_that_were_floats_and_a_root_that_is_zero(read) -> None:
    table, _ = read("commentID,parentID,commentBody\n22004815.0,0.0,one\n22004816.0,22004815.0,two\n")
    wanted = ["comment_id", "parent_id", "parent_state"]
    assert [tuple(row.values()) for row in table.select(wanted).to_pylist()] == [
        ("22004815", None, "root"),
        ("22004816", "22004815", "ok"),
    ]


def test_replies_of_a_conversationai_table_name_the_publishers_ids(read) -> None:
    table, _ = read("commentId,articleId,sourceId,replyToSourceId,text\n1,9,s1,,hi\n2,9,s2,s1,re\n")
    assert table.select(["comment_id", "parent_id"]).to_pylist() == [
        {"comment_id": "s1", "parent_id": None},
        {"comment_id": "s2", "parent_id": "s1"},
    ]


def test_times_written_out_in_digits(read) -> None:
    table, _ = read(
        '{"id": "a", "body": "hi", "createdAt": "20200102030405"}\n{"id": "b", "body": "x", "createdAt": "20201399000000"}\n'
    )
    first, second = table["created_at"].to_pylist()
    assert first.isoformat() == "2020-01-02T03:04:05+00:00" and second is None


def test_several_assignments_of_a_script(read) -> None:
    pages = [{"kind": "youtube#commentThreadListResponse", "items": [thread]} for thread in THREADS]
    script = "const IDS = [\n  'v1', // the first\n];\n\n" + "".join(
        f"export const PAGE_{number} = {json.dumps(page, indent=1)};\n" for number, page in enumerate(pages)
    )
    assert read(script)[0]["comment_id"].to_pylist() == ["U1", "U1.a", "U2", "U2.a"]


def test_a_name_that_no_script_may_have_is_no_assignment(read) -> None:
    table, accounting = read(b"window.\xd9TD.part0 = [{}];", format="twitter-archive")
    assert table.num_rows == 0 and "damaged" in accounting.rejects[0].reason
