"""Before every request: host, origin, session and form secret are checked; after it: headers are set."""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moderation.review.access import Access, Session, reviewer_name

MOST_BYTES: Final = 64 * 1024
"""Of a form: a note and eight labels take a few hundred."""

_MOST_FIELDS: Final = 200
_SAFE: Final = ("GET", "HEAD")
_OPEN: Final = ("/login",)


class Guard:
    """ASGI middleware; puts `session`, `form` and `nonce` into `request.state`.

    Parameters
    ----------
    app : ASGI application
    access : Access
    cookie : str
        Name of the session's cookie.
    """

    def __init__(self, app: ASGIApp, access: Access, cookie: str) -> None:
        self._app, self._access, self._cookie = app, access, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        state = scope.setdefault("state", {})
        state |= {"nonce": nonce, "session": None, "form": {}}
        request = Request(scope, receive)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), nonce, scope["path"])
            await send(message)

        refusal = await self._refusal(request, state)
        await (refusal or self._app)(scope, receive, guarded)

    async def _refusal(self, request: Request, state: dict[str, Any]) -> Response | None:
        if not self._access.host_allowed(request.headers.get("host", "")):
            return _no(421, "This name of the server is not known; start it with --allow-host NAME.")
        origin = request.headers.get("origin")
        if origin is not None and not self._access.origin_allowed(origin):
            return _no(403, "This request comes from another site.")
        path = request.scope["path"]
        if path.startswith("/assets/") and request.method in _SAFE:
            return None
        state["session"] = session = self._session(request)
        if request.method not in _SAFE:
            if request.method != "POST":
                return _no(405, "Only GET and POST are answered.")
            if origin is None or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
                return _no(403, "This request does not say that it comes from our own page.")
            form = await _form(request)
            if form is None:
                return _no(413, "This form is too long.")
            state["form"] = form
            given = form.get("csrf", "").encode()
            if path not in _OPEN and (
                session is None or not secrets.compare_digest(given, session.csrf.encode())
            ):
                return _no(403, "This page is too old: load it again.")
        return self._way_in(request, session)

    def _session(self, request: Request) -> Session | None:
        if self._access.header is not None:
            name = reviewer_name(_decoded(request.headers, self._access.header))
            return self._access.proxied(name) if name else None
        return self._access.session(request.cookies.get(self._cookie, ""))

    def _way_in(self, request: Request, session: Session | None) -> Response | None:
        """Return where somebody without a session has to go, or takes them in by the printed address."""
        path = request.scope["path"]
        given = request.query_params.get("token")
        if given is not None and request.method == "GET":
            rest = urlencode([(k, v) for k, v in request.query_params.multi_items() if k != "token"])
            # Without the token, so that it stays neither in the history nor in anything copied from there.
            # One slash: two would name another server.
            clean = "/" + path.lstrip("/")
            onward = RedirectResponse(f"{clean}?{rest}" if rest else clean, 303)
            if session is None and self._access.token_fits(given):
                onward.set_cookie(self._cookie, self._access.begin(), httponly=True, samesite="lax", path="/")
            return onward
        if session is None and path not in _OPEN:
            if self._access.passwords is not None:
                return RedirectResponse("/login", 303)
            if self._access.header is not None:
                return _no(403, "The proxy did not say who you are.")
            return _no(403, "Open the address that “moderation review” printed: it holds the key.")
        if session is not None and not session.reviewer and path not in ("/name", *_OPEN):
            return RedirectResponse("/name", 303)
        return None


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form; None where it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return None
    return dict(pairs)


def _decoded(headers: Headers, name: str) -> str:
    """Return a header as text; proxies send names in UTF-8, the protocol says Latin-1."""
    raw = headers.get(name, "").encode("latin-1", "replace")
    return raw.decode("utf-8", "replace")


def _harden(headers: MutableHeaders, nonce: str, path: str) -> None:
    headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers["Cache-Control"] = "private, max-age=3600" if path.startswith("/assets/") else "no-store"


def _no(status: int, why: str) -> Response:
    return PlainTextResponse(why + "\n", status)
