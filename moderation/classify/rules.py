"""House rules: terms to flag or to let pass, authors exempt, other thresholds for a section."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.errors import ConfigError

Bool = npt.NDArray[np.bool_]
ACTIONS: Final = ("flag", "pass", "thresholds")


@dataclass(frozen=True, slots=True)
class Rule:
    """One house rule. It applies to a comment that meets all of the conditions it states.

    Parameters
    ----------
    name : str
        Shown as the reason: `rule:<name>`.
    action : {"flag", "pass", "thresholds"}
        Flag it; take all its flags away; use other thresholds for it.
    terms : tuple of str
        The text holds one of these as whole words, in any case.
    authors : tuple of str
        It was written by one of these, exactly.
    section : str
        Its URL or thread title holds this, in any case.
    thresholds : dict of str to float
        For "thresholds": label to probability.
    """

    name: str
    action: str
    terms: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    section: str = ""
    thresholds: dict[str, float] = field(default_factory=dict)


def read_rules(stated: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return rules from plain values.

    Raises
    ------
    ConfigError
        A rule has an unknown field or action, or no condition.
    """
    return tuple(_rule(number, values) for number, values in enumerate(stated, 1))


def apply_rules(
    rules: Sequence[Rule],
    table: pa.Table,
    above: Bool,
    names: list[str],
    probabilities: Callable[[pa.Table, str], npt.NDArray[np.float32]],
) -> tuple[Bool, list[str]]:
    """Apply rules in their order to the flags that thresholds gave.

    Parameters
    ----------
    rules : sequence of Rule
    table : pyarrow.Table, n rows
    above : ndarray of bool, shape (n, labels)
    names : list of str
        Label of each column of `above`.
    probabilities : callable
        Table and label to float32 values, -inf where not scored.

    Returns
    -------
    tuple of ndarray of bool and list of str
        The same with a column `rule:<name>` for each "flag" rule.
    """
    for rule in rules:
        applies = _applies(rule, table)
        if rule.action == "pass":
            above = above & ~applies[:, None]
        elif rule.action == "flag":
            above = np.column_stack((above, applies))
            names = [*names, f"rule:{rule.name}"]
        else:
            above, names = above.copy(), list(names)
            for label, threshold in rule.thresholds.items():
                if label not in names:
                    above, names = np.column_stack((above, np.zeros(len(above), bool))), [*names, label]
                column = names.index(label)
                flagged = probabilities(table, label) >= np.float32(threshold)
                above[:, column] = np.where(applies, flagged, above[:, column])
    return above, names


def _rule(number: int, values: Mapping[str, Any]) -> Rule:
    known = {f.name for f in fields(Rule)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"rule {number}: unknown field {unknown[0]!r}; known: {', '.join(sorted(known))}")
    rule = Rule(
        str(values.get("name", number)),
        str(values.get("action", "")),
        tuple(values.get("terms", ())),
        tuple(values.get("authors", ())),
        str(values.get("section", "")),
        dict(values.get("thresholds", {})),
    )
    if rule.action not in ACTIONS:
        raise ConfigError(f"rule {rule.name!r}: action must be one of {', '.join(ACTIONS)}")
    if not (rule.terms or rule.authors or rule.section):
        raise ConfigError(f"rule {rule.name!r} needs a condition: terms, authors or section")
    if (rule.action == "thresholds") != bool(rule.thresholds):
        raise ConfigError(f"rule {rule.name!r}: thresholds belong to the action 'thresholds', and only there")
    return rule


def _applies(rule: Rule, table: pa.Table) -> Bool:
    applies = np.ones(table.num_rows, bool)
    if rule.terms:
        words = "|".join(re.escape(term) for term in rule.terms)
        # RE2's \b knows ASCII only, so word edges are spelled out for all letters.
        pattern = rf"(?i)(?:^|[^\pL\pN_])(?:{words})(?:$|[^\pL\pN_])"
        applies &= _boolean(pc.match_substring_regex(table["text"], pattern))
    if rule.authors:
        applies &= _boolean(pc.is_in(_column(table, "author"), pa.array(rule.authors, pa.string())))
    if rule.section:
        found = [
            pc.match_substring(_column(table, name), rule.section, ignore_case=True)
            for name in ("url", "thread_title")
        ]
        applies &= _boolean(found[0]) | _boolean(found[1])
    return applies


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])


def _boolean(values: pa.ChunkedArray) -> Bool:
    result: Bool = pc.fill_null(values, False).to_numpy().astype(bool)
    return result
