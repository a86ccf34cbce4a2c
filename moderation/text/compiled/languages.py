"""Languages of texts in machine code: the loops of `classify.langid`. Results are the same, bit for bit."""

from __future__ import annotations

from typing import Final

import numpy as np

from moderation.text.compiled.shared import entry, fetch, log_of, mix_one, u64

SOURCES: Final = "ee6facb735e66cd0"
"""Digest of the file that this one is compiled with, so that it changes when that does; see the tests."""


@entry
def grams(data, edges, one_byte, two_bytes, places, hashes, features, found):
    """Find the longest n-gram of a language's table that ends at each byte.

    Parameters
    ----------
    data, edges : ndarray
        Bytes of texts; where they begin and end.
    one_byte, two_bytes : ndarray of int32
        Rows of the shortest n-grams, by their bytes.
    places, hashes : ndarray
        Of the table's index.
    features : ndarray of int32, shape (rows,)
    found : ndarray of int32, shape (bytes,)
        Gets the feature, -1 where there is none.
    """
    bits, one, two = log_of(len(places)), u64(1), u64(2)
    shift, mask, step = u64(64) - bits, u64(len(places) - 1), u64(0x9E3779B97F4A7C15)
    for at in range(len(found)):
        found[at] = 0
    for text in range(len(edges) - 1):
        stop = u64(edges[text + 1])
        for start in range(u64(edges[text]), stop):
            key, at = u64(0), start
            while at < stop:
                key, size = (key << u64(8)) | u64(data[at]), at - start + one
                if size == one:
                    row = u64(one_byte[key])
                elif size == two:
                    row = u64(two_bytes[key])
                else:
                    mixed = mix_one(key | (size << u64(56)), step)
                    place = mixed >> shift
                    row = u64(places[place])
                    while row and hashes[row] != mixed:
                        place = (place + one) & mask
                        row = u64(places[place])
                if row == u64(0):
                    break
                # What begins earlier is longer.
                if found[at] == 0:
                    found[at] = row
                at += one
    for at in range(len(found)):
        found[at] = features[found[at]]


@entry
def weigh(features, edges, ends, columns, gains, whole, table, least, logs, counts, step, scores):
    """Add up what the n-grams of texts say of each language.

    Parameters
    ----------
    features, edges : ndarray
        Features of texts; where each text's begin and end.
    ends, columns, gains, whole, table, least : ndarray
        As in `langid.Tables`; `table` is its `rows`.
    logs : ndarray of float32
        What a feature counts for that occurs so many times.
    counts : ndarray of int32
        Scratch, a zero per feature of the table; zeros again afterwards.
    step : float
        Value of one step of a gain.
    scores : ndarray of float64, shape (n, classes)
        Zeros, gets the sums.
    """
    one, classes = u64(1), u64(len(least))
    for text in range(u64(len(edges) - 1)):
        first, stop, sums, every = u64(edges[text]), u64(edges[text + one]), scores[text], 0.0
        for at in range(first, stop):
            feature = u64(features[at])
            counts[feature] += 1
            row = whole[feature]
            if row >= 0:
                for line in range(u64(0), classes, u64(32)):
                    fetch(table[row], line)
            else:
                begin = u64(ends[feature])
                fetch(columns, begin)
                fetch(gains, begin)
        for at in range(first, stop):
            feature = u64(features[at])
            if counts[feature]:
                times = np.float64(logs[counts[feature]])
                counts[feature] = 0
                every += times
                row = whole[feature]
                if row >= 0:
                    for column in range(classes):
                        sums[column] += times * table[row, column]
                else:
                    for place in range(u64(ends[feature]), u64(ends[feature + one])):
                        sums[u64(columns[place])] += times * gains[place]
        for column in range(classes):
            sums[column] = sums[column] * step + every * least[column]
