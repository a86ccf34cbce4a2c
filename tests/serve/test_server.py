"""The server on the network: limits, slow clients, an orderly end, several processes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from served import ANALYZE, Serve  # type: ignore[import-not-found]

from moderation import load_model
from moderation.serve import server
from moderation.serve.app import create_app
from moderation.serve.batch import Batcher
from moderation.serve.body import LARGEST_BODY
from moderation.serve.errors import ApiError
from moderation.serve.settings import Settings

GOOD = {"comment": {"text": "you idiot"}, "requestedAttributes": {"TOXICITY": {}}}
HEAD = f"POST {ANALYZE} HTTP/1.1\r\nHost: localhost\r\n".encode()


@contextmanager
def listening(model: Path, **settings: Any) -> Iterator[int]:
    """Serve from a thread of this process; yields the port."""
    app = create_app(Settings(model=str(model), **settings))
    config = uvicorn.Config(
        app, port=0, http=server.PatientProtocol, log_level="warning", timeout_keep_alive=server.IDLE_SECONDS
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(30)


def read_all(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.fixture
def connect(tiny_model: Path) -> Iterator[Any]:
    with listening(tiny_model, body_seconds=0.3) as port:
        opened: list[socket.socket] = []

        def new() -> socket.socket:
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=30))
            return opened[-1]

        yield new
        for connection in opened:
            connection.close()


def test_texts_beyond_the_queue_are_refused(tiny_model: Path) -> None:
    async def burst() -> list[Any]:
        batcher = Batcher(load_model(tiny_model), max_queue=4)
        first = await asyncio.gather(
            *(batcher.rate(["you idiot"]) for _ in range(10)), return_exceptions=True
        )
        assert batcher.waiting == 0
        await batcher.rate(["you idiot"])
        return first

    answers = asyncio.run(burst())
    assert [isinstance(answer, ApiError) for answer in answers] == [False] * 4 + [True] * 6
    assert answers[-1].to_dict()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert answers[-1].code == 429


def test_requests_of_one_turn_share_a_batch(tiny_model: Path) -> None:
    sizes: list[int] = []

    async def burst() -> None:
        batcher = Batcher(load_model(tiny_model), 1000, observe=sizes.append)
        await asyncio.gather(*(batcher.rate(["a", "b"]) for _ in range(20)))

    asyncio.run(burst())
    assert sizes == [40]


def test_a_request_that_was_given_up_disturbs_no_other(tiny_model: Path) -> None:
    async def burst() -> list[Any]:
        batcher = Batcher(load_model(tiny_model), 1000)
        tasks = [asyncio.create_task(batcher.rate(["you idiot"])) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third = asyncio.run(burst())
    assert isinstance(second, asyncio.CancelledError) and first == third and first[0].values


def test_a_body_is_cut_off_while_it_is_read(connect: Any) -> None:
    connection = connect()
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    sent, chunk = 0, b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    try:
        while sent < 20 * LARGEST_BODY:
            connection.sendall(chunk)
            sent += 0x10000
    except OSError:
        pass
    answer = read_all(connection)
    # What lies in the buffers of both sides comes on top of what was read.
    assert LARGEST_BODY <= sent < 10 * LARGEST_BODY
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_announced_too_large_is_not_read(connect: Any) -> None:
    connection = connect()
    connection.sendall(HEAD + f"Content-Length: {LARGEST_BODY + 1}\r\n\r\n".encode())
    head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ") and b"connection: close" in head
    assert json.loads(body)["error"]["code"] == 413


def test_a_slow_body_times_out(connect: Any) -> None:
    connection = connect()
    connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"comment"')
    assert read_all(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [b"", HEAD])
def test_slow_headers_close_the_connection(
    monkeypatch: pytest.MonkeyPatch, connect: Any, sent: bytes
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    connection = connect()
    connection.sendall(sent)
    assert read_all(connection) == b""


def test_endless_headers_close_the_connection(connect: Any) -> None:
    connection = connect()
    with pytest.raises(OSError):
        connection.sendall(HEAD)
        for _ in range(2000):
            connection.sendall(b"X-More: " + b"a" * 4000 + b"\r\n")
    assert read_all(connection) == b""


def test_a_client_that_reads_no_answer_is_dropped(monkeypatch: pytest.MonkeyPatch, connect: Any) -> None:
    monkeypatch.setattr(server, "READING_SECONDS", 0.3)
    connection = connect()
    connection.sendall(
        b"POST /v1/score?explain=true HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    line = json.dumps({"text": "you stupid idiot " * 20}).encode() + b"\n"
    chunk = b"%x\r\n%b\r\n" % (len(line), line)
    with pytest.raises(OSError):
        for _ in range(50_000):
            connection.sendall(chunk)


def test_a_connection_serves_many_requests(connect: Any) -> None:
    connection = connect()
    body = json.dumps(GOOD).encode()
    request = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    for _ in range(3):
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
def test_what_is_in_flight_is_finished_after_sigterm(serve: Serve) -> None:
    with serve() as served:
        connection = socket.create_connection(served.host, timeout=60)
        connection.sendall(
            b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

        def send(line: bytes) -> None:
            connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))

        send(b'{"id": 1, "text": "you idiot"}\n')
        answer = b""
        while b'"id":1' not in answer:
            answer += connection.recv(1 << 16)
        ended = ThreadPoolExecutor().submit(served.terminate)
        while True:
            try:
                socket.create_connection(served.host, timeout=5).close()
            except OSError:
                break
            time.sleep(0.05)
        send(b'{"id": 2, "text": "nice photo"}\n')
        connection.sendall(b"0\r\n\r\n")
        answer += read_all(connection)
        assert b'"id":2' in answer and answer.endswith(b"0\r\n\r\n")
        assert ended.result() in (0, -15)


@pytest.mark.slow
def test_several_processes_count_together(serve: Serve) -> None:
    with serve("--workers", "2") as served:
        for _ in range(30):
            assert httpx.post(served.address + ANALYZE, json=GOOD).status_code == 200
        counted = f'moderation_requests_total{{code="200",endpoint="{ANALYZE}"}} 30.0'
        assert counted in httpx.get(f"{served.address}/metrics").text
        served.terminate()


@pytest.mark.slow
def test_no_key_and_no_comment_is_logged(serve: Serve, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("good-key\n")
    with serve("--keys", str(keys)) as served:
        for key in ("good-key", "bad-key"):
            httpx.post(f"{served.address}{ANALYZE}?key={key}", json=GOOD)
            httpx.post(f"{served.address}{ANALYZE}?key={key}", content=b"{broken idiot")
        served.terminate()
        log = served.process.stderr.read()
        assert "key" not in log and "idiot" not in log


@pytest.mark.slow
def test_a_broken_setting_ends_the_command(serve: Serve, tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="no such policy file"),
        serve("--policy", str(tmp_path / "none.toml")),
    ):
        pass
