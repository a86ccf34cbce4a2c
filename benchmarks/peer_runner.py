"""Measures one tool in its own process: run by peers.py with the tool's own Python, prints JSON.

    python peer_runner.py TOOL INPUT.json

INPUT.json: {"warm": texts, "timed": texts, "model": name}. Nothing but the standard library is imported
before the tool's loading is timed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path

Score = Callable[[list[str]], Sequence[object]]


def main() -> None:
    tool, given = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        # Some tools have thread pools that no environment variable bounds.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = json.loads(Path(given).read_text("utf-8"))
    before = peak_memory()
    start = time.perf_counter()
    score, files, facts = TOOLS[tool](texts["model"])
    load = time.perf_counter() - start
    warm = rate(score, texts["warm"])
    timed = rate(score, texts["timed"])
    figures = {
        "per_cpu_second": timed,
        "per_cpu_second_first": warm,
        "load_seconds": load,
        "peak_mib": peak_memory(),
        "peak_mib_above_texts": peak_memory() - before,
        "artifact_bytes": sum(file.stat().st_size for file in files),
        "comments": len(texts["timed"]),
    }
    print(json.dumps(figures | facts))


def rate(score: Score, texts: list[str]) -> float:
    """Return comments per second of processor time, that of threads and child processes included."""
    start = cpu_seconds()
    scores = score(texts)
    used = cpu_seconds() - start
    if len(scores) != len(texts):
        raise SystemExit(f"{len(scores)} results for {len(texts)} texts")
    return len(texts) / used


def cpu_seconds() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak_memory() -> float:
    """Return the most memory this process has had, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike ru_maxrss it does not begin with what the parent process had.
        return next(
            int(s.split()[1]) / 1024 for s in status.read_text().splitlines() if s.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1024
    )


def moderation(model: str) -> tuple[Score, list[Path], dict[str, object]]:
    import pyarrow as pa

    from moderation import load_model

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    start = time.perf_counter()
    loaded = load_model(model)
    load = time.perf_counter() - start
    # Machine code, where it is wanted, is loaded before the comments come; that counts as loading, too.
    loaded.scorer.prepare()

    def score(texts: list[str]) -> Sequence[object]:
        # Making the Arrow table out of Python strings is timed too: the others get their lists as they are.
        scored = loaded.score_table(pa.table({"text": pa.array(texts, pa.string())}))
        return scored["p_" + loaded.labels[-1]]

    facts = {"model_load_seconds": load, "labels": len(loaded.labels), "version": loaded.digest[:12]}
    return score, list(loaded.path.glob("*")), facts


def alt_profanity_check(_: str) -> tuple[Score, list[Path], dict[str, object]]:
    from profanity_check import predict_prob

    return (
        predict_prob,
        files("profanity_check/data"),
        {"labels": 1, "version": version("alt-profanity-check")},
    )


def profanity_check(_: str) -> tuple[Score, list[Path], dict[str, object]]:
    from profanity_check import predict_prob

    return predict_prob, files("profanity_check/data"), {"labels": 1, "version": version("profanity-check")}


def hatesonar(_: str) -> tuple[Score, list[Path], dict[str, object]]:
    from hatesonar import Sonar

    sonar = Sonar()
    facts = {"labels": 3, "version": version("hatesonar")}
    return lambda texts: [sonar.ping(text=text) for text in texts], files("hatesonar/model"), facts


def profanex(_: str) -> tuple[Score, list[Path], dict[str, object]]:
    engine = import_module("profanex").Filter()
    facts = {"labels": 1, "version": version("profanex")}
    return engine.contains_many, files("profanex/data"), facts


def better_profanity(_: str) -> tuple[Score, list[Path], dict[str, object]]:
    from better_profanity import profanity

    profanity.load_censor_words()
    facts = {"labels": 1, "version": version("better-profanity")}
    found = [f for f in files("better_profanity") if f.suffix in {".txt", ".json"}]
    return lambda texts: [profanity.contains_profanity(text) for text in texts], found, facts


def files(folder: str) -> list[Path]:
    """Return the files of a folder of the environment's installed packages."""
    site = next(Path(path) / folder for path in sys.path if (Path(path) / folder).is_dir())
    return [file for file in site.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}]


def version(package: str) -> str:
    return metadata.version(package)


TOOLS = {
    "moderation": moderation,
    "moderation, compiled": moderation,
    "alt-profanity-check": alt_profanity_check,
    "profanity-check": profanity_check,
    "hatesonar": hatesonar,
    "profanex": profanex,
    "better-profanity": better_profanity,
}


if __name__ == "__main__":
    main()
