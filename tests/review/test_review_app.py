"""The pages: what they show, what forms do, who is let in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from handmade_run import explain
from lxml import html
from reviewing import HOSTS, TOKEN, Clock, Reviewer
from starlette.testclient import TestClient

from moderation.decisions import JudgedSpan
from moderation.decisions.store import DecisionStore
from moderation.errors import ConfigError, UsageError
from moderation.review.access import Access, make_access, read_passwords
from moderation.review.app import make_app


def test_the_first_page_shows_what_there_is_to_do(rae: Reviewer) -> None:
    page = html.document_fromstring(rae.get("/"))
    rows = page.cssselect("section[aria-labelledby=h-labels] tbody tr")
    assert [[cell.text_content() for cell in row] for row in rows] == [
        ["insult", "3", "90 %", "–"],
        ["threat", "1", "–", "–"],
    ]
    links = page.xpath("//section//th/a/@href")
    assert all(rae.client.get(link).status_code == 200 for link in links)
    assert len(links) == 2 + 4 + 2 + 1


def test_precision_so_far_follows_from_decisions(rae: Reviewer) -> None:
    rae.send("/decide", row=2, decision="remove")
    rae.send("/decide", row=1, decision="approve")
    page = html.document_fromstring(rae.get("/"))
    first = page.cssselect("section[aria-labelledby=h-labels] tbody tr")[0]
    assert "50 % (9.5–91 %, of 2)" in first.text_content()


def test_a_form_decides_without_a_script(rae: Reviewer, store: DecisionStore) -> None:
    answer = rae.send(
        "/decide",
        row=2,
        decision="remove",
        note=" joke? ",
        back="/work?label=threat",
        **{"judge:insult": "no"},
    )
    assert answer.url.path == "/work" and answer.url.params["label"] == "threat"
    (made,) = store.current()
    assert (made.comment_id, made.reviewer, made.labels, made.note) == ("c", "Rae", ("threat",), "joke?")
    assert rae.shown() == [1, 5]
    assert "<b>1</b> decided" in answer.text and "<b>2</b> to do" in answer.text


def test_words_are_confirmed_and_rejected_with_the_decision(rae: Reviewer, store: DecisionStore) -> None:
    words = {"word:9-15:insult": "no", "word:0-4:threat": "yes", "word:0-4:other": "no", "word:x": "no"}
    rae.send("/decide", row=2, decision="remove", **words)
    (made,) = store.current()
    assert made.spans == (JudgedSpan(0, 4, "threat", True), JudgedSpan(9, 15, "insult", False))
    page = html.document_fromstring(rae.get("/comment/2"))
    checked = [
        (one.getparent().getparent().get("data-at"), one.get("value"))
        for one in page.cssselect("fieldset.word input[checked]")
    ]
    assert checked == [("0-4", "yes"), ("9-15", "no")]
    assert rae.send("/decide", row=2, decision="remove", **{"word:9-99:insult": "no"}).status_code == 400
    assert len(list(store.events())) == 1


def test_a_script_gets_the_card_and_the_counter(rae: Reviewer) -> None:
    said = rae.send("/decide", script=True, row=2, decision="escalate").json()
    card = html.fragment_fromstring(said["card"].strip())
    assert card.get("data-decision") == "escalate"
    assert card.cssselect("button[value=escalate]")[0].get("aria-pressed") == "true"
    assert "1 escalated" in said["counter"]
    undone = rae.send("/undo", script=True).json()
    assert (undone["count"], undone["row"], undone["more"]) == (1, 2, False)
    assert "data-decision" not in undone["cards"][0]
    assert rae.send("/undo", script=True).json()["text"] == "There is nothing to undo."


def test_wrong_forms_change_nothing(rae: Reviewer, store: DecisionStore) -> None:
    for fields in (
        {"row": 2, "decision": "delete"},
        {"row": "x", "decision": "skip"},
        {"row": 99, "decision": "skip"},
        {},
    ):
        assert rae.send("/decide", **fields).status_code == 400
    assert rae.send("/decide", row=2, decision="skip", note="x" * 70_000).status_code == 413
    assert list(store.events()) == []


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/work\\evil", "javascript:alert(1)", ""]
)
def test_a_form_leads_nowhere_else(rae: Reviewer, back: str) -> None:
    rae.client.follow_redirects = False
    assert rae.send("/decide", row=2, decision="skip", back=back).headers["location"] == "/work"


def test_two_reviewers_do_not_get_the_same(rae: Reviewer, sam: Reviewer, store: DecisionStore) -> None:
    assert rae.shown() == [2, 1, 5]
    assert sam.shown() == []
    assert "All that is left is on someone else" in sam.get("/work")
    assert "Rae</bdi> is deciding" in sam.get("/comment/2")
    assert sam.send("/decide", row=2, decision="remove").status_code == 409
    page = re.search('data-page="([^"]+)"', rae.get("/work"))[1]
    rae.send("/release", rows="1 5", page=page)
    assert sam.shown() == [1, 5]
    assert list(store.events()) == []


def test_a_second_opinion_is_not_told_the_first(make_desk: Any, access: Access, clock: Clock) -> None:
    app = make_app(make_desk(second_opinion=1.0), access, "run", explain)
    rae, sam = Reviewer(app, "Rae", access), Reviewer(app, "Sam", access)
    rae.send("/decide", row=2, decision="remove", note="clear case")
    clock.now = 601
    assert "clear case" not in sam.get("/work?label=threat") + sam.get("/comment/2")
    sam.send("/decide", row=2, decision="approve")
    assert "clear case" in sam.get("/comment/2")


def test_a_comment_comes_with_what_stands_around_it(rae: Reviewer) -> None:
    page = html.document_fromstring(rae.get("/comment/2"))
    card = page.cssselect("article")[0]
    assert card.cssselect(".parent .text")[0].text == "You idiot, it is a fool's plan."
    assert [mark.text for mark in card.cssselect("mark")] == ["Burn", "idiot!"]
    around = page.cssselect(".around section")
    assert "1 other comment, 1 flagged" in around[1].text_content()
    assert "What do you think" not in around[0].text_content()
    assert rae.client.get("/comment/99").status_code == 404
    assert "around" in rae.get("/context/2")


def test_a_threat_is_blurred(rae: Reviewer) -> None:
    page = html.document_fromstring(rae.get("/work"))
    assert len(page.cssselect("#c2 .veiled")) == 1
    assert page.cssselect("#c1 .veiled") == []


def test_bulk_shows_before_it_does(rae: Reviewer, store: DecisionStore) -> None:
    page = rae.get("/bulk?author=Bob")
    assert "Decide on 2 comments at once" in page
    assert rae.send("/bulk?author=Bob", decision="remove", expected=3).status_code == 409
    assert list(store.events()) == []
    assert "2 comments are removed" in rae.send("/bulk?author=Bob", decision="remove", expected=2).text
    assert {d.comment_id for d in store.current()} == {"b", "c"}
    rae.send("/undo")
    assert list(store.current()) == []


def test_the_log_has_everything(rae: Reviewer) -> None:
    rae.send("/decide", row=2, decision="remove")
    rae.send("/decide", row=2, decision="approve")
    rae.send("/undo")
    rows = html.document_fromstring(rae.get("/log")).cssselect("tbody tr")
    assert [[cell.text_content() for cell in row][2:4] for row in rows] == [
        ["approve taken back", "remove"],
        ["remove", "–"],
    ]
    assert rows[0].cssselect("a")[0].get("href") == "/comment/2"


# ---- Who is let in. ----


@pytest.fixture
def stranger(app: Any) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False)


OURS = {"Origin": "http://127.0.0.1:8765"}


@pytest.mark.parametrize(
    "path", ["/", "/work", "/comment/1", "/context/1", "/bulk", "/log", "/name", "/nothing"]
)
def test_nothing_is_shown_without_the_token(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "idiot" not in answer.text
    assert stranger.get(path, params={"token": "wrong"}).headers["location"] == path
    assert "set-cookie" not in stranger.get(path, params={"token": "wrong"}).headers


def test_the_token_lets_in_and_leaves_the_address(stranger: TestClient) -> None:
    answer = stranger.get("/work", params={"label": "threat", "token": TOKEN})
    assert answer.headers["location"] == "/work?label=threat"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert TOKEN not in cookie


def test_an_address_with_a_token_leads_to_no_other_server(stranger: TestClient) -> None:
    answer = stranger.get("http://127.0.0.1:8765//evil.example/work", params={"token": "wrong"})
    assert answer.headers["location"] == "/evil.example/work"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[", "169.254.169.254"]
)
def test_foreign_hosts_are_refused(stranger: TestClient, host: str) -> None:
    assert stranger.get("/", params={"token": TOKEN}, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "http://["]
)
def test_foreign_origins_are_refused(rae: Reviewer, store: DecisionStore, origin: str) -> None:
    fields = {"csrf": rae.csrf, "row": "2", "decision": "remove"}
    assert rae.client.post("/decide", data=fields, headers={"Origin": origin}).status_code == 403
    assert rae.client.get("/work", headers={"Origin": origin}).status_code == 403
    assert list(store.events()) == []


def test_forms_need_origin_and_secret(rae: Reviewer, sam: Reviewer, store: DecisionStore) -> None:
    fields = {"row": "2", "decision": "remove"}
    assert rae.client.post("/decide", data={**fields, "csrf": rae.csrf}).status_code == 403
    assert rae.client.post("/decide", data=fields, headers=OURS).status_code == 403
    assert rae.client.post("/decide", data={**fields, "csrf": sam.csrf}, headers=OURS).status_code == 403
    cross = {**OURS, "Sec-Fetch-Site": "cross-site"}
    assert rae.client.post("/decide", data={**fields, "csrf": rae.csrf}, headers=cross).status_code == 403
    assert rae.client.get("/decide", params={**fields, "csrf": rae.csrf}).status_code == 405
    assert rae.client.put("/decide").status_code == 405
    assert list(store.events()) == []


def test_every_answer_is_hardened(rae: Reviewer, stranger: TestClient) -> None:
    for answer in (
        rae.client.get("/work"),
        rae.client.get("/assets/review.js"),
        stranger.get("/"),
        rae.client.get("/x"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    first, second = (rae.client.get("/work").headers["content-security-policy"] for _ in range(2))
    assert first != second
    assert rae.client.get("/work").headers["cache-control"] == "no-store"


def test_assets_are_those_of_the_pages_only(rae: Reviewer) -> None:
    for name in ("../app.py", "..%2fapp.py", "report.js", "%2e%2e/app.py"):
        assert rae.client.get(f"/assets/{name}").status_code in (403, 404)
    assert rae.client.get("/assets/review.css").headers["content-type"].startswith("text/css")


def test_a_session_ends_when_it_is_not_used(clock: Clock) -> None:
    access = Access(HOSTS, token=TOKEN, _clock=clock)
    number = access.begin("Rae")
    assert access.session(number) is not None
    clock.now = 12 * 3600 + 1
    assert access.session(number) is None


def test_passwords_let_people_in_by_name(make_desk: Any, store: DecisionStore, clock: Clock) -> None:
    access = Access(HOSTS, passwords={"Rae": "correct horse", "Sam": "battery staple"}, _clock=clock)
    client = TestClient(
        make_app(make_desk(), access, "run"), base_url="http://127.0.0.1", follow_redirects=False
    )
    origin = {"Origin": "http://127.0.0.1"}
    assert client.get("/work").headers["location"] == "/login"

    def enter(reviewer: str, password: str) -> int:
        fields = {"reviewer": reviewer, "password": password}
        return client.post("/login", data=fields, headers=origin).status_code

    assert enter("Rae", "battery staple") == enter("Zoe", "") == enter("", "correct horse") == 403
    assert enter("Rae", "correct horse") == 303
    page = client.get("/work").text
    csrf = re.search('data-csrf="([^"]+)"', page)[1]
    client.post("/name", data={"csrf": csrf, "reviewer": "Sam"}, headers=origin)
    client.post("/decide", data={"csrf": csrf, "row": "2", "decision": "skip"}, headers=origin)
    assert [d.reviewer for d in store.current()] == ["Rae"]
    for _ in range(8):
        enter("Rae", "guess")
    assert enter("Rae", "correct horse") == 400
    clock.now = 61
    assert enter("Rae", "correct horse") == 303


def test_a_proxy_says_who_somebody_is(make_desk: Any, store: DecisionStore) -> None:
    access = make_access("127.0.0.1", proxy_header="X-Remote-User", allow_hosts=["review.example.org"])
    client = TestClient(make_app(make_desk(), access, "run"), base_url="https://review.example.org")
    assert client.get("/work").status_code == 403
    known = {"X-Remote-User": "Zoë".encode()}
    csrf = re.search('data-csrf="([^"]+)"', client.get("/work", headers=known).text)[1]
    fields = {"csrf": csrf, "row": "2", "decision": "remove"}
    origin = {"Origin": "https://review.example.org"}
    assert client.post("/decide", data=fields, headers={**origin, "X-Remote-User": "Eve"}).status_code == 403
    client.post("/decide", data=fields, headers={**origin, **known})
    assert [d.reviewer for d in store.current()] == ["Zoë"]


def test_other_machines_need_a_password_or_a_proxy(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Rae:correct horse\nSam:battery staple\n")
    secret.chmod(0o600)
    with pytest.raises(UsageError, match="--password-file"):
        make_access("192.0.2.1")
    with pytest.raises(UsageError, match="--allow-host"):
        make_access("0.0.0.0", password_file=secret)
    with pytest.raises(UsageError, match="one of them"):
        make_access("::1", password_file=secret, proxy_header="X-User")
    assert make_access("192.0.2.1", password_file=secret).host_allowed("192.0.2.1:8765")
    assert make_access("::1").host_allowed("[::1]:8765")
    assert make_access("0.0.0.0", password_file=secret, allow_hosts=["Desk.local"]).host_allowed("desk.local")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("", 0o600, "is empty"),
        ("correct horse", 0o644, "chmod 600"),
        ("short", 0o600, "8 characters"),
        ("Rae:correct horse\nbattery staple", 0o600, "name of its own|8 characters"),
        ("Rae:correct horse\nRae:battery staple", 0o600, "name of its own"),
    ],
)
def test_a_password_file_is_checked(tmp_path: Path, content: str, mode: int, said: str) -> None:
    (tmp_path / "secret").write_text(content)
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(ConfigError, match=said):
        read_passwords(tmp_path / "secret")


def test_a_password_file_may_hold_one_for_all(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    (tmp_path / "secret").chmod(0o600)
    access = Access(HOSTS, passwords=read_passwords(tmp_path / "secret"))
    assert access.password_fits("anyone", "correct horse")
