"""A tiny second tier for tests: a graph by hand whose logits are sums over tokens, and a word tokenizer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from moderation.classify.deep.bundle import digest
from moderation.schema import LABELS

WORDS = {
    "[UNK]": 0.0,
    "[CLS]": 0.0,
    "[SEP]": 0.0,
    "[PAD]": 0.0,
    "you": 0.1,
    "idiot": 3.0,
    "stupid": 2.0,
    "not": -4.0,
    "they": 0.3,
    "staged": 1.5,
    "it": 0.0,
    "photo": -1.0,
    "thank": -1.0,
    "nice": -0.5,
}
"""Token to the logit that it adds to every label."""


def write_deep(folder: Path, first: Path, **changes: Any) -> Path:
    """Write a bundle that belongs to a first tier, and return its folder; `changes` replace what it states.

    The last label's logit is the number of tokens, read from the mask, so that padding would be noticed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(_graph())
    (folder / "tokenizer.json").write_text(_tokenizer(), "utf-8")
    stated = json.loads((first / "config.json").read_text("utf-8"))
    knots = {"logit": [-4.0, 0.0, 4.0], "rate": [0.0, 0.5, 0.1]}
    config = {
        "format_version": 6,
        "name": "tiny-deep",
        "kind": "deep",
        "labels": list(LABELS),
        "max_length": 12,
        "calibration": {label: {"slope": 1.0, "bias": -1.0, "prevalence": 0.05} for label in LABELS},
        "fast": {"name": str(first), "digest": stated["digest"]},
        "combine": {label: [0.0, 1.0, 0.0] for label in LABELS},
        "operating_points": {label: [[0.6, 0.9, 0.8]] for label in LABELS},
        "cascade": {
            "band": {"abusive": [0.2, 0.995], "conspiracy": [0.3, 0.9]},
            "gain": dict.fromkeys(LABELS, knots),
        },
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("model.onnx", "tokenizer.json")
        },
        **changes,
    }
    config["digest"] = digest(config)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def _graph() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    table = np.repeat(np.array(list(WORDS.values()), np.float32)[:, None], len(LABELS), axis=1)
    table[:, -1] = 0
    count = np.zeros(len(LABELS), np.float32)
    count[-1] = 0.125
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "tokens"], ["sums"], keepdims=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "tokens"], ["length"], keepdims=1),
        helper.make_node("Mul", ["length", "count"], ["counted"]),
        helper.make_node("Add", ["sums", "counted"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", len(LABELS)])]
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([1], np.int64), "tokens"),
        numpy_helper.from_array(count, "count"),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def _tokenizer() -> str:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return str(tokenizer.to_str())
