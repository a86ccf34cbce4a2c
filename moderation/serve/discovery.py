"""The discovery document, from which Google's client libraries build themselves."""

from __future__ import annotations

import re
from typing import Any, Final

from moderation.serve.errors import refused

_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+(?::\d+)?|\[[0-9a-fA-F:.]+\](?::\d+)?")

_STRING: Final = {"type": "string"}
_STRINGS: Final = {"type": "array", "items": _STRING}
_BOOLEAN: Final = {"type": "boolean"}
_FLOAT: Final = {"type": "number", "format": "float"}
_OFFSET: Final = {"type": "integer", "format": "int32"}


def address(scope: dict[str, Any]) -> str:
    """Return the address that a client has reached this server at, such as `http://localhost:8000/`.

    Raises
    ------
    ApiError
        Its header `Host` is none.
    """
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if not _HOST.fullmatch(host):
        raise refused("The request has no usable Host header")
    return f"{scope['scheme']}://{host}/"


def discovery_document(root: str) -> dict[str, Any]:
    """Return the document for an address.

    Parameters
    ----------
    root : str
        Address of the server, ending in a slash.
    """
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "canonicalName": "Comment Analyzer",
        "version": "v1alpha1",
        "revision": "1",
        "title": "Comment Analyzer, answered by moderation serve",
        "description": "The wire contract of the Perspective API. The scores are of another model.",
        "protocol": "rest",
        "rootUrl": root,
        "baseUrl": root,
        "basePath": "",
        "servicePath": "",
        "batchPath": "batch",
        "parameters": {
            "key": {**_STRING, "location": "query", "description": "API key."},
            "alt": {**_STRING, "location": "query", "default": "json", "description": "Only json."},
            "fields": {**_STRING, "location": "query", "description": "Ignored: answers are whole."},
            "prettyPrint": {**_BOOLEAN, "location": "query", "default": "true", "description": "Ignored."},
        },
        "schemas": {name: {"id": name, "type": "object", **schema} for name, schema in _SCHEMAS.items()},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "AnalyzeComment", "Score a comment."),
                    "suggestscore": _method(
                        "suggestscore", "SuggestCommentScore", "Say what a comment's scores should be."
                    ),
                }
            }
        },
    }


def _method(name: str, message: str, description: str) -> dict[str, Any]:
    path = f"v1alpha1/comments:{name}"
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": path,
        "flatPath": path,
        "httpMethod": "POST",
        "description": description,
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{message}Request"},
        "response": {"$ref": f"{message}Response"},
    }


def _fields(**fields: Any) -> dict[str, Any]:
    return {"properties": fields}


def _map(schema: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": schema}}


_SCHEMAS: Final = {
    "TextEntry": _fields(text=_STRING, type=_STRING),
    "ArticleAndParentComment": _fields(article={"$ref": "TextEntry"}, parentComment={"$ref": "TextEntry"}),
    "Context": _fields(
        entries={"type": "array", "items": {"$ref": "TextEntry"}},
        articleAndParentComment={"$ref": "ArticleAndParentComment"},
    ),
    "AttributeParameters": _fields(scoreType=_STRING, scoreThreshold=_FLOAT),
    "Score": _fields(value=_FLOAT, type=_STRING),
    "SpanScore": _fields(
        begin={**_OFFSET, "description": "In UTF-16 code units."},
        end={**_OFFSET, "description": "In UTF-16 code units; exclusive."},
        score={"$ref": "Score"},
    ),
    "AttributeScores": _fields(
        summaryScore={"$ref": "Score"}, spanScores={"type": "array", "items": {"$ref": "SpanScore"}}
    ),
    "AnalyzeCommentRequest": _fields(
        comment={"$ref": "TextEntry"},
        context={"$ref": "Context"},
        requestedAttributes=_map("AttributeParameters"),
        languages=_STRINGS,
        spanAnnotations=_BOOLEAN,
        doNotStore=_BOOLEAN,
        dropUnsupportedAttributes=_BOOLEAN,
        clientToken=_STRING,
        sessionId=_STRING,
        communityId=_STRING,
    ),
    "AnalyzeCommentResponse": _fields(
        attributeScores=_map("AttributeScores"),
        languages=_STRINGS,
        detectedLanguages=_STRINGS,
        clientToken=_STRING,
    ),
    "SuggestCommentScoreRequest": _fields(
        comment={"$ref": "TextEntry"},
        context={"$ref": "Context"},
        attributeScores=_map("AttributeScores"),
        languages=_STRINGS,
        doNotStore=_BOOLEAN,
        clientToken=_STRING,
        sessionId=_STRING,
        communityId=_STRING,
    ),
    "SuggestCommentScoreResponse": _fields(
        clientToken=_STRING, detectedLanguages=_STRINGS, requestedLanguages=_STRINGS
    ),
}
