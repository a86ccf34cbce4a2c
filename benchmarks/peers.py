"""Rate, load time, memory and size of this classifier beside those of other tools, in one run.

    python benchmarks/peers.py
    python benchmarks/peers.py --file dump.jsonl.zst --texts 20000 --peers alt-profanity-check,profanex

Each tool is installed into an environment of its own and measured in a process of its own, on one processor:
it loads, scores a warm-up of other comments of the same kind, then the timed ones, which it has not seen
before. Tools take turns, so that other load on the machine hits all of them; of `--repeat` turns the best
counts. Exits with 1 when a tool fails or ours is not `--least-ratio` times as fast as the first peer.
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
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from texts import comments, few_repeats

Figures = dict[str, Any]

OURS = "moderation"
COMPILED = "moderation, compiled"
"""Ours with machine code, measured where numba is installed."""

PEERS = ("alt-profanity-check", "hatesonar", "profanex", "better-profanity")
"""Tools that install and run from the package index alone; README.md says which do not."""

KNOWN = (*PEERS, "profanity-check")
MOST = {"better-profanity": 40}
"""Comments for tools so slow that all of them would take an hour."""

RUNNER = Path(__file__).with_name("peer_runner.py")
POOLS = ("OMP", "OPENBLAS", "MKL", "RAYON")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS} | {"ARROW_IO_THREADS": "1"}
LARGEST_WINS = ("per_cpu_second", "per_cpu_second_first")
SMALLEST_WINS = ("load_seconds", "model_load_seconds", "peak_mib", "peak_mib_above_texts")


def main() -> None:
    options = _options()
    ours = [OURS, COMPILED] if find_spec("numba") else [OURS]
    peers = [*ours, *options.peers]
    failures: dict[str, str] = {}
    pythons = dict.fromkeys(ours, Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        for peer in options.peers:
            try:
                pythons[peer] = install(peer, (options.cache or Path(scratch)) / peer)
            except subprocess.CalledProcessError as error:
                failures[peer] = last_line(error.stderr)
        results = {}
        for name, (warm, timed) in workloads(options).items():
            results[name] = turns(peers, pythons, failures, (warm, timed), options, Path(scratch))
            show(name, timed, results[name])
    for tool, reason in failures.items():
        print(f"{tool} failed: {reason}")
    if options.json:
        report = {"machine": machine(), "workloads": results, "failures": failures}
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    slow = [line for line in too_slow(results, options) if options.least_ratio]
    print(*slow, sep="\n", end="\n" if slow else "")
    sys.exit(1 if failures or slow else 0)


def install(peer: str, folder: Path) -> Path:
    """Return the Python of an environment with a tool; one that exists is used again."""
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {peer} ...", file=sys.stderr)
        quiet: dict[str, Any] = {"check": True, "capture_output": True, "text": True}
        subprocess.run([sys.executable, "-m", "venv", str(folder)], **quiet)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", peer], **quiet)
        if peer == "hatesonar" and shutil.which("localedef"):
            # Its model asks for an American locale, which a bare machine does not have.
            locale = folder / "locale" / "en_US.UTF-8"
            locale.parent.mkdir()
            subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", str(locale)], **quiet)
        (folder / "installed").touch()
    return python


def workloads(options: argparse.Namespace) -> dict[str, tuple[list[str], list[str]]]:
    """Return warm-up and timed comments by the name of the workload."""
    count = options.texts
    if options.file:
        from moderation import read_comments

        texts = [text for text in read_comments(options.file)["text"] if text][: 2 * count]
        if len(texts) < 2:
            raise SystemExit(f"{options.file} has fewer than two comments with text")
        # The first half of a file warms up for the second.
        half = len(texts) // 2
        return {options.file.name: (texts[:half], texts[half:])}
    made = {"comments": (comments(count, seed=2), comments(count, seed=1))}
    if not options.smoke:
        made["few repeats"] = (few_repeats(count, seed=2), few_repeats(count, seed=1))
    return made


def turns(
    peers: list[str],
    pythons: dict[str, Path],
    failures: dict[str, str],
    texts: tuple[list[str], list[str]],
    options: argparse.Namespace,
    scratch: Path,
) -> dict[str, Figures]:
    """Measure all tools in turns and return the best figures of each; what fails goes to `failures`."""
    best: dict[str, Figures] = {}
    for _ in range(options.repeat):
        for peer in peers:
            if peer in failures:
                continue
            try:
                figures = measure(peer, pythons[peer], texts, options.model, scratch)
            except subprocess.CalledProcessError as error:
                failures[peer] = last_line(error.stderr)
                continue
            best[peer] = better(best.get(peer, figures), figures)
    return best


def measure(
    peer: str, python: Path, texts: tuple[list[str], list[str]], model: str, scratch: Path
) -> Figures:
    """Run one tool once."""
    warm, timed = (part[: MOST.get(peer)] for part in texts)
    given = scratch / "input.json"
    given.write_text(json.dumps({"warm": warm, "timed": timed, "model": model}), "utf-8")
    locale = python.parents[1] / "locale"
    done = subprocess.run(
        [python, str(RUNNER), peer, str(given)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ
        | ONE_THREAD
        | ({"LOCPATH": str(locale)} if locale.exists() else {})
        | {"MODERATION_COMPILED": "1" if peer == COMPILED else "0"},
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def better(one: Figures, other: Figures) -> Figures:
    """Return the best of each figure of two runs."""
    chosen = dict(one)
    for choose, names in ((max, LARGEST_WINS), (min, SMALLEST_WINS)):
        chosen |= {name: choose(one[name], other[name]) for name in names if name in one}
    return chosen


def show(name: str, texts: list[str], results: dict[str, Figures]) -> None:
    """Print one workload as a table."""
    mean = sum(map(len, texts)) / len(texts)
    print(f"\n{name}: {len(texts):,} comments of {mean:.0f} characters on average; {machine()}")
    head = (
        "tool",
        "labels",
        "comments/CPU s",
        "ours/theirs",
        "compiled/theirs",
        "first sight",
        "load s",
        "peak MiB",
        "above texts",
        "files MB",
    )
    print(f"{head[0]:20}" + "".join(f"{cell:>16}" for cell in head[1:]))
    for tool, row in results.items():
        cells = [
            str(row["labels"]),
            rounded(row["per_cpu_second"]),
            *(quicker(results.get(ours), row) for ours in (OURS, COMPILED)),
            rounded(row["per_cpu_second_first"]),
            f"{row['load_seconds']:.2f}",
            f"{row['peak_mib']:.0f}",
            f"{row['peak_mib_above_texts']:.0f}",
            f"{row['artifact_bytes'] / 1e6:.2f}",
        ]
        print(f"{tool:20}" + "".join(f"{cell:>16}" for cell in cells))
    if OURS in results:
        print(f"loading our model alone: {results[OURS]['model_load_seconds']:.2f} s; the rest is imports")


def quicker(ours: Figures | None, theirs: Figures) -> str:
    return f"{ours['per_cpu_second'] / theirs['per_cpu_second']:.2f}" if ours else ""


def rounded(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def too_slow(results: dict[str, dict[str, Figures]], options: argparse.Namespace) -> list[str]:
    """Say on which workloads ours is not `--least-ratio` times as fast as the first peer."""
    peer, lines = options.peers[0], []
    for name, rows in results.items():
        ours = [rows[tool]["per_cpu_second"] for tool in (OURS, COMPILED) if tool in rows]
        if ours and peer in rows:
            ratio = max(ours) / rows[peer]["per_cpu_second"]
            if ratio < (options.least_ratio or 0):
                lines.append(f"{name}: {ratio:.2f} times the rate of {peer}, not {options.least_ratio:g}")
    return lines


def last_line(text: str | None) -> str:
    return (text or "").strip().rpartition("\n")[2] or "no message"


def machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}, one processor"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--texts", type=int, metavar="N", help="comments timed; default 10,000, 300 with --smoke"
    )
    parser.add_argument(
        "--file", type=Path, help="comments of this file, in any format that we read, instead"
    )
    parser.add_argument("--peers", type=_peers, help=f"comma-separated; default {','.join(PEERS)}")
    parser.add_argument("--model", default="fast", help="name or folder of our model")
    parser.add_argument("--repeat", type=int, default=3, help="turns of which the best counts")
    parser.add_argument("--cache", type=Path, help="keep the environments here for the next time")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, too")
    parser.add_argument("--least-ratio", type=float, help="fail when ours is not so many times as fast")
    parser.add_argument("--smoke", action="store_true", help="few comments, one turn, one peer: does it run?")
    options = parser.parse_args()
    options.texts = options.texts or (300 if options.smoke else 10_000)
    options.peers = options.peers or list(PEERS[:1] if options.smoke else PEERS)
    options.repeat = 1 if options.smoke else options.repeat
    return options


def _peers(given: str) -> list[str]:
    peers = given.split(",")
    strange = [peer for peer in peers if peer not in KNOWN]
    if strange:
        raise argparse.ArgumentTypeError(f"unknown {', '.join(strange)}; known are {', '.join(KNOWN)}")
    return peers


if __name__ == "__main__":
    main()
