"""Training rows become the graph and the tokenizer of a bundle."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from moderation.classify.deep.parts import joined
from moderation.errors import ConfigError
from moderation.train.deep.encoder import Encoder, Shape, load_pretrained
from moderation.train.deep.export import export_one_byte
from moderation.train.deep.loop import Settings, Trainer
from moderation.train.deep.plan import batches, draw_rows
from moderation.train.deep.recipe import DeepRecipe, Passes
from moderation.train.deep.rows import targets_of
from moderation.train.deep.run import Runner
from moderation.train.deep.tokens import add_emoji, fold_forms, name_emoji, tokenise, tokenise_parts
from moderation.train.recipe import Say

Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]

FACTS: Final = "weights.json"
"""Beside the graph: what its weights follow from, how long they took, what rounding them cost."""

CHECKPOINT: Final = "training-{}.pt"
"""State of the training with a seed, and of the last one."""

COMPARED: Final = 5000
"""Held-out rows on which the graph of one-byte weights is compared with the encoder."""


def learn_weights(
    frame: pd.DataFrame, learn: Bool, held: Bool, recipe: DeepRecipe, out: Path, say: Say = lambda _: None
) -> None:
    """Train an encoder and write `model.onnx`, `tokenizer.json` and `weights.json`.

    A training that was stopped goes on from its last checkpoint; checkpoints lie in the same folder until the
    graph is written.

    Parameters
    ----------
    frame : DataFrame, n rows
        Soft labels filled in.
    learn, held : ndarray of bool, shape (n,)
        Rows to learn from, and rows to compare the two graphs on.
    recipe : DeepRecipe
    out : Path
        Folder of the bundle.
    say : callable

    Raises
    ------
    ConfigError
        The pretrained encoder is not installed.
    """
    encoder, tokenizer, facts = fit_encoder(frame[learn], recipe, out, say)
    say("writing the graph")
    tokenizer.save(str(out / "tokenizer.json"))
    export_one_byte(encoder, out / "model.onnx")
    rounding = rounding_cost(encoder, frame[held], recipe, out)
    # Kept with the weights: calibrated anew, they do not follow from corpora that have changed since.
    rows = frame["corpus"][frame["corpus"].isin(recipe.shown)].value_counts()
    corpora = {str(name): int(count) for name, count in rows.items()}
    stated = {"key": recipe.weights_key, **facts, "corpora": corpora, "rounding": rounding}
    (out / FACTS).write_text(json.dumps(stated, indent=1) + "\n", "utf-8")
    for state in out.glob(CHECKPOINT.format("*")):
        state.unlink()


def fit_encoder(
    frame: pd.DataFrame, recipe: DeepRecipe, folder: Path, say: Say = lambda _: None
) -> tuple[Encoder, Tokenizer, dict[str, int]]:
    """Train a pretrained encoder, once per seed, from checkpoints if there are some, and average the weights.

    Trainings that begin alike end close enough for their mean to be nearly as good as an ensemble of them, at
    the price of one: Wortsman et al. (2022), "Model soups: averaging weights of multiple fine-tuned models
    improves accuracy without increasing inference time". A last training, where the recipe has one, goes on
    from the mean and counts by its share, so that what the mean knew is not lost over it: Wortsman
    et al. (2022), "Robust fine-tuning of zero-shot models".

    Parameters
    ----------
    frame : DataFrame
        The rows to learn from.
    recipe : DeepRecipe
    folder : Path
        Where the states are kept, one file a seed.
    say : callable

    Returns
    -------
    encoder : Encoder
    tokenizer : Tokenizer
        With the emoji that the texts hold.
    facts : dict
        `trainings`, and of all of them together `texts` shown, `steps` and `seconds`.

    Raises
    ------
    ConfigError
        The pretrained encoder is not installed.
    """
    labels = recipe.common.labels
    rows = frame.reset_index(drop=True)
    source = pretrained_folder(recipe.encoder.pretrained)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    fold_forms(tokenizer)
    emoji = add_emoji(tokenizer, rows["text"])
    tokens = tokenise(tokenizer, rows["text"].tolist(), recipe.encoder.longest)
    targets = targets_of(rows, labels)
    positive: Bool = np.any((targets.truth > 0.5) & (targets.weight > 0), axis=1)
    seeds = recipe.encoder.seeds
    torch.manual_seed(seeds[0])
    encoder = Encoder(_shape(source, tokenizer), len(labels))
    load_pretrained(encoder, load_file(source / "model.safetensors"))
    name_emoji(encoder.words.weight, tokenizer, emoji)
    facts = {"trainings": 0, "texts": 0, "steps": 0, "seconds": 0}

    def train(trainer: Trainer, passes: Passes, seed: int, name: str) -> Trainer:
        rng = np.random.default_rng(seed)
        drawn = draw_rows(rows["corpus"].to_numpy(object), positive, passes, rng)
        plan = batches(drawn, tokens.lengths, recipe.encoder.batch, rng)
        say(f"training {name} on {len(drawn):,} texts in {len(plan):,} steps")
        trainer.run(tokens, plan, folder / CHECKPOINT.format(name), say)
        steps = {"trainings": 1, "texts": len(drawn), "steps": len(plan), "seconds": round(trainer.seconds)}
        facts.update({fact: facts[fact] + more for fact, more in steps.items()})
        return trainer

    settings = Settings(rate=recipe.encoder.rate, head_rate=recipe.encoder.head_rate)
    trained = [
        train(Trainer(copy.deepcopy(encoder), targets, settings, s), recipe.passes_with(s), s, str(s))
        for s in seeds
    ]
    mean = averaged([trainer.encoder for trainer in trained])
    if recipe.last is not None:
        settings = Settings(rate=recipe.last.rate, head_rate=recipe.last.head_rate)
        last = Trainer(copy.deepcopy(mean), targets, settings, seeds[0])
        last.begin([trainer.own for trainer in trained])
        train(last, recipe.last.passes, seeds[0], "last")
        mean = averaged([mean, last.encoder], [1 - recipe.last.share, recipe.last.share])
    return mean, tokenizer, facts


def averaged(encoders: Sequence[Encoder], shares: Sequence[float] | None = None) -> Encoder:
    """Return an encoder whose weights are the mean of those of others, of one shape, all alike by default."""
    mean = copy.deepcopy(encoders[0])
    shares = shares or [1 / len(encoders)] * len(encoders)
    states = [encoder.state_dict() for encoder in encoders]
    both = list(zip(shares, states, strict=True))
    mean.load_state_dict({name: sum(share * state[name] for share, state in both) for name in states[0]})
    return mean


def known_weights(out: Path, recipe: DeepRecipe) -> dict[str, Any] | None:
    """Return the facts of weights that a folder already holds, if they follow from the same recipe."""
    try:
        facts: dict[str, Any] = json.loads((out / FACTS).read_text("utf-8"))
    except FileNotFoundError:
        return None
    there = all((out / name).is_file() for name in ("model.onnx", "tokenizer.json"))
    return facts if there and facts["key"] == recipe.weights_key else None


def rounding_cost(
    encoder: Encoder, frame: pd.DataFrame, recipe: DeepRecipe, out: Path
) -> dict[str, dict[str, float]]:
    """Return per label the ROC-AUC of the encoder and of the written graph on the same rows."""
    labels = list(recipe.common.labels)
    frame = frame.sample(min(COMPARED, len(frame)), random_state=recipe.common.seed)
    texts = frame["text"].tolist()
    longest = recipe.encoder.scored
    whole = float_logits(encoder, Tokenizer.from_file(str(out / "tokenizer.json")), texts, longest)
    rounded = Runner(out, longest).logits(texts)
    found = {}
    for column, label in enumerate(labels):
        truth = frame[label].to_numpy(np.float64)
        known = ~np.isnan(truth)
        positive = truth[known] > 0.5
        if 0 < positive.sum() < known.sum():
            found[label] = {
                "float": round(float(roc_auc_score(positive, whole[known, column])), 4),
                "one_byte": round(float(roc_auc_score(positive, rounded[known, column])), 4),
            }
    return found


def pretrained_folder(name: str) -> Path:
    """Return the folder of a pretrained encoder, by path or by the Python package that carries it.

    Raises
    ------
    ConfigError
        There is none.
    """
    if Path(name).is_dir():
        return Path(name)
    found = importlib.util.find_spec(name)
    for folder in (found.submodule_search_locations or []) if found else []:
        for path in sorted(Path(folder).rglob("model.safetensors")):
            return path.parent
    raise ConfigError(
        f"no pretrained encoder {name!r}: pip install --no-deps {name.replace('_', '-')}, or name a "
        "folder with model.safetensors, config.json and tokenizer.json"
    )


def _shape(source: Path, tokenizer: Tokenizer) -> Shape:
    stated = json.loads((source / "config.json").read_text("utf-8"))
    return Shape(
        tokenizer.get_vocab_size(),
        stated["hidden_size"],
        stated["num_hidden_layers"],
        stated["num_attention_heads"],
        stated["intermediate_size"],
        stated["max_position_embeddings"],
    )


def float_logits(
    encoder: Encoder, tokenizer: Tokenizer, texts: list[str], longest: int, size: int = 64
) -> F64:
    """Return the logits of an encoder, not rounded, those of a text's parts joined, shape (n, labels)."""
    tokens, firsts = tokenise_parts(tokenizer, texts, longest)
    order = np.argsort(tokens.lengths, kind="stable")
    found = np.zeros((len(order), encoder.head.out_features))
    encoder.eval()
    with torch.inference_mode():
        for at in range(0, len(order), size):
            rows = order[at : at + size]
            found[rows] = encoder(*tokens.batch(rows)).numpy()
    ends = [*firsts[1:].tolist(), len(found)]
    return np.stack([joined(found[first:end]) for first, end in zip(firsts.tolist(), ends, strict=True)])
