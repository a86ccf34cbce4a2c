"""The shipped graph on texts, as it is run where comments are scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.classify.deep.bundle import GRAPH, TOKENIZER, DeepBundle
from moderation.classify.deep.encoder import Encoder

F32 = npt.NDArray[np.float32]


class Runner:
    """A graph and its tokenizer before there is a bundle; a text is run once however often it is asked for.

    Parameters
    ----------
    folder : Path
        Holds `model.onnx` and `tokenizer.json`.
    longest : int
        Tokens of a part of a text.
    jobs : int
        Texts run at the same time.
    """

    def __init__(self, folder: Path, longest: int, jobs: int = 1) -> None:
        graph, tokenizer = (folder / GRAPH).read_bytes(), (folder / TOKENIZER).read_text("utf-8")
        self._encoder = Encoder(DeepBundle(folder, {"max_length": longest}, graph, tokenizer))
        self._jobs = jobs
        self._known: dict[str, F32] = {}

    def logits(self, texts: Sequence[str]) -> F32:
        """Return logits, shape (n, labels); n is at least 1."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            found = self._encoder.logits(self._encoder.tokens(new), self._jobs)
            self._known.update(zip(new, found, strict=True))
        return np.array([self._known[text] for text in texts], np.float32)
