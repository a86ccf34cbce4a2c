import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(FOLDER))
peers = pytest.importorskip("peers", reason="benchmarks/ is not beside the tests")
runner = pytest.importorskip("peer_runner", reason="benchmarks/ is not beside the tests")

SLOW = {"per_cpu_second": 100.0, "per_cpu_second_first": 90.0, "load_seconds": 2.0}
FAST = {"per_cpu_second": 300.0, "per_cpu_second_first": 80.0, "load_seconds": 3.0}


def test_the_best_of_two_turns_is_the_fastest_rate_and_the_shortest_load():
    small = {"peak_mib": 5.0, "peak_mib_above_texts": 1.0}
    best = peers.better(SLOW | small, FAST | small)
    assert best == {"per_cpu_second": 300.0, "per_cpu_second_first": 90.0, "load_seconds": 2.0} | small


def test_a_ratio_below_the_least_is_reported_and_one_above_is_not():
    results = {"comments": {"moderation": FAST, "profanex": SLOW}}
    assert peers.too_slow(results, Namespace(peers=["profanex"], least_ratio=2.9)) == []
    assert peers.too_slow(results, Namespace(peers=["profanex"], least_ratio=3.1)) == [
        "comments: 3.00 times the rate of profanex, not 3.1"
    ]


def test_a_tool_that_loses_comments_has_no_rate():
    with pytest.raises(SystemExit, match="1 results for 2 texts"):
        runner.rate(lambda texts: texts[:1], ["a", "b"])


def test_an_unknown_peer_is_refused():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "peers.py"), "--peers", "nosuch"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "unknown nosuch" in done.stderr


def test_a_tool_that_cannot_load_is_a_failure_with_its_reason(tmp_path):
    failures: dict[str, str] = {}
    options = Namespace(repeat=1, model=str(tmp_path / "no-model"))
    found = peers.turns(
        ["moderation"], {"moderation": Path(sys.executable)}, failures, (["a"], ["b"]), options, tmp_path
    )
    assert found == {}
    assert "no model" in failures["moderation"]
    assert json.loads((tmp_path / "input.json").read_text())["timed"] == ["b"]
