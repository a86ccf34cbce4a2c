"""Inputs and outputs elsewhere, and a full disk: nothing is lost, nothing done twice."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from joblib.externals.loky import reusable_executor

from moderation.errors import DataError, ModerationError, UsageError
from moderation.ingest import linesplit
from moderation.score.engine import scan
from moderation.score.export import score_file
from moderation.score.run import Run


@pytest.fixture
def dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a dump that becomes some ten parts, with one broken line."""
    monkeypatch.setattr(linesplit, "CHUNK_SIZE", 4096)
    monkeypatch.setattr("moderation.score.split.GROUP_SIZE", 1)
    lines = [
        json.dumps({"id": f"c{i}", "thread_id": "t", "body": f"you idiot number {i}"}) for i in range(600)
    ]
    lines[300] = '{"id": "half'
    path = tmp_path / "dump.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def quick(given: Path | str, out: Path, model: Path, jobs: int = 1) -> Run:
    return scan(given, out, model=model, report=False, jobs=jobs, any_language=True)


def rows(run: Path) -> dict[str, bytes]:
    return {f"{p.parent.name}/{p.name}": p.read_bytes() for p in run.rglob("part-*")}


@pytest.mark.parametrize("scheme", ["memory://folder/dump.jsonl", "file"])
def test_a_dump_behind_a_url_is_the_same_run(
    scheme: str, dump: Path, tmp_path: Path, tiny_model: Path
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra moderation[remote] is not installed")
    url = dump.as_uri() if scheme == "file" else scheme
    if scheme != "file":
        fsspec.filesystem("memory").pipe("/folder/dump.jsonl", dump.read_bytes())
    here = quick(dump, tmp_path / "here", tiny_model)
    there = quick(url, tmp_path / "there", tiny_model)
    assert there.accounting == here.accounting
    assert rows(there.path) == rows(here.path)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_table_is_written_to_a_url(suffix: str, dump: Path, tmp_path: Path, tiny_model: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra moderation[remote] is not installed")
    score_file(dump, tmp_path / f"here{suffix}", model=tiny_model, jobs=1)
    url = f"memory://out/there{suffix}"
    outcome = score_file(dump, url, model=tiny_model, jobs=1)
    memory = fsspec.filesystem("memory")
    assert memory.cat(f"/out/there{suffix}") == (tmp_path / f"here{suffix}").read_bytes()
    assert outcome.accounting.rejected == 1
    rejects = (tmp_path / f"here{suffix}.rejects.jsonl").read_bytes()
    assert memory.cat(f"/out/there{suffix}.rejects.jsonl") == rejects


def test_a_run_directory_is_no_url(dump: Path, tiny_model: Path) -> None:
    pytest.importorskip("fsspec", reason="the extra moderation[remote] is not installed")
    with pytest.raises(UsageError, match="needs a folder"):
        score_file(dump, "memory://out/run", model=tiny_model)


def test_full_disk_is_said_and_gone_on_from(
    dump: Path, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = quick(dump, tmp_path / "whole", tiny_model)
    write, written = pq.write_table, 0

    def until_full(table: object, where: object, **options: object) -> None:
        nonlocal written
        written += 1
        if written > 3:
            Path(str(where)).write_bytes(b"PAR1 half a part")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(table, where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", until_full)
        with pytest.raises(DataError, match=r"part-00003\.parquet could not be written: No space left"):
            quick(dump, tmp_path / "full", tiny_model)
    done = sorted((tmp_path / "full" / "comments").iterdir())
    assert [path.name for path in done] == [f"part-{number:05d}.parquet" for number in range(3)]
    times = [path.stat().st_mtime_ns for path in done]
    again = quick(dump, tmp_path / "full", tiny_model)
    assert [path.stat().st_mtime_ns for path in done] == times
    assert again.accounting == whole.accounting
    assert rows(again.path) == rows(whole.path)
    assert not any((again.path / "tmp").iterdir())


@pytest.mark.slow
def test_dead_worker_is_said_and_gone_on_from(dump: Path, tmp_path: Path, tiny_model: Path) -> None:
    # So many parts that some are left when the first is there.
    dump.write_text(dump.read_text() * 4)
    whole = quick(dump, tmp_path / "whole", tiny_model)
    out = tmp_path / "killed"

    def kill_when_under_way() -> None:
        while not list(out.glob("comments/*.parquet")):
            time.sleep(0.01)
        os.kill(next(iter(reusable_executor._executor._processes)), signal.SIGKILL)

    killer = threading.Thread(target=kill_when_under_way, daemon=True)
    killer.start()
    with pytest.raises(ModerationError, match="a worker process was killed"):
        quick(dump, out, tiny_model, jobs=2)
    done = {path: path.stat().st_mtime_ns for path in out.glob("comments/*.parquet")}
    again = quick(dump, out, tiny_model)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert again.accounting == whole.accounting
    assert rows(again.path) == rows(whole.path)
