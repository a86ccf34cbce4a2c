"""The reference pages are complete and up to date: commands, options, public names, README's tables."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from pages import ROOT, page, sections, without_blocks
from typer.main import get_command

import moderation
from moderation.cli.app import app
from moderation.schema import LABELS

sys.path.insert(0, str(ROOT / "benchmarks"))
import readme_table

OPTION = re.compile(r"`(--?[a-z][a-z-]*)")


def commands(group: Any = None, path: str = "moderation") -> Iterator[tuple[str, Any]]:
    """Yield the full name of every command, and the command."""
    group = group or get_command(app)
    for name, command in group.commands.items():
        full = f"{path} {name}"
        if hasattr(command, "commands"):
            yield from commands(command, full)
        else:
            yield full, command


def options(command: Any) -> set[str]:
    return {
        name for parameter in command.params if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts) if name not in ("--help", "-h")
    }  # fmt: skip


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda value: str(value))
def test_every_option_is_documented_and_no_other(name: str, command: Any) -> None:
    found = sections("docs/cli.md")
    assert name in found, f"docs/cli.md needs a section '## {name}'"
    assert set(OPTION.findall(without_blocks(found[name]))) == options(command)


def test_no_section_is_of_a_command_that_does_not_exist() -> None:
    documented = {title for title in sections("docs/cli.md") if title.startswith("moderation ")}
    assert documented == {name for name, _ in commands()}


def test_readme_lists_every_command() -> None:
    listed = set(re.findall(r"^\| `(moderation [^`]+)` \|", page("README.md"), re.MULTILINE))
    names = {re.split(r" [A-Z-]", usage)[0] for usage in listed}
    assert names == {name for name, _ in commands()}


def test_every_make_target_is_explained() -> None:
    makefile = page("Makefile")
    targets = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split())
    targets -= {"help", "lint", "types"}  # `make check` is the last two
    assert set(re.findall(r"echo 'make (\w+)", makefile)) == targets
    assert set(re.findall(r"^\| `make (\w+)`", page("CONTRIBUTING.md"), re.MULTILINE)) == targets


def test_every_public_name_is_documented() -> None:
    text = page("docs/api.md")
    for name in moderation.__all__:
        assert f"`{name}" in text, name
    for owner in (moderation.Model, moderation.Run):
        for name in vars(owner):
            if not name.startswith("_"):
                assert f"`{owner.__name__}.{name}" in text, f"{owner.__name__}.{name}"


def test_every_label_is_explained() -> None:
    for label in LABELS:
        assert f"### `{label}`" in page("docs/concepts.md")


def test_readme_tables_are_the_models() -> None:
    text = page("README.md")
    model = moderation.load_model(readme_table.ROOT / "models" / "fast")
    assert readme_table.generated(text, model) == text, "run: make readme"


def test_readme_tables_follow_the_figures() -> None:
    model = moderation.load_model(readme_table.ROOT / "models" / "fast")
    figures = {"rows": 1234, "positives": 17, "roc_auc": 0.4321}
    table = readme_table.results_table(model, {"threat": {"a": figures, "written": figures}})
    row = next(line for line in table.splitlines() if line.startswith("| `threat`"))
    assert row.startswith("| `threat` | 1 | 1,234 | 17 | 0.432 | 0.432 `a` | 0.432 `a` |")


def test_version_is_the_same_everywhere() -> None:
    version = moderation.__version__
    assert tomllib.loads(page("pyproject.toml"))["project"]["version"] == version
    assert f"\nversion: {version}\n" in page("CITATION.cff")
    assert re.search(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)[1] == version


def test_every_dependency_is_justified() -> None:
    project = tomllib.loads(page("pyproject.toml"))["project"]
    stated = sections("docs/dependencies.md")
    rows = set(re.findall(r"^\| `([\w-]+)` \|", stated["Always"], re.MULTILINE))
    assert rows == {re.split(r"[>=<~!]", need)[0] for need in project["dependencies"]}
    extras = dict(re.findall(r"^\| (`.*?) \| (.*?) \|", stated["By extra"], re.MULTILINE))
    listed = {name: brings for names, brings in extras.items() for name in re.findall(r"`([\w-]+)`", names)}
    assert set(listed) == set(project["optional-dependencies"])
    for name, needs in project["optional-dependencies"].items():
        if name in ("test", "dev", "browser", "clients", "docs"):
            continue
        brought = {re.split(r"[>=<~!;\[]", need)[0].lower() for need in needs}
        assert brought == set(re.findall(r"`([\w-]+)`", listed[name])), name
