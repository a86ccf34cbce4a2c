"""`train`, `evaluate` and `audit`: making classifiers and knowing what they are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moderation.cli import options
from moderation.cli.console import remark, show, show_table
from moderation.errors import UsageError

Corpora = Annotated[
    Path | None,
    typer.Option(
        "--corpora", metavar="DIR", help="Folder of the labelled corpora. Default: MODERATION_CORPORA."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(audit)


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="What to train on and how (TOML).")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MODEL", help="Folder of the new model.")],
    corpora: Corpora = None,
    licences: options.Licences = None,
    decisions: Annotated[
        str | None,
        typer.Option(
            "--decisions",
            metavar="FILE",
            help="Also train with these decisions of reviewers (.jsonl, .csv, .parquet, .sqlite, or a run), "
            "and compare with the model before.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="RUN", help="With --decisions: the run that holds their texts."),
    ] = None,
    weight: Annotated[
        float | None,
        typer.Option(
            "--weight",
            metavar="W",
            help="With --decisions: how much they count, on the scale of the corpora's weights in RECIPE. "
            "Default: 4.",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="NAME|DIR",
            help="With --decisions: the model to compare with. Default: the one beside RECIPE, else the one "
            "of its name.",
            show_default=False,
        ),
    ] = None,
    even_if_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="With --decisions: write the model even if it got worse.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a classifier from a recipe; the one that comes with this tool was made this way."""
    from moderation.train.corpora import corpora_folder
    from moderation.train.pipeline import train as make

    classes = options.names(licences)
    say = (lambda _: None) if quiet else remark
    folder = corpora_folder(corpora)
    if decisions is None:
        if run is not None or weight is not None or before is not None or even_if_worse:
            raise UsageError("--run, --weight, --before and --even-if-worse go with --decisions")
        model = make(recipe, out, folder, licences=classes, say=say)
    else:
        from moderation.cli.learning import learn_from

        model = learn_from(decisions, run, recipe, out, folder, weight, before, even_if_worse, classes, say)
    show(f"{model.path} {model.digest}")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or folder of a classifier.")] = "fast",
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="NAME|FILE",
            help="A corpus of the registry, or a table of yours with columns named as labels.",
        ),
    ] = None,
    tier: options.Tier = None,
    prevalence: options.Prevalence = None,
    corpora: Corpora = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, for programs.")] = False,
) -> None:
    """Show how good a classifier is: as it was measured when it was made, or on a corpus."""
    from moderation.classify.model import load_model
    from moderation.train.evaluate import evaluate as measure

    loaded = load_model(model, tier)
    if corpus is None:
        if prevalence:
            raise UsageError("--prevalence needs a --corpus: what was measured before stays as it was")
        show((loaded.path / "metrics.json").read_text("utf-8").rstrip())
        return
    found = measure(loaded, corpus, corpora, prevalence=prevalence or ())
    if as_json:
        show(json.dumps(found))
        return
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    rows = [(label, *(f"{figures[name]:.4g}" if name in figures else "" for name in names))
            for label, figures in found.items()]  # fmt: skip
    show_table(("label", *names), rows)


def audit(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or folder of a classifier.")] = "fast",
    tier: options.Tier = None,
    policy: options.Policy = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, for programs.")] = False,
) -> None:
    """Test a classifier on sentences of known kinds: reclaimed slurs, quotations, disguised words, ..."""
    from moderation.classify.model import load_model
    from moderation.classify.tiers import choose_tier
    from moderation.train.audit import audit as examine

    loaded = load_model(model, choose_tier(tier, None, policy)[0])
    found = examine(loaded, loaded.policy(policy).resolve() if policy is not None else None)
    if as_json:
        show(json.dumps(found, ensure_ascii=False))
        return
    rows = [
        (name, group["label"], str(group["expected"]), str(group["cases"]), f"{group['right']:.0%}")
        for name, group in found["groups"].items()
    ]
    show_table(("kind", "label", "expected", "cases", "right"), rows)
