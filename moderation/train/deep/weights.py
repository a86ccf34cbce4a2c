"""Training rows become the graph and the tokenizer of a bundle."""

from __future__ import annotations

import copy
import importlib.util
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from moderation.classify.deep.bundle import GRAPH, TOKENIZER
from moderation.classify.deep.parts import joined
from moderation.errors import ConfigError
from moderation.train.deep.encoder import Encoder, Shape, load_pretrained
from moderation.train.deep.export import export_one_byte, read_one_byte
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
"""State of the training with a seed, or of a later one."""

COMPARED: Final = 400
"""Held-out rows of each corpus on which the graph of one-byte weights is compared with the encoder.

Of as many rows as they come too few tell of conspiracies or threats for their ranking to be compared.
"""


def learn_weights(
    frame: pd.DataFrame, learn: Bool, held: Bool, recipe: DeepRecipe, out: Path, say: Say = lambda _: None
) -> None:
    """Train an encoder and write `model.onnx`, `tokenizer.json` and `weights.json`.

    A training that was stopped goes on from its last checkpoint; checkpoints lie in the same folder until the
    graph is written. Weights that are there already and lack later trainings of the recipe go through these
    alone.

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
    learnt = fit_encoder(frame[learn], recipe, out, say)
    say("writing the graph")
    # Kept with the weights: calibrated anew, they do not follow from corpora that have changed since.
    rows = frame["corpus"][frame["corpus"].isin(recipe.shown)].value_counts()
    corpora = {str(name): int(count) for name, count in rows.items()}
    with tempfile.TemporaryDirectory(dir=out) as folder:
        beside = Path(folder)
        learnt.tokenizer.save(str(beside / TOKENIZER))
        export_one_byte(learnt.encoder, beside / GRAPH)
        rounding = rounding_cost(learnt.encoder, frame[held], recipe, beside)
        stated = {"key": recipe.weights_keys[-1], **learnt.facts, "corpora": corpora, "rounding": rounding}
        stated |= {"shape": asdict(learnt.encoder.shape), "own": learnt.own}
        (beside / FACTS).write_text(json.dumps(stated, indent=1) + "\n", "utf-8")
        for name in (TOKENIZER, GRAPH, FACTS):
            (beside / name).replace(out / name)
    for state in out.glob(CHECKPOINT.format("*")):
        state.unlink()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What trainings ended with.

    Parameters
    ----------
    encoder : Encoder
    tokenizer : Tokenizer
        With the emoji that the texts hold.
    own : dict of str to list of float
        Intercepts of each corpus, one a label.
    facts : dict
        `trainings`, and of all of them together `texts` shown, `steps` and `seconds`.
    """

    encoder: Encoder
    tokenizer: Tokenizer
    own: dict[str, list[float]]
    facts: dict[str, int]


def fit_encoder(frame: pd.DataFrame, recipe: DeepRecipe, folder: Path, say: Say = lambda _: None) -> Learnt:
    """Train a pretrained encoder, once per seed, from checkpoints if there are some, and average the weights.

    Trainings that begin alike end close enough for their mean to be nearly as good as an ensemble of them, at
    the price of one: Wortsman et al. (2022), "Model soups: averaging weights of multiple fine-tuned models
    improves accuracy without increasing inference time". Later trainings, where the recipe has some, go on
    from the mean and count by their share, so that what was known is not lost over them: Wortsman et al.
    (2022), "Robust fine-tuning of zero-shot models".

    Parameters
    ----------
    frame : DataFrame
        The rows to learn from.
    recipe : DeepRecipe
    folder : Path
        Where the states are kept, one file a training. Where it holds weights that follow from the beginning
        of the recipe, only the later trainings that they lack are done.
    say : callable

    Returns
    -------
    Learnt

    Raises
    ------
    ConfigError
        The pretrained encoder is not installed.
    """
    rows = frame.reset_index(drop=True)
    done = trainings_done(folder, recipe)
    learnt = _pretrained(rows, recipe) if done is None else _read(folder)
    tokens = tokenise(learnt.tokenizer, rows["text"].tolist(), recipe.encoder.longest)
    targets = targets_of(rows, recipe.common.labels)
    positive: Bool = np.any((targets.truth > 0.5) & (targets.weight > 0), axis=1)
    names = np.unique(rows["corpus"].to_numpy(str)).tolist()
    none = [0.0] * len(recipe.common.labels)
    own = torch.tensor([learnt.own.get(name, none) for name in names])
    encoder, facts = learnt.encoder, dict(learnt.facts)

    def train(settings: Settings, passes: Passes, seed: int, name: str) -> Trainer:
        rng = np.random.default_rng(seed)
        drawn = draw_rows(rows["corpus"].to_numpy(object), positive, passes, rng)
        plan = batches(drawn, tokens.lengths, recipe.encoder.batch, rng)
        say(f"training {name} on {len(drawn):,} texts in {len(plan):,} steps")
        trainer = Trainer(copy.deepcopy(encoder), targets, settings, seed)
        trainer.begin(own)
        trainer.run(tokens, plan, folder / CHECKPOINT.format(name), say)
        steps = {"trainings": 1, "texts": len(drawn), "steps": len(plan), "seconds": round(trainer.seconds)}
        facts.update({fact: facts.get(fact, 0) + more for fact, more in steps.items()})
        return trainer

    if done is None:
        settings = Settings(rate=recipe.encoder.rate, head_rate=recipe.encoder.head_rate)
        trained = [train(settings, recipe.passes_with(s), s, str(s)) for s in recipe.encoder.seeds]
        encoder = averaged([trainer.encoder for trainer in trained])
        own = torch.stack([trainer.own.detach() for trainer in trained]).mean(dim=0)
    for number, later in enumerate(recipe.later[done or 0 :], 1 + (done or 0)):
        settings = Settings(rate=later.rate, head_rate=later.head_rate)
        trainer = train(settings, later.passes, recipe.encoder.seeds[0], f"later-{number}")
        encoder = averaged([encoder, trainer.encoder], [1 - later.share, later.share])
        own = torch.lerp(own, trainer.own.detach(), later.share)
    stated = {name: [round(one, 4) for one in row] for name, row in zip(names, own.tolist(), strict=True)}
    return Learnt(encoder, learnt.tokenizer, stated, facts)


def _pretrained(rows: pd.DataFrame, recipe: DeepRecipe) -> Learnt:
    """Return a published encoder with a head of random weights and tokens for the emoji that texts hold."""
    source = pretrained_folder(recipe.encoder.pretrained)
    tokenizer = Tokenizer.from_file(str(source / TOKENIZER))
    fold_forms(tokenizer)
    emoji = add_emoji(tokenizer, rows["text"])
    torch.manual_seed(recipe.encoder.seeds[0])
    encoder = Encoder(_shape(source, tokenizer), len(recipe.common.labels))
    load_pretrained(encoder, load_file(source / "model.safetensors"))
    name_emoji(encoder.words.weight, tokenizer, emoji)
    return Learnt(encoder, tokenizer, {}, {})


def _read(folder: Path) -> Learnt:
    """Return what earlier trainings ended with, but for the rounding of weights to one byte."""
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    sums = {name: facts[name] for name in ("trainings", "texts", "steps", "seconds")}
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    encoder = read_one_byte(folder / GRAPH, Shape(**facts["shape"]))
    return Learnt(encoder, tokenizer, facts["own"], sums)


def averaged(encoders: Sequence[Encoder], shares: Sequence[float] | None = None) -> Encoder:
    """Return an encoder whose weights are the mean of those of others, of one shape, all alike by default."""
    mean = copy.deepcopy(encoders[0])
    shares = shares or [1 / len(encoders)] * len(encoders)
    states = [encoder.state_dict() for encoder in encoders]
    both = list(zip(shares, states, strict=True))
    mean.load_state_dict({name: sum(share * state[name] for share, state in both) for name in states[0]})
    return mean


def trainings_done(out: Path, recipe: DeepRecipe) -> int | None:
    """Return how many later trainings the weights in a folder have been through, None where it holds none.

    Weights of another recipe, which do not follow from the beginning of this one, count as none, and so do
    those that a later training has to go on from and that lack what it needs for that.
    """
    try:
        facts = json.loads((out / FACTS).read_text("utf-8"))
    except FileNotFoundError:
        return None
    there = all((out / name).is_file() for name in (GRAPH, TOKENIZER))
    keys = recipe.weights_keys
    if not there or facts["key"] not in keys:
        return None
    done = keys.index(facts["key"])
    return done if done == len(recipe.later) or {"own", "shape"} <= facts.keys() else None


def rounding_cost(
    encoder: Encoder, frame: pd.DataFrame, recipe: DeepRecipe, out: Path
) -> dict[str, dict[str, float]]:
    """Return per label the ROC-AUC of the encoder and of the written graph on the same rows."""
    labels = list(recipe.common.labels)
    frame = frame.sample(frac=1, random_state=recipe.common.seed).groupby("corpus").head(COMPARED)
    texts = frame["text"].tolist()
    longest = recipe.encoder.scored
    whole = float_logits(encoder, Tokenizer.from_file(str(out / TOKENIZER)), texts, longest)
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
