"""Take-up curves: never rising, through what was observed, silent about what was not."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from tael.kernel import BadInput, Rate
from tael.pricing.strategy import Beyond, LogisticCurve, MonotoneCurve, Point
from tael.pricing.strategy.curve import pooled, wilson

ROOT = Path(__file__).resolve().parents[3]
CHURN = (
    ROOT
    / os.environ.get("TAEL_TEST_DATA", "../shared")
    / "data/cumcm2020c-sme-invoices/att3_rate_vs_churn.csv"
).resolve()
CASES = Path(__file__).parent / "cases"


def own(*, trials: bool = True) -> list[Point]:
    with (CASES / "curve.csv").open(encoding="utf-8") as file:
        return [
            Point(
                Rate(Decimal(row["rate"])),
                Decimal(row["take_up"]),
                int(row["trials"]) if trials else None,
            )
            for row in csv.DictReader(file)
        ]


def churn(kind: str) -> list[Point]:
    with CHURN.open(encoding="utf-8") as file:
        return [
            Point(Rate(Decimal(row["annual_rate"])), 1 - Decimal(row[f"churn_{kind}"]))
            for row in csv.DictReader(file)
        ]


def at(percent: str) -> Rate:
    return Rate.percent(percent)


def test_a_wobble_is_pooled_by_the_number_of_offers() -> None:
    fitted = pooled(own())
    assert fitted[1] == fitted[2]
    mean = (Decimal("0.82") * 180 + Decimal("0.84") * 150) / 330
    assert fitted[1] == pytest.approx(mean, abs=Decimal("1E-25"))
    assert [fitted[n] for n in (0, 3, 4, 5)] == [
        Decimal(x) for x in ("0.95", "0.45", "0.3", "0.12")
    ]


def test_the_cubics_are_those_of_scipy() -> None:
    curve = MonotoneCurve.fit(own())
    scipy = PchipInterpolator(
        [float(point.rate.fraction) for point in curve.points], [float(v) for v in curve.values]
    )
    for basis_points in range(600, 1601, 7):
        rate = Decimal(basis_points) / 10_000
        assert float(curve.at(Rate(rate))) == pytest.approx(float(scipy(float(rate))), abs=1e-11)


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=8), st.integers(0, 1000))
def test_a_curve_never_rises_and_holds_its_interval(shares: list[int], place: int) -> None:
    points = [
        Point(Rate.percent(5 + n), Decimal(share) / 1000)
        for n, share in enumerate(sorted(shares, reverse=True))
    ]
    curve = MonotoneCurve.fit(points)
    width = curve.high.fraction - curve.low.fraction
    rates = [Rate(curve.low.fraction + width * n / 1000) for n in (place, min(place + 40, 1000))]
    assert curve.at(rates[0]) >= curve.at(rates[1])
    low, high = curve.interval(rates[0])
    assert 0 <= low <= curve.at(rates[0]) <= high <= 1


@pytest.mark.parametrize(
    ("beyond", "low", "high"),
    [(Beyond.NOBODY, "0.95", "0"), (Beyond.HOLD, "0.95", "0.12"), (Beyond.LOGISTIC, None, None)],
)
def test_what_lies_beyond_follows_the_named_rule(
    beyond: Beyond, low: str | None, high: str | None
) -> None:
    curve = MonotoneCurve.fit(own(), beyond)
    below, above = curve.at(at("5")), curve.at(at("17"))
    if low is None or high is None:
        assert Decimal("0.95") < below < 1
        assert 0 < above < Decimal("0.12")
    else:
        assert (below, above) == (Decimal(low), Decimal(high))


def test_a_rate_that_nobody_was_offered_is_refused_by_default() -> None:
    for curve in (MonotoneCurve.fit(own()), LogisticCurve.fit(own())):
        with pytest.raises(BadInput, match=r"observed are 6% to 16%") as wrong:
            curve.at(at("16.01"))
        assert wrong.value.field == "rate"


@pytest.mark.parametrize(
    ("points", "field", "told"),
    [
        ([("0.06", "0.9"), ("0.08", "0.7")], "points", "2 rates"),
        ([("0.06", "0.9"), ("0.06", "0.7"), ("0.1", "0.5")], "rate", "twice"),
        ([("0.06", "0.9"), ("0.08", "1.2"), ("0.1", "0.5")], "share", "no share"),
        ([("0.06", "0.9"), ("0.08", "0.4"), ("0.1", "0.5")], "share", "not monotone"),
    ],
)
def test_what_is_no_curve_of_take_up_is_refused(
    points: list[tuple[str, str]], field: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told) as wrong:
        MonotoneCurve.fit([Point(Rate(Decimal(r)), Decimal(s)) for r, s in points])
    assert wrong.value.field == field


def test_a_logistic_curve_finds_the_odds_that_made_the_offers() -> None:
    points = []
    for percent in range(6, 17):
        odds = (Decimal(4) - Decimal(40) * percent / 100).exp()
        points.append(Point(at(str(percent)), odds / (1 + odds), 1_000_000))
    curve = LogisticCurve.fit(points)
    assert curve.slope == pytest.approx(Decimal(-40), abs=Decimal("1E-12"))
    assert curve.at(at("10")) == pytest.approx(Decimal("0.5"), abs=Decimal("1E-9"))
    low, high = curve.interval(at("10"))
    assert low < curve.at(at("10")) < high < low + Decimal("0.002")


@pytest.mark.parametrize(
    ("shares", "told"),
    [(("1", "1", "0"), "completely"), (("0.2", "0.4", "0.7"), "rises")],
)
def test_offers_that_make_no_logistic_curve_are_refused(shares: tuple[str, ...], told: str) -> None:
    points = [Point(at(str(6 + n)), Decimal(share), 50) for n, share in enumerate(shares)]
    with pytest.raises(BadInput, match=told):
        LogisticCurve.fit(points)


def test_a_logistic_curve_asks_for_the_number_of_offers() -> None:
    with pytest.raises(BadInput, match="how many") as wrong:
        LogisticCurve.fit(own(trials=False))
    assert wrong.value.field == "trials"


def test_the_bounds_of_wilson_are_shares_from_which_the_seen_one_lies_as_far_as_it_may() -> None:
    share, trials = Decimal(81) / 263, 263
    for bound in wilson(share, trials):
        away = (share - bound) ** 2 / (bound * (1 - bound) / trials)
        # The square of the normal quantile of 95 %: 90 % lie between the two sides.
        assert away == pytest.approx(Decimal("2.705543454"), abs=Decimal("1E-8"))


@pytest.mark.skipif(not CHURN.is_file(), reason=f"no {CHURN}; set TAEL_TEST_DATA")
def test_the_published_churn_gives_a_curve_for_each_class() -> None:
    curves = {kind: MonotoneCurve.fit(churn(kind)) for kind in "ABC"}
    assert curves["A"].largest_rise == Decimal("0.011491263489054")
    assert all(curve.at(at("4")) == 1 for curve in curves.values())
    # Better classes have more to choose from: they leave first, but for a wobble above 11 %.
    for percent in ("6", "8", "10"):
        taken = [curves[kind].at(at(percent)) for kind in "ABC"]
        assert taken == sorted(taken)
    assert curves["A"].at(at("15")).quantize(Decimal("0.0001")) == Decimal("0.0779")
    low, high = curves["A"].interval(at("8"))
    assert (low.quantize(Decimal("0.001")), high.quantize(Decimal("0.001"))) == (
        Decimal("0.381"),
        Decimal("0.444"),
    )
