"""A strategy as a table: whole, without double answers, and saying what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tael import dmn
from tael.app.strategy_table import ceiling_of, model_of, proposed, rows_of
from tael.kernel import BadInput, Day, Money, Rate
from tael.policies import first_bundle
from tael.pricing.strategy import (
    Ask,
    Cell,
    Grid,
    Limit,
    Market,
    MonotoneCurve,
    Offer,
    Point,
    Price,
    Segment,
    Terms,
    Worth,
)

LIMITS = (
    Limit(Decimal("0.4")),
    Limit(Decimal("0.8")),
    Limit(Decimal(1)),
)
CURVE = MonotoneCurve.fit([Point(Rate.percent(n), Decimal(1)) for n in (1, 12, 30)])


def price(percent: str) -> Price:
    return Price(Rate.percent("5.5"), Rate.percent(percent) - Rate.percent("5.5"))


def offer_of(terms: Mapping[tuple[int, str], Terms | None], dimension: str = "region") -> Offer:
    """An offer of cells by tier and value: ``44/C`` is of two dimensions."""
    cells = []
    for tier, value in terms:
        names = dimension.split("/")
        values = tuple(zip(names, value.split("/"), strict=True)) if value else ()
        ask = Ask(Decimal(1), Money.parse("100000"), 12)
        cells.append(
            Cell(
                tier, Segment(values), (ask,), Rate.percent(1), Rate.percent(60), None, price("18")
            )
        )
    grid = Grid(
        dict.fromkeys(range(1, 8), (price("12"),)), LIMITS, Rate.percent(24), Day(2026, 1, 5)
    )
    market = Market(tuple(cells), grid, dict.fromkeys(range(1, 8), CURVE))
    by_key = {(cell.tier, "/".join(v for _, v in cell.segment.values)): cell for cell in cells}
    chosen = {cell.key: terms[key] for key, cell in by_key.items()}
    return Offer(
        market,
        tuple(chosen[cell.key] for cell in market.cells),
        tuple(Worth() for _ in cells),
        tuple(Rate.zero() for _ in cells),
    )


CHEAP, DEAR = Terms(price("9"), LIMITS[2]), Terms(price("15"), LIMITS[1])
OFFER = offer_of({
    (1, "44"): CHEAP, (3, "44"): DEAR, (5, "44"): None,
    (1, "31"): Terms(price("10"), LIMITS[2]), (3, "31"): DEAR, (5, "31"): DEAR,
})  # fmt: skip


def answer(model: dmn.Model, decision: str, **inputs: object) -> dict[str, Decimal]:
    found = model.evaluate(inputs, decision)
    assert not found.warnings
    context = found.outputs[decision]
    return {name: context[name] for name in ("bank_interest", "guarantee_fee", "ceiling")}


def said(percent: str, ceiling: str) -> dict[str, Decimal]:
    wanted = price(percent)
    return {
        "bank_interest": wanted.bank_interest.fraction,
        "guarantee_fee": wanted.guarantee_fee.fraction,
        "ceiling": Decimal(ceiling),
    }


@pytest.mark.parametrize(
    ("tier", "region", "percent", "ceiling"),
    [
        (1, "44", "9", "100000"),
        (1, "31", "10", "100000"),
        (3, "44", "15", "80000"),
        (5, "44", "18", "0"),
        (5, "31", "15", "80000"),
        # R2 was not seen: it gets what R3 gets. R6 and R7 have nobody worse: nothing.
        (2, "44", "15", "80000"),
        (6, "31", "18", "0"),
        (7, "44", "18", "0"),
        # A region that nobody was seen in: the dearest price, the smallest limit, or nothing.
        (1, "11", "10", "100000"),
        (5, "", "18", "0"),
    ],
)
def test_the_table_says_what_was_chosen_and_is_cautious_where_nobody_was_seen(
    tier: int, region: str, percent: str, ceiling: str
) -> None:
    model = model_of(OFFER, "a note").model()
    found = answer(model, "strategy", tier=tier, region=region, amount=100_000)
    assert found == said(percent, ceiling)


def test_the_table_has_no_gap_and_no_overlap_whatever_the_dimensions() -> None:
    two = offer_of(
        {
            (t, v): CHEAP if t < 4 else DEAR
            for t in (1, 4)
            for v in ("44/C", "31/F", "others/others")
        },
        "region/industry",
    )
    none = offer_of({(tier, ""): DEAR for tier in (2, 4)})
    for offer in (OFFER, two, none):
        model = model_of(offer, "a note").model()
        found = model.verify()
        assert not found.spent
        # That rows of several tiers could be one is told too, and is no fault.
        serious = (one for one in (*model.check(), *found.findings) if one.kind != "mergeable")
        assert [one.en for one in serious] == []


def test_values_with_one_answer_stand_in_one_row() -> None:
    alike = offer_of({(tier, region): DEAR for tier in (1, 4) for region in ("44", "31", "11")})
    rows = rows_of(alike)
    assert [(row.tier, row.tests) for row in rows] == [(tier, ("-",)) for tier in range(1, 8)]
    mixed = rows_of(OFFER)
    assert [row.tests for row in mixed if row.tier == 1] == [('not("44")',), ('"44"',)]


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(), "amount"),
        (Limit(Decimal("0.50")), "amount * 0.5"),
        (Limit(ceiling=Money.parse("450000")), "450000"),
        (Limit(Decimal("0.5"), Money.parse("450000.50")), "min(amount * 0.5, 450000.5)"),
    ],
)
def test_a_limit_is_written_as_the_most_that_is_lent(limit: Limit, text: str) -> None:
    assert ceiling_of(limit) == text


def test_the_rules_of_a_policy_take_the_strategy_and_keep_the_rest() -> None:
    text = proposed(first_bundle("").dmn, OFFER, "made by a strategy")
    model = dmn.loads(text)
    assert "made by a strategy" in text
    case = {
        "years_in_business": 5, "monthly_revenue": Decimal(50_000), "debt_ratio": Decimal("0.2"),
        "bank_turnover_12m": Decimal(700_000), "tax_paid_12m": Decimal(9000), "enquiries_6m": 1,
        "overdue_count_24m": 0, "owner_age": 40, "amount": Decimal(100_000), "months": 12,
        "industry": "retail", "region": "44", "enterprise_kind": "company",
    }  # fmt: skip
    good = model.evaluate({**case, "pd": Decimal("0.005")})
    assert good.outputs["prices"]["guarantee_fee"] == Decimal("0.035")
    assert good.outputs["prices"]["revenue_months"] == 8
    assert (good.outputs["limit"], good.outputs["outcome"]) == (100_000, "approve")
    weak = model.evaluate({**case, "pd": Decimal("0.09")})
    assert (weak.outputs["tier"], weak.outputs["limit"]) == (5, 0)
    # Months of revenue still hold below the strategy's limit.
    poor = model.evaluate({**case, "pd": Decimal("0.005"), "monthly_revenue": Decimal(5000)})
    assert poor.outputs["limit"] == 40_000


@pytest.mark.parametrize(
    ("offer", "dmn_text", "told"),
    [
        (offer_of({(1, "x"): DEAR}, "channel"), first_bundle("").dmn, "read no 'channel'"),
        (OFFER, first_bundle("").dmn.replace('name="prices"', 'name="tariff"')
         .replace("prices.", "tariff."), "no table 'prices'"),
        (OFFER, first_bundle("").dmn.replace('"ceiling"', '"roof"')
         .replace("prices.ceiling", "prices.roof"), "gives no ceiling"),
    ],
)  # fmt: skip
def test_rules_that_cannot_take_a_strategy_say_why(offer: Offer, dmn_text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        proposed(dmn_text, offer, "a note")
