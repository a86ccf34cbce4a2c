"""Fixtures of the ingest tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings

from moderation.ingest.base import Accounting
from moderation.ingest.reader import ingest
from moderation.schema import check_comments

# Time is not what these tests assert: the machine may be busy.
settings.register_profile("moderation", deadline=None)
settings.load_profile("moderation")

Read = Callable[..., tuple[pa.Table, Accounting]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write content to a file and ingest it; the table is checked against the schema."""

    def write_and_read(
        content: bytes | str,
        name: str = "dump",
        format: str | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> tuple[pa.Table, Accounting]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        table, accounting = ingest(path, format, columns)
        check_comments(table)
        assert accounting.rows == table.num_rows
        return table, accounting

    return write_and_read
