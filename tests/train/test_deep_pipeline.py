"""The second tier from a recipe to a bundle, on a generated corpus and an encoder of random weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="the extra deep-train is not installed")
pytest.importorskip("onnxruntime", reason="the extra deep-train is not installed")
pytest.importorskip("safetensors", reason="the extra deep-train is not installed")

from safetensors.torch import save_file  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402

from moderation.cli import run  # noqa: E402
from moderation.schema import LABELS  # noqa: E402
from moderation.train.deep import pipeline, transfer  # noqa: E402
from moderation.train.deep.recipe import deep_recipe  # noqa: E402
from moderation.train.mix import BACKGROUND  # noqa: E402
from moderation.train.recipe import read_recipe  # noqa: E402
from moderation.train.splits import near_groups, text_groups  # noqa: E402

RUDE = ("you are a stupid idiot and a {0} {1}", "shut up you {0} idiot of a {1}")
KIND = ("thank you for the {0} {1}", "what a lovely {0} by the {1}")
FIRST = ("lamp", "river", "stone", "cloud", "bread", "chair", "glass", "horse")
SECOND = ("wall", "coat", "fish", "tree", "door", "ship", "hill", "rope")
WIDTH, INNER = 16, 32

RECIPE = """
name = "small"
kind = "deep"
seed = 1
[encoder]
pretrained = {pretrained}
longest = 16
scored = 16
batch = 16
rate = 1e-2
head_rate = 1e-2
seeds = [1, 2]
[second_look]
fast = {fast}
share = 0.3
[passes]
written = 2
jigsaw_train_any_label = [2, 1]
"""
LABEL = """
[labels.{0}]
prevalence = 0.05
calibrate = ["written"]
corpora = {{written = 1.0, jigsaw_train_any_label = 1.0}}
"""


def corpus(name: str) -> pd.DataFrame:
    texts = [kind.format(a, b) for kind in (*RUDE, *KIND) for a in FIRST for b in SECOND]
    frame = pd.DataFrame({"text": texts})
    for label in LABELS:
        frame[label] = np.repeat([1, 0], len(texts) // 2).astype(np.float32)
    frame["weight"], frame["corpus"], frame["language"] = np.float32(1), name, "en"
    frame["group"] = text_groups(frame["text"])
    frame["near"] = frame["leader"] = near_groups(frame["text"])
    return frame


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    """A BERT of random weights, with the names and files of a published one."""
    folder = tmp_path / "pretrained"
    folder.mkdir()
    words = sorted({word for text in corpus("x")["text"] for word in text.split()})
    vocabulary = {word: at for at, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    generator = torch.Generator().manual_seed(0)
    layers = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    tensors = {
        f"embeddings.{name}_embeddings.weight": torch.randn(rows, WIDTH, generator=generator)
        for name, rows in (("word", len(vocabulary)), ("position", 20), ("token_type", 2))
    }
    for name, shape in layers.items():
        tensors[f"encoder.layer.0.{name}.weight"] = 0.1 * torch.randn(*shape, generator=generator)
        tensors[f"encoder.layer.0.{name}.bias"] = torch.zeros(shape[0])
    for name in ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"):
        tensors[f"{name}.LayerNorm.weight"] = torch.ones(WIDTH)
        tensors[f"{name}.LayerNorm.bias"] = torch.zeros(WIDTH)
    save_file(tensors, folder / "model.safetensors")
    config = {
        "hidden_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": INNER,
        "max_position_embeddings": 20,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.slow
def test_a_recipe_becomes_a_bundle(
    pretrained: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.concat([corpus(name) for name in (BACKGROUND, "written")], ignore_index=True)
    monkeypatch.setattr(pipeline, "training_frame", lambda recipe, corpora: frame.copy())
    monkeypatch.setattr(pipeline, "rude_words", lambda *_: ())
    monkeypatch.setattr(pipeline, "set_aside", lambda frame, corpora: np.zeros(len(frame), bool))
    recipe, out = tmp_path / "recipe.toml", tmp_path / "out"
    stated = RECIPE.format(pretrained=json.dumps(str(pretrained)), fast=json.dumps(str(tiny_model)))
    stated += "[[later]]\nrate = 1e-4\n[later.passes]\nwritten = 0.5\n"
    recipe.write_text(stated + "".join(map(LABEL.format, LABELS)))
    command = ["train", str(recipe), "-o", str(out), "--corpora", str(tmp_path), "--quiet"]

    assert run(command) == 0
    files = {path.name for path in out.iterdir()}
    assert files == {
        "config.json", "model.onnx", "tokenizer.json", "weights.json", "metrics.json", "recipe.toml",
        "MODEL_CARD.md",
    }  # fmt: skip
    config = json.loads((out / "config.json").read_text())
    digest = config.pop("digest")
    assert digest == hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    assert config["files"]["model.onnx"] == hashlib.sha256((out / "model.onnx").read_bytes()).hexdigest()
    assert config["labels"] == list(LABELS)
    assert set(config["combine"]) == set(config["cascade"]["gain"]) == set(LABELS)
    metrics = json.loads((out / "metrics.json").read_text())
    # Words that only rude texts hold are easily learnt, whatever the encoder starts from.
    assert metrics["test"]["abusive"]["written"]["roc_auc"] > 0.9
    # One a seed, and that of their mean.
    assert metrics["training"]["trainings"] == 3
    assert "## Beside the first tier" in (out / "MODEL_CARD.md").read_text()

    # The same recipe again: the weights stay, the rest is made anew.
    before = (out / "model.onnx").stat().st_mtime_ns
    (out / "MODEL_CARD.md").unlink()
    assert run(command) == 0
    assert (out / "model.onnx").stat().st_mtime_ns == before
    assert json.loads((out / "config.json").read_text())["digest"] == digest
    assert (out / "MODEL_CARD.md").exists()

    # One more training at the end of the recipe: the weights go through it alone.
    recipe.write_text(recipe.read_text() + "[[later]]\nrate = 1e-4\n[later.passes]\nwritten = 0.5\n")
    assert run(command) == 0
    assert (out / "model.onnx").stat().st_mtime_ns != before
    after = json.loads((out / "metrics.json").read_text())
    assert after["training"]["trainings"] == 4
    assert after["training"]["texts"] == metrics["training"]["texts"] + 100
    assert after["test"]["abusive"]["written"]["roc_auc"] > 0.9


def test_a_corpus_that_is_left_out_is_not_learnt_from(
    pretrained: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caves, pan = corpus("caves"), corpus("pan2024_oppositional")
    copied = caves["text"][0]
    pan.loc[1:, "text"] = "well then " + pan["text"][1:]
    pan["near"] = pan["leader"] = near_groups(pan["text"])
    frame = pd.concat([caves, pan], ignore_index=True)
    recipe = tmp_path / "recipe.toml"
    names = ("caves", "pan2024_oppositional")
    stated = RECIPE.format(pretrained=json.dumps(str(pretrained)), fast=json.dumps(str(tiny_model)))
    stated = stated.partition("[passes]")[0] + "[passes]\n" + "".join(f"{name} = 2\n" for name in names)
    label = LABEL.format("conspiracy").replace("written = 1.0", "caves = 1.0")
    recipe.write_text(stated + label.replace(BACKGROUND, "pan2024_oppositional").replace("written", "caves"))
    common = read_recipe(recipe)
    learnt: list[pd.DataFrame] = []

    def fit_encoder(rows: pd.DataFrame, *rest: object) -> object:
        learnt.append(rows)
        return real(rows, *rest)

    real = transfer.fit_encoder
    monkeypatch.setattr(transfer, "fit_encoder", fit_encoder)
    folder = tmp_path / "state"
    folder.mkdir()
    assert transfer.candidates(frame, "conspiracy", common) == list(names)
    found = list(transfer.carried(frame, "conspiracy", list(names), (common, deep_recipe(common)), folder))
    assert [one.corpus for one in found] == list(names)
    for one, rows in zip(found, learnt, strict=True):
        assert set(rows["corpus"]) == set(names) - {one.corpus}
        assert copied not in set(rows["text"])
        # In two trainings, twice in each.
        assert one.shown == 4 * len(rows)
        assert (one.rows, one.positives, one.rows > one.held_rows > 0) == (256, 128, True)
        # Words that only rude texts hold are those of both corpora.
        assert min(one.linear, one.deep, one.both, *one.held.values()) > 0.9
