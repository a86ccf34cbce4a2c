"""Corpus files on disk: checked against the digests of the registry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from moderation.errors import DataError
from moderation.train.corpora_read import find_file, read_bytes, read_csv
from moderation.train.corpora_spec import CorpusSpec, SourceFile
from moderation.train.splits import normalise


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


def lacks_test_file(spec: CorpusSpec, place: Path) -> bool:
    """Return whether files are as published, while the test file whose texts they hold too is not there."""
    if not spec.exam.texts_of or any((place / f"{spec.exam.texts_of}{end}").is_file() for end in ("", ".gz")):
        return False
    return any(source.cut_sha256 and _state(source, place) == "published" for source in spec.files)


def held_texts(spec: CorpusSpec, place: Path) -> frozenset[str]:
    """Return normalised texts of a test file that the corpus's other files hold too.

    Raises
    ------
    DataError
        The files are as published, so they hold those texts, but the test file that tells which is not there.
    """
    if lacks_test_file(spec, place):
        raise DataError(
            f"{place} holds texts of the test file {spec.exam.texts_of}, which is not in it; "
            f"download it from {spec.exam.url}, or by: moderation corpora fetch {spec.name}"
        )
    if not spec.exam.texts_of:
        return frozenset()
    try:
        path = find_file(place, spec.exam.texts_of)
    except DataError:
        return frozenset()
    held = read_csv(path)
    return frozenset(map(normalise, held["text"]))


def digest_state(source: SourceFile, path: Path) -> str:
    """Return the state of a file, plain or gzipped: "published", "cut" or "changed", see `FileState`."""
    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    return {source.sha256: "published", source.cut_sha256: "cut"}.get(digest, "changed")


def _state(source: SourceFile, place: Path) -> str:
    try:
        return digest_state(source, find_file(place, source.name))
    except DataError:
        return "changed" if any(place.glob(f"{source.name}*")) else "missing"
