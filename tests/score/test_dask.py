"""A run on a Dask cluster is the same run, even if a worker is killed while it works."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from moderation.errors import UsageError
from moderation.ingest import linesplit
from moderation.score import split
from moderation.score.engine import fill, make_request
from moderation.score.parallel import Workers
from moderation.score.progress import Silent

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed", reason="the extra moderation[dask] is not installed")


@pytest.fixture
def dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(linesplit, "CHUNK_SIZE", 4096)
    monkeypatch.setattr(split, "GROUP_SIZE", 1)
    path = tmp_path / "dump.jsonl"
    with path.open("w") as file:
        for i in range(1500):
            parent = f"c{i - i % 9 - 1}" if i % 9 and i > 9 else None
            file.write(
                json.dumps({"id": f"c{i}", "parent_id": parent, "thread_id": "t", "body": f"you idiot {i}"})
                + "\n"
            )
    return path


def rows(run: Path) -> dict[str, bytes]:
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in run.rglob("*.parquet")}


def test_same_run_although_a_worker_is_killed(dump: Path, tmp_path: Path, tiny_model: Path) -> None:
    alone = fill(make_request(str(dump), tiny_model, None, workers=Workers(1)), tmp_path / "alone", Silent())
    assert len(alone.manifest["parts"]) > 10
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        victim = next(iter(cluster.workers.values()))

        def kill_when_under_way(run: Path) -> None:
            while len(list(run.glob("comments/*.parquet"))) < 3:
                time.sleep(0.01)
            os.kill(victim.pid, signal.SIGKILL)
            # As if it had been writing just then.
            (run / "tmp" / f".part-00003.parquet.{victim.pid}.tmp").write_bytes(b"PAR1")

        out = tmp_path / "cluster"
        killer = threading.Thread(target=kill_when_under_way, args=(out,))
        killer.start()
        workers = Workers(backend="dask", scheduler=cluster.scheduler_address)
        run = fill(make_request(str(dump), tiny_model, None, workers=workers), out, Silent())
        killer.join()
    assert run.accounting == alone.accounting
    assert rows(out) == rows(tmp_path / "alone")
    assert not any((out / "tmp").iterdir())


def test_no_scheduler(dump: Path, tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="--backend dask"):
        Workers(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match="known: loky, dask"):
        Workers(backend="ray")
