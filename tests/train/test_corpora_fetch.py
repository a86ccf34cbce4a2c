"""Corpora are downloaded from a server, or copied, and kept only if they are the ones described."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from moderation.errors import DataError, UsageError
from moderation.train.corpora import registry
from moderation.train.corpora_fetch import Fetched, Silent, fetch_corpus
from moderation.train.corpora_spec import CorpusSpec, Exam, SourceFile

CONTENT = b"text,y\na,1\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Web:
    """A web server over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        handler = type("Handler", (Quiet,), {"asked": self.asked})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))

    def file(self, name: str, content: bytes = CONTENT) -> SourceFile:
        (self.folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return SourceFile(name, len(content), digest, f"http://127.0.0.1:{self.server.server_port}/{name}")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    folder = tmp_path / "web"
    folder.mkdir()
    made = Web(folder)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def small(*files: SourceFile, exam: Exam = Exam()) -> CorpusSpec:
    return dataclasses.replace(registry()["ucc"], name="small", folder="abuse/small", files=files, exam=exam)


def outcomes(found: Iterator[Fetched]) -> dict[str, str]:
    return {file.name: file.outcome for file in found}


class Counting(Silent):
    """Counts as pooch reports: chunks, then the whole once more."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def update(self, size: int) -> None:
        self.seen.append(size)


def test_files_are_downloaded_once_and_verified(web: Web, tmp_path: Path) -> None:
    spec, place = small(web.file("a.csv"), web.file("b.csv", b"x")), tmp_path / "corpora" / "abuse" / "small"
    bar = Counting()
    assert outcomes(fetch_corpus(spec, place, watcher=bar)) == {"a.csv": "fetched", "b.csv": "fetched"}
    assert (place / "a.csv").read_bytes() == CONTENT
    assert len(CONTENT) in bar.seen
    assert bar.total == 1
    assert outcomes(fetch_corpus(spec, place)) == {"a.csv": "there", "b.csv": "there"}
    assert web.asked == ["/a.csv", "/b.csv"]


def test_a_file_that_is_not_the_described_one_is_not_kept(web: Web, tmp_path: Path) -> None:
    other = dataclasses.replace(web.file("a.csv"), sha256="0" * 64)
    with pytest.raises(DataError, match=r"a\.csv is not the file that the registry describes"):
        list(fetch_corpus(small(other), tmp_path / "place"))
    assert not [path for path in (tmp_path / "place").rglob("*") if path.is_file()]


def test_what_cannot_be_reached_is_told_with_the_way_out(web: Web, tmp_path: Path) -> None:
    gone = dataclasses.replace(web.file("a.csv"), url=web.file("a.csv").url + "-gone")
    with pytest.raises(DataError, match=r"a\.csv-gone cannot be fetched: 404 .*--from"):
        list(fetch_corpus(small(gone), tmp_path / "place"))


def test_a_changed_file_is_left_alone(web: Web, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"mine")
    with pytest.raises(DataError, match="move it away"):
        list(fetch_corpus(small(web.file("a.csv")), tmp_path))
    assert (tmp_path / "a.csv").read_bytes() == b"mine"


def test_what_was_never_published_is_listed_and_the_rest_fetched(web: Web, tmp_path: Path) -> None:
    made = SourceFile("made.csv", sha256="0" * 64, derived="a.csv without its header")
    found = list(fetch_corpus(small(made, web.file("a.csv")), tmp_path / "place"))
    assert [file.outcome for file in found] == ["missing", "fetched"]
    assert found[0].reason == "no published address; made from a.csv without its header"


@pytest.mark.parametrize("layout", ["abuse/small", "small", "."])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_copies_are_taken_in_any_layout(
    layout: str, pack: Callable[[bytes], bytes], web: Web, tmp_path: Path
) -> None:
    source = tmp_path / "mine" / layout
    source.mkdir(parents=True)
    name = "a.csv" if pack is bytes else "a.csv.gz"
    (source / name).write_bytes(pack(CONTENT))
    place = tmp_path / "corpora"
    found = fetch_corpus(small(web.file("a.csv")), place, source=tmp_path / "mine")
    assert outcomes(found) == {"a.csv": "copied"}
    assert (place / name).read_bytes() == (source / name).read_bytes()
    assert web.asked == []


def test_copies_are_checked(web: Web, tmp_path: Path) -> None:
    spec = small(web.file("a.csv"))
    with pytest.raises(UsageError, match="no such folder of copies"):
        list(fetch_corpus(spec, tmp_path / "place", source=tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    assert outcomes(fetch_corpus(spec, tmp_path / "place", source=tmp_path / "mine")) == {"a.csv": "missing"}
    (tmp_path / "mine" / "a.csv").write_bytes(b"another version")
    with pytest.raises(DataError, match="is not the file that the registry describes"):
        list(fetch_corpus(spec, tmp_path / "place", source=tmp_path / "mine"))
    assert not (tmp_path / "place" / "a.csv").exists()


def test_the_test_file_that_tells_the_exam_comes_with_whole_files_only(web: Web, tmp_path: Path) -> None:
    whole = b"text\nkept for the exam\nother\n"
    cut = b"text\nother\n"
    file = dataclasses.replace(web.file("a.csv", whole), cut_sha256=hashlib.sha256(cut).hexdigest())
    spec = small(file, exam=Exam(texts_of="test.csv", url=web.file("test.csv", b"text\nkept\n").url))
    assert outcomes(fetch_corpus(spec, tmp_path / "whole")) == {"a.csv": "fetched", "test.csv": "fetched"}
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "a.csv").write_bytes(cut)
    assert outcomes(fetch_corpus(spec, tmp_path / "cut")) == {"a.csv": "there"}
