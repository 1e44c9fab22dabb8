"""One row without arrays gives what the scorecard gives, bit for bit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.risk import Feature, Scorecard

FEATURES = [
    Feature("revenue", reason="revenue"),
    Feature("late", reason="overdue_history", special=(-1.0,)),
    Feature("trade", "categorical", reason="industry"),
]


@pytest.fixture(scope="module")
def card() -> Scorecard:
    random = np.random.default_rng(5)
    rows = 3_000
    revenue = random.lognormal(11, 1, rows)
    revenue[::17] = np.nan
    late = random.poisson(0.7, rows).astype(float)
    late[::13] = -1.0
    trade = random.choice(["food", "steel", "cloth", "toys"], rows, p=[0.5, 0.3, 0.19, 0.01])
    odds = -1 + 0.9 * late - 0.4 * (np.nan_to_num(np.log(revenue), nan=11) - 11)
    odds += np.where(trade == "steel", 0.8, 0.0)
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    return Scorecard(FEATURES).fit({"revenue": revenue, "late": late, "trade": trade}, bad)


def values_near(cuts: tuple[float, ...]) -> st.SearchStrategy[object]:
    near = [c for cut in cuts for c in (cut, float(np.nextafter(cut, -1e9)), cut + 1.0)]
    return st.one_of(st.none(), st.sampled_from([*near, -1.0, float("nan"), float("inf")]),
                     st.floats(-1e6, 1e9), st.integers(-5, 9), st.just(Decimal("1.5")))  # fmt: skip


@given(data=st.data())
def test_one_row_has_the_bits_of_the_scorecard(card: Scorecard, data: st.DataObject) -> None:
    cuts = {item.name: item.binning.cuts for item in card.characteristics_}
    trades = st.sampled_from(
        ["food", "steel", "cloth", "toys", "never seen", "", " food ", None, 5.0]
    )
    row = {
        "revenue": data.draw(values_near(cuts["revenue"])),
        "late": data.draw(values_near(cuts["late"])),
        "trade": data.draw(trades),
    }
    scorer = card.row_scorer()
    scored = scorer.score(row)
    one = {name: np.array([value], dtype=object) for name, value in row.items()}
    assert scored.log_odds == card.log_odds(one)[0]
    assert scored.points == card.score_of(row)
    assert scored.pd == card.pd(row)
    assert scorer.reasons(scored) == card.reasons(row)


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ({"revenue": 5.0, "late": 0.0}, "trade", "every variable of the scorecard"),
        ({"revenue": "much", "late": 0.0, "trade": "food"}, "revenue", "numeric column"),
    ],
)
def test_a_row_at_fault_is_refused_by_name(
    card: Scorecard, row: dict[str, object], field: str, rule: str
) -> None:
    with pytest.raises(BadInput) as refused:
        card.row_scorer().score(row)
    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_a_card_that_was_not_trained_has_no_row_scorer() -> None:
    with pytest.raises(BadInput, match="not trained"):
        Scorecard(FEATURES).row_scorer()
