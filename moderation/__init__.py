"""Turn any comment dump into a moderated thread.

>>> import moderation
>>> model = moderation.load_model()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Model", "Run", "__version__", "load_model", "read_comments", "scan"]

if TYPE_CHECKING:
    from moderation.classify.model import Model, load_model
    from moderation.ingest.reader import read_comments
    from moderation.score.engine import scan
    from moderation.score.run import Run

_HOMES = {
    "Model": "moderation.classify.model",
    "load_model": "moderation.classify.model",
    "read_comments": "moderation.ingest.reader",
    "scan": "moderation.score.engine",
    "Run": "moderation.score.run",
}


def __getattr__(name: str) -> Any:
    # Heavy libraries load with the first name that needs them, so that `moderation --help` stays quick.
    if name not in _HOMES:
        raise AttributeError(f"module 'moderation' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
