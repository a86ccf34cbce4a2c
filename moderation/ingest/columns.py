"""Which column of a user's table is which of ours: the mapping given, and guesses by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from moderation.errors import DataError, UsageError
from moderation.schema import COMMENT_COLUMNS, RECORD_SCHEMA

GUESSES: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "body", "comment", "comment_text", "comment_body", "message", "content", "comment_content",
        "text_original", "text_display", "raw_message", "full_text", "post_text", "review_text", "review",
        "tweet", "tweet_text", "selftext", "msg", "description", "reply_text", "utterance",
        "sentence", "cooked",
    ),
    "comment_id": (
        "comment_id", "id", "cid", "commentid", "id_str", "post_id", "message_id", "tweet_id", "utterance_id",
        "uuid", "_id", "source_id", "rev_id", "hash",
    ),
    "parent_id": (
        "parent_id", "parent", "parent_comment_id", "parentid", "reply_to", "in_reply_to", "in_reply_to_id",
        "reply_to_id", "in_reply_to_status_id", "in_reply_to_status_id_str", "pid", "replying_to",
        "parent_comment", "reply_to_message_id", "parent_hex", "comment_parent", "reply_to_source_id",
        "top_level_comment_id",
    ),
    "thread_id": (
        "thread_id", "thread", "link_id", "conversation_id", "submission_id", "discussion_id", "topic_id",
        "video_id", "article_id", "story_id", "threadid", "page_id", "page_key", "channel_id",
        "post_id", "asset_id", "discussion", "slug", "article", "story",
    ),
    "author": (
        "author", "author_name", "user_name", "username", "user", "name", "nick", "nickname", "screen_name",
        "author_display_name", "user_display_name", "display_name", "commenter", "speaker",
        "poster", "handle",
        "comment_author", "sender_name", "from", "author_id", "user_id", "author_source_id",
    ),
    "created_at": (
        "created_at", "created_utc", "created", "creation_date", "create_date", "created_time", "timestamp",
        "date", "time", "datetime", "published_at", "published", "publish_date", "comment_date_gmt",
        "comment_date", "posted_at", "post_date", "time_parsed", "create_time", "createtime",
        "comment_create_timestamp", "approve_date",
    ),
    "likes": (
        "likes", "like_count", "score", "points", "votes", "upvotes", "ups", "recommendations",
        "favorite_count",
        "likes_count", "num_likes", "thumbs_up", "digg_count", "karma",
    ),
    "url": ("url", "permalink", "link", "comment_url", "page_url", "article_url", "uri", "href"),
    "thread_title": (
        "thread_title", "title", "article_title", "headline", "video_title", "post_title", "link_title",
        "submission_title", "subject", "topic",
    ),
    "kind": ("kind",),
    "status": ("status",),
}  # fmt: skip
"""Names that dumps give to our columns, most telling first, in snake case."""

NAMED_BY = {"source_id": "reply_to_source_id"}
"""Columns with ids that replies name in another, which is why they count more than any other id."""

EQUAL_TEXTS = frozenset(["body", "comment", "comment_text", "comment_body", "message", "content"])
"""Names of which none tells more than another; a column called `text` is the text, whatever stands by it."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def plan_columns(names: Sequence[str], given: Mapping[str, str], input_name: str) -> dict[str, str]:
    """Return our columns to the table's, as given and, for the others, as their names suggest.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    given : mapping of str to str
        What the user said: `{"text": "body"}`.
    input_name : str
        For messages.

    Raises
    ------
    UsageError
        A column that the user named does not exist.
    DataError
        No column looks like the text of comments.
    """
    for ours, theirs in given.items():
        if ours not in RECORD_SCHEMA.names:
            raise UsageError(
                f"--column {ours}={theirs}: no column {ours!r} of ours; known: {', '.join(GUESSES)}"
            )
        if theirs not in names:
            raise UsageError(f"{input_name}: no column {theirs!r}; the file has {_listed(names)}")
    plan = {**guess_columns([name for name in names if name not in given.values()]), **given}
    if "text" not in plan:
        raise DataError(
            f"{input_name}: no column looks like the text of comments; the file has {_listed(names)}; "
            "name it: --column text=NAME"
        )
    return plan


def guess_columns(names: Sequence[str]) -> dict[str, str]:
    """Return our columns to those of the table that their names suggest; each is used once.

    Examples
    --------
    >>> guess_columns(["commentID", "commentBody", "userDisplayName"])
    {'text': 'commentBody', 'comment_id': 'commentID', 'author': 'userDisplayName'}
    """
    if set(COMMENT_COLUMNS) <= set(names):
        # A comment table of our own: nothing to guess.
        return {name: name for name in RECORD_SCHEMA.names if name not in ("source",)}
    free: dict[str, str] = {}
    for name in names:
        free.setdefault(snake(name), name)
    plan = {}
    for ours, candidates in GUESSES.items():
        if ours == "comment_id":
            candidates = (*(own for own, other in NAMED_BY.items() if other in free), *candidates)
        found = next((candidate for candidate in candidates if candidate in free), None)
        if found is not None:
            plan[ours] = free.pop(found)
    return plan


def names_text(names: Sequence[str]) -> bool:
    """Return True where one of the names suggests the text of comments."""
    return any(snake(name) in GUESSES["text"] for name in names)


def snake(name: str) -> str:
    """Return a column name in snake case: `commentID` and `Comment ID` are both `comment_id`."""
    return _OTHER.sub("_", _CAMEL.sub("_", name.strip()).lower()).strip("_") or name


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:30])
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "")
