"""A trained encoder becomes an ONNX graph with weights of one byte, run by onnxruntime alone."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from moderation.train.deep.encoder import Encoder

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "logits"
OPSET = 17

ONE_BYTE = ("MatMul", "Gather")
"""Operators whose constants become one byte: the layers and the word vectors."""


def export(encoder: Encoder, path: Path) -> None:
    """Write an encoder as a float32 graph: int64 inputs of any shape (n, tokens), logits (n, labels)."""
    encoder.eval()
    numbers = torch.tensor([[101, 2000, 2001, 102], [101, 2000, 102, 0]]) % encoder.shape.vocabulary
    with warnings.catch_warnings():
        # The tracing exporter is called old; the new one takes ten times as long and its graph is slower.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            encoder,
            (numbers, torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "rows", 1: "tokens"} for name in INPUTS} | {OUTPUT: {0: "rows"}},
        )


def quantise(source: Path, target: Path, *, per_channel: bool = False) -> None:
    """Write a graph with weights of one byte; activations are rounded to one byte as they come.

    The scale of an activation is that of its whole batch, so a text's logits depend on its company unless
    texts are run one by one, as `moderation.train.deep.run` does. The head stays as it is: it is tiny, and
    its rounding would go straight into the logits.
    """
    # The head is the only Gemm, which is made a MatMul of this name before anything is rounded.
    head = [f"{node.name}_MatMul" for node in onnx.load(source).graph.node if node.op_type == "Gemm"]
    level = logging.root.level
    # It reports every tensor that it leaves alone, and advice, on the root logger.
    logging.root.setLevel(logging.ERROR)
    try:
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=list(ONE_BYTE),
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
            nodes_to_exclude=head,
        )
    finally:
        logging.root.setLevel(level)


def export_one_byte(encoder: Encoder, path: Path) -> None:
    """Write an encoder as an ONNX graph with weights of one byte."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        export(encoder, whole)
        quantise(whole, path)
