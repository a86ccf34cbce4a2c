"""Plain-text threads: what extractors make of comment pages, and random trees read back."""

# ruff: noqa: E501 - texts as they are written

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.ingest.formats.bullets import read_page
from moderation.ingest.formats.commentheads import is_button, is_date, read_head
from moderation.ingest.reader import ingest

Rows = list[tuple[int, str | None, str]]


def rows(text: str) -> Rows:
    return [(comment.parent, comment.author, comment.text) for comment in read_page(text).comments]


THREAD = """\
Bridge to close

Nine months of repairs, the council says.

{0}Ann

{1}Is the ferry free?

{1}I have two prams.

{2}Bob

{3}Yes.

{4}Cy
{4}Di

{5}And often.

{0}Eve

{1}A list:
{1}at the fountain
"""


@pytest.mark.parametrize("bullet", ["•", "*", "+", "-", "□", "☆", "▪", "–"])
@pytest.mark.parametrize("step", ["  ", "    ", "\t", "   "])
def test_any_bullet_and_any_step(bullet: str, step: str) -> None:
    levels = [step * depth + f"{bullet} " for depth in (1, 2, 3)]
    bodies = [step * (depth + 1) for depth in (1, 2, 3)]
    text = THREAD.format(levels[0], bodies[0], levels[1], bodies[1], levels[2], bodies[2])
    assert rows(text) == [
        (-1, "Ann", "Is the ferry free?\n\nI have two prams."),
        (0, "Bob", "Yes."),
        (1, "Cy", ""),
        (1, "Di", "And often."),
        (-1, "Eve", "A list:\nat the fountain"),
    ]
    page = read_page(text)
    assert page.title == "Bridge to close"
    assert dict(page.skipped) == {"article text": 2}
    assert page.read == 7


def test_bodies_at_the_margin() -> None:
    text = "# Title here\n\n  * Ann\n\nFirst.\n\nSecond.\n\n    * Bob\n\nReply.\n\n  * Cy\n\nThird.\n"
    assert rows(text) == [(-1, "Ann", "First.\n\nSecond."), (0, "Bob", "Reply."), (-1, "Cy", "Third.")]
    assert read_page(text).title == "Title here"


def test_heads_with_dates_and_buttons() -> None:
    text = (
        "Menu\n\n  * Home\n  * About\n\nAn article.\n\n2 Responses to An article\n\n"
        "  1. Avatar Ann says:\n     October 22, 2020 at 5:17 pm\n\n     Hello there\n\n     Reply\n"
        "     1. Bob says:\n        October 23, 2020 at 1:00 am\n\n        Hi\n\n        Reply\n"
        "  2. Cy 19. Juni 2018 um 15:28 Uhr - Antworten\n\n     Guten Tag\n\n     3 likes\n\n"
        "Leave a Reply\n\nYour email address will not be published.\n"
    )
    assert rows(text) == [(-1, "Ann", "Hello there"), (0, "Bob", "Hi"), (-1, "Cy", "Guten Tag")]


def test_numbers_aligned_on_the_right() -> None:
    entries = [f"{n:>3}. P{n} says:\n     May {n}, 2020 at 5:17 pm\n\n     text {n}\n" for n in range(8, 12)]
    entries.insert(2, "      □ Q says:\n        May 9, 2020 at 6:00 pm\n\n        under nine\n")
    assert [parent for parent, _, _ in rows("\n".join(entries))] == [-1, -1, 1, -1, -1]


@pytest.mark.parametrize("buttons", ["Beantwoorden", "ReplyDelete", "▲ {} ▼ Reply Share Report", "Trả lời"])
def test_what_stands_under_every_comment_is_the_pages(buttons: str) -> None:
    bodies = [f"This is the comment of the one who is number {n} here." for n in range(4)]
    text = "4 comments\n\n" + "".join(
        f"  * P{n}\n\n    {body}\n\n    {buttons.format(n)}\n\n" for n, body in enumerate(bodies)
    )
    assert rows(text) == [(-1, f"P{n}", body) for n, body in enumerate(bodies)]


def test_many_may_have_the_same_name() -> None:
    bodies = [f"This is the comment of the one who is number {n} here." for n in range(4)]
    text = "4 comments\n\n" + "".join(f"  * Anonymous\n\n    {body}\n\n" for body in bodies)
    assert rows(text) == [(-1, "Anonymous", body) for body in bodies]


@pytest.mark.parametrize(
    "date",
    [
        "20 août 2019 à 18 h 04 min",
        "3 maja 2010 o 15:48",
        "28 de novembro de 2012 às 16:03",
        "3 mei 2010 om 15:48",
        "3 maj, 2010 kl. 15:48",
        "03.05.2010 в 15:48",
        "2010년 5월 3일",
        "1 maart 2019 om 18:30",
        "3. huhtikuuta 2010 klo 15:48",
        "3. května 2010 v 15:48",
        "3 Μαΐου 2010",
        "3 травня 2010 о 15:48",
    ],
)
def test_dates_are_no_text_in_any_language(date: str) -> None:
    bodies = [f"This is the comment of the one who is number {n} here." for n in range(3)]
    text = "".join(f"  * P{n}\n    {date}\n\n    {body}\n\n" for n, body in enumerate(bodies))
    assert rows(text) == [(-1, f"P{n}", body) for n, body in enumerate(bodies)]


def test_a_name_and_its_date_may_have_grown_together() -> None:
    text = "".join(f"  * Ann BergerMay {n}, 2019 at 5:16 pm\n\n    Text number {n}.\n\n" for n in (1, 2, 3))
    assert rows(text) == [(-1, "Ann Berger", f"Text number {n}.") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "date", ["4 janvier 2021 à 15 h 04 min", "22 oktober, 2023 kl. 23:41", "11.04.2020 в 17:34"]
)
def test_a_name_that_ends_in_digits_may_have_grown_together_with_its_date(date: str) -> None:
    text = "".join(f"  * luise77{date}\n\n    Text number {n}.\n\n" for n in (1, 2, 3))
    assert rows(text) == [(-1, "luise77", f"Text number {n}.") for n in (1, 2, 3)]


@pytest.mark.parametrize("image", ["![Avatar](a)", "Avatar"])
@pytest.mark.parametrize("marks", ["#### ", ""])
def test_names_may_be_headings_at_the_margin_below_an_image(image: str, marks: str) -> None:
    def one(depth: int, name: str, text: str) -> str:
        indent = "" if marks else "  " * (depth + 2)
        return (
            f"{'  ' * (depth + 1)}* {image}\n\n{marks}{name}\n\n{indent}May 3, 2019 at 4:05 pm\n\n{indent}{text}\n\n"
            f"{indent}Reply\n\n"
        )

    text = "3 comments\n\n" + one(0, "Ann", "Hello.") + one(1, "Bob", "Hi.") + one(0, "Cy", "Fine.")
    assert rows(text) == [(-1, "Ann", "Hello."), (0, "Bob", "Hi."), (-1, "Cy", "Fine.")]


def test_a_list_that_a_text_announces_stays_its_own_beside_replies() -> None:
    text = "  • Ann\n\n    Bring:\n\n    • tea\n    • cups\n    • Cy\n\n      Fine.\n\n  • Bob\n\n    All right.\n"
    assert rows(text) == [
        (-1, "Ann", "Bring:\n\n- tea\n- cups"),
        (0, "Cy", "Fine."),
        (-1, "Bob", "All right."),
    ]


def test_beside_lists_undated_items_are_text_where_comments_are_dated() -> None:
    head = "\n\n    May 3, 2019 at 4:05 pm\n\n"
    text = f"  • Ann{head}    All of\n\n    • tea\n    • cups\n\n  • Bob{head}    All right.\n"
    assert rows(text) == [(-1, "Ann", "All of\n\n- tea\n- cups"), (-1, "Bob", "All right.")]


def test_where_names_get_lost_a_short_text_is_no_name() -> None:
    lost = "  • This whole sentence lost the name of the one who wrote it.\n\n"
    text = f"  • Ann\n\n    One.\n\n{lost}  • Bob\n\n    Two.\n\n  • Nice\n\n  • Cy\n\n    Three.\n"
    assert rows(text)[3:] == [(-1, None, "Nice"), (-1, "Cy", "Three.")]
    assert rows(text.replace(lost, ""))[2] == (-1, "Nice", "")


@pytest.mark.parametrize(
    "form",
    ["Laat een reactie achter", "Добавить комментарий Отменить ответ", "Jätä kommentti", "コメントを残す"],
)
def test_the_form_below_the_comments_is_no_text(form: str) -> None:
    text = "".join(f"  * Ann\n\nMay {n}, 2019 at 5:16 pm\n\nText number {n}.\n\n" for n in (1, 2, 3))
    assert rows(f"{text}{form}\n\nEmail *\n")[-1] == (-1, "Ann", "Text number 3.")


def test_program_code_is_no_text() -> None:
    code = "exports = {\n" + '  "uri": "record(0)",\n  "labels": [],\n' * 20 + "}\n"
    with pytest.raises(DataError, match="looks like no known dump"):
        ingest(io.BytesIO(code.encode()))


def test_settings_and_recordings_are_no_text() -> None:
    recording = (
        "interactions:\n- request:\n    headers:\n      Accept:\n      - '*/*'\n" + "    method: GET\n" * 9
    )
    with pytest.raises(DataError, match="looks like no known dump"):
        ingest(io.BytesIO(recording.encode()))
    # People who write "name:" are no settings.
    talk = "Ann: hello\n" + "\n".join(f"Bob: number {n}" for n in range(12))
    assert ingest(io.BytesIO(talk.encode()))[0].num_rows


def test_wrapped_lines_are_joined_and_others_kept() -> None:
    body = (
        "       These words were broken by the width of the page, not by the one who\n"
        "       wrote them, so they are one line again.\n"
        "       This is a new line.\n"
    )
    text = "".join(f"     * P{n}\n{body}" for n in range(6))
    joined = (
        "These words were broken by the width of the page, not by the one who wrote them, so they are one line"
        " again.\nThis is a new line."
    )
    assert rows(text) == [(-1, f"P{n}", joined) for n in range(6)]


def test_a_list_in_a_comment_is_its_text() -> None:
    text = "  • Ann\n\n    Bring:\n\n    • tea\n    • cups\n\n  • Bob\n\n    All right.\n\n    • Cy\n\n      Fine.\n"
    assert rows(text) == [
        (-1, "Ann", "Bring:\n\n- tea\n- cups"),
        (-1, "Bob", "All right."),
        (1, "Cy", "Fine."),
    ]


def test_pingbacks_are_rows_without_replies() -> None:
    text = "  • Pingback: Another page()\n    • Ann\n\n      Hello.\n\n  • Bob\n\n    Hi.\n"
    page = read_page(text)
    assert [(comment.kind, comment.parent, comment.text) for comment in page.comments] == [
        ("pingback", -1, "Another page"),
        ("comment", -1, "Hello."),
        ("comment", -1, "Hi."),
    ]


def test_code_without_indent_stays_with_its_comment() -> None:
    text = "  • Ann\n\n    Try this:\n\nfor (;;) {\n}\n\n    • Bob\n\n      Thanks.\n\n  • Di\n\n    Yes.\n\n    • Cy\n\n      No.\n"
    assert rows(text)[:2] == [(-1, "Ann", "Try this:\n\nfor (;;) {\n}"), (0, "Bob", "Thanks.")]


def test_flat_text_gets_no_parents() -> None:
    text = "One thing.\n\nAnother thing,\non two lines.\n\nReply\n\n3 likes\n\nMay 3, 2020\n\nA third.\n"
    page = read_page(text)
    assert rows(text) == [
        (-1, None, "One thing."),
        (-1, None, "Another thing,\non two lines."),
        (-1, None, "A third."),
    ]
    assert not page.nested and all(comment.confidence <= 0.3 for comment in page.comments)


def test_flat_text_with_author_lines() -> None:
    text = "Article.\n\nAnn\nsays:\nOctober 22, 2020 at 5:17 pm\nHello\nReply\nBob\nsays:\nOctober 23, 2020 at 5:17 pm\nHi\nyou\nReply\nFooter\n"
    assert rows(text) == [(-1, "Ann", "Hello"), (-1, "Bob", "Hi\nyou")]


def test_menus_and_article_lists_are_no_comments() -> None:
    text = (
        "• Home\n• About\n  • Us\n\nThe recipe\n\n1. Mix it all.\n2. Bake it.\n\n"
        "  • Ann\n\n    Lovely.\n\n    • Bob\n\n      Indeed.\n\n  • Cy\n\n    Too sweet.\n\nAbout us\n\n• Contact\n• Imprint\n"
    )
    assert rows(text) == [(-1, "Ann", "Lovely."), (0, "Bob", "Indeed."), (-1, "Cy", "Too sweet.")]


def test_doubtful_structure_is_marked() -> None:
    crooked = read_page(
        "  • Ann\n\n    One.\n\n        • Bob\n\n          Two.\n\n      • Cy\n\n        Three.\n"
    )
    assert [comment.confidence for comment in crooked.comments] == [1.0, 1.0, 0.7]
    nameless = read_page(
        "  • Ann\n\n    One.\n\n  • Nobody said who wrote this whole sentence here.\n\n  • Bob\n\n    Two.\n"
    )
    assert nameless.comments[1].author is None and nameless.comments[1].confidence < 0.75


@pytest.mark.parametrize(
    "line",
    [
        "Reply",
        "[Reply](#c1)",
        "Log in to leave a comment",
        "Share ›",
        "12",
        "3 likes",
        "▲ ▼",
        "Antworten",
        "Load more",
    ],
)
def test_words_of_buttons(line: str) -> None:
    assert is_button(line)


@pytest.mark.parametrize(
    "line",
    ["May 3, 2020", "3. Mai 2020 um 12:00 Uhr", "2020-05-03", "2 years ago", "[May 3, 2020 at 1:00 pm](x)"],
)
def test_dates(line: str) -> None:
    assert is_date(line)
    assert read_head(f"Ann {line}").author == "Ann"


@pytest.mark.parametrize(
    "line", ["I was there on May 3, 2020 and saw it", "Reply to all of them at once, will you?", "12 of us"]
)
def test_sentences_are_neither(line: str) -> None:
    assert not is_button(line) and not is_date(line)


def test_subjects_made_of_first_words_are_the_pages() -> None:
    texts = [f"Boat number {n} came in late again, and nobody had told the harbour." for n in range(3)]
    subjects = ["Boat number 0 came in late", "Boat number 1 came in...", "Boat number 2 came in late again,"]
    page = zip([*subjects, "It was cold."], [*texts, "It was cold."], strict=True)
    text = "".join(f"  * P{n}\n\n    {subject}\n\n    {body}\n\n" for n, (subject, body) in enumerate(page))
    assert [body for _, _, body in rows(text)] == [*texts, "It was cold."]


def test_who_says_a_sentence_twice_wrote_both() -> None:
    lines = ["It was cold.", "It was very cold.", "It was cold out there."]
    text = "".join(f"  * P{n}\n\n    {line}\n\n    {line}\n\n" for n, line in enumerate(lines))
    assert [body for _, _, body in rows(text)] == [f"{line}\n\n{line}" for line in lines]


names = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8).filter(
    lambda name: not is_button(name)
)
sentences = st.lists(
    st.sampled_from(["the", "tide", "came", "up", "over", "our", "old", "quay", "wall", "again"]),
    min_size=4,
    max_size=9,
)


@given(
    parents=st.lists(st.integers(0, 30), min_size=1, max_size=25),
    authors=st.lists(names, min_size=26, max_size=26),
    bodies=st.lists(st.lists(sentences, min_size=1, max_size=3), min_size=26, max_size=26),
    step=st.integers(2, 6),
    bullet=st.sampled_from("•*+-□"),
    empty=st.integers(1, 60),
)
def test_random_trees_are_read_back(
    parents: list[int], authors: list[str], bodies: list[list[list[str]]], step: int, bullet: str, empty: int
) -> None:
    children: dict[int, list[int]] = {}
    for number, parent in enumerate(parents):
        children.setdefault(parent % number if number and parent % 3 else -1, []).append(number)
    expected: Rows = []
    lines = ["A page about the quay", ""]
    waiting = [(number, 0, -1) for number in reversed(children.get(-1, []))]
    while waiting:
        number, depth, parent = waiting.pop()
        place = len(expected)
        texts = [" ".join(words) + "." for words in bodies[number]]
        # An empty comment amid others that are not: the next bullet follows at once.
        if number == empty and len(children.get(number, [])) == 0 and len(parents) > 2 and parent < 0:
            texts = []
        lines.append(" " * (step * (depth + 1)) + f"{bullet} {authors[number]}")
        for text in texts:
            lines += ["", " " * (step * (depth + 1) + 2) + text]
        if texts:
            lines.append("")
        expected.append((parent, authors[number], "\n\n".join(texts)))
        waiting.extend((child, depth + 1, place) for child in reversed(children.get(number, [])))
    assert rows("\n".join(lines) + "\n") == expected


def test_a_page_of_thousands_of_comments_costs_no_square() -> None:
    # Quadratic work on forty thousand lines would outlast any patience.
    lines = "".join(
        f"  • P{n}\n\n    Text {n}.\n\n    • Q{n}\n    • R{n}\n\n      Re {n}.\n\n" for n in range(5000)
    )
    assert len(read_page(lines).comments) == 15_000


def test_what_the_page_says_below_names_and_texts_is_no_text() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte", "Emil", "Fatma"]
    texts = [
        f"Ferry number {n} was {word}."
        for n, word in enumerate(("late", "early", "full", "on time", "gone", "slow"))
    ]
    page = "".join(
        f"  * {who} dit :\n    {n + 3} mai 2021 à 21h{n}2 Modifier\n\n    Achat vérifié\n\n    {what}\n\n"
        f"    {n} of 9 found this helpful. Was this review helpful?\n\n"
        for n, (who, what) in enumerate(zip(authors, texts, strict=True))
    )  # fmt: skip
    assert rows(page) == [(-1, who, what) for who, what in zip(authors, texts, strict=True)]


def test_a_name_between_the_date_and_what_forums_tell_of_people_is_the_author() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "".join(
        f"  * 05-0{n + 1}-2021, 09:1{n} AM\n\n    {who}\n\n    Senior Member\n\n    Posts\n\n    {n * 31}\n\n    Re: The ferry\n\n"
        f"    Number {n} was late again, and nobody told us.\n\n"
        for n, who in enumerate(authors)
    )
    assert rows(page) == [
        (-1, who, f"Number {n} was late again, and nobody told us.") for n, who in enumerate(authors)
    ]


def test_signs_that_lynx_and_inscriptis_leave_alone() -> None:
    page = "   Comments\n\n" + "".join(
        f"     * {who}\n       May {n}, 2021 at 10:2{n}\n       The ferry was late on day {n}.\n          o\n          o\n       (BUTTON) Reply (BUTTON) Bookmark\n\n"
        for n, who in enumerate(["Ann", "Bob", "Cem", "Dörte"], 1)
    )
    assert [text for _, _, text in rows(page)] == [f"The ferry was late on day {n}." for n in range(1, 5)]


def test_a_date_that_begins_like_a_number_is_no_list_item() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "4 Kommentare\n\n" + "".join(
        f"  {n}. {who} sagt:\n     {n}. August 2024 um 15:1{n} (Bearbeiten)\n\n     Die Fähre {n} war zu spät.\n\n     Antworten\n\n"
        for n, who in enumerate(authors, 1)
    )  # fmt: skip
    assert rows(page) == [(-1, who, f"Die Fähre {n} war zu spät.") for n, who in enumerate(authors, 1)]


SHORT_DATES = "The ferry\n\nby M. Holm · May 3, 2021\n\nIt crosses every hour.\n\nDiscussion\n\n" + "".join(
    f"{' ' * 4 * (n % 2)}{who} {date}\n\n{' ' * 4 * (n % 2)}The ferry was late on day {n}.\n\n{' ' * 4 * (n % 2)}Like ({n}) Reply Share\n\n"
    for n, (who, date) in enumerate([("Ann", "Nov 27"), ("Bob", "Dec 1"), ("Cem", "Dec 2"), ("Dörte", "Dec 31"), ("Emil", "Jan 4")])
)  # fmt: skip


def test_dates_without_a_year_count_where_one_can_reply() -> None:
    assert rows(SHORT_DATES) == [
        (parent, who, f"The ferry was late on day {n}.")
        for n, (who, parent) in enumerate([("Ann", -1), ("Bob", 0), ("Cem", -1), ("Dörte", 2), ("Emil", -1)])
    ]
    # A calendar has such dates too.
    calendar = SHORT_DATES.replace("Like (", "Tickets (").replace(") Reply Share", ")")
    assert not any(author for _, author, _ in rows(calendar))


def test_whom_a_comment_answers_and_what_it_begins_with_is_said_once() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "".join(
        f"Submitted by {who} on 0{n + 1}/05/2021 - 10:3{n}\n\n"
        + (f"In reply to {authors[0]}\n\n" if n else "")
        + f"Permalink\n\nFerry number {n}\n\nFerry number {n} was late and nobody told us why.\n\nReply\n\n"
        for n, who in enumerate(authors)
    )
    assert rows(page) == [
        (-1, who, f"Ferry number {n} was late and nobody told us why.") for n, who in enumerate(authors)
    ]


def test_since_when_people_have_been_there_is_no_byline() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "The ferry\n\n" + "".join(
        f"{who}\n\nMember\n\nJoined\n\n{n + 2} May 2012\n\nPosts\n\n{n * 7}\n\n{n + 3} June 2016 #{n + 1}\n\n"
        f"Ferry number {n} was late and nobody told us why.\n\nQuote Reply\n\n"
        for n, who in enumerate(authors)
    )
    assert rows(page) == [
        (-1, who, f"Ferry number {n} was late and nobody told us why.") for n, who in enumerate(authors)
    ]


def test_replies_that_the_page_sets_as_quotes() -> None:
    people = [("Ann", ""), ("Bob", "> "), ("Cem", "> > "), ("Dörte", "> > "), ("Emil", "")]
    page = "".join(
        f"{mark}#### {who}\n{mark}\n{mark}May {n}, 2021\n{mark}\n{mark}The ferry was late on day {n}.\n{mark}\n{mark}Reply\n\n"
        for n, (who, mark) in enumerate(people, 1)
    )
    assert rows(page) == [
        (parent, who, f"The ferry was late on day {n}.")
        for n, ((who, _), parent) in enumerate(zip(people, [-1, 0, 1, 1, -1], strict=True), 1)
    ]
    # What people quote of each other stays in their text.
    said = "Ann says:\nMay 3, 2021\n\n> It was late.\n\nIt was not.\n\nBob says:\nMay 4, 2021\n\nIt was.\n"
    assert [text for _, _, text in rows(said)] == ["> It was late.\n\nIt was not.", "It was."]


def test_pictures_of_the_next_author_are_no_text() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "".join(
        f"[{who}'s avatar]\n\n{who}\n\n{n} days ago\n\nThe ferry was late on day {n}.\n\nReply\n\n"
        for n, who in enumerate(authors, 2)
    )
    assert [text for _, _, text in rows(page)] == [f"The ferry was late on day {n}." for n in range(2, 6)]


def test_a_date_that_lost_the_space_before_the_name() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "".join(
        f"May 0{n}, 2021{who} rated it\n\nThe ferry was late on day {n}.\n\n{n} likes · Like · see review\n\n"
        for n, who in enumerate(authors, 1)
    )
    assert rows(page) == [(-1, who, f"The ferry was late on day {n}.") for n, who in enumerate(authors, 1)]


def test_blogger_says_with_dots_and_dates_below() -> None:
    authors = ["Ann", "Bob", "Cem", "Dörte"]
    page = "Die Fähre\n\nvon M. Holm\n\nSie fährt jede Stunde.\n\n4 Kommentare:\n\n" + "".join(
        f"{who} hat gesagt…\n\nDie Fähre {n} war zu spät.\n\n{n + 3}. Mai 2021 um 10:2{n}\n\n"
        for n, who in enumerate(authors)
    )
    assert rows(page) == [(-1, who, f"Die Fähre {n} war zu spät.") for n, who in enumerate(authors)]


def test_an_article_is_no_parent_of_all_that_stands_further_in() -> None:
    page = "Ferry\nM. Holm\nMay 3, 2021\nIt crosses every hour.\n\n" + "".join(
        f"    {who}\n    May {n}, 2021\n    The ferry was late on day {n}.\n\n"
        for n, who in enumerate(["Ann", "Bob", "Cem", "Dörte", "Emil", "Fatma", "Gil"], 4)
    )
    assert all(parent < 0 for parent, _, _ in rows(page))


def test_times_that_machines_write_are_no_bylines() -> None:
    recording = "".join(
        f"  - request:\n      url: x\n    time:\n      - 2018-04-20T10:1{n}:12Z\n" for n in range(6)
    )
    assert not any(author or text == "" for _, author, text in rows(recording))
