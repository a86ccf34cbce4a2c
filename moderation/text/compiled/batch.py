"""A batch of texts in machine code: `tokens`, `features`, `innocent` and `classify.scorer` in loops.

Only ASCII chunks are analysed here, and only those of which it is certain what the word behind them is; the
others are left to the arrays. Results are the same, bit for bit. numba keeps what it has compiled until this
file changes and looks at no other; what other modules define is handed over (`Tables`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from moderation.text.compiled.chunk import add_features, analyse, find_features
from moderation.text.compiled.shared import (
    BYTES_TOGETHER,
    SEEN,
    SIDE_BY_SIDE,
    SPELLED,
    TOGETHER,
    WAITS,
    apart,
    entry,
    fetch,
    inlined,
    knows,
    log_of,
    mix_one,
    sum_block,
    u64,
)

SOURCES: Final = "0a41ad500868fcec"
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
def cut(data, at, stop, tables, borders, first, sums):
    """Write where chunks begin and end from `borders[first]` on, and what their hashes are made of.

    No way parts at white space: the processor would guess wrong at the borders of most chunks, which costs
    as much as several bytes. Returns the number of borders.
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
                borders[first + count], sums[count] = at, total
                count += one ^ outside
                outside = one
                at += wide
                place += wide
                continue
        borders[first + count], sums[count] = at, total
        count += kind ^ outside
        outside = kind
        total += u64(code) * powers[place]
        at += one
        place += one
    borders[first + count], sums[count] = at, total
    return count + (one ^ outside)


@inlined
def cut_long(data, at, stop, tables, borders, wanted, chunks):
    """As `cut`, for a text of more bytes than there are powers; write what the hashes are made of as well."""
    one = u64(1)
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


@inlined
def hash_chunks(data, edges, text, tables, places, scratch, chunks):
    """Write the borders and hashes of a text's chunks behind those of as many others; return their number."""
    borders, before, wanted, one, two = scratch.borders, scratch.before, scratch.wanted, u64(1), u64(2)
    at, stop, first = u64(edges[text]), u64(edges[text + 1]), chunks
    shift = u64(64) - log_of(len(places))
    if stop - at < u64(len(tables.inverses)):
        chunks += cut(data, at, stop, tables, borders, two * chunks, before) >> one
        for chunk in range(first, chunks):
            inside = two * (chunk - first)
            total = before[inside + one] - before[inside]
            wanted[chunk] = total * tables.inverses[borders[two * chunk] - at]
    else:
        chunks = cut_long(data, at, stop, tables, borders, wanted, chunks)
    for chunk in range(first, chunks):
        size = borders[two * chunk + one] - borders[two * chunk]
        mixed = max(mix_one(wanted[chunk] + size * tables.factors[0], tables.steps[0]), one)
        fetch(places, mixed >> shift)
        wanted[chunk] = mixed
    return chunks


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


@inlined
def sum_rows(numbers, begin, end, tables, memory, scratch, filled, sums):
    """Sum the rows of a text's different chunks, and write its pairs from `scratch.wanted[filled]` on.

    Returns where the pairs end, and the state of the text: whether it waits for a row, or spells a word.
    """
    rows, marks, letters = memory.rows, memory.marks, memory.letters
    different, repeated, first, pairs = scratch.different, scratch.repeated, scratch.first, scratch.wanted
    labels, last, count, repeats = tables.limits[3], u64(marks.shape[1] - 1), u64(0), u64(0)
    single, spelled, waits, letters_at = 0, False, False, labels + 1
    for at in range(begin, end):
        row = u64(numbers[at])
        # No way parts where a chunk comes again, which the processor could not foresee.
        inner = rows[row, letters_at]
        again = u64(inner >> 30) & u64(1)
        rows[row, letters_at] = inner | SEEN
        first[at - begin], different[count], repeated[repeats] = again ^ u64(1), numbers[at], numbers[at]
        repeats += again
        count += again ^ u64(1)
        waits |= inner < 0
        single = single + 1 if inner & ~SEEN == 1 and letters[row] else 0
        if single >= tables.limits[2] and not spelled:
            spelled = spells(numbers, at + u64(1), single, tables, letters)
    for at in range(count):
        rows[u64(different[at]), letters_at] &= ~SEEN
    if waits:
        return filled, WAITS
    for block in range(u64(0), u64(labels + 4), u64(SIDE_BY_SIDE)):
        sum_block(rows, different, u64(0), count, block, sums)
    # Letters count as often as they stand there.
    for at in range(repeats):
        row = u64(repeated[at])
        for column in range(labels + 1, labels + 4):
            sums[column] += rows[row, column]
    shift = u64(64) - log_of(len(tables.tags))
    for gap in (1, 2):
        if tables.limits[3 + gap]:
            step, gap = tables.steps[tables.spaces[2 + gap]], u64(gap)
            for at in range(begin, max(end, begin + gap) - gap):
                one, two = u64(numbers[at]), u64(numbers[at + gap])
                pair = mix_one(marks[one, last] * tables.factors[1] + marks[two, last], step)
                pairs[filled] = pair
                filled += u64(first[at - begin] | first[at - begin + gap])
                fetch(tables.tags, pair >> shift)
    return filled, SPELLED if spelled else 0


@inlined
def sum_up(numbers, offsets, begin, end, tables, memory, scratch, totals, states):
    """Write the sums over the rows and pairs of the chunks of texts, and whether they spell a word.

    Step by step for all of them, so that what one waits for comes while the others are worked on.
    """
    pairs, buckets, stops, every = scratch.wanted, scratch.buckets, scratch.stops, scratch.sums
    filled, known, first = u64(0), u64(0), u64(0)
    for slot in range(u64(end - begin)):
        start, stop, sums = u64(offsets[begin + slot]), u64(offsets[begin + slot + 1]), every[slot]
        filled, states[begin + slot] = sum_rows(numbers, start, stop, tables, memory, scratch, filled, sums)
        stops[slot] = filled
    for slot in range(u64(end - begin)):
        last = stops[slot]
        known = find_features(pairs, first, last, tables, buckets, known)
        stops[slot] = known
        first = last
    first = u64(0)
    for slot in range(u64(end - begin)):
        sums = every[slot]
        add_features(buckets, first, stops[slot], tables, sums)
        first = stops[slot]
        for place in range(totals.shape[1]):
            totals[begin + slot, place] = sums[place]


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
    shift, mask = u64(64) - log_of(len(places)), u64(len(places) - 1)
    borders, wanted, queue = scratch.borders, scratch.wanted, scratch.queue
    one, two, hash_at = u64(1), u64(2), u64(marks.shape[1] - 2)
    text, done, count, rest = first, first, len(edges) - 1, 0
    offsets[first] = 0
    while text < count:
        filled, last = offsets[text], text
        while last < count and last - text < TOGETHER:
            if last > text and edges[last + 1] - edges[text] > BYTES_TOGETHER:
                break
            found = hash_chunks(data, edges, last, tables, places, scratch, u64(offsets[last] - filled))
            offsets[last + 1] = filled + np.int64(found)
            last += 1
        for chunk in range(u64(offsets[last] - filled)):
            fetch(marks, u64(places[wanted[chunk] >> shift]))
        queued, full = 0, False
        while done < last:
            for chunk in range(u64(offsets[done] - filled), u64(offsets[done + 1] - filled)):
                place = wanted[chunk] >> shift
                row = u64(places[place])
                while row and marks[row, hash_at] != wanted[chunk]:
                    place = (place + one) & mask
                    row = u64(places[place])
                if row:
                    again[row] = True
                else:
                    full = memory.count[0] == len(marks) or rest + queued == len(left) or queued == len(queue)
                    if full:
                        break
                    row = u64(memory.count[0])
                    memory.count[0] += 1
                    places[place], marks[row, hash_at] = row, wanted[chunk]
                    queue[queued, 0] = row
                    queue[queued, 1], queue[queued, 2] = borders[two * chunk], borders[two * chunk + one]
                    queued += 1
                numbers[u64(filled) + chunk] = row
            if full:
                break
            done += 1
        for start in range(0, queued, TOGETHER):
            stop = min(start + TOGETHER, queued)
            rest = analyse(data, u64(start), u64(stop), tables, memory, scratch, left, rest)
        sum_up(numbers, offsets, text, done, tables, memory, scratch, totals, states)
        if full:
            break
        text = last
    return done, rest


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
            sum_up(numbers, offsets, text, text + 1, tables, memory, scratch, totals, states)
