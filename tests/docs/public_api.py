"""The public names with their signatures, one a line: what `tests/docs/public_api.txt` keeps."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("public_api.txt")
MODULES = {
    "moderation": ("Model", "Run", "load_model", "read_comments", "scan"),
    "moderation.classify.explain": ("Explanation", "Span"),
    "moderation.decisions.event": ("Decision",),
    "moderation.decisions.exchange": ("read_decisions", "write_decisions"),
    "moderation.decisions.store": ("DecisionStore",),
    "moderation.errors": ("ConfigError", "DataError", "ModelError", "ModerationError", "UsageError"),
    "moderation.ingest.base": ("Format",),
    "moderation.ingest.reader": ("ingest",),
    "moderation.schema": ("LABELS", "from_pandas", "scored_schema", "to_pandas"),
    "moderation.text.vectorizer": ("ChunkVectorizer",),
    "moderation.train.corpora": ("load_corpora", "load_corpus"),
}
"""What is stable, by the module to import it from. `docs/api.md` says what that means."""


def lines() -> Iterator[str]:
    """Yield each public name with its signature, and those of the members of public classes."""
    for module, names in MODULES.items():
        for name in names:
            found = getattr(import_module(module), name)
            yield from _described(f"{module}.{name}", found)


def _described(name: str, found: object) -> Iterator[str]:
    if inspect.isclass(found):
        bases = ", ".join(base.__name__ for base in found.__bases__ if base is not object)
        yield f"{name}{_parameters(found)}{f' is a {bases}' if bases else ''}"
        if issubclass(found, enum.Enum | Exception):
            return
        for member, value in vars(found).items():
            if member.startswith("_") or inspect.ismemberdescriptor(value):
                continue
            if isinstance(value, classmethod | staticmethod):
                yield f"{name}.{member}{_parameters(value.__func__)}"
            elif inspect.isfunction(value):
                yield f"{name}.{member}{_parameters(value)}"
            else:
                yield f"{name}.{member}"
    elif callable(found):
        yield f"{name}{_parameters(found)}"
    else:
        yield f"{name} = {found!r}"


def _parameters(found: object) -> str:
    """Return names, kinds and defaults; the wording of types is left to the type checker."""
    try:
        signature = inspect.signature(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(lines()) + "\n", "utf-8")
