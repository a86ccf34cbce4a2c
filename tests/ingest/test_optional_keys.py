"""JSON systems whose records lack keys that their documentation calls optional."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from moderation.ingest.base import Accounting

Read = Callable[..., tuple[pa.Table, Accounting]]


@pytest.mark.parametrize(
    ("document", "source", "author"),
    [
        (
            '{"response":[{"id":"1","forum":"f","thread":"9","parent":null,"message":"Hi","author":{"name":""},'
            '"createdAt":"2020-01-02T03:04:05"}],"code":0}',
            "disqus-api",
            "",
        ),
        (
            '{"messages":[{"content":"Hi","author":{"name":"Ann"},"timestamp":"2020-01-01T00:00:00+00:00",'
            '"id":"1"}],"channel":{"id":"c"}}',
            "discord",
            "Ann",
        ),
        ('{"posts":[{"com":"Hi","no":1,"resto":0,"time":1600000000}]}', "4chan", None),
        (
            '[{"body":"Hi","user":null,"id":1,"created_at":"2020-01-01T00:00:00Z","url":"https://x.example/1","issue_url":"i"}]',
            "github",
            None,
        ),
    ],
)
def test_records_without_what_may_be_missing(
    document: str, source: str, author: str | None, read: Read
) -> None:
    (row,) = read(document)[0].to_pylist()
    assert (row["source"], row["author"], row["text"]) == (source, author, "Hi")
