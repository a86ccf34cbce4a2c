"""The container file and the systemd unit: sound as their own tools see them, and without needless rights."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from moderation.cli.app import app

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
UNIT = DEPLOY / "moderation.service"
CONTAINER = DEPLOY / "Containerfile"


def check_command(words: list[str]) -> None:
    program, command, *arguments = words
    assert program.endswith("/moderation") and command == "serve"
    with get_command(app).commands["serve"].make_context("serve", arguments) as context:
        assert context.params["port"] == 8000


def test_the_unit_runs_a_command_that_exists() -> None:
    found = re.search(r"^ExecStart=(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    check_command(shlex.split(found[1]))


def test_the_container_runs_a_command_that_exists() -> None:
    lines = re.findall(r"^(?:ENTRYPOINT|CMD) (\[.+\])$", CONTAINER.read_text("utf-8"), re.MULTILINE)
    check_command([word for line in lines for word in re.findall(r'"([^"]+)"', line)])


def test_the_container_is_no_root() -> None:
    text = CONTAINER.read_text("utf-8")
    stage = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9]\d*$", stage, re.MULTILINE)
    assert stage.index("\nUSER ") < stage.index("\nENTRYPOINT ")


@pytest.mark.slow
def test_the_container_file_is_lint_free() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(CONTAINER)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_is_verified_by_systemd(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd on this machine")
    # It also looks whether the program is there, which it is not where this is tested.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/moderation/bin/moderation", "/bin/true"), "utf-8")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_asks_for_few_rights() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text("utf-8"))
    service = unit["Service"]
    for name in ("NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectHome", "DynamicUser"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict" and service["CapabilityBoundingSet"] == ""
    assert "User" not in service
