"""Corpus files on disk: fetched from their published addresses, and checked against their digests."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moderation.errors import DataError
from moderation.train.corpora_read import find_file, read_bytes, read_csv
from moderation.train.corpora_spec import CorpusSpec, SourceFile
from moderation.train.splits import normalise

TIMEOUT: Final = 60
"""Seconds without a byte after which a download is given up."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What became of one file of a corpus.

    Parameters
    ----------
    name : str
    state : {"published", "cut", "missing", "changed"}
        As its authors published it; the same without exam rows; not there; neither.
    """

    name: str
    state: str

    @property
    def usable(self) -> bool:
        """Whether the registry describes this content."""
        return self.state in ("published", "cut")


def file_states(spec: CorpusSpec, place: Path) -> tuple[FileState, ...]:
    """Return the state of each file of a corpus.

    Parameters
    ----------
    spec : CorpusSpec
    place : Path
        The corpus's own folder.
    """
    return tuple(FileState(source.name, _state(source, place)) for source in spec.files)


def held_texts(spec: CorpusSpec, place: Path) -> frozenset[str]:
    """Return normalised texts of a test file that the corpus's other files hold too.

    Raises
    ------
    DataError
        The files are as published, so they hold those texts, but the test file that tells which is not there.
    """
    if not spec.exam.texts_of:
        return frozenset()
    try:
        held = read_csv(find_file(place, spec.exam.texts_of))
    except DataError as error:
        published = [s.name for s in spec.files if s.cut_sha256 and _state(s, place) == "published"]
        if not published:
            return frozenset()
        raise DataError(
            f"{place / published[0]} holds texts of the test file {spec.exam.texts_of}, which is not beside "
            f"it; download it from {spec.exam.url}"
        ) from error
    return frozenset(map(normalise, held["text"]))


def fetch_corpus(spec: CorpusSpec, place: Path) -> Iterator[Path]:
    """Download the files of a corpus that are not there yet, one after the other.

    Parameters
    ----------
    spec : CorpusSpec
    place : Path
        The corpus's own folder; made if need be.

    Yields
    ------
    Path
        Each file, once it is complete and its digest is right.

    Raises
    ------
    DataError
        A file has no published address, cannot be reached or is not the one that the registry describes.
    """
    for source in spec.files:
        if _state(source, place) != "missing":
            continue
        if not source.url:
            raise DataError(f"{place / source.name} has no address of its own; make it from {source.derived}")
        content = _download(source)
        place.mkdir(parents=True, exist_ok=True)
        part = place / f".{source.name}.part"
        part.write_bytes(content)
        part.replace(place / source.name)
        yield place / source.name


def _download(source: SourceFile) -> bytes:
    try:
        with urllib.request.urlopen(source.url, timeout=TIMEOUT) as answer:
            content: bytes = answer.read(source.bytes + 1)
    except (urllib.error.URLError, OSError) as error:
        raise DataError(
            f"{source.url} cannot be fetched: {error}; try again or copy the file by hand"
        ) from error
    if hashlib.sha256(content).hexdigest() != source.sha256:
        raise DataError(f"{source.url} is not the file that the registry describes (its digest differs)")
    return content


def _state(source: SourceFile, place: Path) -> str:
    try:
        digest = hashlib.sha256(read_bytes(find_file(place, source.name))).hexdigest()
    except DataError:
        return "changed" if any(place.glob(f"{source.name}*")) else "missing"
    return {source.sha256: "published", source.cut_sha256: "cut"}.get(digest, "changed")
