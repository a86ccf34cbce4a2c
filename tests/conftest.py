"""Fixtures that every test may use."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

# No test times anything: a slow machine is no bug.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def shared_folder() -> Path | None:
    """Return the folder of real samples and corpora, where this machine has one."""
    named = os.environ.get("MODERATION_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = shared_folder()
    if folder is None or not (folder / "samples").is_dir():
        pytest.skip("no real samples on this machine: set MODERATION_SHARED to their folder")
    return folder / "samples"


@pytest.fixture(scope="session")
def corpora() -> Path:
    folder = shared_folder()
    if folder is None or not (folder / "data").is_dir():
        pytest.skip("no labelled corpora on this machine: set MODERATION_SHARED to their folder")
    return folder / "data"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a bundle trained on a dozen sentences: real in kind, quick to make and load."""
    import numpy as np
    import pyarrow as pa
    from sklearn.linear_model import LogisticRegression

    from moderation.classify.bundle import write_bundle
    from moderation.classify.scorer import Scorer
    from moderation.schema import LABELS
    from moderation.text.vectorizer import ChunkVectorizer
    from moderation.train.fit import weights_of
    from moderation.train.frequent import frequent_chunks

    texts = [
        *("you are a stupid idiot", "shut up you idiot", "what a stupid liar", "idiot go away"),
        *("thank you for the nice photo", "the weather is nice today", "I like this recipe", "see you soon"),
        *(
            "they staged the moon landing",
            "the elites staged it all",
            "wake up it was staged",
            "hidden elites",
        ),
    ]
    vectorizer = ChunkVectorizer(vocabulary_count=1, unknown=True).fit(texts)
    matrix = vectorizer.transform(texts)
    kinds = np.repeat(["abusive", "none", "conspiracy"], 4)
    coefficients = np.zeros((matrix.shape[1], len(LABELS)))
    for column, label in enumerate(LABELS):
        kind = "conspiracy" if label == "conspiracy" else "abusive"
        fitted = LogisticRegression(C=10, solver="liblinear").fit(matrix, kinds == kind)
        coefficients[:, column] = fitted.coef_[0]
    config = {
        "labels": list(LABELS),
        "calibration": {label: {"slope": 2.0, "bias": -2.0, "prevalence": 0.05} for label in LABELS},
        "operating_points": {label: [[0.5, 0.9, 0.8]] for label in LABELS},
        "languages": ["en"],
    }
    folder = tmp_path_factory.mktemp("models") / "tiny"
    weights = weights_of(vectorizer, coefficients)
    often = frequent_chunks(pa.array(texts))
    write_bundle(folder, config, replace(weights, frequent=Scorer(weights).frequent(often)))
    return folder
