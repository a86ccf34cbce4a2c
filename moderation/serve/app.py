"""The web application: which address is answered by what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from moderation.serve.analyze import analyze, check_context, comment_text, language_list
from moderation.serve.endpoint import JsonEndpoint
from moderation.serve.errors import STATUSES, ApiError, failed
from moderation.serve.messages import (
    AnalyzeCommentRequest,
    SuggestCommentScoreRequest,
    SuggestCommentScoreResponse,
)
from moderation.serve.pages import Pages
from moderation.serve.scores import NAME as SCORE
from moderation.serve.scores import ScoreEndpoint
from moderation.serve.service import Service, open_service
from moderation.serve.settings import Settings

ANALYZE: Final = "/v1alpha1/comments:analyze"
SUGGEST: Final = "/v1alpha1/comments:suggestscore"
"""Addresses that clients of the Perspective API know."""


def create_app(settings: Settings) -> Starlette:
    """Return the application; everything that it needs is loaded and checked at once.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    ModerationError
        A model, policy or file of keys cannot be used.

    Examples
    --------
    >>> from moderation.serve.app import create_app
    >>> from moderation.serve.settings import Settings
    >>> app = create_app(Settings(decisions=None))
    """
    service = open_service(settings)
    pages = Pages(service)
    analyzing = JsonEndpoint(service, ANALYZE, AnalyzeCommentRequest, analyze)
    routes = [
        Route(ANALYZE, analyzing, methods=["POST"]),
        Route(
            SUGGEST,
            _SameOrigin(settings, JsonEndpoint(service, SUGGEST, SuggestCommentScoreRequest, _suggest)),
            methods=["POST"],
        ),
        Route(SCORE, ScoreEndpoint(service), methods=["POST"]),
        *pages.routes(),
    ]
    middleware = []
    if settings.origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.origins),
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                max_age=600,
            )
        )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.suggestions.close)

    return _Application(
        # What other pages may read is decided on the usual way.
        None if settings.origins else analyzing,
        routes=routes,
        middleware=middleware,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused, ApiError: _refused, Exception: _failed},
    )


async def _suggest(service: Service, request: SuggestCommentScoreRequest) -> SuggestCommentScoreResponse:
    text = comment_text(request.comment)
    check_context(request.context)
    try:
        fate = await service.suggestions.keep(request, text)
    except ApiError as error:
        if error.code >= 500:
            service.metrics.suggestion("failed")
        raise
    service.metrics.suggestion(fate)
    return SuggestCommentScoreResponse(
        clientToken=request.clientToken, requestedLanguages=language_list(request.languages) or None
    )


class _Application(Starlette):
    """Takes the one address that nearly all requests ask for past the routes, which cost a tenth of it."""

    def __init__(self, analyzing: Any, **options: Any) -> None:
        super().__init__(**options)
        self._analyzing = analyzing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self._analyzing is not None
            and scope["type"] == "http"
            and scope["path"] == ANALYZE
            and scope["method"] == "POST"
        ):
            await self._analyzing(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _SameOrigin:
    """Keeps pages of strangers from writing: a browser sends a simple request without asking first."""

    def __init__(self, settings: Settings, app: Any) -> None:
        self._origins = settings.origins
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        origin = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None
        )
        if origin is not None and "*" not in self._origins and origin not in self._origins:
            raise HTTPException(
                403, "This origin may not suggest scores; start the server with --cors ORIGIN."
            )
        await self._app(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        code = error.status_code if error.status_code in STATUSES else 400
        paths = f"POST {ANALYZE}, POST {SUGGEST}, POST {SCORE}, GET /docs"
        message = f"There is nothing at this address; try {paths}." if code == 404 else error.detail
        headers = dict(error.headers or {})
        error = ApiError(code, message)
    else:
        headers = {}
    return _json(error, headers)


async def _failed(request: Request, error: Exception) -> Response:
    return _json(failed(), {})


def _json(error: Exception, headers: dict[str, str]) -> Response:
    if not isinstance(error, ApiError):
        raise error
    body = msgspec.json.encode(error.to_dict())
    return Response(body, error.code, {**headers, "content-type": "application/json; charset=utf-8"})
