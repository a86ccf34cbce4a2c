"""`run.json`: what a run was made from, and whether a directory may be gone on with."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from moderation import __version__
from moderation.errors import DataError, ModelError, UsageError
from moderation.score.accounting import Accounting
from moderation.score.run import FORMAT_VERSION, read_manifest
from moderation.score.split import InputFacts
from moderation.score.writer import MANIFEST, write_manifest

SAVE_EVERY: Final = 2.0
"""Seconds between rewrites of `run.json` while parts come in: the parts themselves say that they are done."""


class Manifest:
    """The manifest of a run that is being written.

    Parameters
    ----------
    run : Path
        The run directory.
    model : mapping or None
        As `run.json` holds it; None for a run without scores.
    options : mapping
        Everything else that rows depend on.
    inputs : list of InputFacts
        The inputs, completed while they are read.
    """

    def __init__(
        self,
        run: Path,
        model: Mapping[str, Any] | None,
        options: Mapping[str, Any],
        inputs: list[InputFacts],
    ) -> None:
        self.run = run
        self.inputs = inputs
        self.values: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "tool": {"name": "moderation", "version": __version__},
            "model": dict(model) if model is not None else None,
            "policy": None,
            "options": dict(options),
            "inputs": [],
            "accounting": Accounting().to_dict(),
            "parts": [],
            "state": "running",
            "created": _now(),
            "finished": None,
        }
        self._saved = 0.0

    def begin(self) -> str:
        """Take up what the directory holds: nothing, an unfinished run of this command, or a finished one.

        Returns
        -------
        {"new", "resumed", "finished"}
            What was found.

        Raises
        ------
        UsageError
            The directory holds something else, or a run of another command.
        DataError
            An input has changed since the run was begun.
        ModelError
            The run was begun with another model.
        """
        if not (self.run / MANIFEST).exists():
            strange = [path.name for path in self.run.iterdir() if path.name not in (".lock", "tmp")]
            if strange:
                raise UsageError(
                    f"{self.run} is no run and not empty (it holds {strange[0]}); give a new directory as -o"
                )
            self.save()
            return "new"
        stored = read_manifest(self.run)
        self._check(stored)
        self.values["created"] = stored["created"]
        if stored["state"] == "finished":
            return "finished"
        if any(entry["name"] == "standard input" for entry in stored["inputs"]):
            raise UsageError(
                f"{self.run} holds an unfinished run from standard input, which cannot be read twice; "
                "delete it, or give another -o"
            )
        return "resumed"

    def save(self, parts: Mapping[int, Accounting] | None = None) -> None:
        """Rewrite `run.json`, with the counts of the parts so far."""
        if parts is not None:
            total = Accounting()
            for counts in parts.values():
                total.add(counts)
            self.values["accounting"] = total.to_dict()
        self.values["inputs"] = [facts.to_dict() for facts in self.inputs]
        write_manifest(self.run, self.values)
        self._saved = time.monotonic()

    def save_now_and_then(self, parts: Mapping[int, Accounting]) -> bool:
        """Rewrite `run.json` unless that was done just now; tell whether it was."""
        due = time.monotonic() - self._saved >= SAVE_EVERY
        if due:
            self.save(parts)
        return due

    def close(self, parts: Sequence[Mapping[str, Any]], total: Accounting) -> None:
        """Declare the run finished."""
        self.values |= {
            "parts": list(parts),
            "accounting": total.to_dict(),
            "state": "finished",
            "finished": _now(),
        }
        self.save()

    def _check(self, stored: Mapping[str, Any]) -> None:
        self._check_options(stored["options"])
        self._check_model(stored["model"])
        names = [facts.name for facts in self.inputs]
        if names != [entry["name"] for entry in stored["inputs"]]:
            raise UsageError(f"{self.run} holds a run over other inputs; give another -o")
        for facts, entry in zip(self.inputs, stored["inputs"], strict=True):
            if not facts.same_file(entry):
                raise DataError(
                    f"{facts.name} has changed since {self.run} was begun; "
                    "put the old file back, or give another -o"
                )

    def _check_options(self, stored: Mapping[str, Any]) -> None:
        for name in sorted({*self.values["options"], *stored}):
            mine, theirs = self.values["options"].get(name), stored.get(name)
            if mine != theirs:
                raise UsageError(
                    f"{self.run} was begun with another {name} ({_plain(theirs)}, now {_plain(mine)}); "
                    "use the same, or give another -o"
                )

    def _check_model(self, stored: Mapping[str, Any] | None) -> None:
        mine = self.values["model"]
        if (mine or {}).get("digest") != (stored or {}).get("digest"):
            raise ModelError(
                f"{self.run} was begun with {_named(stored)}, this is {_named(mine)}; "
                "use the same model, or give another -o"
            )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    return ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)


def _named(model: Mapping[str, Any] | None) -> str:
    return f"model {model['name']} ({model['digest'][:12]})" if model else "no model"
