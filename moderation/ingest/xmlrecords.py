"""Records of an XML export: cut out as bytes by the splitter, parsed one batch at a time.

Each record is parsed on its own, so that a damaged one costs no other, an endless document needs no
memory, and entity declarations (billion laughs) have no effect: a fragment has no document type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.entities import html5
from typing import Any, BinaryIO

from lxml import etree

from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Head, Refused, Reject
from moderation.ingest.charset import mend

BLOCK = 1 << 20
MAX_RECORD = 64 << 20
"""A WordPress post with all its comments is one record; longer ones are refused."""

CHUNK_SIZE = 4 << 20
MAX_PROLOG = 1 << 20

_ROOT = re.compile(r"<(?![?!])(?:([\w.-]+):)?([\w.-]+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
_XMLNS = re.compile(rb"""\bxmlns:([\w.-]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG_END = re.compile(rb"""(?:[^>"']|"[^"]*"|'[^']*')*+>""")
_NAMED = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = (b"amp", b"lt", b"gt", b"quot", b"apos")
_BAD_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8b-f]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Record:
    """One element as it stands in the document.

    Parameters
    ----------
    name : str
        Local name of the element.
    data : bytes
        From `<` to `>`.
    offset : int
        Byte in the decompressed document at which it begins.
    """

    name: str
    data: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Payload: records, with the namespace declarations that they need."""

    records: tuple[Record, ...]
    namespaces: bytes


def root_of(head: Head) -> tuple[str, str]:
    """Return the local name and the attributes of a document's root, or two empty strings.

    What precedes the first `<` (a stray character) is ignored, as are comments and declarations.
    """
    text = head.text[: 64 << 10]
    start = text.find("<")
    if start < 0 or start > 64:
        return "", ""
    text = re.sub(
        r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(\[[^\]]*\])?[^>]*>", "", text[start:], flags=re.DOTALL
    )
    match = _ROOT.match(text.lstrip())
    return (match[2], match[3]) if match else ("", "")


def split_batches(stream: BinaryIO, names: Sequence[str], size: int = CHUNK_SIZE) -> Iterator[Chunk]:
    """Yield batches of the elements with these local names, and `Refused` for what is cut off.

    Parameters
    ----------
    stream : binary file
        UTF-8.
    names : sequence of str
        Elements that are records; inside one of them the others are part of it.
    size : int
        Bytes of a batch.
    """
    scanner = _Scanner(stream, names)
    batch: list[Record] = []
    held = 0
    for record in scanner.records():
        if isinstance(record, Refused):
            if batch:
                yield Chunk(Batch(tuple(batch), scanner.namespaces), batch[0].offset)
                batch, held = [], 0
            yield Chunk(record, scanner.offset)
            continue
        batch.append(record)
        held += len(record.data)
        if held >= size:
            yield Chunk(Batch(tuple(batch), scanner.namespaces), batch[0].offset)
            batch, held = [], 0
    if batch:
        yield Chunk(Batch(tuple(batch), scanner.namespaces), batch[0].offset)


def parse_batch(batch: Batch, input_name: str) -> tuple[list[tuple[Record, Any]], list[Reject]]:
    """Return each record with its lxml element, and rejects for those that are none."""
    try:
        elements = list(_parse(b"".join(record.data for record in batch.records), batch.namespaces, False))
        if len(elements) == len(batch.records):
            return list(zip(batch.records, elements, strict=True)), []
    except etree.XMLSyntaxError:
        pass
    parsed, rejects = [], []
    for record in batch.records:
        element, reason = _parse_alone(record.data, batch.namespaces)
        if element is not None:
            parsed.append((record, element))
        else:
            excerpt = mend(record.data[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
            rejects.append(Reject(input_name, f"byte {record.offset}", reason, excerpt))
    return parsed, rejects


def local(name: object) -> str:
    """Return the local part of an lxml tag or attribute name; "" for comments."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def children(element: Any) -> dict[str, Any]:
    """Return the first child element of each local name."""
    found: dict[str, Any] = {}
    for child in element:
        found.setdefault(local(child.tag), child)
    return found


def text_of(element: Any) -> str:
    """Return all text in an element; "" where there is none."""
    return "" if element is None else "".join(element.itertext())


def attribute(element: Any, name: str) -> str | None:
    """Return an attribute by its local name, whatever its namespace."""
    if element is None:
        return None
    return next((value for key, value in element.attrib.items() if local(key) == name), None)


class _Scanner:
    """Finds records in a stream; knows just enough of XML to skip comments, CDATA and quoted `>`."""

    def __init__(self, stream: BinaryIO, names: Sequence[str]) -> None:
        self.namespaces = b""
        self.offset = 0
        self._stream = stream
        self._buffer = b""
        self._place = 0
        self._ended = False
        self._tail = b""
        self._broken_off = False
        alternatives = b"|".join(re.escape(name.encode()) for name in names)
        self._token = re.compile(rb"<!--|<!\[CDATA\[|<(/?)(?:[\w.-]+:)?(%b)(?=[\s/>])" % alternatives)

    def records(self) -> Iterator[Record | Refused]:
        root = self._prolog()
        while True:
            found = self._next_token(keep=0)
            if found is None:
                if (
                    root
                    and not self._broken_off
                    and not re.search(rb"</(?:[\w.-]+:)?%b\s*>\s*\Z" % re.escape(root), self._tail)
                ):
                    yield Refused(f"byte {self.offset}", f"the document ends before </{root.decode()}>")
                return
            if found[2] is None:
                if not self._skip(found):
                    yield Refused(
                        f"byte {self.offset}", "the document ends within a comment or CDATA section"
                    )
                    return
            elif found[1]:
                # Closes a record that nothing opened.
                self._drop(found.end())
            else:
                yield from self._record(found)

    def _prolog(self) -> bytes:
        while not self._ended and len(self._buffer) < MAX_PROLOG:
            self._fill()
            text = self._buffer.decode("utf-8", "ignore")
            text = re.sub(r"<!--.*?-->|<\?.*?\?>", "", text[max(text.find("<"), 0) :], flags=re.DOTALL)
            if match := re.search(
                r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>", text
            ):
                self.namespaces = b" ".join(
                    b"xmlns:%b=%b" % pair for pair in _XMLNS.findall(match[2].encode())
                )
                return match[1].encode()
        return b""

    def _fill(self) -> bool:
        block = self._stream.read(BLOCK)
        self._ended = not block
        self._buffer += block
        return bool(block)

    def _drop(self, place: int) -> None:
        """Forget what stands before `place`, once enough has gathered to be worth a copy."""
        self._place = place
        if place >= BLOCK:
            self._tail = self._buffer[max(place - 256, 0) : place]
            self.offset += place
            self._buffer = self._buffer[place:]
            self._place = 0

    def _next_token(self, keep: int) -> re.Match[bytes] | None:
        while True:
            if found := self._token.search(self._buffer, self._place):
                return found
            # The last bytes may be the beginning of a token.
            self._drop(max(self._place, len(self._buffer) - 128))
            if not self._fill():
                self._tail = (self._tail + self._buffer)[-256:]
                self.offset += len(self._buffer)
                return None

    def _skip(self, found: re.Match[bytes]) -> bool:
        end = b"-->" if found[0] == b"<!--" else b"]]>"
        self._place = found.end()
        while (place := self._buffer.find(end, self._place)) < 0:
            self._drop(max(self._place, len(self._buffer) - 3))
            if not self._fill():
                self.offset += len(self._buffer)
                return False
        self._drop(place + 3)
        return True

    def _record(self, found: re.Match[bytes]) -> Iterator[Record | Refused]:
        """Yield the record that begins at `found`, or why it is none."""
        self._drop(found.start())
        start, name = self._place, found[2]
        while (opening := _TAG_END.match(self._buffer, start)) is None:
            if len(self._buffer) - start > MAX_RECORD or not self._fill():
                yield self._refuse(start, name, "ends within the tag")
                return
        place = opening.end()
        if opening[0].endswith(b"/>"):
            yield Record(name.decode(), self._buffer[start:place], self.offset + start)
            self._place = place
            return
        while True:
            token = self._token.search(self._buffer, place)
            if token is None:
                place = max(place, len(self._buffer) - 128)
                if len(self._buffer) - start > MAX_RECORD or not self._fill():
                    yield self._refuse(start, name, "is never closed")
                    return
            elif token[2] is None:
                end = b"-->" if token[0] == b"<!--" else b"]]>"
                while (closed := self._buffer.find(end, token.end())) < 0:
                    if len(self._buffer) - start > MAX_RECORD or not self._fill():
                        yield self._refuse(start, name, "is never closed")
                        return
                place = closed + 3
            elif token[2] != name:
                place = token.end()
            elif token[1]:
                place = self._buffer.find(b">", token.end()) + 1
                if not place:
                    place = token.start()
                    if not self._fill():
                        yield self._refuse(start, name, "is never closed")
                        return
                    continue
                yield Record(name.decode(), self._buffer[start:place], self.offset + start)
                self._place = place
                return
            else:
                yield self._refuse(start, name, "is never closed", token.start())
                return

    def _refuse(self, start: int, name: bytes, what: str, resume: int | None = None) -> Refused:
        excerpt = mend(self._buffer[start : start + 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))
        refused = Refused(
            f"byte {self.offset + start}", f"the <{name.decode()}> {what}", excerpt[:EXCERPT_LENGTH]
        )
        self._broken_off = resume is None
        self._place = len(self._buffer) if resume is None else resume
        return refused


def _parse(data: bytes, namespaces: bytes, recover: bool) -> Any:
    # huge_tree only lifts limits on sizes, which `MAX_RECORD` bounds; nothing is ever fetched.
    parser = etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        huge_tree=True,
        encoding="utf-8",
        remove_comments=True,
    )
    return etree.fromstring(b"<r " + namespaces + b">" + data + b"</r>", parser)


def _parse_alone(data: bytes, namespaces: bytes) -> tuple[Any, str]:
    """Return the element of one record that a strict parser may refuse, and why there is none."""
    data = _BAD_REFERENCE.sub(b"\xef\xb7\x90", _NAMED.sub(_entity, data))
    reason = "no XML element"
    for recover in (False, True):
        try:
            root = _parse(data, namespaces, recover)
        except etree.XMLSyntaxError as error:
            reason = f"no sound XML: {error.msg}"
            continue
        if root is not None and len(root) == 1:
            return root[0], ""
    return None, reason


def _entity(match: re.Match[bytes]) -> bytes:
    """Return HTML's own entities, which XML does not know, as characters."""
    if match[1] in _XML_ENTITIES:
        return match[0]
    return html5.get(match[1].decode() + ";", match[0].decode()).encode()
