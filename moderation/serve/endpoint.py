"""One POST endpoint: key, body, message, answer, count; the same way for all of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeAlias

import msgspec

from moderation.serve.body import Gone, Receive, read_body
from moderation.serve.errors import ApiError, failed
from moderation.serve.messages import Message, Reader
from moderation.serve.service import Service

Scope: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

JSON: bytes = b"application/json; charset=utf-8"
_ENCODER = msgspec.json.Encoder()


class JsonEndpoint(Generic[Message]):
    """An ASGI application that reads a message and answers with another.

    Parameters
    ----------
    service : Service
    name : str
        What it is counted as.
    kind : type
        Of the request.
    answer : callable
        Service and request to a JSON-ready answer.
    lenient : bool
        See `Reader`.
    """

    def __init__(
        self,
        service: Service,
        name: str,
        kind: type[Message],
        answer: Callable[[Service, Message], Awaitable[Any]],
        *,
        lenient: bool = True,
    ) -> None:
        self._service = service
        self._name = name
        self._reader = Reader(kind, lenient=lenient)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        service, code = self._service, 500
        try:
            service.keys.check(scope)
            body = await read_body(scope, receive, service.settings.body_seconds)
            answer = await self._answer(service, self._reader.read(body))
            encoded = _ENCODER.encode(answer)
            code = 200
            await send_bytes(send, code, encoded)
        except ApiError as error:
            code = error.code
            await send_error(send, error)
        except Gone:
            code = 499
        except Exception:
            if code == 500:
                await send_error(send, failed())
            raise
        finally:
            service.metrics.answered(self._name, code, time.perf_counter() - started)


async def send_error(send: Send, error: ApiError) -> None:
    """Send an error in its envelope."""
    await send_bytes(send, error.code, _ENCODER.encode(error.to_dict()), closing=error.closing)


async def send_bytes(
    send: Send, code: int, body: bytes, kind: bytes = JSON, *, closing: bool = False
) -> None:
    """Send a whole answer.

    Parameters
    ----------
    send
        Of ASGI.
    code : int
    body : bytes
    kind : bytes
        Content type.
    closing : bool
        Close the connection after it.
    """
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if closing:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
