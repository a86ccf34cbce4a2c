"""Makes the tables of language identification out of py3langid's model.

    python -m moderation.train.langid_tables

writes `moderation/classify/langid.npz`: the n-grams of its automaton, and its weights as what they are more
than a language's least, which is nothing for most. Rows that have something for many languages are whole.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.classify.langid import FILE, SIZE_BITS, STEPS

I64 = npt.NDArray[np.int64]

WHOLE: Final = 0.45
"""Share of the languages from which on a row is whole: as small as with the columns beside, and quicker."""


def main() -> None:
    """Write the file of the package."""
    write_tables(FILE)


def write_tables(path: Path) -> None:
    """Write the tables of the installed py3langid.

    Parameters
    ----------
    path : Path
        Ends in `.npz`.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
    moves = np.asarray(model.tk_nextmove).reshape(-1, 256)[np.asarray(model.tk_row)]
    keys, output = _grams(moves), np.asarray(model.tk_output)
    weights = np.asarray(model.nb_ptc)
    least = np.array([_most_frequent(column) for column in weights.T])
    gains = np.rint((weights.astype(np.float64) - least) * STEPS).astype(np.int16)
    many = np.count_nonzero(gains, axis=1) >= WHOLE * len(least)
    rows, columns = np.nonzero(np.where(many[:, None], 0, gains))
    np.savez_compressed(
        path,
        keys=keys[1:],
        features=output[1:].astype(np.int32),
        ends=np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(weights))))).astype(np.int32),
        columns=columns.astype(np.uint8),
        gains=gains[rows, columns],
        whole=np.where(many, np.cumsum(many) - 1, -1).astype(np.int32),
        rows=gains[many],
        least=least.astype(np.float32),
        prior=np.asarray(model.nb_pc, np.float32),
        classes=np.array(model.nb_classes),
    )


def _most_frequent(column: npt.NDArray[np.float16]) -> np.float16:
    values, counts = np.unique(column, return_counts=True)
    return np.float16(values[counts.argmax()])


def _grams(moves: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return the key of the n-gram that each state of the automaton stands for: the shortest way to it."""
    keys = np.zeros(len(moves), np.uint64)
    lengths = np.full(len(moves), -1)
    lengths[0] = 0
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        targets, letters = np.unique(moves[state], return_index=True)
        new = lengths[targets] < 0
        lengths[targets[new]] = lengths[state] + 1
        keys[targets[new]] = (keys[state] << np.uint64(8)) | letters[new].astype(np.uint64)
        waiting.extend(targets[new].tolist())
    return keys | (lengths.astype(np.uint64) << SIZE_BITS)


if __name__ == "__main__":
    main()
