"""Somebody at the desk, and time that passes when a test says so."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from handmade_run import comment
from starlette.testclient import TestClient

from moderation.decisions import text_digest
from moderation.report.sample import Band, Sample
from moderation.review.access import Access

HOSTS = ("127.0.0.1", "localhost")
TOKEN = "t" * 43
SCORED = "fast@" + "d1" * 32


MANY = [comment(str(n), f"idiot number {n}", insult=n / 30) for n in range(30)]
DRAWN = [3, 29, 11, 20, 7, 15]


def drawn(comments: Any, numbers: list[int]) -> Sample:
    rows = pd.DataFrame(
        {
            "comment_id": [comments[n]["comment_id"] for n in numbers],
            "thread_id": [comments[n]["thread_id"] for n in numbers],
            "text_digest": [text_digest(comments[n]["text"]) for n in numbers],
            "band": 0,
        }
    )
    return Sample("insult", (Band(0.0, 1.0, len(comments)),), rows)


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
