"""The page in a real browser: keys, filters, decisions, no script, accessibility."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from handmade_run import SMALL, Run, comment, explain, make_run

from moderation.report import write_report
from moderation.report.estimate import Estimate

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, small: Run) -> Iterator[Any]:
    with open_page(browser, small) as page:
        yield page


class open_page:
    """A page of a run; fails when the page logs an error or asks for anything."""

    def __init__(
        self, browser: Any, run: Run, anchor: str = "", corrected: Estimate | None = None, **options: Any
    ) -> None:
        self.path = write_report(run, ("html",), explain=explain, corrected=corrected)["html"]
        self.context = browser.new_context(**options)
        self.anchor = anchor
        self.trouble: list[str] = []

    def __enter__(self) -> Any:
        page = self.context.new_page()
        page.on("console", lambda message: self.trouble.append(message.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: self.trouble.append(dialog.message) or dialog.dismiss())
        page.on("request", self.asked)
        page.goto(self.path.as_uri() + self.anchor)
        return page

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.trouble == []

    def asked(self, request: Any) -> None:
        if not request.url.startswith((self.path.as_uri(), "blob:")):
            self.trouble.append(request.url)


def shown(page: Any) -> list[str]:
    ids: list[str] = page.eval_on_selector_all("article.card:not([hidden])", "all => all.map(e => e.id)")
    return ids


def saved(page: Any) -> list[dict[str, Any]]:
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "decisions-run.jsonl"
    return [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]


def test_decisions_by_keys_are_kept_undone_and_saved(opened: Any) -> None:
    page = opened
    page.fill("#reviewer", "Rae")
    page.locator("#reviewer").blur()
    for key in "jrjaje":
        page.keyboard.press(key)
    page.keyboard.press("u")
    page.reload()
    assert page.text_content("#count") == "3 of 3 shown, 2 decided"
    lines = saved(page)
    assert [(x["comment_id"], x["decision"], x["labels"]) for x in lines] == [
        ("c", "remove", ["insult", "threat"]),
        ("b", "approve", []),
    ]
    assert set(lines[0]) == {
        "comment_id",
        "text_digest",
        "decision",
        "labels",
        "note",
        "reviewer",
        "created_at",
        "model",
        "policy",
    }
    assert lines[0]["reviewer"] == "Rae" and lines[0]["model"] == "fast@" + "d1" * 32
    assert lines[0]["text_digest"] == "184f198823b25fe9fd9a7cd14efbb89589727b6ebefe0341dead3071aab88c68"


def test_labels_and_note_are_corrected(opened: Any) -> None:
    page = opened
    for key in ("j", "r", "1", "n"):
        page.keyboard.press(key)
    page.keyboard.type("a joke")
    page.keyboard.press("Enter")
    (line,) = saved(page)
    assert (line["labels"], line["note"]) == (["threat"], "a joke")


def test_highlighted_words_are_judged_undone_and_saved(opened: Any) -> None:
    page = opened
    for key in ("j", "w", "-"):
        page.keyboard.press(key)
    assert page.is_disabled("#undo"), "words are judged once a decision is made"
    for key in ("r", "w", "w", "-", "W", "+"):
        page.keyboard.press(key)
    (line,) = saved(page)
    assert line["spans"] == [
        {"begin": 0, "end": 4, "label": "threat", "confirmed": True},
        {"begin": 9, "end": 15, "label": "insult", "confirmed": False},
    ]
    assert page.locator("#c-c mark.rejected").all_text_contents() == ["idiot!"]
    page.keyboard.press("+")
    page.locator("#c-c .word").nth(1).get_by_label("no, no reason").click()
    (line,) = saved(page)
    assert "spans" not in line
    page.keyboard.press("u")
    (line,) = saved(page)
    assert [(one["label"], one["confirmed"]) for one in line["spans"]] == [("insult", False)]


def test_keys_do_nothing_in_a_field_or_with_a_modifier(opened: Any) -> None:
    page = opened
    page.keyboard.press("j")
    page.keyboard.press("Control+a")
    page.keyboard.press("/")
    page.keyboard.type("era")
    assert page.text_content("#count").endswith("0 decided")


def test_filters(opened: Any) -> None:
    page = opened
    page.select_option("[name=label]", "threat")
    assert shown(page) == ["c-c"]
    page.click("#clear")
    page.fill("[name=score]", "0.8")
    assert shown(page) == ["c-c", "c-b"]
    page.click("#clear")
    page.fill("[name=search]", "FOOL")
    assert shown(page) == ["c-b", "c-f"]
    page.fill("[name=search]", "nothing has this")
    assert page.is_visible("#none")
    page.click("#clear")
    page.select_option("[name=thread]", "1")
    assert shown(page) == ["c-f"]
    page.click("#clear")
    page.select_option("[name=sort]", "old")
    assert shown(page) == ["c-b", "c-c", "c-f"]
    page.click("#c-b >> text=Approve")
    page.select_option("[name=decided]", "no")
    assert shown(page) == ["c-c", "c-f"]


def test_labels_threads_and_authors_lead_to_their_comments(opened: Any) -> None:
    page = opened
    page.click("section[aria-labelledby=h-labels] >> text=threat")
    assert shown(page) == ["c-c"]
    page.click("section[aria-labelledby=h-threads] >> text=t2")
    assert shown(page) == ["c-f"]
    page.click("section[aria-labelledby=h-authors] >> text=Bob")
    assert shown(page) == ["c-c", "c-b"]


def test_a_permalink_opens_its_comment(browser: Any, small: Run) -> None:
    with open_page(browser, small, "#c-f") as page:
        assert page.locator("#c-f.current").count() == 1
        assert page.locator("#c-f").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_threats_are_blurred_until_wanted(browser: Any, small: Run, script: bool) -> None:
    blur = "getComputedStyle(document.querySelector('.veiled')).filter"
    with open_page(browser, small, java_script_enabled=script) as page:
        assert page.locator(".veiled").count() == 1
        if script:
            assert page.evaluate(blur) != "none"
        page.click("text=Show text")
        assert page.is_checked(".reveal")
        if script:
            page.wait_for_timeout(400)
            assert page.evaluate(blur) in ("none", "blur(0px)")


def test_without_script_it_is_a_plain_document(browser: Any, small: Run) -> None:
    with open_page(browser, small, java_script_enabled=False) as page:
        assert page.locator("article.card").count() == 3
        assert page.locator(".tools, .status, .decide").first.is_hidden()
        assert page.is_visible("text=First thread › Ann")


def test_nothing_is_wider_than_a_phone(browser: Any, tmp_path: Path) -> None:
    evil = "w" * 2000 + "\u202e" + "Z" + "\u0335" * 5000 + "<script>alert(1)</script>"
    rows = [*SMALL, comment("x", "idiot " + evil, author=evil, thread_title=evil, insult=0.9)]
    run = make_run(tmp_path / "run", rows)
    with open_page(browser, run, viewport={"width": 360, "height": 700}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, small: Run, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    rates = pd.DataFrame(
        {
            "label": "insult",
            "part": ["all", "t1", "t2"],
            "title": [None, "The bridge", "<b>" + "w" * 300],
            "comments": [6, 4, 2],
            "judged": [6, 4, 2],
            "positive": [2, 1, 1],
            "flagged": [0.5, 0.5, 0.5],
            "expected": [0.4, 0.4, 0.4],
            "rate": [0.33, 0.25, 0.5],
            "low": [0.3, 0.2, 0.4],
            "high": [0.4, 0.3, 0.9],
        }
    )
    corrected = Estimate("thread", "insult", rates, 6, 6, 1, {"insult": 0.01}, {"threat": "too few"})
    with open_page(browser, small, corrected=corrected, color_scheme=scheme, bypass_csp=True) as page:
        assert page.locator("[aria-labelledby=h-rates] svg[role=img]").count() == 2
        for key in ("j", "r", "w", "-", "w", "+"):
            page.keyboard.press(key)
        page.check(".reveal", force=True)
        page.wait_for_timeout(300)
        for details in page.locator("details").all():
            details.evaluate("element => element.open = true")
        found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
