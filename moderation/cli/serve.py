"""`serve`: scores over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli import options
from moderation.cli.console import remark
from moderation.errors import UsageError

NO_STORE = "none"


Host = Annotated[
    str, typer.Option("--host", metavar="HOST", help="Address to listen at; 0.0.0.0 for all of them.")
]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=1, max=65535)]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help="Accept only the keys in this file, one a line. Default: any key, and none.",
        show_default=False,
    ),
]
Decisions = Annotated[
    str,
    typer.Option(
        "--decisions",
        metavar="PATH|URL",
        help="Where suggested scores are kept as decisions: a file, a database, or none.",
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        "--scale",
        metavar="own|perspective",
        help="Values as this model's probabilities, or mapped to the Perspective API's distribution.",
    ),
]
Cors = Annotated[
    list[str] | None,
    typer.Option(
        "--cors",
        metavar="ORIGIN",
        help="Pages of this origin may ask, such as https://example.org; * for all. Repeatable.",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", metavar="N", min=1, help="Processes; each loads the model.")
]
MaxQueue = Annotated[
    int,
    typer.Option(
        "--max-queue",
        metavar="N",
        min=1,
        help="Texts that may wait to be scored, per process; what is beyond them is answered with 429.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    model: options.Model = "fast",
    tier: options.Tier = None,
    policy: options.Policy = None,
    keys: Keys = None,
    decisions: Decisions = "decisions.sqlite",
    scale: Scale = "own",
    cors: Cors = None,
    workers: Workers = 1,
    max_queue: MaxQueue = 1024,
    quiet: options.Quiet = False,
) -> None:
    """Answer as the Perspective API did, and score batches, over HTTP; for one's own machine.

    Clients of the Perspective API change one address. Nothing that is scored is stored.
    """
    from moderation.serve.settings import SCALES, Settings

    if scale not in SCALES:
        raise UsageError(f"--scale {scale}: choose from {', '.join(SCALES)}")
    try:
        from moderation.serve.server import run_server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"serving needs {error.name}, which is not installed: pip install 'moderation[serve]'"
        ) from error
    settings = Settings(
        model=model,
        tier=tier,
        policy=policy,
        keys=keys,
        decisions=None if decisions == NO_STORE else decisions,
        scale=scale,
        origins=tuple(cors or ()),
        max_queue=max_queue,
    )
    if not quiet:
        shown = f"[{host}]" if ":" in host else host
        remark(f"serving at http://{shown}:{port}/ until interrupted")
    run_server(settings, host, port, workers)
