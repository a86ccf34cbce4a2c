"""Thread structure on disk is the one that is resolved in memory, wherever rows and parents stand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.ingest.tables import record_table
from moderation.ingest.threads import resolve
from moderation.schema import THREAD_SCHEMA
from moderation.score import threads
from moderation.score.writer import COMMENTS, TEMPORARY, THREADS, part_path, write_part

# Few ids and threads, so that duplicates, cycles, orphans and parents in other threads are common.
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(["t1", "t2", "it's", "", "flat"]),
        st.none() | st.sampled_from("abcdefghxy"),
        st.sampled_from([None, 0.1, 1.0]),
    ),
    min_size=1,
    max_size=40,
)


def write_run(run: Path, rows: list[tuple[str, str, str | None, float | None]], length: int) -> list[int]:
    """Write rows as parts of the given length; rows of the thread `flat` have no parents."""
    for folder in (COMMENTS, THREADS, TEMPORARY):
        (run / folder).mkdir(parents=True, exist_ok=True)
    lengths = []
    for number, start in enumerate(range(0, len(rows), length)):
        ids, names, parents, sure = zip(*rows[start : start + length], strict=True)
        table, _ = record_table(
            len(ids),
            "test",
            {
                "comment_id": list(ids),
                "thread_id": list(names),
                "parent_id": [None if t == "flat" else p for p, t in zip(parents, names, strict=True)],
                "parse_confidence": list(sure),
            },
        )
        write_part(run, COMMENTS, number, table)
        lengths.append(len(ids))
    return lengths


def read_all(run: Path, folder: str, parts: int) -> pa.Table:
    import pyarrow.parquet as pq

    return pa.concat_tables([pq.read_table(part_path(run, folder, n)) for n in range(parts)]).combine_chunks()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, length=st.integers(1, 15))
def test_on_disk_as_in_memory(
    rows: list[tuple[str, str, str | None, float | None]],
    length: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run = tmp_path_factory.mktemp("it's a run")
    lengths = write_run(run, rows, length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "IN_MEMORY", 0)
        patch.setattr(threads, "BUCKET", 7)
        threads.write_threads(run, lengths)
    expected = resolve(read_all(run, COMMENTS, len(lengths))).cast(THREAD_SCHEMA)
    found = read_all(run, THREADS, len(lengths)).cast(THREAD_SCHEMA)
    assert found.to_pylist() == expected.to_pylist()
    assert [part_path(run, THREADS, n).exists() for n in range(len(lengths))] == [True] * len(lengths)
    assert not any((run / TEMPORARY).iterdir())


def test_no_rows(tmp_path: Path) -> None:
    (tmp_path / THREADS).mkdir()
    threads.write_threads(tmp_path, [])
    assert not any((tmp_path / THREADS).iterdir())
