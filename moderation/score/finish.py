"""The finishing step of a run: what needs all of its parts. Every step can be done again after a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from moderation.score.accounting import Accounting
from moderation.score.threads import write_threads
from moderation.score.work import count_scores
from moderation.score.writer import (
    COMMENTS,
    PART_KEY,
    REJECTS,
    REJECTS_FILE,
    TEMPORARY,
    part_note,
    part_path,
    write_lines,
    write_part,
)


def parts_done(run: Path) -> dict[int, Accounting]:
    """Return the counts of every part that a run directory holds, by number, in order."""
    paths = sorted((run / COMMENTS).glob("part-*.parquet"))
    return {int(path.stem.removeprefix("part-")): Accounting.from_dict(part_note(path)) for path in paths}


def rows_in_order(parts: Mapping[int, Accounting]) -> int:
    """Return the number of rows of the parts from the first up to the first gap."""
    rows = number = 0
    while number in parts:
        rows += parts[number].rows
        number += 1
    return rows


def finish(run: Path, limit: int | None = None) -> tuple[list[dict[str, Any]], Accounting]:
    """Complete a run whose parts are all there.

    Parameters
    ----------
    run : Path
        The run directory.
    limit : int, optional
        Keep only so many rows of all parts together.

    Returns
    -------
    parts : list of dict
        `{"number", "rows", "accounting"}` of each part, in order.
    total : Accounting
        The counts of all parts together, checked.
    """
    parts = parts_done(run)
    if limit is not None:
        parts = _cut(run, parts, limit)
    write_threads(run, [counts.rows for counts in parts.values()])
    write_lines(run / REJECTS_FILE, _rejects(run, len(parts)), run / TEMPORARY)
    whole = Accounting()
    for counts in parts.values():
        whole.add(counts)
    whole.check(str(run))
    entries = [
        {"number": number, "rows": counts.rows, "accounting": counts.to_dict()}
        for number, counts in parts.items()
    ]
    return entries, whole


def sweep_rejects(run: Path) -> None:
    """Remove the pieces of `rejects.jsonl`, once the run is finished."""
    folder = run / REJECTS
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _cut(run: Path, parts: dict[int, Accounting], limit: int) -> dict[int, Accounting]:
    """Shorten the part that crosses the limit and remove those after it."""
    kept: dict[int, Accounting] = {}
    rows = 0
    for number, counts in parts.items():
        if rows >= limit:
            part_path(run, COMMENTS, number).unlink()
            part_path(run, REJECTS, number, ".jsonl").unlink(missing_ok=True)
            continue
        surplus = rows + counts.rows - limit
        kept[number] = _shorten(run, number, counts, surplus) if surplus > 0 else counts
        rows += kept[number].rows
    return kept


def _shorten(run: Path, number: int, counts: Accounting, surplus: int) -> Accounting:
    table = pq.read_table(part_path(run, COMMENTS, number))
    table = table.slice(0, table.num_rows - surplus)
    counts.rows -= surplus
    counts.skipped["limit"] += surplus
    if "not_scored" in table.column_names:
        counts.scored, counts.not_scored = count_scores(table)
    else:
        counts.not_scored = Counter(dict.fromkeys(counts.not_scored, counts.rows))
    metadata = {key: value for key, value in table.schema.metadata.items() if key != PART_KEY}
    write_part(run, COMMENTS, number, table.replace_schema_metadata(metadata), counts.to_dict())
    return counts


def _rejects(run: Path, parts: int) -> Iterator[str]:
    for number in range(parts):
        path = part_path(run, REJECTS, number, ".jsonl")
        if path.exists():
            with path.open(encoding="utf-8", newline="\n") as lines:
                yield from (line.rstrip("\n") for line in lines)
