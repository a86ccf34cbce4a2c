"""Rate, latency and memory of `moderation serve` beside a bare Starlette route, by wrk.

    python benchmarks/serve.py
    python benchmarks/serve.py --soak 600

Both servers are one process, pinned to the same processor, under the same uvicorn; wrk is kept off it. They
take turns, and the best turn of each counts, so that other load on the machine hits both. The bare route
reads no body and answers with one fixed word; ours gets comments that differ. Requests per second of
processor time say what a core is worth where the machine has other work, too. Latency is measured at half of
our rate, as wrk's connections pause for it. Figures go to `benchmarks/results/serve.json`. With `--soak`,
only ours runs, at full load, and the growth of its memory after the first tenth of the time is what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent))
from texts import comments

RESULTS = Path(__file__).parent / "results"
CONNECTIONS = 128
TEXTS = 5000

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def bare(request):
    return PlainTextResponse("ok")

app = Starlette(routes=[Route("/healthz", bare), Route("/", bare, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
"""
OURS = """
import sys
from moderation.cli import main
sys.argv = ["moderation", "serve", "--port", sys.argv[1], "--decisions", "none", "-q", *sys.argv[2:]]
main()
"""
SCRIPT = """
local bodies, headers = {}, {["Content-Type"] = "application/json"}
for line in io.lines(%(bodies)s) do bodies[#bodies + 1] = line end
math.randomseed(7)
request = function()
  return wrk.format("POST", %(path)s, headers, bodies[math.random(#bodies)])
end
%(delay)s
"""
# Pauses are spread evenly around their mean, so that requests do not come in step.
DELAY = "delay = function() return math.random(0, %d) end"


def main() -> int:
    """Measure, write the figures and compare them with what is asked for."""
    options = _options()
    if shutil.which("wrk") is None:
        print("wrk is needed: apt install wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        bodies = Path(name) / "bodies"
        bodies.write_text("\n".join(map(_body, _short_enough(comments(TEXTS)))), "utf-8")
        if options.soak:
            return soak(bodies, options)
        return measure(bodies, options)


def measure(bodies: Path, options: argparse.Namespace) -> int:
    """Measure rates in turns, then latency at half load."""
    path = "/v1alpha1/comments:analyze?key=benchmark"
    with serving(BARE) as bare, serving(OURS, "--model", options.model) as ours:
        run_wrk(ours, bodies, path, 2 + options.seconds)
        turns: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
        for _ in range(options.repeat):
            turns["bare"].append(run_wrk(bare, bodies, "/", options.seconds))
            turns["ours"].append(run_wrk(ours, bodies, path, options.seconds))
        best = {name: max(turn["rate"] for turn in found) for name, found in turns.items()}
        lone = {name: max(turn["per processor second"] for turn in found) for name, found in turns.items()}
        half = run_wrk(ours, bodies, path, options.seconds, best["ours"] / 2)
    share = best["ours"] / best["bare"]
    found = {
        "requests/s": round(best["ours"]),
        "requests/s, bare": round(best["bare"]),
        "share of bare": round(share, 3),
        "requests per processor second": round(lone["ours"]),
        "requests per processor second, bare": round(lone["bare"]),
        "requests/s at half load": round(half["rate"]),
        "p50 ms at half load": half["p50"],
        "p99 ms at half load": half["p99"],
        "errors": half["errors"],
        "connections": CONNECTIONS,
        "cpu": _processor(),
        "python": platform.python_version(),
    }
    print(json.dumps(found, indent=1))
    if not options.smoke:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "serve.json").write_text(json.dumps(found, indent=1) + "\n")
    missed = [
        f"{name}: {value:g}, asked for {limit:g}"
        for name, value, limit, good in (
            ("requests/s", best["ours"], options.least_rate, best["ours"] >= options.least_rate),
            ("share of bare", share, options.least_share, share >= options.least_share),
            ("p99 ms", half["p99"], options.most_p99, half["p99"] <= options.most_p99),
            ("errors", half["errors"], 0, not half["errors"]),
        )
        if not good
    ]
    print("\n".join(missed), file=sys.stderr, end="\n" if missed else "")
    return int(bool(missed))


def soak(bodies: Path, options: argparse.Namespace) -> int:
    """Keep a server at full load and see whether its memory grows."""
    path = "/v1alpha1/comments:analyze"
    with serving(OURS, "--model", options.model) as ours:
        run_wrk(ours, bodies, path, max(2, options.soak // 10))
        before = ours.memory()
        found = run_wrk(ours, bodies, path, options.soak)
        grown = ours.memory() - before
    print(f"{found['rate']:,.0f} requests/s for {options.soak} s")
    print(f"memory {before:.0f} MiB, grown by {grown:.1f} MiB")
    if found["errors"]:
        print(f"{found['errors']} answers were errors", file=sys.stderr)
    if grown > options.most_growth:
        print(f"memory grew by more than {options.most_growth} MiB", file=sys.stderr)
    return int(bool(found["errors"]) or grown > options.most_growth)


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def processor_seconds(self) -> float:
        """Return the processor time that it has used."""
        stated = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stated[11]) + int(stated[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory, MiB."""
        stated = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", stated)
        assert found is not None
        return int(found[1]) / 1024


@contextmanager
def serving(program: str, *arguments: str) -> Iterator[Server]:
    """Start a server pinned to the last processor; the others are wrk's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
    command = [sys.executable, "-c", program, str(port), *arguments]
    process = subprocess.Popen(
        command,
        env={**os.environ, **threads},
        preexec_fn=lambda: os.sched_setaffinity(0, {_processors()[-1]}),
    )
    try:
        for _ in range(1200):
            try:
                with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("a server did not start") from None
                time.sleep(0.05)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(60)


def run_wrk(
    server: Server, bodies: Path, path: str, seconds: int, rate: float | None = None
) -> dict[str, float]:
    """Load a server, as fast as it answers or at about a rate; returns rate, percentiles in ms, errors."""
    delay = DELAY % round(2000 * CONNECTIONS / rate) if rate else ""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % {"bodies": json.dumps(str(bodies)), "path": json.dumps(path), "delay": delay})
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--latency",
            "--timeout",
            "10s",
            "-s",
            script.name,
        ]
        others = _processors()[:-1] or _processors()
        used = server.processor_seconds()
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}"], check=True, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, others),
        )  # fmt: skip
        used = server.processor_seconds() - used
    text = done.stdout
    errors = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    errors += sum(
        map(int, sum(re.findall(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text), ()))
    )
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    return {
        "rate": rate,
        "per processor second": rate * seconds / used if used else 0.0,
        "p50": _milliseconds(text, 50),
        "p99": _milliseconds(text, 99),
        "errors": errors,
    }


def _milliseconds(text: str, share: int) -> float:
    found = re.search(rf"\b{share}%\s+([\d.]+)(us|ms|s)", text)
    assert found is not None
    return round(float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]], 3)


def _body(text: str) -> str:
    return json.dumps(
        {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "languages": ["en"]}
    )


def _short_enough(texts: list[str]) -> list[str]:
    return [text for text in texts if len(text.encode()) <= 20_000]


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.processor()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="fast")
    parser.add_argument("--seconds", type=int, default=10, help="length of a turn")
    parser.add_argument("--repeat", type=int, default=3, help="turns of each")
    parser.add_argument("--least-rate", type=float, default=0, help="requests/s; fewer are a failure")
    parser.add_argument("--least-share", type=float, default=0, help="of the bare route's rate")
    parser.add_argument("--most-p99", type=float, default=float("inf"), help="ms at half load")
    parser.add_argument("--soak", type=int, default=0, metavar="SECONDS", help="only look at memory")
    parser.add_argument("--most-growth", type=float, default=16, help="MiB")
    parser.add_argument("--smoke", action="store_true", help="short turns, and no figures are written")
    options = parser.parse_args()
    if options.smoke:
        options.seconds, options.repeat = 2, 1
    return options


if __name__ == "__main__":
    sys.exit(main())
