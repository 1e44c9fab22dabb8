"""What a book shows, against the same in plain Python, row by row."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import Day, Money, Rate
from tael.policies import texts
from tael.policies.books.analysis import Analysis, analyse
from tael.policies.books.cutoffs import NAMES, Figures, likely_ppm
from tael.policies.books.drafting import bundle_of
from tael.policies.books.intervals import share
from tael.policies.books.money import PPM, Assumptions, earnings
from tael.policies.books.ranking import nice_step, tier_key
from tael.policies.books.rows import UNKNOWN, rows_of
from tael.policies.engines import ENGINES
from tael.policies.rules import checked, evaluate
from tael.pricing import Component, Method, Terms, build_schedule
from tael.risk import auc

ASSUMED = Assumptions(cost_minor=12_345, worse=Decimal("1.7"))


@dataclass(frozen=True)
class Row:
    """One application of the made-up book."""

    score: float | None
    tier: str
    outcome: int | None
    decision: int | None
    amount: int
    months: int
    rate: int
    applied: str


def _book(count: int = 400) -> list[Row]:
    drawn = random.Random(7)  # noqa: S311 - made-up rows
    rows = []
    for number in range(count):
        score = drawn.randrange(400, 800)
        approved = int(score + drawn.gauss(0, 60) > 560)
        bad = int(drawn.random() < 1 / (1 + 2 ** ((score - 520) / 45)))
        known = approved and drawn.random() < 0.9
        rows.append(
            Row(
                score=None if number % 97 == 5 else score,
                tier=f"R{min(7, 1 + (800 - score) // 57)}",
                outcome=bad if known else None,
                decision=None if number % 53 == 1 else approved,
                amount=drawn.randrange(1, 60) * 1_000_001,
                months=drawn.choice([6, 12, 24]),
                rate=drawn.choice([86_500, 120_000, 182_345]),
                applied=f"2024-{1 + number % 12:02d}-15",
            )
        )
    return rows


def _table(rows: Sequence[Row]) -> pa.Table:
    days = [date.fromisoformat(row.applied) for row in rows]
    return pa.table(
        {
            "score": pa.array([row.score for row in rows], pa.float64()),
            "tier": [row.tier for row in rows],
            "bad": pa.array([row.outcome for row in rows], pa.int8()),
            "decision": pa.array([row.decision for row in rows], pa.int8()),
            "amount": pa.array([row.amount for row in rows], pa.int64()),
            "months": pa.array([row.months for row in rows], pa.int16()),
            "rate": pa.array([row.rate for row in rows], pa.int32()),
            "applied": pa.array(days, pa.date32()),
        }
    )


BOOK = _book()


def _analysed(assumed: Assumptions = ASSUMED, rows: Sequence[Row] = BOOK) -> Analysis:
    return analyse(rows_of(_table(rows), assumed), assumed, auc)


# --- the oracle


def _half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())


@cache
def _shares(months: int, rate: int, assumed: Assumptions) -> tuple[Fraction, ...]:
    """Of the reference loan: incomes, costs of funds and loss, as shares of it."""
    million = Money(10**8, "CNY")
    schedule = build_schedule(
        Terms(million, Method.EQUAL_INSTALMENT, months, Day(2024, 1, 1),
              (Component("interest", Rate(Decimal(rate) / PPM)),))
    )  # fmt: skip
    paid = min(assumed.paid, months - 1)
    charges = [each.charge.minor for each in schedule.instalments]
    owed = [schedule.outstanding_after(number).minor for number in range(months)]
    funds = Fraction(assumed.funds) / 12
    whole = [
        Fraction(sum(charges)), Fraction(sum(charges[:paid])), sum(owed) * funds,
        sum(owed[:paid]) * funds, owed[paid] * Fraction(assumed.lgd),
    ]  # fmt: skip
    return tuple(Fraction(_half_up(each), 10**8) for each in whole)


def _money(row: Row, chance_ppm: int, assumed: Assumptions) -> dict[str, int]:
    good_in, bad_in, good_funds, bad_funds, lost = (
        _half_up(row.amount * each) for each in _shares(row.months, row.rate, assumed)
    )

    def mixed(good: int, bad: int) -> int:
        return good + _half_up(Fraction((bad - good) * chance_ppm, PPM))

    income, funding, loss = mixed(good_in, bad_in), mixed(good_funds, bad_funds), mixed(0, lost)
    if_good = good_in - good_funds - assumed.cost_minor
    if_bad = bad_in - bad_funds - lost - assumed.cost_minor
    unknown = row.outcome is None
    return {
        "amount": row.amount, "income": income, "funding": funding, "loss": loss,
        "cost": assumed.cost_minor, "profit": income - funding - loss - assumed.cost_minor,
        "best": if_bad if row.outcome == 1 else if_good,
        "worst": if_bad if unknown or row.outcome == 1 else if_good,
    }  # fmt: skip


def _figures(rows: Sequence[tuple[Row, int]], assumed: Assumptions) -> Figures:
    total = dict.fromkeys(NAMES, 0)
    for row, likely in rows:
        unknown = row.outcome is None
        factor = assumed.worse if row.decision == 0 else Decimal(1)
        ppm = min(PPM, int((likely * factor).quantize(Decimal(1), ROUND_HALF_UP)))
        chance = ppm if unknown else int(row.outcome == 1) * PPM
        each = _money(row, chance, assumed) | {
            "count": 1, "good": int(row.outcome == 0), "bad": int(row.outcome == 1),
            "unknown": int(unknown), "expected_ppm": ppm if unknown else 0,
        }  # fmt: skip
        total = {name: total[name] + each[name] for name in NAMES}
    return Figures(**total)


def _likely_by_row(found: Analysis) -> list[int]:
    """The pooled bad rate of each row's band, found by comparing it with the bands' first cuts."""
    firsts = [found.ranking.cuts[at].goodness for at in found.ranking.bands]
    ppm = [int(each * PPM) for each in _pooled(found)]
    likely = []
    for goodness in found.ranking.goodness.tolist():
        place = next((n for n, first in enumerate(firsts) if goodness >= first), len(firsts) - 1)
        likely.append(ppm[place])
    return likely


def _pooled(found: Analysis) -> list[Fraction]:
    """Isotonic rates of the bands by the min-max formula, to whole millionths half up."""
    pairs = [(each.bad.part, each.bad.whole) for each in found.bands]
    rates: list[Fraction] = []
    for at in range(len(pairs)):
        lows = []
        for start in range(at + 1):
            highs = [
                Fraction(sum(b for b, _ in pairs[start : end + 1]), whole)
                for end in range(at, len(pairs))
                if (whole := sum(n for _, n in pairs[start : end + 1]))
            ]
            lows.append(min(highs) if highs else Fraction(0))
        rates.append(Fraction(_half_up(max(lows) * PPM), PPM))
    return rates


# --- against it


@pytest.mark.parametrize("by", ["score", "tier"])
def test_every_swap_set_is_the_sum_of_its_rows(by: str) -> None:
    assumed = replace(ASSUMED, by=by)
    found = _analysed(assumed)
    likely = _likely_by_row(found)
    goodness = found.ranking.goodness.tolist()
    for at in {0, len(found.curve.cuts) // 3, len(found.curve.cuts) - 1}:
        sides: dict[str, list[tuple[Row, int]]] = {"both": [], "in": [], "out": [], "neither": []}
        for row, good, ppm in zip(BOOK, goodness, likely, strict=True):
            new = good >= found.ranking.cuts[at].goodness  # a NaN is no better than anything
            side = ("both" if new else "out") if row.decision == 1 else "in" if new else "neither"
            sides[side].append((row, ppm))
        for side, figures in found.curve.swaps[at].sides().items():
            assert figures == _figures(sides[side], assumed), (at, side)


def test_nobody_is_lost_and_nobody_counted_twice() -> None:
    found = _analysed()
    everybody = found.curve.swaps[0].everybody
    assert everybody.count == len(BOOK)
    for swap in found.curve.swaps:
        assert swap.everybody == everybody
        assert swap.present == found.curve.swaps[0].present
        assert swap.accepted.worst <= swap.accepted.profit <= swap.accepted.best
    counts = [swap.accepted.count for swap in found.curve.swaps]
    assert counts == sorted(counts, reverse=True)


def test_the_shares_of_a_million_are_the_schedule_of_the_amount_itself() -> None:
    amounts, months = np.array([12_345_678, 120_000_00]), np.array([12, 24])
    money = earnings(amounts, months, np.array([180_000, 86_500]), Assumptions())
    for place, (amount, term, rate) in enumerate(zip(amounts, months, ("18", "8.65"), strict=True)):
        own = build_schedule(
            Terms(Money(int(amount), "CNY"), Method.EQUAL_INSTALMENT, int(term), Day(2024, 1, 1),
                  (Component("interest", Rate.percent(rate)),))
        )  # fmt: skip
        interest = sum(each.charge.minor for each in own.instalments)
        assert abs(int(money.income_good[place]) - interest) <= int(term)
        lost = own.outstanding_after(4).minor * Decimal("0.6")
        assert abs(int(money.loss[place]) - lost) <= int(term)


def test_amounts_and_rates_at_the_edge_stay_exact() -> None:
    largest = np.array([10**12, 1])
    money = earnings(largest, np.array([360, 1]), np.array([2 * PPM, 0]), Assumptions())
    assert int(money.income_good[0]) % 10**4 == 0  # a multiple of the reference's minor units
    assert money.income_good[1] == 0
    assert not money.coarse


def test_very_many_rates_are_rounded_to_a_tenth_of_a_per_cent_and_told() -> None:
    count = 700
    rates = np.arange(count, dtype=np.int64) * 37 + 80_000
    flat = np.full(count, 10**7, dtype=np.int64)
    money = earnings(flat, np.full(count, 2, dtype=np.int64), rates, Assumptions())
    assert money.coarse
    assert len(np.unique(money.income_good)) <= 27


def test_bands_count_every_ranked_row_once_with_its_interval() -> None:
    found = _analysed()
    ranked = [row for row in BOOK if row.score is not None]
    assert sum(band.count for band in found.bands) == len(ranked)
    assert sum(band.bad.part for band in found.bands) == sum(row.outcome == 1 for row in ranked)
    for band in found.bands:
        if band.bad.value is not None:
            assert band.bad.low <= band.bad.value <= band.bad.high


def test_auc_and_ks_are_those_of_all_pairs_of_good_and_bad() -> None:
    found = _analysed()
    known = [row for row in BOOK if row.outcome is not None and row.score is not None]
    bads = [row.score for row in known if row.outcome == 1]
    goods = [row.score for row in known if row.outcome == 0]
    pairs = sum((b < g) + 0.5 * (b == g) for b in bads for g in goods)
    assert found.ranking.auc == pytest.approx(pairs / len(bads) / len(goods), abs=1e-12)
    gaps = [
        abs(sum(b <= s for b in bads) / len(bads) - sum(g <= s for g in goods) / len(goods))
        for s in {*bads, *goods}
    ]
    assert found.ks == pytest.approx(max(gaps), abs=1e-12)


def test_wilsons_interval_is_that_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 15 of 148 and 0 of 20, method 3.
    found, none = share(15, 148), share(0, 20)
    assert [round(each, 4) for each in (found.low, found.high, none.low, none.high)] == [
        Decimal(text) for text in ("0.0624", "0.1605", "0", "0.1611")
    ]
    assert share(0, 0).value is None


def test_pooled_rates_never_fall_towards_worse_bands() -> None:
    outcome = np.array([1, 0, 0, 0, 1, 1, 0, 1, UNKNOWN])
    rows = replace(rows_of(_table(BOOK[:9]), ASSUMED), outcome=outcome)
    bands = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4])
    # Bands 0 and 1 are out of order and pooled; 2 and 3 too; 4 has no outcome.
    assert likely_ppm(rows, bands, 5).tolist() == [250_000, 250_000, 750_000, 750_000, 750_000]


def test_the_better_end_is_found_and_may_be_turned() -> None:
    found = _analysed()
    assert found.ranking.higher
    assert found.ranking.auc > 0.7
    turned = _analysed(replace(ASSUMED, better="lower"))
    assert not turned.ranking.higher
    assert turned.ranking.auc == pytest.approx(1 - found.ranking.auc)
    # Accepting everybody is then the highest score, not the lowest.
    scores = [row.score for row in BOOK if row.score is not None]
    assert (found.curve.cuts[0], turned.curve.cuts[0]) == (str(min(scores)), str(max(scores)))


def test_tiers_are_ordered_as_people_order_them() -> None:
    for order in (
        ["R1", "R2", "R10"],
        ["AAA", "AA", "A+", "A", "A-", "BBB", "BB"],
        ["一级", "二级", "三级"],
        ["A", "B", "C"],
        ["1", "2", "10"],
    ):
        mixed = [*order[1:], order[0]]
        assert sorted(mixed, key=tier_key) == order


def test_tiers_without_an_order_are_ordered_by_their_bad_rate() -> None:
    words = {1: "优", 2: "良", 3: "良", 4: "中", 5: "中", 6: "差", 7: "差"}
    rows = [replace(row, tier=words[int(row.tier[1])]) for row in BOOK]
    assert _analysed(replace(ASSUMED, by="tier"), rows).ranking.tiers == ("优", "良", "中", "差")


def test_steps_between_cuts_are_round() -> None:
    given = ["0.013", "0.02", "3", "7", "0.51", "120"]
    assert [nice_step(Decimal(text)) for text in given] == [
        Decimal(text) for text in ("0.02", "0.02", "5", "10", "1", "200")
    ]


def test_a_book_without_decisions_is_held_against_a_cutoff() -> None:
    rows = _table(BOOK).drop_columns(["decision"])
    found = analyse(rows_of(rows, ASSUMED), ASSUMED, auc)
    assert found.curve.present == 0
    assert found.curve.swaps[0].into.count == 0
    present = replace(ASSUMED, present=found.curve.cuts[20])
    again = analyse(rows_of(rows, present), present, auc)
    assert again.curve.present == 20
    assert again.curve.swaps[20].into == again.curve.swaps[20].out == Figures()


def test_blank_amounts_terms_and_rates_are_filled_and_told() -> None:
    table = _table(BOOK[:9]).set_column(4, "amount", pa.array([3, None, 1, 7, 5, None, 9, 2, 4]))
    found = rows_of(table.drop_columns(["rate"]), ASSUMED)
    assert found.amount.tolist() == [3, 4, 1, 7, 5, 4, 9, 2, 4]
    assert {(note.code, note.values["role"], note.values["count"]) for note in found.notes} == {
        ("filled", "amount", "2"),
        ("assumed", "rate", "9"),
    }


def test_outcomes_of_late_applications_are_not_known_yet() -> None:
    found = rows_of(_table(BOOK), replace(ASSUMED, mature=3))
    late = [row.applied >= "2024-10-01" for row in BOOK]
    wanted = [
        UNKNOWN if row.outcome is None or young else row.outcome
        for row, young in zip(BOOK, late, strict=True)
    ]
    assert found.outcome.tolist() == wanted
    told = {note.code: note.values["count"] for note in found.notes}
    known = [
        row for row, young in zip(BOOK, late, strict=True) if young and row.outcome is not None
    ]
    assert told["young"] == str(len(known))


def test_tiers_are_shown_beside_the_bands_of_a_score() -> None:
    tiers = _analysed().segments["tier"]
    assert [one.name for one in tiers] == [f"R{number}" for number in range(1, 8)]
    for one in tiers:
        mine = [row for row in BOOK if row.tier == one.name]
        assert (one.count, one.bad.part) == (len(mine), sum(row.outcome == 1 for row in mine))
    assert "tier" not in _analysed(replace(ASSUMED, by="tier")).segments


def test_vintages_count_by_month_and_by_term() -> None:
    vintages = _analysed().vintages
    assert [one.name for one in vintages.groups] == [f"2024-{month:02d}" for month in range(1, 13)]
    assert vintages.terms == ("≤ 6", "≤ 12", "≤ 24")
    for month, shares in vintages.by_term.items():
        for months, found in zip((6, 12, 24), shares, strict=True):
            mine = [r for r in BOOK if r.applied.startswith(month) and r.months == months]
            known = [row for row in mine if row.outcome is not None]
            assert (found.part, found.whole) == (sum(r.outcome == 1 for r in known), len(known))


def test_curves_by_months_on_book_rise_to_the_share_gone_bad() -> None:
    rows = [replace(row, applied="2024-01-15", outcome=row.outcome or 0) for row in BOOK]
    days = [date(2024, 3, 20) if row.outcome else None for row in rows]
    rows[-1] = replace(rows[-1], outcome=0)
    last = [*days[:-1], date(2024, 12, 20)]
    table = _table(rows).append_column("bad_on", pa.array(last, pa.date32()))
    curve = analyse(rows_of(table, ASSUMED), ASSUMED, auc).vintages.curves["2024-01"]
    bad = sum(row.outcome for row in rows)
    wanted = (Decimal(bad) / len(rows)).quantize(Decimal("0.000001"))
    assert curve[:3] == (0, 0, wanted)
    assert len(curve) == 12


# --- the draft


def _decides(found: Analysis, at: int, given: Callable[[Row], object], name: str) -> None:
    bundle = bundle_of(found, at, ASSUMED, "book")
    policy = texts.load(bundle, ENGINES)
    for row, good in list(zip(BOOK, found.ranking.goodness.tolist(), strict=True))[::7]:
        if math.isnan(good):
            continue
        inputs = {name: given(row), "amount": Decimal(50_000), "months": Decimal(row.months)}
        verdict, _ = evaluate(policy, checked(policy, inputs), cap=Rate.percent(24))
        assert (verdict.outcome == "approve") == (good >= found.ranking.cuts[at].goodness)


@pytest.mark.parametrize("part", [0.0, 0.4, 0.9])
def test_a_draft_decides_as_its_cutoff_does(part: float) -> None:
    found = _analysed()
    at = int(part * (len(found.curve.cuts) - 1))
    _decides(found, at, lambda row: Decimal(int(row.score or 0)), "score")


def test_a_draft_over_tiers_decides_as_its_cutoff_does() -> None:
    found = _analysed(replace(ASSUMED, by="tier"))
    _decides(found, 3, lambda row: row.tier, "given_tier")


def test_a_draft_carries_its_book_its_cases_and_what_was_lent() -> None:
    found = _analysed()
    at = found.ranking.place("620")
    bundle = bundle_of(found, at, ASSUMED, "Book book_1, rows 0123")
    assert "Book book_1, rows 0123; cut-off 620" in bundle.dmn
    cases = json.loads(bundle.cases)["cases"]
    assert [(case["inputs"]["score"], case["expect"]["outcome"]) for case in cases] == [
        (620, "approve"),
        (float(found.curve.cuts[at - 1]), "decline"),
    ]
    limits = {row.amount for row in BOOK if (row.score or 0) >= 620}
    assert str(max(limits) // 100_000 * 1000) in bundle.dmn
