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
from moderation.text.plain import Plain

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MOST: Final = 48
"""Pieces that a text is cut into: each costs a run of the graph, some 5 ms. In a longer text neighbouring
words share a piece."""


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
    tokens, ends = model.encoder.tokens_with_places(plain.text)
    # A token that stands for no characters frames the text: it is no word and stays.
    spoken = ends[:, 1] > ends[:, 0]
    begins, ends = ends[:, 0].copy(), ends[:, 1].copy()
    begins[spoken], ends[spoken] = plain.begins[begins[spoken]], plain.ends[ends[spoken] - 1]
    variants, owners = [tokens], []
    for owner, (begin, end) in enumerate(places):
        touched = spoken & (begins < end) & (ends > begin)
        # Words beyond the longest text that the model reads have no token and no say.
        if touched.any():
            variants.append(tokens[~touched])
            owners.append(owner)
    odds = model.calibrated(model.encoder.logits(variants, os.cpu_count() or 1))
    shares = np.zeros((len(places), odds.shape[1]))
    shares[owners] = odds[0] - odds[1:]
    return Occluded(odds[0], shares)
