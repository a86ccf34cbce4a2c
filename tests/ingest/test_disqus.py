"""Disqus XML exports: the traps of real ones, small."""

from __future__ import annotations

import pytest

from moderation.errors import DataError
from moderation.ingest import xmlrecords

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<disqus xmlns="http://disqus.com" '
    'xmlns:dsq="http://disqus.com/disqus-internals">\n'
)
THREADS = (
    '<thread dsq:id="7"><id>a</id><link>https://a.example/1</link><title>Tides &amp; times</title></thread>\n'
    '<!-- <post dsq:id="0"> is only talked about -->\n'
    '<thread dsq:id="8"><id/><title>Empty</title></thread>\n'
)


def _post(
    number: object, message: str, more: str = '<thread dsq:id="7"/>', author: str = "<name>ann</name>"
) -> str:
    return (
        f'<post dsq:id="{number}"><message><![CDATA[{message}]]></message>'
        f"<createdAt>2012-01-02T03:04:05Z</createdAt><author>{author}</author>{more}</post>\n"
    )


def _export(*posts: str) -> str:
    return HEAD + THREADS + "".join(posts) + "</disqus>\n"


def test_posts_are_rows_and_threads_are_counted(read) -> None:
    table, accounting = read(
        _export(
            _post(1, "<p>one</p><p>two &amp;amp; &lt;b&gt;</p>"),
            _post(
                2,
                "reply",
                '<thread dsq:id="7"/><parent dsq:id="1"/>',
                "<name>bob</name><email>b@x.example</email>",
            ),
        )
    )
    assert dict(accounting.skipped) == {"thread": 2}
    rows = table.to_pylist()
    assert rows[0] | {"extra": None, "created_at": None} == {
        "comment_id": "1",
        "thread_id": "7",
        "parent_id": None,
        "depth": 0,
        "position": 0,
        "author": "ann",
        "created_at": None,
        "text": "one\n\ntwo &amp; <b>",
        "kind": "comment",
        "status": "visible",
        "parent_state": "root",
        "duplicate_of": None,
        "likes": None,
        "url": "https://a.example/1#comment-1",
        "thread_title": "Tides & times",
        "source": "disqus-xml",
        "parse_confidence": None,
        "extra": None,
    }
    assert rows[0]["created_at"].isoformat() == "2012-01-02T03:04:05+00:00"
    assert (rows[1]["parent_id"], rows[1]["depth"], rows[1]["position"]) == ("1", 1, 1)
    assert "b@x.example" not in str(rows)


def test_status_anonymity_and_parents_in_other_threads(read) -> None:
    table, _ = read(
        _export(
            _post(1, "a", "<isDeleted>true</isDeleted><isSpam>false</isSpam><thread dsq:id='7'/>"),
            _post(2, "b", '<isSpam>true</isSpam><thread dsq:id="8"/><parent dsq:id="1"/>'),
            _post(
                3, "c", '<thread dsq:id="8"/><parent dsq:id="99"/>', "<name/><isAnonymous>true</isAnonymous>"
            ),
        )
    )
    assert table["status"].to_pylist() == ["deleted", "spam", "visible"]
    assert table["parent_state"].to_pylist() == ["root", "other_thread", "missing"]
    assert table["author"].to_pylist() == ["ann", "ann", None]
    assert table["extra"].to_pylist()[2] == '{"anonymous":true}'


@pytest.mark.parametrize("junk", ["`", "\ufeff", "\n\n  ", "x"])
def test_characters_before_the_declaration(junk: str, read) -> None:
    assert read(junk + _export(_post(1, "a")))[0]["text"].to_pylist() == ["a"]


def test_a_wordpress_export_for_disqus_is_no_disqus_export() -> None:
    from moderation.ingest.base import Head
    from moderation.ingest.formats import disqus

    text = (
        '<rss xmlns:dsq="http://www.disqus.com/" xmlns:wp="http://wordpress.org/export/1.0/"><channel/></rss>'
    )
    assert disqus.sniff(Head("disqus.xml", text.encode(), text, True)) == 0.0


def test_broken_xml_costs_only_its_post(read) -> None:
    unclosed = '<post dsq:id="2"><message>never closed</message>'
    entity = _post(3, "x").replace("<![CDATA[x]]>", "caf&eacute; &bogus; \x0b&#0;")
    table, accounting = read(
        _export(_post(1, "a"), unclosed, entity, _post(4, "d</post><post>"), _post(5, "e"))
    )
    assert table["comment_id"].to_pylist() == ["1", "3", "4", "5"]
    assert table["text"].to_pylist()[1].startswith("café ")
    assert [reject.reason for reject in accounting.rejects] == ["the <post> is never closed"]


def test_cut_off_export_keeps_its_posts_and_names_the_place(read) -> None:
    whole = _export(_post(1, "a"), _post(2, "b"))
    for end in (whole.index('"2"') + 5, len(whole) - 15):
        table, accounting = read(whole[:end])
        assert 1 <= table.num_rows <= 2
        (reject,) = accounting.rejects
        assert reject.place.startswith("byte ") and (
            "closed" in reject.reason or "ends before" in reject.reason
        )


def test_entity_bombs_expand_to_nothing(read) -> None:
    declarations = '<!DOCTYPE disqus [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
    )
    body = _export(_post(1, "x").replace("<![CDATA[x]]>", "&m;")).replace(
        "?>\n", f"?>\n{declarations}]>\n", 1
    )
    table, _ = read(body, format="disqus-xml")
    assert all(len(text) < 100 for text in table["text"].to_pylist())


def test_batches_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, read) -> None:
    export = _export(*(_post(n, f"text {n}") for n in range(1, 200)))
    whole, _ = read(export)
    monkeypatch.setattr(xmlrecords, "BLOCK", 97)
    assert read(export)[0].equals(whole)


def test_empty_export_is_no_error(read) -> None:
    table, accounting = read(_export())
    assert table.num_rows == 0 and accounting.read == 2


def test_text_that_is_no_xml_is_named(read) -> None:
    with pytest.raises(DataError, match="looks like no known dump"):
        read("<disqus <<<")
