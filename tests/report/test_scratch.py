"""The temporary database under reports and review."""

from __future__ import annotations

import subprocess
import sys

ASK = """
from moderation.report.scratch import Scratch
with Scratch("asked") as scratch:
    query = "SELECT current_setting('enable_progress_bar')"
    print(scratch._connection.execute(query).fetchone()[0])
"""


def test_nothing_is_drawn_on_standard_output_without_a_script() -> None:
    # DuckDB takes `python -c` and notebooks for a terminal, and would draw a bar into what is piped on.
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
