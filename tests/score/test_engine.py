"""A run: complete, resumable, guarded against a second writer and against changed inputs."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from moderation.errors import DataError, ModelError, ModerationError, UsageError
from moderation.ingest import linesplit
from moderation.score.engine import scan
from moderation.score.export import score_file
from moderation.score.run import Run
from moderation.score.select import Selection

THREADS = 7


def dump(path: Path, rows: int = 400, *, bad: bool = True) -> Path:
    """Write a dump whose parents stand anywhere before or after their replies."""
    lines = []
    for i in range(rows):
        record = {
            "id": f"c{i}",
            "thread_id": f"t{i % THREADS}",
            "parent_id": f"c{(i * 31 + THREADS) % rows}" if i % 3 else None,
            "author": f"author {i % 11}",
            "created_at": 1_700_000_000 + 60 * i,
            "body": ("you stupid idiot", "thank you for the photo", "they staged it", "")[i % 4]
            + f" {i}" * (i % 4 < 3),
        }
        lines.append(json.dumps(record))
    if bad:
        lines.insert(rows // 2, '{"id": "half')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut inputs into many parts, and do not put those of one small input together."""
    monkeypatch.setattr(linesplit, "CHUNK_SIZE", 8192)
    monkeypatch.setattr("moderation.score.split.GROUP_SIZE", 1)


def quick_scan(given: Path, out: Path, model: Path, **options: object) -> Run:
    return scan(given, out, model=model, report=False, jobs=1, any_language=True, **options)  # type: ignore[arg-type]


def everything(run: Path) -> dict[str, bytes]:
    """Return the bytes of all files that hold rows or rejects."""
    files = [*run.glob("comments/*"), *run.glob("threads/*"), run / "rejects.jsonl"]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_every_record_becomes_a_row_or_a_reject(tmp_path: Path, tiny_model: Path, small_parts: None) -> None:
    run = quick_scan(dump(tmp_path / "dump.jsonl"), tmp_path / "run", tiny_model)
    counts = run.accounting
    assert (counts.read, counts.rows, counts.rejected) == (401, 400, 1)
    assert (counts.scored, dict(counts.not_scored)) == (300, {"empty": 100})
    assert len(run.manifest["parts"]) > 3
    table = run.to_table()
    assert table["comment_id"].to_pylist() == [f"c{i}" for i in range(400)]
    assert table["p_abusive"].null_count == 100
    assert table["flags"][0].as_py()[0] == "abusive"
    assert table["flags"][2].as_py() == ["conspiracy"]
    [reject] = map(json.loads, run.rejects.read_text().splitlines())
    assert reject["place"] == "line 201"
    assert reject["excerpt"] == '{"id": "half'


def test_threads_reach_across_parts(tmp_path: Path, tiny_model: Path, small_parts: None) -> None:
    given = dump(tmp_path / "dump.jsonl")
    many = quick_scan(given, tmp_path / "many", tiny_model)
    linesplit.CHUNK_SIZE = 8 << 20
    one = quick_scan(given, tmp_path / "one", tiny_model)
    assert len(one.manifest["parts"]) == 1 < len(many.manifest["parts"])
    columns = ["comment_id", "depth", "position", "parent_state", "duplicate_of", "p_abusive", "flags"]
    assert many.to_table(columns).combine_chunks() == one.to_table(columns).combine_chunks()
    assert {"ok", "root", "other_thread"} <= set(many.to_table(["parent_state"])["parent_state"].to_pylist())


KILLED = """
import os, signal, sys
from moderation.ingest import linesplit
from moderation.score import split
from moderation.score.engine import scan
linesplit.CHUNK_SIZE, split.GROUP_SIZE = 8192, 1
class Killer:
    parts = 0
    def note(self, text): pass
    def advance(self, progress):
        Killer.parts += 1
        if Killer.parts == 2:
            os.kill(os.getpid(), signal.SIGKILL)
given, out, model, jobs = sys.argv[1:]
scan(given, out, model=model, report=False, jobs=int(jobs), any_language=True, progress=Killer())
"""


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_run_goes_on_and_equals_an_uninterrupted_one(
    tmp_path: Path, tiny_model: Path, small_parts: None, jobs: int
) -> None:
    given = dump(tmp_path / "dump.jsonl")
    whole = quick_scan(given, tmp_path / "whole", tiny_model)
    killed = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, str(given), str(killed), str(tiny_model), str(jobs)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    done = {path: path.stat().st_mtime_ns for path in (killed / "comments").glob("*.parquet")}
    assert 2 <= len(done) < len(whole.manifest["parts"])
    assert json.loads((killed / "run.json").read_text())["state"] == "running"
    with pytest.raises(DataError, match="unfinished"):
        Run.open(killed)

    resumed = quick_scan(given, killed, tiny_model)

    assert everything(killed) == everything(tmp_path / "whole")
    assert resumed.to_table() == whole.to_table()
    assert resumed.accounting == whole.accounting
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert not any((killed / "tmp").iterdir())


@pytest.mark.parametrize("step", ["threads.write_part", "finish.write_lines", "manifest.Manifest.close"])
def test_interrupted_finishing_goes_on(
    tmp_path: Path, tiny_model: Path, small_parts: None, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    given = dump(tmp_path / "dump.jsonl")
    limit = Selection(limit=333)
    whole = quick_scan(given, tmp_path / "whole", tiny_model, selection=limit)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"moderation.score.{step}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            quick_scan(given, tmp_path / "begun", tiny_model, selection=limit)
    begun = quick_scan(given, tmp_path / "begun", tiny_model, selection=limit)
    assert begun.accounting == whole.accounting
    assert everything(begun.path) == everything(whole.path)


@pytest.mark.slow
def test_several_processes_write_the_same_run(tmp_path: Path, tiny_model: Path) -> None:
    # Large enough for two chunks of the real size.
    given = dump(tmp_path / "dump.jsonl", 9_000)
    text = given.read_text().replace('"body": "', '"body": "' + "a long story " * 80)
    given.write_text(text)
    one = quick_scan(given, tmp_path / "one", tiny_model)
    two = scan(given, tmp_path / "two", model=tiny_model, report=False, jobs=2, any_language=True)
    assert len(two.manifest["parts"]) > 1
    assert everything(two.path) == everything(one.path)


def test_finished_run_is_not_done_again(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl")
    run = quick_scan(given, tmp_path / "run", tiny_model)
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*.parquet")}
    notes: list[str] = []

    class Listener:
        def note(self, text: str) -> None:
            notes.append(text)

        def advance(self, progress: object) -> None:
            raise AssertionError("nothing is left to do")

    quick_scan(given, tmp_path / "run", tiny_model, progress=Listener())
    assert notes == [f"{tmp_path / 'run'} is already finished; give another -o to score again"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def unfinished(run: Path) -> None:
    manifest = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(manifest | {"state": "running"}))


def test_second_writer_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl")
    run = quick_scan(given, tmp_path / "run", tiny_model)
    holder = os.open(run.path / ".lock", os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(ModerationError, match="another process"):
            quick_scan(given, run.path, tiny_model)
    finally:
        os.close(holder)
    quick_scan(given, run.path, tiny_model)


def test_changed_input_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl")
    facts = given.stat()
    unfinished(quick_scan(given, tmp_path / "run", tiny_model).path)
    # Same size, same time: only the content tells.
    given.write_text(given.read_text().replace("photo", "pasta"))
    os.utime(given, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(DataError, match=r"dump\.jsonl has changed since .* put the old file back"):
        quick_scan(given, tmp_path / "run", tiny_model)


@pytest.mark.parametrize("change", ["content", "name", "one more"])
def test_changed_folder_is_refused(change: str, tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "comments"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.yml").write_text(f"_id: c{i}\n_parent: /bridge\nname: Ann\nmessage: a photo {i}\n")
    run = quick_scan(folder, tmp_path / "run", tiny_model)
    assert run.accounting.rows == 3
    unfinished(run.path)
    assert quick_scan(folder, tmp_path / "run", tiny_model).accounting == run.accounting
    unfinished(run.path)
    facts = (folder / "1.yml").stat()
    if change == "content":
        (folder / "1.yml").write_text((folder / "1.yml").read_text().replace("photo", "pasta"))
    else:
        (folder / "1.yml").rename(folder / "3.yml")
        if change == "one more":
            (folder / "1.yml").write_bytes((folder / "3.yml").read_bytes())
    for path in folder.iterdir():
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(DataError, match=r"comments has changed since .* put the old file back"):
        quick_scan(folder, tmp_path / "run", tiny_model)


def test_changed_options_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl")
    unfinished(quick_scan(given, tmp_path / "run", tiny_model).path)
    with pytest.raises(UsageError, match=r"another limit \(none, now 10\)"):
        quick_scan(given, tmp_path / "run", tiny_model, selection=Selection(limit=10))
    other = dump(tmp_path / "other.jsonl")
    with pytest.raises(UsageError, match="other inputs"):
        quick_scan(other, tmp_path / "run", tiny_model)


def test_changed_model_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl")
    run = quick_scan(given, tmp_path / "run", tiny_model)
    manifest = run.manifest | {"state": "running", "model": run.manifest["model"] | {"digest": "0" * 64}}
    (run.path / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="begun with model tiny"):
        quick_scan(given, run.path, tiny_model)


def test_foreign_directory_is_left_alone(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.txt").write_text("meow")
    with pytest.raises(UsageError, match=r"no run and not empty .*cat\.txt"):
        quick_scan(dump(tmp_path / "dump.jsonl"), tmp_path / "photos", tiny_model)
    assert (tmp_path / "photos" / "cat.txt").read_text() == "meow"


def test_nothing_is_left_of_a_run_that_could_not_begin(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match="empty"):
        quick_scan(tmp_path / "empty.jsonl", tmp_path / "run", tiny_model)
    assert not (tmp_path / "run").exists()


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    dump(folder / "a.jsonl", 20, bad=False)
    (folder / "b.bin").write_bytes(bytes(range(256)) * 40)
    dump(folder / "c.jsonl", 30, bad=False)
    run = quick_scan(folder, tmp_path / "run", tiny_model)
    assert run.accounting.rows == 50
    [problem] = run.problems
    assert "b.bin" in problem


def test_limit_keeps_the_first_rows(tmp_path: Path, tiny_model: Path, small_parts: None) -> None:
    given = dump(tmp_path / "dump.jsonl")
    run = quick_scan(given, tmp_path / "run", tiny_model, selection=Selection(limit=130))
    assert run.to_table(["comment_id"])["comment_id"].to_pylist() == [f"c{i}" for i in range(130)]
    counts = run.accounting
    assert counts.rows == 130
    assert counts.read == 130 + counts.rejected + counts.skipped["limit"]


def test_sample_keeps_whole_threads_and_always_the_same(
    tmp_path: Path, tiny_model: Path, small_parts: None
) -> None:
    given = dump(tmp_path / "dump.jsonl")
    half = quick_scan(given, tmp_path / "half", tiny_model, selection=Selection(sample=0.5))
    threads = half.to_table(["thread_id"])["thread_id"].to_pylist()
    assert 0 < len(set(threads)) < THREADS
    per_thread = [sum(i % THREADS == int(thread[1:]) for i in range(400)) for thread in sorted(set(threads))]
    assert [threads.count(thread) for thread in sorted(set(threads))] == per_thread
    assert half.accounting.skipped["outside the sample"] == 400 - len(threads)


def test_time_span(tmp_path: Path, tiny_model: Path) -> None:
    given = dump(tmp_path / "dump.jsonl", 100, bad=False)
    begin = datetime.fromtimestamp(1_700_000_000 + 60 * 10, UTC)
    end = datetime.fromtimestamp(1_700_000_000 + 60 * 20, UTC)
    run = quick_scan(given, tmp_path / "run", tiny_model, selection=Selection(since=begin, until=end))
    assert run.to_table(["comment_id"])["comment_id"].to_pylist() == [f"c{i}" for i in range(10, 20)]
    assert dict(run.accounting.skipped) == {"outside the time span": 90}


def test_unknown_column_of_a_run(tmp_path: Path, tiny_model: Path) -> None:
    run = quick_scan(dump(tmp_path / "dump.jsonl"), tmp_path / "run", tiny_model)
    with pytest.raises(UsageError, match="no column 'p_rude'"):
        list(run.batches(["p_rude"]))


def test_manifest_says_what_the_run_was_made_from(tmp_path: Path, tiny_model: Path) -> None:
    run = quick_scan(dump(tmp_path / "dump.jsonl"), tmp_path / "run", tiny_model)
    manifest = json.loads((run.path / "run.json").read_text())
    [entry] = manifest["inputs"]
    assert (entry["format"], entry["encoding"], entry["size"]) == (
        "jsonl",
        "utf-8",
        (tmp_path / "dump.jsonl").stat().st_size,
    )
    assert len(entry["digest"]) == len(entry["digest_head"]) == len(manifest["model"]["digest"]) == 64
    assert manifest["state"] == "finished"
    assert sum(part["rows"] for part in manifest["parts"]) == manifest["accounting"]["rows"] == 400
    assert pa.types.is_list(run.schema.field("flags").type)


def test_run_within_the_scanned_folder_is_not_its_own_input(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    dump(folder / "a.jsonl", 20, bad=False)
    run = quick_scan(folder, folder / "run", tiny_model)
    assert quick_scan(folder, folder / "run", tiny_model).accounting == run.accounting
    assert run.accounting.rows == 20


def test_several_tables_with_different_columns(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "a.csv").write_text("text,stars,city\nyou idiot,5,Rome\n")
    (tmp_path / "b.csv").write_text("text,colour,stars\nthank you,red,many\n")
    out = tmp_path / "out.csv"
    score_file([tmp_path / "a.csv", tmp_path / "b.csv"], out, model=tiny_model, jobs=1)
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert [[row[name] for name in ("text", "stars", "city", "colour")] for row in rows] == [
        ["you idiot", "5", "Rome", ""],
        ["thank you", "many", "", "red"],
    ]
    assert float(rows[0]["p_abusive"]) > float(rows[1]["p_abusive"])
