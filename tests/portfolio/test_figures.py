"""The figures of the results table, against rows that were added up by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Day, FixedClock, LoanId, Money
from tael.platform import SYSTEM, Database
from tael.portfolio import (
    DEFINITIONS,
    LoanMonth,
    MemoryMonthStore,
    Portfolio,
    SqlMonthStore,
    vintage_curves,
)

_CASES = Path(__file__).parent / "cases"
_AT = FixedClock.on(Day(2025, 11, 1)).now()
_MONEY = ("principal", "balance", "compensated", "claimed", "recovered", "written_off")
_DAYS = ("month_end", "disbursed_on", "first_due")


class Empty:
    """A journal in which nothing was booked, but for what is given."""

    def __init__(self, **balances: str) -> None:
        self._balances = balances

    def balance(self, account: str, *, as_of: Day | None = None) -> Money:  # noqa: ARG002 - a port
        return Money.parse(self._balances.get(account, "0"))


class Capital:
    """Fifteen of liability on ten of net assets."""

    def leverage(self, as_of: Day) -> tuple[Money, Money]:  # noqa: ARG002 - a port's shape
        return Money.parse("15"), Money.parse("10")


def _table(name: str) -> list[dict[str, str]]:
    with (_CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _row(line: dict[str, str]) -> LoanMonth:
    return LoanMonth(
        loan_id=LoanId.derive(_AT, line["loan"]),
        status="active",
        partner="bank",
        product="working",
        channel="direct",
        tier=int(line["tier"]),
        dpd=int(line["dpd"]),
        first_dpd=int(line["first_dpd"]),
        **{name: Money.parse(line[name]) for name in _MONEY},
        **{name: Day.parse(line[name]) for name in _DAYS},
    )


ROWS = [_row(line) for line in _table("rows.csv")]


@pytest.fixture
def portfolio() -> Portfolio:
    made = Portfolio(MemoryMonthStore(), Empty(), Capital())
    made.record_month(ROWS)
    return made


def _expected(text: str) -> Fraction | None:
    """``100/900*1/2`` as a fraction; ``none`` for no answer."""
    if text == "none":
        return None
    result = Fraction(1)
    for part in text.split("*"):
        result *= Fraction(part)
    return result


@pytest.mark.parametrize(
    "case", _table("figures.csv"), ids=lambda case: f"{case['figure']} {case['as_of']}"
)
def test_a_figure_is_what_the_rows_add_up_to(case: dict[str, str], portfolio: Portfolio) -> None:
    dashboard = portfolio.dashboard(Day.parse(case["as_of"]))
    figure = next(one for one in dashboard.figures if one.definition.id == case["figure"])
    value = figure.value.decimal() if isinstance(figure.value, Money) else figure.value
    expected = _expected(case["value"])
    if value is None or expected is None:
        assert value is expected
    else:
        assert abs(Fraction(value) - expected) < Fraction(1, 10**12)


def test_every_figure_has_a_case_and_a_word_in_both_languages() -> None:
    assert {case["figure"] for case in _table("figures.csv")} == {one.id for one in DEFINITIONS}
    assert all(one.zh and one.en and one.formula for one in DEFINITIONS)


def test_a_book_without_loans_has_no_shares(portfolio: Portfolio) -> None:
    dashboard = portfolio.dashboard(Day(2025, 1, 31))
    values = {one.definition.id: one.value for one in dashboard.figures}
    assert values["balance"] == Money(0)
    assert values["dpd30"] is None
    assert dashboard.months == ()


def test_rows_that_do_not_tie_to_the_journal_show_the_difference() -> None:
    rows = [row for row in ROWS if row.month_end == Day(2026, 3, 31)]
    journal = Empty(B1301="460.00", G9001="459.00", G1231="40.00")
    ties = Portfolio(MemoryMonthStore(), journal, Capital()).tie_outs(rows, Day(2026, 3, 31))
    assert [(tie.ties, str(tie.difference)) for tie in ties] == [
        (True, "0.00 CNY"),
        (False, "1.00 CNY"),
        (True, "0.00 CNY"),
    ]


def test_a_month_is_recorded_once_in_memory_and_in_postgresql(database: Database) -> None:
    memory = MemoryMonthStore()
    with database.begin(SYSTEM) as work:
        sql = SqlMonthStore(work.connection)
        for store in (memory, sql):
            assert store.add(ROWS) == len(ROWS)
            assert store.add(ROWS) == 0
        through = Day(2026, 3, 31)
        kept, known = sql.months(through), memory.months(through)
        assert {end: _sorted(rows) for end, rows in kept.items()} == {
            end: _sorted(rows) for end, rows in known.items()
        }


def _sorted(rows: Sequence[LoanMonth]) -> list[LoanMonth]:
    return sorted(rows, key=lambda row: row.loan_id)


lives = st.lists(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 100)), min_size=6, max_size=6),
    min_size=1,
    max_size=8,
)


@given(lives)
def test_a_vintage_curve_never_falls(lives: list[list[tuple[int, int]]]) -> None:
    store = MemoryMonthStore()
    for number, life in enumerate(lives):
        lent_on = Day(2026, 1 + number % 3, 5)
        for month, (dpd, percent) in enumerate(life):
            row = ROWS[0]
            store.add([_aged(row, number, lent_on, (month, dpd, percent))])
    points = vintage_curves(store.months(Day(2027, 12, 31)))
    for vintage in {point.vintage for point in points}:
        curve = [point.share for point in points if point.vintage == vintage]
        assert curve == sorted(curve)
        assert all(0 <= share <= Decimal(1) for share in curve)


def _aged(row: LoanMonth, number: int, lent_on: Day, month: tuple[int, int, int]) -> LoanMonth:
    age, dpd, percent = month
    return replace(
        row,
        loan_id=LoanId.derive(_AT, number),
        disbursed_on=lent_on,
        month_end=lent_on.month_start().plus_months(age).month_end(),
        balance=Money(row.principal.minor * percent // 100),
        dpd=dpd,
    )
