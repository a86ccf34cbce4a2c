"""Running the application: uvicorn, worker processes, and clients that take their time."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from moderation.serve.app import create_app
from moderation.serve.metrics import SHARED_FOLDER
from moderation.serve.settings import Settings

HEADER_SECONDS: Final = 10.0
READING_SECONDS: Final = 30.0
"""How long a client may leave its answer unread, once no more of it fits into the buffers between."""

LARGEST_HEADERS: Final = 1 << 16
IDLE_SECONDS: Final = 65
"""Longer than pools of common clients and proxies keep it, so that they are who closes it."""

DRAIN_SECONDS: Final = 30
"""How long what is in flight may take after SIGTERM."""

WORKER_SECONDS: Final = 60
"""How long a worker may be silent before it is replaced: on a busy machine it takes long to start."""

SETTINGS_VARIABLE: Final = "MODERATION_SERVE"
"""Environment variable in which worker processes find their settings."""


class PatientProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, but with an end to patience.

    A connection is closed whose request is slow to come or has endless headers, and one whose client does not
    read its answers. How long the rest of a body may take is for those who read it to say.
    """

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head_size = 0
        self._awaited = True
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; afterwards a request and some of its body are there, or the wait goes on."""
        super().data_received(data)
        if not self._awaited:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            return
        self._head_size += len(data)
        if self._head_size > LARGEST_HEADERS:
            self.transport.close()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        for deadline in (self._deadline, self._unread):
            if deadline is not None:
                deadline.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The buffers are full: the client has to read now."""
        super().pause_writing()
        self._unread = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        """A request begins: its headers are to come."""
        super().on_message_begin()
        self._awaited = True
        self._head_size = 0

    def on_body(self, body: bytes) -> None:
        """The body begins to arrive, or goes on."""
        self._awaited = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._awaited = False
        super().on_message_complete()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)


def run_server(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight.

    Parameters
    ----------
    settings : Settings
    host : str
    port : int
    workers : int
        Processes.

    Raises
    ------
    ModerationError
        A model, policy or file of keys cannot be used.
    """
    # Here and not only in a worker: what is wrong with the settings shall be said once and clearly.
    app = create_app(settings)
    _settle()
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "http": PatientProtocol,
        "ws": "none",
        "lifespan": "on",
        "log_level": "warning",
        # An address holds the key of the client.
        "access_log": False,
        "server_header": False,
        # Nothing here depends on who the client is.
        "proxy_headers": False,
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
        "timeout_worker_healthcheck": WORKER_SECONDS,
    }
    if workers == 1:
        uvicorn.run(app, **options)
        return
    with tempfile.TemporaryDirectory(prefix="moderation-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        os.environ[SETTINGS_VARIABLE] = msgspec.json.encode(settings, enc_hook=str).decode()
        uvicorn.run("moderation.serve.server:worker_app", factory=True, workers=workers, **options)


def worker_app() -> Starlette:
    """Return the application of a worker process, from the settings that its parent has left for it."""
    app = create_app(msgspec.json.decode(os.environ[SETTINGS_VARIABLE], type=Settings, dec_hook=_path))
    _settle()
    return app


def _settle() -> None:
    # What is loaded stays: to look through it again and again for what nobody needs takes time from answers.
    gc.collect()
    gc.freeze()


def _path(kind: type, value: Any) -> Any:
    return kind(value)
