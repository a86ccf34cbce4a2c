"""The databases under reports, review and the resolution of large runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat

ASK = """
from pathlib import Path
from moderation.duck import open_scratch
with open_scratch(Path({path!r}), memory="64MB") as database:
    print(database.execute("SELECT current_setting('enable_progress_bar')").fetchone()[0])
"""


def test_nothing_is_drawn_on_standard_output_without_a_script(tmp_path: Path) -> None:
    # DuckDB takes `python -c` for a terminal, and would draw a bar into what is piped on.
    asked = ASK.format(path=str(tmp_path / "asked.duckdb"))
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_notebook_without_widgets_opens_one(tmp_path: Path) -> None:
    asked = nbformat.v4.new_code_cell(ASK.format(path=str(tmp_path / "asked.duckdb")))
    notebook = nbformat.v4.new_notebook(cells=[asked])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[0]["text"] == "False\n"
