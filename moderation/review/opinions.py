"""The store's decisions as a table beside the comments, so that queues can be asked for in SQL."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from moderation.decisions.event import Decision, timestamp
from moderation.decisions.exchange import SCHEMA
from moderation.decisions.store import DecisionStore
from moderation.review.index import Index

_SCHEMA: Final = pa.schema(
    [
        *[(name, pa.string()) for name in ("comment_id", "thread_id", "digest", "reviewer", "decision")],
        ("labels", pa.list_(pa.string())),
        ("checked", pa.list_(pa.string())),
        *[(name, pa.string()) for name in ("note", "made", "step")],
        ("number", pa.int64()),
        SCHEMA.field("spans"),
    ]
)
_MATCH: Final = """
INSERT INTO opinions
SELECT c.row, g.reviewer, g.decision, g.labels, g.checked, g.note, g.made, g.step, g.number,
    g.spans
FROM given g JOIN comments c
    ON c.id_key = hash(g.comment_id) AND c.comment_id = g.comment_id AND c.digest = g.digest
    AND g.thread_id IN ('', c.thread_id)
"""
_HELD: Final = """
CREATE OR REPLACE VIEW held AS
SELECT * FROM opinions WHERE step NOT IN (SELECT step FROM undone)
QUALIFY row_number() OVER (PARTITION BY row, reviewer ORDER BY made DESC, number DESC) = 1
"""
_PAGE: Final = 20_000


class Opinions:
    """Follows a store: what others write into it is seen, too.

    Makes the tables `opinions` and `undone` and the view `held` (the decisions in force: row, reviewer,
    decision, labels, checked, note, made, step, number, spans) in the index.

    Parameters
    ----------
    index : Index
    store : DecisionStore
    """

    def __init__(self, index: Index, store: DecisionStore) -> None:
        self._index, self._store = index, store
        self._seen = self._undone = 0
        self._lock = threading.Lock()
        index.execute(
            "CREATE TABLE opinions (row BIGINT, reviewer VARCHAR, decision VARCHAR, labels VARCHAR[], "
            "checked VARCHAR[], note VARCHAR, made VARCHAR, step VARCHAR, number BIGINT, "
            'spans STRUCT("begin" INTEGER, "end" INTEGER, label VARCHAR, confirmed BOOLEAN)[])'
        )
        index.execute("CREATE TABLE undone (step VARCHAR)")
        index.execute(_HELD)
        self.follow()

    def follow(self) -> None:
        """Take over what the store holds anew."""
        with self._lock:
            while True:
                events = list(self._store.since(self._seen, most=_PAGE))
                if not events:
                    break
                self._index.execute(_MATCH, table=_table(events))
                self._seen = events[-1][0]
            for number, step in self._store.undone_since(self._undone):
                self._index.execute("INSERT INTO undone VALUES (?)", [step])
                self._undone = number

    def on(self, rows: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the decisions in force on some comments by row, oldest first."""
        found: dict[int, list[dict[str, Any]]] = {}
        for opinion in self._index.query(
            "SELECT * FROM held WHERE row IN (SELECT unnest(?::BIGINT[])) ORDER BY made, number", [list(rows)]
        ):
            found.setdefault(opinion["row"], []).append(opinion)
        return found


def _table(events: Sequence[tuple[int, str, Decision]]) -> pa.Table:
    rows = [
        {
            "comment_id": made.comment_id,
            "thread_id": made.thread_id,
            "digest": made.text_digest,
            "reviewer": made.reviewer,
            "decision": made.decision,
            "labels": list(made.labels),
            "checked": None if made.checked is None else list(made.checked),
            "note": made.note,
            "made": timestamp(made.created_at),
            "step": step,
            "number": number,
            "spans": [span.to_dict() for span in made.spans],
        }
        for number, step, made in events
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)
