"""`/v1/score`: many texts in one request, or a stream of lines, with probabilities, flags and spans."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs

import msgspec
import pyarrow as pa

from moderation.schema import probability_column
from moderation.serve.body import Gone, Receive, check_headers, read_lines
from moderation.serve.endpoint import JsonEndpoint, Scope, Send, send_error
from moderation.serve.errors import ApiError, refused
from moderation.serve.messages import Scored, ScoreLine, ScoreRequest, ScoreResponse, Share
from moderation.serve.service import Service

NAME: Final = "/v1/score"
STREAM: Final = b"application/x-ndjson"

LONGEST_TEXT: Final = 1 << 16
"""Bytes of a text; the longest comments that sites allow have 40,000 characters."""

MOST_TEXTS: Final = 1000
"""Texts of one request; a stream has no end."""

LONGEST_LINE: Final = 1 << 17

_ENCODER: Final = msgspec.json.Encoder()
_LINE: Final = msgspec.json.Decoder(ScoreLine)


async def score(service: Service, request: ScoreRequest) -> ScoreResponse:
    """Score a batch of texts.

    Raises
    ------
    ApiError
        400: too many texts, or one that is too long; 429: too many texts wait.
    """
    if len(request.texts) > MOST_TEXTS:
        raise refused(f"A request holds at most {MOST_TEXTS} texts; send a stream for more")
    for number, text in enumerate(request.texts):
        if _too_long(text):
            raise refused(f"texts[{number}] is longer than {LONGEST_TEXT} bytes", "COMMENT_TOO_LONG")
    scored = await _scored(service, request.texts, request.explain, request.any_language)
    return ScoreResponse(service.model_name, scored)


class ScoreEndpoint:
    """Answers a JSON request as a whole, and a stream of lines line by line while it arrives.

    Parameters
    ----------
    service : Service
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._whole = JsonEndpoint(service, NAME, ScoreRequest, score, lenient=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if kind.split(b";")[0].strip().lower() not in (STREAM, b"application/jsonl"):
            await self._whole(scope, receive, send)
            return
        started, code = time.perf_counter(), 500
        try:
            self._service.keys.check(scope)
            check_headers(scope, None)
            await self._stream(scope, receive, send)
            code = 200
        except ApiError as error:
            code = error.code
            await send_error(send, error)
        except Gone:
            code = 499
        finally:
            self._service.metrics.answered(NAME, code, time.perf_counter() - started)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Score lines as they arrive; what is wrong with one is said in its place."""
        options = parse_qs(scope["query_string"].decode("latin-1"))
        explain, any_language = (options.get(name) == ["true"] for name in ("explain", "any_language"))
        seconds = self._service.settings.body_seconds
        headers = [(b"content-type", STREAM), (b"x-content-type-options", b"nosniff")]
        begun = False
        try:
            async for lines in read_lines(receive, seconds, LONGEST_LINE):
                answer = await self._answered(lines, explain, any_language)
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                    begun = True
                await send({"type": "http.response.body", "body": answer, "more_body": True})
        except ApiError as error:
            if not begun:
                raise
            line = _ENCODER.encode(Scored(error=error.message)) + b"\n"
            await send({"type": "http.response.body", "body": line, "more_body": True})
        if not begun:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answered(self, lines: Sequence[bytes | None], explain: bool, any_language: bool) -> bytes:
        answers: list[Scored] = []
        texts, places = [], []
        for line in lines:
            if line is not None and not line.strip():
                continue
            read = _read_line(line)
            if isinstance(read, ScoreLine):
                places.append(len(answers))
                texts.append(read.text)
                answers.append(Scored(id=read.id))
            else:
                answers.append(read)
        scored = await _scored(self._service, texts, explain, any_language)
        for place, found in zip(places, scored, strict=True):
            found.id = answers[place].id
            answers[place] = found
        return _ENCODER.encode_lines(answers)


async def _scored(service: Service, texts: Sequence[str], explain: bool, any_language: bool) -> list[Scored]:
    found: list[Scored] = []
    async for table in service.batcher.tables(texts, any_language=any_language):
        found += _rows(service, table)
    if explain:
        for text, one in zip(texts, found, strict=True):
            if one.probabilities is not None:
                spans = (await service.batcher.work(service.model.explain, text)).spans
                one.spans = [Share(span.begin, span.end, span.shares) for span in spans]
    return found


def _rows(service: Service, table: pa.Table) -> list[Scored]:
    labels = service.model.labels
    columns = [table[probability_column(label)].to_pylist() for label in labels]
    rows = zip(*columns, strict=True)
    flags = service.policy.flags(table).to_pylist()
    languages, reasons = table["language"].to_pylist(), table["not_scored"].to_pylist()
    return [
        Scored(
            probabilities=dict(zip(labels, row, strict=True)) if reason is None else None,
            flags=flagged,
            language=language,
            not_scored=reason,
        )
        for row, flagged, language, reason in zip(rows, flags, languages, reasons, strict=True)
    ]


def _read_line(line: bytes | None) -> ScoreLine | Scored:
    if line is None:
        return Scored(error=f"a line is longer than {LONGEST_LINE} bytes")
    try:
        read = _LINE.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Scored(error='not a line of the form {"id": ..., "text": ...}')
    if _too_long(read.text):
        return Scored(id=read.id, error=f"the text is longer than {LONGEST_TEXT} bytes")
    return read


def _too_long(text: str) -> bool:
    return len(text) > LONGEST_TEXT or (len(text) * 4 > LONGEST_TEXT and len(text.encode()) > LONGEST_TEXT)
