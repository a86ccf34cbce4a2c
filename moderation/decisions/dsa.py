"""Removals as statements of reasons for the DSA Transparency Database of the European Commission.

Fields and values follow version 2 of its API, in force since July 2025:
https://transparency.dsa.ec.europa.eu/page/api-documentation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from moderation.decisions.event import Decision
from moderation.errors import UsageError

EU: Final = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT"),
    *("LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
EEA: Final = tuple(sorted((*EU, "IS", "LI", "NO")))

PER_CALL: Final = 100
"""Statements that one call of the API takes."""

LONGEST_GROUND: Final = 500

_SPEECH: Final = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
_CYBER: Final = "STATEMENT_CATEGORY_CYBER_VIOLENCE"
_CIVIC: Final = "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS"
_OTHER: Final = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
CATEGORIES: Final = {
    "threat": (_CYBER, "KEYWORD_CYBER_BULLYING_INTIMIDATION"),
    "identity_attack": (_SPEECH, "KEYWORD_DISCRIMINATION"),
    "severe": (_SPEECH, None),
    "insult": (_SPEECH, None),
    "abusive": (_SPEECH, None),
    "conspiracy": (_CIVIC, "KEYWORD_MISINFORMATION_DISINFORMATION"),
    "sexually_explicit": (_OTHER, "KEYWORD_ADULT_SEXUAL_MATERIAL"),
    "obscene": (_OTHER, None),
}
"""Category and keyword of each label, the gravest first; never a keyword that calls a comment illegal."""

_FIRST_CONTENT: Final = date(2000, 1, 1)
_FIRST_APPLICATION: Final = date(2020, 1, 1)
# Earlier dates are refused by the database.
_LANGUAGE: Final = re.compile(r"[a-z]{2}\Z")


@dataclass(frozen=True, slots=True)
class Content:
    """What a statement says of a comment.

    Parameters
    ----------
    created_at : datetime or None
    language : str or None
        ISO 639-1.
    """

    created_at: datetime | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a platform bases its removals on.

    Parameters
    ----------
    terms : str
        The clause of its terms that the comments break, up to 500 characters.
    url : str or None
        Where the terms stand.
    territory : tuple of str
        Countries of the EEA in which the comment is no longer shown.
    """

    terms: str
    url: str | None = None
    territory: tuple[str, ...] = EEA

    def __post_init__(self) -> None:
        if not 0 < len(self.terms.strip()) <= LONGEST_GROUND:
            raise UsageError(
                f"--terms: name the clause of your terms, in 1 to {LONGEST_GROUND} characters, such as "
                "'Community rules, section 2: no personal attacks'"
            )
        if self.url is not None and urlsplit(self.url).scheme not in ("http", "https"):
            raise UsageError(f"--terms-url {self.url}: write an http or https address")


def territory(stated: str) -> tuple[str, ...]:
    """Return the countries that `EU`, `EEA` or a list such as `DE,AT` means.

    Raises
    ------
    UsageError
        A country is none of the EEA.
    """
    if stated.strip().upper() in ("EU", "EEA"):
        return EU if stated.strip().upper() == "EU" else EEA
    codes = tuple(sorted({code.strip().upper() for code in stated.split(",")}))
    unknown = [code for code in codes if code not in EEA]
    if unknown:
        raise UsageError(
            f"--territory {stated}: {unknown[0]!r} is no country of the EEA; write EU, EEA or DE,AT"
        )
    return codes


def statements(
    removals: Iterable[Decision], content: Callable[[Decision], Content | None], grounds: Grounds
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Return a statement of reasons for each removal, and what was left out of them.

    A statement holds no personal data: no text, name, note or id of the platform, and a number that only
    who has the decisions can trace (`puid`).

    Parameters
    ----------
    removals : iterable of Decision
        Other decisions than removals restrict nothing and are passed over.
    content : callable
        A decision's comment; None where it is not known.
    grounds : Grounds

    Returns
    -------
    statements : list of dict
    left_out : list of (str, str)
        Comment id and reason.
    """
    made, left_out = [], []
    for decision in removals:
        if decision.decision != "remove":
            continue
        found = content(decision)
        reason = _missing(found, decision)
        if reason or found is None:
            left_out.append((decision.comment_id, reason))
        else:
            made.append(_statement(decision, found, grounds))
    return made, left_out


def calls(made: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Iterate over the bodies of the API calls that submit statements, 100 at a time."""
    for begin in range(0, len(made), PER_CALL):
        yield {"statements": list(made[begin : begin + PER_CALL])}


def puid(decision: Decision) -> str:
    """Return the number of a statement: unique, stable, and without any sign of who wrote the comment."""
    stated = (
        decision.thread_id,
        decision.comment_id,
        decision.text_digest,
        decision.created_at.isoformat(timespec="milliseconds"),
    )
    return sha256("\0".join(stated).encode()).hexdigest()


def _statement(decision: Decision, content: Content, grounds: Grounds) -> dict[str, Any]:
    labels = [label for label in CATEGORIES if label in decision.labels]
    categories = list(dict.fromkeys(CATEGORIES[label][0] for label in labels)) or [_OTHER]
    keywords = [word for word in dict.fromkeys(CATEGORIES[label][1] for label in labels) if word]
    judged = ", ".join(label.replace("_", " ") for label in labels) or "against the terms"
    created = content.created_at.astimezone(UTC) if content.created_at else None
    bulk = decision.origin == "bulk"
    statement: dict[str, Any] = {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": grounds.terms.strip(),
        "incompatible_content_explanation": f"The comment was judged to be: {judged}.",
        "content_type": ["CONTENT_TYPE_TEXT"],
        "category": categories[0],
        "territorial_scope": list(grounds.territory),
        "content_date": f"{created:%Y-%m-%d}" if created else "",
        "application_date": f"{decision.created_at:%Y-%m-%d}",
        "decision_facts": _facts(decision),
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes" if decision.policy else "No",
        "automated_decision": f"AUTOMATED_DECISION_{'PARTIALLY' if bulk else 'NOT_AUTOMATED'}",
        "puid": puid(decision),
    }
    if grounds.url:
        statement["decision_ground_reference_url"] = grounds.url
    if categories[1:]:
        statement["category_addition"] = categories[1:]
    if keywords:
        statement["category_specification"] = keywords
    if content.language and _LANGUAGE.match(content.language):
        statement["content_language"] = content.language.upper()
    return statement


def _facts(decision: Decision) -> str:
    """Say how the comment was found and decided on, true to what the decision records."""
    found = (
        "A text classifier flagged the comment."
        if decision.policy
        else "The comment was found by a moderator; no classifier had flagged it."
    )
    if decision.origin == "bulk":
        return found + " A moderator removed it together with others that fit the same filter."
    return found + " A moderator decided on it and removed it."


def _missing(content: Content | None, decision: Decision) -> str:
    if content is None:
        return "it is not in the run"
    if content.created_at is None:
        return "the date of the comment is not known"
    if content.created_at.date() < _FIRST_CONTENT:
        return "the comment is older than 2000-01-01"
    if decision.created_at.date() < _FIRST_APPLICATION:
        return "the decision is older than 2020-01-01"
    return ""
