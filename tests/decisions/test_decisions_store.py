"""The store: an append-only log, durable, undone by adding, shared by threads and processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from handmade_decisions import decided

from moderation.decisions import JudgedSpan
from moderation.decisions.store import DecisionStore
from moderation.errors import DataError, UsageError


def in_force(store: DecisionStore) -> list[tuple[str, str, str]]:
    return [(d.comment_id, d.reviewer, d.decision) for d in store.current()]


def test_a_decision_comes_back_as_it_was(tmp_path: Path) -> None:
    made = replace(decided(1), checked=("insult", "threat"), note="Ünï\n", text="t'--", before="skip")
    made = replace(made, spans=(JudgedSpan(0, 1, "insult", False),))
    with DecisionStore(tmp_path / "d.sqlite") as store:
        assert store.append([made]) == 1
    with DecisionStore(tmp_path / "d.sqlite", create=False) as store:
        assert list(store.current()) == list(store.events()) == [made]


def test_a_store_of_an_earlier_version_is_read_and_written(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.append([decided(1)])
    with sqlite3.connect(tmp_path / "d.sqlite") as old:
        old.execute("ALTER TABLE decisions DROP COLUMN spans")
    with DecisionStore(tmp_path / "d.sqlite", create=False) as store:
        assert list(store.current()) == [decided(1)]
        judged = replace(decided(1), spans=(JudgedSpan(0, 4, "insult", False),))
        store.append([judged])
        assert [made.spans for made in store.current()] == [judged.spans]


def test_the_latest_of_each_reviewer_is_in_force_and_the_log_keeps_all(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.append([decided(1), decided(2)])
        store.append([decided(1, "approve", minute=1)])
        store.append([decided(1, "escalate", "Sam", minute=2)])
        assert in_force(store) == [
            ("c2", "Rae", "remove"),
            ("c1", "Rae", "approve"),
            ("c1", "Sam", "escalate"),
        ]
        assert [(d.decision, d.before) for d in store.events()] == [
            ("remove", None),
            ("remove", None),
            ("approve", "remove"),
            ("escalate", None),
        ]


def test_an_older_decision_that_comes_later_changes_nothing(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.append([decided(1, "approve", minute=5)])
        store.add_new([decided(1, "remove", minute=1)])
        assert in_force(store) == [("c1", "Rae", "approve")]


def test_an_act_is_undone_as_a_whole_and_by_its_own_reviewer_only(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.append([decided(1)], step="one")
        store.append([decided(1, "approve", minute=1), decided(2, "approve", minute=1)], step="two")
        assert store.last_step("Rae") == "two"
        assert store.undo("two", "Sam") == []
        assert [d.comment_id for d in store.undo("two", "Rae")] == ["c1", "c2"]
        assert store.undo("two", "Rae") == []
        assert in_force(store) == [("c1", "Rae", "remove")]
        assert store.last_step("Rae") == "one"
        assert len(list(store.events())) == 3
        assert [(d.comment_id, gone) for d, gone in store.latest(2)] == [("c2", True), ("c1", True)]


def test_what_is_there_is_not_added_twice(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        assert store.add_new([decided(1), decided(2), decided(1)]) == 2
        assert store.add_new([decided(1), decided(3)]) == 1


def test_new_events_can_be_followed(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.append([decided(n) for n in range(7)], step="s")
        seen = list(store.since(4))
        assert [(number, step, d.comment_id) for number, step, d in seen] == [
            (5, "s", "c4"),
            (6, "s", "c5"),
            (7, "s", "c6"),
        ]
        assert len(list(store.since(0, most=3))) == 3
        store.undo("s", "Rae")
        assert store.undone_since(0) == [(1, "s")]
        assert store.undone_since(1) == []


def test_threads_write_at_once(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.append([decided(n), decided(1000 + n)]), range(40)))
        assert len(list(store.current())) == 80


def test_a_store_that_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        DecisionStore(tmp_path / "none.sqlite", create=False)
    (tmp_path / "text.sqlite").write_text("This is no database, but long enough to be read as one. " * 20)
    with pytest.raises(DataError, match=r"text\.sqlite"):
        DecisionStore(tmp_path / "text.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE a (b)").connection.close()
    with pytest.raises(DataError, match="decisions"):
        DecisionStore(tmp_path / "other.sqlite", create=False)
    with pytest.raises(UsageError, match="nothing"):
        DecisionStore("nothing://host/x")
    with pytest.raises(UsageError) as raised:
        DecisionStore("nothing://rae:hunter2@host/x")
    assert "hunter2" not in str(raised.value)


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from handmade_decisions import decided
from moderation.decisions.store import DecisionStore
store = DecisionStore({path!r})
number = 0
while True:
    store.append([decided(number)])
    print(number, flush=True)
    number += 1
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    code = WRITER.format(tests=str(Path(__file__).parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    with DecisionStore(path, create=False) as store:
        kept = {d.comment_id for d in store.current()}
    assert kept >= {f"c{number}" for number in acknowledged}
