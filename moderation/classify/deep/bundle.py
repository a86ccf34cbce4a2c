"""Bundles of the second tier on disk: a graph, a tokenizer and JSON, checked by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.errors import ModelError

FORMAT_VERSION: Final = 6
KIND: Final = "deep"
GRAPH: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
NEEDED: Final = (
    "name", "labels", "max_length", "calibration", "fast", "combine", "operating_points", "cascade", "files"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeepBundle:
    """A bundle in memory.

    Parameters
    ----------
    path : Path
        Its folder.
    config : dict
        `labels`, `max_length` (tokens of a part), `calibration`, `fast` (the first tier), `combine` and
        `operating_points` of both tiers together, `cascade`, `digest`, ...
    graph : bytes
        `model.onnx`.
    tokenizer : str
        `tokenizer.json`.
    """

    path: Path
    config: dict[str, Any]
    graph: bytes
    tokenizer: str


def read_deep(folder: Path) -> DeepBundle:
    """Read a bundle and check its digests.

    The graph is held as the bytes that were checked, so that nothing else is loaded in its place.

    Raises
    ------
    ModelError
        A file is missing, damaged, of another kind or of another format version.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}/config.json cannot be read ({error}); install the model again") from error
    if config.get("kind") != KIND:
        raise ModelError(f"{folder} is no second tier; name it as --model, without --tier")
    if config.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{folder} has format version {config.get('format_version')}, this tool reads {FORMAT_VERSION}; "
            "train it again or update the tool"
        )
    lacking = [name for name in NEEDED if name not in config]
    if lacking:
        raise ModelError(f"{folder}/config.json lacks {lacking[0]!r}; install the model again")
    if config.get("digest") != digest(config):
        raise ModelError(f"{folder} is damaged: config.json does not fit its digest; install it again")
    graph, tokenizer = (_checked(folder, name, config["files"]) for name in (GRAPH, TOKENIZER))
    return DeepBundle(folder, config, graph, tokenizer.decode("utf-8"))


def digest(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration without its `digest`, hex; `files` holds those of the files."""
    stated = {key: value for key, value in config.items() if key != "digest"}
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _checked(folder: Path, name: str, digests: Mapping[str, str]) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(f"{folder}/{name} cannot be read ({error}); install the model again") from error
    if hashlib.sha256(data).hexdigest() != digests.get(name):
        raise ModelError(f"{folder}/{name} is damaged: it does not fit its digest; install the model again")
    return data
