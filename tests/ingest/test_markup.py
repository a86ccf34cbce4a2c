"""HTML to text: paragraphs, quotes, links, entities once, and no harm from bad markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.ingest.markup import html_to_text, stored_to_text, unescape_once

CASES = {
    "plain": "plain",
    "two\nlines stay": "two\nlines stay",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "<p>one<br>two<br/>three</p>": "one\ntwo\nthree",
    "<p>one\n  wrapped\tline</p>": "one wrapped line",
    "a<br><br>b": "a\n\nb",
    "<blockquote><p>first</p><p>second</p></blockquote><p>answer</p>": "> first\n>\n> second\n\nanswer",
    "<blockquote>outer<blockquote>inner</blockquote></blockquote>": "> outer\n>\n> > inner",
    'see <a href="https://a.example/x?a=1&amp;b=2">this</a>!': "see this (https://a.example/x?a=1&b=2)!",
    '<a href="https://a.example/x/">a.example/x</a>': "a.example/x",
    '<a href="https://a.example/long/path/of/it">https://a.example/long...</a>': "https://a.example/long...",
    '<a href="http://www.a.example">www.a.example</a>': "www.a.example",
    'grave <a href="https://a.example/x">accent</a>s, <a href="https://a.example/y">two</a>': (
        "grave accents (https://a.example/x), two (https://a.example/y)"
    ),
    '<a href="https://a.example/x">one</a><a href="https://a.example/y">two</a>three': (
        "one (https://a.example/x) twothree (https://a.example/y)"
    ),
    '<p><a href="https://a.example/x">last</a></p><p>word</p>': "last (https://a.example/x)\n\nword",
    '<a href="https://a.example"></a>': "https://a.example",
    '<a href="javascript:alert(1)">click</a>': "click",
    "Fish &amp;amp; chips &lt;b&gt;": "Fish &amp; chips <b>",
    "<p>&amp;lt;script&amp;gt;</p>": "&lt;script&gt;",
    "it&#39;s &quot;so&quot;&nbsp;&hellip;": 'it\'s "so"\xa0…',
    "<script>alert('x < y')</script>after<style>p{}</style>": "after",
    "before<!-- <p>hidden</p> -->after": "beforeafter",
    "I <3 you and 2 < 3 > 1": "I <3 you and 2 < 3 > 1",
    "<p>I <3 you</p>": "I <3 you",
    "<ul><li>one</li><li>two</li></ul>": "- one\n- two",
    "<pre>a\n  b</pre>": "a\n  b",
    'smile <img src="x.png" alt=":)"> end': "smile :) end",
    "unclosed <b>bold": "unclosed bold",
    "</p></div>stray": "stray",
    "<p>cut off <a href='x": "cut off <a href='x",
    "<p></p><p> </p>": "",
    "<div>one</div><div>two</div>": "one\ntwo",
    "<![CDATA[<b>raw</b>]]>": "<b>raw</b>",
}


@pytest.mark.parametrize("markup", CASES)
def test_markup_becomes_the_text_that_people_saw(markup: str) -> None:
    assert html_to_text(markup) == CASES[markup]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("one\r\n<b>two</b>\n\nthree", "one\ntwo\n\nthree"),
        ("<p>one\n<b>two</b></p>", "one two"),
        ("one<br>\ntwo", "one\ntwo"),
        ("a < b\nb &gt; c", "a < b\nb > c"),
        ("<b></b>\n<pre>if:\n  x</pre>", "if:\n  x"),
    ],
)
def test_typed_lines_stay_where_no_markup_makes_lines(stored: str, text: str) -> None:
    assert stored_to_text(stored) == text


def test_reddit_entities_are_resolved_once() -> None:
    assert unescape_once("&gt; a &amp;gt; b &lt;3 &nbsp;") == "> a &gt; b <3 &nbsp;"


@given(st.text(alphabet="<>/abp \"'=&;!-\n#39", max_size=200))
def test_no_markup_crashes_it(markup: str) -> None:
    assert isinstance(html_to_text(markup), str)


@pytest.mark.parametrize(
    "bomb", ["<div>", "<blockquote>", "<a href='", "<!--", '<a "', "<style>", "<p", "&#", "<b x='>"]
)
def test_hostile_markup_costs_linear_time(bomb: str) -> None:
    # Quadratic work on a megabyte would outlast any patience.
    assert isinstance(html_to_text("<i>" + bomb * (1_000_000 // len(bomb))), str)
