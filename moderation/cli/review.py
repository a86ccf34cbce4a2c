"""`review`: a web page to decide on the flagged comments of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli import options
from moderation.cli.console import remark, show
from moderation.errors import UsageError

New = Annotated[
    bool, typer.Option("--new", help="Only comments that nobody has decided on, wherever one looks.")
]
Carry = Annotated[
    list[str] | None,
    typer.Option(
        "--carry",
        metavar="SOURCE",
        help="Take over decisions of an earlier run or a file on the same comments. Repeatable.",
    ),
]
SecondOpinion = Annotated[
    float,
    typer.Option(
        "--second-opinion", metavar="SHARE", help="Have two people decide on this share, such as 0.1."
    ),
]
Drawn = Annotated[
    Path | None,
    typer.Option(
        "--sample",
        metavar="FILE",
        help="Judge the comments that 'moderation decisions sample' drew, in random order.",
    ),
]
Blind = Annotated[
    bool, typer.Option("--blind", help="With --sample: only those comments, and no scores or highlights.")
]
Reviewer = Annotated[
    str | None,
    typer.Option("--reviewer", metavar="NAME", help="Name proposed to whoever opens the page."),
]
Host = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; others need a password."),
]
Port = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port; 0 is any that is free.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="One password for everyone, or lines of name:password; readable by you alone.",
    ),
]
ProxyHeader = Annotated[
    str | None,
    typer.Option(
        "--proxy-header",
        metavar="NAME",
        help="Header in which a proxy before this server says who somebody is, such as X-Remote-User.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="Name under which browsers may ask, such as review.example.org. Repeatable.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)


def review(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that scan or score wrote.")],
    policy: options.Policy = None,
    new: New = False,
    carry: Carry = None,
    second_opinion: SecondOpinion = 0.0,
    sample: Drawn = None,
    blind: Blind = False,
    reviewer: Reviewer = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    password_file: PasswordFile = None,
    proxy_header: ProxyHeader = None,
    allow_host: AllowHost = None,
) -> None:
    """Decide on the flagged comments of a run in the browser, alone or with others.

    Prints an address to open; it holds the key. Decisions are kept in RUN/decisions.sqlite, each of them on
    disk before the page shows it. Ends with Ctrl-C.
    """
    try:
        from moderation.review.access import make_access
        from moderation.review.desk import Task
        from moderation.review.server import serve
    except ImportError as error:
        raise UsageError(
            f"review needs a library that is not there ({error.name}): pip install 'moderation[review]'"
        ) from error
    from moderation.decisions.exchange import load_decisions
    from moderation.report.sample import read_sample
    from moderation.score.run import Run

    if blind and sample is None:
        raise UsageError(
            "--blind goes with --sample FILE; draw one with: moderation decisions sample RUN -o FILE"
        )
    access = make_access(
        host,
        password_file=password_file,
        proxy_header=proxy_header,
        allow_hosts=allow_host or (),
        reviewer=reviewer or _user(),
    )
    drawn = read_sample(sample) if sample is not None else None
    task = Task(second_opinion, new, drawn, blind)
    opened = Run.open(run)
    remark("reading the run …")
    serve(
        opened,
        access,
        host,
        port,
        policy=opened.reflag(policy) if policy is not None else None,
        task=task,
        carried=[decision for source in carry or () for decision in load_decisions(source)],
        say=lambda text: show(text) if text.startswith("http://") else remark(text),
    )


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
