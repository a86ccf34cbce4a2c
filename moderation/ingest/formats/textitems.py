"""The list items of a text: markers, indents, who stands under whom, which lines belong to which."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from moderation.ingest.formats.commentheads import is_name, mark_date, plain

TAB = 4
QUOTED_SHARE = 0.3
FEWEST_DEEP = 3
"""Share of quoted lines, and lines quoted twice, of a page that nests its replies as quotes."""

_MARKER = re.compile(
    # The signs that extractors cycle through by depth; lynx goes on with "#", "@" and "=".
    r"^( *)((?:[•*+\-–□☆▪◦‣·○●■◆◇★]|o(?=[ ])|(?<= {4})o(?=$)|(?<= {6})[#@=])|\d{1,3}[.)])(?: +(.*)|)$"
)
_QUOTE = re.compile(r"^\s*>(?: ?>)* ?")
_RULE = re.compile(r"^\W*(?:[*_\-–—=] ?){3,}\W*$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPTY_HEAD = re.compile(r"^(?:!?\[[^\]]{0,60}\](?:\([^)]*\))?\s*)*$")
_BLOCK_TAG = re.compile(
    r"</?(?:div|section|article|footer|header|figure|span|time|cite|main|aside|img|a|b|i|em|strong|small|sup|sub|"
    r"u|p|br|h[1-6]|abbr|nav|svg|path|input|label|button|figcaption|address|details|summary)\b[^<>]{0,600}>"
)
_REFERENCES = re.compile(
    r"\n *(?:References|Verweise|Références)\n+(?: *Visible links[^\n]*\n)? *1\. (?:https?|file)://"
)
_BROKEN_LINK = re.compile(r"\]\([^()\s]+\n[^()\s]*(?:\n[^()\s]*)?\)")
_MARKDOWN_HEADING = re.compile(r"^#{1,6} ")


@dataclass(slots=True)
class Item:
    """One list item.

    Parameters
    ----------
    line : int
        Number of its line.
    start, end : int
        Columns at which its marker begins and ends.
    head : str
        Text on the line of the marker.
    numbered : bool
        True for `1.`, False for a bullet.
    parent : int
        Number of the item that it stands under, or -1.
    body : list of (int, str)
        Its own further lines with their numbers; blank ones are empty.
    crooked : bool
        True where its indent fits none of the levels around it.
    is_known : bool
        True where the page's way of writing bylines shows that this is a comment, by `head`.
    is_cleared : bool
        True where the buttons below it have been taken away.
    """

    line: int
    start: int
    end: int
    head: str
    numbered: bool
    parent: int
    body: list[tuple[int, str]] = field(default_factory=list)
    crooked: bool = False
    is_known: bool = False
    is_cleared: bool = False


@dataclass(slots=True)
class Outline:
    """A text as list items and the lines outside of them.

    Parameters
    ----------
    lines : list of str
        All lines, tabs expanded, without trailing space.
    items : list of Item
        In order.
    outside : list of int
        Numbers of the lines that are not blank and belong to no item.
    flush : bool
        True where bodies stand at the left margin, only markers being indented (html2text).
    """

    lines: list[str]
    items: list[Item]
    outside: list[int]
    flush: bool


def read_outline(text: str, unmarked: Set[int] = frozenset(), dropped: Set[int] = frozenset()) -> Outline:
    """Find the list items of a text.

    The indent is compared, not counted: a step may be one column or eight. Numbers may be aligned on
    either side.

    Parameters
    ----------
    text : str
        Of a page.
    unmarked : set of int
        Lines that are no list items, whatever their first sign.
    dropped : set of int
        Lines to read as blank.
    """
    raw = [line.rstrip() for line in _cleaned(text).split("\n")]
    raw = ["" if number in dropped else line for number, line in enumerate(raw)]
    # Markdown writers escape what might be markup: "29\\. Mai". No such number is a marker.
    escaped = sum(len(_ESCAPED.findall(line)) for line in raw) > 2
    lines = [_ESCAPED.sub(r"\1", line) for line in raw] if escaped else raw
    marks = {number: mark for number, mark in _marks(raw, lines).items() if number not in unmarked}
    flush = _bodies_are_flush(lines, marks, unmarked)
    # Twice: how far in replies are set may show only below the first place where it matters.
    builder = _Builder(lines, flush, set()).run(marks)
    builder = _Builder(lines, flush, builder.steps).run(marks)
    for item in builder.items:
        _promote(item)
    return Outline(lines, builder.items, builder.outside, flush)


def wrap_width(lines: Sequence[str]) -> int | None:
    """Return the width at which a text was wrapped, or None where its lines end where they will."""
    lengths = sorted((len(line) for line in lines if line), reverse=True)
    if len(lengths) < 8 or not 40 <= lengths[0] <= 132:
        return None
    width = lengths[0]
    near = sum(1 for length in lengths if length > width - 16)
    return width if near >= max(4, len(lengths) // 12) else None


def unwrap(lines: Sequence[str], width: int | None) -> str:
    """Return lines as text, joining those that were broken only because the next word did not fit."""
    out: list[str] = []
    previous = ""
    for line in lines:
        text = line.strip()
        word = text.split(" ", 1)[0]
        broken = width is not None and previous and text and len(previous) + 1 + len(word) > width
        if broken and out:
            out[-1] += " " + text
        else:
            out.append(text)
        previous = line
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def unquoted(lines: Sequence[str]) -> Sequence[str]:
    """Return lines with an indent for each `>` of Markdown, where the page and not people set texts so."""
    quoted = sum(line.lstrip().startswith(">") for line in lines)
    deep = sum(line.replace(" ", "").startswith(">>") for line in lines)
    if quoted < QUOTED_SHARE * sum(map(bool, lines)) or deep < FEWEST_DEEP:
        return lines
    return [_QUOTE.sub(lambda found: "  " * found[0].count(">"), line).rstrip() for line in lines]


def _cleaned(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").expandtabs(TAB)
    if len(_BLOCK_TAG.findall(text)) > 10:
        # pandoc leaves the blocks that Markdown has no word for as tags.
        text = _BLOCK_TAG.sub("", text)
    if _REFERENCES.search(text) and len(found := _REFERENCES.split(text, 1)) == 2:
        # lynx numbers the links and lists their addresses at the end.
        text = re.sub(r"\[\d{1,4}\](?=\S)", "", found[0])
    # lynx writes so what can be pressed.
    text = text.replace("(BUTTON) ", "")
    return _BROKEN_LINK.sub(lambda match: match[0].replace("\n", ""), text)


def _marks(raw: Sequence[str], lines: Sequence[str]) -> dict[int, tuple[int, int, str, bool]]:
    """Return the markers by line; the asterisks of a comment in program code are none."""
    marks = {}
    in_code = False
    for number, line in enumerate(raw):
        text = line.strip()
        in_code = (in_code or text.startswith("/*")) and "*/" not in text
        if not in_code and (mark := _mark(line)) is not None and not text.startswith("*/"):
            marks[number] = (*mark[:2], lines[number].strip()[mark[1] - mark[0] :].strip(), mark[3])
    return marks


def _promote(item: Item) -> None:
    """Give an item that has only its marker, or an image beside it, its first line as head."""
    if _EMPTY_HEAD.match(item.head):
        place = next((place for place, (_, text) in enumerate(item.body) if text.strip()), None)
        if place is not None:
            item.head = item.body[place][1].strip()
            item.body[place] = (item.body[place][0], "")


def _mark(line: str) -> tuple[int, int, str, bool] | None:
    found = _MARKER.match(line)
    if found is None or _RULE.match(line):
        return None
    start = len(found[1])
    if (found[2][0].isdigit() and mark_date(line.strip(), "\0").startswith("\0")) or (
        # A link to the comment before its date; before a name it is a marker.
        found[2] in "#@" and mark_date(found[3] or "", "\0").startswith("\0")
    ):
        return None
    return start, start + len(found[2]), (found[3] or "").strip(), found[2][0].isdigit()


def _bodies_are_flush(
    lines: Sequence[str], marks: dict[int, tuple[int, int, str, bool]], unmarked: Set[int]
) -> bool:
    left = total = 0
    for number, (start, _, _, _) in marks.items():
        behind = (place for place in range(number + 1, len(lines)) if lines[place] and place not in unmarked)
        following = next(behind, None)
        if following is None or following in marks or not start:
            continue
        total += 1
        left += not lines[following].startswith(" ")
    return total >= 2 and left >= 0.6 * total


class _Builder:
    """Items found so far and those that are still open."""

    def __init__(self, lines: Sequence[str], flush: bool, steps: set[int]) -> None:
        self.items: list[Item] = []
        self.outside: list[int] = []
        self.stack: list[int] = []
        self.loose = False
        self._lines = lines
        self._flush = flush
        self.steps = steps

    def run(self, marks: dict[int, tuple[int, int, str, bool]]) -> _Builder:
        """Go through all lines."""
        for number, line in enumerate(self._lines):
            if number in marks:
                self.push(marks[number], number)
            elif line:
                self.place(number, line)
            elif self.stack and not self.loose:
                self.items[self.stack[-1]].body.append((number, ""))
        return self

    def push(self, mark: tuple[int, int, str, bool], number: int) -> None:
        """Open an item under the one that its indent shows."""
        start, end, head, numbered = mark
        if self.loose and not self._goes_on(start):
            self.stack.clear()
        popped = None
        while self.stack and not _is_below(start, end, self.items[self.stack[-1]]):
            popped = self.items[self.stack.pop()]
        while self.stack and self._is_tag(self.stack[-1]):
            self.stack.pop()
        crooked = popped is not None and abs(popped.start - start) > 1 and popped.end != end
        parent = self.stack[-1] if self.stack else -1
        if parent >= 0:
            self.steps.add(start - self.items[parent].start)
        self.items.append(Item(number, start, end, head, numbered, parent, crooked=crooked))
        self.stack.append(len(self.items) - 1)
        self.loose = False

    def place(self, number: int, line: str) -> None:
        """Give a line to the deepest open item that it can belong to."""
        indent = len(line) - len(line.lstrip(" "))
        last = self.items[self.stack[-1]] if self.stack else None
        if last is not None and not self.loose:
            # The head may stand on the next line, even further left (lynx puts images there).
            if not last.head and number == last.line + 1 and (last.start or last.numbered):
                last.body.append((number, line))
                return
            if _lacks_name(last) and last.start and is_name(line):
                last.body.append((number, line))
                return
            if self._flush and not _MARKDOWN_HEADING.match(line) and not _is_last_of_tight_list(self.items):
                last.body.append((number, line))
                return
        tight = _is_last_of_tight_list(self.items)
        holder = next(
            (
                place
                for place in reversed(self.stack)
                if _holds(
                    self.items[place],
                    indent,
                    tight and place == len(self.items) - 1,
                    int(self.items[place].numbered and not self.loose),
                )
            ),
            None,
        )
        if holder is None:
            # The page's text, or code in a comment that lost its indent: the next item shows which.
            self.loose = True
            self.outside.append(number)
            if last is not None and not last.head and not any(text for _, text in last.body):
                # A bullet with nothing behind it: what follows further in is not its own.
                self.stack.pop()
            return
        while self.stack[-1] != holder:
            self.stack.pop()
        self.items[holder].body.append((number, line))

    def _is_tag(self, place: int) -> bool:
        """Return True for the last item of a list of single words, such as the tags above the comments."""
        item, before = self.items[place], self.items[place - 1]
        return (
            place > 0
            and before.line == item.line - 1
            and before.start == item.start
            and not any(text for _, text in item.body)
        )

    def _goes_on(self, start: int) -> bool:
        levels = [self.items[place].start for place in self.stack]
        if start in levels:
            return True
        # Deeper: a reply to what may be a comment, as far in as other replies are.
        top = self.items[self.stack[-1]] if self.stack else None
        return top is not None and start - top.start in self.steps and any(text for _, text in top.body)


def _lacks_name(item: Item) -> bool:
    """Return True for an item that holds only an image so far: its name may be a heading at the margin."""
    return bool(item.head) and not plain(item.head) and not any(text for _, text in item.body)


def _is_below(start: int, end: int, above: Item) -> bool:
    # "10." may begin one column before " 9." and is yet its sibling.
    return start >= above.start + 2 or (start == above.start + 1 and end > above.end)


def _is_last_of_tight_list(items: Sequence[Item]) -> bool:
    # What follows a list without blank lines is the page's text, not its last item's.
    return len(items) > 1 and items[-2].line == items[-1].line - 1


def _holds(item: Item, indent: int, tight: bool, shift: int) -> bool:
    """Return True where a line of that indent may belong to the item.

    inscriptis sets paragraphs as far left as the marker, a number's one further (`shift`), but the line
    after the head never. What follows the last item of a list without blank lines is the page's text,
    unless it is set below the item's.
    """
    if tight:
        return indent > item.end
    return indent > item.start or (indent >= item.start - shift > 0 and any(text for _, text in item.body))
