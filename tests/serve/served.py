"""What tests of the server share: paths, and a server in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"

Make = Callable[..., "TestClient"]


class Served:
    """A server in a process of its own.

    Parameters
    ----------
    process : subprocess.Popen
    address : str
        Such as `http://127.0.0.1:8000`.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    @property
    def host(self) -> tuple[str, int]:
        name, port = self.address.removeprefix("http://").split(":")
        return name, int(port)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Serve = Callable[..., AbstractContextManager[Served]]
