"""Fixtures of the review app's tests: a small run, its desk, a browser without a browser."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
# The run by hand is that of the report's tests.

from handmade_run import SMALL, explain, make_run

from moderation.decisions.store import DecisionStore
from moderation.review.access import Access
from moderation.review.app import make_app
from moderation.review.desk import Desk, Scored
from moderation.review.index import Index
from moderation.review.leases import Leases

HOSTS = ("127.0.0.1", "localhost")
TOKEN = "t" * 43
SCORED = "fast@" + "d1" * 32


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Reviewer:
    """A browser at the desk, as far as forms go."""

    def __init__(self, app: Any, name: str, access: Access) -> None:
        self.client = TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=True)
        self.client.get("/", params={"token": access.token})
        self.send("/name", reviewer=name)

    @property
    def csrf(self) -> str:
        page = self.client.get("/name").text
        return re.search('data-csrf="([^"]+)"', page)[1]

    def get(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, address: str, *, script: bool = False, **fields: Any) -> Any:
        headers = {"Origin": "http://127.0.0.1:8765", "Accept": "application/json" if script else "text/html"}
        return self.client.post(address, data={"csrf": self.csrf, **fields}, headers=headers)

    def shown(self, address: str = "/work") -> list[int]:
        return [int(row) for row in re.findall(r'<article class="card" id="c(\d+)"', self.get(address))]


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
        made.append(Desk(Index(run), store, scored, leases=Leases(600, clock), **options))
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
