"""Why the second tier decides as it does: what happens to its log-odds when a word is taken away.

Occlusion (Zeiler and Fergus, 2014, "Visualizing and understanding convolutional networks", section 4.2), for
words as Li, Monroe and Jurafsky (2016, "Understanding neural networks through representation erasure") do
it: a word's share is the log-odds with all words less the log-odds without it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.classify.deep.model import DeepModel
from moderation.classify.deep.parts import joined
from moderation.text.plain import Plain

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MOST: Final = 48
"""Pieces that a text is cut into: each costs a run of the graph, some 5 ms, or two where parts overlap. In a
longer text neighbouring words share a piece."""


@dataclass(frozen=True, slots=True)
class Occluded:
    """What pieces of a text add to the second tier's log-odds.

    Parameters
    ----------
    whole : ndarray of float64, shape (labels,)
        Log-odds of the whole text.
    shares : ndarray of float64, shape (pieces, labels)
    """

    whole: F64
    shares: F64


def pieces(places: Sequence[tuple[int, int]]) -> list[slice]:
    """Return which words, given by their places, are taken away together: at most `MOST` groups."""
    edges = np.linspace(0, len(places), min(len(places), MOST) + 1).round().astype(int)
    return [slice(first, last) for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]


def occlude(model: DeepModel, plain: Plain, places: Sequence[tuple[int, int]]) -> Occluded:
    """Take pieces of a text away, one at a time.

    Parameters
    ----------
    model : DeepModel
    plain : Plain
        The text as the model reads it.
    places : sequence of (int, int)
        Characters of the original text from `begin` to `end` of each piece, in reading order.
    """
    variants: list[list[I64]] = []
    owners: list[tuple[int, int]] = []
    parts = model.encoder.tokens_with_places(plain.text)
    for part, (tokens, ends) in enumerate(parts):
        # A token that stands for no characters frames the text: it is no word and stays.
        spoken = ends[:, 1] > ends[:, 0]
        begins, ends = ends[:, 0].copy(), ends[:, 1].copy()
        begins[spoken], ends[spoken] = plain.begins[begins[spoken]], plain.ends[ends[spoken] - 1]
        for owner, (begin, end) in enumerate(places):
            touched = spoken & (begins < end) & (ends > begin)
            # Words in other parts have no say in this one, those behind the last part none at all.
            if touched.any():
                variants.append([tokens[~touched]])
                owners.append((owner, part))
    found = model.encoder.logits([[tokens] for tokens, _ in parts] + variants, os.cpu_count() or 1)
    whole = found[: len(parts)]
    # Without a piece, the parts that it is in say something else.
    without = np.repeat(whole[None], len(places), axis=0)
    for (owner, part), row in zip(owners, found[len(parts) :], strict=True):
        without[owner, part] = row
    odds = model.calibrated(joined(whole))
    return Occluded(odds, odds - model.calibrated(joined(without, axis=1)))
