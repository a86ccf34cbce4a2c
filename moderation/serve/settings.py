"""What a server is started with; plain values, so that worker processes can be handed them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCALES: Final = ("own", "perspective")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the answers of a server depend on.

    Parameters
    ----------
    model : str
        Name or folder of a bundle.
    tier : {"fast", "cascade", "deep"} or None
        None: what the policy file states, or else the model alone, whatever is installed.
    policy : Path or None
        Thresholds for the flags of `/v1/score`; None: the model's own.
    keys : Path or None
        File of accepted keys, one a line; None: every key is accepted, and none is needed.
    decisions : str or None
        Path or SQLAlchemy URL of the store that suggestions go to; None: they are answered and forgotten.
    scale : {"own", "perspective"}
    origins : tuple of str
        Origins whose pages may read the answers; "*" for all.
    max_queue : int
        Texts that may wait to be scored, per worker; more are answered with 429.
    body_seconds : float
        How long a client may take to send a body, or the next part of a stream.
    """

    model: str = "fast"
    tier: str | None = None
    policy: Path | None = None
    keys: Path | None = None
    decisions: str | None = None
    scale: str = "own"
    origins: tuple[str, ...] = ()
    max_queue: int = 1024
    body_seconds: float = 10.0
