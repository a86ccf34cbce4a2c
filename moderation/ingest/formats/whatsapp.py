"""WhatsApp chats as exported to text: date, name and message in the notation of the phone's language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from moderation.ingest import jsonlines, tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused
from moderation.ingest.formats.chatlines import (
    Order,
    Start,
    attachment,
    day_order,
    is_deleted,
    is_system,
    read_start,
    time_of,
    without_edit_mark,
)
from moderation.ingest.ids import stable_id
from moderation.ingest.linesplit import Lines, split_lines

LEARNT = 1 << 20
"""Bytes from which it is learnt whether the day or the month stands first."""


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """Payload: whole messages, with what only the chat's beginning shows."""

    lines: tuple[str, ...]
    order: Order
    thread: str


def sniff(head: Head) -> float:
    """Return 0.95 where the first line, and many of the others, begin as an exported message does."""
    lines = [line for line in head.text.split("\n")[:200] if line.strip()]
    if not lines or read_start(lines[0]) is None:
        return 0.0
    starts = sum(read_start(line) is not None for line in lines)
    # A message may have many lines; program logs have dates, but neither a dash nor a name behind them.
    return 0.95 if starts == len(lines) or starts >= max(2, len(lines) // 20) else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield whole messages: what follows the last beginning in a chunk of lines waits for the next."""
    held: list[str] = []
    first = 1
    order, thread = None, ""
    for chunk in split_lines(stream, LEARNT):
        if isinstance(chunk.payload, Refused):
            yield chunk
            continue
        payload: Lines = chunk.payload
        held += payload.data.decode("utf-8", "surrogatepass").removesuffix("\n").split("\n")
        if order is None:
            order = day_order(held)
            thread = stable_id("whatsapp", next((line for line in held if line.strip()), ""))
        last = next((place for place in range(len(held) - 1, 0, -1) if read_start(held[place])), 0)
        if last:
            yield Chunk(ChatChunk(tuple(held[:last]), order, thread), first)
            first += last
            held = held[last:]
    if held and order is not None:
        yield Chunk(ChatChunk(tuple(held), order, thread), first)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn messages into rows; lines before the first message are skipped."""
    payload: ChatChunk = chunk.payload
    messages, skipped = _messages(payload.lines)
    seen: Counter[str] = Counter()
    rows = []
    for start, lines in messages:
        row = _row(start, lines, payload)
        base = stable_id(payload.thread, start.date + start.clock, row["author"], row["text"])
        row["comment_id"] = stable_id(base, str(seen[base])) if seen[base] else base
        seen[base] += 1
        rows.append(row)
    table, repaired = tables.rows_table(rows, "whatsapp")
    return Parsed(table, len(messages) + skipped.total(), skipped=skipped, repaired=repaired)


FORMATS = (
    Format(
        name="whatsapp",
        title="WhatsApp chat exported as text, in the notation of any language",
        carries=("authors", "times"),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="none",
    ),
)


def _messages(lines: Sequence[str]) -> tuple[list[tuple[Start, list[str]]], Counter[str]]:
    messages: list[tuple[Start, list[str]]] = []
    skipped: Counter[str] = Counter()
    for line in lines:
        if (start := read_start(line)) is not None:
            messages.append((start, [start.rest]))
        elif messages:
            messages[-1][1].append(line)
        else:
            skipped["blank line" if not line.strip() else "text before the first message"] += 1
    return messages, skipped


def _row(start: Start, lines: Sequence[str], chat: ChatChunk) -> dict[str, str | None]:
    author, text = start.author, "\n".join(line.rstrip("\r") for line in lines).strip()
    system = author is None or is_system(text)
    text, edited = without_edit_mark(text)
    file, text = (None, text) if system else attachment(text)
    deleted = not system and is_deleted(text)
    kept = {name: value for name, value in (("attachment", file), ("edited", edited)) if value}
    return {
        "comment_id": "",
        "thread_id": chat.thread,
        "author": author,
        "created_at": time_of(start, chat.order),
        "text": "" if deleted else re.sub("[\u200e\u200f]", "", text),
        "kind": "system" if system else "comment",
        "status": "deleted" if deleted else "visible",
        "extra": jsonlines.encode(kept) if kept else None,
    }
