"""The circuit breaker under a clock of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.origination.sources import Breaker, BreakerLimits
from tael.origination.sources.model import BreakerState

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
LIMITS = BreakerLimits(failures=3, pause_s=10, longest_s=35)


class Bench:
    """A breaker, its clock, and what it told."""

    def __init__(self, limits: BreakerLimits = LIMITS) -> None:
        self.now = 100.0
        self.told: list[tuple[BreakerState, str]] = []
        self.breaker = Breaker(limits, lambda: self.now, lambda *move: self.told.append(move))

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.breaker.admits()
            self.breaker.failed("silent")


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.breaker.state is CLOSED
    assert bench.breaker.admits()
    bench.breaker.succeeded()
    bench.fail(3)
    assert bench.breaker.state is OPEN
    assert not bench.breaker.admits()
    assert bench.told == [(OPEN, "silent")]


def test_after_the_pause_it_lets_one_call_through_at_a_time() -> None:
    bench = Bench()
    bench.fail(3)
    bench.now += 9.999
    assert not bench.breaker.admits()
    bench.now += 0.001
    assert bench.breaker.state is HALF_OPEN
    assert [bench.breaker.admits() for _ in range(3)] == [True, False, False]
    bench.breaker.abandoned()
    assert bench.breaker.admits()
    bench.breaker.succeeded()
    assert bench.breaker.state is CLOSED
    assert [state for state, _ in bench.told] == [OPEN, HALF_OPEN, CLOSED]


def test_each_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    bench = Bench()
    bench.fail(3)
    for pause in (10, 20, 35, 35):
        bench.now += pause - 0.001
        assert not bench.breaker.admits()
        bench.now += 0.001
        bench.fail()
    bench.now += 35
    assert bench.breaker.admits()
    bench.breaker.succeeded()
    bench.fail(3)
    bench.now += 10  # a success made the pause short again
    assert bench.breaker.admits()


def test_a_call_under_way_when_it_opened_tells_nothing_new() -> None:
    bench = Bench()
    assert bench.breaker.admits()
    bench.fail(3)
    bench.breaker.failed("a straggler")
    bench.now += 10
    assert bench.breaker.state is HALF_OPEN
    assert len(bench.told) == 1


STEPS = st.lists(st.sampled_from(["ask", "ok", "bad", "leave", "wait", "long"]), max_size=60)


@given(STEPS)
def test_it_never_admits_while_open_nor_two_on_trial(steps: list[str]) -> None:
    bench = Bench()
    under_way = 0
    trial = False
    for step in steps:
        bench.now += {"wait": 3, "long": 40}.get(step, 0)
        if step == "ask":
            before = bench.breaker.state
            admitted = bench.breaker.admits()
            assert admitted is (before is CLOSED or (before is HALF_OPEN and not trial))
            under_way += admitted
            trial = trial or (admitted and before is HALF_OPEN)
        elif under_way and step in ("ok", "bad", "leave"):
            under_way -= 1
            {"ok": bench.breaker.succeeded, "leave": bench.breaker.abandoned}.get(
                step, lambda: bench.breaker.failed("silent")
            )()
            trial = trial and bench.breaker.state is OPEN
    bench.now += LIMITS.longest_s
    bench.breaker.abandoned()
    assert bench.breaker.admits()  # it never stays shut for good


@pytest.mark.parametrize("limits", [(0, 1.0, 2.0), (1, 0.0, 2.0), (1, 3.0, 2.0)])
def test_limits_that_make_no_breaker_are_refused(limits: tuple[int, float, float]) -> None:
    with pytest.raises(BadInput):
        BreakerLimits(*limits)
