"""The OpenAPI document, made from the messages themselves."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from moderation import __version__
from moderation.serve.messages import (
    AnalyzeCommentRequest,
    AnalyzeCommentResponse,
    ScoreRequest,
    ScoreResponse,
    SuggestCommentScoreRequest,
    SuggestCommentScoreResponse,
)

_MESSAGES: Final = (
    AnalyzeCommentRequest,
    AnalyzeCommentResponse,
    SuggestCommentScoreRequest,
    SuggestCommentScoreResponse,
    ScoreRequest,
    ScoreResponse,
)
_REFERENCE: Final = "#/components/schemas/{name}"
_ERROR: Final = {
    "title": "Error",
    "description": "Google's error envelope; the field errorType of a detail is for programs.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "status"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_MEANINGS: Final = {
    "400": "The request cannot be used; errorType says why. Also: the key is wrong.",
    "403": "A key is needed, or pages of this origin may not write.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is compressed.",
    "429": "Too many texts are waiting.",
    "503": "A suggestion could not be stored.",
}


def openapi_document() -> dict[str, Any]:
    """Return the document, as JSON-ready values."""
    _, schemas = msgspec.json.schema_components(_MESSAGES, ref_template=_REFERENCE)
    schemas = {name: _tidy(schema) for name, schema in schemas.items()}
    schemas["Error"] = _ERROR
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "moderation serve",
            "version": __version__,
            "description": "Scores comments on your own machine. The addresses under /v1alpha1 follow the "
            "wire contract of the Perspective API; the scores are of another model.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}, {"header": []}],
        "paths": {
            "/v1alpha1/comments:analyze": _post("AnalyzeComment", "Score a comment", _ANALYZE),
            "/v1alpha1/comments:suggestscore": _post(
                "SuggestCommentScore", "Say what the scores of a comment should be", _SUGGEST
            ),
            "/v1/score": _post("Score", "Score many texts", _SCORE, stream=True),
            "/$discovery/rest": _get(
                "The discovery document of Google's client libraries", "application/json"
            ),
            "/healthz": _get("Whether the server answers", "application/json"),
            "/metrics": _get("Counts for Prometheus", "text/plain"),
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "query", "name": "key"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Goog-Api-Key"},
            },
        },
    }


_ANALYZE: Final = {
    "comment": {"text": "What kind of idiot name is foo?"},
    "requestedAttributes": {"TOXICITY": {}, "INSULT": {"scoreThreshold": 0.5}},
    "languages": ["en"],
}
_SUGGEST: Final = {
    "comment": {"text": "I guess it comes down to a simple choice."},
    "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}},
    "clientToken": "comment:53922",
}
_SCORE: Final = {"texts": ["You are an idiot.", "Thank you for the photo."], "explain": False}


def _post(message: str, summary: str, example: dict[str, Any], *, stream: bool = False) -> dict[str, Any]:
    request = {"application/json": {"schema": _ref(f"{message}Request"), "example": example}}
    answer = {"application/json": {"schema": _ref(f"{message}Response")}}
    codes = ["400", "403", "408", "413", "415", "429"] + (["503"] if message.startswith("Suggest") else [])
    operation: dict[str, Any] = {
        "operationId": message,
        "summary": summary,
        "requestBody": {"required": True, "content": request},
        "responses": {
            "200": {"description": "The answer.", "content": answer},
            **{code: _error(_MEANINGS[code]) for code in codes},
        },
    }
    if stream:
        operation["description"] = (
            'With the content type application/x-ndjson, the body is a stream of lines {"id": …, "text": …} '
            "of any length, and so is the answer: one line for each, in order, while they arrive. There, "
            "?explain=true and ?any_language=true stand in the address."
        )
    return {"post": operation}


def _get(summary: str, kind: str) -> dict[str, Any]:
    return {
        "get": {
            "summary": summary,
            "security": [{}],
            "responses": {
                "200": {"description": "The answer.", "content": {kind: {}}},
                "400": _error(_MEANINGS["400"]),
            },
        }
    }


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref("Error")}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=name)}


def _tidy(schema: Any) -> Any:
    """Drop defaults of null, which say nothing, and turn them into optional fields."""
    if isinstance(schema, dict):
        return {
            name: _tidy(held) for name, held in schema.items() if not (name == "default" and held is None)
        }
    if isinstance(schema, list):
        return [_tidy(held) for held in schema]
    return schema
