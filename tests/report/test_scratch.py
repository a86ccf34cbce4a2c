"""What a process that was killed has left in the temporary folder goes at the next start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moderation.report.scratch import Scratch

WAITING = """
from moderation.report.scratch import Scratch
scratch = Scratch("trial")
print(scratch._folder, flush=True)
input()
"""


def start(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        env={"TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_only_folders_of_killed_processes_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed, left = start(tmp_path)
    alive, used = start(tmp_path)
    strange = tmp_path / "moderation-trial-of-mine"
    strange.mkdir()
    killed.kill()
    killed.communicate()
    assert left.is_dir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Scratch("trial").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([strange.name, used.name])
    alive.communicate("\n")
