"""A recipe with `kind = "deep"` becomes a bundle of the second tier: graph, calibration, cascade, card."""

from __future__ import annotations

import hashlib
import json
import platform
import resource
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from moderation.classify.deep.bundle import FORMAT_VERSION
from moderation.classify.deep.look import SecondLook
from moderation.classify.model import Model, load_model
from moderation.errors import ConfigError
from moderation.text.chunks import as_strings
from moderation.text.plain import plain_texts
from moderation.train.audit import audit
from moderation.train.deep.card import write_deep_card
from moderation.train.deep.cascade import logit
from moderation.train.deep.recipe import DeepRecipe, deep_recipe
from moderation.train.deep.rows import set_aside
from moderation.train.deep.run import Runner
from moderation.train.deep.second import (
    Tiers,
    curve,
    fit_second_look,
    fit_together,
    looking,
    mix_weights,
)
from moderation.train.deep.tier import Tier
from moderation.train.deep.weights import FACTS, learn_weights, trainings_done
from moderation.train.evaluate import measure
from moderation.train.fit import Design, design
from moderation.train.lexicon import rude_words
from moderation.train.mix import BACKGROUND, reference_rows
from moderation.train.pipeline import add_soft_labels, calibrate_label, sides, training_frame
from moderation.train.recipe import Recipe, Say

Bool = npt.NDArray[np.bool_]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

FILES: Final = ("model.onnx", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that the weights were not learnt from.

    Parameters
    ----------
    frame : DataFrame, n rows
        All rows of the corpora, human labels only.
    valid, test : ndarray of bool, shape (n,)
        Rows to fit calibration and cascade on, and rows to measure on.
    """

    frame: pd.DataFrame
    valid: Bool
    test: Bool


def train_deep(recipe: Recipe, out: Path, corpora: Path, *, jobs: int = 2, say: Say = lambda _: None) -> Tier:
    """Train the second tier and write its bundle.

    A stopped training goes on where it was when the command is given again. A folder that already holds
    weights from the same recipe keeps them: calibration, cascade and figures are made again, as after a new
    first tier. Where the recipe has got later trainings since, they alone are done. To train anew, remove
    `weights.json`.

    Parameters
    ----------
    recipe : Recipe
    out : Path
        Folder of the bundle.
    corpora : Path
        Folder with the corpora that the recipe names.
    jobs : int, default 2
        Processor cores used.
    say : callable

    Returns
    -------
    Tier
        A second look at everything.

    Raises
    ------
    ConfigError
        The recipe cannot be used.
    DataError
        A corpus is missing or damaged.
    """
    deep = deep_recipe(recipe)
    torch.set_num_threads(jobs)
    say(f"reading {len(recipe.corpora)} corpora")
    frame = training_frame(recipe, corpora)
    split = sides(frame, recipe.seed)
    held = Held(frame, (split == "valid").to_numpy(), (split == "test").to_numpy())
    out.mkdir(parents=True, exist_ok=True)
    if trainings_done(out, deep) != len(deep.later):
        learn = (split == "train").to_numpy() & ~set_aside(frame, corpora)
        learn_weights(soft_labels(frame, learn, recipe, corpora, say), learn, held.valid, deep, out, say)
    (out / "recipe.toml").write_text(recipe.text, "utf-8")
    return finish(deep, held, out, jobs=jobs, say=say)


def soft_labels(frame: pd.DataFrame, learn: Bool, recipe: Recipe, corpora: Path, say: Say) -> pd.DataFrame:
    """Fill in labels of rows known to be abusive but not how, by linear models; see `add_soft_labels`."""
    say("vectorising for soft labels")
    data = design(frame, learn, recipe, rude_words(frame[learn], corpora))
    return add_soft_labels(Design(data.frame, data.vectorizer, data.matrix), recipe, learn, say)


def finish(recipe: DeepRecipe, held: Held, out: Path, *, jobs: int = 2, say: Say = lambda _: None) -> Tier:
    """Calibrate weights that are there, fit the cascade, measure, and write configuration, metrics and card.

    Parameters
    ----------
    recipe : DeepRecipe
    held : Held
    out : Path
        Folder with `model.onnx`, `tokenizer.json` and `weights.json`.
    jobs : int, default 2
    say : callable

    Raises
    ------
    ConfigError
        The first tier has other labels.
    """
    started = time.monotonic()
    labels = tuple(recipe.common.labels)
    fast = load_model(recipe.second_look.fast)
    if fast.labels != labels:
        raise ConfigError(f"the first tier {fast.name!r} has other labels: {', '.join(fast.labels)}")
    runner = Runner(out, recipe.encoder.scored, jobs)
    say(f"scoring {int((held.valid | held.test).sum()):,} held-out texts")
    facts = json.loads((out / FACTS).read_text("utf-8"))
    config = _config(recipe, facts["corpora"])
    tiers = _score(fast, runner, held, recipe, config)
    say("fitting the second look")
    reference = {
        label: reference_rows(held.frame, label, stated, held.valid)
        for label, stated in recipe.common.labels.items()
    }
    config |= fit_together(tiers, held.frame, held.valid, reference)
    config["fast"] = {"name": fast.name, "digest": fast.digest}
    share = recipe.second_look.share
    tiers = replace(tiers, deep_config=config)
    cascade = fit_second_look(tiers, held.frame, mix_weights(held.frame, held.valid, BACKGROUND), share)
    mix = mix_weights(held.frame, held.test, BACKGROUND)
    cascade["curve"] = curve(tiers, cascade, held.frame, mix)
    config["cascade"] = cascade | {"share": share}
    write_config(config, out)
    say("measuring")
    always, doubtful = _tiers(fast, runner, config, out)
    metrics = {
        "test": measure(always, held.frame, held.test),
        "test_fast": measure(fast, held.frame, held.test),
        "test_cascade": measure(doubtful, held.frame, held.test),
        "audit": audit(always),
        "audit_fast": audit(fast),
        "audit_cascade": audit(doubtful),
        "curve": cascade["curve"],
        "training": {name: fact for name, fact in facts.items() if name not in ("own", "shape")}
        | {
            "seconds_of_measuring": round(time.monotonic() - started),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        },
    }
    write_deep_card(always, metrics, out)
    return always


def write_config(config: dict[str, Any], out: Path) -> None:
    """Write `config.json` with the digests of the files and of itself.

    `digest` is the SHA-256 of the JSON of everything else, keys sorted, in which `files` holds the SHA-256 of
    the graph and the tokenizer.
    """
    files = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}
    config["files"] = files
    stated = {key: value for key, value in config.items() if key != "digest"}
    config["digest"] = hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()
    text = json.dumps(config, indent=1, ensure_ascii=False, sort_keys=True)
    (out / "config.json").write_text(text + "\n", "utf-8")


def _score(fast: Model, runner: Runner, held: Held, recipe: DeepRecipe, config: dict[str, Any]) -> Tiers:
    """Score the held-out rows by both tiers, calibrating the second one on the way."""
    labels = list(recipe.common.labels)
    rows = np.flatnonzero(held.valid | held.test)
    texts = held.frame["text"].iloc[rows]
    first = np.full((len(held.frame), len(labels)), np.nan)
    first[rows] = logit(fast.predict_proba(texts))
    raw = np.full_like(first, np.nan)
    raw[rows] = runner.logits(plain_texts(as_strings(texts), fast.scorer.unmasker))
    second = np.empty_like(raw)
    for column, (label, stated) in enumerate(recipe.common.labels.items()):
        config["calibration"][label], _ = calibrate_label(
            held.frame, raw[:, column], label, stated, held.valid
        )
        second[:, column] = logit(_probability(raw[:, column], config["calibration"][label]))
    return Tiers(tuple(labels), first, second, fast.config, config)


def _tiers(fast: Model, runner: Runner, config: dict[str, Any], out: Path) -> tuple[Tier, Tier]:
    """Return a second look at everything, and one at the comments in the bands."""
    calibration = [config["calibration"][label] for label in config["labels"]]

    def score(texts: list[str]) -> F32:
        plain = plain_texts(as_strings(texts), fast.scorer.unmasker)
        logits = runner.logits(plain).astype(np.float64)
        columns = [_probability(logits[:, at], stated) for at, stated in enumerate(calibration)]
        return np.stack(columns, axis=1).astype(np.float32)

    always = looking(SecondLook.at_everything(config), fast.predict_proba, score)
    doubtful = looking(SecondLook.at_doubtful(config), fast.predict_proba, score)
    return Tier(fast, config, out, always), Tier(fast, config, out, doubtful)


def _probability(odds: F64, calibration: dict[str, float]) -> F64:
    with np.errstate(over="ignore"):
        share: F64 = 1 / (1 + np.exp(-(calibration["slope"] * odds + calibration["bias"])))
    return share


def _config(recipe: DeepRecipe, corpora: dict[str, int]) -> dict[str, Any]:
    libraries = ("torch", "onnx", "onnxruntime", "tokenizers", "numpy")
    return {
        "format_version": FORMAT_VERSION,
        "name": recipe.common.name,
        "kind": "deep",
        "labels": list(recipe.common.labels),
        "language": "en",
        "max_length": recipe.encoder.scored,
        "calibration": {},
        "corpora": corpora,
        "libraries": {name: version(name) for name in libraries} | {"python": platform.python_version()},
    }
