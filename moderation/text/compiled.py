"""Scoring in machine code: what `tokens`, `features`, `innocent` and `classify.scorer` do with arrays, in loops.

Only ASCII chunks are analysed here, and only those of which it is certain what the word behind them is; the
others are left to the arrays. Results are the same, bit for bit. All compiled functions stand in one file,
because numba's cache looks at no other for changes; what other modules define is handed over (`Tables`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

u64 = np.uint64
Array = Any
"""Of numpy; which types of numbers are in it says the comment behind it."""

LETTER, DIGIT, SILENT = 1, 2, 3
INNER, TRANSLATED, UPRIGHT, PLAIN, SPARING, BEFORE, AFTER, OUTER, OUTER_BUT_LEET = (1 << b for b in range(9))
"""What the table of signs says of an ASCII character in a folded chunk: letter or digit; stands for another
letter; for an "i" or an "l"; hides no letter; and rules out that others do; disguises in front of a letter;
behind one; stands around words; also if "!" is a letter."""

UNSURE: Final = -1
SPELLED, WAITS = 1, 2
LARGEST: Final = (1 << 31) - 1  # of a sum over a chunk, see `scorer.LARGEST_SUM`
_FIRST, _SECOND = u64(0xBF58476D1CE4E5B9), u64(0x94D049BB133111EB)  # of splitmix64, see `hashing.mix`


class Tables(NamedTuple):
    """The weights of a model, and what the other modules define; never written to."""

    tags: Array  # uint16, see FeatureTable
    records: Array  # uint8, (buckets, a multiple of 16): codes, up to a multiple of 8, and the square
    levels: Array  # int64, whole number of each code
    vocabulary: Array  # uint8, bitmap
    english: Array  # uint64, mixed hashes of words, ascending
    rude: Array  # uint64, unmixed hashes of the lexicon, ascending
    shapes: Array  # bool, lengths and first and last letters of the lexicon, see Innocent
    grams: Array  # int64, ascending
    powers: Array  # uint64, of the hashes' base
    steps: Array  # uint64, `seed_step` of each name space
    kinds: Array  # uint8, of folded ASCII characters
    signs: Array  # uint16, likewise
    as_i: Array  # uint8, what an ASCII sign stands for, 0 where for nothing
    as_l: Array  # uint8, likewise, with the other reading of upright ones
    suffixes: Array  # uint32, of host names and files in links
    spaces: Array  # int64: WORD, SYMBOL, SHAPE, PAIR, SKIP, GRAM
    opaque: Array  # uint64, shapes: link, user, number, capitals
    limits: Array  # int64: LONGEST, MOST_READINGS, SHORTEST_SPELLED, labels, pairs, skips, codes in a record
    factors: Array  # uint64: of a chunk's length, of the first of a pair


class Memory(NamedTuple):
    """The arrays of a `Memo` of whole numbers; `count` is that of its index."""

    places: Array  # int32
    again: Array  # bool
    rows: Array  # int32, (room, a multiple of 16)
    marks: Array  # uint64, the same: at the end of each row its hash and its key
    letters: Array  # uint32
    count: Array  # int64, (1,)


class Scratch(NamedTuple):
    """Room for what is found out about one chunk."""

    folded: Array  # uint8
    joined: Array  # uint8
    padded: Array  # uint8, words with an edge on either side
    hashes: Array  # uint64, features
    found: Array  # uint64, their buckets
    sums: Array  # int64
    begins: Array  # uint64, of the chunks of one text
    ends: Array  # uint64
    wanted: Array  # uint64, their hashes, and those of pairs of them
    buckets: Array  # uint64


@intrinsic
def _fetch(_, array, row):
    """Ask for what stands at a row of an array, so that it is there when it is looked at."""

    def generate(context, builder, signature, given):
        kind = signature.args[0]
        start = context.make_array(kind)(context, builder, given[0])
        offset = builder.mul(given[1], cgutils.unpack_tuple(builder, start.strides)[0])
        place = builder.add(builder.ptrtoint(start.data, offset.type), offset)
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0i8")
        builder.call(function, [builder.inttoptr(place, byte), *(number(n) for n in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate


_inner = njit(_nrt=False, error_model="numpy", forceinline=True)
_entry = njit(_nrt=False, error_model="numpy", cache=True)


@_inner
def _mixed(value, step):
    x = value + step
    x ^= x >> u64(30)
    x *= _FIRST
    x ^= x >> u64(27)
    x *= _SECOND
    return x ^ (x >> u64(31))


@_inner
def _white(data, at, stop):
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


@_inner
def _within(values, wanted):
    """Tell whether a value is among ascending ones."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < len(values) and values[low] == wanted


@_inner
def _knows(vocabulary, mixed):
    slot = mixed >> u64(40)
    return (vocabulary[slot >> u64(3)] >> (u64(7) - (slot & u64(7)))) & u64(1) == u64(1)


@_inner
def _is_word(code):
    """Tell whether an ASCII character is one of `\\w`."""
    low = code | 0x20
    return 0x61 <= low <= 0x7A or 0x30 <= code <= 0x39 or code == 0x5F


@_inner
def _is_user(data, begin, end):
    """Tell whether `features.USER` matches."""
    for at in range(begin, min(begin + 3, end)):
        code = data[at]
        if code == 0x40 and at + 1 < end and _is_word(data[at + 1]):
            return True
        slash = at + 1 if code == 0x2F else at
        if slash + 2 < end and data[slash] == 0x75 and data[slash + 1] == 0x2F and _is_word(data[slash + 2]):
            return True
        if _is_word(code):
            return False
    return False


@_inner
def _is_link(data, begin, end, suffixes):
    """Tell whether `features.URL` matches."""
    at = begin
    while at < end and not _is_word(data[at]):
        at += 1
    if at + 4 <= end:
        scheme = 0
        for step in range(4):
            scheme = (scheme << 8) | (data[at + step] | 0x20)
        if scheme == 0x68747470:  # "http"
            last = at + 5 if at + 4 < end and data[at + 4] | 0x20 == 0x73 else at + 4
            if last < end and data[last] == 0x3A:
                return True
        if scheme == 0x7777772E and data[at + 3] == 0x2E:  # "www."
            return True
    for dot in range(begin + 1, end):
        before = data[dot - 1]
        if data[dot] != 0x2E or before == 0x5F or not (_is_word(before) or before == 0x2D):
            continue
        at, suffix = dot + 1, 0
        while at < end and at <= dot + 5 and _is_word(data[at]):
            suffix = (suffix << 8) | (data[at] | 0x20)
            at += 1
        if 2 <= at - dot - 1 <= 4:
            for known in suffixes:
                if known == suffix:
                    return True
    return False


@_inner
def _suspicious(folded, size, signs):
    """Tell whether `obfuscation.SUSPICIOUS` matches."""
    seen, same = False, 0
    for at in range(size):
        letter = 0x61 <= folded[at] <= 0x7A
        after = at > 0 and 0x61 <= folded[at - 1] <= 0x7A
        if letter:
            if at > 0 and not after and (seen or signs[folded[at - 1]] & BEFORE):
                return True
            same = same + 1 if after and folded[at] == folded[at - 1] else 1
            if same == 3:
                return True
            seen = True
        elif after and signs[folded[at]] & AFTER:
            return True
    return False


@_inner
def _read(folded, begin, end, meaning, tables, joined):
    """Write what signs stand for, without those that stand for nothing.

    Return the length, the hash and whether a letter stands three times in a row.
    """
    size, total, same, stretched = 0, u64(0), 0, False
    for at in range(begin, end):
        code = meaning[folded[at]]
        if code:
            same = same + 1 if size and joined[size - 1] == code else 1
            stretched |= same >= 3 and code >= 0x61
            joined[size] = code
            total += u64(code) * tables.powers[size]
            size += 1
    return size, total, stretched


@_inner
def _not_rude(folded, begin, end, tables, joined):
    """Tell whether `Unmasker._rude_word` certainly finds nothing."""
    upright = 0
    for at in range(begin, end):
        if tables.signs[folded[at]] & UPRIGHT:
            upright += 1
    if 1 < upright <= tables.limits[1]:
        return False
    for meaning in (tables.as_i, tables.as_l):
        _, total, stretched = _read(folded, begin, end, meaning, tables, joined)
        if stretched or _within(tables.rude, total):
            return False
    return True


@_inner
def _not_masked(folded, begin, end, tables):
    """Tell whether `Unmasker._masked` certainly finds nothing."""
    first, last = folded[begin], folded[end - 1]
    if first == last and (first == 0x2A or first == 0x5F):
        return False
    hides = False
    for at in range(begin, end):
        if tables.signs[folded[at]] & SPARING:
            return True
        hides |= tables.signs[folded[at]] & PLAIN == 0
    if not hides:
        return True
    letters = 0x61 <= first <= 0x7A and 0x61 <= last <= 0x7A
    return letters and not tables.shapes[end - begin, first - 0x61, last - 0x61]


@_inner
def _unmasked(folded, size, tables, joined):
    """Return the length of the word that `Unmasker.word` finds, left in `joined`, or 0 or `UNSURE`."""
    signs, powers, word = tables.signs, tables.powers, tables.steps[tables.spaces[0]]
    begin, end = 0, size
    while begin < end and signs[folded[begin]] & OUTER:
        begin += 1
    while begin < end and signs[folded[end - 1]] & OUTER:
        end -= 1
    if begin == end:
        return UNSURE
    if _is_user(folded, 0, size):
        return 0 if _not_rude(folded, begin, end, tables, joined) else UNSURE
    letters, pieces, familiar, translated, starred = 0, 0, True, False, False
    length, total = 0, u64(0)
    for at in range(begin, end + 1):
        sign = signs[folded[at]] if at < end else np.uint16(0)
        if at < end:
            letters += 0x61 <= folded[at] <= 0x7A
            translated |= sign & TRANSLATED != 0
            starred |= folded[at] == 0x2A
        if sign & INNER:
            total += u64(folded[at]) * powers[length]
            length += 1
        elif length:
            pieces += 1
            familiar &= length > 1 and _knows(tables.vocabulary, _mixed(total, word))
            length, total = 0, u64(0)
    if starred and not _not_masked(folded, begin, end, tables):
        return UNSURE
    if pieces and familiar:
        return UNSURE if translated and not _not_rude(folded, begin, end, tables, joined) else 0
    for meaning in (tables.as_i, tables.as_l):
        length, total, stretched = _read(folded, begin, end, meaning, tables, joined)
        changed = translated or length != end - begin
        if length > 2 and letters and changed and _knows(tables.vocabulary, _mixed(total, word)):
            if 2 * letters >= length:
                return length
            if _within(tables.rude, total):
                return UNSURE
        if stretched:
            return UNSURE
    if not _not_masked(folded, begin, end, tables):
        return UNSURE
    begin, end = 0, size
    while begin < end and signs[folded[begin]] & OUTER_BUT_LEET:
        begin += 1
    while begin < end and signs[folded[end - 1]] & OUTER_BUT_LEET:
        end -= 1
    return 0 if _not_rude(folded, begin, end, tables, joined) else UNSURE


@_inner
def _features(folded, size, capitals, tables, scratch, sums):
    """Hash the features of a folded chunk that is no link; return their number, the key and the letter."""
    powers, steps, spaces = tables.powers, tables.steps, tables.spaces
    padded, out = scratch.padded, scratch.hashes
    found, filled, begins, length, inner, letters = u64(0), 0, 0, 0, 0, 0
    shift, one = u64(64) - _bits(len(tables.tags)), u64(1)
    word, total, every = u64(0), u64(0), u64(0)
    familiar, english, digits, letter = False, False, False, np.uint32(0)
    at = 0
    while at <= size:
        code = folded[at] if at < size else np.uint8(0x20)
        kind = tables.kinds[code]
        if at < size:
            every += u64(code) * powers[at]
        if kind == LETTER or kind == DIGIT:
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
                mixed = _mixed(word, steps[spaces[0]])
                out[found] = mixed
                _fetch(tables.tags, mixed >> shift)
                found += one
                familiar |= _knows(tables.vocabulary, mixed)
                english |= _within(tables.english, mixed)
                for start in range(begins, filled):
                    gram, reach = u64(0), 0
                    for n in tables.grams:
                        if start + n > filled:
                            break
                        while reach < n:
                            gram += u64(padded[start + reach]) * powers[reach]
                            reach += 1
                        mixed = _mixed(gram, steps[spaces[5] + n])
                        out[found] = mixed
                        _fetch(tables.tags, mixed >> shift)
                        found += one
                length, word = 0, u64(0)
            if at < size:
                times = 1
                while at + 1 < size and folded[at + 1] == code:
                    at += 1
                    times += 1
                    every += u64(code) * powers[at]
                out[found] = _mixed(u64(code) * u64(4) + u64(min(times, 3)), steps[spaces[1]])
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
    return found, _mixed(total if inner else every, steps[spaces[3]]), letter if alone else np.uint32(0)


@_inner
def _bits(size):
    """Return the logarithm of a power of two."""
    bits = u64(0)
    while (1 << bits) < size:
        bits += u64(1)
    return bits


@_inner
def _add_features(hashes, count, tables, buckets, sums):
    """Add the weights and squares of features to sums."""
    tags, levels, records, most = tables.tags, tables.levels, tables.records, tables.limits[6]
    bits = _bits(len(tags))
    high, low = u64(64) - bits, u64(48) - bits
    known = u64(0)
    for at in range(u64(count)):
        bucket, tag = hashes[at] >> high, np.uint16(hashes[at] >> low)
        buckets[known] = bucket
        known += u64(tags[bucket] == max(tag, np.uint16(1)))
    for at in range(known):
        _fetch(records, buckets[at])
    square = 0
    for at in range(known):
        bucket = buckets[at]
        for block in range(u64(0), u64(most), u64(8)):
            for place in range(block, block + u64(8)):
                sums[place] += levels[records[bucket, place]]
        square += records[bucket, most] | (np.int64(records[bucket, most + 1]) << 8)
    sums[tables.limits[3]] += square


@_inner
def _analysed(data, begin, end, row, tables, memory, scratch):
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
    whole = _is_link(data, begin, end, tables.suffixes)
    link = whole if size == end - begin else _is_link(data, begin, begin + size, tables.suffixes)
    user = not link and _is_user(data, begin, begin + size)
    capitals = upper and not lower and size > 2
    if not whole and _suspicious(folded, size, tables.signs):
        length = _unmasked(folded, size, tables, scratch.joined)
        if length == UNSURE:
            return False
        if length:
            folded, size, user, capitals = scratch.joined, length, False, False
    sums[:] = 0
    if link or user:
        scratch.hashes[0] = tables.opaque[0 if link else 1]
        found, key, letter = u64(1), _mixed(u64(1), tables.steps[tables.spaces[3]]), np.uint32(0)
    else:
        found, key, letter = _features(folded, size, capitals, tables, scratch, sums)
    _add_features(scratch.hashes, found, tables, scratch.found, sums)
    for column in range(tables.limits[3] + 4):
        memory.rows[row, column] = min(max(sums[column], -LARGEST), LARGEST)
    memory.marks[row, memory.marks.shape[1] - 1], memory.letters[row] = key, letter
    return True


@_inner
def _sum_up(numbers, begin, end, tables, memory, scratch, totals):
    """Write the sums over the rows and pairs of a text's chunks; tell whether they may spell a word."""
    rows, marks, letters = memory.rows, memory.marks, memory.letters
    pairs, sums, one = scratch.wanted, scratch.sums, u64(1)
    labels, last = tables.limits[3], u64(marks.shape[1] - 1)
    sums[:] = 0
    single, spelled = 0, False
    for at in range(u64(begin), u64(end)):
        row = u64(numbers[at])
        for block in range(u64(0), u64(labels + 4), u64(4)):
            for place in range(block, block + u64(4)):
                sums[place] += rows[row, place]
        single = single + 1 if rows[row, labels + 1] == 1 and letters[row] else 0
        spelled |= single == tables.limits[2]
    shift = u64(64) - _bits(len(tables.tags))
    for gap in (1, 2):
        if tables.limits[3 + gap]:
            step = tables.steps[tables.spaces[2 + gap]]
            count = u64(max(end - begin - gap, 0))
            for at in range(count):
                first = u64(numbers[u64(begin) + at])
                second = u64(numbers[u64(begin) + at + u64(gap)])
                pair = _mixed(marks[first, last] * tables.factors[1] + marks[second, last], step)
                pairs[at] = pair
                _fetch(tables.tags, pair >> shift)
            _add_features(pairs, count, tables, scratch.buckets, sums)
    for place in range(len(totals)):
        totals[place] = sums[place]
    return spelled


@_entry
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
        Gets `SPELLED` for texts whose letters may spell a word, `WAITS` for those that have such chunks.

    Returns
    -------
    text, rest : int
        The first text that was not done, for want of room in the memo or in `left`; and the number of chunks
        left.
    """
    places, again, marks = memory.places, memory.again, memory.marks
    bits = _bits(len(places))
    shift, mask, one = u64(64) - bits, u64(len(places) - 1), u64(1)
    powers, step, factor = tables.powers, tables.steps[0], tables.factors[0]
    hash_at, letters_at = u64(marks.shape[1] - 2), tables.limits[3] + 1
    begins, ends, wanted = scratch.begins, scratch.ends, scratch.wanted
    filled, rest = 0, 0
    offsets[first] = 0
    for text in range(first, len(edges) - 1):
        at, stop, chunks = u64(edges[text]), u64(edges[text + 1]), u64(0)
        while True:
            while at < stop:
                wide = _white(data, at, stop)
                if wide == u64(0):
                    break
                at += wide
            if at == stop:
                break
            begin = at
            while at < stop:
                code = data[at]
                if (code <= 0x20 or code >= 0xC2) and _white(data, at, stop) > u64(0):
                    break
                at += one
            total, near = u64(0), min(at - begin, u64(len(powers)))
            for place in range(near):
                total += u64(data[begin + place]) * powers[place]
            power = powers[len(powers) - 1]
            for place in range(begin + near, at):
                power *= powers[1]
                total += u64(data[place]) * power
            mixed = max(_mixed(total + (at - begin) * factor, step), one)
            _fetch(places, mixed >> shift)
            begins[chunks], ends[chunks], wanted[chunks] = begin, at, mixed
            chunks += one
        for chunk in range(chunks):
            _fetch(marks, u64(places[wanted[chunk] >> shift]))
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
                if not _analysed(data, np.int64(begins[chunk]), np.int64(ends[chunk]), row, tables, memory, scratch):
                    left[rest, 0], left[rest, 1], left[rest, 2] = row, begins[chunk], ends[chunk]
                    memory.rows[row, letters_at] = -1
                    rest += 1
            waits |= memory.rows[row, letters_at] < 0
            numbers[filled + chunk] = row
        begin = filled
        filled += np.int64(chunks)
        offsets[text + 1] = filled
        states[text] = WAITS
        if not waits:
            found = _sum_up(numbers, begin, filled, tables, memory, scratch, totals[text])
            states[text] = SPELLED if found else 0
    return len(edges) - 1, rest


@_entry
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
            found = _sum_up(numbers, begin, end, tables, memory, scratch, totals[text])
            states[text] = SPELLED if found else 0


@_entry
def grams(data, edges, places, hashes, features, found):
    """Find the longest n-gram of a language's table that ends at each byte, see `classify.langid`.

    Parameters
    ----------
    data, edges : ndarray
        Bytes of texts; where they begin and end.
    places, hashes : ndarray
        Of the table's index.
    features : ndarray of int32, shape (rows,)
    found : ndarray of int32, shape (bytes,)
        Gets the feature, -1 where there is none.
    """
    bits, one = _bits(len(places)), u64(1)
    shift, mask, step = u64(64) - bits, u64(len(places) - 1), u64(0x9E3779B97F4A7C15)
    for at in range(len(found)):
        found[at] = 0
    for text in range(len(edges) - 1):
        stop = u64(edges[text + 1])
        for start in range(u64(edges[text]), stop):
            key, at = u64(0), start
            while at < stop:
                key = (key << u64(8)) | u64(data[at])
                mixed = _mixed(key | ((at - start + one) << u64(56)), step)
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
