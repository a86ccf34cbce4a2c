"""Blogger, mail and Staticman: small imitations with their traps."""

# ruff: noqa: E501 - dumps as they are written

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from moderation.errors import DataError, UsageError
from moderation.ingest.reader import ingest

ATOM = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:thr='http://purl.org/syndication/thread/1.0' xmlns:blogger='http://schemas.google.com/blogger/2018'>"  # fmt: skip
KIND = "<category scheme='http://schemas.google.com/g/2005#kind' term='http://schemas.google.com/blogger/2008/kind#{}'/>"

BACKUP = f"""{ATOM}
<entry><id>tag:blogger.com,1999:blog-1.layout</id>{KIND.format("template")}<content>&lt;b&gt;</content></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-7</id>{KIND.format("post")}<title>Bridge</title></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-70</id><published>2010-05-25T11:54:59.091-07:00</published>{KIND.format("comment")}
<content type='html'>a &lt;b&gt;bold&lt;/b&gt; &amp;amp; new&lt;br /&gt;line</content><author><name>Ann</name><email>x@y.example</email></author>
<thr:in-reply-to ref='tag:blogger.com,1999:blog-1.post-7'/></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-71</id>{KIND.format("comment")}<content type='html'>re</content>
<link rel='related' href='http://www.blogger.com/feeds/1/7/comments/default/70'/><author><name>Bob</name></author>
<thr:in-reply-to ref='tag:blogger.com,1999:blog-1.post-7'/></entry></feed>"""

TAKEOUT = f"""{ATOM}
<entry><id>tag:blogger.com,1999:blog-1.post-7</id><blogger:type>POST</blogger:type><title>Bridge</title></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-70</id><blogger:type>COMMENT</blogger:type><blogger:status>LIVE</blogger:status>
<blogger:parent>tag:blogger.com,1999:blog-1.post-7</blogger:parent><author><name>Ann</name><blogger:type>ANONYMOUS</blogger:type></author>
<content type='html'>one</content></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-71</id><blogger:type>COMMENT</blogger:type><blogger:status>SPAM</blogger:status>
<blogger:parent>tag:blogger.com,1999:blog-1.post-7</blogger:parent><blogger:inReplyTo>tag:blogger.com,1999:blog-1.post-70</blogger:inReplyTo>
<author><name>Bob</name></author><content type='html'>two</content></entry></feed>"""

MBOX = b"""From ann@x.example Thu Jan  2 03:04:05 2020
From: =?utf-8?q?Ann_B=C3=A9?= <ann@x.example>
Date: Thu, 02 Jan 2020 03:04:05 +0000
Subject: Bridge
Message-ID: <1@x.example>
Content-Type: text/plain; charset=iso-8859-1

caf\xe9
>From here on

From bob@x.example Thu Jan  2 04:04:05 2020
From: bob at x.example (Bob)
Date: Thu, 02 Jan 2020 04:04:05 +0000
Subject: Re: Bridge
Message-ID: <2@x.example>
In-Reply-To: <1@x.example>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>yes &amp; no</p>
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=notes.txt

private
--b--

From cy@x.example Thu Jan  2 05:04:05 2020
From: cy@x.example
Subject: AW: Re: Bridge
Message-ID: <3@x.example>
References: <0@lost.example> <2@x.example>

third
"""


@pytest.mark.parametrize(
    ("dump", "texts"), [(BACKUP, ["a bold & new\nline", "re"]), (TAKEOUT, ["one", "two"])]
)
def test_blogger(dump: str, texts: list[str], read) -> None:
    table, accounting = read(dump)
    rows = table.to_pylist()
    assert [(row["comment_id"], row["thread_id"], row["parent_id"], row["author"]) for row in rows] == [
        ("70", "7", None, "Ann"),
        ("71", "7", "70", "Bob"),
    ]
    assert [row["text"] for row in rows] == texts
    assert {row["thread_title"] for row in rows} == {"Bridge"} and {row["source"] for row in rows} == {
        "blogger"
    }
    assert accounting.skipped["post"] == 1 and not accounting.rejects
    assert rows[1]["status"] == ("spam" if dump == TAKEOUT else "visible")


def test_mail(read) -> None:
    table, accounting = read(MBOX)
    rows = table.to_pylist()
    assert [(row["author"], row["text"], row["depth"], row["parent_state"]) for row in rows] == [
        ("Ann Bé", "café\nFrom here on", 0, "root"),
        ("Bob", "yes & no", 1, "ok"),
        ("cy", "third", 2, "ok"),
    ]
    assert {row["thread_id"] for row in rows} == {"<1@x.example>"}
    assert {row["thread_title"] for row in rows} == {"Bridge"}
    assert json.loads(rows[1]["extra"]) == {"attachments": ["notes.txt"]}
    assert accounting.read == 3


def _page(folder: Path) -> Path:
    comments = folder / "comments" / "bridge"
    comments.mkdir(parents=True)
    (comments / "comment-1.yml").write_text(
        "_id: a\n_parent: /bridge\nname: Ann\nemail: 0f\nmessage: \"hi\\r\\nthere\"\ndate: '2020-01-02T03:04:05Z'\n"
    )
    (comments / "comment-2.yml").write_text(
        "---\nid: b\n_parent: /bridge\nname: Bob\nmessage: re\ndate: 2020-01-02T03:05:00Z\nreplying_to: '1'\n"
    )
    (comments / "comment-3.yml").write_text(
        "_id: c\n_parent: /bridge\nname: Cy\nmessage: >-\n  folded\n  text\ndate: 1577934999\nreplying_to: b\nhidden: true\n"
    )
    (comments / "comment-4.yml").write_text("_id: d\n_parent: /bridge\nname: [broken\nmessage: x\n")
    return folder / "comments"


def test_staticman_counts_parents_out(tmp_path: Path) -> None:
    table, accounting = ingest(_page(tmp_path))
    rows = table.to_pylist()
    assert [
        (row["comment_id"], row["parent_id"], row["author"], row["text"], row["status"]) for row in rows
    ] == [
        ("a", None, "Ann", "hi\nthere", "visible"),
        ("b", "a", "Bob", "re", "visible"),
        ("c", "b", "Cy", "folded text", "pending"),
    ]
    assert [row["created_at"].isoformat()[:10] for row in rows] == ["2020-01-02"] * 3
    (reject,) = accounting.rejects
    assert reject.place == "file bridge/comment-4.yml" and "no sound YAML" in reject.reason
    assert all(row["extra"] is None for row in rows)


def test_yaml_needs_its_extra_and_json_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match=r"pip install 'moderation\[yaml\]'"):
        ingest(_page(tmp_path))
    for number in (1, 2):
        comment = {"_id": f"{number}", "_parent": "/p", "name": "Ann", "message": "hi", "date": "2020-01-02"}
        (tmp_path / "j").mkdir(exist_ok=True)
        (tmp_path / "j" / f"{number}.json").write_text(json.dumps(comment))
    table, _ = ingest(tmp_path / "j")
    assert table["comment_id"].to_pylist() == ["1", "2"]


@pytest.mark.parametrize("evil", ["x: " + "[" * 200_000, "x: &a [b]\ny: &c [*a, *a]\nz: [*c, *c]"])
def test_yaml_that_attacks(evil: str, read) -> None:
    table, accounting = read(f"_id: a\n_parent: /p\nmessage: hi\ndate: 2020-01-02\n{evil}\n")
    assert accounting.rows + accounting.rejected == 1
    assert table["extra"].null_count == table.num_rows


ISSO = """
CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL,
  modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR, author VARCHAR, email VARCHAR, website VARCHAR,
  likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL, notification INTEGER DEFAULT 0);
INSERT INTO threads VALUES (1, '/bridge/', 'The bridge');
INSERT INTO comments VALUES
  (1, 1, NULL, 1700000000.5, NULL, 1, '192.0.2.1', 'Hello', 'Ann', 'a@example.org', NULL, 3, 1, x'00', 0),
  (1, 2, 1, 1700000100, NULL, 2, '192.0.2.1', 'Hi', NULL, NULL, NULL, 0, 0, x'00', 0),
  (1, 3, 1, 1700000100, NULL, 4, '192.0.2.1', '', '', NULL, NULL, 0, 0, x'00', 0),
  (7, 4, 9, 1700000100, NULL, 1, '192.0.2.1', 'left alone', 'Cy', NULL, NULL, 0, 0, x'00', 0);
"""


def database(script: str, path: Path, journal: str = "delete") -> bytes:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.executescript(script)
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_database_of_isso(read, tmp_path: Path, journal: str) -> None:
    table, accounting = read(database(ISSO, tmp_path / "made.db", journal))
    wanted = ["comment_id", "thread_id", "parent_id", "parent_state", "author", "text", "status", "likes"]
    assert [tuple(row.values()) for row in table.select(wanted).to_pylist()] == [
        ("1", "/bridge/", None, "root", "Ann", "Hello", "visible", 3),
        ("2", "/bridge/", "1", "ok", None, "Hi", "pending", 0),
        ("3", "/bridge/", "1", "ok", None, "", "deleted", 0),
        ("4", "7", "9", "missing", "Cy", "left alone", "visible", 0),
    ]
    assert table["created_at"][0].as_py().isoformat() == "2023-11-14T22:13:20.500000+00:00"
    assert table["extra"].to_pylist() == ['{"dislikes":1}', None, None, None]
    assert (accounting.read, accounting.rejected) == (4, 0)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("CREATE TABLE places (name)", r"not of Isso \(it holds places\).*sqlite3 -header -csv"),
        ("CREATE TABLE comments (id)", "not of Isso"),
        (
            "CREATE TABLE threads (id, uri, title); CREATE VIEW comments AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS id, i AS tid, i AS parent, i AS created, i AS text, "
            "i AS author FROM n",
            "not of Isso",
        ),
    ],
)
def test_other_databases_are_named(read, tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(database(script, tmp_path / "made.db"))


def test_a_cut_database_is_refused_or_read_up_to_the_damage(read, tmp_path: Path) -> None:
    whole = database(ISSO, tmp_path / "made.db")
    with pytest.raises(DataError, match="SQLite database cannot be read"):
        read(whole[:5000])
