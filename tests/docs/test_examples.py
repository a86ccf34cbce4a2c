"""What the pages show works as shown: Python examples, command lines, policies."""

from __future__ import annotations

import doctest
import shlex
import tomllib
from pathlib import Path

import pytest
from pages import ROOT, fenced, page

import moderation
from moderation.classify.policy import KINDS, read_policy
from moderation.classify.rules import ACTIONS, read_rules
from moderation.cli import run

SHELL_PAGES = ("README.md", "docs/start.md", "docs/concepts.md", "docs/cli.md")
PYTHON_PAGES = ("README.md", "docs/concepts.md", "docs/api.md")


def command_lines(name: str) -> list[list[str]]:
    """Return the `moderation ...` lines of a page's shell blocks, split as a shell would."""
    lines = "\n".join(fenced(name, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("moderation ")]


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


@pytest.mark.parametrize("name", SHELL_PAGES)
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
