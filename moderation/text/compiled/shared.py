"""What all machine code shares: the arrays that it is given, how it is compiled, hashes and look-ups."""

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
TOGETHER: Final = 16
"""Texts, or new chunks, that are worked on together, so that the memory is asked for much at a time."""

BYTES_TOGETHER: Final = 4096
"""Bytes of such texts, unless one alone is longer: their chunks' rows should stay at hand."""

SIDE_BY_SIDE: Final = 16
"""Columns of a row that are summed at once; a packed memo's rows have a multiple of it."""

SEEN: Final = 1 << 30
"""Added to a row's number of letters while the text at hand has held its chunk."""

LARGEST: Final = (1 << 31) - 1  # of a sum over a chunk, see `scorer.LARGEST_SUM`
_FIRST, _SECOND = u64(0xBF58476D1CE4E5B9), u64(0x94D049BB133111EB)  # of splitmix64, see `hashing.mix`


class Tables(NamedTuple):
    """The weights of a model, and what the other modules define; never written to."""

    tags: Array  # uint16, see FeatureTable
    records: Array  # uint8, (buckets, a multiple of 16): codes, up to a multiple of 8, and the square
    levels: Array  # int64, whole number of each code
    vocabulary: Array  # uint8, bitmap
    english: Array  # uint64, mixed hashes of words, ascending
    maybe_english: Array  # bool, which first twelve bits they have
    rude: Array  # uint64, unmixed hashes of the lexicon, ascending
    shapes: Array  # bool, lengths and first and last letters of the lexicon, see Innocent
    grams: Array  # int64, ascending
    powers: Array  # uint64, of the hashes' base
    inverses: Array  # uint64, of the powers
    white: Array  # uint8, of bytes: 1 is white space, 2 the beginning of a character that may be
    steps: Array  # uint64, `seed_step` of each name space
    kinds: Array  # uint8, of folded ASCII characters
    signs: Array  # uint16, likewise
    as_i: Array  # uint8, what an ASCII sign stands for, 0 where for nothing
    as_l: Array  # uint8, likewise, with the other reading of upright ones
    suffixes: Array  # uint32, of host names and files in links
    spaces: Array  # int64: WORD, SYMBOL, SHAPE, PAIR, SKIP, GRAM
    opaque: Array  # uint64, shapes: link, user, number, capitals
    limits: Array  # int64: see `kernel._tables`
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
    """Room for what is found out about one chunk, and about `TOGETHER` chunks or texts side by side."""

    folded: Array  # uint8, one chunk
    joined: Array  # uint8, one chunk
    padded: Array  # uint8, words of one chunk with an edge on either side
    hashes: Array  # uint64, features of chunks, one after the other
    found: Array  # uint64, their buckets
    stops: Array  # uint64, where those of each chunk or text end
    sums: Array  # int64, of each chunk or text
    queue: Array  # uint64: row, first byte and end of chunks that have no sums yet
    borders: Array  # uint64: where a chunk begins, where it ends, where the next one begins, ...
    before: Array  # uint64, what the hashes of one text's chunks are made of
    wanted: Array  # uint64, hashes of chunks, then of pairs
    buckets: Array  # uint64, of pairs
    different: Array  # int32, rows of a text's different chunks
    repeated: Array  # int32, rows of those that come again
    first: Array  # uint8, 1 where a chunk stands in its text for the first time


# Without counts of references, which would take more time than the work: nothing is allocated here.
apart = njit(_nrt=False, error_model="numpy")
inlined = njit(_nrt=False, error_model="numpy", forceinline=True)
entry = njit(_nrt=False, error_model="numpy", cache=True)


@intrinsic
def fetch(_, array, row):
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


@intrinsic
def sum_block(_, rows, numbers, begin, end, block, sums):
    """Sum sixteen columns of rows by their numbers, from column `block` on, into the same ones of `sums`.

    The sums stay in registers: a compiler that does not know that no array lies in another writes them
    after each row.
    """

    def generate(context, builder, signature, given):
        held, listed, total = (
            context.make_array(signature.args[at])(context, builder, given[at]) for at in (0, 1, 5)
        )
        start, stop, first = given[2:5]
        whole = first.type
        row_bytes = cgutils.unpack_tuple(builder, held.strides)[0]
        narrow, wide = ir.VectorType(ir.IntType(32), SIDE_BY_SIDE), ir.VectorType(whole, SIDE_BY_SIDE)
        sums = cgutils.alloca_once_value(builder, ir.Constant(wide, None))
        with cgutils.for_range_slice(builder, start, stop, ir.Constant(whole, 1), whole) as (at, _):
            row = builder.zext(builder.load(builder.gep(listed.data, [at])), whole)
            place = builder.add(builder.mul(row, row_bytes), builder.shl(first, ir.Constant(whole, 2)))
            place = builder.add(builder.ptrtoint(held.data, whole), place)
            values = builder.load(builder.inttoptr(place, narrow.as_pointer()), align=4)
            builder.store(builder.add(builder.load(sums), builder.sext(values, wide)), sums)
        out = builder.bitcast(builder.gep(total.data, [first]), wide.as_pointer())
        builder.store(builder.load(sums), out, align=8)
        return context.get_dummy_value()

    whole = types.uint64
    return types.void(rows, numbers, whole, whole, whole, sums), generate


@inlined
def mix_one(value, step):
    """Finalise one hash as `hashing.mix` does; `step` is the `seed_step` of its name space."""
    x = value + step
    x ^= x >> u64(30)
    x *= _FIRST
    x ^= x >> u64(27)
    x *= _SECOND
    return x ^ (x >> u64(31))


@inlined
def log_of(size):
    """Return the logarithm of a power of two."""
    bits = u64(0)
    while (1 << bits) < size:
        bits += u64(1)
    return bits


@apart
def within(values, wanted):
    """Tell whether a value is among ascending ones."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < len(values) and values[low] == wanted


@inlined
def knows(vocabulary, mixed):
    """Tell whether a mixed word hash is in the vocabulary, see `vocabulary.known`."""
    slot = mixed >> u64(40)
    return (vocabulary[slot >> u64(3)] >> (u64(7) - (slot & u64(7)))) & u64(1) == u64(1)
