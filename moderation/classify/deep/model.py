"""A loaded second tier: texts in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from moderation.classify.bundle import find_bundle
from moderation.classify.deep.bundle import DeepBundle, read_deep
from moderation.errors import UsageError
from moderation.text.chunks import Texts, as_strings

if TYPE_CHECKING:
    from moderation.classify.deep.encoder import Encoder

F64 = npt.NDArray[np.float64]

DEEP_MODEL = "deep"


def load_deep(name: str | Path = DEEP_MODEL) -> DeepModel:
    """Load a second tier by the name of a shipped bundle or by the path of a folder.

    Raises
    ------
    UsageError
        There is no such model, or onnxruntime and tokenizers are not installed.
    ModelError
        It is damaged.
    """
    return DeepModel(read_deep(find_bundle(name)))


class DeepModel:
    """A transformer of several labels; a text's logits depend on the text and the model alone.

    Bit for bit so on one kind of processor; another kind may round its one-byte products differently.

    Parameters
    ----------
    bundle : DeepBundle

    Attributes
    ----------
    name : str
    path : Path
    digest : str
        SHA-256 of the bundle, hex.
    labels : tuple of str
    config : dict
    encoder : Encoder
    """

    def __init__(self, bundle: DeepBundle) -> None:
        self.path, self.config = bundle.path, bundle.config
        self.name: str = bundle.config["name"]
        self.digest: str = bundle.config["digest"]
        self.labels: tuple[str, ...] = tuple(bundle.config["labels"])
        calibration = bundle.config["calibration"]
        self.slope = np.array([calibration[label]["slope"] for label in self.labels], np.float64)
        self.bias = np.array([calibration[label]["bias"] for label in self.labels], np.float64)
        self.encoder = _encoder(bundle)

    def logits(
        self, texts: Texts, threads: int = 1, tell: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the graph's own logits, before calibration; a text that stands several times is run once.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)
        threads : int
            Texts run at the same time.
        tell : callable, optional
            Told now and then how many more texts are done.

        Returns
        -------
        ndarray of float32, shape (n, labels)
        """
        strings = as_strings(texts)
        if not len(strings):
            return np.zeros((0, len(self.labels)), np.float32)
        encoded = pc.dictionary_encode(strings)
        distinct = self.encoder.tokens(encoded.dictionary.to_pylist())
        found = self.encoder.logits(distinct, threads, tell)
        if tell is not None:
            tell(len(strings) - len(distinct))
        each: npt.NDArray[np.float32] = found[encoded.indices.to_numpy()]
        return each

    def odds(self, texts: Texts, threads: int = 1, tell: Callable[[int], None] | None = None) -> F64:
        """Return calibrated log-odds, shape (n, labels); parameters as of `logits`."""
        return self.calibrated(self.logits(texts, threads, tell))

    def calibrated(self, logits: npt.NDArray[np.floating[Any]]) -> F64:
        """Return the log-odds that the graph's logits mean, shape (n, labels)."""
        odds: F64 = logits.astype(np.float64) * self.slope + self.bias
        return odds

    def score_texts(self, texts: Texts, threads: int = 1) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities, shape (n, labels); parameters as of `logits`."""
        return sigmoid(self.odds(texts, threads))


def sigmoid(odds: F64) -> npt.NDArray[np.float32]:
    """Return the probabilities of log-odds."""
    with np.errstate(over="ignore"):
        share: npt.NDArray[np.float32] = (1 / (1 + np.exp(-odds))).astype(np.float32)
    return share


def _encoder(bundle: DeepBundle) -> Encoder:
    try:
        from moderation.classify.deep.encoder import Encoder
    except ImportError as error:
        raise UsageError(
            f"the tiers cascade and deep need an extra ({error}): pip install 'moderation[deep]'"
        ) from error
    return Encoder(bundle)
