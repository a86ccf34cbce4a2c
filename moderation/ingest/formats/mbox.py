"""Mailing lists: an mbox of messages, or a single one."""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from typing import BinaryIO

from moderation.ingest import jsonlines, tables
from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Format, Head, Parsed, ReadOptions, Refused, Reject
from moderation.ingest.charset import SENTINEL, mend
from moderation.ingest.ids import stable_id
from moderation.ingest.markup import html_to_text

CHUNK_SIZE = 4 << 20
MAX_MESSAGE = 64 << 20
BLOCK = 1 << 20

_FROM = re.compile(rb"From [^\n]{0,200}\d{4}[^\n]{0,40}\r?\n")
_BORDER = re.compile(rb"(?:\A|\n\r?\n)(?=From [^\n]{0,200}\d{4}[^\n]{0,40}\n)")
_HEADERS = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]{1,40}: ?[^\n]*\n(?:[ \t][^\n]*\n)*){3,}\r?\n")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
_HEADER = re.compile(
    rb"^(message-id|references|in-reply-to):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_UNQUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_REPLY = re.compile(r"^(?:(?:re|aw|sv|vs|antw|odp|fwd?|wg)(?:\[\d+\])?:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mails:
    """Payload: messages as they stand, the id of each, its thread's, and the one that it answers."""

    data: tuple[bytes, ...]
    links: tuple[tuple[str, str, str | None], ...]


def sniff(head: Head) -> float:
    """Return 0.95 for an mbox, 0.9 for a single message with the headers that each mail has."""
    text = head.text.lstrip("\n")
    is_box = _FROM.match(head.data.lstrip(b"\r\n")) is not None
    if is_box:
        text = text.partition("\n")[2]
    found = _HEADERS.match(text.replace("\r\n", "\n")[: 64 << 10])
    names = {line.partition(":")[0].lower() for line in found[0].split("\n")} if found else set()
    if len(names & {"from", "date", "message-id", "subject", "received", "mime-version", "to"}) < 3:
        return 0.0
    return 0.95 if is_box else 0.9


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of messages, each with its thread: the first that its references lead back to."""
    threads: dict[str, str] = {}
    batch: list[bytes] = []
    links: list[tuple[str, str, str | None]] = []
    first = number = 1
    held = 0
    for data in _messages(stream):
        if isinstance(data, Refused):
            # What was gathered comes first: rejects stand in the order of the box.
            if batch:
                yield Chunk(Mails(tuple(batch), tuple(links)), first)
                batch, links, held = [], [], 0
            yield Chunk(data, number)
            first = number = number + 1
            continue
        batch.append(data)
        links.append(_link(data, threads))
        number += 1
        held += len(data)
        if held > CHUNK_SIZE:
            yield Chunk(Mails(tuple(batch), tuple(links)), first)
            batch, links, first, held = [], [], number, 0
    if batch:
        yield Chunk(Mails(tuple(batch), tuple(links)), first)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn messages into rows; what has no headers is rejected."""
    payload: Mails = chunk.payload
    rows, rejects = [], []
    for place, (data, link) in enumerate(zip(payload.data, payload.links, strict=True), chunk.start):
        row = _row(data, link)
        if row is None:
            excerpt = mend(data[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
            rejects.append(Reject(options.input, f"message {place}", "no mail: it has no headers", excerpt))
        else:
            rows.append(row)
    table, repaired = tables.rows_table(rows, "mbox")
    return Parsed(table, len(payload.data), rejects, repaired=repaired)


FORMATS = (
    Format(
        name="mbox",
        title="mailing list: an mbox, or a single message",
        carries=("ids", "parents", "authors", "times", "titles"),
        sniff=sniff,
        split=split,
        parse=parse,
        binary=True,
    ),
)


def _messages(stream: BinaryIO) -> Iterator[bytes | Refused]:
    """Yield the messages of a box, each from its line `From …`, which is left out."""
    rest, ended = b"", False
    while not ended:
        block = stream.read(BLOCK)
        ended = not block
        rest += block
        borders = [found.end() for found in _BORDER.finditer(rest)]
        # Without more to come the last message is whole; else the next line `From …` must be in sight.
        cuts = borders[1:] if borders[:1] == [0] else borders
        begin = 0
        for cut in cuts:
            yield _without_from(rest[begin:cut])
            begin = cut
        rest = rest[begin:]
        if len(rest) > MAX_MESSAGE:
            yield Refused("message", f"the message is longer than {MAX_MESSAGE >> 20} MiB")
            rest = b""
    if rest.strip():
        yield _without_from(rest)


def _without_from(data: bytes) -> bytes:
    return data[found.end() :] if (found := _FROM.match(data)) else data.lstrip(b"\r\n")


def _link(data: bytes, threads: dict[str, str]) -> tuple[str, str, str | None]:
    """Return id, thread and parent of a message, and remember its thread."""
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    named = {
        name.lower().decode(): _MESSAGE_ID.findall(value.decode("utf-8", "replace"))
        for name, value in reversed(_HEADER.findall(head))
    }
    own = (named.get("message-id") or [stable_id(head.decode("utf-8", "replace"))])[0]
    before = [*named.get("references", ()), *named.get("in-reply-to", ())[:1]]
    parent = (named.get("in-reply-to") or named.get("references", [])[-1:] or [None])[0]
    if parent == own:
        parent = None
    thread = next((threads[one] for one in reversed(before) if one in threads), before[0] if before else own)
    threads.setdefault(own, thread)
    return own, thread, parent


def _row(data: bytes, link: tuple[str, str, str | None]) -> dict[str, str | None] | None:
    message = email.message_from_bytes(_UNQUOTED.sub(rb"\1", data), policy=email.policy.compat32)
    if not message.keys():
        return None
    subject = _header(message, "subject")
    own, thread, parent = link
    files = [name for part in message.walk() if (name := _file_name(part))]
    kept = {"attachments": files} if files else {}
    return {
        "comment_id": own,
        "thread_id": thread,
        "parent_id": parent,
        "author": _author(_header(message, "from")),
        "created_at": _header(message, "date") or None,
        "text": _body(message),
        "thread_title": _REPLY.sub("", subject) or None,
        "extra": jsonlines.encode(kept) if kept else None,
    }


def _header(message: Message[str, str], name: str) -> str:
    """Return a header decoded; a broken one as it stands."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)
    with contextlib.suppress(ValueError, LookupError, UnicodeError):
        text = str(make_header(decode_header(text)))
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _author(sender: str) -> str | None:
    """Return the name of a sender; the address without its host where there is none."""
    name = re.sub(r"\s*(?:<[^<>]*>|\([^()]*\))\s*$", "", sender).strip(" \"'")
    if not name or re.search(r"@| at \S+\.\S+$", name):
        note = re.search(r"\(([^()@]+)\)\s*$", sender)
        address = re.search(r"[^\s<>@\"']+(?=@| at )", sender)
        name = note[1] if note else address[0] if address else name
    return name or None


def _file_name(part: Message[str, str]) -> str | None:
    try:
        return part.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _body(message: Message[str, str]) -> str:
    """Return the plain text of a message, else what its HTML says; attached files are no text."""
    parts = [part for part in message.walk() if not part.is_multipart() and not _file_name(part)]
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    if plain:
        return "\n".join(_text(part) for part in plain).strip()
    return "\n".join(
        html_to_text(_text(part)) for part in parts if part.get_content_type() == "text/html"
    ).strip()


def _text(part: Message[str, str]) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    for charset in (part.get_content_charset(), "utf-8", "cp1252"):
        try:
            return payload.decode(charset or "utf-8").replace("\r\n", "\n")
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return payload.decode("utf-8", "replace").replace("\ufffd", SENTINEL).replace("\r\n", "\n")
