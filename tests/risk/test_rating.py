"""Tiers at work: tables by vintage, fitted scales, migration, concentration, few defaults."""

from __future__ import annotations

import csv
import itertools
import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tael.kernel import BadInput, Rate
from tael.report import Page
from tael.risk.calibration import Judged
from tael.risk.rating import (
    RISE_COLUMNS,
    TIER_COLUMNS,
    ScaleSettings,
    TableSettings,
    chance_of_order,
    concentration,
    fit_scale,
    migration,
    most_prudent,
    tier_table,
    tiers_of,
)

with (Path(__file__).parent / "cases" / "most_prudent.csv").open(encoding="utf-8") as file:
    PRUDENT = list(csv.DictReader(file))


def vintages(rows: int = 24_000, seed: int = 9) -> tuple[Judged, np.ndarray]:
    """A calibrated book of three years."""
    random = np.random.default_rng(seed)
    pd = 1 / (1 + np.exp(-random.normal(-4.0, 1.3, rows)))
    bad = (random.random(rows) < pd).astype(float)
    return Judged.of(bad, pd), random.integers(2017, 2020, rows)


BOOK, YEARS = vintages()


def cells(*groups: tuple[float, int, int]) -> Judged:
    """Loans by (PD, count, bads)."""
    pd = np.concatenate([np.full(count, chance) for chance, count, _ in groups])
    bad = np.concatenate([np.arange(count) < bads for _, count, bads in groups])
    return Judged.of(bad.astype(float), pd)


# --- few defaults


@pytest.mark.parametrize("case", PRUDENT)
def test_bounds_are_those_of_the_paper(case: dict[str, str]) -> None:
    """Pluto and Tasche 2005, tables 1, 3 and 5 on: 100, 400 and 300 loans in three tiers."""
    found = most_prudent(
        [100, 400, 300],
        [int(case[f"bads_{tier}"]) for tier in "abc"],
        confidence=float(case["confidence"]),
        rho=float(case["rho"]),
    )
    assert found == pytest.approx([float(case[tier]) for tier in "abc"], abs=6e-5)


def test_a_worst_tier_without_loans_is_bounded_by_the_one_before() -> None:
    found = most_prudent([100, 400, 0], [0, 1, 0])
    assert found[2] == found[1] > found[0]


@pytest.mark.parametrize(
    ("counts", "bads", "options", "rule"),
    [
        ([0, 0], [0, 0], {}, "tier with loans"),
        ([5], [0, 0], {}, "each tier"),
        ([5, 5], [0, 6], {}, "R2: 6 bads among 5"),
        ([5], [0], {"confidence": 1.0}, "confidence 1.0"),
        ([5], [0], {"rho": 1.0}, "correlation 1.0"),
    ],
)
def test_bounds_of_what_cannot_be_are_refused(
    counts: list[int], bads: list[int], options: dict[str, float], rule: str
) -> None:
    with pytest.raises(BadInput, match=rule):
        most_prudent(counts, bads, **options)


# --- the table


def test_a_calibrated_book_holds_and_rises_in_every_vintage() -> None:
    table = tier_table(BOOK, YEARS, TableSettings(significance=0.005))
    whole = table.of("all")
    assert [row.tier for row in whole] == [1, 2, 3, 4, 5, 6, 7]
    assert sum(row.rows for row in whole) == len(YEARS)
    assert all(row.verdict in {"holds", "few"} for row in whole)
    assert all(row.observed.low <= row.observed.value <= row.observed.high for row in table.rows)
    assert [rise.vintage for rise in table.rises] == ["all", "2017", "2018", "2019"]
    assert all(rise.verdict != "broken" and rise.prime_better for rise in table.rises)


def test_a_pd_that_is_half_the_truth_is_told_too_low_and_double_too_high() -> None:
    table = tier_table(cells((0.003, 9_000, 54), (0.03, 3_000, 45), (0.1, 500, 52)), ["x"] * 12_500)
    rows = table.of("x")
    assert [row.verdict for row in rows] == ["too_low", "too_high", "holds"]
    assert rows[0].too_low < 0.001
    assert rows[1].differs < 0.001
    assert rows[1].too_low > 0.99
    assert [row.vintage for row in table.against()] == ["all", "all", "x", "x"]
    assert table.against({"all", "x"}) == ()


def test_tiers_with_few_bads_get_a_most_prudent_bound_over_their_run() -> None:
    judged = cells((0.003, 500, 0), (0.007, 400, 2), (0.03, 300, 12))
    first, second, third = tier_table(judged, ["x"] * 1_200).of("x")
    assert [first.verdict, second.verdict, third.verdict] == ["few", "few", "holds"]
    assert third.prudent is None
    expected = most_prudent([500, 400, 0], [0, 2, 0])
    assert (first.prudent, second.prudent) == pytest.approx(expected[:2])


def test_figures_out_of_order_by_chance_are_noise_and_beyond_it_broken() -> None:
    noise = tier_table(cells((0.003, 1_000, 3), (0.007, 1_000, 2), (0.03, 900, 30)), ["x"] * 2_900)
    assert (noise.rises[1].strict, noise.rises[1].verdict) == (False, "noise")
    broken = tier_table(cells((0.003, 1_000, 40), (0.007, 1_000, 5)), ["x"] * 2_000)
    assert broken.rises[1].verdict == "broken"
    assert broken.rises[1].prime_better is None
    rises = tier_table(cells((0.003, 1_000, 3), (0.06, 1_000, 50)), ["x"] * 2_000)
    assert (rises.rises[1].verdict, rises.rises[1].prime_better) == ("rises", True)


def test_the_chance_of_order_is_that_of_two_posteriors() -> None:
    random = np.random.default_rng(0)
    drawn = random.beta(3.5, 100.5, 200_000) < random.beta(6.5, 150.5, 200_000)
    assert chance_of_order((3, 103), (6, 156)) == pytest.approx(drawn.mean(), abs=0.004)
    assert chance_of_order((4, 100), (4, 100)) == pytest.approx(0.5, abs=1e-3)
    assert chance_of_order((0, 50), (20, 20)) == pytest.approx(1.0)


def test_a_table_is_printed_in_both_languages_and_kept_as_json() -> None:
    table = tier_table(BOOK, YEARS)
    page = Page("t").table(TIER_COLUMNS, table.printed()).table(RISE_COLUMNS, table.printed_rises())
    assert "违约率" in page.html("zh")
    assert "Default rate" in page.html("en")
    data = json.loads(json.dumps(table.to_json(), allow_nan=False))
    assert len(data["rises"]) == 4


def test_a_table_needs_one_vintage_per_row_and_rising_bounds() -> None:
    with pytest.raises(BadInput, match="one vintage per row"):
        tier_table(BOOK, [2017])
    falling = TableSettings(bounds=(Rate(Decimal("0.2")), Rate(Decimal("0.1"))))
    with pytest.raises(BadInput, match="do not rise"):
        tier_table(BOOK, YEARS, falling)


# --- scale


def test_a_fitted_scale_is_geometric_and_each_tier_has_enough_bads() -> None:
    found = fit_scale(BOOK, ScaleSettings(least_bads=8))
    bounds = [float(bound.fraction) for bound in found.bounds]
    ratios = [b / a for a, b in itertools.pairwise(bounds)]
    assert ratios == pytest.approx([found.ratio] * 5, rel=1e-2)
    assert found.tiers == 7
    assert min(found.bads) >= 8
    assert list(found.rates) == sorted(set(found.rates))
    place = tiers_of(BOOK.pd, found.bounds)
    assert np.bincount(place, BOOK.bad)[1:].tolist() == list(found.bads)
    assert json.loads(json.dumps(found.to_json()))["tiers"] == 7


def test_a_book_with_few_bads_gets_fewer_tiers_and_says_so() -> None:
    found = fit_scale(BOOK, ScaleSettings(least_bads=0.2 * BOOK.bad.sum()))
    assert 2 <= found.tiers < 7
    assert found.words.en.startswith("7 tiers were asked")
    two = fit_scale(BOOK, ScaleSettings(tiers=2))
    assert (two.tiers, two.ratio) == (2, 0.0)


def test_a_scale_can_be_made_to_rise_in_every_vintage() -> None:
    years = np.random.default_rng(1).integers(2010, 2020, len(YEARS))
    free = fit_scale(BOOK)
    bound = fit_scale(BOOK, vintage=years)
    rises = tier_table(BOOK, years, TableSettings(bounds=bound.bounds)).rises
    assert all(rise.strict for rise in rises)
    assert not all(
        rise.strict for rise in tier_table(BOOK, years, TableSettings(bounds=free.bounds)).rises
    )
    with pytest.raises(BadInput, match="one vintage per row"):
        fit_scale(BOOK, vintage=[1])


def test_a_book_that_cannot_fill_two_tiers_is_refused() -> None:
    with pytest.raises(BadInput, match="do not fill two tiers"):
        fit_scale(BOOK, ScaleSettings(least_bads=BOOK.bad.sum()))
    with pytest.raises(BadInput, match="1 tiers"):
        fit_scale(BOOK, ScaleSettings(tiers=1))


# --- migration and concentration


def test_migration_counts_where_borrowers_went() -> None:
    found = migration([1, 1, 1, 1, 2, 3], [1, 1, 1, 2, 1, 3], 4)
    assert found.counts[0] == (3.0, 1.0, 0.0, 0.0)
    assert (found.same, found.better, found.worse) == pytest.approx((4 / 6, 1 / 6, 1 / 6))
    assert found.notches == pytest.approx(2 / 6)
    assert found.stability_index == pytest.approx(0.0)
    assert np.isnan(found.shares()[3]).all()
    assert found.to_json()["shares"][3] == [None] * 4
    assert "Before" in Page("t").table(found.columns(), found.rows()).html("en")


def test_a_book_that_moved_has_the_stability_index_of_its_shares() -> None:
    found = migration([1] * 5 + [2] * 5, [1] * 2 + [2] * 8, 2)
    assert found.stability_index == pytest.approx(-0.3 * math.log(0.2 / 0.5) + 0.3 * math.log(1.6))


def test_concentration_is_one_in_one_tier_and_zero_when_even() -> None:
    even = concentration(np.arange(1, 8), 7)
    assert (even.herfindahl, even.normalised, even.prime) == pytest.approx((1 / 7, 0.0, 3 / 7))
    one = concentration([4, 4, 4], 7)
    assert (one.herfindahl, one.normalised, one.prime) == (1.0, 1.0, 0.0)
    heavy = concentration([1, 7], 7, [3.0, 1.0])
    assert (heavy.prime, heavy.herfindahl) == pytest.approx((0.75, 0.625))
    assert heavy.to_json()["prime"] == 0.75


@pytest.mark.parametrize(("before", "after"), [([1, 2], [1]), ([0], [1]), ([1.5], [1.0]), ([], [])])
def test_tiers_that_cannot_migrate_are_refused(before: list[int], after: list[int]) -> None:
    with pytest.raises(BadInput):
        migration(before, after, 3)


def test_a_book_without_rows_has_no_concentration() -> None:
    with pytest.raises(BadInput, match="no rows"):
        concentration([], 7)
