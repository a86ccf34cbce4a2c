"""The server as a process: what it acknowledged survives kill -9."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from handmade_run import SMALL, make_run

from moderation.cli import run as command
from moderation.decisions.store import DecisionStore
from moderation.errors import ModerationError
from moderation.review.access import Access
from moderation.review.server import serve

SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, {report!r})
import socket
import uvicorn
from handmade_run import comment, make_run
from moderation.decisions.store import DecisionStore
from moderation.review.access import Access
from moderation.review.app import make_app
from moderation.review.desk import Desk, Scored
from moderation.review.index import Index
folder = Path({folder!r})
run = make_run(folder / "run", [comment(str(n), f"idiot {{n}}", insult=0.9) for n in range(100)])
desk = Desk(Index(run), DecisionStore(folder / "d.sqlite"), Scored("fast@d1", run.policy, "2f7e3d036531bf55"))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
app = make_app(desk, Access(("127.0.0.1",), token="t"), "run")
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""


def test_kill_9_loses_no_acknowledged_decision(tmp_path: Path) -> None:
    code = SERVER.format(report=str(Path(__file__).parents[1] / "report"), folder=str(tmp_path))
    acknowledged = []
    # Killed hard, it leaves its index behind: among the files of this test.
    within = {**os.environ, "TMPDIR": str(tmp_path)}
    arguments = [sys.executable, "-c", code]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=within) as server:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        headers = {"Origin": base, "Accept": "application/json"}
        with httpx.Client(base_url=base, headers=headers, follow_redirects=True, timeout=120) as browser:
            csrf = re.search('data-csrf="([^"]+)"', browser.get("/", params={"token": "t"}).text)[1]
            browser.post("/name", data={"csrf": csrf, "reviewer": "Rae"})
            for row in range(12):
                answer = browser.post("/decide", data={"csrf": csrf, "row": row, "decision": "remove"})
                assert answer.status_code == 200
                acknowledged.append(str(row))
            os.kill(server.pid, signal.SIGKILL)
    with DecisionStore(tmp_path / "d.sqlite", create=False) as store:
        assert [made.comment_id for made in store.current()] == acknowledged


def test_a_second_server_on_the_same_run_is_kept_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", SMALL)
    said: list[str] = []

    def again(text: str) -> None:
        said.append(text)
        with pytest.raises(ModerationError, match="being reviewed on another server"):
            serve(run, access, "127.0.0.1", 0, say=said.append)
        raise KeyboardInterrupt

    access = Access(("127.0.0.1",), token="t")
    for _ in range(2):
        # The first one has gone: the run is free again.
        with pytest.raises(KeyboardInterrupt):
            serve(run, access, "127.0.0.1", 0, say=again)
    assert len(said) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "--password-file"),
        (["--host", "0.0.0.0", "--proxy-header", "X-User"], "--allow-host"),
        (["--blind"], "--sample"),
        (["--password-file", "none"], "none: no password file"),
        ([], "is no run"),
    ],
)
def test_what_cannot_be_served_is_said(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["review", str(tmp_path), *options]) == 2
    assert said in capsys.readouterr().err
