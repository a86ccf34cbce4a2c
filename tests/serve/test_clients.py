"""Real clients of the Perspective API, over the network, with nothing changed but the address."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from served import Serve, Served  # type: ignore[import-not-found]

from moderation import load_model
from moderation.decisions.store import DecisionStore

pytestmark = pytest.mark.slow
CLIENTS = Path(__file__).with_name("clients")
NODE = shutil.which("node")
NPM = shutil.which("npm")
KEY = "a-key-of-the-forum"
RUDE = "you stupid idiot"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "decisions.sqlite"


@pytest.fixture(scope="module")
def served(serve: Serve, place: Path) -> Iterator[Served]:
    keys = place.with_name("keys")
    keys.write_text(f"{KEY}\n")
    with serve("--keys", str(keys), "--decisions", str(place)) as running:
        yield running


@pytest.fixture(scope="module")
def toxicity(tiny_model: Path) -> float:
    return float(load_model(tiny_model).predict_proba([RUDE])[0, 0])


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the npm packages installed, and our scripts beside them."""
    if NODE is None or NPM is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    for file in CLIENTS.iterdir():
        shutil.copy(file, folder)
    install = [NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder


def node(folder: Path, script: str, *arguments: str) -> Any:
    assert NODE is not None
    done = subprocess.run(
        [NODE, script, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def current(place: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    with DecisionStore(place, create=False) as store:
        return {decision.comment_id: (decision.decision, decision.labels) for decision in store.current()}


def test_googles_client_for_python(served: Served, toxicity: float, place: Path) -> None:
    discovery = pytest.importorskip("googleapiclient.discovery", reason="the clients are not installed")
    from googleapiclient.errors import HttpError

    def build(key: str) -> Any:
        return discovery.build(
            "commentanalyzer",
            "v1alpha1",
            developerKey=key,
            discoveryServiceUrl=f"{served.address}/$discovery/rest?version=v1alpha1",
            static_discovery=False,
        )

    client = build(KEY)
    request = {"comment": {"text": RUDE}, "requestedAttributes": {"TOXICITY": {}}, "clientToken": "t"}
    answer = client.comments().analyze(body=request).execute()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == toxicity
    assert answer["clientToken"] == "t"
    suggestion = {
        "comment": {"text": RUDE},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "clientToken": "comment:python",
    }
    assert client.comments().suggestscore(body=suggestion).execute() == {"clientToken": "comment:python"}
    assert current(place)["python"] == ("remove", ("abusive",))
    request["languages"] = ["fr"]
    with pytest.raises(HttpError, match="does not support request languages: fr") as refused:
        client.comments().analyze(body=request).execute()
    assert refused.value.error_details[0]["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    with pytest.raises(HttpError, match="API key not valid"):
        build("wrong")


def test_the_package_perspective_for_python(served: Served, toxicity: float, place: Path) -> None:
    perspective = pytest.importorskip("perspective", reason="the clients are not installed")
    client = perspective.PerspectiveAPI(KEY)
    client.api_client.url = f"{served.address}/v1alpha1/{{endpoint}}"
    assert client.score(RUDE) == {"TOXICITY": toxicity}
    answer = client.analyze_comment(
        f"{RUDE}! nice photo",
        span_annotations=True,
        languages=["en"],
        do_not_store=True,
        requested_attributes={"INSULT": {"scoreThreshold": 0.0, "scoreType": "PROBABILITY"}},
        context=[{"text": "an article", "type": "PLAIN_TEXT"}],
    )
    assert [span["begin"] for span in answer["attributeScores"]["INSULT"]["spanScores"]] == [0, 18]
    scores = {"TOXICITY": {"summaryScore": {"value": 0.0}}}
    assert client.suggest_score(RUDE, scores, client_token="comment:package") == {
        "clientToken": "comment:package"
    }
    assert current(place)["package"] == ("approve", ())


def test_requests_as_the_documentation_shows_it(served: Served, toxicity: float) -> None:
    requests = pytest.importorskip("requests", reason="the clients are not installed")
    data = {"comment": {"text": RUDE}, "languages": ["en"], "requestedAttributes": {"TOXICITY": {}}}
    # Without a content type, as there.
    address = f"{served.address}/v1alpha1/comments:analyze?key={KEY}"
    answer = json.loads(requests.post(url=address, data=json.dumps(data)).content)
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"] == {"value": toxicity, "type": "PROBABILITY"}


def test_curl_as_the_documentation_shows_it(served: Served, toxicity: float) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    data = '{comment: {text: "you stupid idiot"}, languages: ["en"], requestedAttributes: {TOXICITY:{}} }'
    command = ["curl", "-s", "-H", "Content-Type: application/json", "--data", data]
    address = f"{served.address}/v1alpha1/comments:analyze?key={KEY}"
    answer = json.loads(subprocess.run([*command, address], check=True, capture_output=True).stdout)
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == toxicity


def test_the_npm_package(served: Served, packages: Path, toxicity: float) -> None:
    found = node(packages, "perspective-api-client.js", served.address, KEY)
    # It takes tags out before it asks.
    assert found["plain"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == toxicity
    assert found["plain"]["attributeScores"]["TOXICITY"]["spanScores"][0]["end"] == len(RUDE)
    assert list(found["several"]["attributeScores"]) == ["INSULT", "THREAT"]
    assert found["spans"] == ["you idiot \N{GRINNING FACE}!", "nice photo"]
    assert found["refused"] == {
        "name": "ResponseError",
        "message": "Unknown requested attribute: SPAM",
        "type": "INVALID_REQUEST",
    }


def test_googles_client_for_node(served: Served, packages: Path, toxicity: float, place: Path) -> None:
    found = node(packages, "googleapis.js", served.address, KEY)
    assert found["analyzed"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == toxicity
    assert found["suggested"] == {"clientToken": "comment:7"}
    assert found["refused"] == "COMMENT_EMPTY"
    assert current(place)["7"] == ("remove", ("abusive",))


def test_coral(served: Served, packages: Path, toxicity: float, place: Path) -> None:
    found = node(packages, "coral.js", served.address, KEY, RUDE)
    assert found["score"] == toxicity
    assert found["toxic"] is (toxicity > 0.8)
    assert found["spanish"] == 400
    assert found["tokens"] == ["comment:c-1", "comment:c-2"]
    made = current(place)
    assert (made["c-1"], made["c-2"]) == (("approve", ()), ("remove", ("abusive",)))


def test_a_page_of_another_origin_in_a_browser(serve: Serve, toxicity: float) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    ask = """async (address) => {
        const response = await fetch(address, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({comment: {text: "you stupid idiot"}, requestedAttributes: {TOXICITY: {}}}),
        });
        return (await response.json()).attributeScores.TOXICITY.summaryScore.value;
    }"""
    with (
        Site() as ours,
        Site() as strange,
        serve("--cors", ours.origin) as served,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        address = f"{served.address}/v1alpha1/comments:analyze?key=x"
        page.goto(ours.origin)
        assert page.evaluate(ask, address) == toxicity
        page.goto(strange.origin)
        with pytest.raises(sync_api.Error, match="Failed to fetch"):
            page.evaluate(ask, address)
        browser.close()


class Site:
    """A web site that consists of a page."""

    class _Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>a forum")

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._Page)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Site:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()
