"""What the pages show works as shown: Python examples, command lines, policies."""

from __future__ import annotations

import ast
import doctest
import re
import shlex
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, fenced, page
from typer.main import get_command

import moderation
from moderation.classify.policy import KINDS, read_policy
from moderation.classify.rules import ACTIONS, read_rules
from moderation.cli import run
from moderation.cli.app import app

PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
SHELL_PAGES = tuple(name for name in PAGES if any("moderation " in block for block in fenced(name, "sh")))
PYTHON_PAGES = tuple(name for name in PAGES if any(">>>" in block for block in fenced(name, "python")))
POLICY_PAGES = ("docs/start.md", "docs/concepts.md")


def command_lines(name: str) -> list[list[str]]:
    """Return the `moderation ...` lines of a page's shell blocks, split as a shell would."""
    lines = "\n".join(fenced(name, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("moderation ")]


def shown_commands(name: str) -> list[str]:
    """Return every `moderation ...` line of a page, whether it runs here or names files that nobody has.

    What stands behind two spaces or a number sign explains the line.
    """
    blocks = [body for language in ("", "sh", "text", "console") for body in fenced(name, language)]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [re.split(r"\s{2,}|\s#", line.strip())[0] for line in lines]
    return [line for line in found if line.startswith("moderation ")]


@pytest.mark.parametrize("name", PAGES)
def test_shown_commands_are_ones_that_exist(name: str) -> None:
    for line in shown_commands(name):
        arguments = shlex.split(re.sub(r"\s[<>|].*", "", line))[1:]
        command: Any = get_command(app)
        while hasattr(command, "commands") and arguments and arguments[0] in command.commands:
            command = command.commands[arguments.pop(0)]
        if arguments[:1] in (["--help"], ["--version"]):
            continue
        assert not hasattr(command, "commands"), line
        if "--help" not in arguments:
            with command.make_context("moderation", arguments):
                pass


@pytest.mark.parametrize("name", PAGES)
def test_shown_python_reads_and_imports(name: str) -> None:
    for block in fenced(name, "python"):
        if ">>>" in block:
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("moderation"):
                module = import_module(node.module or "")
                for imported in node.names:
                    full = f"{node.module}.{imported.name}"
                    assert hasattr(module, imported.name) or find_spec(full), full


@pytest.mark.parametrize("name", PYTHON_PAGES)
def test_python_examples(name: str, beside_samples: Path) -> None:
    source = "\n".join(fenced(name, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
    assert test.examples
    report: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=options).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", SHELL_PAGES)
def test_command_lines(name: str, beside_samples: Path) -> None:
    commands = command_lines(name)
    assert commands
    # Policies that the page shows before they are used, under the name that it uses.
    for number, policy in enumerate(fenced(name, "toml")):
        (beside_samples / ("policy.toml" if number == 0 else f"policy-{number}.toml")).write_text(policy)
    for command in commands:
        assert run(command) == 0, command


@pytest.mark.parametrize("name", POLICY_PAGES)
def test_policies_are_valid(name: str, tmp_path: Path) -> None:
    config = moderation.load_model().config
    for stated in fenced(name, "toml"):
        (tmp_path / "policy.toml").write_text(stated)
        policy = read_policy(tmp_path / "policy.toml", config)
        assert len(policy.rules) == len(read_rules(tomllib.loads(stated).get("rules", [])))


def test_policy_fields_are_all_shown() -> None:
    shown = [tomllib.loads(block) for block in fenced("docs/concepts.md", "toml")]
    targets = {key for block in shown for target in block.get("labels", {}).values() for key in target}
    assert targets == {*KINDS[:-1], "flag"}
    rules = [rule for block in shown for rule in block.get("rules", [])]
    assert {key for rule in rules for key in rule} == {
        "name",
        "action",
        "terms",
        "authors",
        "section",
        "thresholds",
    }
    assert {rule["action"] for rule in rules} == set(ACTIONS)


def test_pip_lines_do_what_make_does() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    lines = "\n".join(fenced("README.md", "sh")).splitlines()
    test_line = next(line for line in lines if "pytest" in line)
    assert test_line.removeprefix("python ") in makefile
    sample = next(line for line in makefile.splitlines() if line.startswith("SAMPLE = "))
    assert f"moderation scan {sample.removeprefix('SAMPLE = ')} -o run" in lines
    extras = tomllib.loads(page("pyproject.toml"))["project"]["optional-dependencies"]
    assert "pip install -e '.[test]'" in lines
    assert "test" in extras
