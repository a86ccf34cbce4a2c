"""Chats as phones of many languages write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.ingest.formats import whatsapp
from moderation.ingest.formats.chatlines import day_order, read_start, time_of
from moderation.ingest.reader import ingest

CHAT = (
    "[01/02/2024, 09:00:00] Club: \u200eMessages and calls are end-to-end encrypted.\n"
    "[01/02/2024, 09:01:00] Ann: Hello\nsecond: line\n\nthird\n"
    "[01/02/2024, 09:01:30] Bob: \u200eThis message was deleted.\n"
    "\u200e[02/02/2024, 09:02:00] Bob: \u200e<attached: 1-PHOTO.jpg>\n"
    "[13/02/2024, 09:02:00] Bob: ok \u200e<This message was edited>\n"
)


@pytest.mark.parametrize(
    ("line", "author", "text"),
    [
        ("12/31/20, 11:59 PM - Ann: hi: there", "Ann", "hi: there"),
        ("31/12/2020, 23:59 - Ann: hi", "Ann", "hi"),
        ("[31.12.20, 23:59:00] Ann: hi", "Ann", "hi"),
        ("\u200e[12/31/20, 11:59:00\u202fPM] ~\u202fAnn: hi", "Ann", "hi"),
        ("31/12/2020 à 23:59 - Ann: salut", "Ann", "salut"),
        ("31.12.2020 klo 23.59 - Ann: moi", "Ann", "moi"),
        ("2020/12/31 下午11:59 - 王: 你好", "王", "你好"),
        ("2020년 12월 31일 오후 11:59, 김 : 안녕", "김", "안녕"),
        ("٣١/١٢/٢٠٢٠، ١١:٥٩ م - علي: مرحبا ١", "علي", "مرحبا ١"),
        ("31.12.2020 г., 23:59 - Иван: привет", "Иван", "привет"),
        ("31/12/20, 11:59 p.\u00a0m. - Ana: hola", "Ana", "hola"),
        ("2020. 12. 31. 23:59 - Béla: szia", "Béla", "szia"),
        ("31/12/2563 23:59 - Som: hi", "Som", "hi"),
        ("31/12/20, 23:59 - +49 170 123: hi", "+49 170 123", "hi"),
        ('31/12/20, 23:59 - Ann changed the subject to "a: b"', None, 'Ann changed the subject to "a: b"'),
    ],
)
def test_every_notation(line: str, author: str | None, text: str) -> None:
    start = read_start(line)
    assert start is not None
    assert (start.author, start.rest) == (author, text)
    assert time_of(start, day_order([line])) == "2020-12-31T23:59:00"


@pytest.mark.parametrize(
    "line", ["2020-12-31 23:59:10 - root - INFO: x", "12/31 lunch", "Ann: hi", "1. First: a"]
)
def test_what_begins_no_message(line: str) -> None:
    assert read_start(line) is None


def test_a_chat(read) -> None:
    table, accounting = read(CHAT)
    rows = table.to_pylist()
    assert [(row["author"], row["text"], row["kind"], row["status"]) for row in rows] == [
        ("Club", "Messages and calls are end-to-end encrypted.", "system", "visible"),
        ("Ann", "Hello\nsecond: line\n\nthird", "comment", "visible"),
        ("Bob", "", "comment", "deleted"),
        ("Bob", "", "comment", "visible"),
        ("Bob", "ok", "comment", "visible"),
    ]
    # The thirteenth shows that the day stands first.
    assert [row["created_at"].isoformat()[:10] for row in rows] == [
        "2024-02-01", "2024-02-01", "2024-02-01", "2024-02-02", "2024-02-13",
    ]  # fmt: skip
    assert [row["extra"] and json.loads(row["extra"]) for row in rows[3:]] == [
        {"attachment": "1-PHOTO.jpg"},
        {"edited": True},
    ]
    assert len(set(table["thread_id"].to_pylist())) == 1 and accounting.read == 5


def test_order_of_day_and_month_where_only_time_shows_it() -> None:
    assert day_order(["1/2/24, 09:00 - A: x", "1/3/24, 09:00 - A: x", "2/1/24, 09:00 - A: x"]) == "month"
    assert day_order(["1/2/24, 09:00 - A: x", "2/2/24, 09:00 - A: x", "1/3/24, 09:00 - A: x"]) == "day"


def test_messages_stay_whole_across_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "chat.txt").write_text(CHAT)
    whole, _ = ingest(tmp_path / "chat.txt")
    monkeypatch.setattr(whatsapp, "LEARNT", 60)
    cut, _ = ingest(tmp_path / "chat.txt", "whatsapp")
    assert cut["text"].to_pylist() == whole["text"].to_pylist()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=30),
        max_size=5,
    )
)
@settings(max_examples=50)
def test_any_text_of_a_message_comes_back(lines: list[str]) -> None:
    import io

    lines = [line for line in lines if read_start(line) is None]
    text = "x" + "\n".join(lines) + "y"
    table, _ = ingest(
        io.BytesIO(f"31/12/2020, 23:59 - Ann: {text}\n31/12/2020, 23:59 - Bob: ok\n".encode()), "whatsapp"
    )
    marks = str.maketrans("", "", "\u200e\u200f\ufdd0")
    assert table["text"][0].as_py().translate(marks).replace("\ufffd", "") == text.translate(marks).replace(
        "\ufffd", ""
    )
