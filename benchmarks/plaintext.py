"""How well plain-text threads are read, extractor by extractor, against the true trees of real pages.

    python benchmarks/plaintext.py FOLDER [--bars] [--pages] [--json OUT]

FOLDER holds one folder a page: `truth.jsonl` (order, id, parent_id, author, text) and, per extractor, the
text that it made of the page. Reported per extractor: how many true comments survive in its text at all, and
of those the share whose text, author and parent are read right; the share of rows that are true comments; the
share of rows with an invented parent. `--bars` fails where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from moderation.ingest.formats import commentheads
from moderation.ingest.formats.bullets import read_page
from moderation.ingest.formats.textpage import Comment

KEEP_STRUCTURE = (
    "inscriptis",
    "inscriptis_strict_links",
    "resiliparse_full",
    "lynx_dump",
    "lynx_dump_links",
    "w3m_dump",
    "pandoc_plain",
    "pandoc_gfm",
    "html2text_py_nowrap_nolinks",
)
"""Extractors whose text shows who answers whom: the bars on texts and parents hold for them."""

PART_KEPT = ("resiliparse_links", "resiliparse_main_comments")
"""Settings of resiliparse for the main content: they drop the comments of half the pages, or the names.

What they do keep is nested, and so the bar on parents holds for it. The bars on texts and rows do not: where
the comments are gone, what remains of the page is its article, block by block.
"""

FLAT = (
    "boilerpy3",
    "bs4",
    "goose3",
    "justext",
    "newspaper4k",
    "readability",
    "resiliparse_nobullets",
    "trafilatura",
)
"""Extractors whose text shows no structure: no parent may be invented.

Without bullets resiliparse still indents lists, but nothing tells an item from a paragraph of the one before.
"""

SAME = 0.9
"""Share of words that two texts must have in common to be the same comment."""


@dataclass
class Score:
    """Counts of one extractor over one or more pages."""

    true: int = 0
    surviving: int = 0
    texts: int = 0
    authors: int = 0
    with_parent: int = 0
    parents: int = 0
    rows: int = 0
    true_rows: int = 0
    invented: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def share(self, part: str, whole: str) -> float:
        total = getattr(self, whole)
        return getattr(self, part) / total if total else 1.0


def words(text: str) -> list[str]:
    """Return the words of a text, whatever an extractor did to accents, marks and line ends."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.findall(r"[^\W_]+", "".join(char for char in plain if not unicodedata.combining(char)))


def squeezed(text: str) -> str:
    return "".join(words(text))


def core(text: str) -> str:
    """Return a true comment's text without the lines of its head and of buttons, which some truths hold."""
    lines = text.split("\n")
    while lines and (commentheads.is_says(lines[0]) or commentheads.is_date(lines[0])):
        lines.pop(0)
    while lines and commentheads.is_button(lines[-1]):
        lines.pop()
    return "\n".join(lines) or text


def alike(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def score(truth: list[dict[str, str | None]], text: str, rows: list[Comment]) -> Score:
    """Compare the rows that were read from one text with the page's true comments."""
    result = Score(true=len(truth), rows=len(rows))
    whole = squeezed(text)
    bags = [Counter(words(row.text)) for row in rows]
    match: dict[int, int] = {}
    for number, one in enumerate(truth):
        bag = Counter(words(core(one["text"] or "")))
        best, place = max(
            ((alike(bag, bags[row]), -row) for row in range(len(rows)) if row not in match.values()),
            default=(0.0, 0),
        )
        if best >= SAME and (bag or squeezed(rows[-place].author or "") == squeezed(one["author"] or "")):
            match[number] = -place
    number_of = {one["id"]: number for number, one in enumerate(truth)}
    truth_of = {row: number for number, row in match.items()}
    for number, one in enumerate(truth):
        if squeezed(core(one["text"] or "")) not in whole:
            continue
        result.surviving += 1
        if number not in match:
            result.missed.append(f"{one['author']}: {(one['text'] or '')[:80]!r}")
            continue
        row = rows[match[number]]
        result.texts += 1
        name = squeezed(row.author or "")
        result.authors += bool(name) and squeezed(one["author"] or "").startswith(name)
        parent = number_of.get(one["parent_id"]) if one["parent_id"] else None
        if parent is None or parent in match:
            result.with_parent += 1
            result.parents += (row.parent < 0) if parent is None else row.parent == match[parent]
    for place, row in enumerate(rows):
        result.true_rows += place in truth_of
        if place not in truth_of and row.kind == "pingback":
            # Some of the truths leave pingbacks out.
            result.rows -= 1
        elif place not in truth_of:
            result.false.append(f"{row.author}: {row.text[:80]!r}")
        if row.parent >= 0:
            true_parent = truth[truth_of[place]]["parent_id"] if place in truth_of else None
            right = true_parent is not None and truth_of.get(row.parent) == number_of.get(true_parent)
            result.invented += not right
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bars", action="store_true", help="exit 1 where a bar is missed")
    parser.add_argument(
        "--pages", action="store_true", help="a line per page, with what was missed and made up"
    )
    parser.add_argument("--json", type=Path, help="write the counts there")
    options = parser.parse_args()
    total: dict[str, Score] = defaultdict(Score)
    for page in sorted(path.parent for path in options.folder.glob("*/truth.jsonl")):
        truth = [json.loads(line) for line in (page / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
        for path in sorted(page.glob("*.txt")):
            text = path.read_text(encoding="utf-8", errors="replace")
            found = score(truth, text, read_page(text).comments)
            if options.pages:
                print(line(f"{page.name[:30]}/{path.stem}", found))
                for kind in ("missed", "false"):
                    for one in getattr(found, kind)[:4]:
                        print(f"    {kind}: {one}")
            total[path.stem].add(found)
    print(f"{'extractor':58}{'alive':>6}{'text':>7}{'author':>7}{'parent':>7}{'true':>7}{'invented':>9}")
    for name in sorted(total, key=lambda name: (name not in KEEP_STRUCTURE, name)):
        print(line(name, total[name]))
    if options.json:
        counts = {
            name: {k: v for k, v in asdict(one).items() if isinstance(v, int)} for name, one in total.items()
        }
        options.json.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    misses = bars_missed(total)
    print(*misses, sep="\n")
    return 1 if options.bars and misses else 0


def line(name: str, one: Score) -> str:
    return (
        f"{name:58}{one.surviving:6}"
        f"{one.share('texts', 'surviving'):7.3f}{one.share('authors', 'texts'):7.3f}"
        f"{one.share('parents', 'with_parent'):7.3f}{one.share('true_rows', 'rows'):7.3f}"
        f"{one.share('invented', 'rows'):9.3f}"
    )


def bars_missed(total: dict[str, Score]) -> list[str]:
    missed = []
    for name, one in total.items():
        if name in PART_KEPT and one.share("parents", "with_parent") < 0.9:
            missed.append(f"missed: {name} parents {one.share('parents', 'with_parent'):.3f} < 0.9")
        if name not in KEEP_STRUCTURE:
            if one.invented and name.startswith(FLAT):
                missed.append(f"missed: {name} invents {one.invented} parents")
            continue
        for part, whole, bar in (
            ("texts", "surviving", 0.95),
            ("parents", "with_parent", 0.9),
            ("true_rows", "rows", 0.9),
        ):
            if one.share(part, whole) < bar:
                missed.append(f"missed: {name} {part} {one.share(part, whole):.3f} < {bar}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
