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
def features(folded, size, capitals, tables, scratch, sums):
    """Hash the features of a folded chunk that is no link; return their number, the key and the letter."""
    powers, steps, spaces = tables.powers, tables.steps, tables.spaces
    padded, out = scratch.padded, scratch.hashes
    found, filled, begins, length, inner, letters = u64(0), 0, 0, 0, 0, 0
    shift, one = u64(64) - log_of(len(tables.tags)), u64(1)
    word, total, every = u64(0), u64(0), u64(0)
    familiar, english, digits, letter = False, False, False, np.uint32(0)
    at = 0
    while at <= size:
        code = folded[at] if at < size else np.uint8(0x20)
        kind = tables.kinds[code]
        if at < size:
            every += u64(code) * powers[at]
        if kind in (LETTER, DIGIT):
            if length == 0:
                begins = filled
                padded[filled] = 2
                filled += 1
            padded[filled] = code
            filled += 1
            word += u64(code) * powers[length]
            total += u64(code) * powers[inner]
            length, inner = length + 1, inner + 1
            if kind == LETTER:
                letters, letter = letters + 1, np.uint32(code)
            else:
                digits = True
        elif kind != SILENT:
            if length:
                padded[filled] = 2
                filled += 1
                mixed = mix_one(word, steps[spaces[0]])
                out[found] = mixed
                fetch(tables.tags, mixed >> shift)
                fetch(tables.vocabulary, mixed >> u64(43))
                at_word = found
                found += one
                english |= within(tables.english, mixed)
                for start in range(begins, filled):
                    gram, reach = u64(0), 0
                    for n in tables.grams:
                        if start + n > filled:
                            break
                        while reach < n:
                            gram += u64(padded[start + reach]) * powers[reach]
                            reach += 1
                        mixed = mix_one(gram, steps[spaces[5] + n])
                        out[found] = mixed
                        fetch(tables.tags, mixed >> shift)
                        found += one
                familiar |= knows(tables.vocabulary, out[at_word])
                length, word = 0, u64(0)
            if at < size:
                times = 1
                while at + 1 < size and folded[at + 1] == code:
                    at += 1
                    times += 1
                    every += u64(code) * powers[at]
                out[found] = mix_one(u64(code) * u64(4) + u64(min(times, 3)), steps[spaces[1]])
                found += one
        at += 1
    if digits:
        out[found] = tables.opaque[2]
        found += one
    if capitals:
        out[found] = tables.opaque[3]
        found += one
    labels = tables.limits[3]
    sums[labels + 1] = letters
    sums[labels + 2] = letters if familiar else 0
    sums[labels + 3] = english
    alone = inner == 1 and letters == 1
    return found, mix_one(total if inner else every, steps[spaces[3]]), letter if alone else np.uint32(0)


@inlined
def add_features(hashes, count, tables, buckets, sums):
    """Add the weights and squares of features to sums."""
    tags, levels, records, most = tables.tags, tables.levels, tables.records, tables.limits[6]
    bits = log_of(len(tags))
    high, low = u64(64) - bits, u64(48) - bits
    known = u64(0)
    for at in range(u64(count)):
        bucket, tag = hashes[at] >> high, np.uint16(hashes[at] >> low)
        buckets[known] = bucket
        known += u64(tags[bucket] == max(tag, np.uint16(1)))
    for at in range(known):
        fetch(records, buckets[at])
    square = 0
    for at in range(known):
        bucket = buckets[at]
        for block in range(u64(0), u64(most), u64(8)):
            for place in range(block, block + u64(8)):
                sums[place] += levels[records[bucket, place]]
        square += records[bucket, most] | (np.int64(records[bucket, most + 1]) << 8)
    sums[tables.limits[3]] += square


@inlined
def analysed(data, begin, end, row, tables, memory, scratch):
    """Write the row of a chunk; return whether it could be done here."""
    folded, sums = scratch.folded, scratch.sums
    for at in range(begin, end):
        if data[at] >= 0x80:
            return False
    size = min(end - begin, tables.limits[0])
    upper, lower = False, False
    for at in range(size):
        code = data[begin + at]
        capital = 0x41 <= code <= 0x5A
        upper |= capital
        lower |= 0x61 <= code <= 0x7A
        folded[at] = code | 0x20 if capital else code
    whole = is_link(data, begin, end, tables.suffixes)
    link = whole if size == end - begin else is_link(data, begin, begin + size, tables.suffixes)
    user = not link and is_user(data, begin, begin + size)
    capitals = upper and not lower and size > 2
    if not whole and suspicious(folded, size, tables.signs):
        length = unmasked(folded, size, tables, scratch.joined)
        if length == UNSURE:
            return False
        if length:
            folded, size, user, capitals = scratch.joined, length, False, False
    sums[:] = 0
    if link or user:
        scratch.hashes[0] = tables.opaque[0 if link else 1]
        found, key, letter = u64(1), mix_one(u64(1), tables.steps[tables.spaces[3]]), np.uint32(0)
    else:
        found, key, letter = features(folded, size, capitals, tables, scratch, sums)
    add_features(scratch.hashes, found, tables, scratch.found, sums)
    for column in range(tables.limits[3] + 4):
        memory.rows[row, column] = min(max(sums[column], -LARGEST), LARGEST)
    memory.marks[row, memory.marks.shape[1] - 1], memory.letters[row] = key, letter
    return True
