"""A trained encoder becomes an ONNX graph with weights of one byte, run by onnxruntime alone."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from moderation.classify.deep.encoder import INPUTS, OUTPUT
from moderation.train.deep.encoder import Encoder, Shape

OPSET = 17

WORDS = "words.weight"
"""The table of word vectors, half of all weights."""


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


def quantise(source: Path, target: Path) -> None:
    """Write a graph with weights of one byte, each column of a layer and each word with a scale of its own.

    One scale for a whole matrix is that of its largest weights, which leaves few steps for all the others.
    Activations are rounded to one byte as they come, at the scale of their whole batch, so a text's
    logits depend on its company unless texts are run one by one, as `moderation.train.deep.run` does. The
    head stays as it is: it is tiny, and its rounding would go straight into the logits.
    """
    graph = onnx.load(source)
    _round_rows(graph.graph, WORDS)
    # The head is the only Gemm, which is made a MatMul of this name before anything is rounded.
    head = [f"{node.name}_MatMul" for node in graph.graph.node if node.op_type == "Gemm"]
    level = logging.root.level
    # It reports every tensor that it leaves alone, and advice, on the root logger.
    logging.root.setLevel(logging.ERROR)
    try:
        quantize_dynamic(
            graph,
            target,
            op_types_to_quantize=["MatMul"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=head,
        )
    finally:
        logging.root.setLevel(level)


def _round_rows(graph: onnx.GraphProto, name: str) -> None:
    """Make a table that rows are gathered from one of single bytes, with a scale per row."""
    table = next(one for one in graph.initializer if one.name == name)
    values = numpy_helper.to_array(table)
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(np.float32).tiny) / 127
    table.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), name))
    graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
    [gather] = [node for node in graph.node if node.op_type == "Gather" and node.input[0] == name]
    _, numbers = gather.input
    [out] = gather.output
    parts = [f"{out}/{part}" for part in ("codes", "scale", "whole")]
    gather.output[0] = parts[0]
    at = list(graph.node).index(gather) + 1
    for node in (
        helper.make_node("Mul", [parts[2], parts[1]], [out], f"{gather.name}/Mul"),
        helper.make_node("Cast", [parts[0]], [parts[2]], f"{gather.name}/Cast", to=onnx.TensorProto.FLOAT),
        helper.make_node("Gather", [f"{name}.scale", numbers], [parts[1]], f"{gather.name}/Scale"),
    ):
        graph.node.insert(at, node)


def export_one_byte(encoder: Encoder, path: Path) -> None:
    """Write an encoder as an ONNX graph with weights of one byte."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        export(encoder, whole)
        quantise(whole, path)


def read_one_byte(path: Path, shape: Shape) -> Encoder:
    """Read an encoder back from the graph that `export_one_byte` wrote, its weights as they were rounded.

    Parameters
    ----------
    path : Path
    shape : Shape
        Of the encoder that was written.
    """
    graph = onnx.load(path).graph
    tensors = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    weights = {name: values for name, values in tensors.items() if name.endswith((".weight", ".bias"))}
    weights[WORDS] = tensors[WORDS] * tensors[f"{WORDS}.scale"]
    for node in graph.node:
        # A product is named after its layer, which the matrix, stored the other way round, is not.
        layer, _, product = node.name.removeprefix("/").replace("/", ".").rpartition(".")
        if node.op_type == "MatMulInteger":
            matrix = node.input[1].removesuffix("_quantized")
            weights[f"{layer}.weight"] = (tensors[node.input[1]] * tensors[f"{matrix}_scale"]).T
        elif product == "Gemm_MatMul":
            weights[f"{layer}.weight"] = tensors[node.input[1]].T
    encoder = Encoder(shape, len(weights["head.bias"]))
    encoder.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})
    return encoder
