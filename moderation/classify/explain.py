"""Why a score is what it is: each span's exact share of the log-odds.

The margin is a sum over chunks and pairs of chunks, divided by a norm that counts as fixed, and calibration
is a sigmoid of it. So the shares of the spans and one bias add up to the log-odds; a pair's share is split
evenly between its two chunks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.classify.scorer import Parts

_CHUNK = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text and what it adds to each label.

    Parameters
    ----------
    begin, end : int
        Characters `text[begin:end]`, counted in code points.
    shares : dict of str to float
        What it adds to the log-odds of each label.
    """

    begin: int
    end: int
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The scores of one text, taken apart.

    `log(p / (1 - p)) == bias + sum of the spans' shares` for each label.

    Parameters
    ----------
    text : str
    probabilities : dict of str to float
        Calibrated, in [0, 1].
    bias : dict of str to float
        Log-odds of a text without any known feature.
    spans : list of Span
        In reading order.
    tier : {"fast", "deep"}
        Which tier decided. Shares of the second one are found by leaving words out, and the bias then holds
        what no word accounts for alone.
    """

    text: str
    probabilities: dict[str, float]
    bias: dict[str, float]
    spans: list[Span]
    tier: str = "fast"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values; each span with its own text."""
        return {
            "text": self.text,
            "probabilities": self.probabilities,
            "bias": self.bias,
            "spans": [
                {"begin": s.begin, "end": s.end, "text": self.text[s.begin : s.end], "shares": s.shares}
                for s in self.spans
            ],
            "tier": self.tier,
        }

    def strongest(self, label: str, count: int = 5) -> list[Span]:
        """Return the spans that add most to a label, strongest first; only those that add something."""
        adding = [span for span in self.spans if span.shares[label] > 0]
        return sorted(adding, key=lambda span: -span.shares[label])[:count]


def explanation(
    text: str, parts: Parts, slope: npt.NDArray[np.float64], bias: Mapping[str, float]
) -> Explanation:
    """Join what a scorer found in a text with its calibration.

    Parameters
    ----------
    text : str
    parts : Parts
        From `Scorer.take_apart`.
    slope : ndarray of float64, shape (labels,)
        Log-odds per unit of margin.
    bias : mapping of str to float
        Label to log-odds at margin 0, in the order of the model's labels.
    """
    labels = list(bias)
    shares = parts.tokens * slope
    half = parts.links * slope / 2
    np.add.at(shares, parts.ends[:, 0], half)
    np.add.at(shares, parts.ends[:, 1], half)
    total = shares.sum(axis=0)
    chunks = [match.span() for match in _CHUNK.finditer(text)]
    spans = [
        Span(chunks[first][0], chunks[last][1], dict(zip(labels, map(float, row), strict=True)))
        for first, last, row in zip(parts.first, parts.last, shares, strict=True)
    ]
    odds = {label: bias[label] + float(sum_) for label, sum_ in zip(labels, total, strict=True)}
    probabilities = {label: _sigmoid(value) for label, value in odds.items()}
    return Explanation(text, probabilities, dict(bias), spans)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
