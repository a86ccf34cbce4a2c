"""Units of work over processes: joblib does it, with few chunks under way at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Final

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from moderation.errors import ModerationError
from moderation.score.work import Done, Settings, Task, work

PREFETCH: Final = 2
"""Chunks under way per process: one worked on, one waiting, so that memory is bounded and no one waits."""


def perform(
    tasks: Iterator[Task], settings: Settings, jobs: int | None = None
) -> Generator[Done, None, None]:
    """Do units of work and yield their counts as they come.

    Parameters
    ----------
    tasks : iterator of Task
        Taken only as fast as they are worked on.
    settings : Settings
        Those of the run.
    jobs : int, optional
        Processes; default: one a core. One process, or one task, is worked on right here.

    Yields
    ------
    Done
        In any order.

    Raises
    ------
    ModerationError
        A worker process died.
    """
    jobs = jobs or joblib.cpu_count()
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if jobs == 1 or len(first) < 2:
        yield from (work(task, settings) for task in tasks)
        return
    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=PREFETCH * jobs,
    )
    do: Any = joblib.delayed(partial(work, settings=settings))
    try:
        yield from parallel(do(task) for task in tasks)
        # Idle workers would keep their memory while the run is finished.
        get_reusable_executor().shutdown()
    except TerminatedWorkerError as error:
        raise ModerationError(
            "a worker process was killed, most likely for want of memory; what was done is kept: "
            f"give the same command again, with --jobs {jobs - 1}"
        ) from error
