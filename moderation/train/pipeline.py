"""A recipe and a folder of corpora become a model bundle: the whole of `moderation train`."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from moderation.classify.bundle import write_bundle
from moderation.classify.model import load_model
from moderation.classify.scorer import Scorer
from moderation.classify.weights import Weights
from moderation.errors import DataError, UsageError
from moderation.text.chunks import as_strings
from moderation.train.audit import audit
from moderation.train.calibrate import fit_sigmoid, operating_points
from moderation.train.card import write_card
from moderation.train.card_sections import failures_section, reliability_section, transfer_section
from moderation.train.corpora import load_corpora
from moderation.train.corpora_spec import registry_path
from moderation.train.decided import with_decisions
from moderation.train.evaluate import measure
from moderation.train.fit import Design, design, fit_label, weights_of
from moderation.train.frequent import frequent_chunks
from moderation.train.judge import Judge
from moderation.train.lexicon import LEXICON, lexicon_rows, rude_words
from moderation.train.mix import BACKGROUND, reference_rows
from moderation.train.recipe import LabelRecipe, Recipe, Say, read_recipe
from moderation.train.reliability import FIGURE, draw, reliability
from moderation.train.splits import split_by_group, text_groups
from moderation.train.taught import FILE as TAUGHT_FILE
from moderation.train.taught import taught_by, with_teacher
from moderation.train.templates import KINDS, template_rows, written_by_people
from moderation.train.transfer import transfer

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


def train(
    recipe_path: Path,
    out: Path,
    corpora: Path,
    *,
    licences: Iterable[str] = (),
    decided: tuple[pd.DataFrame, float] | None = None,
    jobs: int = 2,
    say: Say = lambda _: None,
) -> Judge:
    """Train a model and write its bundle: weights, configuration, metrics, model card and recipe.

    Parameters
    ----------
    recipe_path : Path
        See `moderation.train.recipe`.
    out : Path
        Folder of the bundle.
    corpora : Path
        Folder with the corpora that the recipe names.
    licences : iterable of str, optional
        Licence classes to keep to, see `moderation.train.licences`; default: what the recipe says.
    decided : (DataFrame, float), optional
        Decisions as one more corpus, and its weight; see `moderation.train.learn`, which sets both.
    jobs : int, default 2
        Labels trained at the same time; the result does not depend on it.
    say : callable
        Told about progress, one line at a time.

    Returns
    -------
    Judge
        The bundle, loaded: a `Model`, or the second tier alone where the recipe's kind is "deep".

    Raises
    ------
    ConfigError
        The recipe cannot be used.
    DataError
        A corpus is missing or damaged.
    """
    started = time.monotonic()
    recipe = read_recipe(recipe_path, licences)
    if recipe.kind == "deep":
        return _second_tier(recipe, out, corpora, jobs, say)
    say(f"reading {len(recipe.corpora)} corpora")
    frame = training_frame(recipe, corpora)
    if decided is not None:
        recipe, frame = with_decisions(recipe, frame, *decided)
    split = sides(frame, recipe.seed)
    _check_labels(frame, recipe)
    out.mkdir(parents=True, exist_ok=True)
    folders = (recipe_path.parent, out)
    learnt = (split == "train").to_numpy()
    data, weights = _fit(frame, learnt, recipe, corpora, folders, jobs, say)
    often = frequent_chunks(as_strings(frame["text"][learnt]))
    weights = replace(weights, frequent=Scorer(weights).frequent(often))
    say("calibrating")
    config = _config(recipe, frame, weights, (split == "valid").to_numpy())
    if recipe.teacher is not None:
        config["teacher"] = {"name": recipe.teacher.bundle, "graph": taught_by(out / TAUGHT_FILE)}
    write_bundle(out, config, weights)
    (out / "recipe.toml").write_text(recipe.text, "utf-8")
    model = load_model(out)
    say("measuring")
    metrics = _measured(model, frame, data, recipe, (split == "test").to_numpy()) | {
        "training": {
            "seconds": round(time.monotonic() - started),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        },
    }
    write_card(model, metrics, out, _sections(recipe, metrics, out, say))
    return model


def training_frame(recipe: Recipe, corpora: Path) -> pd.DataFrame:
    """Load what a recipe names, in the model's language, one row per text and corpus.

    Raises
    ------
    UsageError, DataError
        See `load_corpora`.
    """
    own = {name: rows for name, rows in _own_rows(corpora).items() if name in recipe.corpora}
    frame = load_corpora([name for name in recipe.corpora if name not in own], corpora)
    frame = frame[frame["language"] == "en"].drop_duplicates(["corpus", "group"])
    frame = pd.concat([frame, *own.values()])
    for label, stated in recipe.labels.items():
        # Ordinary comments are negatives of a label that no one looked for in them: rare enough to be right.
        if BACKGROUND in stated.corpora:
            plain = (frame["corpus"] == BACKGROUND) & (frame["abusive"] == 0) & frame[label].isna()
            frame.loc[plain, label] = np.float32(0)
    return frame.reset_index(drop=True)


def sides(frame: pd.DataFrame, seed: int) -> pd.Series[str]:
    """Give each row a side, "train", "valid" or "test".

    What a program wrote is too alike to be on two, and is trained on, but for what people wrote as well.
    """
    made = ~written_by_people(frame)
    return split_by_group(frame, seed).mask(made & ~frame["near"].isin(frame["near"][~made]), "train")


def _own_rows(corpora: Path) -> dict[str, pd.DataFrame]:
    """Return rows that are made rather than loaded: rude terms by themselves, and filled templates."""
    templates = registry_path().parent / "written" / "templates.toml"
    # In this order: it is part of what weights follow from.
    made = {LEXICON: lexicon_rows(corpora)} | {name: template_rows(templates, name) for name in KINDS}
    for rows in made.values():
        rows["group"] = rows["near"] = rows["leader"] = text_groups(rows["text"])
    return made


def add_soft_labels(data: Design, recipe: Recipe, learn: Bool, say: Say) -> pd.DataFrame:
    """Give rows known to be abusive, but not in what way, the shares that a first model expects.

    A corpus whose negatives are known for every label while most of its positives lack the finer labels
    would teach every label "abusive". The first model is trained on the fully labelled rows alone.

    Returns
    -------
    DataFrame
        The frame with those gaps filled; filled rows count `settings.soft_weight`.
    """
    frame = data.frame.copy()
    factor = recipe.settings.get("soft_weight", 0.0)
    corpus = BACKGROUND
    unknown = (frame["corpus"] == corpus).to_numpy() & (frame["abusive"] > 0.5).to_numpy()
    fine = [
        label
        for label in ("insult", "threat", "identity_attack", "obscene", "severe")
        if label in recipe.labels
    ]
    unknown &= frame[fine].isna().all(axis=1).to_numpy()
    if not factor or not unknown.any():
        return frame
    positive = (frame["corpus"] == corpus).to_numpy() & (frame["abusive"] > 0.5).to_numpy() & ~unknown & learn
    for label in fine:
        say(f"soft labels: {label}")
        stated = LabelRecipe(0.5, recipe.labels[label].strength, {corpus: 1.0}, ())
        coefficients = fit_label(data, label, stated, positive, recipe.seed)
        known, margin = data.matrix[positive] @ coefficients, data.matrix[unknown] @ coefficients
        truth = frame[label].to_numpy(np.float64)[positive]
        weights = np.stack((1 - truth, truth), axis=1)
        slope, bias = fit_sigmoid(known, weights)
        frame.loc[unknown, label] = (1 / (1 + np.exp(-(slope * margin + bias)))).astype(np.float32)
    frame.loc[unknown, "weight"] *= factor
    return frame


def calibrate_label(
    frame: pd.DataFrame, margin: F64, label: str, stated: LabelRecipe, rows: Bool
) -> tuple[dict[str, float], list[tuple[float, float, float]]]:
    """Fit a label's sigmoid and operating points on held-out rows at its reference prevalence.

    Returns
    -------
    calibration : dict
        `slope`, `bias`, `prevalence`.
    points : list of (threshold, precision, recall)

    Raises
    ------
    DataError
        The held-out rows hold no positive or no negative.
    """
    at, weights = reference_rows(frame, label, stated, rows)
    slope, bias = fit_sigmoid(margin[at], weights)
    probability = 1 / (1 + np.exp(-(slope * margin[at] + bias)))
    calibration = {"slope": slope, "bias": bias, "prevalence": stated.prevalence}
    return calibration, operating_points(probability, weights)


def _fit(
    frame: pd.DataFrame,
    learn: Bool,
    recipe: Recipe,
    corpora: Path,
    folders: tuple[Path, Path],
    jobs: int,
    say: Say,
) -> tuple[Design, Weights]:
    """Vectorise the texts and train every label; the design returned holds the labels of people alone."""
    say(f"vectorising {len(frame):,} texts")
    data = design(frame, learn, recipe, rude_words(frame[learn], corpora))
    data = Design(add_soft_labels(data, recipe, learn, say), data.vectorizer, data.matrix)
    whole, rows, labels = data, learn, recipe.labels
    if recipe.teacher is not None:
        whole, rows, labels = with_teacher(data, learn, recipe, recipe.teacher, folders, jobs, say)
    say(f"training {len(labels)} labels on {data.matrix.shape[1]:,} features")
    columns = Parallel(n_jobs=jobs)(
        delayed(fit_label)(whole, label, stated, rows, recipe.seed) for label, stated in labels.items()
    )
    return data, weights_of(data.vectorizer, np.stack(columns, axis=1))


def _measured(model: Judge, frame: pd.DataFrame, data: Design, recipe: Recipe, test: Bool) -> dict[str, Any]:
    """Return all figures of a model, on rows that it has not seen and labels that people gave."""
    held = frame[test]
    probability = model.predict_proba(held["text"]).astype(np.float64)
    thresholds = model.policy().resolve({}).thresholds
    carried = {
        label: transfer(data, label, recipe.labels[label], seeds) for label, seeds in recipe.transfer.items()
    }
    return {
        "test": measure(model, frame, test),
        "audit": audit(model),
        "reliability": reliability(held, probability, recipe.labels, thresholds),
        "transfer": carried,
    }


def _sections(recipe: Recipe, metrics: Mapping[str, Any], out: Path, say: Say) -> list[str]:
    try:
        draw(metrics["reliability"], out / FIGURE)
        drawn = True
    except ImportError:
        say("matplotlib is not installed, so the card has no picture: pip install 'moderation[train]'")
        drawn = False
    parts = [
        "## What the audit found wrong",
        failures_section(metrics["audit"]),
        "## Reliability",
        reliability_section(metrics["reliability"], drawn),
    ]
    for label, seeds in recipe.transfer.items():
        parts += [f"## Transfer of {label}", transfer_section(label, metrics["transfer"][label], seeds)]
    return parts


def _second_tier(recipe: Recipe, out: Path, corpora: Path, jobs: int, say: Say) -> Judge:
    try:
        from moderation.train.deep.pipeline import train_deep
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training the second tier needs {error.name}: pip install 'moderation[deep-train]'"
        ) from error
    return train_deep(recipe, out, corpora, jobs=jobs, say=say)


def _config(recipe: Recipe, frame: pd.DataFrame, weights: Weights, valid: Bool) -> dict[str, Any]:
    """Return a bundle's configuration, calibrated on held-out rows."""
    calibration, points = {}, {}
    margins = Scorer(weights).margins(as_strings(frame["text"])).values
    for column, (label, stated) in enumerate(recipe.labels.items()):
        calibration[label], points[label] = calibrate_label(frame, margins[:, column], label, stated, valid)
    libraries = ("numpy", "scipy", "scikit-learn", "pyarrow")
    return {
        "name": recipe.name,
        "labels": list(recipe.labels),
        "language": "en",
        "calibration": calibration,
        "operating_points": points,
        "corpora": {str(name): int(rows) for name, rows in frame["corpus"].value_counts().items()},
        "libraries": {name: version(name) for name in libraries} | {"python": platform.python_version()},
    }


def _check_labels(frame: pd.DataFrame, recipe: Recipe) -> None:
    for label in recipe.labels:
        if frame[label].isna().all():
            raise DataError(
                f"no corpus of the recipe carries the label {label!r}; add one to [labels.{label}]"
            )
