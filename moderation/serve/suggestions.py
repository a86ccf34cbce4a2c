"""`comments:suggestscore`: what a client believes is right becomes a decision."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from moderation.decisions.event import LONGEST_NAME, Decision, text_digest
from moderation.errors import ModerationError
from moderation.serve.attributes import ATTRIBUTES, labels_of
from moderation.serve.errors import ApiError, refused
from moderation.serve.messages import AttributeScores, Context, SuggestCommentScoreRequest

if TYPE_CHECKING:
    from moderation.decisions.store import DecisionStore

APPLIES: Final = 0.5
"""Suggested values from here on say that a label applies."""

VERDICTS: Final = {"APPROVED": 0.0, "HIGHLIGHTED": 0.0, "DELETED": 1.0}
"""What older versions of Coral send in place of an attribute: the verdict on the whole comment."""

_LOG: Final = logging.getLogger("moderation.serve")
_COMMENT_ID: Final = ("Coral_comment_id", "comment_id", "commentId", "id")
_TOKEN: Final = "comment:"


class Suggestions:
    """Where suggestions go; the store is opened by the first one, so that nothing is made unasked.

    Parameters
    ----------
    place : str or None
        Path or URL of a decision store; None: suggestions are forgotten.
    model_name : str
        `name@digest`.
    """

    def __init__(self, place: str | None, model_name: str) -> None:
        self._place = place
        self._model_name = model_name
        self._store: DecisionStore | None = None
        self._opening = threading.Lock()

    @property
    def kept(self) -> bool:
        """True where suggestions are stored."""
        return self._place is not None

    async def keep(self, request: SuggestCommentScoreRequest, text: str) -> str:
        """Store a suggestion, unless the client or the operator does not want that.

        Parameters
        ----------
        request : SuggestCommentScoreRequest
        text : str
            Of its comment.

        Returns
        -------
        {"kept", "not_kept"}

        Raises
        ------
        ApiError
            400: it names no attribute of ours or no score; 503: it could not be stored.
        """
        decision = as_decision(request, text, self._model_name)
        if self._place is None or request.doNotStore:
            return "not_kept"
        try:
            await asyncio.to_thread(self._append, decision)
        except Exception as error:
            # Whatever the database says: the client has to learn that its suggestion is lost.
            _LOG.error("a suggestion could not be stored: %s", type(error).__name__)
            raise ApiError(503, "The suggestion could not be stored; try again later.") from error
        return "kept"

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def _append(self, decision: Decision) -> None:
        from moderation.decisions.store import DecisionStore

        with self._opening:
            if self._store is None and self._place is not None:
                self._store = DecisionStore(self._place)
        if self._store is None:
            raise ModerationError("the store is closed")
        self._store.append([decision])


def as_decision(request: SuggestCommentScoreRequest, text: str, model_name: str) -> Decision:
    """Return what a client suggests as a decision.

    A suggested value of at least `APPLIES` says that the attribute's label applies; any label that applies
    means "remove", none "approve".

    Parameters
    ----------
    request : SuggestCommentScoreRequest
    text : str
    model_name : str
        `name@digest` of the model that the client was answered by.

    Raises
    ------
    ApiError
        An attribute is unknown, or has no score from 0 to 1.
    """
    values = _values(request.attributeScores)
    known = _from_context(request.context)
    digest = text_digest(text)
    token = request.clientToken or ""
    comment_id = known.get("comment_id") or token.removeprefix(_TOKEN) or digest[:16]
    labels = tuple(label for label, value in values.items() if value >= APPLIES)
    return Decision(
        comment_id=comment_id[:LONGEST_NAME],
        text_digest=digest,
        decision="remove" if labels else "approve",
        labels=labels,
        checked=tuple(values),
        note="",
        reviewer=(request.communityId or "")[:LONGEST_NAME],
        created_at=datetime.now(UTC),
        model=model_name,
        policy="",
        thread_id=known.get("thread_id", "")[:LONGEST_NAME],
        origin="suggestscore",
        text=text,
    )


def _values(scores: Mapping[str, AttributeScores | None] | None) -> dict[str, float]:
    """Return label to suggested value, the highest where two attributes mean one label."""
    if not scores:
        raise refused("Missing attribute_scores", "NO_REQUESTED_ATTRIBUTES")
    labels = labels_of((name for name in scores if name not in VERDICTS), ATTRIBUTES.values())
    values: dict[str, float] = {}
    for name, held in scores.items():
        value = _value(held)
        if value is None or not 0 <= value <= 1:
            raise refused(f"Attribute {name} needs a summary score or span scores from 0 to 1")
        if name in VERDICTS:
            value = VERDICTS[name]
        label = labels.get(name, "abusive")
        values[label] = max(value, values.get(label, 0.0))
    return values


def _value(held: AttributeScores | None) -> float | None:
    if held is None:
        return None
    if held.summaryScore is not None:
        # A zero is the default of a number, which some libraries leave out.
        return held.summaryScore.value or 0.0
    spans = [span.score.value or 0.0 for span in held.spanScores or () if span.score is not None]
    return max(spans, default=None)


def _from_context(context: Context | None) -> dict[str, str]:
    """Return `comment_id` and `thread_id` where the context says them in JSON, as Coral's does."""
    for entry in (context.entries if context is not None else None) or ():
        if entry is None or not (entry.text or "").lstrip().startswith("{"):
            continue
        try:
            stated: Any = msgspec.json.decode(entry.text or "")
        except (msgspec.DecodeError, RecursionError):
            continue
        found: dict[str, str] = {}
        for name in _COMMENT_ID:
            if isinstance(stated.get(name), str) and stated[name]:
                found.setdefault("comment_id", stated[name])
        if isinstance(stated.get("url"), str):
            found["thread_id"] = _thread(stated["url"])
        return found
    return {}


def _thread(url: str) -> str:
    """Return the address of a story: the link to a comment without what names the comment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() != "commentid"]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))
