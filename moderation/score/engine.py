"""Batch scoring: inputs through split, parse and score into a run directory; parallel and resumable."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.classify.deep.tiered import TieredModel
from moderation.classify.model import Model, load_model
from moderation.classify.policy import Policy, ResolvedPolicy
from moderation.classify.tiers import FAST, Budget, choose_tier
from moderation.errors import UsageError
from moderation.ingest.source import Item, expand
from moderation.memory import release
from moderation.score.finish import finish, parts_done, rows_in_order, sweep_rejects
from moderation.score.manifest import Manifest
from moderation.score.parallel import Workers, perform
from moderation.score.privacy import Privacy
from moderation.score.progress import Progress, Silent, Watcher
from moderation.score.run import Run, run_probabilities
from moderation.score.second import KEY, beyond_bands, look_again, warning
from moderation.score.select import Selection
from moderation.score.split import Splitter, look_at
from moderation.score.work import Settings
from moderation.score.writer import COMMENTS, REJECTS, TEMPORARY, THREADS, lock, sweep


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run.

    Parameters
    ----------
    inputs : sequence of str or Path
        Files, directories, globs, URLs or `-`.
    model : Model or None
        None = the rows are ingested and not scored.
    policy : Policy, ResolvedPolicy or None
        What is flagged; None without a model.
    format : str or None
        Name of the format; None = recognised by content.
    columns : mapping of str to str
        Our column name to the user's.
    any_language : bool
        Score texts in languages that the model was not trained on.
    selection : Selection
        Which rows to keep.
    privacy : Privacy
        What to hide of those who wrote.
    workers : Workers
        Who does the work.
    deep_budget : Budget or None
        How many comments may be looked at again, where the model has two tiers; None = all in its bands.
    """

    inputs: Sequence[str | Path]
    model: Model | None = None
    policy: Policy | ResolvedPolicy | None = None
    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    any_language: bool = False
    selection: Selection = field(default_factory=Selection)
    privacy: Privacy = field(default_factory=Privacy)
    workers: Workers = field(default_factory=Workers)
    deep_budget: Budget | None = None

    def options(self) -> dict[str, Any]:
        """Return what the rows depend on beside inputs and model, as `run.json` holds it."""
        tier = self.model.tier if self.model is not None else FAST
        budget = str(self.deep_budget) if self.deep_budget is not None else None
        return {
            # Runs of one tier say nothing of tiers, as they did before there were two.
            **({} if tier == FAST else {"tier": tier, "deep_budget": budget}),
            "format": self.format,
            "columns": dict(self.columns),
            "any_language": self.any_language,
            **self.selection.to_dict(),
            **self.privacy.to_dict(),
        }


def scan(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | Model = "fast",
    policy: str | Path | Policy | ResolvedPolicy | None = None,
    report: bool = True,
    progress: Watcher | None = None,
    **options: Any,
) -> Run:
    """Read, score and report a comment dump: the main job.

    Parameters
    ----------
    inputs : str, Path or sequence of them
        Files, directories, globs, URLs or `-`.
    out : str or Path
        The run directory; one that holds an unfinished run of the same call is gone on with.
    model : str, Path or Model
        Name or folder of a bundle, or a loaded model.
    policy : str, Path, Policy, ResolvedPolicy or None
        Policy file, or one that was read; None = the model's own.
    report : bool
        Also write `report.html` and the tables of flagged comments.
    progress : Watcher, optional
        Told how far the run has come.
    **options
        As of `make_request`: prevalence, format, columns, any_language, limit, selection, privacy, jobs.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    ModerationError
        One of its kinds, with a line that says what to do.
    """
    request = make_request(inputs, model, policy, **options)
    run = fill(request, Path(out), progress or Silent())
    if report and not (run.path / "report.html").exists():
        run.report()
    return run


def make_request(
    inputs: str | Path | Sequence[str | Path],
    model: str | Path | Model | None,
    policy: str | Path | Policy | ResolvedPolicy | None,
    *,
    tier: str | None = None,
    deep_budget: str | float | Budget | None = None,
    prevalence: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
    jobs: int | None = None,
    **options: Any,
) -> Request:
    """Return a request with its model loaded and its policy read.

    Parameters
    ----------
    inputs, model, policy
        As of `scan`; without a model the rows are only ingested.
    tier : {"fast", "cascade", "deep"}, optional
        Which classifiers look at the comments, where the model is not a loaded one; default: what the policy
        file says, else `fast`.
    deep_budget : str, number or Budget, optional
        For the tier `cascade`: a share of the comments, such as 0.05, or a number of comments, such as 5000,
        that may be looked at again.
    prevalence : sequence of str
        `LABEL=SHARE` or `estimate`: how common labels are in the inputs, where the policy is a file or none.
    columns : mapping of str to str, optional
        For tables, our column name to the user's: `{"text": "body"}`.
    limit : int, optional
        Short for `selection=Selection(limit)`.
    jobs : int, optional
        Short for `workers=Workers(jobs)`.
    **options
        As of `Request`.
    """
    inputs = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    if model is not None:
        file = policy if isinstance(policy, (str, Path)) else None
        stated = tier if isinstance(model, (str, Path)) else model.tier
        stated, deep_budget = choose_tier(stated, deep_budget, file)
        if isinstance(model, (str, Path)):
            model = load_model(model, stated)
    if model is not None and (policy is None or isinstance(policy, (str, Path))):
        policy = model.policy(Path(policy) if policy is not None else None, prevalence)
    assert policy is None or isinstance(policy, (Policy, ResolvedPolicy))
    if limit is not None:
        options["selection"] = Selection(limit)
    if jobs is not None:
        options["workers"] = Workers(jobs)
    assert deep_budget is None or isinstance(deep_budget, Budget)
    return Request(inputs, model, policy, columns=dict(columns or {}), deep_budget=deep_budget, **options)


def fill(request: Request, out: Path, watcher: Watcher) -> Run:
    """Bring a run directory to its end, from wherever it is.

    Parameters
    ----------
    request : Request
        What is asked.
    out : Path
        The run directory; made where it does not exist.
    watcher : Watcher
        Told how far the run has come.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    DataError
        Nothing could be read.
    ModerationError
        The directory is in use, or holds something else.
    """
    # A run within the folder that is scanned must not become its own input.
    items = [item for item in expand(request.inputs) if not Path(item.location).is_relative_to(out)]
    if not items:
        raise UsageError(f"{', '.join(map(str, request.inputs))}: holds nothing but the run itself")
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    with lock(out):
        manifest = _manifest(request, out, items)
        state = manifest.begin()
        if state == "finished":
            watcher.note(f"{out} is already finished; give another -o to score again")
            return Run.open(out)
        try:
            _stream(request, items, manifest, watcher)
        except BaseException:
            if new and not any((out / COMMENTS).glob("*.parquet")):
                shutil.rmtree(out)
            raise
        parts, total = finish(out, request.selection.limit)
        if isinstance(request.model, TieredModel):
            lengths = [part["rows"] for part in parts]
            manifest.values[KEY] = look_again(
                out, lengths, request.model, request.deep_budget, request.workers, watcher
            )
        manifest.values["policy"] = _resolved(request, out, len(parts))
        manifest.close(parts, total)
        sweep_rejects(out)
        # What a cluster's worker was writing when it was killed; another has written it since.
        sweep(out)
    run = Run.open(out)
    said = warning(beyond_bands(run, run.policy)) if run.policy is not None else None
    if said is not None:
        watcher.note(said)
    return run


def _manifest(request: Request, out: Path, items: Sequence[Item]) -> Manifest:
    named = request.model.stated() if request.model is not None else None
    return Manifest(out, named, request.options(), [look_at(item) for item in items])


def _stream(request: Request, items: Sequence[Item], manifest: Manifest, watcher: Watcher) -> None:
    """Write the parts that are missing."""
    run = manifest.run
    for folder in (COMMENTS, THREADS, REJECTS, TEMPORARY):
        (run / folder).mkdir(exist_ok=True)
    sweep(run)
    parts = parts_done(run)
    limit = request.selection.limit
    rows = sum(counts.rows for counts in parts.values())
    if parts:
        watcher.note(f"going on with {run}: {rows:,} comments are done")
    if limit is not None and rows_in_order(parts) >= limit:
        return
    splitter = Splitter(items, manifest.inputs, request.format, request.columns, frozenset(parts))
    flagged = bytes_done = 0
    with closing(perform(splitter.tasks(), _settings(request, run), request.workers)) as done:
        for part in done:
            parts[part.number] = part.accounting
            rows += part.accounting.rows
            flagged += part.flagged
            bytes_done = max(bytes_done, splitter.bytes_done(part.number))
            if manifest.save_now_and_then(parts):
                release()
            watcher.advance(Progress(rows, flagged, bytes_done, splitter.bytes_total))
            if limit is not None and rows_in_order(parts) >= limit:
                splitter.stop()
    if splitter.failure is not None:
        raise splitter.failure
    if splitter.errors and not any(counts.read for counts in parts.values()):
        raise splitter.errors[0]


def _settings(request: Request, run: Path) -> Settings:
    model = request.model
    return Settings(
        run=run,
        model=str(model.bundle.path) if isinstance(model, Model) else model,
        policy=_before_the_end(request.policy),
        any_language=request.any_language,
        selection=request.selection,
        privacy=request.privacy,
    )


def _before_the_end(policy: Policy | ResolvedPolicy | None) -> ResolvedPolicy | None:
    """Return the thresholds as far as they are known while the run is under way."""
    if isinstance(policy, Policy):
        return None if policy.needs_run else policy.resolve()
    return policy


def _resolved(request: Request, run: Path, parts: int) -> dict[str, Any] | None:
    """Return the thresholds as `run.json` holds them, once all rows are scored."""
    policy = request.policy
    if isinstance(policy, Policy):
        policy = policy.resolve(run_probabilities(run, parts, policy.targets) if policy.needs_run else None)
    return policy.to_dict() if policy is not None else None
