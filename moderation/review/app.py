"""The review app put together: a run, its store, the desk, the pages, the guard before them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from moderation.decisions.store import STORE_FILE, DecisionStore
from moderation.errors import UsageError
from moderation.report.summary import policy_digest
from moderation.review.access import Access
from moderation.review.acts import Acts
from moderation.review.cards import Cards
from moderation.review.desk import Desk, Scored, Task
from moderation.review.guard import Guard
from moderation.review.index import Index

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run


def open_desk(
    run: Run, store: DecisionStore, policy: ResolvedPolicy | None = None, task: Task | None = None
) -> Desk:
    """Return the desk of a run; its index lies in a temporary folder until it is closed.

    Raises
    ------
    UsageError
        The run has no scores, or the sample is not of this run.
    """
    policy = policy or run.policy
    model = run.manifest["model"]
    if policy is None or model is None:
        raise UsageError(f"{run.path} was not scored; score it with: moderation scan")
    scored = Scored(f"{model['name']}@{model['digest']}", policy, policy_digest(policy))
    index = Index(run, policy)
    try:
        return Desk(index, store, scored, task)
    except BaseException:
        index.close()
        raise


def store_of(run: Path) -> DecisionStore:
    """Open the store of decisions beside a run."""
    return DecisionStore(run / STORE_FILE)


def make_app(
    desk: Desk,
    access: Access,
    name: str,
    explain: Callable[[str], Explanation] | None = None,
    cookie: str = "moderation-review",
) -> Starlette:
    """Return the app.

    Parameters
    ----------
    desk : Desk
    access : Access
    name : str
        Of the run.
    explain : callable, optional
        Text to explanation, for highlights.
    cookie : str
        Name of the session's cookie; browsers share cookies between the ports of a host.
    """
    handlers = Acts(desk, Cards(desk, explain), access, name, cookie)
    return Starlette(routes=_routes(handlers), middleware=[Middleware(Guard, access=access, cookie=cookie)])


def _routes(handlers: Acts) -> list[Route]:
    """Return the addresses and who answers them."""
    shown = {
        "/": handlers.home,
        "/work": handlers.work,
        "/comment/{row:int}": handlers.comment,
        "/context/{row:int}": handlers.context,
        "/bulk": handlers.bulk,
        "/log": handlers.log,
        "/name": handlers.name,
        "/login": handlers.login,
        "/assets/{name}": handlers.assets,
        # Browsers ask for it, whatever a page says.
        "/favicon.ico": lambda _: Response(status_code=204),
    }
    done = {
        "/decide": handlers.decide,
        "/undo": handlers.undo,
        "/bulk": handlers.decide_all,
        "/keep": handlers.keep,
        "/release": handlers.release,
        "/name": handlers.take_name,
        "/login": handlers.let_in,
    }
    routes = [Route(path, handlers.answered(handler)) for path, handler in shown.items()]
    return routes + [
        Route(path, handlers.answered(handler), methods=["POST"]) for path, handler in done.items()
    ]
