"""Reading the documentation: its pages, their fenced blocks and their sections."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def fenced(name: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in that language."""
    return [body for found, body in _FENCE.findall(page(name)) if found == language]


def without_blocks(text: str) -> str:
    return _FENCE.sub("", text)


def sections(name: str) -> dict[str, str]:
    """Return the text of each second-level section of a page by its heading, subsections included."""
    parts = re.split(r"^## (.+)$", page(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
