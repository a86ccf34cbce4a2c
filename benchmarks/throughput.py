"""Rate of the whole way from a compressed Reddit dump to a scored run, beside what the machine allows.

    python benchmarks/throughput.py --lines 1000000

In turns, on the same file: a bare loop on one core that only decompresses and decodes JSON; the whole way
with one process and with two; each stage alone on one core. Then the same comments as CSV and as Parquet,
beside a bare read and write by pyarrow. Wall times, best of `--repeat`, and processor time, which other load
disturbs less; peak resident memory of the coordinating process and of the largest worker. The figures go to
`benchmarks/results/throughput.json`.

    python benchmarks/throughput.py --memory --lines 10000000

measures only memory, of the whole way over a dump of so many lines and over one of a tenth of that: the
highest sum over all processes at one moment, looked at ten times a second, where a page that several
processes share counts once (PSS), and beside it the sum that counts it in each (RSS). The figures go to
`benchmarks/results/memory.json`.

    python benchmarks/throughput.py --gain 1000000 5000000

measures only how much more `--jobs` processes do than one, over dumps of so many lines. The figures go to
`benchmarks/results/gain.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import zstandard

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import write_reddit

RESULTS = Path(__file__).parent / "results"

WHOLE = """
import json, resource, sys, threading, time
from moderation.score.engine import scan
given, out, model, jobs = sys.argv[1:]
start = time.perf_counter()
run = scan(given, out, model=model, report=False, jobs=int(jobs))
seconds = time.perf_counter() - start
# Not ru_maxrss: a process begins with that of the one that started it, and ours holds whole tables.
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
peak = [own / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]
used = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": seconds, "cpu_seconds": used, "rows": run.accounting.rows,
    "peak_mib_parent": peak[0], "peak_mib_largest_worker": peak[1]}))
"""


def main() -> None:
    options = _options()
    if options.memory:
        memory(options)
        return
    if options.gain:
        gain(options)
        return
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        dump = options.dump or Path(folder) / "RC_made-up.zst"
        if not dump.exists():
            write_reddit(dump, options.lines)
        print(f"{options.lines:,} lines, {dump.stat().st_size / 1e6:,.0f} MB compressed")
        figures = measure(dump, Path(folder), options)
        figures["tables"] = tables(dump, Path(folder), options)
    figures |= {"lines": options.lines, "machine": machine()}
    show(figures)
    if options.lines >= 1_000_000:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "throughput.json").write_text(json.dumps(figures, indent=1) + "\n")


def measure(dump: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    bare, one, two = [], [], []
    for _ in range(options.repeat):
        # In turns, so that a disturbance does not hit one of them only.
        bare.append(timed(lambda: decode_only(dump)))
        one.append(whole_way(dump, folder / "run", options.model, 1))
        two.append(whole_way(dump, folder / "run", options.model, options.jobs))
    best_one = min(one, key=lambda figures: figures["seconds"])
    best_two = min(two, key=lambda figures: figures["seconds"])
    return {
        "decoder": DECODER,
        "bare_seconds": min(bare),
        "one": best_one,
        "jobs": options.jobs,
        "many": best_two,
        "stages_seconds": stages(dump, folder / "stages", options.model),
    }


def memory(options: argparse.Namespace) -> None:
    """Measure peak memory over a dump and over one of a tenth of the lines, which should not differ."""
    # Not needed to measure a rate.
    from tree_memory import run_and_watch

    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        for name, lines in (("tenth", options.lines // 10), ("all", options.lines)):
            given = options.dump if name == "all" else None
            dump = given or Path(folder) / f"{name}.zst"
            if not dump.exists():
                write_reddit(dump, lines)
            said, peak = run_and_watch(whole_command(dump, Path(folder) / "run", options.model, options.jobs))
            each = " + ".join(f"{size:,.0f}" for size in peak.pss_mib_each)
            print(f"{lines:12,} lines: {peak.pss_mib:,.0f} MiB at one moment ({each})")
            print(f"{'counting shared pages in each process':45}{peak.rss_mib:12,.0f} MiB")
            print(f"{'in the coordinating process, at most':45}{peak.pss_mib_command:12,.0f} MiB")
            figures[name] = json.loads(said) | peak.to_dict()
    growth = figures["all"]["pss_mib"] / figures["tenth"]["pss_mib"] - 1
    print(f"{'ten times the lines need':45}{growth:+12.1%}")
    figures |= {"jobs": options.jobs, "machine": machine()}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_text(json.dumps(figures, indent=1) + "\n")


def gain(options: argparse.Namespace) -> None:
    """Measure what more processes bring: their start weighs less in a long dump."""
    figures: dict[str, Any] = {"jobs": options.jobs, "machine": machine(), "lines": {}}
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        run = Path(folder) / "run"
        for lines in options.gain:
            dump = Path(folder) / "RC_made-up.zst"
            write_reddit(dump, lines)
            pairs = [
                [whole_way(dump, run, options.model, jobs) for jobs in (1, options.jobs)]
                for _ in range(options.repeat)
            ]
            one, many = (min(found, key=lambda f: f["seconds"]) for found in zip(*pairs, strict=True))
            print(
                f"{lines:12,} lines: {one['seconds'] / many['seconds']:.2f}x, {one['seconds']:.1f} s and "
                f"{many['seconds']:.1f} s; {one['cpu_seconds']:.1f} s and {many['cpu_seconds']:.1f} s of CPU"
            )
            figures["lines"][str(lines)] = {"one": one, "many": many}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gain.json").write_text(json.dumps(figures, indent=1) + "\n")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def decode_only(dump: Path) -> int:
    """Decompress and decode every line: the least that any reader has to do."""
    count, rest = 0, b""
    with (
        dump.open("rb") as file,
        zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(file) as stream,
    ):
        while block := stream.read(1 << 20):
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            for line in lines:
                decode(line)
            count += len(lines)
    return count


def whole_way(dump: Path, out: Path, model: str, jobs: int) -> dict[str, float]:
    """Scan in a process of its own, so that its memory can be told."""
    command = whole_command(dump, out, model, jobs)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(said)
    return figures


def whole_command(dump: Path, out: Path, model: str, jobs: int) -> list[str]:
    """Return the command of a scan into a run directory that is not there."""
    shutil.rmtree(out, ignore_errors=True)
    return [sys.executable, "-c", WHOLE, str(dump), str(out), model, str(jobs)]


def stages(dump: Path, run: Path, model: str) -> dict[str, float]:
    """Seconds of each stage alone, on one core, over the whole dump."""
    from moderation.classify.model import load_model
    from moderation.ingest.reader import open_input
    from moderation.score.threads import write_threads
    from moderation.score.work import Piece, parse
    from moderation.score.writer import COMMENTS, TEMPORARY, THREADS, write_part

    loaded = load_model(model)
    for folder in (COMMENTS, THREADS, TEMPORARY):
        (run / folder).mkdir(parents=True)
    seconds = dict.fromkeys(("split", "parse", "score", "write", "threads"), 0.0)
    lengths = []
    with open_input(dump) as opened:
        chunks = iter(opened)
        while True:
            clock = [time.perf_counter()]
            chunk = next(chunks, None)
            clock.append(time.perf_counter())
            seconds["split"] += clock[1] - clock[0]
            if chunk is None:
                break
            table = parse(Piece(chunk, opened.format.name, opened.options)).table
            clock.append(time.perf_counter())
            scored = loaded.score_table(table)
            clock.append(time.perf_counter())
            write_part(run, COMMENTS, len(lengths), scored, {})
            clock.append(time.perf_counter())
            lengths.append(table.num_rows)
            for name, begin, end in zip(("parse", "score", "write"), clock[1:-1], clock[2:], strict=True):
                seconds[name] += end - begin
    seconds["threads"] = timed(lambda: write_threads(run, lengths))
    return seconds


def tables(dump: Path, folder: Path, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Measure the dump's comments as CSV and as Parquet: the whole way, and pyarrow's bare read and write."""
    from moderation.score.export import score_file

    source = folder / "comments.parquet"
    score_file(dump, source, model=None, jobs=1)
    columns = ["comment_id", "thread_id", "parent_id", "author", "created_at", "text"]
    table = pq.read_table(source, columns=columns)
    given = {"csv": folder / "given.csv", "parquet": folder / "given.parquet"}
    pa_csv.write_csv(table, given["csv"])
    pq.write_table(table, given["parquet"], compression="zstd", row_group_size=50_000)
    read: dict[str, Callable[[Path], pa.Table]] = {"csv": pa_csv.read_csv, "parquet": pq.read_table}
    figures = {}
    for name, path in given.items():
        bare, whole = [], []
        for _ in range(options.repeat):
            bare.append(timed(partial(read_and_write, read[name], path, folder / "copy.parquet")))
            whole.append(whole_way(path, folder / "run", options.model, options.jobs))
        figures[name] = {
            "bare_seconds": min(bare),
            "many": min(whole, key=lambda figures: figures["seconds"]),
        }
    return figures


def read_and_write(read: Callable[[Path], pa.Table], path: Path, out: Path) -> None:
    """Do the least that scoring a table has to do."""
    pq.write_table(read(path), out, compression="zstd")


def show(figures: dict[str, Any]) -> None:
    lines = figures["lines"]
    bare = lines / figures["bare_seconds"]
    print(f"{'only decompress and decode (' + figures['decoder'] + ')':45}{bare:12,.0f} lines/s")
    for name, jobs in (("one", 1), ("many", figures["jobs"])):
        found = figures[name]
        rate = lines / found["seconds"]
        print(
            f"{f'whole way, jobs={jobs}':45}{rate:12,.0f} lines/s  {rate / bare:6.1%} of the bare loop, "
            f"{found['cpu_seconds']:.1f} s of CPU, peak {found['peak_mib_parent']:,.0f} MiB + "
            f"{found['peak_mib_largest_worker']:,.0f} MiB a worker"
        )
    for name, seconds in figures["stages_seconds"].items():
        print(f"{'  ' + name + ' alone':45}{lines / seconds:12,.0f} lines/s")
    total = sum(figures["stages_seconds"].values())
    print(f"{'what the stages allow, one core':45}{lines / total:12,.0f} lines/s")
    print(f"{'reached of it, jobs=1':45}{total / figures['one']['seconds']:12.1%}")
    for name, found in figures["tables"].items():
        rate, bare = lines / found["many"]["seconds"], lines / found["bare_seconds"]
        print(f"{f'bare read and write of {name}, all cores':45}{bare:12,.0f} rows/s")
        title = f"whole way of {name}, jobs={figures['jobs']}"
        used = found["many"]["cpu_seconds"]
        print(f"{title:45}{rate:12,.0f} rows/s  {rate / bare:6.1%}, {used:.1f} s of CPU")
    gain = figures["one"]["seconds"] / figures["many"]["seconds"]
    print(f"{'jobs=' + str(figures['jobs']) + ' over jobs=1':45}{gain:11.2f}x")


def machine() -> dict[str, Any]:
    return {
        "cores": joblib.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--dump", type=Path, help="an existing dump of so many lines; made if it is missing")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--model", default="fast")
    parser.add_argument("--memory", action="store_true", help="measure memory only")
    parser.add_argument(
        "--gain", type=int, nargs="+", metavar="LINES", help="compare numbers of processes only"
    )
    return parser.parse_args()


try:
    import orjson

    decode: Callable[[bytes], object] = orjson.loads
    DECODER = "orjson"
except ImportError:
    import msgspec

    decode = msgspec.json.Decoder().decode
    DECODER = "msgspec"

if __name__ == "__main__":
    main()
