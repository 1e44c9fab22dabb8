"""Tiers on the geometric scale of the probability of default."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tael.kernel import BadInput, Rate
from tael.risk import tier
from tael.risk.rating import tiers_of
from tael.risk.tiers import TIER_BOUNDS, geometric_bounds

with (Path(__file__).parent / "cases" / "tiers.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.reader(file))[1:]


@pytest.mark.parametrize(("pd", "expected"), CASES)
def test_a_probability_belongs_to_the_better_tier_up_to_its_bound(pd: str, expected: str) -> None:
    assert tier(Rate(Decimal(pd))) == int(expected)


def test_many_probabilities_get_the_tiers_that_each_gets_alone() -> None:
    pds = [float(pd) for pd, _ in CASES]
    assert tiers_of(pds).tolist() == [int(expected) for _, expected in CASES]
    with pytest.raises(BadInput, match="between 0 and 1"):
        tiers_of([1.01])


@pytest.mark.parametrize("pd", ["-0.01", "1.01"])
def test_what_is_no_probability_has_no_tier(pd: str) -> None:
    with pytest.raises(BadInput, match="not a probability"):
        tier(Rate(Decimal(pd)))


def test_the_default_bounds_are_the_geometric_ones() -> None:
    assert geometric_bounds(TIER_BOUNDS[0], TIER_BOUNDS[-1]) == TIER_BOUNDS


def test_a_book_with_other_rates_gets_bounds_of_its_own() -> None:
    bounds = geometric_bounds(Rate.percent(5), Rate.percent(40))
    assert tier(Rate.percent(12), bounds) == 4
    with pytest.raises(BadInput, match="bounds rise"):
        geometric_bounds(Rate.percent(40), Rate.percent(5))
