"""Groups of options: a data class whose fields are options, which several commands take as one value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command as the terminal sees it: with the options of each group instead of the group.

    Parameters
    ----------
    command : callable
        A command; a parameter annotated with a data class stands for the fields of that class.

    Returns
    -------
    callable
        The same command, which takes every option by its name and makes the groups itself.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type[Any]] = {
        name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)
    }

    @wraps(command)
    def shown(**given: Any) -> None:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        command(**given, **made)

    parameters = [
        option
        for name, parameter in inspect.signature(command).parameters.items()
        for option in (
            _options(groups[name]) if name in groups else [_named(name, hints[name], parameter.default)]
        )
    ]
    shown.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    shown.__annotations__ = {option.name: option.annotation for option in parameters}
    return shown


def _options(group: type[Any]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield _named(field.name, hints[field.name], _default(field))


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _named(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
