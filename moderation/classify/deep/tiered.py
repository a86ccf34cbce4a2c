"""Two tiers as one model: the linear one looks at every comment, the transformer again at some or all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.classify.bundle import Bundle, bundle_kind, find_bundle, read_bundle
from moderation.classify.deep.bundle import KIND
from moderation.classify.deep.look import SecondLook
from moderation.classify.deep.model import DEEP_MODEL, DeepModel, load_deep, sigmoid
from moderation.classify.deep.occlusion import occlude, pieces
from moderation.classify.explain import Explanation, Span
from moderation.classify.model import Model
from moderation.classify.tiers import CASCADE, DEEP, FAST, TIERS
from moderation.errors import ModelError, UsageError
from moderation.schema import probability_column
from moderation.text.chunks import Texts, as_strings
from moderation.text.plain import plain_text, plain_texts

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def load_tiered(folder: Path, tier: str | None) -> TieredModel:
    """Load two tiers, given the folder of either.

    Parameters
    ----------
    folder : Path
        Of a first tier, which the shipped second one is put behind, or of a second tier, whose first one has
        the name that it states, in the folder beside it or among the shipped ones.
    tier : {"cascade", "deep"} or None
        None: `deep`, where a second tier is given.

    Raises
    ------
    UsageError
        There is no other tier, the tier does not fit the bundle, or the extra is not installed.
    ModelError
        A bundle is damaged, or the two do not belong together.
    """
    if tier is not None and tier not in TIERS:
        raise UsageError(f"unknown tier {tier!r}; choose one of {', '.join(TIERS)}")
    if bundle_kind(folder) != KIND:
        return load_pair(folder, _shipped(), tier or DEEP)
    if tier == FAST:
        raise UsageError(f"{folder.name} is a second tier: use the tier cascade or deep, or another model")
    deep = load_deep(folder)
    name = deep.config["fast"]["name"]
    beside = folder.parent / name
    first = find_bundle(beside if (beside / "config.json").is_file() else name)
    return TieredModel(read_bundle(first), deep, tier or DEEP)


def load_pair(first: Path, second: Path, tier: str) -> TieredModel:
    """Load two tiers from the folders of both; see `load_tiered`."""
    return TieredModel(read_bundle(first), load_deep(second), tier)


class TieredModel(Model):
    """A linear model with a transformer behind it.

    Language, and what is not scored, are the linear model's business in both tiers, and so are disguises:
    the transformer reads the words that the linear model found behind them. As of `Model`, a probability is a
    function of the text and the model alone.

    Parameters
    ----------
    bundle : Bundle
        Of the first tier.
    deep : DeepModel
    tier : {"cascade", "deep"}
        Whether the second tier looks at the comments in its bands, or at all of them.

    Attributes
    ----------
    look : SecondLook
        Which comments are looked at again.

    Raises
    ------
    ModelError
        The second tier has other labels, or was fitted to another first tier.
    """

    def __init__(self, bundle: Bundle, deep: DeepModel, tier: str) -> None:
        super().__init__(bundle)
        if deep.labels != self.labels:
            raise ModelError(
                f"{deep.path} has other labels than {self.path}; give the model that it belongs to"
            )
        config = deep.config
        fitted = config["fast"]
        if fitted["digest"] != self.digest:
            raise ModelError(
                f"{deep.path} was fitted to another version of {fitted['name']} ({fitted['digest'][:12]}) "
                f"than {self.path} ({self.digest[:12]}); install both anew, or use the tier fast"
            )
        self.deep = deep
        self.tier = tier
        self.look = (SecondLook.at_doubtful if tier == CASCADE else SecondLook.at_everything)(deep.config)
        self.first = {"name": self.name, "digest": self.digest, "path": str(self.path)}
        self.name = deep.name if tier == DEEP else f"{self.name}+{deep.name}"
        self.path, self.digest, self.config = deep.path, deep.digest, config

    def stated(self) -> dict[str, Any]:
        """Return what `run.json` says of the model, from which `load_stated` finds it again."""
        return super().stated() | {"tier": self.tier, "first": self.first}

    def look_from(self, least: float) -> None:
        """Look again only at comments of at least some priority; see `SecondLook`."""
        self.look = replace(self.look, least=least)

    def predict_proba(self, texts: Texts) -> F32:
        """Return calibrated probabilities, by both tiers where the second looks, whatever the language.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)

        Returns
        -------
        ndarray of float32, shape (n, labels)
        """
        strings = as_strings(texts)
        return self._looked(strings, super().predict_proba(strings))

    def rate(self, texts: Texts) -> tuple[F32, npt.NDArray[np.object_]]:
        """Return the probabilities of texts, by both tiers where the second looks, and their languages.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)

        Returns
        -------
        tuple of ndarray
            As of `Model.rate`.
        """
        strings = as_strings(texts)
        found, languages = super().rate(strings)
        return self._looked(strings, found), languages

    def look_again(
        self, texts: Texts, fast: F32, threads: int = 1, tell: Callable[[int], None] | None = None
    ) -> F32:
        """Return the probabilities of texts that were chosen for a second look.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)
        fast : ndarray of float32, shape (n, labels)
            Their first-tier probabilities.
        threads : int
            Texts run at the same time.
        tell : callable, optional
            Told now and then how many more texts are done.

        Returns
        -------
        ndarray of float32, shape (n, labels)
        """
        plain = plain_texts(as_strings(texts), self.scorer.unmasker)
        return sigmoid(self.look.combined(fast, self.deep.odds(plain, threads, tell)))

    def score_table(self, table: pa.Table, *, any_language: bool = False) -> pa.Table:
        """Append `p_<label>`, `language`, `not_scored` and `tier`, which says who decided.

        Parameters
        ----------
        table : pyarrow.Table, n rows
            As of `Model.score_table`.
        any_language : bool, default False

        Returns
        -------
        pyarrow.Table, n rows
        """
        scored = super().score_table(table, any_language=any_language)
        fast = first_probabilities(scored, self.labels)
        rows = np.flatnonzero(self.look.chosen(fast))
        texts = as_strings(scored["text"]).take(pa.array(rows))
        return replaced(scored, self.labels, rows, self.look_again(texts, fast[rows]))

    def explain(self, text: str) -> Explanation:
        """Return what each span of a text adds to the log-odds, by the tier that decides on it.

        Where that is the second one, a span's share is what its words take with them when they are left
        out, and the bias holds the rest: what no word accounts for alone. They add up all the same.

        Parameters
        ----------
        text : str
        """
        text = as_strings([text])[0].as_py()
        first = super().explain(text)
        fast = super().predict_proba([text])
        if not first.spans or not self.look.chosen(fast)[0]:
            return first
        groups = pieces([(span.begin, span.end) for span in first.spans])
        joined = [first.spans[group] for group in groups]
        places = [(spans[0].begin, spans[-1].end) for spans in joined]
        found = occlude(self.deep, plain_text(text, self.scorer.unmasker), places)
        a, b, _ = self.look.combine.T
        linear = np.array(
            [[sum(s.shares[label] for s in spans) for label in self.labels] for spans in joined]
        )
        shares = a * linear + b * found.shares
        odds = self.look.combined(fast, found.whole[None, :])[0]
        rest = odds - shares.sum(axis=0)
        return Explanation(
            text,
            self._named(1 / (1 + np.exp(-odds))),
            self._named(rest),
            [Span(*place, self._named(row)) for place, row in zip(places, shares, strict=True)],
            DEEP,
        )

    def _looked(self, texts: pa.StringArray, found: F32) -> F32:
        """Replace the first tier's probabilities, in place, where the second looks."""
        rows = np.flatnonzero(self.look.chosen(found))
        found[rows] = self.look_again(texts.take(pa.array(rows)), found[rows])
        return found

    def _named(self, values: F64) -> dict[str, float]:
        return dict(zip(self.labels, map(float, values), strict=True))


def first_probabilities(scored: pa.Table, labels: tuple[str, ...]) -> F32:
    """Return the probabilities of a scored table, shape (rows, labels), NaN where a row was not scored."""
    columns = [scored[probability_column(label)].to_numpy().astype(np.float32) for label in labels]
    return np.stack(columns, axis=1)


def replaced(scored: pa.Table, labels: tuple[str, ...], rows: npt.NDArray[np.int64], again: F32) -> pa.Table:
    """Return a scored table with other probabilities, and the tier `deep`, in some rows."""
    count = scored.num_rows
    for column, label in enumerate(labels):
        name = probability_column(label)
        values = scored[name].to_numpy().astype(np.float32)
        values[rows] = again[:, column]
        at = scored.column_names.index(name)
        array = pa.array(values, pa.float32(), mask=scored[name].is_null().to_numpy().astype(bool))
        scored = scored.set_column(at, scored.schema.field(name), array)
    tier = scored["tier"].to_numpy(zero_copy_only=False).astype(object) if count else np.empty(0, object)
    tier[rows] = DEEP
    at = scored.column_names.index("tier")
    return scored.set_column(at, scored.schema.field("tier"), pa.array(tier, pa.string()))


def restored(model: Model, second_look: Mapping[str, Any] | None) -> Model:
    """Return the model of a run, choosing the comments that the run's budget chose."""
    if isinstance(model, TieredModel) and second_look is not None:
        model.look_from(second_look["least"])
    return model


def _shipped() -> Path:
    try:
        return find_bundle(DEEP_MODEL)
    except UsageError as error:
        raise UsageError(
            f"no second tier is installed: no model {DEEP_MODEL!r}; give the folder of one as --model"
        ) from error
