"""Comment lists in HTML pages: each engine's markup, small."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import pytest

from moderation.ingest.base import Chunk, ReadOptions
from moderation.ingest.formats import htmlpage

PAGE = """<!DOCTYPE html><html><head><title>Bridge | Courier</title>
<meta property="og:title" content="Bridge to close"><link rel="canonical" href="https://a.example/bridge"></head>
<body><nav><ul><li><a href="/">Home</a></li></ul></nav><article><p>Nine months.</p></article>%s
<footer>Imprint</footer></body></html>"""

WORDPRESS = """<ol class="commentlist">
<li class="comment even depth-1" id="comment-7"><div id="div-comment-7" class="comment-body">
 <div class="comment-author vcard"><img alt="x" class="avatar"><cite class="fn">Ann</cite> <span class="says">says:</span></div>
 <div class="comment-meta"><a href="#"><time datetime="2020-10-22T17:17:00+00:00">October 22</time></a></div>
 <p>Is the ferry <b>free</b>?</p><p>Two prams &amp; a dog.</p>
 <div class="reply"><a class="comment-reply-link">Reply</a></div></div>
 <ul class="children"><li class="comment depth-2" id="comment-8"><div id="div-comment-8" class="comment-body">
  <div class="comment-author vcard"><cite class="fn">Bob</cite></div><p>Yes.</p></div></li></ul></li>
<li class="pingback" id="comment-9"><p>Pingback: <a href="https://b.example">Another page</a></p></li>
</ol><div id="respond"><h3>Leave a Reply</h3><form><textarea></textarea></form></div>"""

DISQUS = """<div id="dsq-content"><ul id="dsq-comments">
<li class="comment" id="dsq-comment-7"><div id="dsq-comment-header-7" class="dsq-comment-header"><cite id="dsq-cite-7">
<a href="https://ann.example"><span id="dsq-author-user-7">Ann</span></a></cite></div>
<div id="dsq-comment-body-7" class="dsq-comment-body"><div id="dsq-comment-message-7" class="dsq-comment-message">
<p>Is the ferry <b>free</b>?</p><p>Two prams &amp; a dog.</p></div></div>
<ul class="children"><li class="comment" id="dsq-comment-8"><div class="dsq-comment-header"><cite>Bob</cite></div>
<div class="dsq-comment-message"><p>Yes.</p></div></li></ul></li></ul></div>"""

MICRODATA = """<div itemscope itemtype="https://schema.org/Comment" id="c7"><span itemprop="author" itemscope><b
itemprop="name">Ann</b></span><time itemprop="dateCreated" datetime="2020-10-22T17:17:00Z">yesterday</time>
<div itemprop="text"><p>Is the ferry <b>free</b>?</p><p>Two prams &amp; a dog.</p></div><i itemprop="upvoteCount">4</i>
<div itemscope itemtype="http://schema.org/Comment"><b itemprop="author">Bob</b><p itemprop="text">Yes.</p></div></div>"""


@pytest.mark.parametrize("markup", [WORDPRESS, DISQUS, MICRODATA])
def test_each_engine_gives_the_same_thread(markup: str, read) -> None:
    table, accounting = read(PAGE % markup)
    rows = table.to_pylist()
    assert [(row["author"], row["text"], row["depth"]) for row in rows[:2]] == [
        ("Ann", "Is the ferry free?\n\nTwo prams & a dog.", 0),
        ("Bob", "Yes.", 1),
    ]
    assert rows[1]["parent_id"] == rows[0]["comment_id"]
    assert {row["thread_title"] for row in rows} == {"Bridge to close"}
    assert {row["thread_id"] for row in rows} == {"https://a.example/bridge"}
    assert accounting.skipped.total() == 1


def test_wordpress_ids_times_addresses_and_pingbacks(read) -> None:
    rows = read(PAGE % WORDPRESS)[0].to_pylist()
    assert [row["comment_id"] for row in rows] == ["7", "8", "9"]
    assert rows[0]["created_at"].isoformat() == "2020-10-22T17:17:00+00:00"
    assert rows[0]["url"] == "https://a.example/bridge#comment-7"
    assert (rows[2]["kind"], rows[2]["text"]) == ("pingback", "Another page (https://b.example)")


def test_votes_of_microdata(read) -> None:
    assert read(PAGE % MICRODATA)[0]["likes"].to_pylist() == [4, None]


def test_posts_that_disqus_embeds_as_json(read) -> None:
    post = '{"id":"7","parent":null,"thread":"1","forum":"f","author":{"name":"Ann"},"createdAt":"2020-10-22T17:17:00","message":"<p>Hi</p>","likes":2}'
    script = f'<script type="text/json" id="disqus-threadData">{{"response":{{"posts":[{post}],"thread":{{"title":"T"}}}}}}</script>'
    (row,) = read(PAGE % script)[0].to_pylist()
    assert (row["comment_id"], row["author"], row["text"], row["likes"], row["thread_title"]) == (
        "7",
        "Ann",
        "Hi",
        2,
        "T",
    )


def test_a_page_without_comments_is_no_row(read) -> None:
    table, accounting = read(PAGE % "<p>No one said anything.</p>")
    assert table.num_rows == 0 and dict(accounting.skipped) == {"page around the comments": 1}


@pytest.mark.parametrize(
    "damage", ["</li></li></ul><li>", "<div " * 500, "<ul><li class='comment' id='comment-1'>" * 400]
)
def test_bad_markup_is_read_as_far_as_it_goes(damage: str, read) -> None:
    table, _ = read(PAGE % (WORDPRESS + damage))
    assert "Is the ferry free?" in table["text"][0].as_py()


@pytest.mark.parametrize(
    "strange", ["\x01", "\x1f", "&#1;", "&#xFFFE;", "<a\x02b>", "<x:y z='\x03'>", "<a href='\x04'>l</a>"]
)
def test_control_characters_do_no_harm(strange: str, read) -> None:
    table, _ = read(PAGE % WORDPRESS.replace("Two prams", f"Two {strange} prams"))
    assert table["text"][0].as_py().startswith("Is the ferry free?")


def test_a_list_item_and_the_schema_org_article_in_it_are_one_comment() -> None:
    one = (
        '<li class="comment" id="comment-{0}"><article itemscope itemtype="https://schema.org/Comment">'
        '<cite class="fn">{1}</cite><div class="comment-content" itemprop="text"><p>{2}</p></div></article>{3}</li>'
    )
    inner = '<ol class="children">' + one.format(2, "Bob", "Not so.", "") + "</ol>"
    page = (
        "<html><body><ol class=comment-list>"
        + one.format(1, "Ann", "Well said.", inner)
        + "</ol></body></html>"
    )
    parsed = htmlpage.parse(Chunk(page.encode(), 0), ReadOptions("page.html"))
    rows = parsed.table.to_pylist()
    assert [(row["author"], row["text"], row["parent_id"]) for row in rows] == [
        ("Ann", "Well said.", None),
        ("Bob", "Not so.", "1"),
    ]


# Markup that names no comment: rows with a byline, and list items whose classes say nothing.
UNNAMED = (
    "<table>"
    + "".join(
        f'<tr><td><a href="/u/{name}">{name}</a> <a href="#{number}">{hours} hours ago</a> | <a href="#">reply</a></td></tr>'
        f"<tr><td><span>{text}</span></td></tr>"
        for number, (name, hours, text) in enumerate(
            [
                ("kerstin", 9, "The ferry was free when I was a child, and nobody paid for prams either."),
                ("old_harbour", 8, "It was not free in 1988. I still have the tickets."),
                ("marlow", 7, "Does anyone know whether bicycles pay?"),
                ("kerstin", 5, "They do, two coins each way."),
            ]
        )
    )
    + "</table>"
)

LISTED = "<ol>" + "".join(
    f'<li class="comment" id="comment-{number}"><p><b>{name}</b></p><p>{day} May 2021 at 10:0{number}</p><p>{text}</p>'
    "<p><a href='#'>Reply</a></p></li>"
    for number, (name, day, text) in enumerate(
        [
            ("Ann", 3, "The ferry was free when I was a child."),
            ("Bob", 4, "It was not free in 1988."),
            ("Cem", 5, "Does anyone know whether bicycles pay?"),
        ],
        1,
    )
) + "</ol>"  # fmt: skip


def test_a_page_whose_markup_names_no_comment_is_read_by_its_text(read) -> None:
    table, accounting = read(PAGE % UNNAMED)
    assert table["author"].to_pylist() == ["kerstin", "old_harbour", "marlow", "kerstin"]
    assert table["text"][1].as_py() == "It was not free in 1988. I still have the tickets."
    assert set(table["source"].to_pylist()) == {"html"}
    assert set(table["thread_id"].to_pylist()) == {"https://a.example/bridge"}
    assert accounting.read == accounting.rows + sum(accounting.skipped.values())


def test_names_and_buttons_without_a_class_are_no_text(read) -> None:
    table, _ = read(PAGE % LISTED)
    assert table["author"].to_pylist() == ["Ann", "Bob", "Cem"]
    assert table["text"].to_pylist()[1:] == [
        "It was not free in 1988.",
        "Does anyone know whether bicycles pay?",
    ]
    assert table["comment_id"].to_pylist() == ["1", "2", "3"]


def test_an_article_is_no_thread(read) -> None:
    paragraphs = "".join(
        f"<p>Paragraph {number} of the report tells what the council said.</p>" for number in range(30)
    )
    table, _ = read(PAGE % paragraphs)
    assert table.num_rows == 0


def test_a_page_nested_too_deeply_for_its_text_is_survived(read) -> None:
    table, _ = read(PAGE % ("<div>" * 5000 + "deep" + "</div>" * 5000))
    assert table.num_rows == 0
