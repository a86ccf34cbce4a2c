"""Rate, load time and memory of both tiers, beside a graph of BERT-base's size, in one run.

    python benchmarks/tiers.py
    python benchmarks/tiers.py --deep models/deep --file dump.jsonl.zst --texts 5000

Detoxify and most published classifiers of comments are of BERT-base's architecture: 12 layers of width 768,
texts cut to 512 tokens. Its weights are random here, which changes nothing about its speed; onnxruntime runs
it in float32. Each subject is measured in a process of its own, pinned to one processor, one after the other;
rates are comments per second of processor time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peer_runner import cpu_seconds, peak_memory, rate
from texts import comments

Score = Callable[[list[str]], Sequence[object]]

BUDGET = 0.05
WIDTH, LAYERS, HEADS, INNER, WORDS, LONGEST = 768, 12, 12, 3072, 30522, 512
SUBJECTS = ("fast", "cascade", "deep", "BERT-base")
FEWER = {"fast": 1, "cascade": 1, "deep": 10, "BERT-base": 10}
"""What the number of comments is divided by, for subjects so slow that all of them would take an hour."""


def main() -> None:
    options = _options()
    if options.one:
        print(json.dumps(measure(options.one, options.deep, json.loads(options.given.read_text("utf-8")))))
        return
    texts = given_texts(options)
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} comments of {mean:.0f} characters on average, fewer for slow subjects\n")
    heads = ("comments", "comments/CPU s", "fast/this", "load CPU s", "peak MiB", "files MB")
    print(f"{'subject':12}" + "".join(f"{head:>16}" for head in heads))
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="tiers-") as scratch:
        for subject in SUBJECTS:
            given = Path(scratch) / "texts.json"
            given.write_text(json.dumps(texts[: max(2, len(texts) // FEWER[subject])]), "utf-8")
            command = [
                sys.executable,
                __file__,
                "--one",
                subject,
                "--given",
                str(given),
                "--deep",
                options.deep,
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = found[subject] = json.loads(done.stdout.splitlines()[-1])
            cells = (
                f"{row['comments']:,}",
                f"{row['per_cpu_second']:,.1f}",
                f"{found['fast']['per_cpu_second'] / row['per_cpu_second']:,.1f}",
                f"{row['load_seconds']:.2f}",
                f"{row['peak_mib']:.0f}",
                f"{row['file_bytes'] / 1e6:.1f}",
            )
            print(f"{subject:12}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measure(subject: str, deep: str, texts: list[str]) -> dict[str, Any]:
    """Measure one subject in this process: half of the texts warm up, the others are timed."""
    import os

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    start = cpu_seconds()
    score, size = bert_base(deep) if subject == "BERT-base" else tier(subject, deep)
    load = cpu_seconds() - start
    half = len(texts) // 2
    score(texts[:half])
    return {
        "comments": len(texts) - half,
        "per_cpu_second": rate(score, texts[half:]),
        "load_seconds": load,
        "peak_mib": peak_memory(),
        "file_bytes": size,
    }


def tier(name: str, deep: str) -> tuple[Score, int]:
    """Return one of our tiers; the cascade spends a budget of 5 %, as a run does."""
    import pyarrow as pa

    from moderation import load_model
    from moderation.classify.deep.look import least_priority
    from moderation.classify.deep.tiered import TieredModel

    pa.set_cpu_count(1)
    model = load_model("fast") if name == "fast" else load_model(deep, name)
    folders = {model.bundle.path, model.path}

    def score(texts: list[str]) -> Sequence[object]:
        if isinstance(model, TieredModel) and name == "cascade":
            fast = super(TieredModel, model).predict_proba(texts)
            priority = model.look.priority(fast)
            model.look_from(least_priority(priority[priority >= 0], int(BUDGET * len(texts))))
        return model.score_table(pa.table({"text": pa.array(texts, pa.string())}), any_language=True)["tier"]

    files = [
        file for folder in folders for file in folder.iterdir() if file.suffix in {".npy", ".onnx", ".json"}
    ]
    return score, sum(file.stat().st_size for file in files)


def bert_base(deep: str) -> tuple[Score, int]:
    """Return a graph of BERT-base's size with random weights behind the second tier's tokenizer."""
    import onnxruntime
    from tokenizers import Tokenizer

    from moderation.classify.bundle import find_bundle

    tokenizer = Tokenizer.from_file(str(find_bundle(deep) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    graph = bert_graph()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def score(texts: list[str]) -> Sequence[object]:
        ids = [np.array([one.ids], np.int64) % WORDS for one in tokenizer.encode_batch(texts)]
        return [session.run(None, {"ids": one})[0] for one in ids]

    return score, len(graph)


def bert_graph() -> bytes:
    """Return BERT-base as ONNX: embeddings, 12 layers, one linear head on the first token."""
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(1)
    nodes: list[Any] = []
    constants: dict[str, np.ndarray] = {
        "words": draw.standard_normal((WORDS, WIDTH), np.float32) * 0.02,
        "heads": np.array([0, 0, HEADS, WIDTH // HEADS], np.int64),
        "flat": np.array([0, 0, WIDTH], np.int64),
        "scale": np.array(1 / np.sqrt(WIDTH // HEADS), np.float32),
        "ones": np.ones(WIDTH, np.float32),
        "zeros": np.zeros(WIDTH, np.float32),
        "first": np.array(0, np.int64),
    }

    def add(kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"n{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(value: str, rows: int, columns: int) -> str:
        name = f"w{len(constants)}"
        constants[name] = draw.standard_normal((rows, columns), np.float32) * 0.02
        constants[f"{name}b"] = np.zeros(columns, np.float32)
        return add("Add", [add("MatMul", [value, name]), f"{name}b"])

    def norm(value: str) -> str:
        return add("LayerNormalization", [value, "ones", "zeros"], axis=-1)

    def split(value: str, order: list[int]) -> str:
        return add("Transpose", [add("Reshape", [linear(value, WIDTH, WIDTH), "heads"])], perm=order)

    state = norm(add("Gather", ["words", "ids"]))
    for _ in range(LAYERS):
        query, key, value = (split(state, order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        weight = add("Softmax", [add("Mul", [add("MatMul", [query, key]), "scale"])], axis=-1)
        mixed = add("Transpose", [add("MatMul", [weight, value])], perm=[0, 2, 1, 3])
        state = norm(add("Add", [state, linear(add("Reshape", [mixed, "flat"]), WIDTH, WIDTH)]))
        inner = add("Gelu", [linear(state, WIDTH, INNER)])
        state = norm(add("Add", [state, linear(inner, INNER, WIDTH)]))
    top = linear(add("Gather", [state, "first"], axis=1), WIDTH, 8)
    graph = helper.make_graph(
        nodes,
        "bert-base",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"])],
        [helper.make_tensor_value_info(top, TensorProto.FLOAT, ["rows", 8])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    return bytes(model.SerializeToString())


def given_texts(options: argparse.Namespace) -> list[str]:
    if not options.file:
        return comments(options.texts, seed=1)
    from moderation import read_comments

    return [text for text in read_comments(options.file)["text"] if text][: options.texts]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--texts", type=int, metavar="N", default=4000, help="comments for the quick subjects"
    )
    parser.add_argument(
        "--file", type=Path, help="comments of this file, in any format that we read, instead"
    )
    parser.add_argument("--deep", default="deep", metavar="NAME|DIR", help="the second tier")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file, too")
    parser.add_argument("--one", choices=SUBJECTS, help=argparse.SUPPRESS)
    parser.add_argument("--given", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
