"""Corrected rates from a stratified sample: the sheet, the estimator, its intervals."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from handmade_run import Run, comment, explain, make_run
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from moderation.decisions import Decision, text_digest
from moderation.errors import DataError, UsageError
from moderation.report import write_report
from moderation.report.estimate import corrected, estimate, unevenness
from moderation.report.estimated import write_estimate
from moderation.report.sample import allocate, draw, read_sample, write_sample
from moderation.report.wording import interval, percent

COMMENTS = 3_000


def lies(number: int) -> bool:
    """Whether a comment of `forum` is an insult: a tenth in the first month, a fifth in the second."""
    return number % (10 if number < COMMENTS // 2 else 5) == 0


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run in which the model sees three of four insults, and flags some others."""
    generator = np.random.default_rng(3)
    rows = []
    for number in range(COMMENTS):
        high = generator.random() < (0.75 if lies(number) else 0.1)
        rows.append(
            comment(
                f"c{number}",
                f"=comment {number}",
                insult=float(generator.uniform(0.5, 1) if high else generator.uniform(0, 0.2)),
                created_at=datetime(2024, 3 + (number >= COMMENTS // 2), 5, tzinfo=UTC),
                thread_id=f"t{number % 3}",
            )
        )
    rows.append(comment("deleted", "", not_scored="deleted"))
    return make_run(tmp_path_factory.mktemp("forum") / "run", rows, parts=4)


def judge(path: Path, rows: slice = slice(None)) -> None:
    """Fill in a sheet as people would who are always right."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for line in lines[rows]:
        line["decision"] = "remove" if lies(int(line["comment_id"][1:])) else "approve"
        line["labels"] = "insult" if line["decision"] == "remove" else ""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def test_a_sample_is_drawn_judged_and_gives_the_rates(forum: Run, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 600), path)
    judge(path)
    sample = read_sample(path)
    found = estimate(forum, sample, sample.decisions)
    rates = found.rates[found.rates["label"] == "insult"].set_index("part")
    assert list(rates.index) == ["all", "2024-03", "2024-04"]
    assert rates["comments"].tolist() == [3000, 1500, 1500]
    assert (found.drawn, found.decided, found.ignored) == (600, 600, 0)
    assert rates.loc["all", "judged"] == 600
    assert rates.loc["all", "low"] < 0.15 < rates.loc["all", "high"]
    assert rates.loc["all", "high"] - rates.loc["all", "low"] < 0.06
    assert rates.loc["2024-03", "rate"] < rates.loc["all", "rate"] < rates.loc["2024-04", "rate"]
    # The share of flagged comments is nowhere near: 10 % of all others are flagged as well.
    assert rates.loc["all", "flagged"] > rates.loc["all", "high"]
    assert found.uneven["insult"] < 0.05
    path = write_estimate(found, tmp_path / "out")
    with path.open(newline="", encoding="utf-8") as file:
        assert [row["month"] for row in csv.DictReader(file)] == ["all", "2024-03", "2024-04"] * 2


def test_the_page_shows_the_rates(forum: Run, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 600), path)
    judge(path)
    sample = read_sample(path)
    found = estimate(forum, sample, sample.decisions)
    plain = write_report(forum, ("html",), tmp_path, explain=explain)["html"].read_text("utf-8")
    page = write_report(forum, ("html",), tmp_path, explain=explain, corrected=found)["html"]
    section = html.document_fromstring(page.read_text("utf-8")).cssselect("[aria-labelledby=h-rates]")[0]
    rows = [[cell.text_content() for cell in row] for row in section.cssselect("tbody tr")]
    assert [row[0] for row in rows] == ["insult", "threat", "2024-03", "2024-04"]
    (whole,) = found.whole[found.whole["label"] == "insult"].to_dict("records")
    assert rows[0][4:] == [percent(whole["rate"]), interval(whole["low"], whole["high"])]
    charts = section.cssselect("svg[role=img]")
    named = [section.get_element_by_id(chart.get("aria-labelledby")).text_content() for chart in charts]
    assert named == ["All comments", "insult per month"]
    assert [len(chart.cssselect("circle")) for chart in charts] == [2, 2]
    assert "rates of single months may be off" in section.text_content()
    assert "h-rates" not in plain


def test_the_share_of_flags_is_by_the_policy_in_force(forum: Run, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 300), path)
    judge(path)
    sample = read_sample(path)
    assert forum.policy is not None
    strict = replace(forum.policy, thresholds=forum.policy.thresholds | {"insult": 0.9})
    usual, other = (
        estimate(forum, sample, sample.decisions, policy=policy).whole for policy in (None, strict)
    )
    assert other["flagged"].iloc[0] < usual["flagged"].iloc[0]
    assert other["rate"].iloc[0] == usual["rate"].iloc[0]


def test_rates_per_thread(forum: Run, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 300), path)
    judge(path)
    sample = read_sample(path)
    rates = estimate(forum, sample, sample.decisions, "thread").rates
    insult = rates[rates["label"] == "insult"]
    assert sorted(insult["part"]) == ["all", "t0", "t1", "t2"]
    assert insult["title"].tolist()[1:] == ["First thread"] * 3
    with pytest.raises(UsageError, match="month, thread"):
        estimate(forum, sample, sample.decisions, "year")


def test_the_same_seed_draws_the_same_and_nothing_tells_the_score(forum: Run, tmp_path: Path) -> None:
    one, again, other = (draw(forum, "insult", 200, seed) for seed in (1, 1, 2))
    assert one.rows.equals(again.rows)
    assert set(one.rows["comment_id"]) != set(other.rows["comment_id"])
    assert len(one.rows) == 200
    assert "deleted" not in set(one.rows["comment_id"])
    # Shuffled: the bands do not come one after the other.
    assert (np.diff(one.rows["band"].to_numpy()) != 0).sum() > 50
    write_sample(one, tmp_path / "sample.csv")
    with (tmp_path / "sample.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert all(line["text"].startswith("'=comment") for line in lines)
    assert not any(name.startswith("p_") for name in lines[0])


def test_decisions_made_elsewhere_count_only_on_the_sample(forum: Run, tmp_path: Path) -> None:
    sample = draw(forum, "insult", 300)
    made = [
        decision(row.comment_id, row.text_digest, lies(int(row.comment_id[1:])))
        for row in sample.rows.itertuples()
    ]
    # Nobody drew this one.
    stray = next(n for n in range(COMMENTS) if f"c{n}" not in set(sample.rows["comment_id"]))
    made.append(decision(f"c{stray}", text_digest(f"=comment {stray}"), True))
    # Of two opinions of one person the later counts; a skip is none.
    first = made[0]
    made.append(decision(first.comment_id, first.text_digest, not first.labels, minute=0))
    found = estimate(forum, sample, made)
    assert (found.decided, found.ignored) == (300, 1)
    assert set(found.rates["label"]) == {"insult"}


def decision(comment_id: str, digest: str, insult: bool, minute: int = 5) -> Decision:
    return Decision(
        comment_id=comment_id,
        text_digest=digest,
        decision="remove" if insult else "approve",
        labels=("insult",) if insult else (),
        checked=("insult",),
        note="",
        reviewer="Rae",
        created_at=datetime(2024, 5, 1, 9, minute, tzinfo=UTC),
        model="",
        policy="",
    )


def test_too_little_is_refused(forum: Run, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 100), path)
    empty = read_sample(path)
    with pytest.raises(DataError, match="insult: none of the sample is judged"):
        estimate(forum, empty, empty.decisions)
    judge(path, slice(0, 8))
    few = read_sample(path)
    with pytest.raises(DataError, match="judge at least 5"):
        estimate(forum, few, few.decisions)


def test_a_label_that_few_judged_is_left_out(forum: Run) -> None:
    sample = draw(forum, "insult", 300)
    made = [decision(row.comment_id, row.text_digest, False) for row in sample.rows.itertuples()]
    made[0] = replace(made[0], checked=None)
    found = estimate(forum, sample, made)
    assert set(found.rates["label"]) == {"insult"}
    assert "judge at least 5" in found.left_out["threat"]


def test_another_run_is_refused(forum: Run, tmp_path: Path) -> None:
    sample = draw(forum, "insult", 100)
    rows = [comment(f"c{number}", "other", insult=0.5) for number in range(50)]
    with pytest.raises(DataError, match="not the run"):
        estimate(make_run(tmp_path / "other", rows), sample, [])
    with pytest.raises(UsageError, match="no scores for 'spam'"):
        draw(forum, "spam", 100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("band_from", "band"), "has no column 'band_from'"),
        (lambda text: text.replace(",,,,,insult", ",perhaps,,,,insult", 1), "line 2: decision 'perhaps'"),
        (
            lambda text: text.replace(",,,,,insult", ",,threat,,,insult", 1),
            "line 2: labels without a decision",
        ),
        (lambda text: text.replace(",insult,0", ",insult,low"), "no longer stated"),
        (lambda text: text.split("\n")[0] + "\n", "holds no comment"),
    ],
)
def test_a_damaged_sheet_is_named(forum: Run, tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "sample.csv"
    write_sample(draw(forum, "insult", 20), path)
    path.write_text(change(path.read_text("utf-8").replace("\r\n", "\n")), "utf-8")
    with pytest.raises(DataError, match=message):
        read_sample(path)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.floats(0, 1)), min_size=1, max_size=6).filter(
        lambda bands: any(count for count, _ in bands)
    ),
    st.integers(1, 3_000),
)
def test_a_sample_is_divided_without_rest(bands: list[tuple[int, float]], size: int) -> None:
    counts = np.array([count for count, _ in bands])
    shares = allocate(counts, np.array([rate for _, rate in bands]), size)
    assert shares.sum() == min(size, counts.sum())
    assert (shares >= 0).all()
    assert (shares <= counts).all()


def test_all_judged_is_exact_and_none_found_is_not_certain() -> None:
    comments = np.array([[10, 20], [30, 5]])
    rate, low, high = corrected(comments, comments, np.array([[1, 10], [0, 5]]))
    assert rate.tolist() == low.tolist() == high.tolist() == [11 / 30, 5 / 35]
    rate, low, high = corrected(np.array([[10_000]]), np.array([[50]]), np.array([[0]]))
    assert rate[0] == low[0] == 0
    assert 0.02 < high[0] < 0.06


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(5)
    size, shares = np.array([[4_000, 800, 150], [2_000, 900, 250]]), np.array([0.002, 0.2, 0.8])
    drawn = np.array([120, 100, 60])
    held = 0
    for _ in range(200):
        truth = generator.binomial(size, shares)
        # Draw from each band over both parts: split what is drawn, then what of it is positive.
        judged = np.stack(
            [generator.multivariate_hypergeometric(size[:, band], n) for band, n in enumerate(drawn)], 1
        )
        positive = generator.hypergeometric(truth, size - truth, judged)
        _, low, high = corrected(size, judged, positive, int(generator.integers(1 << 30)))
        rates = truth.sum(axis=1) / size.sum(axis=1)
        held += int(((low <= rates) & (rates <= high)).sum())
    assert held / 400 > 0.92


def test_unevenness_is_found_and_not_imagined() -> None:
    generator = np.random.default_rng(2)
    part, band = generator.integers(0, 4, 400), generator.integers(0, 3, 400)
    even = generator.random(400) < np.array([0.1, 0.5, 0.9])[band]
    assert unevenness(part, band, even.astype(np.float64)) > 0.05
    uneven = generator.random(400) < np.where(part == 1, 0.9, 0.3)
    assert unevenness(part, band, uneven.astype(np.float64)) < 0.01
