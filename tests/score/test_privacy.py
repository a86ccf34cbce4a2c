"""Pseudonyms and masks: stable, keyed, and nothing of what they hide left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation.errors import ConfigError
from moderation.ingest.tables import record_table
from moderation.score.engine import scan
from moderation.score.privacy import Privacy, read_key

SECRET = "Agatha.Example"


def masked(text: str) -> str:
    table, _ = record_table(1, "test", {"comment_id": ["c"], "text": [text]})
    hidden = Privacy(redact=True).apply(table)["text"][0].as_py()
    assert isinstance(hidden, str)
    return hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail me: jo.doe+x@mail.example.org!", "mail me: [email]!"),
        ("from 192.168.0.17, not 1.2.3", "from [ip], not 1.2.3"),
        ("v6 2001:0db8:85a3:0000:0000:8a2e:0370:7334 or fe80::1 ok", "v6 [ip] or [ip] ok"),
        ("call +49 (30) 1234-5678 now", "call [phone] now"),
        ("call (030) 123 4567", "call [phone]"),
        ("call 555-123-4567.", "call [phone]."),
        ("call 0171/2345678", "call [phone]"),
        (
            "on 2024-01-31 at 10:30:15 for 1,000,000 or 12345678",
            "on 2024-01-31 at 10:30:15 for 1,000,000 or 12345678",
        ),
        ("a::b c++ 3:2 std::vector", "a::b c++ 3:2 std::vector"),
    ],
)
def test_masks(text: str, expected: str) -> None:
    assert masked(text) == expected


def dump(path: Path) -> Path:
    records = [
        {"id": "id one", "thread_id": "th", "author": SECRET,
         "body": "thank you, write to a@b.example", "mail": SECRET},
        {"id": "id two", "thread_id": "th", "parent_id": "id one", "author": "Bert",
         "body": f"@{SECRET.lower()}, you idiot (u/{SECRET})", "mail": SECRET},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + f'{{"half {SECRET}\n')
    return path


def test_nothing_of_a_name_is_left_in_a_run(tmp_path: Path, tiny_model: Path) -> None:
    privacy = Privacy(b"k" * 32, redact=True)
    given = dump(tmp_path / "dump.jsonl")
    run = scan(given, tmp_path / "run", model=tiny_model, privacy=privacy, jobs=1)
    first, second = run.to_table().to_pylist()
    assert first["author"].startswith("user-")
    assert second["text"].lower() == f"@{first['author']}, you idiot (u/{first['author']})"
    assert (second["parent_id"], second["parent_state"]) == (first["comment_id"], "ok")
    assert first["thread_id"] == second["thread_id"] != "th"
    assert first["text"] == "thank you, write to [email]"
    assert second["flags"][0] == "abusive"
    for path in run.path.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert SECRET.lower() not in path.read_text("utf-8").lower(), path
    assert SECRET not in str(run.to_table().to_pydict())
    assert run.manifest["options"]["pseudonymize"] not in (None, privacy.key)


def test_pseudonyms_depend_on_the_key_alone(tmp_path: Path) -> None:
    table, _ = record_table(2, "test", {"comment_id": ["a", "b"], "author": ["Jo", "jo"], "text": ["", ""]})
    one, again, other = (Privacy(key * 32).apply(table)["author"].to_pylist() for key in (b"a", b"a", b"b"))
    assert one == again
    assert one[0] == one[1]
    assert not set(one) & set(other)


def test_a_key_must_be_hard_to_guess(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n")
    with pytest.raises(ConfigError, match="at least 16 bytes"):
        read_key(tmp_path / "key")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key(tmp_path / "missing")
    (tmp_path / "key").write_text("0123456789abcdef\n")
    assert len(read_key(tmp_path / "key")) == 32
