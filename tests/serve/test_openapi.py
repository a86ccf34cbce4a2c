"""schemathesis over the OpenAPI document: no request that it makes up breaks the server or the document."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from served import Serve  # type: ignore[import-not-found]

pytestmark = pytest.mark.slow
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_no_request_breaks_the_server(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="the clients are not installed")
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command is not None
    with serve("--decisions", str(tmp_path / "decisions.sqlite")) as served:
        done = subprocess.run(
            [command, "run", f"{served.address}/openapi.json", "--checks", CHECKS, "--max-examples", "60",
             "--seed", "1", "--no-color"],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-5000:]
        assert served.process.poll() is None
