"""Sentences with slots become training rows: the corpora that `KINDS` names."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.schema import LABELS
from moderation.train.corpora_spec import registry

TEMPLATES: Final = "written_templates"
SWEARING: Final = "written_swearing"
STANCES: Final = "written_stances"
KINDS: Final = {
    TEMPLATES: ("template", "short"),
    SWEARING: ("swearing",),
    STANCES: ("template", "swearing", "stance", "short", "claim"),
}
"""What each corpus is made of: harmless sentences; swearing at nobody, apart from them since a corpus has one
weight; and both, with sentences of which the stance decides and claims of plots beside plain remarks."""

ROWS_PER_TEMPLATE: Final = 60

_SLOT = re.compile(r"\{(\w+)\}")


def written_by_people(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows are neither filled templates nor of a corpus that a program wrote, shape (n,)."""
    synthetic = {name for name, spec in registry().items() if spec.synthetic}
    people: npt.NDArray[np.bool_] = ~frame["corpus"].isin({*KINDS, *synthetic}).to_numpy()
    return people


def template_rows(path: Path, corpus: str = TEMPLATES) -> pd.DataFrame:
    """Fill the slots of every template with drawn words, the same ones every time.

    Parameters
    ----------
    path : Path
        TOML: `[slots]`, lists of words; for each of `KINDS` a list of tables with `text` and `labels`.
    corpus : str
        A name in `KINDS`.

    Returns
    -------
    DataFrame
        At most `ROWS_PER_TEMPLATE` different rows a template, in the columns of `load_corpus`.
    """
    stated = tomllib.loads(path.read_text("utf-8"))
    rows: dict[str, tuple[str, ...]] = {}
    for template in (template for kind in KINDS[corpus] for template in stated[kind]):
        filled = _filled(template["text"], stated["slots"])
        rows.update(dict.fromkeys(filled, tuple(template["labels"])))
    frame = pd.DataFrame({"text": list(rows)})
    for label in LABELS:
        frame[label] = np.array([label in labels for labels in rows.values()], np.float32)
    return frame.assign(weight=np.float32(1), corpus=corpus, language="en", source_split="")


def _filled(template: str, slots: Mapping[str, Sequence[str]]) -> list[str]:
    # What a template draws does not depend on those around it.
    draw = random.Random(template)
    return [
        _SLOT.sub(lambda slot: draw.choice(slots[slot.group(1)]), template) for _ in range(ROWS_PER_TEMPLATE)
    ]
