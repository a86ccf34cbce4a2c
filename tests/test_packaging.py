"""The wheel and the source archive: the same bytes every time, and everything that scoring needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EPOCH = "1700000000"
"""A time to build at: files in the archives are dated by it, not by the clock."""

LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "dist", "build", "run", "runs", "corpora"
)


def build(source: Path, out: Path) -> dict[str, bytes]:
    """Return the archives that a copy of the project builds into, by name."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
    )
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build twice, from copies made at other places and times, and return the folder of the second."""
    folder = tmp_path_factory.mktemp("packaging")
    found = []
    for number, moment in enumerate((1_500_000_000, 1_600_000_000)):
        source = folder / f"source-{number}"
        # The second is a copy of the first: somebody may be working on the project meanwhile.
        shutil.copytree(folder / "source-0" if number else ROOT, source, ignore=LEFT_OUT)
        for path in source.rglob("*"):
            os.utime(path, (moment, moment))
        found.append(build(source, folder / f"out-{number}"))
    assert sorted(found[0]) == sorted(found[1])
    assert len(found[0]) == 2
    for name, content in found[0].items():
        assert content == found[1][name], f"{name} differs from build to build"
    return folder / "out-1"


@pytest.mark.slow
def test_archives_are_the_same_every_time_and_hold_what_scoring_needs(archives: Path) -> None:
    wheel = zipfile.ZipFile(next(archives.glob("*.whl")))
    names = set(wheel.namelist())
    for needed in (
        *("moderation/py.typed", "moderation/cli/app.py", "moderation/report/templates/report.html.j2"),
        *("moderation/_data/datasets/registry.toml", "moderation/_data/datasets/samples/harbour-bridge.txt"),
        *(f"moderation/_data/models/fast/{name}" for name in ("config.json", "codes.npy", "MODEL_CARD.md")),
    ):
        assert needed in names, needed
    assert not {name for name in names if name.startswith(("tests/", "benchmarks/", "notebooks/"))}
    assert (
        wheel.read("moderation/_data/models/fast/codes.npy") == (ROOT / "models/fast/codes.npy").read_bytes()
    )
    assert "-py3-none-any" in next(archives.glob("*.whl")).name


@pytest.mark.slow
def test_the_source_archive_builds_and_tests(archives: Path) -> None:
    with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "tests/conftest.py",
        "models/fast/recipe.toml",
    ):
        assert needed in names, needed
    assert {f"datasets/written/{path.name}" for path in (ROOT / "datasets/written").iterdir()} <= names
