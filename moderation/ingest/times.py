"""Times of every notation that dumps use, as UTC microseconds; what cannot be read is null."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from moderation.ingest.charset import mend
from moderation.schema import TIMESTAMP

Floats = npt.NDArray[np.float64]
Time = str | int | float | datetime | None

# 1970 to 2100 in seconds; the same digits times 10^3 and 10^6 are milliseconds and microseconds.
_LATEST = 4.2e9
# Fourteen digits, 20200102030405: as microseconds they would be of one summer in 1970.
_WRITTEN = (1.97e13, 2.11e13)
_TWITTER = "%a %b %d %H:%M:%S %z %Y"
_OTHERS = (
    _TWITTER,
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
)


def to_times(values: Sequence[Time]) -> pa.Array:
    """Return times as an Arrow array in UTC; a time without a zone is taken as UTC.

    Understood are ISO 8601, seconds, milliseconds or microseconds since 1970 (as numbers or digits), mail
    dates and Twitter's. Anything else is null: a wrong guess is worse than none.

    Parameters
    ----------
    values : sequence of str, int, float, datetime or None

    Examples
    --------
    >>> to_times(["2018-04-03T10:00:00Z", 1522749600, "1522749600000", "soon"]).to_pylist()[3] is None
    True
    """
    if not len(values):
        return pa.array([], TIMESTAMP)
    try:
        # Nearly all dumps write all times alike, as numbers.
        return _to_arrow(_from_numbers(np.array(values, dtype="float64")))
    except (ValueError, TypeError, OverflowError):
        pass
    # An int of hundreds of digits is no time, and no float either.
    known = [None if type(value) is int and abs(value) > _LATEST * 1e6 else value for value in values]
    series = pd.Series(known, dtype=object)
    micros = _from_numbers(pd.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=np.nan))
    texts = np.isnan(micros) & series.notna().to_numpy()
    if texts.any():
        micros[texts] = _from_texts(series[texts])
    return _to_arrow(micros)


def _to_arrow(micros: Floats) -> pa.Array:
    missing = np.isnan(micros)
    return pa.array(np.where(missing, 0, micros).astype("int64"), mask=missing).cast(TIMESTAMP)


def _from_numbers(numbers: Floats) -> Floats:
    numbers = np.where(numbers > 0, numbers, np.nan)
    scale = np.select(
        [numbers < _LATEST, numbers < _LATEST * 1e3, numbers < _LATEST * 1e6], [1e6, 1e3, 1.0], np.nan
    )
    # Rounded to whole microseconds: a float of seconds is not exact below them.
    micros = np.asarray(np.rint(numbers * scale), dtype="float64")
    written = (numbers >= _WRITTEN[0]) & (numbers < _WRITTEN[1])
    if written.any():
        digits = pd.Series(numbers[written].astype("int64").astype(str))
        micros[written] = _micros(pd.to_datetime(digits, format="%Y%m%d%H%M%S", utc=True, errors="coerce"))
    return micros


def _from_texts(series: pd.Series) -> Floats:
    texts = pd.Series([mend(str(value)) for value in series], series.index).str.strip()
    parsed = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    micros = _micros(parsed)
    odd = np.isnan(micros)
    # Each notation once: a column of "2 years ago" must not cost a dozen attempts a row.
    known = {text: _one(text) for text in set(texts[odd])}
    micros[odd] = [known[text] for text in texts[odd]]
    return micros


def _micros(parsed: pd.Series) -> Floats:
    stamps = parsed.astype("datetime64[us, UTC]").astype("int64").to_numpy().astype("float64")
    return np.asarray(np.where(parsed.isna().to_numpy(), np.nan, stamps), dtype="float64")


def _one(text: str) -> float:
    """Return UTC microseconds of a notation other than ISO 8601; NaN where it is not understood."""
    for pattern in _OTHERS:
        try:
            return _utc(datetime.strptime(text, pattern))
        except ValueError:
            continue
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return float("nan")


def _utc(time: datetime) -> float:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)
