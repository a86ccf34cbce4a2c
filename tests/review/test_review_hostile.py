"""Comments, names and notes are attacks: nothing of them runs, loads or breaks out of its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handmade_run import explain
from lxml import html
from reviewing import SCORED, Reviewer
from test_hostile import ATTACKS, hostile_run

from moderation.decisions.store import DecisionStore
from moderation.review.access import Access
from moderation.review.app import make_app
from moderation.review.desk import Desk, Scored
from moderation.review.index import Index

EVIL = '"><script>alert(1)</script>\u202e=1+1'


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return all kinds of pages of a run of attacks, after a reviewer with an evil name has decided."""
    folder = tmp_path_factory.mktemp("hostile")
    run = hostile_run(folder)
    with DecisionStore(folder / "d.sqlite") as store, Index(run) as index:
        desk = Desk(index, store, Scored(SCORED, run.policy, "2f7e3d036531bf55"))
        access = Access(("127.0.0.1",), token="t")
        eve = Reviewer(make_app(desk, access, "<script>alert(1)</script>", explain), EVIL, access)
        eve.send("/decide", row=3, decision="remove", note=EVIL)
        addresses = ["/", "/work", "/work?decided=yes", "/work?" + desk_query(), "/log", "/name", "/bulk"]
        addresses += [f"/comment/{row}" for row in range(index.rows)] + ["/context/3"]
        yield {address: eve.get(address) for address in addresses}


def desk_query() -> str:
    from moderation.review.filters import Filter

    return Filter(search=EVIL, thread=EVIL, author=EVIL, decided="all").query()


def test_nothing_runs_or_loads(attacked: dict[str, str]) -> None:
    for address, text in attacked.items():
        page = html.document_fromstring(text)
        names = {name for element in page.iter() for name in element.attrib}
        assert not [name for name in names if name.startswith("on")], address
        assert not names & {"style", "srcdoc", "autofocus", "srcset", "background", "ping", "poster"}
        for element in page.cssselect("script, link"):
            assert element.get("nonce") and (element.get("src") or element.get("href")).startswith("/assets/")
            assert not (element.text or "").strip()
        assert not page.cssselect(
            "img, iframe, object, embed, base, audio, video, svg, style, meta[http-equiv]"
        )
        for link in page.xpath("//*[@href]"):
            assert re.match(r"/|#", link.get("href")), (address, link.get("href"))
        assert {form.get("action").partition("?")[0] for form in page.cssselect("form")} <= {
            *("/undo", "/decide", "/work", "/bulk", "/name"),
        }


def test_attacks_are_shown_as_text(attacked: dict[str, str]) -> None:
    for row, attack in enumerate(ATTACKS[:14], 1):
        page = html.document_fromstring(attacked[f"/comment/{row}"])
        assert page.cssselect("article .said")[0].text_content() == f"idiot {attack} burn"
    log = html.document_fromstring(attacked["/log"])
    assert log.cssselect("td bdi")[0].text == EVIL.replace("\u202e", "\ufffd")


def test_no_page_holds_an_invisible_control_or_gets_huge(attacked: dict[str, str]) -> None:
    for address, text in attacked.items():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text), (
            address
        )
        assert not re.search("[\u0335\u0336]{5}", text)
        assert len(text) < 400_000


@pytest.mark.parametrize("field", ["label", "thread", "author", "search", "low", "order", "after", "view"])
def test_an_address_is_no_sql(rae: Reviewer, field: str) -> None:
    for value in ("'", '"; DROP TABLE comments; --', "1e999", "nan", "-1", "\x00", "' OR 1=1 --", "9" * 30):
        assert rae.client.get("/work", params={field: value}).status_code == 200
    assert rae.shown() == [2, 1, 5]


def test_no_answer_names_a_file_of_the_server(rae: Reviewer, tmp_path: Path, app: Any) -> None:
    for address in ("/comment/99999999999999999999", "/comment/x", "/assets/x", "/context/77"):
        assert str(tmp_path) not in rae.client.get(address).text
