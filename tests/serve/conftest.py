"""A server over the tiny model, in this process or on the network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

pytest.importorskip("starlette", reason="moderation[serve] is not installed")

from served import ANALYZE, Make, Serve, Served  # type: ignore[import-not-found]
from starlette.testclient import TestClient

from moderation.serve.app import create_app
from moderation.serve.settings import Settings


@pytest.fixture
def make_client(tiny_model: Path) -> Iterator[Make]:
    """Return a function that starts an application with settings and returns a client of it."""
    opened: list[TestClient] = []

    def make(**settings: Any) -> TestClient:
        app = create_app(Settings(model=str(tiny_model), **settings))
        opened.append(TestClient(app, raise_server_exceptions=False).__enter__())
        return opened[-1]

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: Make) -> TestClient:
    return make_client()


@pytest.fixture
def analyze(client: TestClient) -> Callable[..., Any]:
    """Return a function from a text and further fields to the JSON of the answer."""

    def ask(text: str, attributes: Any = ("TOXICITY",), **fields: Any) -> Any:
        asked = attributes if isinstance(attributes, dict) else {name: {} for name in attributes}
        request = {"comment": {"text": text}, "requestedAttributes": asked, **fields}
        return client.post(ANALYZE, json=request).json()

    return ask


@pytest.fixture(scope="session")
def serve(tiny_model: Path) -> Serve:
    """Return a function that serves the tiny model on a free port; options as on the command line."""

    @contextmanager
    def run(*options: str, model: str | None = None) -> Iterator[Served]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-c",
            "from moderation.cli import main; main()",
            "serve",
            "--port",
            str(port),
        ]
        command += ["-q", "--model", model or str(tiny_model), *options]
        if "--decisions" not in options:
            command += ["--decisions", "none"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
            served = Served(process, f"http://127.0.0.1:{port}")
            try:
                _wait(served)
                yield served
            finally:
                process.kill()

    return run


def _wait(served: Served) -> None:
    for _ in range(1800):
        assert served.process.poll() is None, served.process.communicate()[1]
        try:
            with urlopen(f"{served.address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")
