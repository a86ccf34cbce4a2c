"""How long a report of a large run takes, how much memory it needs, and how long its page takes to open.

    python benchmarks/report.py 10000000
    python benchmarks/report.py 100000 --open

makes a run of so many synthetic comments in a temporary folder (1.1 GB for ten million), reports it in a
process of its own and prints seconds and peak memory. With `--open` Chromium opens the page as well, five
times (needs the extra `moderation[browser]`).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.schema import LABELS, RECORD_SCHEMA, THREAD_SCHEMA

PART = 50_000
TEXTS = 200_000
SENTENCE = (
    "the council said that this bridge will be finished before winter and nobody believes it any more idiot "
    "because every year we hear the same thing and then the money is gone"
)
WORDS = SENTENCE.split()
OPENINGS = 5
THRESHOLD = 0.45
"""Of scores drawn from a beta distribution (.3, 8): about 1 % of the comments are flagged."""


def make_run(folder: Path, count: int) -> None:
    """Write a finished run of `count` comments, rounded down to whole parts."""
    random = np.random.default_rng(0)
    texts = pa.array([" ".join(random.choice(WORDS, random.integers(6, 50))) for _ in range(TEXTS)])
    for name in ("comments", "threads"):
        (folder / name).mkdir(parents=True)
    parts = count // PART
    for number in range(parts):
        comments, threads = _part(number, count, texts, random)
        pq.write_table(comments, folder / "comments" / f"part-{number:05d}.parquet", compression="zstd")
        pq.write_table(threads, folder / "threads" / f"part-{number:05d}.parquet", compression="zstd")
    policy = {
        "thresholds": dict.fromkeys(LABELS, THRESHOLD),
        "expected_precision": dict.fromkeys(LABELS),
        "targets": dict.fromkeys(LABELS, f"threshold {THRESHOLD}"),
        "rules": [],
    }
    rows = parts * PART
    accounting = {"read": rows, "rows": rows, "rejected": 0, "skipped": {}, "scored": rows}
    manifest = {
        "format_version": 1,
        "tool": {"name": "moderation", "version": "benchmark"},
        "model": {"name": "none at hand", "digest": "", "labels": list(LABELS)},
        "policy": policy,
        "options": {},
        "inputs": [],
        "accounting": {**accounting, "not_scored": {}, "repaired": 0},
        "parts": [{"number": number, "rows": PART} for number in range(parts)],
        "state": "finished",
        "created": "2024-01-01T00:00:00+00:00",
        "finished": "2024-01-01T00:00:00+00:00",
    }
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")


def _part(number: int, count: int, texts: pa.Array, random: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    ids = np.arange(number * PART, (number + 1) * PART)
    thread = random.integers(0, count // 100 + 1, PART)
    parent = np.where(random.random(PART) < 0.6, np.maximum(ids - random.integers(1, 2000, PART), 0), -1)
    author = (random.pareto(1, PART) * 1000).astype(np.int64) % 1_000_000
    columns = {
        "comment_id": pa.array([f"c{i:08x}" for i in ids]),
        "thread_id": pa.array([f"t{t}" for t in thread]),
        "parent_id": pa.array([None if p < 0 else f"c{p:08x}" for p in parent]),
        "author": pa.array([f"user{a}" for a in author]),
        "created_at": pa.array(1_700_000_000_000_000 + ids * 3_000_000, pa.timestamp("us", "UTC")),
        "text": texts.take(pa.array(random.integers(0, TEXTS, PART))),
        "kind": pa.array(["comment"] * PART),
        "status": pa.array(["visible"] * PART),
        "likes": pa.array(random.integers(0, 100, PART)),
        "url": pa.array([f"https://example.org/{i}" for i in ids]),
        "thread_title": pa.array([f"Thread number {t}" for t in thread]),
        "source": pa.array(["synthetic"] * PART),
        "parse_confidence": pa.nulls(PART, pa.float32()),
        "extra": pa.nulls(PART, pa.string()),
    }
    comments = pa.table([columns[name] for name in RECORD_SCHEMA.names], schema=RECORD_SCHEMA)
    for label in LABELS:
        comments = comments.append_column(
            f"p_{label}", pa.array(random.beta(0.3, 8, PART).astype(np.float32))
        )
    comments = comments.append_column("language", pa.array(["en"] * PART))
    comments = comments.append_column("not_scored", pa.nulls(PART, pa.string()))
    comments = comments.append_column("tier", pa.array(["fast"] * PART))
    threads = {
        "depth": pa.array(np.where(parent < 0, 0, 3).astype(np.int16)),
        "position": pa.array(np.arange(PART, dtype=np.int32)),
        "parent_state": pa.array(np.where(parent < 0, "root", "ok")),
        "duplicate_of": pa.nulls(PART, pa.string()),
    }
    return comments, pa.table(threads, schema=THREAD_SCHEMA)


def report(folder: Path) -> None:
    """Report a run here, and print what it took."""
    from moderation.report import report_run
    from moderation.score.run import Run

    begin, worked = time.perf_counter(), time.process_time()
    files, summary = report_run(Run.open(folder), ("html", "csv", "jsonl"), folder / "report")
    seconds, worked = time.perf_counter() - begin, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in files.values())
    print(f"{summary.comments:,} comments, {summary.flagged:,} flagged")
    print(f"{seconds:.1f} s ({worked:.1f} s of processor time), {peak:.0f} MiB; {sizes}")


def open_page(page: Path) -> None:
    """Open a report in Chromium and print how long it takes until all of it is there and can be used."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(OPENINGS):
            with browser.new_page() as tab:
                tab.goto(page.as_uri(), wait_until="load")
                entry = "performance.getEntriesByType('navigation')[0]"
                found.append(tab.evaluate(f"{entry}.loadEventEnd - {entry}.startTime") / 1000)
        browser.close()
    print(f"opens in {min(found):.2f} to {max(found):.2f} s in Chromium")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("comments", type=int, help="of the run; whole parts of 50,000")
    parser.add_argument("--open", action="store_true", help="open the page in Chromium, too")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        report(options.run)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_run(Path(folder), options.comments)
        # A process of its own, so that making the run does not count.
        given = [str(options.comments), "--run", folder]
        subprocess.run([sys.executable, __file__, *given], check=True)
        if options.open:
            open_page(Path(folder) / "report" / "report.html")


if __name__ == "__main__":
    main()
