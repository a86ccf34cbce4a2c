"""Decisions of reviewers: what one is, where they are kept, how they are exchanged and compared."""

from moderation.decisions.event import DECISIONS, ORIGINS, Decision, text_digest
from moderation.decisions.spans import JudgedSpan

__all__ = ["DECISIONS", "ORIGINS", "Decision", "JudgedSpan", "text_digest"]
