"""Serves the review app until it is interrupted."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, suppress
from typing import TYPE_CHECKING, Final

import uvicorn

from moderation.errors import UsageError
from moderation.report.explained import explainer
from moderation.review.access import Access
from moderation.review.app import make_app, open_desk, store_of
from moderation.score.writer import hold

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.decisions.event import Decision
    from moderation.review.desk import Task
    from moderation.score.run import Run


LOCK: Final = ".review.lock"
"""File by which a second server on the same run is kept out: leases live in the memory of one."""


def serve(
    run: Run,
    access: Access,
    host: str,
    port: int,
    *,
    policy: ResolvedPolicy | None = None,
    task: Task | None = None,
    carried: Iterable[Decision] = (),
    say: Callable[[str], None],
) -> None:
    """Serve the review pages of a run.

    Parameters
    ----------
    run : Run
    access : Access
    host : str
        Address to listen on.
    port : int
        0: any that is free.
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.
    task : Task, optional
        What reviewers are to do; default: decide on what is flagged.
    carried : iterable of Decision
        Of other runs: those on comments of this run are taken over.
    say : callable
        Told what goes on: the address at last.

    Raises
    ------
    ModerationError
        Another process serves the run.
    UsageError
        The run has no scores, the sample is not of it, or the address is not free.
    """
    with _alone(run), closing(_listen(host, port)) as listener, store_of(run.path) as store:
        desk = open_desk(run, store, policy, task)
        with desk.index:
            given = list(carried)
            if given:
                say(f"{desk.carry(given):,} of {len(given):,} decisions carried over")
            explain, reason = explainer(run)
            if reason:
                say(reason)
            bound = listener.getsockname()[1]
            app = make_app(
                desk, access, run.path.resolve().name, explain, cookie=f"moderation-review-{bound}"
            )
            say(address(access, host, bound))
            config = uvicorn.Config(
                app, log_level="warning", access_log=False, server_header=False, proxy_headers=False
            )
            # Its log of requests would hold the token.
            _run(uvicorn.Server(config), listener)


def address(access: Access, host: str, port: int) -> str:
    """Return what to open in a browser."""
    shown = access.hosts[-1] if host in ("0.0.0.0", "::") else host
    name = f"[{shown}]" if ":" in shown else shown
    token = f"?token={access.token}" if access.token else ""
    return f"http://{name}:{port}/{token}"


def _alone(run: Run) -> AbstractContextManager[None]:
    taken = (
        f"{run.path} is being reviewed on another server, which alone knows who has which comment; open its "
        "address, or end it"
    )
    return hold(run.path / LOCK, taken)


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until somebody asks for the end, which is then an orderly one: the temporary index goes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error
    return listener
