"""Markup to text: HTML comments as plain text, entities resolved exactly once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# Possessive, bounded, and never past the next "<": hostile markup costs linear time.
_TOKEN = re.compile(
    r"""<!--.*?(?:-->|\Z)|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)|<[!?][^<>]{0,4096}+>"""
    r"""|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]{0,40}+)"""
    r"""(?P<attrs>(?:[^<>"']|"[^"<]{0,4096}+"|'[^'<]{0,4096}+'|["']){0,4096}+)>""",
    re.DOTALL,
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_BREAKS = re.compile(r"<(?:p|br|div)\b", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_WORD = re.compile(r"\w+")
_BLANKS = re.compile(r"\n{3,}")
_PARAGRAPHS = frozenset(
    ["p", "blockquote", "pre", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "figure"]
)
_LINES = frozenset(
    ["div", "li", "tr", "dt", "dd", "section", "article", "header", "footer", "aside", "form", "figcaption"]
)
_DROPPED = frozenset(["script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"])
_DROPPED_END = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _DROPPED}


MAX_QUOTES = 20
"""Quotes inside one another that are marked; deeper ones would grow the text without bound."""


def html_to_text(markup: str) -> str:
    r"""Return the plain text of an HTML comment.

    Paragraphs are separated by a blank line, `<br>` is a newline, lines of a blockquote begin with `> `,
    a link is its text, followed by its address in brackets where that differs. Scripts and styles are
    dropped. Entities are resolved exactly once; `<` that begins no tag stays.

    Parameters
    ----------
    markup : str
        HTML, however broken.

    Examples
    --------
    >>> html_to_text("<p>Fish &amp;amp; chips</p><blockquote>No <b>way</b></blockquote>I <3 it<br>yes")
    'Fish &amp; chips\n\n> No way\n\nI <3 it\nyes'
    """
    if "<" not in markup:
        # The fast path: most comments have no tag at all. Line ends are text here, as a site shows them.
        return html.unescape(markup) if "&" in markup else markup
    if _TOKEN.search(markup) is None:
        return html.unescape(markup)
    return _Renderer().render(markup)


def stored_to_text(markup: str) -> str:
    r"""Return the plain text of a comment as its system stored it.

    Systems store paragraphs as HTML, or the text as it was typed, with a tag here and there: without markup
    for lines its own line ends are what people saw.

    Examples
    --------
    >>> stored_to_text("one\n<b>two</b>")
    'one\ntwo'
    >>> stored_to_text("<p>one\n<b>two</b></p>")
    'one two'
    """
    if "<" not in markup or _BREAKS.search(markup):
        return html_to_text(markup)
    return html_to_text(markup.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "<br>"))


def htmls_to_texts(values: Iterable[str]) -> list[str]:
    """Return `stored_to_text` of each value."""
    return [stored_to_text(value) if "<" in value or "&" in value else value for value in values]


def unescape_once(text: str) -> str:
    """Return text of a format that escapes `&`, `<` and `>` but has no tags (Reddit's Markdown).

    Examples
    --------
    >>> unescape_once("&gt; he said &amp;amp;")
    '> he said &amp;'
    """
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@dataclass(slots=True)
class _Renderer:
    """State of one conversion: lines written so far and what is open."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    quotes: int = 0
    verbatim: int = 0
    link: tuple[str, int] | None = None
    address: str = ""
    endless: set[str] = field(default_factory=set)

    def render(self, markup: str) -> str:
        place = 0
        while match := _TOKEN.search(markup, place):
            self._text(html.unescape(markup[place : match.start()]))
            place = match.end()
            name = match["name"]
            if name is None:
                self._text(match["cdata"] or "")
            elif name.lower() in _DROPPED:
                if not match["close"] and not match["attrs"].endswith("/"):
                    place = self._behind(name.lower(), markup, place)
            elif match["close"]:
                self._close(name.lower())
            else:
                self._open(name.lower(), match["attrs"])
        self._text(html.unescape(markup[place:]))
        self._break()
        return self._joined()

    def _behind(self, name: str, markup: str, place: int) -> int:
        """Return the place behind an element that is dropped; where it never ends, only its tag is."""
        if name in self.endless:
            return place
        if end := _DROPPED_END[name].search(markup, place):
            return end.end()
        self.endless.add(name)
        return place

    def _text(self, text: str) -> None:
        if not text:
            return
        if self.address and (word := _WORD.match(text)):
            # A link may end inside a word; its address stands behind it.
            self.line.append(word[0])
            text = text[word.end() :]
        self._behind_link()
        if self.verbatim:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self._break()
                self.line.append(other)
            return
        text = _SPACE.sub(" ", text)
        if text[:1] == " " and (not self.line or self.line[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.line.append(text)

    def _open(self, name: str, attrs: str) -> None:
        if name == "br":
            self._break(keep_empty=True)
        elif name in _PARAGRAPHS:
            self._gap()
            self.quotes += name == "blockquote" and self.quotes < MAX_QUOTES
            self.verbatim += name == "pre"
        elif name in _LINES:
            self._break()
            if name == "li":
                self.line.append("- ")
        elif name in ("td", "th") and self.line:
            self.line.append(" ")
        elif name == "a":
            self._close("a")
            if self.address:
                self._behind_link()
                self._text(" ")
            if found := _HREF.search(attrs):
                address = html.unescape(found[1] or found[2] or found[3] or "").strip()
                self.link = (address, len(self.line))
        elif name == "img" and (found := _ALT.search(attrs)):
            self._text(html.unescape(found[1] or found[2] or ""))

    def _close(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self._gap()
            if name == "blockquote" and self.quotes:
                self.quotes -= 1
            if name == "pre" and self.verbatim:
                self.verbatim -= 1
        elif name in _LINES:
            self._break()
        elif name == "a" and self.link is not None:
            address, start = self.link
            self.link = None
            shown = "".join(self.line[start:]).strip()
            if not shown:
                self._text(address if address.startswith("http") else "")
            elif address.startswith(("http://", "https://")) and not _same_address(shown, address):
                self.address = f" ({address})"

    def _behind_link(self) -> None:
        if self.address:
            self.line.append(self.address)
            self.address = ""

    def _gap(self) -> None:
        self._break()
        if self.lines and self.lines[-1].lstrip("> "):
            self.lines.append("")

    def _break(self, keep_empty: bool = False) -> None:
        self._behind_link()
        text = "".join(self.line)
        text = text.rstrip() if self.verbatim else text.strip()
        self.line.clear()
        if self.link is not None:
            self.link = (self.link[0], 0)
        if text or (keep_empty and self.lines) or self.verbatim:
            self.lines.append("> " * self.quotes + text if self.quotes else text)

    def _joined(self) -> str:
        lines = self.lines
        for number in range(1, len(lines) - 1):
            # A blank line between two quoted ones belongs to the quote.
            if not lines[number] and lines[number - 1].startswith(">") and lines[number + 1].startswith(">"):
                lines[number] = ">"
        return _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n")


def _same_address(shown: str, address: str) -> bool:
    shown, address = (_bare(part) for part in (shown, address))
    # Sites shorten what they show: "example.org/a-long-na…".
    return shown == address or (len(shown) > 6 and address.startswith(shown.rstrip(".…")))


def _bare(address: str) -> str:
    return re.sub(r"^(https?://)?(www\.)?", "", address.strip(), flags=re.IGNORECASE).rstrip("/").lower()
