"""The documentation of formats: complete, and its examples work as they stand."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from moderation.ingest.mapping import read_mapping
from moderation.ingest.registry import formats

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DIGEST = "Digest of May\n====================\nFrom: Ann\nHello all.\n====================\nno author\n"


def _block(language: str, containing: str) -> str:
    return next(body for found, body in BLOCKS if found == language and containing in body)


def test_every_format_is_documented() -> None:
    by_their_names = {"twikoo", "artalk", "waline", "commento", "remark42", "isso"}
    missing = [name for name in formats() if f"`{name}`" not in PAGE and name not in by_their_names]
    assert missing == []
    assert all(name in PAGE.lower() for name in by_their_names)


def test_the_described_format_reads_its_dump(tmp_path: Path) -> None:
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "guestbook.toml").write_text(_block("toml", "guestbook"))
    assert read_mapping(folder / "guestbook.toml").name == "guestbook"
    entry = {"nr": 1, "who": {"name": "Ann"}, "at": "2024-05-01", "words": "<p>Hi &amp; bye</p>", "stars": 3,
             "answers": [{"nr": 2, "who": "Bob", "words": "Re", "state": "held"}]}  # fmt: skip
    (tmp_path / "dump").write_text(json.dumps({"days": [{"date": "May", "entries": [entry]}]}))
    rows = _ingested(tmp_path / "dump", MODERATION_FORMATS=str(folder))
    assert [
        (row["source"], row["thread_id"], row["author"], row["text"], row["depth"], row["status"])
        for row in rows
    ] == [
        ("guestbook", "May", "Ann", "Hi & bye", 0, "visible"),
        ("guestbook", "May", "Bob", "Re", 1, "pending"),
    ]


@pytest.mark.slow
def test_the_example_package_installs_and_reads_its_dump(tmp_path: Path) -> None:
    for needed in ("pip", "hatchling"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"installing a package needs {needed}")
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    (package / "pyproject.toml").write_text(_block("toml", "build-system"))
    (package / "moderation_digest.py").write_text(_block("python", "FORMAT = "))
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    (site,) = (home / "lib").glob("python*/site-packages")
    # The libraries are those of this environment, and moderation itself; the package goes into its own.
    (site / "outer.pth").write_text("\n".join(path for path in sys.path if Path(path).is_dir()) + "\n")
    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", site, package], check=True, capture_output=True)
    (tmp_path / "dump").write_text(DIGEST)
    command = [python, "-c", "from moderation.cli import main; main()"]
    listed = subprocess.run([*command, "formats"], check=True, capture_output=True, text=True).stdout
    assert "digest" in listed and "mailing-list digest" in listed
    done = subprocess.run(
        [*command, "ingest", tmp_path / "dump", "-o", "-"], capture_output=True, text=True, check=False
    )
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[name] for name in ("source", "author", "text", "thread_id")] == [
        "digest",
        "Ann",
        "Hello all.",
        "Digest of May",
    ]
    # The entry without an author is a reject, named with its place.
    assert done.returncode == 1 and "entry 2: no line From:" in done.stderr


def _ingested(path: Path, **environment: str) -> list[dict[str, object]]:
    code = (
        "import json, sys; from moderation.ingest.reader import ingest; table, _ = ingest(sys.argv[1]); "
        "print(json.dumps(table.drop(['created_at']).to_pylist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout)
