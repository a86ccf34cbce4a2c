"""Units of work over processes and machines: joblib does it, with few chunks under way at a time."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import joblib
from joblib.externals.loky import BrokenProcessPool, get_reusable_executor

from moderation.errors import ModerationError, UsageError
from moderation.memory import release
from moderation.score.work import Done, Settings, Task, work
from moderation.score.writer import TEMPORARY

PREFETCH: Final = 2
"""Chunks under way per process: one worked on, one waiting, so that memory is bounded and no one waits."""

RELEASE_EVERY: Final = 31
"""Parts after which a worker gives freed memory back, or it would grow; after each part it would cost a tenth
of the time. A prime, so that it is not always the same worker's turn."""

BACKENDS: Final = ("loky", "dask")


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work.

    Parameters
    ----------
    jobs : int or None
        Processes of this machine; None = one a core.
    backend : {"loky", "dask"}
        This machine's processes, or a Dask cluster.
    scheduler : str or None
        Address of the cluster; None = one is started on this machine.
    """

    jobs: int | None = None
    backend: str = "loky"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UsageError(f"unknown backend {self.backend!r}; known: {', '.join(BACKENDS)}")
        if self.scheduler and self.backend != "dask":
            raise UsageError("--scheduler needs --backend dask")


def perform(tasks: Iterator[Task], settings: Settings, workers: Workers) -> Generator[Done, None, None]:
    """Do units of work and yield their counts as they come.

    Parameters
    ----------
    tasks : iterator of Task
        Taken only as fast as they are worked on.
    settings : Settings
        Those of the run.
    workers : Workers
        Who does it. One process, or one task, is worked on right here.

    Yields
    ------
    Done
        In any order.

    Raises
    ------
    ModerationError
        A worker process died.
    """
    if workers.backend == "dask":
        yield from _on_cluster(tasks, settings, workers)
        return
    jobs = workers.jobs or joblib.cpu_count()
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if jobs == 1 or len(first) < 2:
        yield from (work(task, settings) for task in tasks)
        return
    do: Any = joblib.delayed(partial(_work_for, os.getpid(), settings=settings))
    try:
        waiting = (do(_put_down_if_possible(task, settings.run)) for task in tasks)
        yield from parallel(jobs, PREFETCH * jobs)(waiting)
        # Idle workers would keep their memory while the run is finished.
        get_reusable_executor().shutdown()
    except BrokenProcessPool as error:
        raise ModerationError(
            "a worker process was killed, most likely for want of memory; what was done is kept: "
            f"give the same command again, with --jobs {jobs - 1}"
        ) from error


def _work_for(parent: int, given: Path | Task, settings: Settings) -> Done:
    """Do a unit of work in a process that ends when the one it works for is gone."""
    _leave_with(parent)
    if isinstance(given, Task):
        task = given
    else:
        task = _take_up(given)
        given.unlink()
    done = work(task, settings)
    if task.number % RELEASE_EVERY == 0:
        release()
    return done


def _put_down_if_possible(task: Task, run: Path) -> Path | Task:
    # A file is written once and read once, and mostly gone before a disk sees it; on its way through a pipe a
    # chunk is copied again and again.
    try:
        return put_down(task, run)
    except OSError:
        # Nothing may be raised here. Where a disk is full, the worker will say so.
        _waiting(run, task.number).unlink(missing_ok=True)
        return task


@cache
def _leave_with(parent: int) -> None:
    # loky's workers would wait for more work for minutes after a kill -9, and keep their memory.
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_cluster(tasks: Iterator[Task], settings: Settings, workers: Workers) -> Generator[Done, None, None]:
    """Let a Dask cluster work; chunks wait in the run's directory, so that only paths and counts travel.

    A worker that dies loses nothing: its chunks are still there, and Dask gives them to another.
    """
    settings = replace(settings, run=settings.run.resolve())
    with on_cluster(workers) as cores:
        do: Any = joblib.delayed(partial(work_waiting, settings=settings))
        waiting = (do(put_down(task, settings.run)) for task in tasks)
        for done in parallel(-1, PREFETCH * cores)(waiting):
            # Not by the worker: should it die before it is heard of, the work is given to another.
            _waiting(settings.run, done.number).unlink()
            yield done


@contextmanager
def on_cluster(workers: Workers) -> Iterator[int]:
    """Let `parallel(-1, ...)` work on the Dask cluster of `workers` meanwhile; gives the number of cores.

    Raises
    ------
    UsageError
        Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--backend dask needs an extra: pip install 'moderation[dask]'") from error
    with ExitStack() as stack:
        client = stack.enter_context(_client(Client, workers))
        stack.enter_context(joblib.parallel_config(backend="dask", client=client))
        yield sum(client.ncores().values()) or 1


def _client(
    make: Callable[..., AbstractContextManager[Any]], workers: Workers
) -> AbstractContextManager[Any]:
    if workers.scheduler is None:
        return make(
            n_workers=workers.jobs or joblib.cpu_count(), threads_per_worker=1, dashboard_address=None
        )
    try:
        return make(workers.scheduler, timeout=30)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {workers.scheduler}: {error}") from error


def put_down(task: Task, run: Path) -> Path:
    """Write a unit of work where all workers find it, and return the path."""
    path = _waiting(run, task.number)
    with path.open("wb") as file:
        pickle.dump(task, file, protocol=5)
    return path


def work_waiting(path: Path, settings: Settings) -> Done:
    """Do the unit of work that waits at a path."""
    return work(_take_up(path), settings)


def _take_up(path: Path) -> Task:
    with path.open("rb") as file:
        task: Task = pickle.load(file)
    return task


def _waiting(run: Path, number: int) -> Path:
    return run / TEMPORARY / f"task-{number:05d}.pickle"


def parallel(jobs: int, under_way: int) -> Any:
    """Return joblib's workers: so many processes, or -1 for the cluster in force; results in any order."""
    return joblib.Parallel(
        n_jobs=jobs,
        backend=None if jobs == -1 else "loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=under_way,
    )
