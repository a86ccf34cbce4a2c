"""A batch of texts in machine code: `tokens`, `features`, `innocent` and `classify.scorer` in loops.

Only ASCII chunks are analysed here, and only those of which it is certain what the word behind them is; the
others are left to the arrays. Results are the same, bit for bit. numba keeps what it has compiled until this
file changes and looks at no other; what other modules define is handed over (`Tables`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from moderation.text.compiled.chunk import add_features, analysed
from moderation.text.compiled.shared import (
    SPELLED,
    WAITS,
    apart,
    entry,
    fetch,
    inlined,
    knows,
    log_of,
    mix_one,
    u64,
)

SOURCES: Final = "1bc61052d602f113"
"""Digest of the files that this one is compiled with, so that it changes when they do; see the tests."""


@inlined
def white(data, at, stop):
    """Return the bytes of the white space that begins here, 0 if none does; see `tokens`."""
    lead = data[at]
    if lead <= 0x20:
        return u64(1) if lead == 0x20 or 0x09 <= lead <= 0x0D or lead >= 0x1C else u64(0)
    if lead < 0xC2 or lead > 0xE3 or at + u64(1) >= stop:
        return u64(0)
    second = data[at + u64(1)]
    if lead == 0xC2:
        return u64(2) if second == 0x85 or second == 0xA0 else u64(0)
    if lead < 0xE1 or at + u64(2) >= stop:
        return u64(0)
    third = data[at + u64(2)]
    if lead == 0xE1:
        wide = second == 0x9A and third == 0x80
    elif lead == 0xE3:
        wide = second == 0x80 and third == 0x80
    elif second == 0x80:
        wide = third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF
    else:
        wide = second == 0x81 and third == 0x9F
    return u64(3) if wide else u64(0)


@inlined
def cut(data, at, stop, tables, borders, sums):
    """Find where chunks begin and end, and the sum of powers of all bytes before each border.

    Nothing is asked of a byte that has two answers in turn, for the answer would be guessed wrong at the borders
    of most chunks, which costs as much as five bytes. Returns the number of borders.
    """
    kinds, powers, one = tables.white, tables.powers, u64(1)
    count, place, total, outside = u64(0), u64(0), u64(0), one
    while at < stop:
        code = data[at]
        kind = u64(kinds[code])
        if kind > one:
            kind = u64(0)
            wide = white(data, at, stop)
            if wide:
                borders[count], sums[count] = at, total
                count += one ^ outside
                outside = one
                at += wide
                place += wide
                continue
        borders[count], sums[count] = at, total
        count += kind ^ outside
        outside = kind
        total += u64(code) * powers[place]
        at += one
        place += one
    borders[count], sums[count] = at, total
    return count + (one ^ outside)


@inlined
def cut_long(data, at, stop, tables, borders, wanted):
    """Find and hash the chunks of a text for whose bytes there are not enough powers; return their number."""
    chunks, one = u64(0), u64(1)
    while True:
        while at < stop:
            wide = white(data, at, stop)
            if wide == u64(0):
                break
            at += wide
        if at == stop:
            return chunks
        begin, total, power = at, u64(0), one
        while at < stop and white(data, at, stop) == u64(0):
            total += u64(data[at]) * power
            power *= tables.powers[1]
            at += one
        borders[u64(2) * chunks], borders[u64(2) * chunks + one] = begin, at
        wanted[chunks] = total
        chunks += one


@apart
def spells(numbers, stop, single, tables, letters):
    """Tell whether letters that stand one by one, as many as these before `stop`, end in a known word."""
    for size in range(u64(tables.limits[2]), u64(min(single, tables.limits[7])) + u64(1)):
        total = u64(0)
        for place in range(size):
            letter = letters[u64(numbers[stop - size + place])]
            total += u64(letter) * tables.powers[place]
        if knows(tables.vocabulary, mix_one(total, tables.steps[tables.spaces[0]])):
            return True
    return False


@apart
def sum_up(numbers, begin, end, tables, memory, scratch, totals):
    """Write the sums over the rows and pairs of a text's chunks; tell whether they spell a word."""
    rows, marks, letters = memory.rows, memory.marks, memory.letters
    pairs, sums = scratch.wanted, scratch.sums
    labels, last = tables.limits[3], u64(marks.shape[1] - 1)
    sums[:] = 0
    single, spelled = 0, False
    for at in range(u64(begin), u64(end)):
        row = u64(numbers[at])
        for block in range(u64(0), u64(labels + 4), u64(4)):
            for place in range(block, block + u64(4)):
                sums[place] += rows[row, place]
        single = single + 1 if rows[row, labels + 1] == 1 and letters[row] else 0
        if single >= tables.limits[2] and not spelled:
            spelled = spells(numbers, at + u64(1), single, tables, letters)
    shift, count = u64(64) - log_of(len(tables.tags)), u64(0)
    for gap in (1, 2):
        if tables.limits[3 + gap]:
            step = tables.steps[tables.spaces[2 + gap]]
            for at in range(u64(begin), u64(max(end - gap, begin))):
                first, second = u64(numbers[at]), u64(numbers[at + u64(gap)])
                pair = mix_one(marks[first, last] * tables.factors[1] + marks[second, last], step)
                pairs[count] = pair
                count += u64(1)
                fetch(tables.tags, pair >> shift)
    add_features(pairs, count, tables, scratch.buckets, sums)
    for place in range(len(totals)):
        totals[place] = sums[place]
    return spelled


@entry
def resolve(data, edges, first, tables, memory, scratch, numbers, offsets, left, totals, states):
    """Sum the features of each text; analyse the chunks that have no row in the memo.

    Parameters
    ----------
    data, edges : ndarray
        UTF-8 bytes; where the texts begin and end in it.
    first : int
        The first text looked at.
    tables, memory, scratch
    numbers : ndarray of int32
        Gets the rows of the chunks of text `first` and later ones.
    offsets : ndarray of int64
        Gets where the texts' chunks begin in it; `offsets[first]` is 0.
    left : ndarray of int64, shape (k, 3)
        Gets the row, first byte and end of chunks that are not analysed here.
    totals : ndarray of float64, shape (n, labels + 4)
        Gets the sums.
    states : ndarray of uint8, shape (n,)
        Gets `SPELLED` for texts whose letters spell a word, `WAITS` for those that have such chunks.

    Returns
    -------
    text, rest : int
        The first text that was not done, for want of room in the memo or in `left`; and the number of chunks
        left.
    """
    places, again, marks = memory.places, memory.again, memory.marks
    bits = log_of(len(places))
    shift, mask, one = u64(64) - bits, u64(len(places) - 1), u64(1)
    step, factor, two = tables.steps[0], tables.factors[0], u64(2)
    hash_at, letters_at = u64(marks.shape[1] - 2), tables.limits[3] + 1
    borders, wanted = scratch.borders, scratch.wanted
    filled, rest = 0, 0
    offsets[first] = 0
    for text in range(first, len(edges) - 1):
        start, stop = u64(edges[text]), u64(edges[text + 1])
        if stop - start < u64(len(tables.inverses)):
            chunks = cut(data, start, stop, tables, borders, wanted) >> one
            for chunk in range(chunks):
                total = wanted[two * chunk + one] - wanted[two * chunk]
                wanted[chunk] = total * tables.inverses[borders[two * chunk] - start]
        else:
            chunks = cut_long(data, start, stop, tables, borders, wanted)
        for chunk in range(chunks):
            size = borders[two * chunk + one] - borders[two * chunk]
            mixed = max(mix_one(wanted[chunk] + size * factor, step), one)
            fetch(places, mixed >> shift)
            wanted[chunk] = mixed
        for chunk in range(chunks):
            fetch(marks, u64(places[wanted[chunk] >> shift]))
        waits = False
        for chunk in range(chunks):
            place = wanted[chunk] >> shift
            row = u64(places[place])
            while row and marks[row, hash_at] != wanted[chunk]:
                place = (place + one) & mask
                row = u64(places[place])
            if row:
                again[row] = True
            else:
                if memory.count[0] == len(marks) or rest == len(left):
                    return text, rest
                row = u64(memory.count[0])
                memory.count[0] += 1
                places[place], marks[row, hash_at] = row, wanted[chunk]
                begin, end = borders[two * chunk], borders[two * chunk + one]
                if not analysed(data, begin, end, row, tables, memory, scratch):
                    left[rest, 0], left[rest, 1], left[rest, 2] = row, begin, end
                    memory.rows[row, letters_at] = -1
                    rest += 1
            waits |= memory.rows[row, letters_at] < 0
            numbers[filled + chunk] = row
        before = filled
        filled += np.int64(chunks)
        offsets[text + 1] = filled
        states[text] = WAITS
        if not waits:
            found = sum_up(numbers, before, filled, tables, memory, scratch, totals[text])
            states[text] = SPELLED if found else 0
    return len(edges) - 1, rest


@entry
def add_up(numbers, offsets, first, stop, tables, memory, scratch, totals, states):
    """Sum the features of texts that wait, all of whose chunks have been analysed by now.

    Parameters
    ----------
    numbers, offsets : ndarray
        As `resolve` left them.
    first, stop : int
        Texts looked at.
    tables, memory, scratch, totals, states
    """
    for text in range(first, stop):
        if states[text] == WAITS:
            begin, end = offsets[text], offsets[text + 1]
            found = sum_up(numbers, begin, end, tables, memory, scratch, totals[text])
            states[text] = SPELLED if found else 0


@entry
def grams(data, edges, one_byte, two_bytes, places, hashes, features, found):
    """Find the longest n-gram of a language's table that ends at each byte, see `classify.langid`.

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
def weigh(features, edges, ends, columns, stored, halves, least, logs, row, scores):
    """Add up what the n-grams of texts say of each language, see `classify.langid`.

    Parameters
    ----------
    features, edges : ndarray
        Features of texts, in any order, which is changed; where each text's begin and end.
    ends, columns, stored, least : ndarray
        Of the table; the weights, of two bytes each, as they are stored.
    halves : ndarray of float32, shape (65536,)
        Values of all that two bytes can hold.
    logs : ndarray of float32
        What a feature counts for that occurs so many times.
    row : ndarray of float32, shape (classes,)
        Scratch.
    scores : ndarray of float32, shape (n, classes)
        Gets the sums, of features in ascending order.
    """
    one, classes = u64(1), u64(len(least))
    for text in range(u64(len(edges) - 1)):
        first, stop, sums = u64(edges[text]), u64(edges[text + one]), scores[text]
        for at in range(first, stop):
            feature, to = features[at], at
            begin = u64(ends[feature])
            fetch(columns, begin)
            fetch(stored, begin)
            fetch(stored, begin + u64(32))
            while to > first and features[to - one] > feature:
                features[to] = features[to - one]
                to -= one
            features[to] = feature
        at = first
        while at < stop:
            feature, begin = u64(features[at]), at
            while at < stop and u64(features[at]) == feature:
                at += one
            for column in range(classes):
                row[column] = least[column]
            for place in range(u64(ends[feature]), u64(ends[feature + one])):
                column = u64(columns[place])
                row[column] = (halves[stored[place]] - least[column]) + least[column]
            times = logs[at - begin]
            for column in range(classes):
                sums[column] += times * row[column]
