"""A folder to run the documented commands in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pages import ROOT


@pytest.fixture
def beside_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder that has the bundled samples where a checkout has them."""
    shutil.copytree(ROOT / "datasets" / "samples", tmp_path / "datasets" / "samples")
    monkeypatch.chdir(tmp_path)
    return tmp_path
