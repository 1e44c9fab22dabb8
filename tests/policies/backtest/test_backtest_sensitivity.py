"""Each moved threshold gives what a whole back-test of the policy so changed gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tael.kernel import BadInput, Rate
from tael.policies.backtest import Figures, Version
from tael.policies.backtest.drive import Pace, found_in, judge_of, judged_here
from tael.policies.backtest.history import open_history
from tael.policies.backtest.sensitivity import (
    Move,
    Sensitivity,
    Steps,
    by_threshold,
    sensitivity_of,
)
from tael.policies.backtest.thresholds import CUT, FIGURE, LEAST, moved, thresholds_of
from tael.policies.backtest.verdict import Decider

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]
ONE = Steps()
STEPS = Steps((Decimal(2), Decimal(5)), (Decimal(10), Decimal(25)))


def tried(
    bench: Bench, table: pa.Table, steps: Steps = STEPS, name: str = "history"
) -> Sensitivity:
    history = open_history(bench.kept(table, name))
    versions = [Version("new", bench.bundle)]
    judge = judge_of(history.schema, versions, bench.settings)
    cases = found_in(judged_here(history, judge, Pace()), versions, bench.settings).cases
    return sensitivity_of(history, judge, (cases, bench.economics), steps)


def test_thresholds_are_those_that_stand_in_the_texts(bench: Bench) -> None:
    found, left = thresholds_of(Decider(bench.bundle, Rate.percent(24)))
    cuts = [(each.table, each.column, str(each.value)) for each in found if each.kind == CUT]
    assert cuts[:7] == [
        ("tier", "pd", "0.01"), ("tier", "pd", "0.02"), ("tier", "pd", "0.035"),
        ("tier", "pd", "0.06"), ("tier", "pd", "0.10"), ("tier", "pd", "0.16"),
        ("knock_outs", "years_in_business", "1"),
    ]  # fmt: skip
    assert found[1].low == Decimal("0.01")
    assert found[1].high == Decimal("0.035")
    figures = [each.name for each in found if each.kind == FIGURE]
    assert figures[0] == "prices, rule 1: revenue_months 8"
    assert len(figures) == 12  # of six tiers: months and ceiling; zeros move nowhere
    assert [each.value for each in found if each.kind == LEAST] == [Decimal(10000)]
    assert {one.why.en for one in left} == {"it compares an expression"}


def test_a_cut_is_moved_wherever_it_stands_and_nothing_else_is(bench: Bench) -> None:
    found, _ = thresholds_of(Decider(bench.bundle, Rate.percent(24)))
    changed = moved(bench.bundle, found[1], Decimal("0.025"))
    again, _ = thresholds_of(Decider(changed, Rate.percent(24)))
    assert [str(each.value) for each in again[:3]] == ["0.01", "0.025", "0.035"]
    assert [each.name for each in again[2:]] == [each.name for each in found[2:]]
    age = next(each for each in found if each.column == "owner_age" and each.value == 65)
    assert "not([20..70])" in moved(bench.bundle, age, Decimal(70)).dmn


def test_each_move_is_what_the_whole_back_test_gives(small: Bench, table_of: Tables) -> None:
    found = tried(small, table_of(200, 8), ONE)
    assert {move.threshold.kind for move in found.moves} == {CUT, FIGURE, LEAST}
    assert sum(move.figures != found.base for move in found.moves) > 8
    for move in found.moves[::2]:
        assert whole(small, move) == move.figures, move.threshold.name


@pytest.mark.slow
def test_each_move_of_the_first_policy_is_what_the_whole_back_test_gives(
    bench: Bench, table_of: Tables
) -> None:
    found = tried(bench, table_of(2000, 8))
    assert len(found.moves) > 100
    for move in found.moves:
        assert whole(bench, move) == move.figures, move.threshold.name


def whole(bench: Bench, move: Move) -> Figures:
    """A back-test of the policy with the threshold moved."""
    history = open_history(bench.folder / "history")
    version = Version("new", moved(bench.bundle, move.threshold, move.to))
    judge = judge_of(history.schema, [version], bench.settings)
    judged = judged_here(history, judge, Pace())
    return found_in(judged, [version], bench.settings).version("new").overall


def test_moves_go_by_percentiles_and_never_past_the_next_cut(
    small: Bench, table_of: Tables
) -> None:
    found = tried(small, table_of(200, 8))
    for threshold, moves in by_threshold(found.moves):
        assert [move.step for move in moves] == sorted(move.step for move in moves)
        for move in moves:
            assert (move.to - threshold.value) * move.step > 0, move
            assert threshold.low is None or move.to > threshold.low
            assert threshold.high is None or move.to < threshold.high
            assert 0 <= move.changed <= move.cases
    told = {one.name: one.why.en for one in found.left_out}
    assert told["routing: amount 200000, step +2"] == "nothing that is told here hangs on it"
    assert told["outcome, rule 3: > months / 2"] == "it compares with an expression"
    assert "prices, rule 3: ceiling 0" not in {move.threshold.name for move in found.moves}


def test_a_cut_that_no_application_lies_beyond_stays(small: Bench, table_of: Tables) -> None:
    flat = pa.array([Decimal("0.5")] * 50, pa.decimal128(18, 3))
    found = tried(small, table_of(50, 8, debt_ratio=flat), ONE)
    told = {one.name: one.why.en for one in found.left_out}
    beyond = "no application lies on that side, or another cut does"
    assert told["outcome: debt_ratio 0.9, step +2"] == beyond
    assert told["outcome: debt_ratio 0.5, step -2"] == beyond


def test_what_is_over_the_budget_is_named_small_steps_first(small: Bench, table_of: Tables) -> None:
    every = tried(small, table_of(200, 8))
    needed = sum(move.cases for move in every.moves if abs(move.step) in (2, 10))
    held = tried(small, table_of(200, 8), replace(STEPS, most_rows=needed), "again")
    over = [one.name for one in held.left_out if "over the budget" in one.why.en]
    assert sum(move.cases for move in held.moves) <= needed
    assert {abs(move.step) for move in held.moves} >= {Decimal(2), Decimal(10)}
    assert len(over) == len(every.moves) - len(held.moves) > 0
    assert all(name.rpartition(" ")[2] in ("+5", "-5", "+25", "-25") for name in over)


def test_moves_are_the_same_whatever_the_order_of_rows(small: Bench, table_of: Tables) -> None:
    table = table_of(200, 8)
    twice = pa.concat_tables([table.take(list(reversed(range(200)))), table.slice(0, 50)])
    found = tried(small, twice, ONE, "twice").as_json()
    assert found == tried(small, table, ONE).as_json()


def test_cases_that_a_cluster_saw_find_their_rows_by_their_numbers(
    small: Bench, table_of: Tables
) -> None:
    table = table_of(120, 8)
    history = open_history(small.kept(table.take([(row * 7) % 120 for row in range(120)])))
    versions = [Version("new", small.bundle)]
    judge = judge_of(history.schema, versions, small.settings)
    judged = judged_here(history, judge, Pace())
    here, there = (
        found_in(rows, versions, small.settings).cases
        for rows in (judged, judged.drop_columns(["row"]))
    )
    assert len(there.rows) == 0
    moves = sensitivity_of(history, judge, (there, small.economics), ONE)
    assert moves == sensitivity_of(history, judge, (here, small.economics), ONE)
    twice = found_in(pa.concat_tables([judged, judged.slice(0, 1)]).drop_columns(["row"]), versions,
                     small.settings).cases  # fmt: skip
    with pytest.raises(BadInput, match="1 rows came again"):
        sensitivity_of(history, judge, (twice, small.economics), ONE)
