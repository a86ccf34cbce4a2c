"""Fixtures of the review app's tests: a small run, its desk, a browser without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
# The run by hand is that of the report's tests.

from handmade_run import SMALL, explain, make_run
from reviewing import HOSTS, SCORED, TOKEN, Clock, Reviewer

from moderation.decisions.store import DecisionStore
from moderation.review.access import Access
from moderation.review.app import make_app
from moderation.review.desk import Desk, Scored, Task
from moderation.review.index import Index
from moderation.review.leases import Leases


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    with DecisionStore(tmp_path / "decisions.sqlite") as store:
        yield store


@pytest.fixture
def make_desk(tmp_path: Path, store: DecisionStore, clock: Clock) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(rows: Any = SMALL, **options: Any) -> Desk:
        run = make_run(tmp_path / f"run{len(made)}", rows)
        scored = Scored(SCORED, run.policy, "2f7e3d036531bf55")
        made.append(Desk(Index(run), store, scored, Task(**options), Leases(600, clock)))
        return made[-1]

    yield make
    for desk in made:
        desk.index.close()


@pytest.fixture
def access() -> Access:
    return Access(HOSTS, token=TOKEN, reviewer="me")


@pytest.fixture
def app(make_desk: Callable[..., Desk], access: Access) -> Any:
    return make_app(make_desk(), access, "run", explain)


@pytest.fixture
def rae(app: Any, access: Access) -> Reviewer:
    return Reviewer(app, "Rae", access)


@pytest.fixture
def sam(app: Any, access: Access) -> Reviewer:
    return Reviewer(app, "Sam", access)
