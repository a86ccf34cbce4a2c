"""One decision of one reviewer about one comment, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from moderation.decisions.spans import LABEL, JudgedSpan, read_spans
from moderation.errors import DataError

DECISIONS: Final = ("approve", "remove", "escalate", "skip")
"""What a reviewer can decide; `skip` means: not by me."""

ORIGINS: Final = ("report", "review", "bulk", "suggestscore", "import")
"""Where a decision was made: on a report's page; in the review app, one by one or on all that fit a filter;
over the API; elsewhere."""

LONGEST_NOTE: Final = 10_000
LONGEST_NAME: Final = 200
LONGEST_ID: Final = 10_000

_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")
_POLICY: Final = re.compile(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of one reviewer about one comment.

    Parameters
    ----------
    comment_id : str
    text_digest : str
        SHA-256 of the comment's text in UTF-8, hex: what was decided about, should the text change.
    decision : {"approve", "remove", "escalate", "skip"}
    labels : tuple of str
        Labels that apply by the reviewer's judgement.
    checked : tuple of str or None
        Labels that the reviewer judged at all; None: all labels of the model.
    note, reviewer : str
        May be empty.
    created_at : datetime
        UTC, to the millisecond.
    model : str
        `<name>@<digest>` of the model that scored the comment; may be empty.
    policy : str
        Digest of the thresholds and rules that flagged it, 16 hex digits; may be empty.
    thread_id : str
        May be empty: then id and digest alone say which comment is meant.
    origin : {"report", "review", "bulk", "suggestscore", "import"}
    text : str or None
        Only where there is no run that holds it.
    before : str or None
        What the same reviewer had decided before.
    spans : tuple of JudgedSpan
        Highlights that the reviewer confirmed or rejected.
    """

    comment_id: str
    text_digest: str
    decision: str
    labels: tuple[str, ...]
    checked: tuple[str, ...] | None
    note: str
    reviewer: str
    created_at: datetime
    model: str
    policy: str
    thread_id: str = ""
    origin: str = "report"
    text: str | None = None
    before: str | None = None
    spans: tuple[JudgedSpan, ...] = ()

    def __post_init__(self) -> None:
        _check(self)
        moment = self.created_at.astimezone(UTC)
        object.__setattr__(self, "created_at", moment.replace(microsecond=moment.microsecond // 1000 * 1000))

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Whose decision on what it is: a later one with the same key replaces it."""
        return self.thread_id, self.comment_id, self.text_digest, self.reviewer

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Decision:
        """Return the decision that a JSON object states; absent fields get their default.

        Raises
        ------
        DataError
            A field is missing, has the wrong type or cannot be.
        """
        for name in ("comment_id", "text_digest", "decision", "created_at"):
            if stated.get(name) is None:
                raise DataError(f"a decision needs a value for {name!r}")
        return cls(
            comment_id=stated["comment_id"],
            text_digest=stated["text_digest"],
            decision=stated["decision"],
            labels=_names("labels", stated.get("labels") or ()),
            checked=None if stated.get("checked") is None else _names("checked", stated["checked"]),
            note=stated.get("note") or "",
            reviewer=stated.get("reviewer") or "",
            created_at=_moment(stated["created_at"]),
            model=stated.get("model") or "",
            policy=stated.get("policy") or "",
            thread_id=stated.get("thread_id") or "",
            origin=stated.get("origin") or "report",
            text=stated.get("text"),
            before=stated.get("before"),
            spans=read_spans(stated.get("spans") or ()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; the opposite of `from_dict`. Fields at their default are left out."""
        stated: dict[str, Any] = {
            "comment_id": self.comment_id,
            "text_digest": self.text_digest,
            "decision": self.decision,
            "labels": list(self.labels),
            "note": self.note,
            "reviewer": self.reviewer,
            "created_at": timestamp(self.created_at),
            "model": self.model,
            "policy": self.policy,
        }
        if self.checked is not None:
            stated["checked"] = list(self.checked)
        if self.thread_id:
            stated["thread_id"] = self.thread_id
        if self.origin != "report":
            stated["origin"] = self.origin
        if self.text is not None:
            stated["text"] = self.text
        if self.before is not None:
            stated["before"] = self.before
        if self.spans:
            stated["spans"] = [span.to_dict() for span in self.spans]
        return stated


def text_digest(text: str) -> str:
    """Return the SHA-256 of a comment's whole text in UTF-8, hex: what a decision was about."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def timestamp(moment: datetime) -> str:
    """Return a time as it is written: ISO 8601, UTC, milliseconds.

    Examples
    --------
    >>> timestamp(datetime(2024, 5, 1, 9, 30, tzinfo=UTC))
    '2024-05-01T09:30:00.000Z'
    """
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="milliseconds") + "Z"


def _moment(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"created_at {str(value)[:40]!r} is no time in ISO 8601") from error


def _names(field: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise DataError(f"{field} must be a list of labels, not {str(value)[:40]!r}")
    return tuple(dict.fromkeys(value))


def _check(stated: Decision) -> None:
    limits = {"comment_id": LONGEST_ID, "thread_id": LONGEST_ID, "note": LONGEST_NOTE}
    for name in ("comment_id", "text_digest", "decision", "note", "reviewer", "model", "policy",
                 "thread_id", "origin"):  # fmt: skip
        value = getattr(stated, name)
        if not isinstance(value, str):
            raise DataError(f"{name} must be text, not {str(value)[:40]!r}")
        if len(value) > limits.get(name, LONGEST_NAME):
            raise DataError(f"{name} is longer than {limits.get(name, LONGEST_NAME):,} characters")
        if not _is_unicode(value):
            raise DataError(f"{name} holds half a character (a lone surrogate)")
    if not stated.comment_id:
        raise DataError("a decision needs a value for 'comment_id'")
    if not _DIGEST.match(stated.text_digest):
        raise DataError(f"text_digest {stated.text_digest[:40]!r} is no SHA-256 in 64 hex digits")
    if stated.policy and not _POLICY.match(stated.policy):
        raise DataError(f"policy {stated.policy[:40]!r} is no digest in 16 hex digits")
    _check_word("decision", stated.decision, DECISIONS)
    _check_word("origin", stated.origin, ORIGINS)
    if stated.before is not None:
        _check_word("before", stated.before, DECISIONS)
    if stated.text is not None and not (isinstance(stated.text, str) and _is_unicode(stated.text)):
        raise DataError(f"text must be text, not {str(stated.text)[:40]!r}")
    for label in (*stated.labels, *(stated.checked or ())):
        if not isinstance(label, str) or not LABEL.match(label):
            raise DataError(f"{str(label)[:40]!r} is no label")


def _check_word(field: str, word: Any, known: tuple[str, ...]) -> None:
    if word not in known:
        raise DataError(f"{field} {str(word)[:40]!r} is unknown; known: {', '.join(known)}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
