"""Thread structure against literal tables, and against a plain recursive reading of random forests."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from moderation.ingest.threads import resolve
from moderation.schema import THREAD_SCHEMA

Row = tuple[str, str, str | None]


def _resolve(rows: list[Row], confidence: list[float | None] | None = None) -> list[tuple[object, ...]]:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    table = pa.table(
        {
            "comment_id": pa.array(columns[0], pa.string()),
            "thread_id": pa.array(columns[1], pa.string()),
            "parent_id": pa.array(columns[2], pa.string()),
        }
    )
    if confidence:
        table = table.append_column("parse_confidence", pa.array(confidence, pa.float32()))
    resolved = resolve(table)
    assert resolved.schema.equals(THREAD_SCHEMA)
    return [tuple(row.values()) for row in resolved.to_pylist()]


def test_replies_stand_under_their_parents_in_the_order_of_the_dump() -> None:
    rows: list[Row] = [("a", "t", None), ("b", "t", None), ("c", "t", "a"), ("d", "t", "c"), ("e", "t", "a")]
    assert _resolve(rows) == [
        (0, 0, "root", None),
        (0, 4, "root", None),
        (1, 1, "ok", None),
        (2, 2, "ok", None),
        (1, 3, "ok", None),
    ]


def test_parents_may_come_after_their_replies() -> None:
    assert _resolve([("b", "t", "a"), ("a", "t", None)]) == [(1, 1, "ok", None), (0, 0, "root", None)]


def test_orphans_and_parents_in_other_threads_head_their_own_subtree() -> None:
    rows: list[Row] = [("a", "t", None), ("b", "u", "a"), ("c", "u", "gone"), ("d", "u", "c")]
    assert _resolve(rows) == [
        (0, 0, "root", None),
        (0, 0, "other_thread", None),
        (0, 1, "missing", None),
        (1, 2, "ok", None),
    ]


def test_the_same_id_in_two_threads_is_two_comments() -> None:
    rows: list[Row] = [("1", "t", None), ("2", "t", "1"), ("1", "u", None), ("2", "u", "1")]
    assert [row[2:] for row in _resolve(rows)] == [("root", None), ("ok", None)] * 2
    assert [row[1] for row in _resolve(rows)] == [0, 1, 0, 1]


def test_a_repeated_id_is_a_duplicate_of_its_first_row() -> None:
    rows: list[Row] = [("a", "t", None), ("b", "t", "a"), ("b", "t", "a"), ("c", "t", "b"), ("a", "t", None)]
    assert _resolve(rows) == [
        (0, 0, "root", None),
        (1, 1, "ok", None),
        (1, 1, "ok", "b"),
        (2, 2, "ok", None),
        (0, 0, "root", "a"),
    ]


def test_cycles_are_cut_at_their_first_row() -> None:
    rows: list[Row] = [("x", "t", "z"), ("y", "t", "x"), ("z", "t", "y"), ("w", "t", "z"), ("s", "t", "s")]
    assert _resolve(rows) == [
        (0, 0, "cut", None),
        (1, 1, "ok", None),
        (2, 2, "ok", None),
        (3, 3, "ok", None),
        (0, 4, "cut", None),
    ]


def test_doubtful_parents_are_marked_as_inferred() -> None:
    rows: list[Row] = [("a", "t", None), ("b", "t", "a"), ("c", "t", "a")]
    assert [row[2] for row in _resolve(rows, [0.5, 0.5, 1.0])] == ["root", "inferred", "ok"]


def test_a_chain_of_a_hundred_thousand_replies() -> None:
    count = 100_000
    rows: list[Row] = [(str(n), "t", str(n - 1) if n else None) for n in range(count)]
    resolved = _resolve(rows)
    assert resolved[-1] == (32_767, count - 1, "ok", None)
    assert resolved[1000][:2] == (1000, 1000)


def test_a_cycle_of_a_hundred_thousand_is_cut_once() -> None:
    count = 100_000
    resolved = _resolve([(str(n), "t", str((n - 1) % count)) for n in range(count)])
    assert [row[2] for row in resolved].count("cut") == 1 and resolved[0][2] == "cut"


def test_nothing_resolves_to_nothing() -> None:
    assert _resolve([]) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 14))),
        max_size=25,
    )
)
def test_any_graph_resolves_as_a_plain_walk_does(raw: list[tuple[int, int, int | None]]) -> None:
    rows: list[Row] = [(str(i), str(t), None if p is None else str(p)) for i, t, p in raw]
    resolved = _resolve(rows)
    first: dict[tuple[str, str], int] = {}
    for number, (comment, thread, _) in enumerate(rows):
        first.setdefault((thread, comment), number)
    children: dict[object, list[int]] = {}
    for number, (comment, thread, parent) in enumerate(rows):
        if first[thread, comment] != number:
            assert resolved[number] == (*resolved[first[thread, comment]][:3], comment)
            continue
        depth, _, state, duplicate = resolved[number]
        assert duplicate is None
        above = first.get((thread, parent)) if parent is not None else None
        if state == "ok":
            assert above is not None and depth == resolved[above][0] + 1  # type: ignore[operator]
            children.setdefault(above, []).append(number)
        else:
            assert depth == 0
            children.setdefault(thread, []).append(number)
            expected = "root" if parent is None else "cut" if above is not None else None
            assert state == expected or (expected is None and state in ("missing", "other_thread"))
    for thread in {row[1] for row in rows}:
        waiting, order = list(reversed(children.get(thread, []))), 0
        while waiting:
            number = waiting.pop()
            assert resolved[number][1] == order
            order += 1
            waiting.extend(reversed(children.get(number, [])))
