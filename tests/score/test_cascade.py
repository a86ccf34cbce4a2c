"""A run with a second look: an overlay beside the parts, within a budget, resumable, and said in run.json."""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deep_bundle import write_deep

from moderation.classify.deep.encoder import Encoder
from moderation.classify.model import load_model
from moderation.cli import run as cli
from moderation.errors import DataError, UsageError
from moderation.ingest import linesplit
from moderation.report.explained import explainer
from moderation.schema import LABELS
from moderation.score.arrow import score_batches
from moderation.score.engine import scan
from moderation.score.run import Run
from moderation.score.select import Selection
from moderation.score.writer import part_note

VOCABULARY = (
    "you are a stupid idiot shut up liar go away thank for the nice photo weather is today not it they "
    "staged moon landing elites all wake hidden see soon"
)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return write_deep(tmp_path_factory.mktemp("deep") / "tiny-deep", tiny_model)


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "dump.jsonl"
    draw = random.Random(5)
    texts: list[str] = []
    for i in range(350):
        text = " ".join(draw.choices(VOCABULARY.split(), k=draw.randint(2, 7)))
        # Every seventh is empty, and every fifth text stands there twice.
        texts.append("" if i % 7 == 3 else draw.choice(texts) if texts and i % 5 == 4 else text)
    lines = [
        json.dumps({"id": f"c{i}", "thread_id": f"t{i % 5}", "body": text}) for i, text in enumerate(texts)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linesplit, "CHUNK_SIZE", 8192)
    monkeypatch.setattr("moderation.score.split.GROUP_SIZE", 1)


def quick(given: Path, out: Path, deep: Path, tier: str | None = "cascade", **options: object) -> Run:
    options = {"jobs": 1, "report": False, "any_language": True, **options}
    return scan(given, out, model=deep, tier=tier, **options)  # type: ignore[arg-type]


def overlays(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "deep").iterdir()}


def test_overlay_holds_the_second_looks_and_parts_the_first(
    tmp_path: Path, dump: Path, deep: Path, tiny_model: Path
) -> None:
    fast = scan(dump, tmp_path / "fast", model=tiny_model, report=False, jobs=1, any_language=True)
    both = quick(dump, tmp_path / "both", deep)
    parts = len(both.manifest["parts"])
    assert parts > 2
    for path in (tmp_path / "fast" / "comments").iterdir():
        assert path.read_bytes() == (tmp_path / "both" / "comments" / path.name).read_bytes()
    table = both.to_table()
    texts = table["text"].to_pylist()
    expected = load_model(deep, "cascade").score_table(pa.table({"text": texts}), any_language=True)
    for name in [*(f"p_{label}" for label in LABELS), "tier", "not_scored"]:
        assert table[name].to_pylist() == expected[name].to_pylist(), name
    rows = 0
    for number in range(parts):
        overlay = pq.read_table(tmp_path / "both" / "deep" / f"part-{number:05d}.parquet")
        assert overlay.num_rows == both.manifest["parts"][number]["rows"]
        assert overlay["p_abusive"].is_valid().equals(overlay["tier"].is_valid())
        rows += overlay.num_rows - overlay["tier"].null_count
    look = both.manifest["second_look"]
    assert rows == look["rows"] == look["candidates"] == table["tier"].to_pylist().count("deep") > 0
    assert look["deep"]["digest"] == json.loads((deep / "config.json").read_text())["digest"]
    assert look["fast"]["digest"] == fast.manifest["model"]["digest"]
    assert (look["band"]["abusive"], look["budget"]) == ([0.2, 0.995], None)
    assert both.policy is not None
    assert both.policy.thresholds["abusive"] == 0.6
    assert both.accounting == fast.accounting
    assert "second_look" not in fast.manifest
    assert not {"tier", "deep_budget"} & set(fast.manifest["options"])


def test_a_budget_takes_the_comments_of_which_most_is_expected(
    tmp_path: Path, dump: Path, deep: Path
) -> None:
    whole = quick(dump, tmp_path / "whole", deep)
    some = quick(dump, tmp_path / "some", deep, deep_budget=60)
    candidates = whole.manifest["second_look"]["rows"]
    chosen = some.manifest["second_look"]["rows"]
    assert 0 < chosen <= 60 < candidates
    assert some.manifest["second_look"]["budget"] == "60"
    table, every = some.to_table(), whole.to_table()
    tiers = np.array(table["tier"].to_pylist(), object)
    assert set(np.flatnonzero(tiers == "deep")) < set(
        np.flatnonzero(np.array(every["tier"].to_pylist(), object) == "deep")
    )
    by_text: dict[str, set[object]] = {}
    for text, tier, probability in zip(
        table["text"].to_pylist(), tiers, table["p_abusive"].to_pylist(), strict=True
    ):
        by_text.setdefault(text, set()).add((tier, probability))
    assert all(len(found) == 1 for found in by_text.values())
    look = load_model(deep, "cascade").look  # type: ignore[attr-defined]
    first = np.stack(
        [
            np.concatenate(
                [
                    pq.read_table(path)[f"p_{label}"].to_numpy()
                    for path in sorted((tmp_path / "some" / "comments").iterdir())
                ]
            )
            for label in LABELS
        ],
        axis=1,
    ).astype(np.float32)
    priority = look.priority(first)
    assert priority[tiers == "deep"].min() > priority[tiers == "fast"].max()


@pytest.mark.parametrize("budget", ["0.1", 25])
def test_the_choice_depends_on_neither_parts_nor_workers(
    tmp_path: Path, dump: Path, deep: Path, budget: str | int
) -> None:
    small = quick(dump, tmp_path / "small", deep, deep_budget=budget)
    linesplit.CHUNK_SIZE = 8 << 20
    large = quick(dump, tmp_path / "large", deep, deep_budget=budget, jobs=3)
    assert len(large.manifest["parts"]) == 1 < len(small.manifest["parts"])
    assert small.to_table().combine_chunks() == large.to_table().combine_chunks()
    assert small.manifest["second_look"] == large.manifest["second_look"]
    assert 0 < small.manifest["second_look"]["rows"] <= (30 if budget == "0.1" else 25)


KILLED = """
import os, signal, sys
from moderation.ingest import linesplit
from moderation.score import second, split
from moderation.score.engine import scan
linesplit.CHUNK_SIZE, split.GROUP_SIZE = 8192, 1
write, written = second.write_part, []
def write_and_die(*given):
    if len(written) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(given)
    write(*given)
second.write_part = write_and_die
given, out, model = sys.argv[1:]
scan(given, out, model=model, tier="cascade", deep_budget=60, report=False, jobs=1, any_language=True)
"""


def test_a_second_look_that_was_killed_goes_on(
    tmp_path: Path, dump: Path, deep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = quick(dump, tmp_path / "whole", deep, deep_budget=60)
    killed = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, str(dump), str(killed), str(deep)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with pytest.raises(DataError, match="unfinished"):
        Run.open(killed)
    before = {path: path.stat().st_mtime_ns for path in (killed / "deep").iterdir()}
    assert len(before) == 2 < len(whole.manifest["parts"])
    with pytest.raises(UsageError, match="another deep_budget"):
        quick(dump, killed, deep, deep_budget=61)
    with pytest.raises(UsageError, match="another"):
        quick(dump, killed, deep, "deep")
    run_texts = []
    logits = Encoder.logits

    def counted(self: Encoder, tokens: list[object], *more: object) -> object:
        run_texts.extend(tokens)
        return logits(self, tokens, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "logits", counted)

    resumed = quick(dump, killed, deep, deep_budget=60)

    done = sum(part_note(path)["rows"] for path in before)
    assert len(run_texts) <= whole.manifest["second_look"]["rows"] - done
    assert overlays(killed) == overlays(tmp_path / "whole")
    assert resumed.to_table() == whole.to_table()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not any((killed / "tmp").iterdir())


def test_a_look_of_another_budget_is_taken_anew(tmp_path: Path, dump: Path, deep: Path) -> None:
    quick(dump, tmp_path / "whole", deep)
    stale = quick(dump, tmp_path / "run", deep, deep_budget=30)
    manifest = json.loads((stale.path / "run.json").read_text())
    manifest["state"], manifest["options"]["deep_budget"] = "running", None
    (stale.path / "run.json").write_text(json.dumps(manifest))
    quick(dump, stale.path, deep)
    assert overlays(stale.path) == overlays(tmp_path / "whole")


def test_a_limit_cuts_before_the_second_look(tmp_path: Path, dump: Path, deep: Path) -> None:
    run = quick(dump, tmp_path / "run", deep, selection=Selection(limit=123))
    table = run.to_table()
    assert table.num_rows == 123
    assert run.manifest["second_look"]["rows"] == table["tier"].to_pylist().count("deep")


def test_deep_looks_at_everything(tmp_path: Path, dump: Path, deep: Path) -> None:
    run = quick(dump, tmp_path / "run", deep, "deep")
    nothing = run.to_table()["text"].to_pylist().count("")
    assert set(run.to_table()["tier"].to_pylist()) == {"deep", None}
    assert run.manifest["second_look"]["rows"] == run.accounting.scored == 350 - nothing
    assert run.policy is not None
    assert run.policy.thresholds["abusive"] == 0.6


def test_a_damaged_overlay_is_told(tmp_path: Path, dump: Path, deep: Path) -> None:
    run = quick(dump, tmp_path / "run", deep)
    path = run.path / "deep" / "part-00001.parquet"
    whole = pq.read_table(path)
    pq.write_table(whole.slice(1), path)
    with pytest.raises(DataError, match="differ in length"):
        run.to_table()
    path.unlink()
    with pytest.raises(DataError, match="could not be read"):
        run.to_table()


def test_budgets_of_flags_count_what_both_tiers_say(tmp_path: Path, dump: Path, deep: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[labels.abusive]\nbudget = 40\n")
    run = quick(dump, tmp_path / "run", deep, policy=policy)
    flagged = sum("abusive" in flags for flags in run.to_table()["flags"].to_pylist())
    assert 0 < flagged <= 40
    again = run.reflag(policy)
    assert again.thresholds == run.policy.thresholds  # type: ignore[union-attr]


def test_policy_file_states_the_tier(tmp_path: Path, dump: Path, deep: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('tier = "cascade"\ndeep_budget = 0.1\n')
    run = quick(dump, tmp_path / "run", deep, None, policy=policy)
    assert (run.manifest["model"]["tier"], run.manifest["second_look"]["budget"]) == ("cascade", "0.1")


def test_thresholds_outside_the_bands_are_warned_of(
    tmp_path: Path, dump: Path, deep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = quick(dump, tmp_path / "run", deep)
    table = run.to_table(["tier", "p_abusive"])
    expected = sum(
        tier == "fast" and 0.001 <= value < 0.2
        for tier, value in zip(table["tier"].to_pylist(), table["p_abusive"].to_pylist(), strict=True)
    )
    assert expected
    policy = tmp_path / "policy.toml"
    policy.write_text("[labels.abusive]\nthreshold = 0.001\n")
    assert (
        cli(["report", str(run.path), "--policy", str(policy), "--to", "csv", "-o", str(tmp_path), "-q"]) == 0
    )
    assert f"abusive {expected:,}" in capsys.readouterr().err
    policy.write_text("[labels.abusive]\nthreshold = 0.5\n")
    assert (
        cli(["report", str(run.path), "--policy", str(policy), "--to", "csv", "-o", str(tmp_path), "-q"]) == 0
    )
    assert capsys.readouterr().err == ""


def test_comments_are_explained_by_the_tier_that_decided_in_the_run(
    tmp_path: Path, dump: Path, deep: Path
) -> None:
    run = quick(dump, tmp_path / "run", deep, deep_budget=60)
    explain, reason = explainer(run)
    assert reason is None
    assert explain is not None
    table = run.to_table(["text", "tier", "p_abusive"])
    seen = dict(zip(table["text"].to_pylist(), table["tier"].to_pylist(), strict=True))
    values = dict(zip(table["text"].to_pylist(), table["p_abusive"].to_pylist(), strict=True))
    for text in [text for text in seen if text][:12]:
        found = explain(text)
        assert found.tier == seen[text]
        assert found.probabilities["abusive"] == pytest.approx(values[text], abs=1e-5)


def test_standard_input_to_a_table(tmp_path: Path, dump: Path, deep: Path) -> None:
    out = tmp_path / "out.csv"
    command = [sys.executable, "-c", "from moderation.cli import main; main()", "score", "-", "-o", str(out)]
    command += [
        "--model",
        str(deep),
        "--tier",
        "cascade",
        "--deep-budget",
        "0.2",
        "--any-language",
        "--jobs",
        "1",
        "-q",
    ]
    with dump.open("rb") as given:
        subprocess.run(command, stdin=given, check=True)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 350
    tiers = [row["tier"] for row in rows]
    assert 0 < tiers.count("deep") <= 60
    assert not list(tmp_path.glob(".out*"))


def test_batches_of_an_engine_take_a_tier(dump: Path, deep: Path) -> None:
    texts = [json.loads(line)["body"] for line in dump.read_text("utf-8").splitlines()]
    batch = pa.RecordBatch.from_pydict({"text": texts})
    [scored] = score_batches([batch], str(deep), any_language=True, tier="cascade")
    assert set(scored["tier"].to_pylist()) == {"fast", "deep", None}


@pytest.mark.slow
def test_same_run_on_a_cluster(tmp_path: Path, dump: Path, deep: Path) -> None:
    pytest.importorskip("distributed", reason="the extra moderation[dask] is not installed")
    from moderation.score.parallel import Workers

    alone = quick(dump, tmp_path / "alone", deep, deep_budget=60)
    options = {"workers": Workers(2, "dask"), "jobs": None}
    cluster = quick(dump, tmp_path / "cluster", deep, deep_budget=60, **options)
    assert overlays(tmp_path / "cluster") == overlays(tmp_path / "alone")
    assert cluster.to_table() == alone.to_table()
