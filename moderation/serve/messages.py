"""Requests and answers on the wire, and how a body becomes one.

Names, optional fields and tolerance are those of protocol buffers' JSON, which the original spoke: a field
may be null, lowerCamelCase or snake_case, and what nobody knows is ignored.
"""

from __future__ import annotations

import re
from typing import Any, Final, Generic, TypeVar

import msgspec
import pyjson5

from moderation.serve.errors import refused

DEEPEST: Final = 64
"""Levels of nesting; the deepest request has six."""


class TextEntry(msgspec.Struct):
    """A text and what it is written in."""

    text: str | None = None
    type: str | None = None


class ArticleAndParentComment(msgspec.Struct):
    """The older form of a context."""

    article: TextEntry | None = None
    parentComment: TextEntry | None = None


class Context(msgspec.Struct):
    """What a comment answers; not looked at when scoring."""

    entries: list[TextEntry | None] | None = None
    articleAndParentComment: ArticleAndParentComment | None = None


class AttributeParameters(msgspec.Struct):
    """How an attribute is asked for."""

    scoreType: str | None = None
    scoreThreshold: float | None = None


class Score(msgspec.Struct, omit_defaults=True):
    """A value and its kind."""

    value: float | None = None
    type: str | None = None


class SpanScore(msgspec.Struct, omit_defaults=True):
    """The score of a part of the text; offsets in UTF-16 code units, the end exclusive."""

    begin: int | None = None
    end: int | None = None
    score: Score | None = None


class AttributeScores(msgspec.Struct, omit_defaults=True):
    """The scores of one attribute."""

    spanScores: list[SpanScore] | None = None
    summaryScore: Score | None = None


class AnalyzeCommentRequest(msgspec.Struct):
    """What `comments:analyze` is asked."""

    comment: TextEntry | None = None
    requestedAttributes: dict[str, AttributeParameters | None] | None = None
    context: Context | None = None
    languages: list[str] | str | None = None
    spanAnnotations: bool | None = None
    doNotStore: bool | None = None
    dropUnsupportedAttributes: bool | None = None
    clientToken: str | None = None
    sessionId: str | None = None
    communityId: str | None = None


class AnalyzeCommentResponse(msgspec.Struct, omit_defaults=True):
    """What `comments:analyze` answers."""

    attributeScores: dict[str, AttributeScores] | None = None
    languages: list[str] | None = None
    clientToken: str | None = None
    detectedLanguages: list[str] | None = None


class SuggestCommentScoreRequest(msgspec.Struct):
    """What `comments:suggestscore` is told."""

    comment: TextEntry | None = None
    attributeScores: dict[str, AttributeScores | None] | None = None
    context: Context | None = None
    languages: list[str] | str | None = None
    doNotStore: bool | None = None
    clientToken: str | None = None
    sessionId: str | None = None
    communityId: str | None = None


class SuggestCommentScoreResponse(msgspec.Struct, omit_defaults=True):
    """What `comments:suggestscore` answers."""

    clientToken: str | None = None
    detectedLanguages: list[str] | None = None
    requestedLanguages: list[str] | None = None


class ScoreRequest(msgspec.Struct):
    """What `/v1/score` is asked: many texts at once."""

    texts: list[str]
    explain: bool = False
    any_language: bool = False


class ScoreLine(msgspec.Struct):
    """One line of a stream to `/v1/score`."""

    text: str
    id: str | int | None = None


class Share(msgspec.Struct):
    """What a piece of a text adds to the log-odds of each label; offsets in code points."""

    begin: int
    end: int
    shares: dict[str, float]


class Scored(msgspec.Struct, omit_defaults=True):
    """The scores of one text; a line of a stream has its id, or an error in place of scores."""

    id: str | int | None = None
    probabilities: dict[str, float] | None = None
    flags: list[str] | None = None
    language: str | None = None
    not_scored: str | None = None
    spans: list[Share] | None = None
    error: str | None = None


class ScoreResponse(msgspec.Struct):
    """What `/v1/score` answers: the scores in the order of the texts."""

    model: str
    scores: list[Scored]


Message = TypeVar("Message")

_SNAKE_CASE: Final = {
    "article_and_parent_comment": "articleAndParentComment",
    "attribute_scores": "attributeScores",
    "client_token": "clientToken",
    "community_id": "communityId",
    "do_not_store": "doNotStore",
    "drop_unsupported_attributes": "dropUnsupportedAttributes",
    "parent_comment": "parentComment",
    "requested_attributes": "requestedAttributes",
    "score_threshold": "scoreThreshold",
    "score_type": "scoreType",
    "session_id": "sessionId",
    "span_annotations": "spanAnnotations",
    "span_scores": "spanScores",
    "summary_score": "summaryScore",
}
_SNAKE: Final = re.compile(b'"(?:%b)"' % b"|".join(name.encode() for name in _SNAKE_CASE))
_ESCAPE: Final = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|u([dD][c-fC-F]..)|.)",
    re.DOTALL,
)


class Reader(Generic[Message]):
    """Turns bodies into messages of one kind.

    Parameters
    ----------
    kind : type
        A Struct.
    lenient : bool
        Take what protocol buffers' parser takes: unquoted names, single quotes, a trailing comma, names in
        snake_case. The original's own example for curl has unquoted names.
    """

    def __init__(self, kind: type[Message], *, lenient: bool = True) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)
        self._lenient = lenient

    def read(self, body: bytes) -> Message:
        """Return the message.

        Raises
        ------
        ApiError
            400: the body is no JSON, too deep, or of another shape.
        """
        try:
            if not self._lenient or b"_" not in body or _SNAKE.search(body) is None:
                try:
                    return self._decoder.decode(body)
                except msgspec.ValidationError:
                    raise
                except (msgspec.DecodeError, UnicodeDecodeError):
                    # No strict JSON; what is close to it is read another way, which takes longer.
                    pass
            return msgspec.convert(_renamed(_relaxed(body, names=self._lenient)), self._kind)
        except msgspec.ValidationError as error:
            raise refused(f"Invalid value: {_shown(error)}") from error
        except RecursionError as error:
            raise refused("Invalid JSON payload received. It is nested too deeply.") from error


def _relaxed(body: bytes, *, names: bool = True) -> Any:
    """Read what is no strict JSON, but close to it."""
    try:
        # A text that was cut in the middle of an emoji holds half of it.
        whole = _ESCAPE.sub(_mended, body) if b"\\u" in body else body
        if not names:
            return msgspec.json.decode(whole)
        # Of bytes it takes some for characters that there are not.
        return pyjson5.decode(whole.decode(), DEEPEST)
    except (pyjson5.Json5Exception, msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise refused("Invalid JSON payload received.") from error


def _mended(match: re.Match[bytes]) -> bytes:
    high, low, alone = match.groups()
    return b"\\ufffd" if alone or (high and not low) else match.group()


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_SNAKE_CASE.get(name, name): _renamed(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_renamed(held) for held in value]
    return value


def _shown(error: msgspec.ValidationError) -> str:
    # It names types and a path, and the path may hold a name that the client chose.
    return str(error)[:200]
