"""What a person, a monitor or a client library asks for with GET."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from moderation import __version__
from moderation.serve.attributes import ATTRIBUTES
from moderation.serve.discovery import address, discovery_document
from moderation.serve.openapi import openapi_document
from moderation.serve.service import Service

DISCOVERY: Final = "/$discovery/rest"

_NOTICE: Final = (
    "This server speaks the wire contract of the Perspective API, but it is not the Perspective API: "
    "the scores are those of another model, and a threshold that was right there may be wrong here."
)
_SCALES: Final = {
    "own": "The values are this model's own calibrated probabilities.",
    "perspective": "The values are mapped, attribute by attribute, to the distribution of the Perspective "
    "API's published scores; the order of comments is this model's.",
}
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Pages:
    """The pages of a server; all that they say is known when it starts.

    Parameters
    ----------
    service : Service
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        templates = Environment(
            loader=PackageLoader("moderation.serve"), autoescape=True, undefined=StrictUndefined
        )
        document = openapi_document()
        about = _about(service)
        self._openapi = msgspec.json.encode(document)
        self._about = msgspec.json.encode(about)
        self._home = templates.get_template("home.html").render(about=about)
        self._docs = templates.get_template("docs.html").render(document=document)

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            Route("/", self.home),
            Route("/docs", self.docs),
            Route("/openapi.json", self.openapi),
            Route("/healthz", self.health),
            Route("/metrics", self.metrics),
            Route(DISCOVERY, self.discovery),
        ]

    async def home(self, request: Request) -> Response:
        """Say what this is: to a browser as a page, to a program as JSON."""
        if "text/html" in request.headers.get("accept", ""):
            return _page(self._home)
        return _json(self._about)

    async def docs(self, request: Request) -> Response:
        """Show the OpenAPI document; the page asks for nothing from elsewhere."""
        return _page(self._docs)

    async def openapi(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        return _json(self._openapi)

    async def health(self, request: Request) -> Response:
        """Say that the server answers."""
        return _json(b'{"status":"ok"}')

    async def metrics(self, request: Request) -> Response:
        """Return the counts for Prometheus."""
        page = self._service.metrics.page(self._service.batcher.waiting)
        return Response(page, headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    async def discovery(self, request: Request) -> Response:
        """Return the discovery document for the address that the client has reached."""
        # Clients send their key here first, and want to hear if it is wrong; others come without one.
        self._service.keys.check(dict(request.scope), needed=False)
        return _json(msgspec.json.encode(discovery_document(address(dict(request.scope)))))


def _about(service: Service) -> dict[str, Any]:
    settings, model = service.settings, service.model
    return {
        "name": "moderation serve",
        "version": __version__,
        "notice": _NOTICE,
        "model": service.model_name,
        "tier": model.tier,
        "scale": settings.scale,
        "scale_means": _SCALES[settings.scale],
        "languages": list(model.config.get("languages", ["en"])),
        "attributes": {name: label for name, label in ATTRIBUTES.items() if label in model.labels},
        "suggestions": "stored as decisions" if service.suggestions.kept else "answered and forgotten",
        "comments": "scored and forgotten",
        "links": {
            "documentation": "/docs",
            "openapi": "/openapi.json",
            "health": "/healthz",
            "metrics": "/metrics",
        },
    }


def _json(body: bytes) -> Response:
    return Response(body, headers={"content-type": "application/json; charset=utf-8"})


def _page(body: str) -> Response:
    return Response(body, headers={"content-type": "text/html; charset=utf-8", **_HEADERS})
