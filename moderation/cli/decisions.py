"""`decisions import`, `export`, `agree` and `words`: decisions in, out, compared and counted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderation.cli.console import BinaryOutput, complain, remark, show, show_table
from moderation.cli.sampling import sample
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.decisions import Decision
    from moderation.decisions.acts import Acts
    from moderation.score.run import Run

KINDS = ("csv", "jsonl", "parquet", "ids", "wp-cli", "dsa")
LISTED = 40
"""Words that are listed; a file holds all."""

LONGEST_WORD = 60
NAMED = 5
"""Comments that are named when something is left out; the rest is counted."""

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Where decisions are: a run, a .jsonl, .csv, .parquet or .sqlite file, a database's URL.",
        show_default=False,
    ),
]
Output = Annotated[
    str, typer.Option("--out", "-o", metavar="FILE", help="Where to write it; - is standard output.")
]
Latest = Annotated[
    bool,
    typer.Option("--latest", help="Where reviewers do not agree, the latest decision counts."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Decisions of reviewers: in, out, and compared.")
    group.command("import")(import_)
    group.command()(export)
    group.command()(agree)
    group.command()(words)
    group.command()(sample)
    app.add_typer(group, name="decisions")


def import_(
    sources: Sources,
    into: Annotated[
        str,
        typer.Option("--into", metavar="RUN|FILE|URL", help="The store: that of a run, or any other."),
    ],
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", metavar="NAME", help="Whose decisions they are, where they do not say."),
    ] = None,
) -> None:
    """Read decisions into a store; those that it holds already are not added again."""
    from dataclasses import replace

    from moderation.decisions.exchange import load_decisions
    from moderation.decisions.store import DecisionStore

    where = _store(into)
    made = [decision for source in sources for decision in load_decisions(source)]
    if reviewer:
        made = [d if d.reviewer else replace(d, reviewer=reviewer) for d in made]
    with DecisionStore(where) as store:
        added = store.add_new(made)
    remark(f"{added:,} of {len(made):,} decisions were new")


def export(
    sources: Sources,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help=f"One of {', '.join(KINDS)}.")] = "csv",
    out: Output = "-",
    decision: Annotated[
        str, typer.Option("--decision", metavar="WORD", help="For ids: remove, approve or escalate.")
    ] = "remove",
    latest: Latest = False,
    terms: Annotated[
        str, typer.Option("--terms", metavar="TEXT", help="For dsa: the clause of your terms that is broken.")
    ] = "",
    terms_url: Annotated[
        str | None, typer.Option("--terms-url", metavar="URL", help="For dsa: where your terms stand.")
    ] = None,
    territory: Annotated[
        str,
        typer.Option("--territory", metavar="CODES", help="For dsa: EU, EEA or a list such as DE,AT."),
    ] = "EEA",
) -> None:
    """Write decisions as a table, as ids or commands to act on, or as statements of reasons."""
    from moderation.decisions.acts import check_decision, plain_ids, wp_commands
    from moderation.decisions.exchange import load_decisions

    if to not in KINDS:
        raise UsageError(f"--to {to}: choose from {', '.join(KINDS)}")
    check_decision(decision)
    if to == "dsa":
        _export_statements(sources, out, terms, terms_url, territory, latest)
        return
    made = [one for source in sources for one in load_decisions(source)]
    if to in ("ids", "wp-cli"):
        acts = plain_ids(made, decision, latest=latest) if to == "ids" else wp_commands(made, latest=latest)
        _write("".join(f"{line}\n" for line in acts.lines), out)
        _report_left_out(acts)
        return
    _write_table(made, to, out)


def agree(
    sources: Sources,
    disagreements: Annotated[
        Path | None,
        typer.Option("--disagreements", metavar="FILE", help="Write the comments in dispute to a CSV file."),
    ] = None,
) -> None:
    """Show how far reviewers agree, and for a run how many flags they confirmed."""
    from moderation.decisions.agreement import agreement
    from moderation.decisions.exchange import load_decisions

    made = [one for source in sources for one in load_decisions(source)]
    found = agreement(made)
    people = {one.reviewer for one in made}
    remark(f"{len(made):,} decisions of {len(people):,} reviewers; {len(found.disagreements):,} in dispute")
    show_table(
        ("on", "comments", "agreed", "Krippendorff's alpha", "Fleiss' kappa", "opinions each"),
        [
            (str(on), f"{n:,}", _share(same), _number(alpha), _number(fleiss), str(raters or "–"))
            for on, n, same, alpha, fleiss, raters in _tuples(found.measures)
        ],
    )
    if len(found.pairs):
        show_table(
            ("reviewer", "and", "comments", "agreed", "Cohen's kappa"),
            [
                (first, second, f"{n:,}", _share(same), _number(kappa))
                for first, second, n, same, kappa in _tuples(found.pairs)
            ],
        )
    for run in _runs(sources):
        _show_precision(run, made)
    if disagreements is not None:
        _write_frame(found.disagreements, disagreements)


def words(
    sources: Sources,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write all of them to a CSV file."),
    ] = None,
) -> None:
    """Show which highlighted words reviewers rejected most per label: candidates for house rules.

    The texts come from the runs among the sources, or from decisions that carry theirs.
    """
    from moderation.decisions.exchange import load_decisions
    from moderation.decisions.words import judged_words
    from moderation.review.measured import with_texts

    made = [one for source in sources for one in load_decisions(source) if one.spans]
    known = list(with_texts(made, _runs(sources)))
    if len(known) < len(made):
        remark(f"{len(made) - len(known):,} decisions on words have no text; name the run as well")
    found = judged_words(known)
    remark(f"{len(known):,} decisions on words; {len(found):,} words")
    show_table(
        ("label", "word", "judged", "rejected", "share"),
        [
            (str(label), str(word)[:LONGEST_WORD], f"{judged:,}", f"{rejected:,}", _share(share))
            for label, word, judged, rejected, share in _tuples(found)[:LISTED]
        ],
    )
    if len(found) > LISTED and out is None:
        remark(f"and {len(found) - LISTED:,} more; -o FILE writes all of them")
    if out is not None:
        _write_frame(found, out)


def _export_statements(
    sources: Sequence[str], out: str, terms: str, terms_url: str | None, territory: str, latest: bool
) -> None:
    from moderation.decisions import dsa
    from moderation.decisions.acts import Acts, settled
    from moderation.decisions.exchange import load_decisions
    from moderation.review.measured import contents

    grounds = dsa.Grounds(terms, terms_url, dsa.territory(territory))
    runs = _runs(sources)
    if not runs:
        raise UsageError("--to dsa needs the run, which holds the dates of the comments")
    good, disputed = settled([one for source in sources for one in load_decisions(source)], latest=latest)
    removals = [found.latest for found in good if found.latest.decision == "remove"]
    known = {key: content for run in runs for key, content in contents(run, removals).items()}
    made, left_out = dsa.statements(removals, lambda d: known.get((d.comment_id, d.text_digest)), grounds)
    _write("".join(json.dumps(call, ensure_ascii=False) + "\n" for call in dsa.calls(made)), out)
    remark(
        f"{len(made):,} statements of reasons; each line is one call of the API, up to {dsa.PER_CALL} a call"
    )
    if left_out:
        name, reason = left_out[0]
        complain(f"{len(left_out):,} removals left out, first {name[:80]}: {reason}")
    _report_left_out(Acts([], [found.comment_id for found in disputed]), good=not left_out)


def _store(into: str) -> str | Path:
    from moderation.decisions.store import STORE_FILE

    if "://" in into:
        return into
    path = Path(into)
    if path.is_dir():
        if not (path / "run.json").is_file():
            raise UsageError(f"--into {into}: this folder is no run; name a run or a .sqlite file")
        return path / STORE_FILE
    if path.suffix != ".sqlite":
        raise UsageError(f"--into {into}: name a run, a .sqlite file or a database's URL")
    return path


def _runs(sources: Iterable[str]) -> list[Run]:
    from moderation.score.run import Run

    return [Run.open(source) for source in sources if "://" not in source and Path(source).is_dir()]


def _write_table(made: list[Decision], to: str, out: str) -> None:
    import io
    import tempfile

    from moderation.decisions.exchange import json_line, write_csv, write_decisions

    if out != "-":
        path = Path(out)
        if path.suffix != f".{to}":
            raise UsageError(f"--out {out}: a file for --to {to} ends in .{to}")
        write_decisions(made, path)
        return
    if to == "parquet":
        with tempfile.TemporaryDirectory() as folder:
            write_decisions(made, Path(folder) / "d.parquet")
            BinaryOutput().write((Path(folder) / "d.parquet").read_bytes())
        return
    if to == "jsonl":
        _write("".join(map(json_line, made)), out)
        return
    text = io.StringIO(newline="")
    write_csv(made, text)
    _write(text.getvalue(), out)


def _write(text: str, out: str) -> None:
    if out == "-":
        output = BinaryOutput()
        output.write(text.encode())
        output.flush()
        return
    from moderation.score.writer import replace_file

    def write(path: Path) -> None:
        path.write_bytes(text.encode())

    replace_file(Path(out), write)


def _report_left_out(acts: Acts, good: bool = True) -> None:
    """Say what was left out, and leave with 1 if anything was."""
    for names, why in (
        (acts.disputed, "reviewers do not agree (see: moderation decisions agree; or take --latest)"),
        (acts.unsafe, f"the id is not safe to act on: it may only have {acts.needed}"),
    ):
        if names:
            named = ", ".join(name[:80] for name in names[:NAMED])
            complain(f"{len(names):,} comments left out, {why}: {named}{' …' if len(names) > NAMED else ''}")
            good = False
    if not good:
        raise typer.Exit(1)


def _show_precision(run: Run, made: list[Decision]) -> None:
    from moderation.review.measured import opinions_on_flags, precision

    if run.policy is None:
        return
    frame = precision(opinions_on_flags(run, made), run.labels)
    rows = [
        (str(label), f"{judged:,}", f"{confirmed:,}", _share(rate), f"{_share(low)} to {_share(high)}")
        for label, judged, confirmed, rate, low, high in _tuples(frame)
        if judged
    ]
    show_table(("flag", "judged", "confirmed", "precision so far", "95 % interval"), rows)


def _write_frame(frame: Any, path: Path) -> None:
    import csv
    import io

    from moderation.cells import cell

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(frame.columns)
    writer.writerows([cell(str(value)) for value in row] for row in _tuples(frame))
    _write(text.getvalue(), str(path))
    show(str(path))


def _tuples(frame: Any) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.0f} %"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
