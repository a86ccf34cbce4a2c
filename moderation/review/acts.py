"""What the review app does when a form is sent: decide, undo, keep comments, let people in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from moderation.decisions.spans import JudgedSpan, read_spans
from moderation.errors import UsageError
from moderation.review.access import reviewer_name
from moderation.review.desk import Changed, lease_key
from moderation.review.frame import reviewer_of, wants_json
from moderation.review.pages import Pages
from moderation.review.ruling import Ruling

LONGEST_NOTE: Final = 500

_OF_A_PAGE: Final = 200
# Rows that a page may keep or give back at once: ten times what it is handed.
_WORD: Final = re.compile(r"word:(\d{1,7})-(\d{1,7}):(.+)\Z")
_DONE: Final = {"approve": "approved", "remove": "removed", "escalate": "escalated", "skip": "skipped"}


class Acts(Pages):
    """What changes something, after the guard has let it through."""

    def decide(self, request: Request) -> Response:
        """Record a decision."""
        form = request.state.form
        row, page = _whole(form.get("row", "")), form.get("page", "")[:40]
        judged = {
            label: form[f"judge:{label}"] == "yes"
            for label in self._desk.index.labels
            if form.get(f"judge:{label}") in ("yes", "no")
        }
        note = form.get("note", "").strip()[:LONGEST_NOTE]
        ruling = Ruling(form.get("decision", ""), judged, note, _spans(form, self._desk.index.labels))
        self._desk.decide(row, ruling, reviewer_of(request), page)
        back = _own(form.get("back", ""))
        if not wants_json(request):
            return RedirectResponse(back, 303)
        return JSONResponse({"card": self.card(request, row, back, page), "counter": self.counter(request)})

    def undo(self, request: Request) -> Response:
        """Take the last act back."""
        reviewer = reviewer_of(request)
        rows, count = self._desk.undo(reviewer)
        said = f"{count:,} decisions were taken back." if count > 1 else ""
        if not wants_json(request):
            return RedirectResponse(f"/comment/{rows[0]}" if count == 1 and rows else "/", 303)
        back = _own(request.headers.get("referer", "").partition(request.url.netloc)[2] or "/work")
        return JSONResponse(
            {
                "cards": [self.card(request, row, back, "") for row in rows],
                "count": count,
                "row": rows[0] if rows else None,
                "counter": self.counter(request),
                "more": self._desk.store.last_step(reviewer) is not None,
                "text": said if count else "There is nothing to undo.",
            }
        )

    def decide_all(self, request: Request) -> Response:
        """Decide on all comments of a queue, if they are what the preview showed."""
        form = request.state.form
        ruling = Ruling(form.get("decision", ""), {}, form.get("note", "").strip()[:LONGEST_NOTE])
        try:
            count = self._desk.decide_all(
                self.filter(request), ruling, reviewer_of(request), _whole(form.get("expected", ""))
            )
        except Changed as error:
            return self.preview(request, f"Nothing was decided: {error}.", 409)
        text = f"{count:,} comments are {_DONE[ruling.decision]}. Undo takes all of it back."
        return self.message(request, "Done", text)

    def keep(self, request: Request) -> Response:
        """Renew the leases of a page that is still open."""
        form = request.state.form
        self.hold(_rows(form.get("rows", "")), reviewer_of(request), form.get("page", "")[:40])
        return Response(status_code=204)

    def release(self, request: Request) -> Response:
        """Give back what was on a page that is left."""
        form = request.state.form
        records = self._desk.index.comments(_rows(form.get("rows", "")))
        self._desk.leases.give_back(reviewer_of(request), map(lease_key, records), form.get("page", "")[:40])
        return Response(status_code=204)

    def take_name(self, request: Request) -> Response:
        """Take the name of who is there; where a password or a proxy says it, it stays."""
        given = reviewer_name(request.state.form.get("reviewer", ""))
        if self._access.token is not None and given:
            request.state.session.reviewer = given
        return RedirectResponse("/", 303)

    def let_in(self, request: Request) -> Response:
        """Let in who knows the password."""
        form = request.state.form
        reviewer = reviewer_name(form.get("reviewer", ""))
        fits = self._access.passwords is not None and self._access.password_fits(
            reviewer, form.get("password", "")
        )
        if not fits or not reviewer:
            return self.show(
                request,
                "enter",
                403,
                "Name and password do not fit.",
                here="",
                asks_password=True,
                proposed=reviewer,
            )
        onward = RedirectResponse("/", 303)
        # A proxy before us may speak TLS to browsers and plain HTTP to us; the page's own address tells.
        secure = request.headers.get("origin", "").startswith("https://")
        onward.set_cookie(
            self._cookie, self._access.begin(reviewer), httponly=True, samesite="lax", secure=secure, path="/"
        )
        return onward


def _spans(form: Mapping[str, str], labels: Sequence[str]) -> tuple[JudgedSpan, ...]:
    """Return the highlights that a form confirms or rejects, from fields such as `word:4-9:insult`."""
    stated = []
    for name, said in form.items():
        match = _WORD.match(name)
        if match is not None and said in ("yes", "no") and match[3] in labels:
            begin, end = int(match[1]), int(match[2])
            stated.append({"begin": begin, "end": end, "label": match[3], "confirmed": said == "yes"})
    return read_spans(stated)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise UsageError(f"{text[:40]!r} is no number")
    return int(text)


def _rows(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isascii() and word.isdigit() and len(word) < 16][
        :_OF_A_PAGE
    ]


def _own(address: str) -> str:
    """Return an address of ours to go back to, whatever a form says."""
    return address if address.startswith(("/work", "/comment/")) and "\\" not in address else "/work"
