"""JSON systems by declaration: one small imitation of each, with its traps."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import json

import pytest

from moderation.ingest.mapping import count, mappings

Json = object

# Content and expected (id, thread, parent, author, text, parent state) of each row.
CASES: dict[str, tuple[Json, list[tuple[object, ...]]]] = {
    "disqus-api": (
        {
            "cursor": {},
            "code": 0,
            "response": [
                {"id": "1", "parent": None, "thread": "9", "forum": "f", "createdAt": "2020-01-02T03:04:05",
                 "raw_message": "a", "message": "<p>a &amp; b</p>", "author": {"name": "Ann"}},
                {"id": "2", "parent": 1, "thread": "9", "forum": "f", "createdAt": "2020-01-02T03:04:05",
                 "raw_message": "b", "message": "<p>b</p>", "author": {"name": "Bob"}, "isDeleted": True},
                {"id": "3", "parent": 77, "thread": "9", "forum": "f", "createdAt": "2020-01-02T03:04:05",
                 "raw_message": "c", "message": "<p>c</p>", "author": {}},
            ],
        },
        [("1", "9", None, "Ann", "a & b", "root"), ("2", "9", "1", "Bob", "b", "ok"), ("3", "9", "77", None, "c", "missing")],
    ),
    "youtube-api": (
        {
            "kind": "youtube#commentThreadListResponse",
            "items": [
                {"kind": "youtube#commentThread", "id": "U1", "snippet": {"videoId": "v", "totalReplyCount": 9,
                 "topLevelComment": {"id": "U1", "snippet": {"videoId": "v", "textDisplay": "it&#39;s<br>so", "likeCount": 2,
                 "authorDisplayName": "Ann", "publishedAt": "2020-01-02T03:04:05Z"}}},
                 "replies": {"comments": [{"kind": "youtube#comment", "id": "U1.x", "snippet": {"parentId": "U1",
                 "videoId": "v", "textDisplay": "re", "authorDisplayName": "Bob"}}]}},
            ],
        },
        [("U1", "v", None, "Ann", "it's\nso", "root"), ("U1.x", "v", "U1", "Bob", "re", "ok")],
    ),
    "youtube-ytdlp": (
        {"id": "v", "title": "T", "formats": [{"url": "x"}], "comments": [
            {"id": "a", "parent": "root", "text": "hi", "author": "@ann", "author_id": "UC1", "timestamp": 1577934245},
            {"id": "a.b", "parent": "a", "text": "re", "author": "@bob", "author_id": "UC2", "like_count": 3}]},
        [("a", "v", None, "@ann", "hi", "root"), ("a.b", "v", "a", "@bob", "re", "ok")],
    ),
    "nested": (
        {"/page": [{"created": "2020-01-02", "name": "Ann", "message": "<p>one</p>", "children": [
            {"name": "Bob", "message": "<p>two</p>", "children": []}]}], "/other": []},
        [(None, "/page", None, "Ann", "one", "root"), (None, "/page", None, "Bob", "two", "ok")],
    ),
    "nested-list": (
        {"comments": [{"id": 1, "text": "one", "author": {"name": "Ann"}, "children": [{"id": 2, "text": "two", "children": []}]}]},
        [("1", "", None, "Ann", "one", "root"), ("2", "", "1", None, "two", "ok")],
    ),
    "discourse": (
        {"id": 5, "title": "T", "post_stream": {"stream": [1], "posts": [
            {"id": 101, "post_number": 1, "reply_to_post_number": None, "username": "ann", "cooked": "<p>one</p>", "topic_id": 5},
            {"id": 103, "post_number": 3, "reply_to_post_number": 1, "username": "bob", "cooked": "<p>two</p>", "topic_id": 5},
            {"id": 104, "post_number": 4, "reply_to_post_number": 2, "username": "cy", "cooked": "<p>gone</p>", "topic_id": 5}]}},
        [("101", "5", None, "ann", "one", "root"), ("103", "5", "101", "bob", "two", "ok"), ("104", "5", "2", "cy", "gone", "missing")],
    ),
    "hackernews-algolia": (
        {"id": 1, "created_at_i": 1577934245, "type": "story", "author": "ann", "title": "T", "text": None, "story_id": 1,
         "parent_id": None, "children": [{"id": 2, "created_at_i": 1, "type": "comment", "author": None, "text": None,
         "story_id": 1, "parent_id": 1, "children": [{"id": 3, "created_at_i": 1, "type": "comment", "author": "bob",
         "text": "<p>x", "story_id": 1, "parent_id": 2, "children": []}]}]},
        [("1", "1", None, "ann", "T", "root"), ("2", "1", "1", None, "", "ok"), ("3", "1", "2", "bob", "x", "ok")],
    ),
    "lemmy": (
        {"comments": [
            {"comment": {"id": 7, "post_id": 3, "content": "hi", "path": "0.7", "published": "2023-06-01T00:00:00Z"}, "creator": {"name": "ann"}, "counts": {"score": 2}},
            {"comment": {"id": 8, "post_id": 3, "content": "re", "path": "0.7.8"}, "creator": {"name": "bob"}}]},
        [("7", "3", None, "ann", "hi", "root"), ("8", "3", "7", "bob", "re", "ok")],
    ),
    "mastodon": (
        {"ancestors": [{"id": "1", "in_reply_to_id": None, "content": "<p>hi</p>", "account": {"acct": "ann"}}],
         "descendants": [{"id": "2", "in_reply_to_id": "1", "content": "<p>re</p>", "account": {"acct": "bob@x"}}]},
        [("1", "", None, "ann", "hi", "root"), ("2", "", "1", "bob@x", "re", "ok")],
    ),
    "mastodon-statuses": (
        [{"id": "1", "in_reply_to_id": None, "content": "<p>hi</p>", "account": {"acct": "ann"}, "reblog": None},
         {"id": "2", "in_reply_to_id": "1", "content": "<p>re</p>", "account": {"acct": "ann"}, "reblog": None},
         {"id": "3", "in_reply_to_id": None, "content": "", "account": {"acct": "ann"}, "reblog": {"id": "9"}}],
        [("1", "", None, "ann", "hi", "root"), ("2", "", "1", "ann", "re", "ok")],
    ),
    "activitypub": (
        {"orderedItems": [
            {"type": "Announce", "actor": "u", "object": "https://o.example/1"},
            {"type": "Create", "actor": "u", "object": {"id": "n1", "inReplyTo": None, "content": "<p>hi</p>"}},
            {"type": "Create", "actor": "u", "object": {"id": "n2", "inReplyTo": "n1", "content": "<p>re</p>"}}]},
        [("n1", "", None, "u", "hi", "root"), ("n2", "", "n1", "u", "re", "ok")],
    ),
    "bluesky": (
        {"thread": {"$type": "v", "post": {"uri": "at://1", "author": {"handle": "ann"}, "record": {"text": "hi"}},
         "replies": [{"post": {"uri": "at://2", "author": {"handle": "bob"}, "record": {"text": "re", "reply": {"root": {"uri": "at://1"}, "parent": {"uri": "at://1"}}}}},
         {"$type": "blockedPost", "blocked": True}]}},
        [("at://1", "at://1", None, "ann", "hi", "root"), ("at://2", "at://1", "at://1", "bob", "re", "ok")],
    ),
    "4chan": (
        {"posts": [
            {"no": 10, "resto": 0, "now": "10/07/19", "time": 1570482389, "name": "Anonymous", "sub": "S", "com": "op"},
            {"no": 11, "resto": 10, "now": "10/07/19", "time": 1570482390, "name": "Anonymous"},
            {"no": 12, "resto": 10, "now": "10/07/19", "time": 1570482391, "name": "Anonymous",
             "com": '<a href="#p11">&gt;&gt;11</a><br><a href="#p10">&gt;&gt;10</a><br>so'}]},
        [("10", "10", None, "Anonymous", "op", "root"), ("11", "10", "10", "Anonymous", "", "ok"),
         ("12", "10", "11", "Anonymous", ">>11\n>>10\nso", "ok")],
    ),
    "telegram": (
        {"name": "Bob", "type": "personal_chat", "id": 700, "messages": [
            {"id": 1, "type": "service", "date": "2019-07-05T16:55:32", "actor": "Bob", "text": ""},
            {"id": 2, "type": "message", "date": "2019-07-05T16:55:33", "from": "Bob", "text": ["see ", {"type": "link", "text": "https://x.example"}]},
            {"id": 3, "type": "message", "date": "2019-07-05T16:55:34", "from": None, "text": "ok", "reply_to_message_id": 2}]},
        [("1", "700", None, "Bob", "", "root"), ("2", "700", None, "Bob", "see https://x.example", "root"), ("3", "700", "2", None, "ok", "ok")],
    ),
    "discord": (
        {"guild": {}, "channel": {"id": "5", "name": "general"}, "messages": [
            {"id": "1", "type": "Default", "timestamp": "2019-01-04T17:52:39.762+00:00", "content": "hi", "author": {"name": "a", "discriminator": "1", "nickname": "Ann"}},
            {"id": "2", "type": "Reply", "timestamp": "2019-01-04T17:52:40+00:00", "content": "re", "author": {"name": "bob", "discriminator": "2"}, "reference": {"messageId": "1"}}]},
        [("1", "5", None, "Ann", "hi", "root"), ("2", "5", "1", "bob", "re", "ok")],
    ),
    "github": (
        [{"id": 1, "body": "hi", "user": {"login": "ann"}, "created_at": "2012-04-17T05:50:25Z", "url": "u1", "issue_url": "i"},
         {"id": 2, "body": "re", "user": {"login": "bob"}, "created_at": "2012-04-17T05:50:26Z", "url": "u2", "issue_url": "i", "in_reply_to_id": 1}],
        [("1", "i", None, "ann", "hi", "root"), ("2", "i", "1", "bob", "re", "ok")],
    ),
    "twitter-api": (
        {"data": [{"id": "1", "text": "a &amp; b", "edit_history_tweet_ids": ["1"], "conversation_id": "1", "author_id": "7"}]},
        [("1", "1", None, "7", "a & b", "root")],
    ),
    "twikoo": (
        [{"_id": "a", "nick": "Ann", "comment": "<p>hi</p>", "created": 1577934245000, "url": "/p"},
         {"_id": "b", "nick": "Bob", "comment": "<p>re</p>", "created": 1577934246000, "url": "/p", "pid": "a", "rid": "a"},
         {"_id": "c", "nick": "Cy", "comment": "<p>x</p>", "created": 1577934247000, "url": "/p", "pid": ""}],
        [("a", "/p", None, "Ann", "hi", "root"), ("b", "/p", "a", "Bob", "re", "ok"), ("c", "/p", None, "Cy", "x", "root")],
    ),
    "artalk": (
        [{"id": "1", "rid": "0", "content": "hi", "page_key": "/p", "nick": "Ann", "created_at": "2021-10-28 20:50:15 +0800", "is_pending": "false"},
         {"id": "2", "rid": "1", "content": "re", "page_key": "/p", "nick": "Bob", "is_pending": "true"}],
        [("1", "/p", None, "Ann", "hi", "root"), ("2", "/p", "1", "Bob", "re", "ok")],
    ),
    "commento": (
        {"version": 1, "comments": [{"commentHex": "a", "parentHex": "root", "url": "/p", "markdown": "hi", "state": "approved"},
         {"commentHex": "b", "parentHex": "a", "url": "/p", "markdown": "re", "state": "unapproved"}]},
        [("a", "/p", None, None, "hi", "root"), ("b", "/p", "a", None, "re", "ok")],
    ),
    "remark42": (
        {"comments": [{"comment": {"id": "a", "pid": "", "text": "<p>hi</p>", "user": {"name": "Ann"}, "locator": {"url": "/p"}},
         "replies": [{"comment": {"id": "b", "pid": "a", "text": "<p>re</p>", "user": {"name": "Bob"}, "locator": {"url": "/p"}}}]}]},
        [("a", "/p", None, "Ann", "hi", "root"), ("b", "/p", "a", "Bob", "re", "ok")],
    ),
    "isso": (
        [{"id": "/p", "title": "T", "comments": [{"id": 0, "author": "Ann", "text": "hi", "created": "2005-02-24 04:03:37", "remote_addr": "x"}]}],
        [(None, "/p", None, "Ann", "hi", "root")],
    ),
    "coral-api": (
        {"data": {"story": {"id": "s", "url": "https://x.example", "comments": {"edges": [
            {"node": {"id": "a", "body": "<p>hi</p>", "author": {"username": "Ann"}, "replies": {"edges": [
                {"node": {"id": "b", "body": "re", "author": None}}]}}}]}}}},
        [("a", "s", None, "Ann", "hi", "root"), ("b", "s", "a", None, "re", "ok")],
    ),
    "conversationai": (
        {"data": [{"articleId": "1", "sourceId": "2", "replyToSourceId": None, "authorSourceId": "4", "text": "hi", "author": {"name": "Ann", "email": "x"}},
                  {"articleId": "1", "sourceId": "3", "replyToSourceId": "2", "authorSourceId": "5", "text": "re", "author": {}}]},
        [("2", "1", None, "Ann", "hi", "root"), ("3", "1", "2", "5", "re", "ok")],
    ),
    "isso-api": (
        {"total_replies": 1, "replies": [{"id": 1, "parent": None, "text": "<p>hi</p>", "author": "Ann", "mode": 1, "created": 1577934245.5, "dislikes": 2,
         "replies": [{"id": 2, "parent": 1, "text": "<p>re</p>", "author": None, "mode": 2, "created": 1577934246.5, "replies": []}]}]},
        [("1", "", None, "Ann", "hi", "root"), ("2", "", "1", None, "re", "ok")],
    ),
    "lobsters": (
        {"short_id": "s", "title": "T", "comments": [
            {"short_id": "a", "comment": "<p>hi</p>", "comment_plain": "hi", "parent_comment": None, "commenting_user": "ann", "created_at": "2020-01-02T03:04:05-06:00", "score": 3},
            {"short_id": "b", "comment": "<p>re</p>", "comment_plain": "re", "parent_comment": "a", "commenting_user": {"username": "bob"}, "is_deleted": True}]},
        [("a", "s", None, "ann", "hi", "root"), ("b", "s", "a", "bob", "re", "ok")],
    ),
    "waline": (
        {"type": "waline", "data": {"Comment": [
            {"objectId": "a", "nick": "Ann", "mail": "a@x.example", "comment": "hi", "url": "/p", "status": "approved", "insertedAt": "2020-01-02T03:04:05Z", "pid": "", "like": 2},
            {"objectId": "b", "nick": "Bob", "comment": "re", "url": "/p", "status": "waiting", "pid": "a", "rid": "a"}], "Users": []}},
        [("a", "/p", None, "Ann", "hi", "root"), ("b", "/p", "a", "Bob", "re", "ok")],
    ),
    "github-graphql": (
        {"data": {"repository": {"discussion": {"title": "T", "url": "u", "comments": {"nodes": [
            {"id": "a", "author": {"login": "ann"}, "body": "hi", "createdAt": "2020-01-02T03:04:05Z", "upvoteCount": 2,
             "replies": {"nodes": [{"id": "b", "author": None, "body": "re", "createdAt": "2020-01-02T03:04:06Z", "isMinimized": True}]}}]}}}}},
        [("a", "u", None, "ann", "hi", "root"), ("b", "u", "a", None, "re", "ok")],
    ),
    "stackexchange-api": (
        {"items": [{"comment_id": 3, "post_id": 9, "body": "it&#39;s so", "owner": {"display_name": "Ann"}, "creation_date": 1577934245, "score": 1}], "has_more": False},
        [("3", "9", None, "Ann", "it's so", "root")],
    ),
    "facebook-graph": (
        {"data": [{"id": "9_1", "message": "hi", "from": {"name": "Ann"}, "created_time": "2014-05-06T18:21:31+0000", "like_count": 2,
         "comments": {"data": [{"id": "9_2", "message": "re", "created_time": "2014-05-06T18:21:32+0000"}]}}], "paging": {}},
        [("9_1", "", None, "Ann", "hi", "root"), ("9_2", "", "9_1", None, "re", "ok")],
    ),
    "instagram-graph": (
        {"data": [{"id": "1", "text": "hi", "username": "ann", "timestamp": "2014-05-06T18:21:31+0000", "like_count": 2,
         "replies": {"data": [{"id": "2", "text": "re", "username": "bob", "timestamp": "2014-05-06T18:21:32+0000"}]}}]},
        [("1", "", None, "ann", "hi", "root"), ("2", "", "1", "bob", "re", "ok")],
    ),
    "tiktok": (
        {"comments": [{"cid": "1", "text": "hi", "create_time": 1577934245, "digg_count": 3, "reply_id": "0", "aweme_id": "9", "user": {"unique_id": "ann"},
         "reply_comment": [{"cid": "2", "text": "re", "create_time": 1577934246, "digg_count": 0, "reply_id": "1", "aweme_id": "9", "user": {"nickname": "Bob"}}]}]},
        [("1", "9", None, "ann", "hi", "root"), ("2", "9", "1", "Bob", "re", "ok")],
    ),
    "facebook-takeout": (
        {"comments_v2": [{"timestamp": 1577934245, "title": "Ann commented on her photo.", "data": [{"comment": {"timestamp": 1577934245, "comment": "sch\u00c3\u00b6n", "author": "\u00c3\u0085sa"}}]}]},
        [(None, "Ann commented on her photo.", None, "\u00c5sa", "sch\u00f6n", "root")],
    ),
    "facebook-messenger": (
        {"participants": [{"name": "Ann"}], "title": "T", "thread_path": "inbox/t", "messages": [
            {"sender_name": "Ann", "timestamp_ms": 1577934245000, "content": "sch\u00c3\u00b6n"}, {"sender_name": "Bob", "timestamp_ms": 1577934246000, "photos": [{"uri": "p"}]}]},
        [(None, "inbox/t", None, "Ann", "sch\u00f6n", "root"), (None, "inbox/t", None, "Bob", "", "root")],
    ),
    "instagram-takeout": (
        [{"media_list_data": [{"uri": ""}], "string_map_data": {"Comment": {"value": "hi"}, "Media Owner": {"value": "bob"}, "Time": {"timestamp": 1577934245}}}],
        [(None, "bob", None, None, "hi", "root")],
    ),
    "tiktok-takeout": (
        {"Profile": {}, "Comment": {"Comments": {"CommentsList": [{"date": "2023-01-02 03:04:05", "comment": "hi", "photo": "N/A", "url": ""}]}}},
        [(None, "", None, None, "hi", "root")],
    ),
}  # fmt: skip

LINES: dict[str, tuple[list[dict[str, object]], list[tuple[object, ...]]]] = {
    "youtube-downloader": (
        [{"cid": "Ua", "text": "hi", "author": "@ann", "votes": "1.2K", "time": "1 day ago", "time_parsed": 1577934245.5},
         {"cid": "Ua.b", "text": "re", "author": "@bob", "votes": "0", "time": "1 day ago"}],
        [("Ua", "", None, "@ann", "hi", "root"), ("Ua.b", "", "Ua", "@bob", "re", "ok")],
    ),
    "coral": (
        [{"id": "a", "storyID": "s", "authorID": "u1", "status": "NONE", "revisions": [{"body": "one"}, {"body": "two"}]},
         {"id": "b", "storyID": "s", "authorID": "u2", "status": "PREMOD", "parentID": "a", "revisions": [{"body": "re"}]}],
        [("a", "s", None, "u1", "two", "root"), ("b", "s", "a", "u2", "re", "ok")],
    ),
    "talk": (
        [{"id": "a", "asset_id": "s", "author_id": "u", "status": "ACCEPTED", "body": "<hi>", "body_history": [{"body": "<hi>"}], "parent_id": None},
         {"id": "b", "asset_id": "s", "author_id": "v", "status": "NONE", "body_history": [{"body": "re"}], "parent_id": "a"}],
        [("a", "s", None, "u", "<hi>", "root"), ("b", "s", "a", "v", "re", "ok")],
    ),
    "remark42-backup": (
        [{"version": 1, "users": [], "posts": []},
         {"id": "a", "pid": "", "text": "<p>hi</p>", "user": {"name": "Ann", "id": "g_1"}, "locator": {"url": "/p"}, "score": 1},
         {"id": "b", "pid": "a", "text": "<p>re</p>", "user": {"name": "Bob", "id": "g_2"}, "locator": {"url": "/p"}}],
        [("a", "/p", None, "Ann", "hi", "root"), ("b", "/p", "a", "Bob", "re", "ok")],
    ),
    "convokit": (
        [{"id": "r", "conversation_id": "r", "text": "post", "speaker": "ann", "meta": {"score": 3}, "reply_to": None, "timestamp": 1577934245},
         {"id": "s", "root": "r", "text": "re", "user": "bob", "meta": {}, "reply-to": "r", "timestamp": None}],
        [("r", "r", None, "ann", "post", "root"), ("s", "r", "r", "bob", "re", "ok")],
    ),
    "hackernews": (
        [{"id": 1, "by": "ann", "time": 1577934245, "type": "story", "title": "T", "kids": [2]},
         {"id": 2, "by": "bob", "time": 1577934246, "type": "comment", "text": "<p>re", "parent": 1}],
        [("1", "", None, "ann", "T", "root"), ("2", "", "1", "bob", "re", "ok")],
    ),
}  # fmt: skip


def _found(table) -> list[tuple[object, ...]]:
    rows = table.select(
        ["comment_id", "thread_id", "parent_id", "author", "text", "parent_state"]
    ).to_pylist()
    return [tuple(row.values()) for row in rows]


def _without_generated(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(None if str(value).startswith("~") else value for value in row) for row in rows]


@pytest.mark.parametrize("name", CASES)
def test_documents(name: str, read) -> None:
    document, expected = CASES[name]
    for content in (json.dumps(document), json.dumps(document, indent=2, ensure_ascii=False)):
        table, accounting = read(content)
        assert table["source"][0].as_py() == name
        assert _without_generated(_found(table)) == expected
        assert accounting.rejected == 0


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str, read) -> None:
    records, expected = LINES[name]
    table, _ = read("".join(json.dumps(record) + "\n" for record in records))
    assert table["source"][0].as_py() == name
    assert _found(table) == expected


def test_every_description_is_tested() -> None:
    elsewhere = {"twitter-archive", "telegram-full"}
    assert set(mappings()) == set(CASES) | set(LINES) | elsewhere


def test_twitter_archive_behind_its_assignment(read) -> None:
    tweet = {"tweet": {"id_str": "9007199254740993", "full_text": "a &amp; b", "created_at": "Sat May 13 17:20:09 +0000 2023",
             "in_reply_to_status_id_str": "1", "favorite_count": "4"}}  # fmt: skip
    (row,) = read(f"window.YTD.tweets.part0 = {json.dumps([tweet])};")[0].to_pylist()
    assert (row["comment_id"], row["text"], row["likes"], row["parent_state"]) == (
        "9007199254740993",
        "a & b",
        4,
        "missing",
    )
    assert row["created_at"].isoformat() == "2023-05-13T17:20:09+00:00"


def test_telegram_of_all_chats_keeps_chats_apart(read) -> None:
    message = {"id": 1, "type": "message", "date": "2019-07-05T16:55:33", "from": "A", "text": "x"}
    chats = [{"id": chat, "name": f"N{chat}", "messages": [message]} for chat in (1, 2)]
    table, _ = read(json.dumps({"chats": {"list": chats}}))
    assert table.select(["thread_id", "thread_title", "duplicate_of"]).to_pylist() == [
        {"thread_id": "1", "thread_title": "N1", "duplicate_of": None},
        {"thread_id": "2", "thread_title": "N2", "duplicate_of": None},
    ]


def test_kinds_status_votes_and_extra(read) -> None:
    rows = read(json.dumps(CASES["discourse"][0]))[0].to_pylist()
    assert [row["kind"] for row in rows] == ["post", "comment", "comment"]
    assert json.loads(rows[0]["extra"]) == {"post_number": 1}
    rows = read(json.dumps(CASES["4chan"][0]))[0].to_pylist()
    assert json.loads(rows[2]["extra"]) == {"parents": ["11", "10"]}
    assert read(json.dumps(CASES["disqus-api"][0]))[0]["status"].to_pylist() == [
        "visible",
        "deleted",
        "visible",
    ]
    assert read(json.dumps(CASES["artalk"][0]))[0]["status"].to_pylist() == ["visible", "pending"]
    _, accounting = read(json.dumps(CASES["activitypub"][0]))
    assert dict(accounting.skipped) == {"boost of another's post": 1}
    assert [count(value) for value in ("1.2K", "3", 4.0, "1,234", "x", None, True)] == [
        1200,
        3,
        4,
        1234,
        None,
        None,
        None,
    ]


def test_lists_are_looked_into(read) -> None:
    tweets = [
        {"id": "1", "text": "hi", "edit_history_tweet_ids": ["1"], "conversation_id": "1", "author_id": "7"},
        {"id": "2", "text": "re", "edit_history_tweet_ids": ["2"], "conversation_id": "1", "author_id": "8",
         "referenced_tweets": [{"type": "quoted", "id": "9"}, {"type": "replied_to", "id": "1"}]},
    ]  # fmt: skip
    users = [{"id": "7", "username": "ann"}, {"id": "8", "username": "bob"}]
    table, _ = read(json.dumps({"data": tweets, "includes": {"users": users}}))
    assert _found(table) == [("1", "1", None, "ann", "hi", "root"), ("2", "1", "1", "bob", "re", "ok")]


def test_what_has_no_column_is_kept_without_addresses(read) -> None:
    comment = {"id": 1, "text": "x", "children": [], "email": "a@b.example", "ip": "192.0.2.1", "dislikes": 3,
               "files": ["a.png"]}  # fmt: skip
    (row,) = read(json.dumps({"comments": [comment]}))[0].to_pylist()
    assert json.loads(row["extra"]) == {"dislikes": 3, "files": ["a.png"]}


def test_threads_of_disqus_are_no_comments(read) -> None:
    thread = {"id": "9", "forum": "f", "slug": "s", "raw_message": "", "createdAt": "2020-01-02T03:04:05"}
    table, accounting = read(json.dumps({"response": [thread]}))
    assert (table.num_rows, dict(accounting.skipped)) == (0, {"thread, no post": 1})


def test_cut_documents_keep_what_came_before(read) -> None:
    posts = [{"id": str(n), "parent": None, "thread": "9", "forum": "f", "createdAt": "2020-01-02T03:04:05", "raw_message": "a",
              "message": f"text {n}", "author": {"name": "A"}} for n in range(200)]  # fmt: skip
    content = json.dumps({"code": 0, "response": posts})
    table, accounting = read(content[: len(content) // 2])
    assert 95 <= table.num_rows <= 101
    assert "cut off" in accounting.rejects[-1].reason


@pytest.mark.parametrize("joint", ["list", "lines", "nothing"])
def test_pages_of_an_api_may_stand_in_one_file(joint: str, read) -> None:
    def page(*ids: int) -> dict[str, object]:
        posts = [
            {"id": str(n), "parent": n - 1 or None, "thread": "9", "forum": "f", "raw_message": "", "message": f"text {n}",
             "createdAt": "2020-01-02T03:04:05", "author": {"name": "A"}} for n in ids]  # fmt: skip
        return {"code": 0, "response": posts}

    pages = [page(1, 2), page(), page(3)]
    texts = [json.dumps(one, indent=1 if joint == "nothing" else None) for one in pages]
    table, accounting = read(
        json.dumps(pages) if joint == "list" else ("\n" * (joint == "lines")).join(texts)
    )
    assert set(table["source"].to_pylist()) == {"disqus-api"}
    assert table.select(["comment_id", "parent_id", "parent_state", "text"]).to_pylist() == [
        {"comment_id": "1", "parent_id": None, "parent_state": "root", "text": "text 1"},
        {"comment_id": "2", "parent_id": "1", "parent_state": "ok", "text": "text 2"},
        {"comment_id": "3", "parent_id": "2", "parent_state": "ok", "text": "text 3"},
    ]
    assert dict(accounting.skipped) == {"no comment": 1} and not accounting.rejected


def test_nested_replies_stay_with_their_own_document(read) -> None:
    comments = [
        {"id": n, "text": f"t{n}", "children": [{"id": n + 1, "text": "re", "children": []}]} for n in (1, 3)
    ]
    table, _ = read("\n".join(json.dumps({"comments": [one]}) for one in comments), format="nested-list")
    assert table.select(["comment_id", "parent_id"]).to_pylist() == [
        {"comment_id": "1", "parent_id": None},
        {"comment_id": "2", "parent_id": "1"},
        {"comment_id": "3", "parent_id": None},
        {"comment_id": "4", "parent_id": "3"},
    ]


def test_replies_go_thousands_deep(read) -> None:
    content = "[" + "".join(f'{{"id":{n},"text":"x","children":[' for n in range(400)) + "]}" * 400 + "]"
    table, _ = read(content, format="nested-list")
    assert table["depth"].to_pylist() == list(range(400))
