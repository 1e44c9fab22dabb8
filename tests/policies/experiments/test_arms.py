"""Outcomes by arm: late, repeated and corrected reports, ages, figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import BadInput
from tael.policies.experiments import (
    Experiment,
    Measure,
    Results,
    Rule,
    State,
    Window,
    experiment_page,
    track,
)
from tael.policies.experiments.outcomes import Known, latest_known
from tael.policies.experiments.tables import ASSIGNED, OUTCOMES, Assigned, add_months

START = date(2025, 1, 31)
WINDOW = Window(6, as_of=date(2026, 1, 1), settle_days=10)
Row = Mapping[str, object]


def assigned(*rows: Row) -> pa.Table:
    usual = {"arm": "champion", "decided_on": START, "outcome": "approve", "booked_on": START}
    filled = [{"application": f"a{n}", **usual, **row} for n, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=pa.schema(list(ASSIGNED.items())))


def outcomes(*rows: Row) -> pa.Table:
    usual = {"application": "a0", "month_on_book": 6, "known_on": date(2025, 8, 15), "bad": False,
             "loss_minor": 0, "profit_minor": 500}  # fmt: skip
    return pa.Table.from_pylist(
        [{**usual, **row} for row in rows], schema=pa.schema(list(OUTCOMES.items()))
    )


def known(reports: Sequence[Row], *, window: Window = WINDOW) -> Known:
    return latest_known(Assigned.of(assigned({}, {})), outcomes(*reports), window)


def test_the_latest_report_known_by_the_day_counts() -> None:
    first: Row = {"bad": False}
    second: Row = {"bad": True, "loss_minor": 900, "profit_minor": -900,
                   "known_on": date(2025, 9, 1)}  # fmt: skip
    for reports in ([first, second], [second, first]):
        found = known(reports)
        assert (found.bad[0], found.loss[0], found.profit[0]) == (True, 900, -900)
        assert (found.tally.used, found.tally.superseded) == (1, 1)
        before = known(reports, window=Window(6, date(2025, 8, 31), settle_days=10))
        assert (before.bad[0], before.tally.after) == (False, 1)


def test_a_report_that_comes_twice_is_counted_once() -> None:
    found = known([{}, {}, {"known_on": date(2025, 9, 9)}])
    assert (found.tally.used, found.tally.repeated, found.tally.superseded) == (1, 2, 0)
    assert found.profit[0] == 500


def test_of_two_reports_of_one_day_that_differ_the_worse_counts_in_any_order() -> None:
    good: Row = {}
    bad: Row = {"bad": True, "loss_minor": 10}
    for reports in ([good, bad], [bad, good]):
        found = known(reports)
        assert (found.bad[0], found.tally.contradicting) == (True, 1)


def test_a_default_stays_one_and_settles_a_loan_before_its_last_report() -> None:
    early = {"month_on_book": 3, "bad": True, "loss_minor": 700, "known_on": date(2025, 5, 2)}
    found = known([early])
    assert (found.settled[0], found.bad[0], found.loss[0]) == (True, True, 700)
    later = {"month_on_book": 6, "bad": False, "loss_minor": 650}
    again = known([later, early])
    assert (again.bad[0], again.loss[0]) == (True, 650)


def test_a_loan_without_its_report_is_late_and_bounds_the_default_rate() -> None:
    found = track(assigned({}, {}, {}), outcomes({}, {"application": "a1", "bad": True}), WINDOW)
    (arm,) = found.arms
    assert (arm.old, arm.drawn, arm.bads, arm.late) == (3, 2, 1, 1)
    assert arm.default_if_late == pytest.approx((1 / 3, 2 / 3))


def test_young_applications_do_not_count_though_they_defaulted_already() -> None:
    young = {"decided_on": date(2025, 10, 1), "booked_on": date(2025, 10, 2)}
    reports = outcomes({}, {"application": "a1", "month_on_book": 2, "bad": True,
                            "known_on": date(2025, 12, 5)})  # fmt: skip
    (arm,) = track(assigned({}, young), reports, WINDOW).arms
    assert (arm.applications, arm.old, arm.drawn, arm.bads) == (2, 1, 1, 0)


def test_reports_of_no_arm_and_of_later_months_are_told_and_left_out() -> None:
    found = known([{"application": "strange"}, {"month_on_book": 7, "bad": True}, {}])
    assert (found.tally.unknown, found.tally.beyond, found.tally.used) == (1, 1, 1)
    assert not found.bad[0]


def test_parts_of_the_tally_add_up() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    reports = [
        {"application": f"a{random.integers(4)}", "month_on_book": int(random.integers(4, 8)),
         "known_on": date(2025, 8, 1) + timedelta(days=int(random.integers(3)) * 100),
         "bad": bool(random.integers(2))}
        for _ in range(200)
    ]  # fmt: skip
    t = known(reports).tally
    assert t.reports == 200
    assert t.reports == (
        t.used + t.repeated + t.superseded + t.contradicting + t.unknown + t.after + t.beyond
    )


def test_a_month_later_is_the_last_day_where_it_has_no_such_day() -> None:
    days = np.array(["2025-01-31", "2024-01-31", "2025-03-15"], dtype="datetime64[D]")
    assert add_months(days, 1).astype(str).tolist() == ["2025-02-28", "2024-02-29", "2025-04-15"]


def book(rates: Mapping[str, float], rows: int) -> tuple[pa.Table, pa.Table]:
    """Arms of loans, one decided a day, each with a default rate."""
    random = np.random.Generator(np.random.PCG64(9))
    first, second = [], []
    for arm, rate in rates.items():
        for n in range(rows):
            application, day = f"{arm}{n}", START + timedelta(days=n % 60)
            bad = bool(random.random() < rate)
            drawn = n % 5 > 0
            first.append({"application": application, "arm": arm, "decided_on": day,
                          "booked_on": day if drawn else None,
                          "outcome": "approve" if drawn else "decline"})  # fmt: skip
            if drawn:
                second.append({"application": application, "bad": bad, "loss_minor": 9_000 * bad,
                               "profit_minor": -9_000 if bad else 600,
                               "known_on": day + timedelta(days=200)})  # fmt: skip
    return assigned(*first), outcomes(*second)


def found() -> Experiment:
    rule = Rule(Measure.DEFAULT, margin=0.05, expected=0.2)
    return track(*book({"champion": 0.2, "better": 0.05, "alike": 0.2}, 600), WINDOW, rule=rule)


def test_arms_are_compared_with_the_champion_and_the_rule_ends_the_better_one() -> None:
    result = found()
    assert [arm.name for arm in result.arms] == ["champion", "alike", "better"]
    arm = result.arms[0]
    assert (arm.applications, arm.approved, arm.drawn) == (600, 480, 480)
    default = arm.figures[Measure.DEFAULT]
    assert default.value == arm.bads / 480
    assert default.low < 0.2 < default.high
    expected = (600 * (480 - arm.bads) - 9_000 * arm.bads) / 600
    assert arm.figures[Measure.PROFIT].value == pytest.approx(expected)
    ends = {one.challenger: one for one in result.endings}
    assert ends["better"].standing.state is State.CHALLENGER_BETTER
    assert ends["better"].on < WINDOW.as_of
    assert ends["alike"].standing.state is State.CONTINUE
    better = next(one for one in result.comparisons if one.challenger == "better")
    assert better.differences[Measure.DEFAULT].high < 0
    assert better.differences[Measure.PROFIT].low > 0


def test_the_order_of_rows_does_not_matter() -> None:
    tables = book({"champion": 0.2, "better": 0.1}, 80)
    shuffled = (
        each.take(np.random.Generator(np.random.PCG64(1)).permutation(each.num_rows))
        for each in tables
    )
    first, second = shuffled
    assert track(*tables, WINDOW) == track(first, second, WINDOW)


def test_the_page_tells_it_in_both_languages() -> None:
    page = experiment_page(Results(experiment=found()))
    zh, en = page.html("zh"), page.html("en")
    assert "挑战者更好" in zh
    assert "The challenger is better" in en
    assert "Default rate" in en


@pytest.mark.parametrize(
    ("rows", "field", "row"),
    [
        ([{}, {"application": "a0"}], "application", 2),
        ([{}, {"outcome": "maybe"}], "outcome", 2),
        ([{"outcome": "decline"}], "booked_on", 1),
        ([{"decided_on": None}], "decided_on", 1),
    ],
)
def test_bad_rows_are_named(rows: list[Row], field: str, row: int) -> None:
    with pytest.raises(BadInput) as refused:
        track(assigned(*rows), outcomes(), WINDOW)
    assert (refused.value.field, refused.value.row) == (field, row)


def test_missing_columns_and_arms_are_named() -> None:
    with pytest.raises(BadInput, match="no column 'bad'"):
        track(assigned({}), outcomes().drop_columns("bad"), WINDOW)
    with pytest.raises(BadInput, match="no arm 'control'"):
        track(assigned({}), outcomes(), WINDOW, champion="control")
    with pytest.raises(BadInput, match="month_on_book"):
        track(
            assigned({}),
            outcomes({}).set_column(1, "month_on_book", pa.array(["x"])),
            WINDOW,
        )
    with pytest.raises(BadInput, match="month"):
        Window(0, as_of=START)
