"""`explain`, `formats` and `models`: looking at one comment and at what there is."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from moderation.cli import options
from moderation.cli.console import show, show_table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(explain)
    app.command()(formats)
    app.command()(models)


def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="A comment, or - to read it from stdin.")],
    model: options.Model = "fast",
    tier: options.Tier = None,
    policy: options.Policy = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Show the probabilities of one comment and the words behind them."""
    from moderation.classify.model import load_model
    from moderation.classify.tiers import choose_tier

    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    loaded = load_model(model, choose_tier(tier, None, policy)[0])
    explanation = loaded.explain(text)
    stated = loaded.policy(policy)
    thresholds = stated.resolve().thresholds if not stated.needs_run else {}
    flags = [
        label
        for label, threshold in thresholds.items()
        if threshold is not None and explanation.probabilities[label] >= threshold
    ]
    if as_json:
        show(json.dumps({**explanation.to_dict(), "flags": flags}, ensure_ascii=False))
        return
    from moderation.cli.explained import show_explanation

    show_explanation(explanation, thresholds, flags)


def formats() -> None:
    """List the formats that can be read, and what each of them carries."""
    from moderation.ingest.registry import formats as known

    rows = [(found.name, found.title, ", ".join(found.carries)) for found in known().values()]
    show_table(("format", "what it is", "what it carries"), rows)


def models() -> None:
    """List the classifiers that are installed, with their labels and digests."""
    from moderation.classify.bundle import bundle_kind, bundle_names, find_bundle, read_bundle
    from moderation.classify.deep.bundle import KIND, read_deep

    rows = []
    for name in bundle_names():
        folder = find_bundle(name)
        config = read_deep(folder).config if bundle_kind(folder) == KIND else read_bundle(folder).config
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        rows.append((name, ", ".join(config["labels"]), f"{size / 1e6:.1f} MB", config["digest"][:16]))
    show_table(("model", "labels", "size", "digest"), rows)
