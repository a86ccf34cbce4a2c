from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from handmade_run import SMALL, Policy, Run, comment, explain, make_run
from lxml import html

from moderation.report import summarise
from moderation.report.html import render_html


def page_of(run: Run, policy: Policy | None = None) -> html.HtmlElement:
    return html.document_fromstring(render_html(summarise(run, policy, shown=100, explain=explain)))


def text_of(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_cards_say_who_what_where_and_why(small: Run) -> None:
    cards = page_of(small).cssselect("article.card")
    assert [card.get("id") for card in cards] == ["c-c", "c-b", "c-f"]
    burn = cards[0]
    assert text_of(burn.cssselect("h3")[0]) == "1 insult .70 threat .95"
    assert text_of(burn.cssselect("header .by")[0]) == "Bob 2024-03-03 09:00 en 4 likes original #"
    assert text_of(burn.cssselect(".path")[0]) == "First thread › Ann › Bob"
    parent = text_of(burn.cssselect(".parent")[0])
    assert parent == "In reply to Bob , also flagged You idiot, it is a fool's plan."
    assert [m.text_content() for m in burn.cssselect(".said mark")] == ["Burn", "idiot!"]
    assert burn.cssselect(".said mark")[0].get("title") == "threat +3.0"
    assert burn.cssselect(".said")[0].text_content() == "Burn it, idiot!"
    assert burn.cssselect(".said")[0].get("lang") == "en"
    link = burn.cssselect("a[href^=https]")[0]
    assert (link.get("href"), link.get("rel")) == ("https://example.org/c", "noreferrer noopener")


def test_cards_carry_what_filters_sorting_and_decisions_need(small: Run) -> None:
    cards = page_of(small).cssselect("article.card")
    burn = cards[0].attrib
    assert json.loads(burn["data-id"]) == "c"
    assert burn["data-flags"].split("\n") == ["insult", "threat"]
    assert (burn["data-rank"], burn["data-scores"]) == ("0.9500", "insult=0.700 threat=0.950")
    assert burn["data-digest"] == hashlib.sha256(b"Burn it, idiot!").hexdigest()
    assert burn["data-time"] == "2024-03-03T09:00:00+00:00"
    assert [card.get("data-thread") for card in cards] == ["0", "0", "1"]
    assert cards[2].get("data-time") == ""


def test_threats_are_veiled_without_any_script(small: Run) -> None:
    cards = page_of(small).cssselect("article.card")
    veiled = [card for card in cards if card.cssselect(".veiled")]
    assert [card.get("id") for card in veiled] == ["c-c"]
    box, label = veiled[0].cssselect("input.reveal")[0], veiled[0].cssselect("label.reveal-label")[0]
    assert box.get("type") == "checkbox" and label.get("for") == box.get("id")


def test_a_tower_of_lines_scrolls_in_its_place(tmp_path: Path) -> None:
    run = make_run(tmp_path, [comment("a", "idiot\n" * 400, insult=0.9), comment("b", "idiot", insult=0.9)])
    tower, plain = page_of(run).cssselect(".said")
    assert "tall" in tower.get("class") and tower.get("tabindex") == "0"
    assert plain.get("class") == "text said" and plain.get("tabindex") is None


def test_every_link_inside_the_page_leads_somewhere(small: Run) -> None:
    page = page_of(small)
    ids = [element.get("id") for element in page.cssselect("[id]")]
    assert len(ids) == len(set(ids))
    targets = [a.get("href")[1:] for a in page.cssselect("a[href^='#']")]
    assert targets and set(targets) <= set(ids)
    references = " ".join(e.get("aria-labelledby") for e in page.cssselect("[aria-labelledby]")).split()
    assert set(references) <= set(ids)


def test_totals_tables_and_charts(small: Run) -> None:
    page = page_of(small)
    totals = [text_of(group) for group in page.cssselect(".totals > div")]
    assert totals[0] == "flagged 3 60 % of the comments 95 % interval 23–88 %"
    assert totals[1] == "comments 6 5 scored"
    rows = [text_of(row) for row in page.cssselect(".labels tbody tr")]
    assert rows[0] == "insult 3 60 % 23–88 % 0.50 90 % .73"
    threads = page.cssselect("section[aria-labelledby=h-threads] tbody tr")
    assert [text_of(row) for row in threads] == ["First thread 2 4 67 %", "t2 1 2 50 %"]
    charts = page.cssselect("svg.chart")
    assert len(charts) == 3 and all(chart.get("role") == "img" for chart in charts)
    # Each chart's numbers also stand in a table.
    assert len(page.cssselect("section[aria-labelledby=h-scores] table tbody tr")) == 20
    assert len(page.cssselect("section[aria-labelledby=h-time] table tbody tr")) == 2


def test_the_policy_allows_only_the_pages_own_style_and_script(small: Run) -> None:
    page = page_of(small)
    (policy,) = page.cssselect("meta[http-equiv='Content-Security-Policy']")
    rules = dict(rule.split(" ", 1) for rule in policy.get("content").split("; "))
    (style,), (script,) = page.cssselect("style"), page.cssselect("script")
    for kind, element in (("style-src", style), ("script-src", script)):
        digest = hashlib.sha256(element.text_content().encode()).digest()
        assert rules[kind] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


def test_an_unreachable_target_is_said(small: Run) -> None:
    page = page_of(small, Policy({"insult": 0.5, "threat": None}))
    rows = [text_of(row) for row in page.cssselect(".labels tbody tr")]
    assert rows[1] == "threat not flagged: the target “precision 0.8” cannot be reached"


def test_an_empty_run_and_one_without_flags(tmp_path: Path) -> None:
    for folder, rows in (("empty", []), ("fine", SMALL[:1])):
        page = page_of(make_run(tmp_path / folder, rows))
        assert text_of(page.cssselect(".empty")[0]).startswith("No comment was flagged.")
        assert not page.cssselect("article, form, template, dialog")


def test_a_run_without_a_model(tmp_path: Path) -> None:
    run = make_run(tmp_path, SMALL)
    ours = [name for name in run.schema.names if not name.startswith("p_") and name != "flags"]
    bare = Run(tmp_path, run.table.select(ours), None)
    page = page_of(bare)
    assert "Not scored" in text_of(page.cssselect("header.top")[0])
    assert text_of(page.cssselect(".totals > div")[1]) == "comments 6 0 scored"


def test_a_full_page_says_how_many_are_elsewhere(tmp_path: Path) -> None:
    rows = [comment(str(n), f"You idiot, number {n}.", insult=0.9) for n in range(40)]
    summary = summarise(make_run(tmp_path, rows), shown=30, explain=explain)
    page = html.document_fromstring(render_html(summary, most_bytes=20_000))
    cards = page.cssselect("article.card")
    assert 5 < len(cards) < 30
    note = text_of(page.cssselect("section.list .note")[0])
    assert f"{len(cards)} of 40 are on this page" in note
    assert f"the other {40 - len(cards)} are in flagged.csv" in note


def test_an_endless_id_does_not_push_others_off_the_page(tmp_path: Path) -> None:
    rows = [comment("i" * 1_000_000, "idiot", insult=0.95), comment("a", "idiot", insult=0.9)]
    summary = summarise(make_run(tmp_path, rows), shown=30, explain=explain)
    page = html.document_fromstring(render_html(summary))
    assert [card.get("id") for card in page.cssselect("article.card")] == ["c-a"]
    assert "1 of 2 are on this page" in text_of(page.cssselect("section.list .note")[0])


def test_nothing_links_to_a_comment_that_is_left_out(tmp_path: Path) -> None:
    rows = [comment(str(n), "Just an idiot.", parent_id=str(n + 1), insult=0.9) for n in range(20)]
    rows.append(comment("last", "Such a fool.", insult=0.6))
    summary = summarise(make_run(tmp_path, rows), shown=30, explain=explain)
    page = html.document_fromstring(render_html(summary, most_bytes=20_000))
    ids = {element.get("id") for element in page.cssselect("[id]")}
    assert "c-18" not in ids and "c-last" not in ids
    assert {a.get("href")[1:] for a in page.cssselect("a[href^='#']")} <= ids


def test_a_missing_model_is_said_and_nothing_marked(small: Run) -> None:
    small.manifest["model"]["name"] = "no-such-model"
    page = html.document_fromstring(render_html(summarise(small, shown=10)))
    assert "No words are highlighted" in text_of(page.cssselect("section.list .note")[0])
    assert not page.cssselect("mark")


@pytest.mark.slow
def test_a_hundred_thousand_comments_stay_under_five_megabytes(tmp_path: Path) -> None:
    text = "You idiot, " + "the council said that this bridge would be finished before winter " * 6
    rows = [
        comment(str(n), f"{text} {n}", insult=n % 1000 / 1000, thread_id=f"t{n % 700}")
        for n in range(100_000)
    ]
    summary = summarise(make_run(tmp_path, rows, parts=8), shown=1_500, explain=explain)
    made = render_html(summary)
    assert summary.flagged == 50_000
    assert len(made.encode()) < 5_000_000
    shown = len(re.findall("<article", made))
    assert shown > 1_000
    assert f"the other {50_000 - shown:,} are in flagged.csv" in made
