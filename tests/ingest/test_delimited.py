"""CSV and TSV: the user's table comes in verbatim, whatever program wrote it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError, UsageError
from moderation.ingest import csvsplit
from moderation.ingest.base import Head, ReadOptions, Refused
from moderation.ingest.csvsplit import Dialect, record_ends, split_records
from moderation.ingest.formats import delimited
from moderation.ingest.tables import as_input_table


def test_two_columns_that_may_both_be_the_text_are_named(read) -> None:
    table = "id,comment,message\n1,first thing,other thing\n2,second,another\n"
    with pytest.raises(
        DataError, match="'comment' and 'message' may both be the text of comments; say which: --col"
    ):
        read(table)
    assert read(table, columns={"text": "message"})[0]["text"].to_pylist() == ["other thing", "another"]
    # Notes, flags and copies are no rivals, and a column called text has none.
    for rival in (
        "1,first,\n2,second,\n3,third,note\n4,x y,\n",
        "1,first,0\n2,second,1\n",
        "1,first,first\n2,b,b\n",
    ):
        assert read("id,comment,message\n" + rival)[0]["text"][0].as_py() == "first"
    assert read(table.replace("comment", "text"))[0]["text"].to_pylist() == ["first thing", "second"]


def test_columns_are_guessed_and_all_come_back(read) -> None:
    table, _ = read(
        "commentID,parentID,Who,commentBody,createDate,recommendations,note\n"
        "22004815.0,0,ann,First!,1514764800,3,x\n"
        '22004816.0,22004815.0,,"a ""quoted""\nreply, with comma",1514764860,,\n',
        columns={"author": "Who"},
    )
    rows = table.to_pylist()
    assert [row["comment_id"] for row in rows] == ["22004815", "22004816"]
    assert [row["parent_id"] for row in rows] == [None, "22004815"]
    assert [row["author"] for row in rows] == ["ann", None]
    assert [row["text"] for row in rows] == ["First!", 'a "quoted"\nreply, with comma']
    assert [row["likes"] for row in rows] == [3, None]
    assert [row["depth"] for row in rows] == [0, 1]
    assert rows[0]["created_at"].isoformat() == "2018-01-01T00:00:00+00:00"
    back = as_input_table(table)
    names = ["commentID", "parentID", "Who", "commentBody", "createDate", "recommendations", "note"]
    assert back.column_names[:7] == names
    assert list(back.slice(1, 1).to_pylist()[0].values())[:7] == [
        "22004816.0", "22004815.0", "", 'a "quoted"\nreply, with comma', "1514764860", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiters_are_found(delimiter: str, read) -> None:
    table, _ = read(delimiter.join(["id", "text"]) + "\n" + delimiter.join(["7", '"one\ntwo"']) + "\n")
    assert table.select(["comment_id", "text"]).to_pylist() == [{"comment_id": "7", "text": "one\ntwo"}]
    assert table["source"][0].as_py() == ("tsv" if delimiter == "\t" else "csv")


def test_excel_separator_line_and_line_ends(read) -> None:
    table, accounting = read("sep=;\r\nid;text\r\n1;a, b\r\n\r\n2;c\r\n".encode("utf-16"))
    assert table["text"].to_pylist() == ["a, b", "c"]
    assert dict(accounting.skipped) == {"blank line": 1}


def test_ragged_rows_are_filled_or_rejected(read) -> None:
    table, accounting = read("id,text,user\n1,fine,ann\n2,short\n3,too,many,fields\n4,trailing,bob,,\n")
    assert table["text"].to_pylist() == ["fine", "short", "trailing"]
    assert table["author"].to_pylist() == ["ann", None, "bob"]
    assert [(reject.place, reject.reason) for reject in accounting.rejects] == [
        ("row 4", "4 fields where the header names 3")
    ]
    assert accounting.repaired == 1


def test_stray_quotes_are_text(read) -> None:
    table, accounting = read('id,text\n1,a 5" disc\n2,"fine, too"\n3,say "hi"\n')
    assert table["text"].to_pylist() == ['a 5" disc', "fine, too", 'say "hi"']
    assert accounting.read == 3


def test_rows_of_a_user_are_never_dropped_for_being_empty(read) -> None:
    table, _ = read("video_id,comment_text,likes,replies\nv,hi,1,0\n,,,\n,,,\n")
    assert table["text"].to_pylist() == ["hi", "", ""]
    assert len(set(table["comment_id"].to_pylist())) == 3


def test_markup_of_a_column_becomes_text_and_the_original_is_kept(read) -> None:
    table, _ = read("id,text\n1,<p>one<br/>two &amp;amp; three</p>\n2,plain < text\n")
    assert table["text"].to_pylist() == ["one\ntwo &amp; three", "plain < text"]
    assert as_input_table(table)["text"][0].as_py() == "<p>one<br/>two &amp;amp; three</p>"


def test_plain_text_is_left_alone(read) -> None:
    table, _ = read("id,text\n1,a &amp; b <3\n")
    assert table["text"].to_pylist() == ["a &amp; b <3"]


def test_takeout_runs_become_text(read) -> None:
    content = (
        "Comment ID,Channel ID,Comment create timestamp,Price,Post ID,Video ID,Comment text\n"
        'U1,UC,2023-05-01T10:00:00+00:00,0,,v1,"{""text"":""Look: ""},{""text"":""here"",""videoLink"":{}}"\n'
    )
    table, _ = read(content)
    (row,) = table.to_pylist()
    assert (row["comment_id"], row["thread_id"], row["text"]) == ("U1", "v1", "Look: here")
    assert as_input_table(table)["Comment text"][0].as_py().startswith('{"text"')


def test_zero_is_a_root_only_where_it_is_no_comment(read) -> None:
    assert read("id,parent,text\n1,0,a\n2,1,b\n")[0]["parent_state"].to_pylist() == ["root", "ok"]
    assert read("id,parent,text\n0,,a\n1,0,b\n")[0]["parent_state"].to_pylist() == ["root", "ok"]


def test_reddit_prefixes_in_tables(read) -> None:
    table, _ = read("id,parent_id,link_id,body\na,t3_x,t3_x,hi\nb,t1_a,t3_x,[deleted]\n")
    assert table["parent_state"].to_pylist() == ["root", "ok"]
    assert table["thread_id"].to_pylist() == ["x", "x"]
    assert table["status"].to_pylist() == ["visible", "deleted"]


def test_the_same_comment_has_the_same_id_in_next_weeks_table(read) -> None:
    first, _ = read("user,text\nann,hello\nbob,hi\n")
    second, _ = read("text,user\nnew,cy\nhello,ann\nhello,ann\nhi,bob\n")
    assert second["comment_id"].to_pylist()[1::2] == first["comment_id"].to_pylist()
    assert len(set(second["comment_id"].to_pylist())) == 4


def test_wrong_column_names_the_columns_there_are(read) -> None:
    with pytest.raises(UsageError, match=r"no column 'bdy'; the file has 'id', 'words'"):
        read("id,words\n1,x\n", columns={"text": "bdy"})
    with pytest.raises(UsageError, match="no column 'txt' of ours"):
        read("id,words\n1,x\n", columns={"txt": "words"})
    with pytest.raises(DataError, match="no column looks like the text"):
        read("id,words\n1,x\n", format="csv")
    assert read("id,words\n1,x\n", columns={"text": "words"}, format="csv")[0]["text"].to_pylist() == ["x"]


def test_header_without_rows_is_an_empty_table(read) -> None:
    table, accounting = read("id,text\n")
    assert table.num_rows == 0 and accounting.read == 0


def test_a_quote_that_is_never_closed_costs_its_row_only(monkeypatch: pytest.MonkeyPatch, read) -> None:
    monkeypatch.setattr(csvsplit, "MAX_LINE", 2000)
    monkeypatch.setattr(csvsplit, "CHUNK_SIZE", 1000)
    rows = "".join(f"{n},row {n}\n" for n in range(1000))
    table, accounting = read(f'id,text\n{rows}x,"never closed\n{rows}')
    assert accounting.rejected >= 1 and "never closed" in accounting.rejects[0].reason
    assert accounting.rejects[0].place == "row 1002"
    assert table.num_rows + accounting.rejected == 2001


cells = st.text(alphabet='ab,"\n\r \té', max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12), st.integers(20, 60))
def test_any_table_comes_back_whatever_the_chunks(rows: list[tuple[str, str, str]], size: int) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text", "more"])
    writer.writerows(rows)
    whole = _parsed(out.getvalue(), 1 << 20)
    assert [tuple(row) for row in whole] == rows
    assert _parsed(out.getvalue(), size) == whole


def _parsed(text: str, size: int) -> list[list[str]]:
    dialect = Dialect(",", True, False)
    plan = next(
        iter(delimited.split_csv(io.BufferedReader(io.BytesIO(text.encode())), ReadOptions("x")))
    ).payload.plan
    rows = []
    for chunk in split_records(io.BytesIO(text.encode()), dialect, size):
        payload = delimited.CsvChunk(chunk.payload, dialect, plan, "csv")
        fast = delimited._fast(payload)
        careful, rejects, padded = delimited._careful(payload, chunk.start, "x")
        assert not rejects and not padded
        assert fast is None or fast.equals(careful)
        rows.extend([list(row.values()) for row in careful.to_pylist()])
    return rows


@given(st.text(alphabet='a,"\n', max_size=40))
def test_record_borders_are_those_of_the_csv_module(text: str) -> None:
    ends, _ = record_ends(text.encode(), Dialect(",", True, False), final=True)
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert text.startswith("".join(pieces))
    if sum(map(len, pieces)) == len(text):
        whole = list(csv.reader(io.StringIO(text, newline="")))
        assert [row for piece in pieces for row in csv.reader(io.StringIO(piece, newline=""))] == whole


def test_sniffing_leaves_prose_alone() -> None:
    prose = "Dear all, this is a letter.\nIt has commas, as letters do, and lines.\nRegards, me\n"
    head = Head("x", prose.encode(), prose, True)
    assert delimited.sniff_csv(head) == 0.0


def test_rejected_rows_are_refused_by_the_splitter_in_their_place() -> None:
    chunks = list(split_records(io.BytesIO(b'h,t\n1,a\n2,"b\n3,c\n'), Dialect(",", True, False), 64, 64))
    assert [type(chunk.payload) for chunk in chunks].count(Refused) == 1


def test_line_ends_written_out_become_line_ends(read) -> None:
    table, _ = read("video_id,comment_text,likes,replies\nv,one\\ntwo,3,1\nv,see,0,0\n,,,\n")
    assert table["text"].to_pylist() == ["one\ntwo", "see", ""]
    assert table["input.comment_text"].to_pylist() == ["one\\ntwo", "see", ""]
    # Beside real line ends such a sign is a word of its own.
    table, _ = read('id,text\n1,"a path C:\\new"\n2,"one\ntwo"\n')
    assert table["text"].to_pylist() == ["a path C:\\new", "one\ntwo"]
