"""Decisions as something to act on in a platform: plain ids, commands of WP-CLI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from moderation.decisions.event import Decision
from moderation.decisions.judged import Judged, judged
from moderation.errors import UsageError

WP_COMMANDS: Final = {"remove": "trash", "approve": "approve", "escalate": "unapprove"}
"""What becomes of a decision in WordPress; `unapprove` holds a comment back until someone decides."""

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}\Z")
# Nothing that a shell, SQL or CSV gives a meaning to, and no option: ids come from whoever wrote the dump.
_WP_ID: Final = re.compile(r"[0-9]{1,20}\Z")
_IDS_PER_COMMAND: Final = 100
# A command line may have 128 KiB at least; a failure is easier to find among fewer.


@dataclass(frozen=True, slots=True)
class Acts:
    """Lines to act on, and what was left out of them.

    Parameters
    ----------
    lines : list of str
    disputed : list of str
        Ids on which reviewers do not agree.
    unsafe : list of str
        Ids that are no plain words, or no number where a number is needed.
    needed : str
        What an id has to be.
    """

    lines: list[str]
    disputed: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)
    needed: str = "letters, digits and _ . : -"


def settled(decisions: Iterable[Decision], *, latest: bool = False) -> tuple[list[Judged], list[Judged]]:
    """Return the comments on which something is decided, and those on which reviewers do not agree.

    Of several texts of the same comment the one that was decided on last counts.

    Parameters
    ----------
    decisions : iterable of Decision
    latest : bool, default False
        The latest decision settles a comment, whatever others decided.
    """
    comments: dict[tuple[str, str], Judged] = {}
    for found in judged(decisions):
        place = found.thread_id, found.comment_id
        held = comments.get(place)
        if held is None or held.latest.created_at <= found.latest.created_at:
            comments[place] = found
    good = [found for found in comments.values() if latest or found.agreed]
    return good, [found for found in comments.values() if not (latest or found.agreed)]


def plain_ids(decisions: Iterable[Decision], decision: str = "remove", *, latest: bool = False) -> Acts:
    """Return the ids of the comments with a decision, one a line.

    Ids with anything but letters, digits and `_ . : -` are left out, and so is one that begins with a sign:
    none can be read as SQL, as a shell command or as an option.
    """
    good, disputed = settled(decisions, latest=latest)
    ids = [found.comment_id for found in good if found.latest.decision == decision]
    safe = [name for name in dict.fromkeys(ids) if _PLAIN_ID.match(name)]
    return Acts(safe, _ids(disputed), [name for name in ids if not _PLAIN_ID.match(name)])


def wp_commands(decisions: Iterable[Decision], *, latest: bool = False) -> Acts:
    """Return commands of WP-CLI that carry the decisions out; ids that are no numbers are left out."""
    good, disputed = settled(decisions, latest=latest)
    lines, unsafe = [], []
    for word, command in WP_COMMANDS.items():
        ids = list(dict.fromkeys(found.comment_id for found in good if found.latest.decision == word))
        safe = [name for name in ids if _WP_ID.match(name)]
        unsafe += [name for name in ids if not _WP_ID.match(name)]
        lines += [
            f"wp comment {command} {' '.join(safe[begin : begin + _IDS_PER_COMMAND])}"
            for begin in range(0, len(safe), _IDS_PER_COMMAND)
        ]
    return Acts(lines, _ids(disputed), unsafe, "digits, as comments of WordPress have")


def check_decision(word: str) -> str:
    """Return a decision that ids can be asked for.

    Raises
    ------
    UsageError
        There is no such decision.
    """
    if word not in WP_COMMANDS:
        raise UsageError(f"no decision {word!r}; choose from {', '.join(WP_COMMANDS)}")
    return word


def _ids(found: Iterable[Judged]) -> list[str]:
    return [comment.comment_id for comment in found]
