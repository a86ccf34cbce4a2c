"""A sample that was drawn at random as a queue: exactly its comments, in random order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from moderation.errors import UsageError
from moderation.review.index import Index

if TYPE_CHECKING:
    from moderation.report.sample import Sample

_MATCH = """
INSERT INTO drawn
SELECT min(c.row) FROM given g JOIN comments c
    ON c.id_key = hash(g.comment_id) AND c.comment_id = g.comment_id
    AND c.thread_id = g.thread_id AND c.digest = g.text_digest
GROUP BY g.place
"""


def take_sample(index: Index, sample: Sample | None) -> frozenset[int]:
    """Make the table `drawn` of the rows of a sample, and return them; without a sample it is empty.

    Raises
    ------
    UsageError
        The sample was drawn from another run.
    """
    index.execute("CREATE TABLE drawn (row BIGINT)")
    if sample is None:
        return frozenset()
    table = pa.table(
        {
            **{
                name: pa.array(sample.rows[name].tolist(), pa.string())
                for name in ("comment_id", "thread_id", "text_digest")
            },
            "place": pa.array(range(len(sample.rows)), pa.int64()),
        }
    )
    index.execute(_MATCH, table=table)
    rows = [record["row"] for record in index.query("SELECT row FROM drawn")]
    if len(rows) < len(sample.rows):
        missing = len(sample.rows) - len(rows)
        raise UsageError(
            f"{missing:,} of {len(sample.rows):,} comments of the sample are not in this run: it was drawn "
            "from another one, or texts were changed in the file"
        )
    return frozenset(rows)
