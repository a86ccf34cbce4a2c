"""The sentences of the functional audit: `datasets/audit.toml`, read, checked and expanded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final

from moderation.errors import ConfigError
from moderation.schema import LABELS
from moderation.train.corpora_spec import registry_path

EXPECTED: Final = ("flag", "pass")


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that a policy should treat alike.

    Parameters
    ----------
    name : str
    labels : tuple of str
        A text counts as flagged where any of them is.
    expected : {"flag", "pass"}
    texts : tuple of str
    """

    name: str
    labels: tuple[str, ...]
    expected: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Obfuscation:
    """Insults in plain words, and the same in disguise.

    Parameters
    ----------
    labels : tuple of str
    plain : tuple of str, n texts
    disguised : dict of str to tuple of str, n texts each
        Kind of disguise to the texts in the order of `plain`.
    """

    labels: tuple[str, ...]
    plain: tuple[str, ...]
    disguised: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Identities:
    """Templates about people of an identity, each with one `{identity}`.

    Parameters
    ----------
    terms, harmless, abusive : tuple of str
    """

    terms: tuple[str, ...]
    harmless: tuple[str, ...]
    abusive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """All that an audit asks a model.

    Parameters
    ----------
    groups : tuple of Group
    obfuscation : Obfuscation
    identities : Identities
    """

    groups: tuple[Group, ...]
    obfuscation: Obfuscation
    identities: Identities


def read_cases(path: Path | None = None) -> Cases:
    """Read the sentences of an audit.

    Parameters
    ----------
    path : Path, optional
        A file as `datasets/audit.toml`, which is the default.

    Raises
    ------
    ConfigError
        The file is missing or no TOML, a table or field is missing or has an unknown value, or a group has
        no text or one twice.
    """
    path = path or registry_path().with_name("audit.toml")
    try:
        stated = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a file of audit cases: {error}") from error
    try:
        return Cases(
            tuple(_group(path, name, entry, stated["fillers"]) for name, entry in stated["groups"].items()),
            _obfuscation(path, stated["obfuscation"]),
            _identities(path, stated["identities"]),
        )
    except KeyError as error:
        raise ConfigError(f"{path}: there is no {error.args[0]!r}, which an audit needs") from error


def expand(template: str, fillers: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a template's texts: its lists advance together, and a shorter one starts over.

    Parameters
    ----------
    template : str
        With names of fillers in braces.
    fillers : mapping of str to sequence of str

    Returns
    -------
    list of str
        As many as the longest list that it names has items.

    Examples
    --------
    >>> expand("{who} sees {whom}", {"who": ["Ann", "Bo", "Cy"], "whom": ["Di", "Ed"]})
    ['Ann sees Di', 'Bo sees Ed', 'Cy sees Di']
    """
    names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    count = max((len(fillers[name]) for name in names), default=1)
    return [
        template.format(**{name: fillers[name][turn % len(fillers[name])] for name in names})
        for turn in range(count)
    ]


def _group(path: Path, name: str, stated: Mapping[str, Any], fillers: Mapping[str, Sequence[str]]) -> Group:
    texts = list(stated.get("cases", []))
    for template in stated.get("templates", []):
        texts += expand(template, fillers)
    if not texts or len(set(texts)) < len(texts):
        raise ConfigError(f"{path}: group {name!r} has no text, or one of them twice")
    if stated["expected"] not in EXPECTED:
        raise ConfigError(f"{path}: group {name!r}: expected must be one of {', '.join(EXPECTED)}")
    return Group(name, _labels(path, name, stated), stated["expected"], tuple(texts))


def _labels(path: Path, name: str, stated: Mapping[str, Any]) -> tuple[str, ...]:
    labels = tuple(stated["labels"])
    unknown = [label for label in labels if label not in LABELS]
    if unknown or not labels:
        raise ConfigError(f"{path}: the labels of {name!r} must be some of {', '.join(LABELS)}")
    return labels


def _obfuscation(path: Path, stated: Mapping[str, Any]) -> Obfuscation:
    words, carriers = stated["words"], stated["carriers"]
    for kind, forms in stated["disguises"].items():
        if len(forms) != len(words):
            raise ConfigError(f"{path}: disguise {kind!r} has {len(forms)} forms of {len(words)} words")
    return Obfuscation(
        _labels(path, "obfuscation", stated),
        _carried(words, carriers),
        {kind: _carried(forms, carriers) for kind, forms in stated["disguises"].items()},
    )


def _carried(words: Sequence[str], carriers: Sequence[str]) -> tuple[str, ...]:
    return tuple(carrier.format(word=word) for carrier in carriers for word in words)


def _identities(path: Path, stated: Mapping[str, Any]) -> Identities:
    templates = [*stated["harmless"], *stated["abusive"]]
    if any("{identity}" not in template for template in templates):
        raise ConfigError(f"{path}: a template of [identities] lacks {{identity}}")
    if len(stated["terms"]) < 2:
        raise ConfigError(f"{path}: [identities] needs two terms or more: each is compared with the others")
    return Identities(tuple(stated["terms"]), tuple(stated["harmless"]), tuple(stated["abusive"]))
