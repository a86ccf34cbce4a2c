"""Damaged dumps of every format and compression: no crash, no silent loss."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.errors import ModerationError
from moderation.score.accounting import Accounting
from moderation.score.engine import Request, fill
from moderation.score.parallel import Workers
from moderation.score.progress import Silent

MUTATIONS = int(os.environ.get("MODERATION_MUTATIONS", "500"))

COMMENTS = [
    {"id": f"c{i}", "thread_id": "t", "parent_id": f"c{i // 2}", "author": "Jo", "text": f"naïve text {i}"}
    for i in range(30)
]
COMPRESSIONS = {
    "plain": bytes,
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


def contents() -> dict[str, bytes]:
    """Return one small dump of each format that has a sample here or is a table."""
    lines = [json.dumps(comment, ensure_ascii=False).encode() for comment in COMMENTS]
    rows = [",".join(str(value or "") for value in comment.values()) for comment in COMMENTS]
    table = {
        "jsonl": b"\n".join(lines) + b"\n",
        "json": b"[" + b",\n".join(lines) + b"]",
        "csv": ("id,thread_id,parent_id,author,text\n" + "\n".join(rows) + "\n").encode(),
    }
    samples = Path(__file__).resolve().parents[2] / "datasets" / "samples"
    return table | {path.name: path.read_bytes() for path in sorted(samples.iterdir()) if path.is_file()}


CONTENTS = contents()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a compressed dump, cut, with flipped bits, overwritten or repeated pieces."""
    data = bytearray(CONTENTS[draw(st.sampled_from(sorted(CONTENTS)))])
    pack = COMPRESSIONS[draw(st.sampled_from(sorted(COMPRESSIONS)))]
    before = draw(st.booleans())
    if not before:
        data = bytearray(pack(bytes(data)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["flip", "cut", "bytes", "repeat"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at:]
            case "bytes":
                new = draw(st.binary(min_size=1, max_size=20))
                data[at : at + len(new)] = new
            case _:
                data[at:at] = data[max(0, at - 50) : at]
    return pack(bytes(data)) if before else bytes(data)


def check(data: bytes, folder: Path) -> None:
    """Run over a dump and check that it is refused in words, or accounted for to the last record."""
    (folder / "dump").write_bytes(data)
    try:
        run = fill(Request([folder / "dump"], workers=Workers(1)), folder / "run", Silent())
    except ModerationError as error:
        assert "dump" in str(error)
        assert "please report" not in str(error), error
        return
    counts = run.accounting
    counts.check("the run")
    parts = [Accounting.from_dict(part["accounting"]) for part in run.manifest["parts"]]
    assert sum(part.read for part in parts) == counts.read
    rejects = [json.loads(line) for line in run.rejects.read_text("utf-8").splitlines()]
    assert len(rejects) == counts.rejected
    assert run.to_table().num_rows == counts.rows
    assert not [reject for reject in rejects if "could make nothing of it" in reject["reason"]], rejects
    assert not [problem for problem in run.problems if "reader stopped" in problem], run.problems
    # A table that is cut after its header has no records, and nothing is wrong with it.
    assert counts.read or run.problems or run.manifest["inputs"][0]["format"] in ("csv", "tsv")


@pytest.mark.parametrize(
    "data",
    [
        # A record that is closed twice.
        CONTENTS["lighthouse-museum.disqus.xml"].replace(b"</post>", b"</post></post>", 1),
    ],
)
def test_found_by_fuzzing(data: bytes, tmp_path: Path) -> None:
    check(data, tmp_path)


@pytest.mark.slow
@settings(
    max_examples=MUTATIONS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    database=None,
)
@given(data=damaged() | st.binary(max_size=300))
def test_damaged_dump_is_accounted_for(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    check(data, tmp_path_factory.mktemp("fuzz"))
