"""Which of our labels answers for which attribute of the Perspective API."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from moderation.serve.errors import refused

_LABELS: Final = {
    "TOXICITY": "abusive",
    "SEVERE_TOXICITY": "severe",
    "INSULT": "insult",
    "THREAT": "threat",
    "IDENTITY_ATTACK": "identity_attack",
    "PROFANITY": "obscene",
    "SEXUALLY_EXPLICIT": "sexually_explicit",
}
_EXPERIMENTAL: Final = (
    "TOXICITY",
    "SEVERE_TOXICITY",
    "INSULT",
    "THREAT",
    "IDENTITY_ATTACK",
    "PROFANITY",
)
# The original had a second model of these, which is asked for the same thing.

ATTRIBUTES: Final[dict[str, str]] = {
    **_LABELS,
    **{f"{name}_EXPERIMENTAL": _LABELS[name] for name in _EXPERIMENTAL},
    "OBSCENE": "obscene",
    "CONSPIRACY": "conspiracy",
}
"""Attribute to label. CONSPIRACY is ours alone; what is not here is refused, never made up."""

SCALED: Final = {label: name for name, label in _LABELS.items()}
"""Label to the attribute whose published scores `--scale perspective` follows."""


def labels_of(names: Iterable[str], known: Container[str]) -> dict[str, str]:
    """Return the label of each attribute.

    Parameters
    ----------
    names : iterable of str
        Attributes as a client wrote them.
    known : container of str
        Labels of the model.

    Raises
    ------
    ApiError
        One of them is not an attribute of ours; the message names it.
    """
    found = {}
    for name in names:
        label = ATTRIBUTES.get(name)
        if label is None or label not in known:
            raise refused(f"Unknown requested attribute: {name[:100]}")
        found[name] = label
    return found
