"""Takes the pictures of README: report and review of the hand-written samples, as PNG files in docs/images.

Needs `pip install -e '.[browser,review]'` and Chromium. Run by `make screenshots`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "datasets" / "samples"
IMAGES = ROOT / "docs" / "images"
TOOL = str(Path(sys.executable).with_name("moderation"))
MOST_BYTES = 150_000
WIDE = {"width": 1100, "height": 760}
NARROW = {"width": 390, "height": 760}
PATIENCE = 300_000
# Milliseconds: a machine with much to do is no bug.


def main() -> None:
    """Scan the samples and photograph what a user sees of them."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("error: Chromium is not installed")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = Path(folder) / "samples"
        tool("scan", str(SAMPLES), "-o", str(run), "-q")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE
        )
        report(browser, run)
        review(browser, run)
        browser.close()


def report(browser: Browser, run: Path) -> None:
    """Photograph the report: its overview, a flagged comment, and a phone in the dark."""
    address = (run / "report.html").as_uri()
    with opened(browser, address, viewport=WIDE) as page:
        save(page, "report")
    with opened(browser, f"{address}#comments", viewport=WIDE) as page:
        page.locator("#comments").scroll_into_view_if_needed()
        save(page, "report-comments")
    with opened(browser, address, viewport=NARROW, color_scheme="dark") as page:
        save(page, "report-phone")


def review(browser: Browser, run: Path) -> None:
    """Photograph the review pages: what there is to do, and one comment."""
    with served(run) as address, opened(browser, address, viewport=WIDE) as page:
        page.fill("[name=reviewer]", "Rae")
        page.click("text=Begin")
        page.wait_for_selector("text=What there is to do")
        save(page, "review")
        page.click("text=Review one by one")
        page.wait_for_selector(".card.current")
        save(page, "review-comment")


def save(page: Page, name: str) -> None:
    """Write what a page shows, and stop where the picture is too large to keep."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, timeout=PATIENCE)
    size = path.stat().st_size
    print(f"{path} {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        sys.exit(f"error: {path.name} has {size:,} bytes, more than {MOST_BYTES:,}")


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open a page in a browser of its own."""
    context = browser.new_context(reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


@contextmanager
def served(run: Path) -> Iterator[str]:
    """Serve the review pages of a run, and give their address."""
    arguments = [TOOL, "review", str(run), "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def tool(*arguments: str) -> None:
    """Run a command of the tool."""
    subprocess.run([TOOL, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
