"""One chunk in machine code: its features, as `text.features` finds them, and the sums over them."""

from __future__ import annotations

import numpy as np

from moderation.text.compiled.disguise import is_link, is_user, suspicious, unmasked
from moderation.text.compiled.shared import (
    DIGIT,
    LARGEST,
    LETTER,
    SILENT,
    UNSURE,
    fetch,
    inlined,
    knows,
    log_of,
    mix_one,
    u64,
    within,
)


@inlined
def features(folded, size, capitals, tables, scratch, found, sums):
    """Hash the features of a folded chunk that is no link, from `scratch.hashes[found]` on.

    Returns where they end, the key and the letter.
    """
    powers, steps, spaces, grams = tables.powers, tables.steps, tables.spaces, tables.grams
    padded, out = scratch.padded, scratch.hashes
    # Places are unsigned throughout: signed ones would be asked each time whether they count from the end.
    none, one, shift = u64(0), u64(1), u64(64) - log_of(len(tables.tags))
    filled, begins, length, inner, at = none, none, none, none, none
    word, total, every, gram_steps = none, none, none, u64(spaces[5])
    familiar, english, digits, letters, letter = False, False, False, 0, np.uint32(0)
    while at <= size:
        code = folded[at] if at < size else np.uint8(0x20)
        kind = tables.kinds[code]
        if at < size:
            every += u64(code) * powers[at]
        if LETTER <= kind <= DIGIT:
            if length == none:
                begins = filled
                padded[filled] = 2
                filled += one
            padded[filled] = code
            filled += one
            word += u64(code) * powers[length]
            total += u64(code) * powers[inner]
            length += one
            inner += one
            if kind == LETTER:
                letters, letter = letters + 1, np.uint32(code)
            else:
                digits = True
        elif kind != SILENT:
            if length:
                padded[filled] = 2
                filled += one
                mixed = mix_one(word, steps[spaces[0]])
                out[found] = mixed
                fetch(tables.tags, mixed >> shift)
                fetch(tables.vocabulary, mixed >> u64(43))
                at_word = found
                found += one
                if tables.maybe_english[mixed >> u64(52)]:
                    english |= within(tables.english, mixed)
                for start in range(begins, filled):
                    gram, reach, room = none, none, filled - start
                    for place in range(u64(len(grams))):
                        size_now = u64(grams[place])
                        if size_now > room:
                            break
                        while reach < size_now:
                            gram += u64(padded[start + reach]) * powers[reach]
                            reach += one
                        mixed = mix_one(gram, steps[gram_steps + size_now])
                        out[found] = mixed
                        fetch(tables.tags, mixed >> shift)
                        found += one
                familiar |= knows(tables.vocabulary, out[at_word])
                length, word = none, none
            if at < size:
                times = one
                while at + one < size and folded[at + one] == code:
                    at += one
                    times += one
                    every += u64(code) * powers[at]
                out[found] = mix_one(u64(code) * u64(4) + min(times, u64(3)), steps[spaces[1]])
                found += one
        at += one
    if digits:
        out[found] = tables.opaque[2]
        found += one
    if capitals:
        out[found] = tables.opaque[3]
        found += one
    labels = tables.limits[3]
    sums[labels] = tables.limits[8] if letters and not familiar else 0
    sums[labels + 1] = letters
    sums[labels + 2] = letters if familiar else 0
    sums[labels + 3] = english
    alone = inner == one and letters == 1
    return found, mix_one(total if inner else every, steps[spaces[3]]), letter if alone else np.uint32(0)


@inlined
def find_features(hashes, first, stop, tables, buckets, known):
    """Write the buckets of features that exist from `buckets[known]` on, ask for what stands in them, and
    return where they end.
    """
    tags, begin = tables.tags, known
    bits = log_of(len(tags))
    high, low = u64(64) - bits, u64(48) - bits
    for at in range(first, stop):
        bucket, tag = hashes[at] >> high, np.uint16(hashes[at] >> low)
        buckets[known] = bucket
        known += u64(tags[bucket] == max(tag, np.uint16(1)))
    for at in range(begin, known):
        fetch(tables.records, buckets[at])
    return known


@inlined
def add_features(buckets, first, stop, tables, sums):
    """Add the weights and squares of features to sums, which stay in registers; see `sum_block`."""
    levels, records, most = tables.levels, tables.records, u64(tables.limits[6])
    square = 0
    for at in range(first, stop):
        bucket = buckets[at]
        square += records[bucket, most] | (np.int64(records[bucket, most + u64(1)]) << 8)
    for block in range(u64(0), most, u64(8)):
        a, b, c, d, e, f, g, h = 0, 0, 0, 0, 0, 0, 0, 0
        for at in range(first, stop):
            bucket = buckets[at]
            a += levels[records[bucket, block]]
            b += levels[records[bucket, block + u64(1)]]
            c += levels[records[bucket, block + u64(2)]]
            d += levels[records[bucket, block + u64(3)]]
            e += levels[records[bucket, block + u64(4)]]
            f += levels[records[bucket, block + u64(5)]]
            g += levels[records[bucket, block + u64(6)]]
            h += levels[records[bucket, block + u64(7)]]
        for place, value in enumerate((a, b, c, d, e, f, g, h)):
            sums[block + u64(place)] += value
    sums[tables.limits[3]] += square


@inlined
def analysed(data, begin, end, row, tables, memory, scratch, found, sums):
    """Hash the features of a chunk from `scratch.hashes[found]` on, write its key and letter, begin its sums.

    Returns where its features end, or `UNSURE` where it cannot be done here.
    """
    folded = scratch.folded
    size = min(end - begin, u64(tables.limits[0]))
    for at in range(begin + size, end):
        if data[at] >= 0x80:
            return UNSURE
    upper, lower, pointed, named, strange, last, times = False, False, False, False, False, 0, 0
    for at in range(size):
        code = data[begin + at]
        if code >= 0x80:
            return UNSURE
        capital = 0x41 <= code <= 0x5A
        low = code | 0x20 if capital else code
        folded[at] = low
        upper |= capital
        small = 0x61 <= low <= 0x7A
        lower |= small and not capital
        strange |= not small
        pointed |= code == 0x2E or code == 0x3A
        named |= code == 0x40 or code == 0x2F
        times = times + 1 if low == last else 1
        strange |= times == 3
        last = low
    # What has no full stop or colon is no link, and what is letters alone no disguise.
    first, length, stop = np.int64(begin), np.int64(size), np.int64(end)
    cut = first + length
    whole = (pointed or cut < stop) and is_link(data, first, stop, tables.suffixes)
    link = whole if cut == stop else is_link(data, first, cut, tables.suffixes)
    user = named and not link and is_user(data, first, cut)
    capitals = upper and not lower and length > 2
    if strange and not whole and suspicious(folded, length, tables.signs):
        length = unmasked(folded, length, tables, scratch.joined)
        if length == UNSURE:
            return UNSURE
        if length:
            folded, size, user, capitals = scratch.joined, u64(length), False, False
    sums[:] = 0
    if link or user:
        scratch.hashes[found] = tables.opaque[0 if link else 1]
        found += u64(1)
        key, letter = mix_one(u64(1), tables.steps[tables.spaces[3]]), np.uint32(0)
    else:
        found, key, letter = features(folded, size, capitals, tables, scratch, found, sums)
    memory.marks[row, memory.marks.shape[1] - 1], memory.letters[row] = key, letter
    return np.int64(found)


@inlined
def analyse(data, begin, end, tables, memory, scratch, left, rest):
    """Write the rows of chunks `scratch.queue[begin:end]`; return `rest`, more by those that are left.

    Step by step for all of them, so that what one waits for comes while the others are worked on.
    """
    queue, hashes, buckets, stops = scratch.queue, scratch.hashes, scratch.found, scratch.stops
    columns, letters_at = tables.limits[3] + 4, tables.limits[3] + 1
    filled, count = u64(0), end - begin
    for slot in range(count):
        row, first, last = queue[begin + slot, 0], queue[begin + slot, 1], queue[begin + slot, 2]
        found = analysed(data, first, last, row, tables, memory, scratch, filled, scratch.sums[slot])
        if found == UNSURE:
            left[rest, 0], left[rest, 1], left[rest, 2] = row, first, last
            memory.rows[row, letters_at] = -1
            queue[begin + slot, 0] = 0
            rest += 1
        else:
            filled = u64(found)
        stops[slot] = filled
    known, first = u64(0), u64(0)
    for slot in range(count):
        last = stops[slot]
        known = find_features(hashes, first, last, tables, buckets, known)
        stops[slot] = known
        first = last
    first = u64(0)
    for slot in range(count):
        row, sums = queue[begin + slot, 0], scratch.sums[slot]
        if row:
            add_features(buckets, first, stops[slot], tables, sums)
            for column in range(columns):
                memory.rows[row, column] = min(max(sums[column], -LARGEST), LARGEST)
        first = stops[slot]
    return rest
