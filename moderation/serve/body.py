"""Reading what a client sends: never more than allowed, never longer than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from moderation.serve.errors import ApiError

Receive = Callable[[], Awaitable[dict[str, Any]]]

LARGEST_BODY: Final = 2 << 20
"""Bytes of a body; the original's own limit, since a context may hold a megabyte."""


class Gone(Exception):
    """The client has closed the connection: nobody is there to be answered."""


async def read_body(
    scope: dict[str, Any], receive: Receive, seconds: float, largest: int = LARGEST_BODY
) -> bytes:
    """Return the whole body.

    Parameters
    ----------
    scope, receive
        Of ASGI.
    seconds : float
        How long it may take after its first part.
    largest : int
        Most bytes; reading stops there.

    Raises
    ------
    ApiError
        413 too large, 408 too slow, 415 compressed.
    Gone
    """
    check_headers(scope, largest)
    # Mostly this is all of it, and a timer would cost more than all else here. Who sends nothing is cut off
    # by the server (`moderation.serve.server`).
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body") and len(body) <= largest:
        return body
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(seconds):
            while True:
                if message["type"] == "http.disconnect":
                    raise Gone
                if size > largest:
                    raise _too_large(largest)
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
    except TimeoutError as error:
        raise ApiError(408, "The body did not arrive in time.", closing=True) from error


async def read_lines(receive: Receive, seconds: float, longest: int) -> AsyncIterator[list[bytes | None]]:
    """Yield the lines of a body as they arrive, without their ends; a line that is too long is None.

    Parameters
    ----------
    receive
        Of ASGI.
    seconds : float
        How long the next part may take.
    longest : int
        Most bytes of a line; the rest of a longer one is read and dropped.

    Raises
    ------
    ApiError
        408 too slow.
    Gone
    """
    rest, dropping, more = b"", False, True
    while more:
        try:
            message = await asyncio.wait_for(receive(), seconds)
        except TimeoutError as error:
            raise ApiError(408, "The next line did not arrive in time.", closing=True) from error
        if message["type"] == "http.disconnect":
            raise Gone
        more = bool(message.get("more_body"))
        *lines, rest = (rest + message.get("body", b"")).split(b"\n")
        if not more and rest:
            lines, rest = [*lines, rest], b""
        found: list[bytes | None] = [line if len(line) <= longest else None for line in lines]
        if dropping and found:
            found[0], dropping = None, False
        if len(rest) > longest:
            rest, dropping = b"", True
        if found:
            yield found


def check_headers(scope: dict[str, Any], largest: int | None) -> None:
    """Refuse by its headers a body that is compressed, or larger than `largest` bytes.

    Raises
    ------
    ApiError
        413 or 415.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and largest is not None and value.isdigit() and int(value) > largest:
            raise _too_large(largest)
        if name == b"content-encoding" and value.lower() != b"identity":
            raise ApiError(415, "Send the body uncompressed.", closing=True)


def _too_large(largest: int) -> ApiError:
    message = f"Request payload size exceeds the limit: {largest} bytes."
    return ApiError(413, message, closing=True)
