"""Decisions of reviewers: what one is, where they are kept, how they are exchanged and compared."""

from moderation.decisions.event import DECISIONS, ORIGINS, Decision, text_digest

__all__ = ["DECISIONS", "ORIGINS", "Decision", "text_digest"]
