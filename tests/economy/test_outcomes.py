from __future__ import annotations

import pytest

from tael.economy import (
    FEATURE_NAMES,
    HORIZON_MONTHS,
    Features,
    Pays,
    applicants,
    behaviour,
    history,
    truth,
)
from tael.kernel import BadInput, Day

START = Day(2026, 1, 5)


def test_the_truth_is_sealed_it_is_no_part_of_what_a_lender_sees() -> None:
    assert not [name for name in Features.__dataclass_fields__ if "default" in name or "pd" in name]
    assert not hasattr(next(applicants(7, 1, START)), "truth")


def test_nothing_is_paid_from_the_default_on_and_something_before() -> None:
    broken = [person for person in applicants(7, 400, START) if truth(person).default_month]
    assert broken
    for person in broken:
        month = truth(person).default_month
        assert month is not None
        later = range(month, min(month + 6, HORIZON_MONTHS + 1))
        assert all(behaviour(person, m).pays is Pays.NOTHING for m in later)
        if month > 1:
            assert behaviour(person, month - 1).pays is not Pays.NOTHING


def test_a_prepayment_comes_once_and_ends_the_risk_of_default() -> None:
    seen = 0
    for person in applicants(9, 200, START):
        fate = truth(person)
        if fate.prepayment_month is None:
            continue
        seen += 1
        assert fate.default_month is None
        assert behaviour(person, fate.prepayment_month).pays is Pays.PREPAYS
        if fate.prepayment_month < HORIZON_MONTHS:
            assert behaviour(person, fate.prepayment_month + 1).pays is Pays.NOTHING
    assert seen > 20


def test_behaviour_of_a_month_does_not_depend_on_the_months_asked_before() -> None:
    person = next(applicants(7, 1, START))
    forwards = [behaviour(person, month) for month in range(1, 25)]
    backwards = [behaviour(person, month) for month in range(24, 0, -1)]

    assert forwards == backwards[::-1]


def test_every_kind_of_behaviour_occurs_within_its_bounds() -> None:
    kinds = set()
    for person in applicants(2, 300, START):
        for month in range(1, 13):
            what = behaviour(person, month)
            kinds.add(what.pays)
            assert 0 <= what.days_late <= 45
            assert (what.pays is Pays.LATE) <= (what.days_late > 0)
            assert (what.pays is Pays.PARTLY) <= (0 < what.percent < 100)
    assert kinds == set(Pays)


@pytest.mark.parametrize("month", [0, -3, HORIZON_MONTHS + 1])
def test_a_month_outside_the_life_of_a_loan_is_refused(month: int) -> None:
    with pytest.raises(BadInput):
        behaviour(next(applicants(7, 1, START)), month)


def test_a_history_has_every_feature_and_a_plausible_share_of_bad_loans() -> None:
    past = history(7, 1500)

    assert tuple(past.columns) == FEATURE_NAMES
    assert {len(column) for column in past.columns.values()} == {len(past)} == {1500}
    assert 0.04 < sum(past.bad) / len(past) < 0.11
    assert past.applied_on[-1] < Day(2024, 1, 1)


def test_what_is_observed_ranks_what_happens() -> None:
    past = history(1, 2500)
    assert _auc(past.columns["debt_ratio"], past.bad) > 0.58
    assert _auc(past.columns["enquiries_6m"], past.bad) > 0.58
    assert _auc(past.columns["monthly_revenue"], past.bad) < 0.45


def test_the_people_of_a_history_are_not_the_applicants_of_the_seed() -> None:
    past = history(7, 50).columns["monthly_revenue"]
    present = [person.features.row()["monthly_revenue"] for person in applicants(7, 50, START)]

    assert list(past) != present


def _auc(values: tuple[float | str, ...], bad: tuple[bool, ...]) -> float:
    worse = [float(value) for value, is_bad in zip(values, bad, strict=True) if is_bad]
    better = [float(value) for value, is_bad in zip(values, bad, strict=True) if not is_bad]
    wins = sum((w > b) + 0.5 * (w == b) for w in worse for b in better)
    return wins / (len(worse) * len(better))
