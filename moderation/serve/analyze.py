"""`comments:analyze`: from a request to scores, as the Perspective API would answer it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from moderation.serve.attributes import labels_of
from moderation.serve.batch import Rating
from moderation.serve.errors import language_refused, refused
from moderation.serve.messages import (
    AnalyzeCommentRequest,
    AnalyzeCommentResponse,
    AttributeParameters,
    AttributeScores,
    Context,
    Score,
    SpanScore,
    TextEntry,
)
from moderation.serve.sentences import sentences, utf16_offsets
from moderation.serve.service import Service

LONGEST_TEXT: Final = 20 * 1024
"""Bytes of a comment in UTF-8."""

LANGUAGE: Final = "en"
"""The one language that the models know."""

UNKNOWN_LANGUAGE: Final = "und"

_TYPES: Final = (None, "", "TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")
_SCORE_TYPES: Final = (None, "", "SCORE_TYPE_UNSPECIFIED", "PROBABILITY")
_LETTER: Final = re.compile(r"[^\W\d_]")


async def analyze(service: Service, request: AnalyzeCommentRequest) -> AnalyzeCommentResponse:
    """Score a comment.

    Raises
    ------
    ApiError
        As the original does, with the same error types.
    """
    text = comment_text(request.comment)
    check_context(request.context)
    asked = request.requestedAttributes
    if not asked:
        raise refused("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
    labels = labels_of(asked, service.model.labels)
    for name, parameters in asked.items():
        if parameters is not None and parameters.scoreType not in _SCORE_TYPES:
            kind = str(parameters.scoreType)[:100]
            raise refused(f"Requested score type {kind} is not supported by attribute {name}")
    spans = sentences(text) if request.spanAnnotations else []
    if len(spans) <= 1:
        whole, *parts = await service.batcher.rate([text])
    else:
        whole, *parts = await service.batcher.rate([text, *(text[begin:end] for begin, end in spans)])
    if not whole.values:
        raise refused("Comment must be non-empty.", "COMMENT_EMPTY")
    detected = detected_language(text, whole)
    requested = language_list(request.languages)
    response = AnalyzeCommentResponse(
        languages=requested or [detected], detectedLanguages=[detected], clientToken=request.clientToken
    )
    if (requested and not _supported(requested)) or (not requested and detected != LANGUAGE):
        if not request.dropUnsupportedAttributes:
            if not requested and detected == UNKNOWN_LANGUAGE:
                raise refused("Unable to detect language", "LANGUAGE_DETECTION_FAILED")
            raise language_refused(next(iter(asked)), requested or [detected], requested=bool(requested))
        return response
    # Clients that have not asked for spans rely on one for the whole text.
    offsets = utf16_offsets(text, spans if parts else [(0, len(text))])
    located = list(zip(offsets, parts or [whole], strict=True))
    response.attributeScores = _scores(service.model.labels, labels, asked, whole, located) or None
    return response


def comment_text(comment: TextEntry | None) -> str:
    """Return the text of a request's comment.

    Raises
    ------
    ApiError
        It is empty, too long, or of an unknown type.
    """
    text = comment.text if comment is not None else None
    if not text or comment is None:
        raise refused("Comment must be non-empty.", "COMMENT_EMPTY")
    if len(text) > LONGEST_TEXT or (len(text) * 4 > LONGEST_TEXT and len(text.encode()) > LONGEST_TEXT):
        raise refused("Comment text too long.", "COMMENT_TOO_LONG")
    if comment.type not in _TYPES:
        raise refused("Unknown text type")
    return text


def check_context(context: Context | None) -> None:
    """Refuse a context in both of its forms at once; nothing else is done with it."""
    if context is not None and context.entries and context.articleAndParentComment is not None:
        raise refused(
            "Context can have either entries or article_and_parent_comment, but both fields were populated."
        )


def language_list(languages: list[str] | str | None) -> list[str]:
    """Return the languages of a request; an old client sends one as a string."""
    return [languages] if isinstance(languages, str) else languages or []


def detected_language(text: str, rating: Rating) -> str:
    """Return the language of a text; English where it is too short or too strange to tell.

    A text without any letter has none.
    """
    if rating.language is not None:
        return rating.language
    return LANGUAGE if _LETTER.search(text) else UNKNOWN_LANGUAGE


def _supported(languages: Sequence[str]) -> bool:
    """Return whether one of the languages is ours; `en-GB` and `EN` are."""
    return LANGUAGE in languages or any(
        re.split("[-_]", language, maxsplit=1)[0].lower() == LANGUAGE for language in languages
    )


def _scores(
    order: Sequence[str],
    labels: Mapping[str, str],
    asked: Mapping[str, AttributeParameters | None],
    whole: Rating,
    spans: Sequence[tuple[tuple[int, int], Rating]],
) -> dict[str, AttributeScores]:
    """Return the scores of each attribute that reaches its threshold."""
    scores = {}
    for name, label in labels.items():
        column = order.index(label)
        value = whole.values[column]
        parameters = asked[name]
        threshold = parameters.scoreThreshold if parameters is not None else None
        if threshold is not None and value < threshold:
            continue
        scores[name] = AttributeScores(
            [
                SpanScore(*offsets, Score(rating.values[column], "PROBABILITY"))
                for offsets, rating in spans
                if rating.values
            ],
            Score(value, "PROBABILITY"),
        )
    return scores
