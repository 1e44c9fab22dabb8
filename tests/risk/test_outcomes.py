"""Outcomes of loans against a slow count of our own, and the edges of the definition."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.outcomes import BadDefinition, LoanMonths, outcomes_of

START = np.datetime64("2020-01-31", "D")
Row = tuple[int, int, int]  # loan, month on book, days past due


def months_of(rows: list[Row]) -> LoanMonths:
    loan, month, late = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return LoanMonths(loan, month, late, START + 30 * month)


def slowly(rows: list[Row], definition: BadDefinition, *, ended: bool) -> tuple[float, str]:
    """The outcome of one loan, month by month: 1, 0 or NaN, and the day it was known."""
    held = sorted(row for row in rows if row[1] <= definition.within_months)
    for _, month, late in held:
        if late >= definition.days_past_due:
            return 1.0, str(START + 30 * month + 1)
    watched = max((month for _, month, _ in held), default=0)
    if watched < definition.within_months and not (ended and watched):
        return float("nan"), "NaT"
    worst = max(late for _, _, late in held)
    grey = definition.indeterminate_from and worst >= definition.indeterminate_from
    return float("nan") if grey else 0.0, str(START + 30 * watched + 1)


CASES: dict[str, tuple[list[Row], bool]] = {
    "good": ([(0, month, 0) for month in range(1, 7)], False),
    "bad in the third month": ([(0, 1, 30), (0, 2, 60), (0, 3, 90)], False),
    "a day short of bad": ([(0, month, 89) for month in range(1, 7)], False),
    "bad after the window": ([(0, month, 90 * (month > 6)) for month in range(1, 9)], False),
    "immature": ([(0, 1, 0), (0, 2, 0)], False),
    "ended early": ([(0, 1, 0), (0, 2, 0)], True),
    "cured after bad": ([(0, 1, 90), *((0, month, 0) for month in range(2, 7))], False),
    "indeterminate": ([(0, month, 31) for month in range(1, 7)], False),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("grey", [0, 31])
def test_a_loan_is_judged_as_month_by_month(case: str, grey: int) -> None:
    rows, ended = CASES[case]
    definition = BadDefinition(within_months=6, indeterminate_from=grey)
    found = outcomes_of(1, months_of(rows), definition, np.array([ended]))
    bad, known = slowly(rows, definition, ended=ended)

    assert str(found.bad[0]) == str(bad)
    assert str(found.known.astype("datetime64[D]")[0]) == known


def test_many_loans_in_any_order_are_judged_as_each_alone() -> None:
    random = np.random.default_rng(3)
    rows = [
        (loan, month, int(random.choice([0, 0, 0, 31, 60, 95])))
        for loan in range(200)
        for month in range(1, int(random.integers(1, 9)))
    ]
    ended = random.random(200) < 0.3
    definition = BadDefinition(within_months=6, indeterminate_from=60)
    mixed = [rows[place] for place in random.permutation(len(rows))]

    found = outcomes_of(200, months_of(mixed), definition, ended)

    for loan in range(200):
        own = [row for row in rows if row[0] == loan]
        bad, known = slowly(own, definition, ended=bool(ended[loan]))
        assert str(found.bad[loan]) == str(bad)
        assert str(found.known.astype("datetime64[D]")[loan]) == known
        assert found.months[loan] == max((m for _, m, _ in own if m <= 6), default=0)


def test_a_month_of_no_loan_is_refused_by_its_row() -> None:
    with pytest.raises(BadInput, match="belongs to no loan") as caught:
        outcomes_of(1, months_of([(0, 1, 0), (1, 1, 0)]), BadDefinition(), np.array([False]))

    assert (caught.value.field, caught.value.row) == ("loan_months", 2)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"days_past_due": 0}, "bad"),
        ({"within_months": 0}, "bad"),
        ({"indeterminate_from": 90}, "bad.indeterminate_from"),
        ({"indeterminate_from": -1}, "bad.indeterminate_from"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(given: dict[str, int], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        BadDefinition(**given)  # type: ignore[arg-type]

    assert caught.value.field == field
    assert caught.value.rule
