"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_folder() -> Path | None:
    """Return the folder of real samples and corpora, where this machine has one."""
    named = os.environ.get("MODERATION_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = shared_folder()
    if folder is None or not (folder / "samples").is_dir():
        pytest.skip("no real samples on this machine: set MODERATION_SHARED to their folder")
    return folder / "samples"


@pytest.fixture(scope="session")
def corpora() -> Path:
    folder = shared_folder()
    if folder is None or not (folder / "data").is_dir():
        pytest.skip("no labelled corpora on this machine: set MODERATION_SHARED to their folder")
    return folder / "data"
