"""A small run by hand: comments, probabilities and an explanation that anyone can check."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from moderation.schema import scored_schema

LABELS = ("insult", "threat")
BAD = {"idiot": "insult", "fool": "insult", "burn": "threat"}


@dataclass
class Policy:
    """Thresholds, and a house rule on authors."""

    thresholds: dict[str, float | None]
    expected_precision: dict[str, float | None] = field(default_factory=dict)
    blocked: str | None = None

    def to_dict(self) -> dict[str, Any]:
        targets = dict.fromkeys(self.thresholds, "precision 0.8")
        return {
            "thresholds": self.thresholds,
            "expected_precision": self.expected_precision,
            "targets": targets,
            "rules": [self.blocked] if self.blocked else [],
        }

    def flags(self, table: pa.Table) -> pa.Array:
        rows = []
        for record in table.to_pylist():
            flags = [
                label
                for label, threshold in self.thresholds.items()
                if threshold is not None and (record[f"p_{label}"] or 0) >= threshold
            ]
            if self.blocked and record["author"] == self.blocked:
                flags.append("rule:blocked")
            rows.append(flags)
        return pa.array(rows, pa.list_(pa.string()))


@dataclass
class Span:
    begin: int
    end: int
    shares: dict[str, float]


@dataclass
class Explanation:
    text: str
    probabilities: dict[str, float]
    bias: dict[str, float]
    spans: list[Span]


def explain(text: str) -> Explanation:
    """Each word of `BAD` adds 3 to the log-odds of its label, every other word nothing."""
    spans = []
    for match in re.finditer(r"\S+", text):
        word = match.group().strip(".,!").lower()
        spans.append(Span(*match.span(), {label: 3.0 if BAD.get(word) == label else 0.0 for label in LABELS}))
    odds = {label: -3 + sum(span.shares[label] for span in spans) for label in LABELS}
    return Explanation(
        text, {k: 1 / (1 + math.exp(-v)) for k, v in odds.items()}, dict.fromkeys(LABELS, -3.0), spans
    )


class Run:
    """What a report needs of a run."""

    def __init__(self, path: Path, table: pa.Table, policy: Policy | None, parts: int = 2) -> None:
        self.path, self.table, self.policy = path, table, policy
        self.schema = table.schema
        self.labels = LABELS if policy else ()
        withheld = [reason for reason in table["not_scored"].to_pylist() if reason] if policy else []
        counts = {reason: withheld.count(reason) for reason in dict.fromkeys(withheld)}
        scored = table.num_rows - len(withheld) if policy else 0
        self.manifest: dict[str, Any] = {
            "format_version": 1,
            "tool": {"name": "moderation", "version": "0.1.0"},
            "model": {"name": "fast", "digest": "d1" * 32, "labels": list(LABELS)} if policy else None,
            "policy": policy.to_dict() if policy else None,
            "inputs": [{"name": "dump.jsonl", "size": 1, "problem": None}],
            "accounting": {
                "read": table.num_rows + 3,
                "rows": table.num_rows,
                "rejected": 1,
                "skipped": {"article text": 2},
                "scored": scored,
                "not_scored": counts if policy else {"no model asked for": table.num_rows},
                "repaired": 0,
            },
            "state": "finished",
            "created": "2024-05-01T00:00:00+00:00",
            "finished": "2024-05-01T00:00:05+00:00",
        }
        self._size = max(1, -(-table.num_rows // parts))

    def batches(
        self, columns: Sequence[str] | None = None, policy: Policy | None = None
    ) -> Iterator[pa.RecordBatch]:
        policy = policy or self.policy
        for begin in range(0, self.table.num_rows, self._size):
            part = self.table.slice(begin, self._size)
            if policy is not None:
                place = part.schema.get_field_index("flags")
                part = part.set_column(place, part.schema.field("flags"), policy.flags(part))
            yield from part.select(list(columns or self.schema.names)).combine_chunks().to_batches()


def comment(comment_id: str, text: str, **values: Any) -> dict[str, Any]:
    """Return a scored row; `insult` and `threat` give its probabilities."""
    row: dict[str, Any] = {
        "comment_id": comment_id,
        "thread_id": "t1",
        "parent_id": None,
        "depth": 0,
        "position": 0,
        "author": "Ann",
        "created_at": datetime(2024, 3, 1, 12, tzinfo=UTC),
        "text": text,
        "kind": "comment",
        "status": "visible",
        "parent_state": "ok" if values.get("parent_id") else "root",
        "thread_title": "First thread",
        "source": "jsonl",
        "flags": [],
        "language": "en",
        "tier": "fast",
        "p_insult": values.pop("insult", 0.01),
        "p_threat": values.pop("threat", 0.01),
    }
    row.update(values)
    if row.get("not_scored"):
        row.update(p_insult=None, p_threat=None, tier=None, language=None)
    return row


def make_run(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    policy: Policy | None = None,
    parts: int = 2,
    **more: Sequence[Any],
) -> Run:
    """Return a run of rows made by `comment`; `more` are the user's own columns."""
    table = pa.Table.from_pylist(list(rows), schema=scored_schema(LABELS))
    for name, values in more.items():
        table = table.append_column(f"input.{name}", pa.array(values))
    path.mkdir(parents=True, exist_ok=True)
    return Run(path, table, policy or default_policy(), parts)


def default_policy() -> Policy:
    return Policy({"insult": 0.5, "threat": 0.8}, {"insult": 0.9, "threat": None})


SMALL = [
    comment("a", "What do you think of the bridge?", author="Ann"),
    comment("b", "You idiot, it is a fool's plan.", author="Bob", parent_id="a", depth=1, insult=0.9),
    comment(
        "c",
        "Burn it, idiot!",
        author="Bob",
        parent_id="b",
        depth=2,
        insult=0.7,
        threat=0.95,
        created_at=datetime(2024, 3, 3, 9, tzinfo=UTC),
        url="https://example.org/c",
        likes=4,
    ),
    comment("d", "", author=None, parent_id="zz", parent_state="missing", not_scored="empty"),
    comment("e", "I like bridges.", author="Eve", thread_id="t2", thread_title=None, created_at=None),
    comment("f", "Silly fool.", author=None, thread_id="t2", thread_title=None, insult=0.6, created_at=None),
]
