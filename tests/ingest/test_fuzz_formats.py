"""Every reader on damaged dumps of its own format: rows, or an error with its place; nothing is lost."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import copy
import io
import json
import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import test_exports
import test_htmlengines
import test_mapped
import test_shapes
import test_whatsapp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.errors import ModerationError
from moderation.ingest.reader import ingest
from moderation.ingest.registry import formats

MUTATIONS = int(os.environ.get("MODERATION_MUTATIONS", "150"))

PAGE = """<!DOCTYPE html><html><head><title>Bridge</title></head><body><ol class="commentlist">
<li class="comment" id="comment-1"><cite class="fn">Ann</cite><div class="comment-content"><p>a &amp; b</p></div>
<ul class="children"><li class="comment" id="comment-2"><cite class="fn">Bob</cite><p>re</p></li></ul></li></ol></body></html>"""
DISQUS = """<?xml version="1.0"?><disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<thread dsq:id="1"><id/><title>T</title></thread><post dsq:id="2"><message><![CDATA[<p>a</p>]]></message>
<createdAt>2020-01-02T03:04:05Z</createdAt><author><name>Ann</name></author><thread dsq:id="1"/></post></disqus>"""
WXR = """<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><item><title>T</title>
<wp:post_id>1</wp:post_id><wp:comment><wp:comment_id>2</wp:comment_id><wp:comment_author>Ann</wp:comment_author>
<wp:comment_content><![CDATA[a]]></wp:comment_content></wp:comment></item></channel></rss>"""
ROWS = '<?xml version="1.0"?><comments><row Id="1" PostId="2" Text="a &amp; b" Score="1"/></comments>'
THREAD = "Bridge\n\n2 comments\n\n  * Ann says:\n    May 3, 2019 at 4:05 pm\n\n    Hello\n\n    Reply\n      + Bob says:\n\n        Hi\n"
REDDIT = {
    "id": "a",
    "body": "x &gt; y",
    "link_id": "t3_l",
    "parent_id": "t3_l",
    "author": "A",
    "subreddit": "s",
}
LISTING = [
    {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": {"id": "l", "title": "T", "subreddit": "s"}}]}},
    {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {**REDDIT, "replies": ""}}]}},
]  # fmt: skip
STATICMAN = "--- # file a.yml\n_id: a\n_parent: /p\nname: Ann\nmessage: hi\ndate: 2020-01-02\n--- # file b.yml\n_id: b\nmessage: >\n  re\nreplying_to: '1'\n"
TABLE = [{"id": "1", "text": "a", "author": "Ann"}, {"id": "2", "text": "b", "parent_id": "1"}]


def _database(script: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.executescript(script)
    return connection.serialize()


def _lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


DUMPS: dict[str, bytes] = {
    **{name: json.dumps(content).encode() for name, (content, _) in test_mapped.CASES.items()},
    **{name: _lines(records).encode() for name, (records, _) in test_mapped.LINES.items()},
    "whatsapp": test_whatsapp.CHAT.encode(),
    "blogger": test_exports.BACKUP.encode(),
    "mbox": test_exports.MBOX,
    "isso-sqlite": _database(test_exports.ISSO),
    "staticman": STATICMAN.encode(),
    "html": PAGE.encode(),
    "disqus-xml": DISQUS.encode(),
    "wxr": WXR.encode(),
    "stackexchange": ROWS.encode(),
    "plaintext": THREAD.encode(),
    "reddit": (json.dumps(REDDIT) + "\n").encode() * 3,
    "reddit-api": json.dumps(LISTING).encode(),
    "csv": b'id,text,author\n1,"a, b",Ann\n2,c,Bob\n',
    "tsv": b"id\ttext\n1\ta\n2\tb\n",
    "jsonl": _lines(TABLE).encode(),
    "json": json.dumps(TABLE).encode(),
    "lines": b"one\ntwo\n",
    "telegram-full": b'{"chats": {"list": [{"id": 1, "name": "N", "messages": [{"id": 1, "type": "message", "date": "2019-07-05", "text": "x"}]}]}}',
    "twitter-archive": b'window.YTD.tweets.part0 = [{"tweet": {"id_str": "1", "full_text": "a"}}];',
}


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Return a dump with flipped bits, and pieces that are cut out, repeated, swapped or overwritten."""
    dump = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at, end = sorted(draw(st.tuples(*[st.integers(0, max(len(dump), 1))] * 2)))
        match draw(st.sampled_from(["flip", "cut", "drop", "bytes", "repeat", "value"])):
            case "flip" if at < len(dump):
                dump[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del dump[at:]
            case "drop":
                del dump[at : min(end, at + 40)]
            case "bytes":
                dump[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "value":
                odd = [
                    b"null",
                    b"[]",
                    b"{}",
                    b"-1",
                    b"1e400",
                    b'"\\ud800"',
                    b"\xef\xb7\x90",
                    b"[[",
                    b"&#0;",
                    b"<!--",
                ]
                dump[at:at] = draw(st.sampled_from(odd))
            case _:
                dump[at:at] = dump[at:end] * draw(st.integers(1, 3))
    return bytes(dump)


def check(dump: bytes, format: str | None) -> None:
    """Ingest and check that all is accounted for, and that no reply stands in another thread than its parent."""
    try:
        table, accounting = ingest(io.BytesIO(dump), format)
    except ModerationError as error:
        assert "please report" not in str(error)
        assert "\n" not in str(error)
        return
    assert accounting.read == table.num_rows + accounting.rejected + accounting.skipped.total()
    assert all(reject.place and reject.reason for reject in accounting.rejects)
    threads: dict[tuple[str, str], int] = {}
    columns = ["thread_id", "comment_id", "parent_id", "parent_state", "depth", "duplicate_of"]
    rows = table.select(columns).to_pylist()
    for row in rows:
        threads.setdefault((row["thread_id"], row["comment_id"]), row["depth"])
    for row in rows:
        # A repeated comment stands where its first row stands, whatever parent it names.
        if row["parent_state"] == "ok" and row["duplicate_of"] is None:
            assert (row["thread_id"], row["parent_id"]) in threads


def test_every_format_has_a_dump_here() -> None:
    # Parquet and Excel are read by their libraries; their damage is tested with the tables.
    assert set(formats()) - set(DUMPS) <= {"parquet", "xlsx"}


@pytest.mark.parametrize("name", DUMPS)
def test_the_sound_dump_is_read(name: str) -> None:
    table, accounting = ingest(io.BytesIO(DUMPS[name]), name)
    assert table.num_rows and not accounting.rejected


@settings(max_examples=MUTATIONS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_damaged_dumps(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DUMPS)))
    dump = data.draw(damaged(DUMPS[name]))
    check(dump, data.draw(st.sampled_from([name, None])))


VARIANTS = [(content.encode(), source) for content, source, _ in test_shapes.SHAPES.values()]
"""Systems in other shapes, and pages of other systems than WordPress."""
for one, around, above in test_htmlengines.NESTING.values():
    inner = around % one.format(n=12, who="Bob", what="<p>two coins</p>", inner="")
    VARIANTS.append(
        ((above + one.format(n=11, who="Ann", what="<p>free?</p>", inner=inner)).encode(), "html")
    )


@settings(max_examples=MUTATIONS // 2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_damaged_variants(data: st.DataObject) -> None:
    dump, source = data.draw(st.sampled_from(VARIANTS))
    check(data.draw(damaged(dump)), data.draw(st.sampled_from([source, None])))


ODD = [None, [], {}, -1, "", "soon \ud800", 1e30, 10**400, True, [[None]], {"a": {"b": 1}}, "\x00"]


def documents() -> dict[str, Any]:
    """Return the dumps that are JSON as one document, or as a list of lines."""
    found = {}
    for name, dump in DUMPS.items():
        try:
            found[name] = json.loads(dump)
        except ValueError:
            if dump.startswith(b"{"):
                found[name] = [json.loads(line) for line in dump.splitlines()]
    return found


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value below the top."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, below in entries:
        yield (*above, key)
        yield from places(below, (*above, key))


@pytest.mark.slow
@pytest.mark.parametrize("name", documents())
def test_no_value_of_a_strange_type_or_size_costs_more_than_its_record(name: str) -> None:
    document = documents()[name]
    lines = not DUMPS[name].startswith(b"[") and isinstance(document, list)
    for *above, key in places(document):
        for odd in ODD:
            changed = copy.deepcopy(document)
            at = changed
            for step in above:
                at = at[step]
            at[key] = odd
            check((_lines(changed) if lines else json.dumps(changed)).encode(), name)
