"""JSON documents as trees: reading whole ones, what a cut one still holds, and paths into them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import ijson
import msgspec

from moderation.ingest import jsonlines

_ASSIGNED = re.compile(rb"(?m)^\s*(?:window\.[\w.$]+|(?:export\s+)?(?:const|let|var)\s+\w+)\s*=\s*")
_BROKEN = (ijson.JSONError, UnicodeError, RecursionError, OverflowError, ValueError)

MAX_DEPTH = 20_000
"""Levels of a document that are followed. Threads nest their replies, five levels of JSON each."""

Chain = tuple[dict[str, Any], ...]
"""The objects around a record, outermost first."""


class Found(NamedTuple):
    """A record, the objects around it and the number of the record that it answers (-1: none)."""

    record: dict[str, Any]
    chain: Chain
    parent: int


class Several(list[Any]):
    """Documents that stand one behind another in one file: answers of an API, page by page."""


def read_document(data: bytes) -> tuple[Any, str | None]:
    """Return a document and None, or what was readable of a damaged one and what is wrong with it.

    Several documents, one behind another, are one `Several`.
    An assignment before it, as in a Twitter archive (`window.YTD.tweets.part0 = `), is left out.
    """
    data = without_script(data)
    try:
        return msgspec.json.decode(data), None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return jsonlines.loads_leniently(data), None
    except (ValueError, RecursionError):
        return read_partly(data)


def read_partly(data: bytes, most: int | None = None) -> tuple[Any, str | None]:
    """Return what cut or damaged documents hold up to the damage, at most `most` of them, and what it is."""
    top = Several()
    stack: list[tuple[Any, str | None]] = [(top, None)]
    events = ijson.basic_parse(io.BytesIO(without_script(data)), use_float=True, multiple_values=True)
    try:
        for event, value in events:
            if event in ("end_map", "end_array"):
                stack.pop()
                if len(top) == most and len(stack) == 1:
                    break
                continue
            container, key = stack[-1]
            if event == "map_key":
                stack[-1] = (container, value)
                continue
            if event in ("start_map", "start_array"):
                value = {} if event == "start_map" else []
            if isinstance(container, list):
                container.append(value)
            else:
                container[key] = value
            if event in ("start_map", "start_array"):
                stack.append((value, None))
                if len(stack) > MAX_DEPTH:
                    return _alone(top), f"nested deeper than {MAX_DEPTH}"
    except _BROKEN as error:
        return _alone(top), str(error).strip()
    return _alone(top), None


def pages(document: Any, flat: bool) -> list[Any]:
    """Return the documents of a file: those of a `Several`; where `flat`, those of a list as well."""
    several = list(document) if isinstance(document, Several) else [document]
    if not flat:
        return several
    return [page for one in several for page in (one if isinstance(one, list) else [one])]


def without_script(data: bytes) -> bytes:
    """Return the JSON behind JavaScript assignments, each on a line of its own; other data as it is.

    Of several the last counts, which may be cut off, and those before it that are JSON.
    """
    if _ASSIGNED.match(data) is None:
        return data
    *others, last = (piece.strip().rstrip(b";") for piece in _ASSIGNED.split(data)[1:])
    return b"\n".join([*filter(_is_json, others), last])


def select(document: Any, path: str) -> Iterator[tuple[Any, Chain]]:
    """Yield the values at a path, with the objects around each.

    Parameters
    ----------
    document : Any
        As decoded.
    path : str
        Keys joined by dots; `[]` behind one goes through its list, `*` through the values of an object
        (whose key is then `^.@key`); the empty path is the document itself.
    """
    found: list[tuple[Any, Chain]] = [(document, ())]
    for step in path.split(".") if path else ():
        name, many = step.removesuffix("[]"), step.endswith("[]")
        following: list[tuple[Any, Chain]] = []
        for value, chain in found:
            for inner, around in _step(value, chain, name):
                if not many:
                    following.append((inner, around))
                elif isinstance(inner, list):
                    following.extend((one, around) for one in inner)
        found = following
    yield from found


def walk(
    document: Any, paths: Sequence[str], children: Sequence[str], above: str | None = None
) -> Iterator[Found]:
    """Yield the records at the paths, each followed by those in it, without recursion.

    `above` is the key under which a record holds what it answers, which may hold what that answers, and so
    on: those come first, outermost last in the document, first here.
    """
    number = 0
    for path in paths:
        for top, chain in select(document, path):
            higher = _higher(top, above) if above else []
            for one in higher:
                yield Found(one, chain, -1)
            number += len(higher)
            waiting = [(top, chain, -1)]
            while waiting:
                record, around, parent = waiting.pop()
                if not isinstance(record, dict):
                    continue
                yield Found(record, around, parent)
                inner = [one for child in children for one, _ in select(record, child)]
                waiting.extend((one, around, number) for one in reversed(inner))
                number += 1


def get(found: Found, path: str) -> Any:
    """Return the value at a path: `a.b` of the record, `^.a` of what is around it, `$.a` of the document.

    `a.*` is the first value of the object `a`. Of a list, `a[-1]` is its last value, `a[type=reply]` the
    first object in it whose `type` is `reply`, and `a[id=@author_id]` the one whose `id` is what the record
    has at `author_id`.
    """
    steps = path.split(".")
    value: Any = found.record
    if steps[0] == "$" or steps[0].startswith("^"):
        place = 0 if steps[0] == "$" else -len(steps[0])
        value = found.chain[place] if len(found.chain) >= abs(place) and found.chain else None
        steps = steps[1:]
    for step in steps:
        if step[-1:] == "]":
            value = _chosen(value, step, found)
        elif step == "*":
            value = next(iter(value.values()), None) if isinstance(value, dict) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _higher(record: Any, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while isinstance(record, dict) and isinstance(record := record.get(key), dict):
        found.append(record)
    return found[::-1]


def _chosen(value: Any, step: str, found: Found) -> Any:
    """Return one value of a list: by its place, or the first object that has a key's wanted value."""
    name, _, choice = step[:-1].partition("[")
    inner = value.get(name) if isinstance(value, dict) else None
    if not isinstance(inner, list):
        return None
    if choice.removeprefix("-").isdigit():
        place = int(choice)
        return inner[place] if -len(inner) <= place < len(inner) else None
    key, _, wanted = choice.partition("=")
    looked_for: Any = get(found, wanted[1:]) if wanted.startswith("@") else wanted
    if not isinstance(looked_for, (str, int)):
        return None
    return _BY_KEY.get(inner, key).get(str(looked_for))


def _alone(top: Several) -> Any:
    return top if len(top) > 1 else top[0] if top else None


class _ByKey:
    """Objects of a list by one of their values, kept for the list that was last looked into."""

    def __init__(self) -> None:
        self._inner: list[Any] | None = None
        self._key = ""
        self._known: dict[str, dict[str, Any]] = {}

    def get(self, inner: list[Any], key: str) -> dict[str, dict[str, Any]]:
        if self._inner is not inner or self._key != key:
            known: dict[str, dict[str, Any]] = {}
            for one in inner:
                if isinstance(one, dict) and isinstance(one.get(key), (str, int)):
                    known.setdefault(str(one[key]), one)
            self._inner, self._key, self._known = inner, key, known
        return self._known


_BY_KEY = _ByKey()


def _step(value: Any, chain: Chain, name: str) -> Iterator[tuple[Any, Chain]]:
    if not name:
        yield value, chain
    elif isinstance(value, dict):
        if name == "*":
            for key, inner in value.items():
                yield inner, (*chain, value, {"@key": key})
        elif name in value:
            yield value[name], (*chain, value)
