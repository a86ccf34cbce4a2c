"""Inputs: compression by content, archives, directories, damage and bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path

import pytest
import zstandard

from moderation.errors import DataError, UsageError
from moderation.ingest import archive, decompress, source
from moderation.ingest.reader import ingest
from moderation.ingest.source import expand, open_source

LINES = b"".join(b'{"id": "%d", "text": "comment number %d"}\n' % (n, n * n) for n in range(5000))


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


COMPRESSED = {
    "gzip": gzip.compress(LINES),
    "gzip, two members": gzip.compress(LINES[:1000]) + gzip.compress(LINES[1000:]),
    "gzip, padded": gzip.compress(LINES) + b"\0" * 512,
    "bzip2": bz2.compress(LINES),
    "bzip2, two streams": bz2.compress(LINES[:1000]) + bz2.compress(LINES[1000:]),
    "xz": lzma.compress(LINES),
    "zstd": zstandard.compress(LINES),
    "zstd, two frames": zstandard.compress(LINES[:1000]) + zstandard.compress(LINES[1000:]),
    "zip": _zipped({"x": LINES}),
    "zstd in gzip": gzip.compress(zstandard.compress(LINES)),
}


@pytest.mark.parametrize("how", COMPRESSED)
def test_compressed_reads_like_plain(how: str, tmp_path: Path) -> None:
    # The name says nothing: content alone decides.
    path = tmp_path / "dump.txt"
    path.write_bytes(COMPRESSED[how])
    with open_source(path) as opened:
        assert opened.stream.read() == LINES
        assert opened.damage() is None
        assert opened.head.data == LINES[: source.HEAD_SIZE]


def test_zstd_with_the_window_of_real_archives(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=31)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = tmp_path / "RC.zst"
    path.write_bytes(frame.compress(LINES) + frame.flush())
    with open_source(path) as opened:
        assert opened.stream.read() == LINES


@pytest.mark.parametrize("how", ["gzip", "bzip2", "xz", "zstd"])
def test_truncated_stream_keeps_what_was_readable(how: str, tmp_path: Path) -> None:
    lines = b"".join(
        b'{"id": "%d", "text": "%s"}\n' % (n, (b"%x" % pow(7, n, 10**40)) * 3) for n in range(20_000)
    )
    pack = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard.compress}[
        how
    ]
    packed = pack(lines)
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    table, accounting = ingest(path, "jsonl")
    assert 5_000 < table.num_rows < 20_000
    assert accounting.read == accounting.rows + accounting.rejected
    breaks = [reject for reject in accounting.rejects if "breaks off" in reject.reason]
    assert len(breaks) == 1 and breaks[0].place.startswith("byte ")


def test_damaged_stream_is_reported_with_its_place(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "flipped"
    path.write_bytes(bytes(packed))
    with open_source(path) as opened:
        readable = opened.stream.read()
        damage = opened.damage()
    assert damage is not None and damage[0] == len(readable) and "damaged" in damage[1]


def test_garbage_behind_a_stream_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "tail"
    path.write_bytes(gzip.compress(LINES) + b"<html>502 Bad Gateway</html>")
    with open_source(path) as opened:
        assert opened.stream.read() == LINES
        damage = opened.damage()
    assert damage is not None and "not gzip" in damage[1]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda data: _zipped({"x": data})])
def test_bombs_end(pack: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (decompress, archive):
        monkeypatch.setattr(module, "BOMB_SIZE", 1 << 20)
        monkeypatch.setattr(module, "BOMB_RATIO", 100)
    path = tmp_path / "bomb"
    path.write_bytes(pack(b"\n" * (64 << 20)))  # type: ignore[operator]
    with open_source(path) as opened:
        assert len(opened.stream.read()) < 64 << 20
        damage = opened.damage()
    assert damage is not None and "bomb" in damage[1]


def test_onions_are_refused(tmp_path: Path) -> None:
    data = LINES
    for _ in range(5):
        data = gzip.compress(data)
    (tmp_path / "onion").write_bytes(data)
    with pytest.raises(DataError, match="compressed more than 3 times"):
        open_source(tmp_path / "onion")


def test_each_file_of_an_archive_is_an_input(tmp_path: Path) -> None:
    path = tmp_path / "dump.zip"
    path.write_bytes(
        _zipped({"b.jsonl": b'{"text": "two"}\n', "a.csv": b"id,text\n1,one\n", "__MACOSX/._a": b"x"})
    )
    assert [item.name for item in expand([path])] == [f"{path}!a.csv", f"{path}!b.jsonl"]
    table, _ = ingest(path)
    assert table["text"].to_pylist() == ["one", "two"]


def test_damaged_archive_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.zip"
    path.write_bytes(_zipped({"x": LINES})[:-200])
    with pytest.raises(DataError, match=r"cut\.zip: the zip archive is damaged"):
        expand([path])


def test_directories_are_read_recursively_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name in ("b/deep/2.csv", "a.csv", ".hidden/x.csv", "b/.y.csv"):
        (tmp_path / name).write_text("text\nhello\n")
    assert [Path(item.location).name for item in expand([tmp_path])] == ["a.csv", "2.csv"]
    assert len(expand([str(tmp_path / "**" / "*.csv")])) == 2


@pytest.mark.parametrize("missing", ["nothing.csv", "*.none", "empty"])
def test_missing_inputs_are_usage_errors(missing: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=str(tmp_path)):
        expand([str(tmp_path / missing)])


def test_standard_input_is_sniffed_and_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (LINES, zstandard.compress(LINES), _zipped({"dump.jsonl": LINES})):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
        table, _ = ingest("-")
        assert table.num_rows == 5000
        assert table["source"][0].as_py() == "jsonl"


def test_urls_are_read_through_fsspec(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/folder/a.csv", b"text\none\n")
    fsspec.filesystem("memory").pipe("/folder/b.csv", b"text\ntwo\n")
    assert ingest("memory://folder/a.csv")[0]["text"].to_pylist() == ["one"]
    assert ingest("memory://folder/*.csv")[0]["text"].to_pylist() == ["one", "two"]
    with pytest.raises(UsageError, match="memory://folder/none"):
        ingest("memory://folder/none.csv")


def test_digest_is_that_of_the_stored_file(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(LINES))
    with open_source(path) as opened:
        opened.stream.read()
        assert opened.digest == hashlib.sha256(path.read_bytes()).hexdigest()
        assert opened.position == opened.size == path.stat().st_size


def test_what_stands_beside_the_comments_of_a_corpus_is_no_input(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("utterances.jsonl", "speakers.json", "conversations.json", "index.json", "more.csv"):
        (corpus / name).write_text("{}")
    assert [Path(item.name).name for item in expand([tmp_path])] == ["more.csv", "utterances.jsonl"]
    with zipfile.ZipFile(tmp_path / "corpus.zip", "w") as archive:
        for name in ("c/outbox.json", "c/actor.json", "c/media_attachments/files/1.png"):
            archive.writestr(name, "{}")
    assert [item.member for item in expand([tmp_path / "corpus.zip"])] == ["c/outbox.json"]
    # Alone such a name says nothing.
    (tmp_path / "index.json").write_text("{}")
    assert [item.name for item in expand([tmp_path / "index.json"])] == [str(tmp_path / "index.json")]
