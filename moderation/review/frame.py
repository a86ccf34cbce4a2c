"""What all pages of the review app share: what every template knows, and answers in place of errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from moderation.errors import ModerationError, UsageError
from moderation.review.access import Access
from moderation.review.cards import Cards
from moderation.review.desk import Desk, Taken, lease_key
from moderation.review.filters import Filter
from moderation.review.rendering import templates


@dataclass(frozen=True, slots=True)
class Page:
    """What every template knows.

    Parameters
    ----------
    run : str
        Name of the run.
    nonce : str
        Of the Content-Security-Policy.
    labels : tuple of str
    csrf, reviewer, message : str
    counts : dict of str to int
        The reviewer's decisions by word, `total` and `open`.
    can_undo, new_only, blind : bool
    start : str
        Address of the queue to begin with.
    """

    run: str
    nonce: str
    labels: tuple[str, ...]
    csrf: str
    reviewer: str
    counts: dict[str, int]
    can_undo: bool
    new_only: bool
    blind: bool
    start: str
    message: str = ""

    def thread_query(self, thread: str) -> str:
        """Return the address of a whole thread, in its order."""
        return Filter(thread=thread, among="all", decided="all", order="thread").query()

    def author_query(self, author: str) -> str:
        """Return the address of all comments of an author."""
        return Filter(author=author, among="all", decided="all").query()


class Frame:
    """Base of the handlers.

    Parameters
    ----------
    desk : Desk
    cards : Cards
    access : Access
    run : str
        Name of the run.
    cookie : str
        Name of the session's cookie.
    """

    def __init__(self, desk: Desk, cards: Cards, access: Access, run: str, cookie: str) -> None:
        self._desk, self._cards, self._access = desk, cards, access
        self._run, self._cookie = run, cookie

    def answered(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Return a handler whose errors become answers."""

        def answer(request: Request) -> Response:
            try:
                return handler(request)
            except ModerationError as error:
                status = 409 if isinstance(error, Taken) else 400 if isinstance(error, UsageError) else 500
                if wants_json(request):
                    return JSONResponse({"error": str(error)}, status)
                return self.message(request, "That did not work", f"{error}.", status)

        return answer

    def card(self, request: Request, row: int, back: str, lease: str) -> str:
        """Return the HTML of a card, for a page that is open."""
        (card,) = self._cards.of([row], reviewer_of(request))
        template = templates().get_template("cards.html.j2")
        return template.render(one=card, page=self.page(request), back=back, lease=lease)

    def counter(self, request: Request) -> str:
        """Return the HTML of the reviewer's counter."""
        return templates().get_template("counter.html.j2").render(page=self.page(request))

    def page(self, request: Request, message: str = "") -> Page:
        """Return what every template knows."""
        session = request.state.session
        reviewer = session.reviewer if session else ""
        counts = {"total": 0, "open": 0}
        if reviewer:
            made = self._desk.queues.made(reviewer)
            counts = made | {
                "total": sum(made.values()),
                "open": self._desk.queues.count(self._desk.start, reviewer),
            }
        return Page(
            run=self._run,
            nonce=request.state.nonce,
            labels=self._desk.index.labels,
            csrf=session.csrf if session else "",
            reviewer=reviewer,
            counts=counts,
            can_undo=bool(reviewer) and self._desk.store.last_step(reviewer) is not None,
            new_only=self._desk.new_only,
            blind=self._desk.blind,
            start=self._desk.start.query(),
            message=message,
        )

    def show(
        self, request: Request, template: str, status: int = 200, message: str = "", **values: Any
    ) -> Response:
        """Answer with a template."""
        page = self.page(request, message)
        return HTMLResponse(
            templates().get_template(f"{template}.html.j2").render(page=page, **values), status
        )

    def message(self, request: Request, heading: str, text: str, status: int = 200) -> Response:
        """Answer with a line of text."""
        return self.show(request, "message", status, here="", heading=heading, text=text, back="/work")

    def filter(self, request: Request) -> Filter:
        """Return the filter that an address names."""
        wanted = Filter.from_query(request.query_params, self._desk.index.labels)
        return wanted.only_of_sample() if self._desk.blind else wanted

    def hold(self, rows: list[int], reviewer: str, page: str) -> None:
        """Take or renew the leases of a page's comments."""
        self._desk.leases.take(reviewer, map(lease_key, self._desk.index.comments(rows)), page)


def reviewer_of(request: Request) -> str:
    """Return who asks; empty where nobody has said so yet."""
    session = request.state.session
    return session.reviewer if session else ""


def wants_json(request: Request) -> bool:
    """Return whether a script asks, not a form."""
    return "application/json" in request.headers.get("accept", "")
