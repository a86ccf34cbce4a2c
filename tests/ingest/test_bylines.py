"""Bylines learnt from a page: names, dates and buttons that no list of words foresees."""

from __future__ import annotations

from moderation.ingest.formats.bullets import read_page
from moderation.ingest.formats.bylines import clean_names, find_bylines


def rows(text: str) -> list[tuple[int, str | None, str]]:
    return [(one.parent, one.author, one.text) for one in read_page(text).comments]


def test_a_byline_in_which_words_recur() -> None:
    groups = [
        ["Swans", "by Ann Lee ( 31 ) on Tuesday June 28, 2022 @09:07PM (#31)", "Hello."],
        ["Re: Swans (Score:2)", "by bob ( 7 ) on Monday May 2, 2022 @01:17AM (#7)", "No."],
        ["Money", "by Cy D. ( 512 ) on Friday May 6, 2022 @11:00AM (#512)", "5 days ago I paid."],
    ]
    found = find_bylines(groups)
    assert [one and (one.author, one.first, one.last) for one in found] == [
        ("Ann Lee", 0, 1),
        ("bob", 0, 1),
        ("Cy D.", 0, 1),
    ]


def test_two_dates_teach_nothing() -> None:
    assert find_bylines([["Ann", "May 2, 2022", "Hi"], ["Bob", "May 3, 2022", "Ho"]]) == [None, None]


def test_subject_byline_text_and_buttons_in_nested_items() -> None:
    text = (
        "3 comments\n\n"
        "  * Swans (Score:2)\n\n    by Ann Lee ( 31 ) on Tuesday June 28, 2022 @09:07PM (#31)\n\n"
        "    5 days ago I asked.\n\n    Reply to This\n\n"
        "    * Re: Swans (Score:1)\n\n      by bob ( 7 ) on Monday May 2, 2022 @01:17AM (#7)\n\n"
        "      No.\n\n      Reply to This\n\n      Parent\n\n"
        "  * Money (Score:5)\n\n    by Cy ( 512 ) on Friday May 6, 2022 @11:00AM (#512)\n\n"
        "    Who pays?\n\n    Reply to This\n"
    )
    assert [one[:2] for one in rows(text)] == [(-1, "Ann Lee"), (0, "bob"), (-1, "Cy")]
    assert rows(text)[0][2] == "5 days ago I asked."
    assert rows(text)[2][2] == "Who pays?"


def test_lists_of_buttons_are_no_comments() -> None:
    one = "  * {}\n    {} May 2016 01:45\n\n    {}\n\n      + Reply\n      + Share\n      + Report\n"
    text = "comments (5)\n\n" + "".join(
        one.format(name, day, said)
        for name, day, said in (
            ("Ann", 1, "Well said."),
            ("Bob", 2, "Not at all."),
            ("Cy", 3, "Reply"),
            ("Di", 4, "I share that."),
            ("Ed", 5, "Who pays?"),
        )
    )
    assert [(name, said) for _, name, said in rows(text)] == [
        ("Ann", "Well said."),
        ("Bob", "Not at all."),
        ("Cy", "Reply"),
        ("Di", "I share that."),
        ("Ed", "Who pays?"),
    ]


def test_blocks_that_are_set_in_answer_those_that_are_not() -> None:
    text = (
        "4 comments\n\n"
        "Ann Lee • 20 days ago\n\nI walked past the mill.\n\n3 votes | Reply\n\n"
        "    bob • 12 days ago\n\n    So did I.\n\n    1 votes | Reply\n\n"
        "        Cy • 11 days ago\n\n        When?\n\n        0 votes | Reply\n\n"
        "Di • 2 days ago\n\nWho pays?\n\n2 votes | Reply\n"
    )
    assert rows(text) == [
        (-1, "Ann Lee", "I walked past the mill."),
        (0, "bob", "So did I."),
        (1, "Cy", "When?"),
        (-1, "Di", "Who pays?"),
    ]


def test_blocks_whose_texts_stand_further_left_have_no_parents() -> None:
    text = (
        "Ann Lee • 20 days ago\nI walked past the mill.\n\n"
        "    bob • 12 days ago\nSo did I.\n\n"
        "        Cy • 11 days ago\nWhen was that?\n\n"
        "Di • 2 days ago\nWho pays?\n"
    )
    assert [parent for parent, _, _ in rows(text)] == [-1, -1, -1, -1]


def test_words_that_a_page_sets_beside_names_are_no_names() -> None:
    people = ["Ann", "Bob B.", "Cem", "Dörte"]
    assert clean_names([f"#{n} - {who} schrieb" for n, who in enumerate(people)]) == people
    assert clean_names([f"{who[0]} {who} (Verified owner)" for who in people]) == people
    assert clean_names([f"{who} · {n + 3}d" for n, who in enumerate(people)]) == people
    # What tells people apart stays, and so does a lone name.
    numbered = ["Guest 1", "Guest 2", "Guest 3", "Guest 4"]
    assert clean_names(numbered) == numbered
    assert clean_names(["Ann", None, "Ann Berger", "Bob Berger"]) == ["Ann", None, "Ann Berger", "Bob Berger"]
