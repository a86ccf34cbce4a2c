"""Real dumps, where this machine has them: as many rows, replies and orphans as they are known to hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from moderation.errors import DataError, ModerationError
from moderation.ingest.reader import ingest

pytestmark = pytest.mark.samples

# (rows, replies found, orphans, greatest depth)
EXPECTED = {
    "disqus_xml/tl3shi_disqus.xml": ("disqus-xml", 2693, 439, 0, 5),
    "disqus_xml/remark42_disqus.xml": ("disqus-xml", 6, 0, 0, 0),
    "isso/disqus.xml": ("disqus-xml", 6, 2, 0, 1),
    "reddit_pushshift/RC_2005-12.zst": ("reddit", 1075, 314, 15, 10),
    "youtube_csv/BSKanoje_GBcomments.csv": ("csv", 999, 0, 0, 0),
    "disqus_api/chenesan_posts_list.json": ("disqus-api", 7, 0, 0, 0),
    "reddit_api/json/test_replace__all_01_comments.json": ("reddit-api", 477, 339, 0, 9),
    "youtube_api/python-youtube_comment_threads_by_video_paged_1.json": ("youtube-api", 5, 0, 0, 0),
    "wxr/WPTT_themeunittestdata.wordpress.xml": ("wxr", 32, 10, 0, 9),
    "wxr/cc-labs.xml": ("wxr", 181, 3, 0, 1),
    "wxr/hippo-jessy_disqus_custom_import.xml": ("wxr", 12, 4, 0, 1),
    "isso/wordpress.xml": ("wxr", 8, 3, 0, 2),
    "isso/generic.json": ("isso", 2, 0, 0, 0),
    "blog_json/evert_comments.json": ("nested", 1822, 346, 0, 11),
    "fourchan/sheikhmujtaba_4chan.json": ("4chan", 333, 332, 0, 16),
    "github/PyGithub_Repository.testGetIssuesComments.json": ("github", 180, 0, 0, 0),
    "telegram/chat-analytics_BIG_20A_5475M.json": ("telegram", 5475, 0, 0, 0),
    "discord/chat-analytics_GC_3A_5M.json": ("discord", 6, 1, 0, 1),
    "convokit/corpus/utterances.jsonl": ("convokit", 750, 725, 0, 10),
    "stackexchange/Comments.xml": ("stackexchange", 2600, 0, 0, 0),
    "blogger/charleso_blogger.xml": ("blogger", 8, 0, 0, 0),
    "staticman": ("staticman", 720, 350, 3, 1),
    "telegram/chat-analytics_DM_2A_7M.json": ("telegram", 8, 0, 0, 0),
    "discord/chat-analytics_DM_2A_2M.json": ("discord", 3, 0, 0, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_dumps_hold_what_they_are_known_to(name: str, samples: Path) -> None:
    path = samples / name
    if not path.exists():
        pytest.skip(f"{name} is not among the samples")
    table, accounting = ingest(path)
    states = Counter(table["parent_state"].to_pylist())
    source = table["source"][0].as_py()
    found = (source, table.num_rows, states["ok"], states["missing"], max(table["depth"].to_pylist()))
    assert found == EXPECTED[name]
    assert accounting.rejected == accounting.repaired == 0


def test_a_folder_of_forum_topics(samples: Path) -> None:
    folder = samples / "discourse"
    if not folder.exists():
        pytest.skip("no Discourse topics among the samples")
    table, accounting = ingest(folder)
    assert max(table["depth"].to_pylist()) == 47
    assert set(table["source"].to_pylist()) == {"discourse"} and not accounting.rejected


@pytest.mark.parametrize(
    "name",
    [
        "bluesky/thread-v2.test.ts.snap",
        "bluesky/thread.test.ts.snap",
        "youtube_api/Don-Ghead_mockData.js",
        "youtube_api/python-youtube_insert_response.json",
    ],
)
def test_code_around_comments_is_no_dump(name: str, samples: Path) -> None:
    if not (samples / name).exists():
        pytest.skip(f"{name} is not among the samples")
    with pytest.raises(DataError, match="looks like no known dump"):
        ingest(samples / name)


def test_threads_of_disqus_are_no_comments(samples: Path) -> None:
    path = samples / "disqus_api" / "chenesan_threads_list.json"
    if not path.exists():
        pytest.skip("no answers of the Disqus API among the samples")
    table, accounting = ingest(path)
    assert table.num_rows == 0 and accounting.skipped.total() == accounting.read == 36


def test_every_sample_is_read_or_refused_in_one_line(samples: Path) -> None:
    for path in sorted(samples.rglob("*")):
        if not path.is_file() or path.suffix in (".yml", ".yaml", ".md") or "plaintext" in path.parts:
            continue
        try:
            _, accounting = ingest(path)
        except ModerationError as error:
            assert "\n" not in str(error)
        else:
            accounting.check()


def test_the_seed_page_is_exact(samples: Path) -> None:
    folder = samples / "plaintext" / "seed"
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    table, _ = ingest(next(folder.glob("*.txt")))
    rows = table.to_pylist()
    ids = {row["comment_id"]: place for place, row in enumerate(rows)}
    found = [
        (
            row["author"],
            row["text"],
            row["depth"],
            None if row["parent_id"] is None else str(ids[row["parent_id"]]),
        )
        for row in rows
    ]
    assert found == [(row["author"], row["text"], row["depth"], row["parent_id"]) for row in truth]
    assert {row["thread_title"] for row in rows} == {
        "Syrian Forces Developing Security Operation Against ISIS Cells In Deir Ezzor Province (Maps)"
    }
    assert all(row["parse_confidence"] >= 0.9 for row in rows)
