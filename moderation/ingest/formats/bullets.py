"""Reading a page of text: which of its list items are comments, who wrote them, what they answer."""

from __future__ import annotations

import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from moderation.ingest.formats import commentheads as heads
from moderation.ingest.formats.bylines import clean_names, has_letters, without_addressee
from moderation.ingest.formats.dateditems import FURTHER, dated_items, is_named, known_items
from moderation.ingest.formats.flattext import flat_comments
from moderation.ingest.formats.furniture import bare_furniture, clear_below_heads, clear_furniture
from moderation.ingest.formats.linerecords import FEWEST, line_records
from moderation.ingest.formats.ownlists import has_text, is_list_in_text
from moderation.ingest.formats.textitems import Item, Outline, read_outline, unquoted, unwrap, wrap_width
from moderation.ingest.formats.textpage import SURE, Comment, Page

FLUSH = 0.9
CROOKED = 0.7
DOUBTFUL = 0.6

LOST = 5
"""Texts without names that show an extractor to have lost them, beside a single item with one."""

LOST_SHARE = 0.05
"""Share of comments that begin with a sentence from which on the extractor is known to lose names."""

LONGEST_SUBJECT = 60
SUBJECT_SHARE = 0.5
"""Characters of a subject, and share of comments whose subject is the beginning of their text."""

LONG_TITLE = 12
"""Words that the titles in a list of further articles seldom have."""

_ENDS_CUT = re.compile(r"(?:[^.!?]|\.\.)\s*$")


def read_page(text: str) -> Page:
    """Find the comments of a page in the text that any extractor made of it.

    Nested list items give comments and parents. Where the page's lists are no comments, each block of
    text that may be one is a comment without a parent and with little confidence.
    """
    outline = _outline(text)
    width = wrap_width(outline.lines)
    _unwrap_heads(outline, width)
    clear_furniture(outline.items)
    chosen = known_items(outline, width) or dated_items(outline) or _named_or_nameless(outline)
    plain = unquoted(outline.lines)
    records = line_records(plain, width)
    if len(chosen) < FEWEST and not records:
        records = line_records(plain, width, heads.with_years(plain))
    if len(records) > FURTHER * len(chosen):
        comments = [Comment(one.author, one.text, one.parent, confidence=CROOKED) for one in records]
        lines = {number for one in records for number in range(one.first, one.last + 1)}
        first, chosen = records[0].first, []
    elif chosen:
        comments, lines = _assemble(outline, chosen, width)
        first = min(lines)
    else:
        flat = flat_comments(outline.lines, width)
        comments = [Comment(author, body, confidence=sure) for author, body, sure in flat.comments]
        lines, first = flat.lines, flat.first
    _clear_subjects(comments)
    for comment, name in zip(comments, clean_names([one.author for one in comments]), strict=True):
        comment.author = name
    page = Page(_title(outline, first, bool(chosen)), comments, bool(chosen))
    page.read = len(comments)
    for number, line in enumerate(outline.lines):
        if line.strip() and number not in lines:
            page.read += 1
            page.skipped["article text" if number < first else "page text"] += 1
    return page


def has_thread(text: str) -> bool:
    """Return True where list items of a text look like a thread; cheaper than reading it."""
    outline = _outline(text)
    if not outline.items:
        return False
    width = wrap_width(outline.lines)
    _unwrap_heads(outline, width)
    clear_furniture(outline.items)
    return bool(known_items(outline, width) or dated_items(outline) or _named(outline))


def _outline(text: str) -> Outline:
    """Return a text's list items without those that are only dates or buttons."""
    outline = read_outline(text)
    dates, buttons = bare_furniture(outline.items)
    outline = read_outline(text, dates, buttons) if dates or buttons else outline
    for item in outline.items:
        item.is_cleared = bool(buttons)
    return outline


def _unwrap_heads(outline: Outline, width: int | None) -> None:
    """Join a head with the next line where only both together show a date: titles of pingbacks are long."""
    if width is None:
        return
    for item in outline.items:
        filled = [place for place, (_, text) in enumerate(item.body) if text.strip()][:2]
        near = outline.lines[item.line : item.line + 4]
        above = next((line for line in near if line.strip().endswith(item.head)), "")
        lines = [above]
        for place in filled:
            lines.append(item.body[place][1])
            # Not by the width alone: the numbers of links may have been taken out of the line.
            joined = " ".join(line.strip() for line in lines)
            if len(lines[-2]) < 0.5 * width or len(joined) > 300:
                break
            head = joined[joined.find(item.head) :]
            if heads.read_head(head).strong:
                item.head = head
                item.body[: place + 1] = [(number, "") for number, _ in item.body[: place + 1]]
                break


def _named_or_nameless(outline: Outline) -> list[int]:
    """Return the items with names; those without, where the one name was the first line of a text."""
    named, nameless = _named(outline), _nameless(outline)
    if len(named) > 1 or len(nameless) < LOST:
        return named or nameless
    words = sorted(len(outline.items[place].head.split()) for place in nameless)
    return nameless if words[len(words) // 2] > LONG_TITLE else named


def _named(outline: Outline) -> list[int]:
    """Return the items of the run of lists that looks most like a thread of names and texts.

    Menus and the article's own lists have items without text of their own: each counts against its run.
    """
    items = outline.items
    roots = [place for place, item in enumerate(items) if item.parent < 0]
    if not roots:
        return []
    gaps = [_gap(outline, roots, number) for number in range(len(roots))]
    values = []
    for number, (begin, end) in enumerate(zip(roots, [*roots[1:], len(items)], strict=True)):
        value = sum(1.0 if is_named(items[place]) else -0.3 for place in range(begin + 1, end))
        root = items[begin]
        if heads.pingback(root.head) is not None:
            value += 0.1
        elif is_named(root):
            value += 1.0
        elif heads.is_sentence(root.head):
            # A comment whose author got lost, or a list in the article.
            value -= 0.4 if end == begin + 1 else 0.0
        elif number and not gaps[number] and _stands_alone(items, roots, number):
            # An empty comment between others.
            value += 0.1
        else:
            value -= 1.0
        values.append(value)
    best, begin, end = _best_run(values, gaps)
    if best < (1.5 if outline.flush else 1.0):
        return []
    first, last = roots[begin], roots[end] if end < len(roots) else len(items)
    inner: dict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        inner[item.parent].append(place)
    return [
        place
        for place in range(first, last)
        if not is_list_in_text(items, place, inner)
        and (heads.plain(items[place].head) or has_text(items[place]))
    ]


def _stands_alone(items: Sequence[Item], roots: Sequence[int], number: int) -> bool:
    """Return True for a root item with texts before and behind it: the items of a menu come together."""
    before, item = items[roots[number - 1]], items[roots[number]]
    follows = is_named(before) and before.start == item.start
    return follows and (number + 1 == len(roots) or is_named(items[roots[number + 1]]))


def _nameless(outline: Outline) -> list[int]:
    """Return the items below the heading of the comments where the extractor lost all names."""
    headings = [number for number in outline.outside if heads.is_heading(outline.lines[number])]
    if not headings:
        return _nested_texts(outline)
    below = [place for place, item in enumerate(outline.items) if item.line > headings[-1]]
    texts = [place for place in below if len(outline.items[place].head.split()) > 3]
    return texts if len(texts) > 1 and 2 * len(texts) > len(below) else []


def _nested_texts(outline: Outline) -> list[int]:
    """Return the items of lists that hold texts within texts: comments, for an article's lists are flat."""
    items = outline.items
    texts = {place for place, item in enumerate(items) if len(item.head.split()) > 8}
    nested = [place for place in texts if items[place].parent in texts]
    return sorted(texts) if len(nested) > 1 and 2 * len(texts) > len(items) else []


def _gap(outline: Outline, roots: Sequence[int], number: int) -> bool:
    """Return True where text outside of lists stands between a root item and the one before."""
    if not number:
        return True
    before, after = outline.items[roots[number] - 1].line, outline.items[roots[number]].line
    return bisect(outline.outside, before) < bisect(outline.outside, after)


def _best_run(values: Sequence[float], gaps: Sequence[bool]) -> tuple[float, int, int]:
    """Return sum, begin and end of the run with the greatest sum (Kadane 1984); a gap costs a little."""
    best, begin, end = 0.0, 0, 0
    running, start = 0.0, 0
    for place, value in enumerate(values):
        running -= 0.5 if gaps[place] else 0.0
        if running <= 0:
            running, start = 0.0, place
        running += value
        if running > best + 1e-9:
            best, begin, end = running, start, place + 1
    return best, begin, end


def _assemble(outline: Outline, chosen: Sequence[int], width: int | None) -> tuple[list[Comment], set[int]]:
    """Return the comments of the chosen items and the numbers of all lines that they take up."""
    number_of = {place: number for number, place in enumerate(chosen)}
    folded: dict[int, list[Item]] = defaultdict(list)
    first, last = chosen[0], chosen[-1]
    above: dict[int, int] = {}
    for place, item in enumerate(outline.items):
        parent = item.parent
        while parent >= 0 and parent not in number_of:
            parent = outline.items[parent].parent
        above[place] = parent
        if place not in number_of and parent >= 0 and first <= place:
            folded[parent].append(item)
    _take_loose_lines(outline, chosen)
    _end_last(outline, last)
    clear_below_heads([outline.items[place] for place in chosen])
    nameless = sum(not heads.read_head(outline.items[place].head).author for place in chosen)
    names_lost = nameless > LOST_SHARE * len(chosen)
    comments: list[Comment] = []
    lines: set[int] = set()
    for place in chosen:
        item = outline.items[place]
        comment, taken = _comment(item, folded[place], outline.flush, width, place == last, names_lost)
        parent = above[place]
        while parent >= 0 and comments[number_of[parent]].kind == "pingback":
            # Nobody can answer a pingback: the item only stands deeper.
            parent = above[parent]
        comment.parent = number_of[parent] if parent >= 0 else -1
        if item.is_known and comment.parent >= 0:
            comment.author = without_addressee(comment.author, comments[comment.parent].author)
        comments.append(comment)
        lines |= taken
    _clear_addressees(comments if any(item.is_known for item in outline.items) else [])
    return comments, lines


def _clear_addressees(comments: Sequence[Comment]) -> None:
    """Take the line with the name of who is answered from above the texts, where the page sets it there."""
    replies = [one for one in comments if one.parent >= 0 and comments[one.parent].author]
    begins = [one.text.partition("\n") for one in replies]
    page_made = [
        heads.plain(first).lstrip("@") == comments[one.parent].author and bool(rest.strip())
        for one, (first, _, rest) in zip(replies, begins, strict=True)
    ]
    if sum(page_made) >= max(2, 0.8 * len(replies)):
        for one, (_, _, rest), made in zip(replies, begins, page_made, strict=True):
            one.text = rest.lstrip("\n") if made else one.text


def _clear_subjects(comments: Sequence[Comment]) -> None:
    """Take subjects that the page made of the first words of the texts from above them.

    Somewhere a text must be longer than its subject: whoever says a whole sentence twice wrote both.
    """
    begins = [one.text.partition("\n") for one in comments]
    made = [
        len(first) <= LONGEST_SUBJECT
        and " " in first
        and rest.lstrip().startswith(first.rstrip("….").strip())
        for first, _, rest in begins
    ]
    is_cut = any(
        subject and rest.strip() != first.strip() and _ENDS_CUT.search(first)
        for (first, _, rest), subject in zip(begins, made, strict=True)
    )
    if is_cut and sum(made) >= max(FEWEST, SUBJECT_SHARE * len(comments)):
        for one, (_, _, rest), subject in zip(comments, begins, made, strict=True):
            one.text = rest.lstrip() if subject else one.text


def _take_loose_lines(outline: Outline, chosen: Sequence[int]) -> None:
    """Give lines between two comments that belong to no item to the first: code that lost its indent."""
    items = outline.items
    for place, following in pairwise(chosen):
        goes_on = items[following].parent >= 0 or items[following].start == items[chosen[0]].start
        begin = bisect(outline.outside, items[place].line)
        loose = outline.outside[begin : bisect(outline.outside, items[following].line)]
        if goes_on and not any(heads.is_heading(outline.lines[number]) for number in loose):
            items[place].body += [(number, outline.lines[number]) for number in loose]
            items[place].body.sort()


def _end_last(outline: Outline, last: int) -> None:
    """Take from the last comment what stands below the line that ends all comments."""
    item = outline.items[last]
    ends = (n for n in outline.outside if n > item.line and heads.ends_comments(outline.lines[n]))
    if (end := next(ends, None)) is not None:
        item.body = [(number, text) for number, text in item.body if number < end]


def _comment(
    item: Item, folded: Sequence[Item], flush: bool, width: int | None, is_last: bool, names_lost: bool
) -> tuple[Comment, set[int]]:
    body = [*item.body]
    for inner in folded:
        # A list in the text: its lines come back in their places.
        body += [(inner.line, " " * inner.start + "- " + inner.head), *inner.body]
    body.sort()
    taken = {item.line}
    title = heads.pingback(item.head)
    if title is not None:
        return Comment(None, title, kind="pingback"), taken | {
            number for number, text in body if text.strip()
        }
    head, body = _head(item, body, taken)
    kept: list[str] = []
    buttons: list[str] = []
    for number, text in body:
        if heads.ends_comments(text) and (is_last or flush) and not (kept and not flush):
            break
        taken.add(number)
        if text.strip() and (heads.is_button(text) or (heads.is_date(text) and not any(kept))):
            buttons.append(text)
            continue
        kept.append(heads.without_images(text))
    text = unwrap(kept, width)
    if not text and item.is_cleared:
        # The buttons are gone already: someone wrote the word.
        text = next((line.strip() for line in buttons if has_letters(line) or "+" in line), "")
    if names_lost and head.author and not head.strong and not text and not _is_tight(item):
        # A blank line where the text would be: this is the text, which is to be judged, not the name.
        head = heads.Head(None, head.author, False)
    if head.author is None and head.rest:
        text = f"{head.rest}\n\n{text}" if text else head.rest
    sure = CROOKED if item.crooked else FLUSH if flush else SURE
    if not head.strong and (head.author is None or not text) and not (text == "" and _is_tight(item)):
        sure = min(sure, DOUBTFUL)
    return Comment(head.author, text, confidence=sure), taken


def _head(
    item: Item, body: list[tuple[int, str]], taken: set[int]
) -> tuple[heads.Head, list[tuple[int, str]]]:
    """Return what the first lines say about the author, and the lines behind them."""
    if item.is_known:
        return heads.Head(item.head or None, "", True), body
    head = heads.read_head(item.head)
    place = 0
    while place < len(body) and not head.author and not head.rest and not head.strong:
        # The line of the marker is empty, or held only an image.
        taken.add(body[place][0])
        head = heads.read_head(body[place][1])
        place += 1
    following = next((other for other in range(place, len(body)) if body[other][1].strip()), None)
    if following is not None and not head.strong and heads.is_says(body[following][1]):
        taken.add(body[following][0])
        head = heads.Head(head.author or head.rest or None, "", True)
        place = following + 1
    return head, body[place:]


def _is_tight(item: Item) -> bool:
    """Return True where the next item follows on the next line: the sign of an empty comment."""
    return not item.body


def _title(outline: Outline, first: int, nested: bool) -> str | None:
    """Return the line above the comments that may be the page's title."""
    above = [
        outline.lines[number].strip() for number in (outline.outside if nested else ()) if number < first
    ]
    marked = [line.lstrip("# ") for line in above if line.startswith("# ")]
    for line in [*marked, *above]:
        line = heads.plain(line.lstrip("#"))
        if len(line.split()) > 1 and not heads.is_button(line) and not line.lower().startswith("skip to"):
            return line
    return None
