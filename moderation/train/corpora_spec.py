"""The registry of labelled corpora: `datasets/registry.toml`, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from moderation.errors import ConfigError
from moderation.schema import LABELS

USES: Final = ("train", "evaluate", "vocabulary", "lexicon")
LICENCE_CLASSES: Final = ("free", "share-alike", "non-commercial", "unclear")
FORMATS: Final = ("csv", "tsv", "json", "jsonl", "lines")
UNESCAPES: Final = ("", "html", "python", "quotes")

Stated = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a corpus as its authors published it.

    Parameters
    ----------
    name : str
        File name in the corpus's folder; `name + ".gz"` is the same file.
    bytes : int
        Size as published; 0 where no published file is known.
    sha256 : str
        Digest as published; empty where no published file is known.
    url : str
        Address of exactly this version; empty where `derived` says how the file was made.
    derived : str
        How the file was made, where it is not a published file as such.
    cut_sha256 : str
        Digest of the copy without the rows that are kept for the exam, where some were taken out.
    needed : bool
        Whether reading the corpus needs it.
    """

    name: str
    bytes: int = 0
    sha256: str = ""
    url: str = ""
    derived: str = ""
    cut_sha256: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Exam:
    """Rows that are kept for judging a finished model, so no training may see them.

    Parameters
    ----------
    modulus, remainder : int
        A text is an exam row where the SHA-256 of its normalised form, as an integer, leaves `remainder`
        modulo `modulus`; a modulus of 0 takes nothing out.
    files : tuple of str
        Official test files or parts, which are never read.
    texts_of : str
        File whose texts are exam rows wherever they occur in the corpus.
    url : str
        Address of `texts_of`.
    """

    modulus: int = 0
    remainder: int = 0
    files: tuple[str, ...] = ()
    texts_of: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one label follows from the columns of a table; exactly one way is stated.

    Parameters
    ----------
    column : str
        Column that `positive`, `range` or `contains` looks at.
    positive, negative : tuple of str
        Values that are 1 and 0; all others are unknown. A negative of `"rest"` means all others.
    range : tuple of float
        Two numbers; the column lies between them and becomes a share between 0 and 1.
    least : float
        Shares below it are unknown.
    contains : tuple of str
        1 where the column, a list or a text cut at `separator`, holds one of these, else 0.
    separator : str
        White space where empty.
    unknown : tuple of str
        The label is unknown where the column holds one of these and none of `contains`.
    absent : {"negative", "unknown"}
        What it means that the column holds none of `contains`.
    any : tuple of str
        1 where any of these columns is "1", else 0.
    share : tuple of str
        Columns of counts whose sum is divided by column `of`.
    of : str
    mean : tuple of str
        Columns of numbers between 0 and 1 that are averaged.
    value : float
        The same for every row.
    """

    column: str = ""
    positive: tuple[str, ...] | None = None
    negative: tuple[str, ...] | Literal["rest"] = ()
    range: tuple[float, ...] = ()
    least: float = 0.0
    contains: tuple[str, ...] = ()
    separator: str = ""
    unknown: tuple[str, ...] = ()
    absent: str = "negative"
    any: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    of: str = ""
    mean: tuple[str, ...] = ()
    value: float | None = None


@dataclass(frozen=True, slots=True)
class LanguageColumn:
    """A column that states the language of each row, and what its values mean."""

    column: str
    codes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Files of one shape, and how their columns become texts and labels.

    Parameters
    ----------
    file : tuple of str
        Names or patterns; read in this order, patterns by name.
    text : tuple of str
        Columns that make up the text, joined by a blank line where not empty.
    format : {"csv", "tsv", "json", "jsonl", "lines"}
        Not stated: the suffix of the first file.
    labels : dict of str to Rule
    delimiter, quoting, columns
        For CSV: what separates fields, `"none"` where quotes are plain characters, column names where the
        file has no header.
    labels_file : str
        For lines: file with a label a line, read as column `label`.
    adapter : str
        Function of `moderation.train.adapters` that prepares the table where columns alone do not do.
    keep : dict of str to tuple of str
        Rows are kept where each of these columns has one of the values.
    drop_texts : tuple of str
        Placeholders of deleted comments.
    split, split_column, split_from_file
        Official part of a row: a constant, a column, or the name of the file.
    language, language_column
        Language where it differs from the corpus's.
    leader : str
        Column with the text that a row was derived from: both stay on one side of a split.
    unescape : {"", "html", "python", "quotes"}
        What to undo in the text: character references, escapes of a quoted Python string, quotes around it.
    replace : dict of str to str
        Strings to replace in the text.
    detokenise : bool
        Whether the text is spaced by a tokeniser and is put back together.
    weight : float
        Weight of its rows within the corpus.
    """

    file: tuple[str, ...]
    text: tuple[str, ...] = ("text",)
    format: str = "csv"
    labels: dict[str, Rule] = field(default_factory=dict)
    delimiter: str = ","
    quoting: str = "csv"
    columns: tuple[str, ...] = ()
    labels_file: str = ""
    adapter: str = ""
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    drop_texts: tuple[str, ...] = ()
    split: str = ""
    split_column: str = ""
    split_from_file: bool = False
    language: str = ""
    language_column: LanguageColumn | None = None
    leader: str = ""
    unescape: str = ""
    replace: dict[str, str] = field(default_factory=dict)
    detokenise: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class CorpusSpec:
    """One corpus of the registry.

    Parameters
    ----------
    name, title, citation, licence, notes : str
    folder : str
        Folder of its files below the folder of all corpora; below the registry's own where `inside`.
    language : str
        ISO 639-1; "mul" where rows differ.
    licence_class : {"free", "share-alike", "non-commercial", "unclear"}
    use : {"train", "evaluate", "vocabulary", "lexicon"}
        What it is good for. The labels of a vocabulary corpus say where a text comes from, not what it is.
    weight : float
        Weight that a recipe gives it unless it says otherwise.
    rows : int
        Rows that `load_corpus` returns; 0 where that is not fixed.
    part_of : str
        Corpus that holds most of the same comments; loaded together, they are kept there only.
    exam : Exam
    inside : bool
        Whether it belongs to the project.
    synthetic : bool
        Whether a program wrote its texts: they are learnt from, and nothing is measured on them.
    files : tuple of SourceFile
    tables : tuple of Table
    """

    name: str
    title: str
    folder: str
    language: str
    licence: str
    licence_class: str
    citation: str
    use: str
    weight: float
    notes: str
    files: tuple[SourceFile, ...]
    tables: tuple[Table, ...] = ()
    rows: int = 0
    part_of: str = ""
    exam: Exam = Exam()
    inside: bool = False
    synthetic: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that some of its rows carry, in the order of `LABELS`."""
        carried = {label for table in self.tables for label in table.labels}
        return tuple(label for label in LABELS if label in carried)


def registry_path() -> Path:
    """Return `registry.toml` of the installed package or of the checkout.

    Raises
    ------
    ConfigError
        Neither has one.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "_data" / "datasets", package.parent / "datasets"):
        if (folder / "registry.toml").is_file():
            return folder / "registry.toml"
    raise ConfigError(f"{package}: the registry of corpora is missing; install the package again")


@cache
def registry(path: Path | None = None) -> dict[str, CorpusSpec]:
    """Return all corpora of a registry by name.

    Parameters
    ----------
    path : Path, optional
        A registry file; the project's own by default.

    Raises
    ------
    ConfigError
        The file is missing or no TOML, or a field in it is unknown, missing or has an unknown value.
    """
    path = path or registry_path()
    try:
        stated = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a registry of corpora: {error}") from error
    corpora = {name: _corpus(name, entry, path) for name, entry in stated.get("corpus", {}).items()}
    for spec in corpora.values():
        if spec.part_of and spec.part_of not in corpora:
            raise ConfigError(f"{path}: corpus {spec.name!r} is part of {spec.part_of!r}, which is not there")
    return corpora


def _corpus(name: str, stated: Stated, path: Path) -> CorpusSpec:
    where = f"{path}: corpus {name!r}"
    stated = {**stated, "name": name, "notes": " ".join(str(stated.get("notes", "")).split())}
    stated["files"] = tuple(_build(SourceFile, entry, where) for entry in stated.get("files", ()))
    stated["tables"] = tuple(_table(entry, where) for entry in stated.get("tables", ()))
    stated["exam"] = _build(Exam, stated.get("exam", {}), where)
    spec = _build(CorpusSpec, stated, where)
    _check(spec.use, USES, "use", where)
    _check(spec.licence_class, LICENCE_CLASSES, "licence_class", where)
    if not spec.tables and spec.use != "lexicon":
        raise ConfigError(f"{where} has no tables; only a lexicon may do without")
    return spec


def _table(stated: Stated, where: str) -> Table:
    stated = dict(stated)
    for name in ("file", "text"):
        if isinstance(stated.get(name), str):
            stated[name] = (stated[name],)
    stated["keep"] = {column: tuple(values) for column, values in stated.get("keep", {}).items()}
    if "language_column" in stated:
        stated["language_column"] = _build(LanguageColumn, stated["language_column"], where)
    # A format that is not stated is the suffix of the first file.
    stated.setdefault("format", stated["file"][0].rpartition(".")[2] if "file" in stated else "csv")
    if stated["format"] == "tsv":
        stated.setdefault("delimiter", "\t")
    rules = {
        label: _rule(rule, f"{where}, label {label!r}") for label, rule in stated.get("labels", {}).items()
    }
    for label in rules:
        _check(label, LABELS, "label", where)
    table = _build(Table, {**stated, "labels": rules}, where)
    _check(table.format, FORMATS, "format", where)
    _check(table.unescape, UNESCAPES, "unescape", where)
    return table


def _rule(stated: Stated, where: str) -> Rule:
    rule = _build(Rule, stated, where)
    ways = (
        rule.positive is not None,
        bool(rule.range),
        bool(rule.contains),
        bool(rule.any),
        bool(rule.share),
        bool(rule.mean),
        rule.value is not None,
    )
    if sum(ways) != 1:
        raise ConfigError(f"{where}: state exactly one of positive, range, contains, any, share, mean, value")
    if any(ways[:3]) and not rule.column:
        raise ConfigError(f"{where}: state the column")
    _check(rule.absent, ("negative", "unknown"), "absent", where)
    return rule


def _build(kind: type[T], stated: Stated, where: str) -> T:
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(stated) - known)
    if unknown:
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known: {', '.join(sorted(known))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in stated.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _check(value: str, known: tuple[str, ...], what: str, where: str) -> None:
    if value not in known:
        raise ConfigError(f"{where}: unknown {what} {value!r}; known: {', '.join(known)}")
