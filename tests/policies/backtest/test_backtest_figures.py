"""Figures and swap sets, each counted again in plain Python from the decisions of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from tael.policies.backtest import Backtest, Figures, Version, backtest
from tael.policies.backtest.cases import Cases, Ruled
from tael.policies.backtest.verdict import OUTCOMES
from tael.policies.intervals import wilson

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]


def looser(bench: Bench) -> Version:
    """The same policy with a wider third tier and a higher knock-out."""
    text = bench.bundle.dmn.replace("[0.02..0.035)", "[0.02..0.05)")
    text = text.replace("[0.035..0.06)", "[0.05..0.06)").replace("&gt; 1.2<", "&gt; 0.6<")
    return Version("looser", replace(bench.bundle, dmn=text))


@pytest.fixture
def found(bench: Bench, table_of: Tables) -> Backtest:
    path = bench.kept(table_of(600, 3))
    return backtest(path, [Version("new", bench.bundle), looser(bench)], bench.settings)


def plain(cases: Cases, ruled: Ruled, rows: list[int]) -> Figures:
    """The figures of some rows, one at a time."""
    worth = ruled.worth
    told = Counter(dict.fromkeys(asdict(_none()), 0))
    for row in rows:
        outcome = OUTCOMES[ruled.outcome[row]]
        told["applications"] += 1
        told[{"approve": "approved", "refer": "referred", "decline": "declined"}.get(
            outcome, outcome)] += 1  # fmt: skip
        if outcome != "approve":
            continue
        prime = 1 <= ruled.tier[row] <= 3
        known = cases.bad[row] >= 0
        told.update({
            "prime": int(prime), "lent": int(ruled.lent[row]),
            "lent_prime": int(ruled.lent[row]) * prime, "limits": int(ruled.limit[row]),
            "pd": int(ruled.pd[row]), "revenue": int(worth.revenue[row]),
            "funding": int(worth.funding[row]), "operating": int(worth.operating[row]),
            "expected_loss": int(worth.loss[row]), "known": int(known),
            "bad": int(cases.bad[row] == 1), "known_pd": int(ruled.pd[row]) * known,
            "known_lent": int(ruled.lent[row]) * known,
            "known_expected_loss": int(worth.loss[row]) * known,
            "loss": int(ruled.loss[row]), "profit": int(ruled.profit[row]),
        })  # fmt: skip
    return Figures(**told)


def _none() -> Figures:
    return Figures(**dict.fromkeys(Figures.__dataclass_fields__, 0))


def test_figures_of_all_and_of_every_group_are_what_one_counts(found: Backtest) -> None:
    for told, ruled in zip(found.versions, found.cases.versions, strict=True):
        assert told.overall == plain(found.cases, ruled, list(range(600)))
        assert 0 < told.overall.approved < 600
        assert told.overall.known > told.overall.bad >= (told.name == "new")
        assert set(told.by) == {
            "month", "quarter", "year", "tier", "decided", "region", "industry", "channel",
            "enterprise_kind",
        }  # fmt: skip
        for groups in told.by.values():
            whole = Counter[str]()
            for figures in groups.values():
                whole.update(figures.as_json())
            assert {**_none().as_json(), **whole} == told.overall.as_json()
        days = found.cases.applied.astype("datetime64[D]").astype(str)
        rows = [row for row, day in enumerate(days) if day.startswith("2019")]
        assert told.by["year"]["2019"] == plain(found.cases, ruled, rows)


def test_the_decisions_of_then_are_a_version_too(found: Backtest) -> None:
    then = found.version("then")
    assert [told.name for told in found.versions] == ["new", "looser", "then"]
    assert then.overall.approved == int((found.cases.decided == 1).sum())
    assert then.overall.prime == 0
    assert then.distributions["price"]["p50"] == 150_000_000
    assert then.hashes == {}


def test_rates_are_made_of_the_counts(found: Backtest) -> None:
    figures = found.version("new").overall
    assert figures.approval == figures.approved / 600
    assert figures.bad_rate == figures.bad / figures.known
    low, high = figures.bad_interval or (1, 0)
    assert low < figures.bad_rate < high
    assert figures.prime_share == figures.prime / figures.approved
    assert _none().bad_rate is None
    assert _none().bad_interval is None


def test_intervals_of_shares_are_those_of_wilson() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 81 of 263, and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


def test_a_swap_set_tells_who_is_in_and_who_is_out(found: Backtest) -> None:
    cases = found.cases
    pairs = [(swap.before, swap.after) for swap in found.swaps]
    assert pairs == [("then", "new"), ("looser", "new"), ("then", "looser")]
    for swap, moves in zip(found.swaps, found.transitions, strict=True):
        before, after = cases.version(swap.before), cases.version(swap.after)
        old, new = before.approved, after.approved
        rows = {
            "in": np.flatnonzero(~old & new), "out": np.flatnonzero(old & ~new),
            "both": np.flatnonzero(old & new), "neither": np.flatnonzero(~old & ~new),
        }  # fmt: skip
        decided = before.outcome != 0
        for cell, places in rows.items():
            places = places[decided[places]]  # noqa: PLW2901 - of those before says something of
            terms = before if cell == "out" else after
            assert swap.cells[cell] == plain(cases, terms, places.tolist())
        assert sum(sum(row.values()) for row in moves.values()) == 600
        assert moves["approve"]["approve"] == len(rows["both"])
        assert swap.undecided == int((~decided).sum())


def test_bounds_hold_what_came_of_the_swapped_in(found: Backtest) -> None:
    swap = found.swaps[0]
    inferred = swap.inferred
    assert inferred.cases == swap.cells["in"].approved > 0
    assert inferred.unknown == inferred.truth_cases > 0
    assert inferred.truth is not None
    known_bad = 1000 * swap.cells["in"].bad
    assert inferred.best.bad == known_bad
    assert inferred.worst.bad == known_bad + 1000 * inferred.unknown
    assert inferred.best.bad <= inferred.truth.bad <= inferred.worst.bad
    assert inferred.low.bad <= inferred.expected.bad <= inferred.high.bad
    for name in ("loss", "profit"):
        ends = sorted([getattr(inferred.best, name), getattr(inferred.worst, name)])
        assert ends[0] <= getattr(inferred.truth, name) <= ends[1]
        assert ends[0] <= getattr(inferred.expected, name) <= ends[1]
    said = [int(pd) for pd in found.cases.version("new").pd]
    rows = np.flatnonzero(~found.cases.version("then").approved & (found.cases.bad < 0)
                          & found.cases.version("new").approved)  # fmt: skip
    assert abs(inferred.low.bad - known_bad - sum(said[row] for row in rows) // 10**6) <= 1


def test_an_unknown_decision_of_then_stands_in_no_cell(bench: Bench, table_of: Tables) -> None:
    decided = ["approve", None, "refer", "decline"] * 25
    path = bench.kept(table_of(100, 4, decided=decided))
    found = backtest(path, [Version("new", bench.bundle)], bench.settings)
    (swap,) = found.swaps
    assert swap.undecided == 25
    assert sum(cell.applications for cell in swap.cells.values()) == 75
    bare = table_of(100, 4, decided=pa.array([None] * 100, pa.string()))
    alone = backtest(bench.kept(bare, "bare"), [Version("new", bench.bundle)], bench.settings)
    assert (alone.swaps, [told.name for told in alone.versions]) == ((), ["new"])


def test_prices_and_limits_of_each_group_are_quantiles_of_its_own(found: Backtest) -> None:
    cases, told, ruled = found.cases, found.version("new"), found.cases.version("new")
    regions = cases.segments["region"].to_pylist()
    for region in ("310000", "440000"):
        rows = [row for row in np.flatnonzero(ruled.approved) if regions[row] == region]
        spread = told.spreads["region"][region]
        for name, values in (("price", ruled.worth.all_in), ("limit", ruled.limit)):
            mine = sorted(int(values[row]) for row in rows)
            for quantile in (10, 25, 50, 75, 90):
                expected = mine[(len(mine) - 1) * quantile // 100]
                assert spread[f"{name}_p{quantile}"] == expected
    assert told.spreads["tier"]["R7"] == {}


def test_quantiles_and_reasons_are_counted_exactly(found: Backtest) -> None:
    told, ruled = found.version("new"), found.cases.version("new")
    limits = sorted(ruled.limit[ruled.approved].tolist())
    assert told.distributions["limit"]["p50"] == limits[(len(limits) - 1) * 50 // 100]
    assert told.distributions["limit"]["least"] == limits[0]
    assert told.distributions["limit"]["most"] == limits[-1]
    counted = Counter(text for text in ruled.reason.to_pylist() if text)
    assert told.reasons == dict(counted)
    assert list(told.reasons.values()) == sorted(told.reasons.values(), reverse=True)
