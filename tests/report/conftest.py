"""Fixtures of the report's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from handmade_run import SMALL, Run, make_run


@pytest.fixture
def small(tmp_path: Path) -> Run:
    return make_run(tmp_path / "run", SMALL)
