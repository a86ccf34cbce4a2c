"""Links between pages lead somewhere, and pages keep to what the project may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import ROOT, without_blocks

PAGES = sorted(
    path for folder in ("", "docs", "datasets", "benchmarks") for path in (ROOT / folder).glob("*.md")
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links(path: Path) -> None:
    for target in LINK.findall(without_blocks(path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = path.parent / file if file else path
        assert linked.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{path.name} links to {target}"


def test_every_page_is_linked_from_the_index() -> None:
    linked = LINK.findall((ROOT / "docs" / "index.md").read_text("utf-8"))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"} <= set(linked)
