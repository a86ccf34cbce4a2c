"""A loaded model: texts and tables in, probabilities and explanations out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.bundle import Bundle, bundle_kind, find_bundle, read_bundle
from moderation.classify.explain import Explanation, explanation
from moderation.classify.language import withheld_language
from moderation.classify.policy import Policy, ResolvedPolicy, read_policy
from moderation.classify.scorer import Margins, Scorer
from moderation.errors import DataError, ModelError
from moderation.schema import from_pandas, probability_column, to_pandas
from moderation.text.chunks import Texts, as_strings

DEFAULT_MODEL = "fast"


def load_model(name: str | Path = DEFAULT_MODEL, tier: str | None = None) -> Model:
    """Load a model by the name of a shipped bundle or by the path of a folder.

    Parameters
    ----------
    name : str or Path, default "fast"
    tier : {"fast", "cascade", "deep"}, optional
        The linear model alone; with a second look by a transformer at what it is unsure of; or both for
        everything. Default: what the bundle is, `fast` for linear models. The other two need the extra
        `moderation[deep]`.

    Returns
    -------
    Model

    Raises
    ------
    UsageError
        There is no such model or tier.
    ModelError
        It is damaged, or the two tiers do not belong together.

    Examples
    --------
    >>> from moderation import load_model
    >>> load_model().labels[0]
    'abusive'
    """
    folder = find_bundle(name)
    if tier in (None, "fast") and bundle_kind(folder) == "linear":
        return Model(read_bundle(folder))
    from moderation.classify.deep.tiered import load_tiered

    return load_tiered(folder, tier)


def load_stated(stated: Mapping[str, Any]) -> Model:
    """Load the model that a run states, as `Model.stated` gives it.

    Raises
    ------
    UsageError
        It is not there any more.
    ModelError
        There is another version of it.
    """
    if "first" in stated:
        from moderation.classify.deep.tiered import load_pair

        model: Model = load_pair(_found(stated["first"]), _found(stated), stated["tier"])
    else:
        model = Model(read_bundle(_found(stated)))
    if model.digest != stated["digest"]:
        raise ModelError(f"there is another version of model {stated['name']!r} now; score again")
    return model


class Model:
    """A linear model of several labels over chunk features.

    A probability is a pure function of the text and the model, bit for bit: alone, in a batch, in any order.

    Parameters
    ----------
    bundle : Bundle

    Attributes
    ----------
    name : str
    path : Path
    digest : str
        SHA-256 of the bundle, hex.
    labels : tuple of str
    tier : {"fast", "cascade", "deep"}
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.path = bundle.path
        self.name = bundle.path.name
        self.tier = "fast"
        self.config = bundle.config
        self.digest: str = bundle.config["digest"]
        self.labels: tuple[str, ...] = tuple(bundle.config["labels"])
        calibration = bundle.config["calibration"]
        self.slope = np.array([calibration[label]["slope"] for label in self.labels])
        self.bias = np.array([calibration[label]["bias"] for label in self.labels])
        self.scorer = Scorer(bundle.weights)

    def predict_proba(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities, whatever the language of a text.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)

        Returns
        -------
        ndarray of float32, shape (n, labels)
            In [0, 1]; columns in the order of `labels`.
        """
        return self._probabilities(self.scorer.margins(as_strings(texts)))

    def rate(self, texts: Texts) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.object_]]:
        """Return what `score_table` finds out about texts, whatever their language, without a table.

        Parameters
        ----------
        texts : sequence, Series or Arrow array of str, shape (n,)

        Returns
        -------
        probabilities : ndarray of float32, shape (n, labels)
            NaN where a text is empty.
        languages : ndarray of object, shape (n,)
            ISO 639-1 codes; "" where nothing can be said.
        """
        strings = as_strings(texts)
        margins = self.scorer.margins(strings)
        probabilities = self._probabilities(margins)
        probabilities[margins.chunks == 0] = np.nan
        return probabilities, withheld_language(strings, margins)[0]

    def score(
        self,
        comments: Texts | pd.DataFrame,
        policy: Policy | ResolvedPolicy | None = None,
        *,
        any_language: bool = False,
    ) -> pd.DataFrame:
        """Return a frame with a probability per label, flags, language and the reason where not scored.

        Parameters
        ----------
        comments : sequence of str, or DataFrame with a column `text`
            A frame keeps its rows and columns.
        policy : Policy or ResolvedPolicy, optional
            Makes the flags; the model's default policy if not given.
        any_language : bool, default False
            Score texts in languages that the model does not know, too.

        Raises
        ------
        DataError
            The frame has no column `text`.
        """
        if isinstance(comments, pd.DataFrame):
            table = from_pandas(comments)
        else:
            table = pa.table({"text": as_strings(comments)})
        scored = self.score_table(table, any_language=any_language)
        policy = policy or self.policy()
        if isinstance(policy, Policy):
            columns = {label: _numpy(scored[probability_column(label)]) for label in self.labels}
            policy = policy.resolve(columns)
        at = scored.column_names.index(probability_column(self.labels[-1])) + 1
        return to_pandas(scored.add_column(at, "flags", policy.flags(scored)))

    def score_table(self, table: pa.Table, *, any_language: bool = False) -> pa.Table:
        """Append `p_<label>`, `language`, `not_scored` and `tier` to a table; flags are a policy's business.

        Parameters
        ----------
        table : pyarrow.Table, n rows
            Needs `text`; `kind` and `status` say what is no comment, where present.
        any_language : bool, default False

        Returns
        -------
        pyarrow.Table, n rows
        """
        if "text" not in table.column_names:
            raise DataError(f"the table has no column 'text'; it has {', '.join(table.column_names)}")
        texts = as_strings(table["text"])
        margins = self.scorer.margins(texts)
        language, foreign = withheld_language(texts, margins)
        reasons = _not_comments(table, margins.chunks == 0)
        if not any_language:
            reasons = np.where((reasons == "") & foreign, "language", reasons)
        withheld = reasons != ""
        probabilities = self._probabilities(margins)
        for column, label in enumerate(self.labels):
            values = pa.array(probabilities[:, column], pa.float32(), mask=withheld)
            table = table.append_column(pa.field(probability_column(label), pa.float32()), values)
        table = table.append_column("language", pa.array(language, pa.string(), mask=language == ""))
        table = table.append_column("not_scored", pa.array(reasons, pa.string(), mask=~withheld))
        tier = pc.if_else(pa.array(withheld), pa.scalar(None, pa.string()), pa.scalar("fast"))
        return table.append_column("tier", tier)

    def explain(self, text: str) -> Explanation:
        """Return what each span of a text adds to the log-odds of each label.

        Parameters
        ----------
        text : str
        """
        text = as_strings([text])[0].as_py()
        bias = dict(zip(self.labels, self.bias.tolist(), strict=True))
        return explanation(text, self.scorer.take_apart(text), self.slope, bias)

    def policy(self, path: Path | None = None, prevalence: Sequence[str] = ()) -> Policy:
        """Return the policy of a file, or the default one, at the stated prevalences; see `read_policy`."""
        return read_policy(path, self.config, prevalence)

    def stated(self) -> dict[str, Any]:
        """Return what `run.json` says of the model, from which `load_stated` finds it again."""
        return {
            "name": self.name,
            "digest": self.digest,
            "labels": list(self.labels),
            "path": str(self.path),
        }

    def _probabilities(self, margins: Margins) -> npt.NDArray[np.float32]:
        odds = margins.values * self.slope + self.bias
        with np.errstate(over="ignore"):
            share: npt.NDArray[np.float32] = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return share


def _found(stated: Mapping[str, Any]) -> Path:
    at = stated.get("path")
    return Path(at) if at and Path(at).is_dir() else find_bundle(stated["name"])


def _not_comments(table: pa.Table, blank: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Return the reason why a row is not scored, by row; empty where it is."""
    reasons = np.full(len(blank), "", object)
    reasons[blank] = "empty"
    for column, values in (("kind", ("pingback", "system")), ("status", ("deleted", "removed"))):
        if column not in table.column_names:
            continue
        for value in values:
            same = pc.fill_null(pc.equal(table[column], value), False).to_numpy().astype(bool)
            # A deleted comment whose text the dump still has is a comment like any other.
            reasons[same & (blank if column == "status" else True)] = value
    return reasons


def _numpy(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = column.to_numpy().astype(np.float32)
    return values
