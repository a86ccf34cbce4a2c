"""Freed memory stays for the next batch, unless somebody has tuned the allocator."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from moderation.memory import keep, release

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        parts = [np.ones(1 << 17) for _ in range(40)]
        del parts
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep()
faults()
kept = faults()
release()
print(kept, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can be asked to")
@pytest.mark.parametrize("chosen", [{}, {"MALLOC_TRIM_THRESHOLD_": "131072"}])
def test_freed_memory_is_kept_until_it_is_released(chosen: dict[str, str]) -> None:
    # In a process of its own, because the allocator's thresholds are the whole process's.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=chosen, check=True, capture_output=True, text=True
    )
    kept, after = map(int, done.stdout.split())
    if chosen:
        assert kept > 200
    else:
        assert kept < 100 < after


RESTING = """
import pyarrow as pa, pyarrow.compute as pc
from moderation.memory import rest

def mapped():
    total, inside = 0, False
    for line in open("/proc/self/smaps"):
        if not line.split()[0].endswith(":"):
            inside = " r-xp " in line and "/libarrow." in line
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total

def work():
    return pc.utf8_upper(pa.array(["code"])).to_pylist()

before, done = mapped(), work()
rest("libarrow")
print(before, mapped(), done == work())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped where")
def test_code_that_rests_takes_no_memory_and_runs_again() -> None:
    done = subprocess.run([sys.executable, "-c", RESTING], check=True, capture_output=True, text=True)
    before, after, works = done.stdout.split()
    assert int(after) < int(before) / 2
    assert works == "True"
