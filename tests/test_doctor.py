"""`moderation doctor` finds what is missing, too old or damaged, and says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from moderation import doctor
from moderation.cli import run
from moderation.doctor import Finding, Requirement, examine

Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def stated(monkeypatch: Patch, *lines: str) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: list(lines))


def found(part: str) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine() if finding.part == part}


def test_requirements_are_read_with_their_extras(monkeypatch: Patch) -> None:
    stated(
        monkeypatch,
        "numpy>=2.0",
        "openpyxl>=3.1; extra == 'xlsx'",
        'uvloop>=0.20; (sys_platform != "win32") and extra == "serve"',
        "moderation[review]; extra == 'test'",
        "perspective==1.0.3; extra == 'clients'",
    )
    assert doctor.requirements() == [
        Requirement("numpy", "2.0", ""),
        Requirement("openpyxl", "3.1", "xlsx"),
        Requirement("uvloop", "0.20", "serve"),
        Requirement("perspective", "", "clients"),
    ]


def test_missing_and_old_libraries_are_told_with_the_remedy(monkeypatch: Patch) -> None:
    stated(monkeypatch, "numpy>=2.0", "pandas>=999", "no-such-library>=1.5")
    libraries = found("library")
    assert libraries["numpy"].state == "works"
    assert libraries["pandas"].state == libraries["no-such-library"].state == "broken"
    assert "is older than 999; pip install --upgrade pandas" in libraries["pandas"].detail
    assert libraries["no-such-library"].detail == "not installed; pip install 'no-such-library>=1.5'"


def test_a_library_that_cannot_be_imported_is_broken(monkeypatch: Patch) -> None:
    def broken(name: str) -> None:
        raise ImportError(f"{name}: undefined\nsymbol")

    stated(monkeypatch, "numpy>=2.0")
    monkeypatch.setattr(doctor, "import_module", broken)
    assert "cannot be imported (ImportError: numpy: undefined symbol)" in found("library")["numpy"].detail


def test_an_extra_that_nobody_installed_is_no_fault(monkeypatch: Patch, capsys: Captured) -> None:
    stated(monkeypatch, "numpy>=2.0", "no-such-library>=1; extra == 'magic'", "numpy>=2; extra == 'dev'")
    extra = found("extra")
    assert extra["magic"] == Finding(
        "extra", "magic", "absent", "lacks no-such-library; pip install 'moderation[magic]'"
    )
    assert "dev" not in extra
    assert run(["doctor"]) == 0
    assert "extra\tmagic\tabsent\t" in capsys.readouterr().out


def test_models_are_loaded_and_damage_is_found(monkeypatch: Patch, tiny_model: Path, tmp_path: Path) -> None:
    from moderation.classify import bundle

    monkeypatch.setattr(bundle, "bundle_folders", lambda: [tmp_path])
    assert found("model")["fast"].detail.startswith("no model is installed")
    shutil.copytree(tiny_model, tmp_path / "whole")
    shutil.copytree(tiny_model, tmp_path / "damaged")
    codes = tmp_path / "damaged" / "codes.npy"
    codes.write_bytes(codes.read_bytes()[:-8] + bytes(8))
    models = found("model")
    assert models["whole"].state == "works"
    assert models["damaged"].state == "broken"
    assert "damaged" in models["damaged"].detail


def test_the_exit_code_tells_programs(monkeypatch: Patch, capsys: Captured, tmp_path: Path) -> None:
    monkeypatch.setenv("MODERATION_CORPORA", str(tmp_path / "nowhere"))
    assert run(["doctor", "--json"]) == 1
    captured = capsys.readouterr()
    findings = {finding["name"]: finding for finding in json.loads(captured.out)}
    assert findings["MODERATION_CORPORA"]["state"] == "broken"
    assert findings["fast"]["state"] == "works"
    assert captured.err == "error: broken: MODERATION_CORPORA\n"
