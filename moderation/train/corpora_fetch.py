"""Corpus files brought to disk: from their published addresses by pooch, or from copies of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from moderation.errors import DataError, UsageError
from moderation.train.corpora_files import digest_state, file_states, lacks_test_file
from moderation.train.corpora_read import find_file
from moderation.train.corpora_spec import CorpusSpec, SourceFile

TIMEOUT: Final = 60
"""Seconds without a byte after which a download is given up."""

RETRIES: Final = 2
"""Further tries of a download that broke off or came damaged."""


class Watcher(Protocol):
    """Who is told how far a download has come; the bar that pooch's downloaders report to."""

    total: int

    def update(self, size: int) -> None:
        """Add `size` bytes."""

    def reset(self) -> None:
        """Start again at 0."""

    def close(self) -> None:
        """End the file."""


class Silent:
    """A watcher that shows nothing."""

    total = 0

    def update(self, size: int) -> None:
        """Show nothing."""

    def reset(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one file.

    Parameters
    ----------
    corpus, name : str
    outcome : {"there", "fetched", "copied", "missing"}
        It was there already; it was downloaded; it was copied; it cannot be had.
    reason : str
        Why it cannot be had, and how to make it.
    """

    corpus: str
    name: str
    outcome: str
    reason: str = ""


def fetch_corpus(
    spec: CorpusSpec, place: Path, *, source: Path | None = None, watcher: Watcher | None = None
) -> Iterator[Fetched]:
    """Bring the files of a corpus that are not there yet, one after the other.

    A file is in its place only once it is whole and its digest is right. The official test file that tells
    which rows are kept for the exam comes with the corpus where one is needed.

    Parameters
    ----------
    spec : CorpusSpec
    place : Path
        The corpus's own folder; made if need be.
    source : Path, optional
        Folder with copies, in the layout of the corpora or flat: nothing is downloaded.
    watcher : Watcher, optional
        Told about the bytes of each download.

    Yields
    ------
    Fetched
        One a file.

    Raises
    ------
    UsageError
        The folder of copies is not there, or pooch is not installed.
    DataError
        A file cannot be reached, or is not the one that the registry describes.
    """
    if source is not None and not source.is_dir():
        raise UsageError(f"{source}: no such folder of copies")
    for file, state in zip(spec.files, file_states(spec, place), strict=True):
        if state.state == "changed":
            raise DataError(
                f"{place / file.name} is not the file that the registry describes (its digest differs); "
                "move it away and fetch again"
            )
        if state.usable:
            yield Fetched(spec.name, file.name, "there")
        else:
            yield _brought(file, spec, place, source, watcher)
    if lacks_test_file(spec, place):
        test = SourceFile(spec.exam.texts_of, url=spec.exam.url)
        yield _brought(test, spec, place, source, watcher)


def _brought(
    file: SourceFile, spec: CorpusSpec, place: Path, source: Path | None, watcher: Watcher | None
) -> Fetched:
    if source is not None:
        return _copied(file, spec, place, source)
    if not file.url:
        return Fetched(spec.name, file.name, "missing", f"no published address; made from {file.derived}")
    _download(file, place, watcher or Silent())
    return Fetched(spec.name, file.name, "fetched")


def _copied(file: SourceFile, spec: CorpusSpec, place: Path, source: Path) -> Fetched:
    """Copy a file, plain or gzipped, from the corpus's folder below `source`, or from `source` itself."""
    for folder in (source / spec.folder, source / Path(spec.folder).name, source):
        try:
            found = find_file(folder, file.name)
        except DataError:
            continue
        if file.sha256 and digest_state(file, found) == "changed":
            raise DataError(f"{found} is not the file that the registry describes (its digest differs)")
        place.mkdir(parents=True, exist_ok=True)
        part = place / f".{found.name}.part"
        shutil.copyfile(found, part)
        part.replace(place / found.name)
        return Fetched(spec.name, file.name, "copied")
    return Fetched(spec.name, file.name, "missing", f"not in {source}")


def _download(file: SourceFile, place: Path, watcher: Watcher) -> None:
    try:
        import pooch
        import requests
    except ImportError as error:
        raise UsageError(
            "downloading needs the extra `train`: pip install 'moderation[train]', or name copies by --from"
        ) from error
    # Pooch would say on stderr what the command line says.
    pooch.get_logger().setLevel("ERROR")
    place.mkdir(parents=True, exist_ok=True)
    # Only the address of an exact version, not its content's digest, is known of a test file.
    known = f"sha256:{file.sha256}" if file.sha256 else None
    store = pooch.create(
        path=place,
        base_url="",
        registry={file.name: known},
        urls={file.name: file.url},
        retry_if_failed=RETRIES,
    )
    try:
        store.fetch(file.name, downloader=pooch.HTTPDownloader(progressbar=watcher, timeout=TIMEOUT))
    except (requests.RequestException, OSError) as error:
        raise DataError(
            f"{file.url} cannot be fetched: {error}; try again, or copy the file by hand and name its "
            "folder by --from"
        ) from error
    except ValueError as error:
        raise DataError(
            f"{file.url} is not the file that the registry describes (its digest differs)"
        ) from error
