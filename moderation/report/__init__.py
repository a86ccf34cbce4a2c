"""A run becomes summary frames, and those become renderings."""

from __future__ import annotations

from moderation.report.files import RENDERINGS, report_run, write_report
from moderation.report.summary import Summary, summarise

__all__ = ["RENDERINGS", "Summary", "report_run", "summarise", "write_report"]
