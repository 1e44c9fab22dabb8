"""The real loans: trained on approvals to 2004, judged on 2005 to 2008, booked to the cent.

US Small Business Administration 7(a) loans beside the project, found through TAEL_TEST_DATA.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tael.app.replay import ReplayResult, Request, load_mapping, replay
from tael.kernel import Day, FixedClock

ROOT = Path(__file__).resolve().parents[2]
FILE = (
    ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")
).resolve() / "data/sba-7a/sba_loans.parquet"

pytestmark = [
    pytest.mark.skipif(not FILE.is_file(), reason=f"no {FILE}; set TAEL_TEST_DATA"),
    pytest.mark.slow,
    pytest.mark.xdist_group("replay_sba"),
]


@pytest.fixture(scope="module")
def result() -> ReplayResult:
    clock = FixedClock.on(Day(2026, 1, 5))
    until = Day(2004, 12, 31)
    return replay(Request(FILE, load_mapping("sba-7a"), until, in_memory=True, clock=clock))


def test_the_scorecard_ranks_matured_vintages_honestly(result: ReplayResult) -> None:
    judged = result.rankings["matured"]
    assert judged.auc.value >= 0.645
    assert judged.auc_weighted.value >= 0.62
    assert judged.auc.low >= 0.63
    assert result.alarm is None


def test_one_row_of_the_file_breaks_a_rule(result: ReplayResult) -> None:
    (fault,) = result.book.faults
    assert (fault.field, fault.rule) == ("ChgOffDate", "must not be empty")
    assert result.book.rows == 42_862


def test_weighted_bad_rates_rise_with_the_tier(result: ReplayResult) -> None:
    rates = [group.bad_rate_weighted for group in result.tiers if group.accepted]
    assert len(rates) == 6
    assert all(rate is not None for rate in rates)
    assert rates == sorted(rates, key=lambda rate: rate or 0)


def test_the_books_of_ten_thousand_loans_are_sound(result: ReplayResult) -> None:
    assert len(result.lives) > 10_000
    assert result.proof.sound
    assert result.proof.fee - result.proof.servicing - result.proof.claims == result.all.fund_result
    assert not any(life.assumed for life in result.lives if life.loss)
