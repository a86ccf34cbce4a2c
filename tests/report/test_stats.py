from __future__ import annotations

from datetime import datetime

import pytest
from scipy.stats import binomtest

from moderation.report.stats import next_step, time_unit, wilson
from moderation.report.wording import interval, percent, probability


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 100_000), (1, 1)])
def test_wilson_agrees_with_scipy(hits: int, total: int) -> None:
    low, high = wilson([hits], [total])
    expected = binomtest(hits, total).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_counted_says_nothing() -> None:
    low, high = wilson([0], [0])
    assert (low[0], high[0]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("last", "comments", "unit"),
    [
        (datetime(2024, 1, 2), 10_000, "hour"),
        (datetime(2024, 1, 2), 5, "day"),
        (datetime(2024, 2, 15), 10_000, "day"),
        (datetime(2025, 1, 1), 10_000, "week"),
        (datetime(2028, 1, 1), 10_000, "month"),
        (datetime(2900, 1, 1), 10_000, "year"),
    ],
)
def test_time_is_shown_in_steps_that_fit(last: datetime, comments: int, unit: str) -> None:
    assert time_unit(datetime(2024, 1, 1), last, comments) == unit


def test_steps_follow_the_calendar() -> None:
    assert next_step(datetime(2024, 12, 1), "month") == datetime(2025, 1, 1)
    assert next_step(datetime(2024, 2, 28), "day") == datetime(2024, 2, 29)
    assert next_step(datetime(2024, 1, 1), "year") == datetime(2025, 1, 1)


def test_numbers_in_words() -> None:
    assert [percent(x) for x in (0.0996, 0.00996, 0.081)] == ["10 %", "1.0 %", "8.1 %"]
    assert interval(0.012, 0.034) == "1.2–3.4 %"
    assert probability(0.9999) == ".99"
