"""Of ASCII chunks in machine code: which are links, users or disguised words, as far as that is certain."""

from __future__ import annotations

import numpy as np

from moderation.text.compiled.shared import (
    AFTER,
    BEFORE,
    INNER,
    OUTER,
    OUTER_BUT_LEET,
    PLAIN,
    SPARING,
    TRANSLATED,
    UNSURE,
    UPRIGHT,
    apart,
    inlined,
    knows,
    mix_one,
    u64,
    within,
)


@inlined
def is_word(code):
    """Tell whether an ASCII character is a letter, a digit or an underscore."""
    low = code | 0x20
    return 0x61 <= low <= 0x7A or 0x30 <= code <= 0x39 or code == 0x5F


@apart
def is_user(data, begin, end):
    """Tell whether `features.USER` matches."""
    for at in range(begin, min(begin + 3, end)):
        code = data[at]
        if code == 0x40 and at + 1 < end and is_word(data[at + 1]):
            return True
        slash = at + 1 if code == 0x2F else at
        if slash + 2 < end and data[slash] == 0x75 and data[slash + 1] == 0x2F and is_word(data[slash + 2]):
            return True
        if is_word(code):
            return False
    return False


@apart
def is_link(data, begin, end, suffixes):
    """Tell whether `features.URL` matches."""
    at = begin
    while at < end and not is_word(data[at]):
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
        if data[dot] != 0x2E or before == 0x5F or not (is_word(before) or before == 0x2D):
            continue
        at, suffix = dot + 1, 0
        while at < end and at <= dot + 5 and is_word(data[at]):
            suffix = (suffix << 8) | (data[at] | 0x20)
            at += 1
        if 2 <= at - dot - 1 <= 4:
            for known in suffixes:
                if known == suffix:
                    return True
    return False


@apart
def suspicious(folded, size, signs):
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


@apart
def read(folded, begin, end, meaning, tables, joined):
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


@apart
def not_rude(folded, begin, end, tables, joined):
    """Tell whether `Unmasker._rude_word` certainly finds nothing."""
    upright = 0
    for at in range(begin, end):
        if tables.signs[folded[at]] & UPRIGHT:
            upright += 1
    if 1 < upright <= tables.limits[1]:
        for choice in range(1, (1 << upright) - 1):
            size, total, signs = 0, u64(0), 0
            for at in range(begin, end):
                meaning = tables.as_i
                if tables.signs[folded[at]] & UPRIGHT:
                    meaning = tables.as_l if (choice >> signs) & 1 else tables.as_i
                    signs += 1
                code = meaning[folded[at]]
                if code:
                    total += u64(code) * tables.powers[size]
                    size += 1
            if within(tables.rude, total):
                return False
    for meaning in (tables.as_i, tables.as_l):
        _, total, stretched = read(folded, begin, end, meaning, tables, joined)
        if stretched or within(tables.rude, total):
            return False
    return True


@apart
def not_masked(folded, begin, end, tables):
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


@apart
def unmasked(folded, size, tables, joined):
    """Return the length of the word that `Unmasker.word` finds, left in `joined`, or 0 or `UNSURE`."""
    signs, powers, word = tables.signs, tables.powers, tables.steps[tables.spaces[0]]
    begin, end = 0, size
    while begin < end and signs[folded[begin]] & OUTER:
        begin += 1
    while begin < end and signs[folded[end - 1]] & OUTER:
        end -= 1
    if begin == end:
        return UNSURE
    if is_user(folded, 0, size):
        return 0 if not_rude(folded, begin, end, tables, joined) else UNSURE
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
            familiar &= length > 1 and knows(tables.vocabulary, mix_one(total, word))
            length, total = 0, u64(0)
    if starred and not not_masked(folded, begin, end, tables):
        return UNSURE
    if pieces and familiar:
        return UNSURE if translated and not not_rude(folded, begin, end, tables, joined) else 0
    for meaning in (tables.as_i, tables.as_l):
        length, total, stretched = read(folded, begin, end, meaning, tables, joined)
        changed = translated or length != end - begin
        if length > 2 and letters and changed and knows(tables.vocabulary, mix_one(total, word)):
            if 2 * letters >= length:
                return length
            if within(tables.rude, total):
                return UNSURE
        if stretched:
            return UNSURE
    if not not_masked(folded, begin, end, tables):
        return UNSURE
    begin, end = 0, size
    while begin < end and signs[folded[begin]] & OUTER_BUT_LEET:
        begin += 1
    while begin < end and signs[folded[end - 1]] & OUTER_BUT_LEET:
        end -= 1
    return 0 if not_rude(folded, begin, end, tables, joined) else UNSURE
