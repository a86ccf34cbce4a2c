"""Model bundles on disk: arrays and JSON, checked by digest, loaded without executing anything.

A bundle is a folder: `config.json`, one `.npy` file per array (memory-mapped, so worker processes share
them), `metrics.json`, `recipe.toml` and `MODEL_CARD.md`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import moderation
from moderation.classify.frequent import Frequent
from moderation.classify.weights import Weights
from moderation.errors import ModelError, UsageError
from moderation.text.table import FeatureTable

FORMAT_VERSION: Final = 4
READABLE: Final = (3, 4)
"""Format versions that can be read. In 3, chunks without a known word had no squared value of their own."""

ARRAYS: Final = ("tags", "squares", "codes", "vocabulary", "frequent_marks", "frequent_sums")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory.

    Parameters
    ----------
    path : Path
        Its folder.
    config : dict
        `labels`, `vectorizer`, `calibration`, `operating_points`, `languages`, `digest`, ...
    weights : Weights
        Arrays, memory-mapped.
    """

    path: Path
    config: dict[str, Any]
    weights: Weights


def bundle_folders() -> list[Path]:
    """Return the folders that hold shipped bundles: in the installed package, or beside it in a checkout."""
    package = Path(moderation.__file__).parent
    folders = (package / "_data" / "models", package.parent / "models")
    return [folder for folder in folders if folder.is_dir()]


def find_bundle(name: str | Path) -> Path:
    """Return the folder of a bundle, by its name or by its path.

    Raises
    ------
    UsageError
        There is none; the message lists those that exist.
    """
    if (Path(name) / "config.json").is_file():
        return Path(name).resolve()
    for folder in bundle_folders():
        if (folder / name / "config.json").is_file():
            return folder / name
    raise UsageError(f"no model {str(name)!r}: choose one of {', '.join(bundle_names())}, or name a folder")


def bundle_names() -> list[str]:
    """Return the names of the shipped bundles, sorted."""
    return sorted({path.parent.name for folder in bundle_folders() for path in folder.glob("*/config.json")})


def bundle_kind(folder: Path) -> str:
    """Return what a bundle is: `linear`, or `deep` for a second tier.

    Raises
    ------
    ModelError
        Its configuration cannot be read.
    """
    try:
        return str(json.loads((folder / "config.json").read_text("utf-8")).get("kind", "linear"))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}/config.json cannot be read ({error}); install the model again") from error


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check its digest.

    Raises
    ------
    ModelError
        A file is missing, damaged or of another format version.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}/config.json cannot be read ({error}); install the model again") from error
    if config.get("format_version") not in READABLE:
        raise ModelError(
            f"{folder} has format version {config.get('format_version')}, this tool reads "
            f"{' and '.join(map(str, READABLE))}; train it again or update the tool"
        )
    arrays = {}
    for name in ARRAYS:
        try:
            arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{folder}/{name}.npy cannot be read ({error}); install the model again"
            ) from error
    if config.get("digest") != digest(config, folder):
        raise ModelError(
            f"{folder} is damaged: its files do not fit the digest in config.json; install it again"
        )
    return Bundle(folder, config, _weights(config, arrays))


def write_bundle(folder: Path, config: dict[str, Any], weights: Weights) -> str:
    """Write `config.json` and the arrays into a folder and return the digest.

    Parameters
    ----------
    folder : Path
        Created if missing; files of an older bundle in it are replaced.
    config : dict
        Everything but `format_version`, `weights` and `digest`, which are added.
    weights : Weights
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, frequent = weights.table, weights.frequent
    arrays: tuple[np.ndarray, ...] = (
        *(table.tags, table.squares, weights.codes, weights.vocabulary),
        *(frequent.marks, frequent.sums),
    )
    for name, array in zip(ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    config = config | {
        "format_version": FORMAT_VERSION,
        "weights": {
            "square_unit": table.unit,
            "unknown_square": table.unknown,
            "units": weights.units.tolist(),
            "lexicon": list(weights.lexicon),
            "grams": list(weights.grams),
            "pairs": weights.pairs,
            "skips": weights.skips,
        },
    }
    config["digest"] = digest(config, folder)
    text = json.dumps(config, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", "utf-8")
    return str(config["digest"])


def digest(config: dict[str, Any], folder: Path) -> str:
    """Return the SHA-256 of the arrays and of the configuration without its `digest`, as hex."""
    total = hashlib.sha256()
    stated = {key: value for key, value in config.items() if key != "digest"}
    total.update(json.dumps(stated, sort_keys=True).encode())
    for name in ARRAYS:
        with (folder / f"{name}.npy").open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _weights(config: dict[str, Any], arrays: dict[str, Any]) -> Weights:
    stated = config["weights"]
    return Weights(
        FeatureTable(
            arrays["tags"], arrays["squares"], stated["square_unit"], stated.get("unknown_square", 0)
        ),
        arrays["codes"],
        np.array(stated["units"]),
        arrays["vocabulary"],
        tuple(stated["lexicon"]),
        tuple(stated["grams"]),
        stated["pairs"],
        stated["skips"],
        Frequent(arrays["frequent_marks"], arrays["frequent_sums"]),
    )
