"""The shipped graph on texts, each run alone, so that a text's logits are the same in any company."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from moderation.train.deep.export import INPUTS, OUTPUT

F32 = npt.NDArray[np.float32]


class Runner:
    """A graph and its tokenizer; a text is run once however often it is asked for.

    Parameters
    ----------
    folder : Path
        Holds `model.onnx` and `tokenizer.json`.
    longest : int
        Tokens that a text is cut to.
    labels : int
    jobs : int
        Texts run at the same time.
    """

    def __init__(self, folder: Path, longest: int, labels: int, jobs: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self._jobs, self._labels = jobs, labels
        self._known: dict[str, F32] = {}

    def logits(self, texts: Sequence[str]) -> F32:
        """Return logits, shape (n, labels)."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        with ThreadPoolExecutor(self._jobs) as pool:
            self._known.update(zip(new, pool.map(self._one, new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(-1, self._labels)

    def _one(self, text: str) -> F32:
        numbers = np.array([self._tokenizer.encode(text).ids], np.int64)
        inputs = {INPUTS[0]: numbers, INPUTS[1]: np.ones_like(numbers)}
        logits: F32 = self._session.run([OUTPUT], inputs)[0][0]
        return logits
