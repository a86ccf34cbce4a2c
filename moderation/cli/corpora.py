"""`corpora`: the labelled corpora that classifiers are trained on: what there is, fetched and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli import options
from moderation.cli.console import complain, remark, show, show_table
from moderation.cli.progress import download_watcher
from moderation.cli.training import Corpora
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.train.corpora_spec import CorpusSpec

app = typer.Typer(help="Labelled corpora: listed, fetched and checked.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Everything, for programs.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="corpora")


@app.command("list")
def list_corpora(licences: options.Licences = None, as_json: Json = False) -> None:
    """List the corpora that are known, with their licence classes, labels and sizes."""
    from moderation.train.corpora_listing import choose, described

    specs = choose(licences=options.names(licences))
    if as_json:
        show(json.dumps([described(spec) for spec in specs], ensure_ascii=False))
        return
    rows = [
        (
            spec.name,
            spec.use,
            spec.language,
            spec.licence_class,
            ", ".join(spec.labels),
            f"{spec.rows:,}" if spec.rows else "",
            _size(spec),
        )
        for spec in specs
    ]
    show_table(("corpus", "use", "language", "licence", "labels", "rows", "size"), rows)


@app.command("show")
def show_corpus(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A corpus; see: moderation corpora list")],
    as_json: Json = False,
) -> None:
    """Show what is known of one corpus: source, licence and what it allows, citation, caveats, files."""
    from moderation.train.corpora_listing import choose, described

    stated = described(choose([name])[0])
    if as_json:
        show(json.dumps(stated, ensure_ascii=False))
        return
    files = stated.pop("files")
    rows = [(key.replace("_", " "), _plain(value)) for key, value in stated.items() if value]
    show_table(("field", "value"), rows)
    show_table(
        ("file", "bytes", "sha256", "from"),
        [
            (file["name"], f"{file['bytes']:,}", file["sha256"], file["url"] or file["derived"])
            for file in files
        ],
    )


@app.command("fetch")
def fetch_corpora(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Corpora; see: moderation corpora list")
    ] = None,
    corpora: Corpora = None,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", metavar="FILE", help="Also those that a recipe trains on.")
    ] = None,
    licences: options.Licences = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Copy from a folder of yours, if the digests are right; download nothing.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only what is lacking.")] = False,
) -> None:
    """Download corpora from where they are published; what is there already is left as it is."""
    from moderation.train.corpora import corpora_folder
    from moderation.train.corpora_fetch import fetch_corpus
    from moderation.train.corpora_listing import choose

    if not names and recipe is None:
        raise UsageError("name the corpora to fetch, or --recipe FILE; see: moderation corpora list")
    folder = corpora_folder(corpora, make=True)
    lacking = 0
    with download_watcher(quiet) as watcher:
        for spec in choose(names or (), recipe, options.names(licences)):
            if spec.inside:
                if not quiet:
                    remark(f"{spec.name} comes with this tool")
                continue
            for file in fetch_corpus(spec, folder / spec.folder, source=source, watcher=watcher):
                if file.outcome == "missing":
                    lacking += 1
                    complain(f"{spec.name}: {file.name} is missing: {file.reason}")
                elif not quiet:
                    remark(f"{spec.name}: {file.name} {file.outcome}")
    if lacking:
        raise typer.Exit(1)


@app.command("check")
def check_corpora(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Corpora; default: all of which some file is in the folder."),
    ] = None,
    corpora: Corpora = None,
) -> None:
    """Check that corpora are as the registry describes them: the digests of files, the number of rows."""
    from moderation.train.corpora import check_corpus, corpora_folder
    from moderation.train.corpora_listing import choose

    folder = corpora_folder(corpora)
    rows = []
    good = True
    for spec in choose(names or ()):
        if not names and not spec.inside and not (folder / spec.folder).is_dir():
            continue
        found = check_corpus(spec.name, folder)
        good &= found.ok
        rows += [(spec.name, file.name, file.state) for file in found.files]
        if not found.files or spec.use != "lexicon":
            expected = f" of {found.expected:,}" if found.expected and not found.ok else ""
            rows.append((spec.name, "(rows)", f"{found.rows:,}{expected}"))
    show_table(("corpus", "file", "state"), rows)
    if not good:
        complain(
            "some corpora are not as the registry describes them; fetch again what is missing or changed"
        )
        raise typer.Exit(1)


def _size(spec: CorpusSpec) -> str:
    total = sum(file.bytes for file in spec.files)
    return f"{total / 1e6:.1f} MB" if total else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
