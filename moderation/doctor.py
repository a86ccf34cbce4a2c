"""What is installed, which models load and which extras work: what to look at first when something fails."""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import moderation
from moderation.errors import ModerationError

PACKAGE: Final = "moderation"
FOR_DEVELOPERS: Final = ("test", "dev", "browser", "clients", "notebook", "docs")
"""Extras that no command of the tool needs."""

_REQUIREMENT = re.compile(
    r"""(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?:>=(?P<least>[\w.]+))?[^;]*(?:;(?P<marker>.*))?"""
)
_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[\w.-]+)['"]""")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    part : {"tool", "library", "extra", "model", "folder"}
    name : str
    state : {"works", "absent", "broken"}
        `absent` is no fault: an extra that nobody installed, a folder that nobody named.
    detail : str
        Version or place; of what is broken, what is wrong and what to do.
    """

    part: str
    name: str
    state: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """Return it ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A library that the package, or one of its extras, needs.

    Parameters
    ----------
    name : str
    least : str
        Lowest version; empty for any.
    extra : str
        Empty for what is always needed.
    """

    name: str
    least: str
    extra: str


def examine() -> list[Finding]:
    """Look at the installation: the tool, its libraries, extras, models and folders.

    Returns
    -------
    list of Finding
        In the order in which one would look.
    """
    wanted = requirements()
    extras = dict.fromkeys(need.extra for need in wanted if need.extra not in ("", *FOR_DEVELOPERS))
    modules = _modules()
    return [
        Finding("tool", PACKAGE, "works", f"{moderation.__version__} in {Path(moderation.__file__).parent}"),
        Finding("tool", "python", "works", f"{platform.python_version()} on {platform.platform()}"),
        *(_library(need, modules) for need in wanted if not need.extra),
        *(_extra(extra, [need for need in wanted if need.extra == extra], modules) for extra in extras),
        *_models(),
        *_folders(),
    ]


def requirements() -> list[Requirement]:
    """Return what the installed package says it needs; nothing where it runs without being installed."""
    try:
        stated = requires(PACKAGE) or []
    except PackageNotFoundError:
        return []
    found = []
    for line in stated:
        match = _REQUIREMENT.fullmatch(line)
        if match is None or match["name"] == PACKAGE or _elsewhere(match["marker"] or ""):
            continue
        extra = _EXTRA.search(match["marker"] or "")
        found.append(Requirement(match["name"], match["least"] or "", extra["extra"] if extra else ""))
    return found


def _elsewhere(marker: str) -> bool:
    """Return whether a requirement is not meant for this system: our own markers name Windows alone."""
    return "sys_platform != 'win32'" in marker.replace('"', "'") and os.name == "nt"


def _modules() -> dict[str, str]:
    """Return a module of each installed library, by its normalised name: the one named like it, if any."""
    found: dict[str, list[str]] = {}
    for module, libraries in packages_distributions().items():
        for library in libraries:
            if not module.startswith("_"):
                found.setdefault(_normal(library), []).append(module)
    return {
        library: min(names, key=lambda name: (_normal(name) != library, name))
        for library, names in found.items()
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _library(need: Requirement, modules: dict[str, str], part: str = "library") -> Finding:
    try:
        installed = version(need.name)
    except PackageNotFoundError:
        return Finding(part, need.name, "broken", f"not installed; pip install '{need.name}>={need.least}'")
    if need.least and _numbers(installed) < _numbers(need.least):
        detail = f"{installed} is older than {need.least}; pip install --upgrade {need.name}"
        return Finding(part, need.name, "broken", detail)
    module = modules.get(_normal(need.name), need.name)
    try:
        import_module(module)
    # Whatever a damaged library does when it is imported, it is a finding.
    except Exception as error:
        problem = f"{installed} cannot be imported ({type(error).__name__}: {error}); install it again"
        return Finding(part, need.name, "broken", " ".join(problem.split()))
    return Finding(part, need.name, "works", installed)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[a-z+]", text)[0]))


def _extra(extra: str, needs: list[Requirement], modules: dict[str, str]) -> Finding:
    remedy = f"pip install 'moderation[{extra}]'"
    absent = [need.name for need in needs if not _installed(need.name)]
    if absent:
        return Finding("extra", extra, "absent", f"lacks {', '.join(absent)}; {remedy}")
    for need in needs:
        found = _library(need, modules)
        if found.state == "broken":
            return Finding("extra", extra, "broken", f"{need.name}: {found.detail}")
    return Finding("extra", extra, "works", ", ".join(f"{need.name} {version(need.name)}" for need in needs))


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _models() -> Iterator[Finding]:
    from moderation.classify.bundle import bundle_names, find_bundle

    for name in bundle_names():
        folder = find_bundle(name)
        try:
            detail = _tried(folder)
        except (ModerationError, OSError, ValueError) as error:
            yield Finding("model", name, "broken", str(error))
        else:
            yield Finding("model", name, "works", detail)
    if not bundle_names():
        yield Finding("model", "fast", "broken", "no model is installed; install the package again")


def _tried(folder: Path) -> str:
    """Load a model, its digests checked, and score a text if what that needs is installed."""
    from moderation.classify.deep.bundle import KIND, read_deep
    from moderation.classify.model import load_model

    if json.loads((folder / "config.json").read_text("utf-8")).get("kind") != KIND:
        model = load_model(folder)
        model.predict_proba(["a text"])
        return f"{model.digest[:16]} in {folder}"
    digest = str(read_deep(folder).config["digest"])[:16]
    if not all(map(find_spec, ("onnxruntime", "tokenizers"))):
        return f"{digest} in {folder}; to score with it: pip install 'moderation[deep]'"
    from moderation.classify.deep.model import load_deep

    load_deep(folder).score_texts(["a text"])
    return f"{digest} in {folder}"


def _folders() -> Iterator[Finding]:
    place = Path(tempfile.gettempdir())
    writable = os.access(place, os.W_OK)
    yield Finding(
        "folder",
        "temporary files",
        "works" if writable else "broken",
        str(place) if writable else f"{place} cannot be written to; set TMPDIR to a folder that can",
    )
    for variable in ("MODERATION_CORPORA", "MODERATION_FORMATS"):
        named = os.environ.get(variable)
        if not named:
            yield Finding("folder", variable, "absent", "not set")
        elif Path(named).is_dir():
            yield Finding("folder", variable, "works", named)
        else:
            yield Finding("folder", variable, "broken", f"{named} is not a folder; correct or unset it")
