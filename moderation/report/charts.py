"""Charts as inline SVG of plain shapes: colours come from the page's style, numbers from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup, escape

from moderation.report.safe import displayable, one_line
from moderation.report.wording import number, percent, step

F64 = npt.NDArray[np.float64]

_WIDTH: Final = 720
_LEFT: Final = 52
_NAME: Final = 26
# Characters of a name beside a chart.
_RIGHT: Final = 8


def bar(share: float, low: float | None = None, high: float | None = None) -> Markup:
    """Return a bar of a share of 1, with its interval as a line; decoration beside a printed number."""
    length = 100 * min(max(share, 0.0), 1.0)
    parts = [f'<rect class="bar" y="2" width="{length:.1f}" height="8"/>']
    if low is not None and high is not None:
        begin, end = 100 * max(low, 0.0), 100 * min(high, 1.0)
        parts.append(
            f'<rect class="whisker" x="{begin:.1f}" y="5.5" width="{max(end - begin, 0.3):.1f}" height="1"/>'
        )
    return Markup(
        '<svg class="inline" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" y="2" width="100" height="8"/>{"".join(parts)}</svg>'
    )


def distribution(counts: Sequence[int], threshold: float | None, most: int, name: str) -> Markup:
    """Return the distribution of one label's probabilities, what is flagged in colour.

    Parameters
    ----------
    counts : sequence of int
        Comments per step of probability, from 0 to 1.
    threshold : float or None
        Where flags begin.
    most : int
        Highest count over all labels, so that charts compare.
    name : str
        Id of the element that names the chart.
    """
    width, height, base = 220.0, 84.0, 70.0
    one = width / len(counts)
    shapes = []
    for place, count in enumerate(counts):
        if not count:
            continue
        # Most comments lie near 0: only a logarithm shows the few that matter beside them.
        size = max(1.0, (base - 4) * float(np.log1p(count) / np.log1p(most)))
        left, right = place * one + 0.75, (place + 1) * one - 0.75
        cut = right if threshold is None else min(max(threshold * width, left), right)
        for kind, begin, end in (("bar calm", left, cut), ("bar", cut, right)):
            if end - begin > 0.05:
                shapes.append(_rect(kind, begin, base - size, end - begin, size))
    shapes.append(f'<path class="axis" d="M0 {base} H{width}"/>')
    if threshold is not None:
        at = threshold * width
        shapes.append(f'<path class="threshold" d="M{at:.1f} 0 V{base}"/>')
    for at, text, anchor in ((0, "0", "start"), (width / 2, ".5", "middle"), (width, "1", "end")):
        shapes.append(f'<text x="{at}" y="{height - 1}" text-anchor="{anchor}">{text}</text>')
    return _svg(width, height, shapes, name)


def over_time(frame: pd.DataFrame, unit: str, name: str) -> Markup:
    """Return flagged comments per step of time above, their share with its interval below.

    Parameters
    ----------
    frame : DataFrame
        `Summary.over_time`, at least one row.
    unit : str
        `Summary.unit`.
    name : str
        Id of the element that names the chart.
    """
    flagged = frame["flagged"].to_numpy(np.float64)
    top, base, low_top, low_base = 18.0, 118.0, 158.0, 238.0
    one = (_WIDTH - _LEFT - _RIGHT) / len(frame)
    gap = min(2.0, one / 5)
    highest = _nice(float(flagged.max()))
    shapes = [_caption("Flagged comments", top - 6), *_grid(top, base, number(highest))]
    for place, count in enumerate(flagged):
        if count:
            size = max(1.0, (base - top) * count / highest)
            shapes.append(_rect("bar", _LEFT + place * one + gap / 2, base - size, one - gap, size))
    counted = frame[frame["scored"] > 0]
    ceiling = _ceiling(counted)
    shapes += [_caption("Share of comments flagged, with 95 % interval", low_top - 6)]
    shapes += _grid(low_top, low_base, percent(ceiling))
    scale = (low_base - low_top) / ceiling
    for row in counted.assign(place=np.flatnonzero(frame["scored"] > 0)).to_dict("records"):
        middle = _LEFT + (row["place"] + 0.5) * one
        upper = low_base - min(row["high"], ceiling) * scale
        lower = low_base - row["low"] * scale
        dot = low_base - min(row["rate"], ceiling) * scale
        shapes.append(_rect("whisker", middle - 0.5, upper, 1, max(lower - upper, 0.5)))
        shapes.append(f'<circle class="dot" cx="{middle:.1f}" cy="{dot:.1f}" r="{min(2.6, one / 2):.1f}"/>')
    shapes += _time_axis(frame["start"].tolist(), unit, one, low_base + 15)
    return _svg(_WIDTH, 258, shapes, name)


def rates(rows: Sequence[Mapping[str, Any]], name: str) -> Markup:
    """Return corrected rates as dots with their intervals, one below the other; a line is the share flagged.

    Parameters
    ----------
    rows : sequence of mapping
        name, rate, low, high, flagged; at least one.
    name : str
        Id of the element that names the chart.
    """
    left, one, top = 190.0, 20.0, 10.0
    ceiling = _nice_share(max(max(row["high"], row["flagged"]) for row in rows))
    scale = (_WIDTH - left - 40) / ceiling
    base = top + one * len(rows)
    shapes = [f'<path class="axis" d="M{left} {top} V{base}"/>']
    for place, row in enumerate(rows):
        middle = top + (place + 0.5) * one
        low, high, dot, flagged = (
            left + min(row[key], ceiling) * scale for key in ("low", "high", "rate", "flagged")
        )
        shown = escape(displayable(one_line(str(row["name"]), _NAME)))
        shapes.append(f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{shown}</text>')
        shapes.append(_rect("whisker", low, middle - 0.75, max(high - low, 0.5), 1.5))
        shapes.append(f'<circle class="dot" cx="{dot:.1f}" cy="{middle}" r="3.5"/>')
        shapes.append(f'<path class="threshold" d="M{flagged:.1f} {middle - 7} V{middle + 7}"/>')
    for share, anchor in ((0.0, "start"), (ceiling, "end")):
        at = left + share * scale
        shapes.append(f'<text x="{at:.1f}" y="{base + 14}" text-anchor="{anchor}">{percent(share)}</text>')
    return _svg(_WIDTH, base + 20, shapes, name)


def _ceiling(counted: pd.DataFrame) -> float:
    """Return where the axis of shares ends: a step with few comments must not flatten all others."""
    if counted.empty:
        return 1.0
    usual = counted[counted["scored"] >= counted["scored"].median() / 2]
    return _nice_share(float(max(usual["rate"].max(), usual["high"].median())))


def _time_axis(starts: list[Any], unit: str, one: float, y: float) -> list[str]:
    width = 7.0 * len(step(starts[0], unit)) + 14
    every = max(1, int(np.ceil(width / one)))
    shapes = []
    for place in range(0, len(starts), every):
        x = _LEFT + (place + 0.5) * one
        if x + width / 2 <= _WIDTH or place == 0:
            x = max(x, width / 2)
            shapes.append(
                f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{step(starts[place], unit)}</text>'
            )
    return shapes


def _grid(top: float, base: float, highest: str) -> list[str]:
    return [
        f'<path class="axis" d="M{_LEFT} {base} H{_WIDTH - _RIGHT}"/>',
        f'<path class="grid" d="M{_LEFT} {top} H{_WIDTH - _RIGHT}"/>',
        f'<text x="{_LEFT - 6}" y="{top + 4}" text-anchor="end">{highest}</text>',
        f'<text x="{_LEFT - 6}" y="{base + 4}" text-anchor="end">0</text>',
    ]


def _caption(text: str, y: float) -> str:
    return f'<text class="caption" x="{_LEFT}" y="{y}">{text}</text>'


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'


def _svg(width: float, height: float, shapes: list[str], name: str) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="{name}">'
        f"{''.join(shapes)}</svg>"
    )


def _nice(highest: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … at or above a count."""
    power = 10.0 ** np.floor(np.log10(max(highest, 1)))
    return next(float(power * step) for step in (1, 2, 5, 10) if power * step >= highest)


def _nice_share(highest: float) -> float:
    return min(1.0, _nice(max(highest, 1e-4) * 1e6) / 1e6)
