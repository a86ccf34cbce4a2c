"""The sequential half of a run: inputs into numbered units of work, the same ones every time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from moderation.errors import DataError, ModerationError
from moderation.ingest.base import Chunk
from moderation.ingest.linesplit import Lines
from moderation.ingest.reader import open_input
from moderation.ingest.source import STDIN, Item, Source, files_below
from moderation.score.work import Piece, Task

GROUP_SIZE: Final = 4 << 20
"""Chunks of small inputs are put together up to this many bytes: a folder of pages is no folder of parts."""

GROUP_LENGTH: Final = 256
"""And up to this many chunks, so that an error message or a lost worker concerns few files."""

EDGE: Final = 1 << 20
"""Bytes at each end of a file that tell whether it is still the one that a run was begun with."""


@dataclass(slots=True)
class InputFacts:
    """One input as `run.json` names it.

    Parameters
    ----------
    name : str
        As in messages.
    size, mtime : int or None, float or None
        Of the stored file, or of a folder's files together; None for standard input and URLs.
    digest_head : str or None
        SHA-256 of its first and last MiB.
    digest : str or None
        SHA-256 of all of it; None until it was read to its end.
    format, encoding : str or None
        As recognised.
    problem : str or None
        Why it could not be read, or not to its end.
    """

    name: str
    size: int | None = None
    mtime: float | None = None
    digest_head: str | None = None
    digest: str | None = None
    format: str | None = None
    encoding: str | None = None
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for `run.json`."""
        return asdict(self)

    def same_file(self, stored: Mapping[str, Any]) -> bool:
        """Tell whether a manifest's entry is about this very content."""
        mine = (self.name, self.size, self.mtime, self.digest_head)
        return mine == tuple(stored[key] for key in ("name", "size", "mtime", "digest_head"))


def look_at(item: Item) -> InputFacts:
    """Return what identifies an input, before it is read.

    A folder that is one dump has the size and the newest time of its files together, and a digest over the
    names, sizes, times and ends of them all.
    """
    path = Path(item.location)
    if item.location == STDIN or not path.exists():
        return InputFacts(item.name)
    digest = hashlib.sha256()
    size, newest = 0, 0.0
    try:
        for file in [path] if path.is_file() else files_below(path):
            facts = file.stat()
            if file != path:
                name = str(file.relative_to(path)).encode(errors="surrogateescape")
                digest.update(b"%b\0%d %d\0" % (name, facts.st_size, facts.st_mtime_ns))
            _add_ends(digest, file, facts.st_size)
            size, newest = size + facts.st_size, max(newest, facts.st_mtime)
    except OSError:
        # Reading will say what is wrong with it.
        return InputFacts(item.name)
    return InputFacts(item.name, size, newest, digest.hexdigest())


def _add_ends(digest: hashlib._Hash, path: Path, size: int) -> None:
    """Add the first and the last MiB of a file."""
    with path.open("rb") as file:
        digest.update(file.read(EDGE))
        if size > EDGE:
            file.seek(max(EDGE, size - EDGE))
            digest.update(file.read(EDGE))


@dataclass(slots=True)
class Splitter:
    """Iterates over the inputs and remembers what it learnt about them.

    Nothing is raised while iterating, because joblib iterates in a thread of its own: an input that
    fails is noted in its facts and in `errors`, anything else in `failure`.

    Parameters
    ----------
    items : sequence of Item
        The inputs.
    facts : list of InputFacts
        Theirs, in the same order; completed here.
    format : str or None
        As the user named it; None = recognised by content.
    columns : mapping of str to str
        Our column name to the user's.
    done : collection of int
        Numbers of parts that exist already.
    """

    items: Sequence[Item]
    facts: list[InputFacts]
    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    done: Collection[int] = ()
    errors: list[ModerationError] = field(default_factory=list)
    failure: BaseException | None = None
    stopped: bool = False
    count: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    _passed: int = 0
    _source: Source | None = None

    @property
    def bytes_total(self) -> int | None:
        """Stored bytes of all inputs, None where one is unknown."""
        sizes = [facts.size for facts in self.facts]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def bytes_done(self, number: int) -> int:
        """Stored bytes that were taken when a unit of work was handed out; told once for each."""
        return self.taken.pop(number)

    def stop(self) -> None:
        """Take no further chunk: enough rows are there."""
        self.stopped = True

    def tasks(self) -> Iterator[Task]:
        """Yield the units of work that are not done yet, in order."""
        try:
            for pieces in self._groups():
                number = self.count
                self.count += 1
                if number not in self.done:
                    self.taken[number] = self._position()
                    yield Task(number, pieces)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error

    def _groups(self) -> Iterator[tuple[Piece, ...]]:
        group: list[Piece] = []
        weight = 0
        for piece, size in self._pieces():
            if group and (weight + size > GROUP_SIZE or len(group) == GROUP_LENGTH):
                yield tuple(group)
                group, weight = [], 0
            group.append(piece)
            weight += size
        if group:
            yield tuple(group)

    def _pieces(self) -> Iterator[tuple[Piece, int]]:
        for item, facts in zip(self.items, self.facts, strict=True):
            try:
                yield from self._input(item, facts)
            except (GeneratorExit, MemoryError):
                raise
            except ModerationError as error:
                self._note(facts, error)
            except Exception as error:  # a reader's bug concerns its input, not those after it
                reader = f"the {facts.format} reader" if facts.format else "reading"
                what = f"{item.name}: {reader} stopped ({type(error).__name__}: {error})"
                self._note(facts, DataError(what))
            finally:
                self._passed += facts.size or 0
                self._source = None
            if self.stopped:
                return

    def _position(self) -> int:
        return self._passed + (self._source.position if self._source is not None else 0)

    def _note(self, facts: InputFacts, error: ModerationError) -> None:
        facts.problem = str(error)
        self.errors.append(error)

    def _input(self, item: Item, facts: InputFacts) -> Iterator[tuple[Piece, int]]:
        with open_input(item, self.format, self.columns) as opened:
            self._source = opened.source
            facts.format = opened.format.name
            facts.encoding = opened.options.encoding
            for chunk in opened:
                yield Piece(chunk, opened.format.name, opened.options), _weight(chunk, facts)
                if self.stopped:
                    return
            if damage := opened.source.damage():
                offset, reason = damage
                facts.problem = f"{item.name}: {reason} after {offset:,} bytes; what came before it is kept"
            facts.digest = opened.source.digest


def _weight(chunk: Chunk, facts: InputFacts) -> int:
    if isinstance(chunk.payload, Lines):
        return len(chunk.payload.data)
    # Records of a tree or of a workbook: the file they came from bounds them.
    return facts.size if facts.size is not None else GROUP_SIZE
