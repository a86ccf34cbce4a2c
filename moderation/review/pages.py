"""The pages of the review app: queues, comments, what stands around them, the log."""

from __future__ import annotations

import secrets
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from moderation.review.cards import WHOLE
from moderation.review.desk import check_bulk
from moderation.review.filters import BANDS, Filter
from moderation.review.frame import Frame, reviewer_of
from moderation.review.measured import precision
from moderation.review.rendering import ASSETS, asset

LOGGED: Final = 200
"""Decisions that the log shows; the store has all of them."""

LISTED: Final = 15
"""Threads and authors that are offered as queues."""


class Pages(Frame):
    """What is looked at; nothing here changes a decision."""

    def home(self, request: Request) -> Response:
        """Show the queues."""
        reviewer = reviewer_of(request)
        self._desk.opinions.follow()
        if self._desk.blind:
            return self.show(
                request,
                "home",
                here="home",
                drawn=len(self._desk.drawn),
                labels=[],
                bands=[],
                threads=[],
                authors=[],
            )
        queues, policy = self._desk.queues, self._desk.scored.policy
        counted = precision(_by_comment(queues.flagged_opinions()), self._desk.index.labels)
        so_far = {row["label"]: row for row in counted.to_dict("records")}
        nothing = {"judged": 0, "rate": 0.0, "low": 0.0, "high": 1.0}
        labels = [
            {
                **(so_far.get(row["label"]) or nothing),
                **row,
                "query": Filter(label=row["label"]).query() if row["label"] in so_far else Filter().query(),
                "expected": policy.expected_precision.get(row["label"]),
            }
            for row in queues.by_label(reviewer)
        ]
        bands = []
        for low, high in BANDS:
            band = Filter(low=low, high=high, among="all")
            bands.append((low, high, queues.count(band, reviewer), band.query()))
        threads = queues.by_thread(reviewer, LISTED)
        for row in threads:
            row["query"] = Filter(thread=row["thread_id"]).query()
        authors = queues.by_author(reviewer, LISTED)
        for row in authors:
            row["query"] = Filter(author=row["author"]).query()
        return self.show(
            request,
            "home",
            here="home",
            drawn=len(self._desk.drawn),
            labels=labels,
            bands=bands,
            threads=threads,
            authors=authors,
        )

    def work(self, request: Request) -> Response:
        """Show the next comments of a queue."""
        wanted = self.filter(request)
        lease = secrets.token_urlsafe(9)
        handed = self._desk.hand_out(wanted, reviewer_of(request), lease)
        cards = self._cards.of(handed.rows, reviewer_of(request))
        return self.show(
            request,
            "work",
            here="work",
            wanted=wanted,
            handed=handed,
            sampled=bool(self._desk.drawn),
            cards=cards,
            lease=lease,
            query=wanted.query(),
            first=wanted.query(after=None),
            more=wanted.query(after=handed.rows[-1]) if handed.rows else "",
        )

    def comment(self, request: Request) -> Response:
        """Show one comment and what stands around it."""
        row, lease = request.path_params["row"], secrets.token_urlsafe(9)
        around = self._cards.context(row)
        if around is None:
            return self.message(request, "There is no such comment", "This run does not hold it.", 404)
        self.hold([row], reviewer_of(request), lease)
        (card,) = self._cards.of([row], reviewer_of(request), WHOLE)
        return self.show(request, "comment", here="", one=card, around=around, lease=lease)

    def context(self, request: Request) -> Response:
        """Return what stands around a comment, for a page that is open."""
        around = self._cards.context(request.path_params["row"])
        if around is None:
            return Response(status_code=404)
        return self.show(request, "context", around=around)

    def bulk(self, request: Request) -> Response:
        """Show what a bulk decision would be about."""
        return self.preview(request)

    def log(self, request: Request) -> Response:
        """Show the latest decisions, newest first."""
        latest = self._desk.store.latest(LOGGED)
        self._desk.opinions.follow()
        found = self._desk.index.query(
            "SELECT comment_id, digest, min(row) AS row FROM comments "
            "WHERE id_key IN (SELECT hash(unnest(?::VARCHAR[]))) GROUP BY comment_id, digest",
            [[event.comment_id for event, _ in latest]],
        )
        rows = {(record["comment_id"], record["digest"]): record["row"] for record in found}
        events = [
            (event, taken_back, rows.get((event.comment_id, event.text_digest)))
            for event, taken_back in latest
        ]
        return self.show(request, "log", here="log", events=events)

    def name(self, request: Request) -> Response:
        """Ask who is there."""
        proposed = reviewer_of(request) or self._access.reviewer
        return self.show(request, "enter", here="", asks_password=False, proposed=proposed)

    def login(self, request: Request) -> Response:
        """Ask for name and password."""
        if self._access.passwords is None:
            return RedirectResponse("/", 303)
        return self.show(request, "enter", here="", asks_password=True, proposed="")

    def assets(self, request: Request) -> Response:
        """Return a file of the look or behaviour of the pages."""
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response(status_code=404)
        content, kind = asset(name)
        return Response(content, media_type=kind)

    def preview(self, request: Request, message: str = "", status: int = 200) -> Response:
        """Show what a bulk decision would be about, with a message over it."""
        wanted = self.filter(request)
        check_bulk(wanted)
        preview = self._desk.preview(wanted, reviewer_of(request))
        sample = self._cards.beside(preview.sample)
        return self.show(
            request,
            "bulk",
            status,
            message,
            here="work",
            preview=preview,
            sample=sample,
            query=wanted.query(after=None),
            said=wanted.words(),
        )


def _by_comment(opinions: list[dict[str, Any]]) -> list[tuple[list[tuple[list[str], Any]], list[str]]]:
    found: dict[int, tuple[list[tuple[list[str], Any]], list[str]]] = {}
    for opinion in opinions:
        found.setdefault(opinion["row"], ([], opinion["flags"]))[0].append(
            (opinion["labels"], opinion["checked"])
        )
    return list(found.values())
