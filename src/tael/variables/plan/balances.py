"""The plan of balance variables: a balance as a step function of time.

The rules, for every way of computing them:

- The visible events of a filter, in the order of `Packed`, each leave a balance that stands from
  the event's time to that of the next newer event of the filter, the newest to the as-of instant.
  Of events at one instant the newest in that order stands; the others stand for no time at all.
- A window w of an as-of instant t is [t - w, t). The balance in force at its start counts from the
  start, however old its event is; before the oldest event nothing stands, and that time counts
  nowhere. The window of everything begins at the oldest event.
- mean: float(Σ balance · seconds) / float(Σ seconds), both sums exact whole numbers. min, max: of
  the balances that stand for more than 0 seconds in the window. last: the balance of the newest
  event, the same in each window, for it is in force. Of a filter without a visible event:
  `NO_EVENT`. With one there is always a balance in force just before the as-of instant, so none of
  them is `UNDEFINED`.
- days_below: seconds in the window at which a balance strictly below the limit stands, as days of
  86,400 s. A value, 0 without an event, as counts are.
- No result is -0.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from tael.variables.plan.checks import (
    ENDLESS,
    Filters,
    Whole,
    check_leaves,
    check_outputs,
    check_windows,
    flat,
    place_problem,
    plan_hash,
    sorted_sets,
    starts,
    table,
)
from tael.variables.plan.windows import KERNEL_VERSION

# A name's place is its code in the compiled loops: append only.
AGGREGATES: Final = ("mean", "min", "max", "last", "days_below")
MOST_LIMIT: Final = 2**62


@dataclass(frozen=True, slots=True)
class BalancesOutput:
    """One variable: an aggregate of a balance over a window.

    Attributes:
        aggregate: one of `AGGREGATES`.
        filter: place of the filter in the plan.
        window: place of the window in the plan.
        measure: place of the measure that is the balance.
        below: for days_below, the limit in units of the measure; of no meaning elsewhere.
    """

    aggregate: str
    filter: int
    window: int
    measure: int = 0
    below: int = 0


class BalancesArrays(NamedTuple):
    """A plan as compiled loops read it; L leaves, W windows; a series is a measure of a filter.

    Attributes:
        windows: int64[W], seconds.
        leaf_starts: int64[L + 1], where the series of each leaf begin.
        leaf_series: int64[...], series of leaf after leaf.
        series_measures: int64[S], the measure of each series.
        limit_starts: int64[S + 1], where the limits of each series begin.
        limits: int64[...], limits of series after series.
        program: int64[outputs, 4]: code of the aggregate, series, window, limit.
    """

    windows: Whole
    leaf_starts: Whole
    leaf_series: Whole
    series_measures: Whole
    limit_starts: Whole
    limits: Whole
    program: Whole


@dataclass(frozen=True)
class BalancesPlan:
    """Balance variables of one source.

    Attributes:
        leaves: how many leaves the source has.
        filters: sets of leaves.
        windows: seconds, rising; None, only as the last, is the window that holds everything.
        measures: how many measures an event has.
        outputs: the variables, in the order of their columns.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: Filters
    windows: tuple[int | None, ...]
    measures: int
    outputs: tuple[BalancesOutput, ...]

    def __post_init__(self) -> None:
        check_leaves(self.leaves, self.filters)
        check_windows(self.windows)
        check_outputs(self._problem(each) for each in self.outputs)

    @property
    def width(self) -> int:
        """How many columns the plan fills."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        outputs = [
            [each.aggregate, each.filter, each.window, each.measure, _limit(each)]
            for each in self.outputs
        ]
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "windows": self.windows,
            "measures": self.measures,
            "outputs": outputs,
        }
        return plan_hash("balances", KERNEL_VERSION, parts)

    def arrays(self) -> BalancesArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> BalancesArrays:
        series = list(dict.fromkeys((each.filter, each.measure) for each in self.outputs))
        limits = [
            sorted({each.below for each in self.outputs
                    if (each.filter, each.measure) == one and _limit(each) is not None})
            for one in series
        ]  # fmt: skip
        held = [
            [at for at, (number, _) in enumerate(series) if leaf in self.filters[number]]
            for leaf in range(self.leaves)
        ]
        rows = []
        first = starts(limits)
        for each in self.outputs:
            at = series.index((each.filter, each.measure))
            limit = 0 if _limit(each) is None else int(first[at]) + limits[at].index(each.below)
            rows.append((AGGREGATES.index(each.aggregate), at, each.window, limit))
        return BalancesArrays(
            windows=flat([[ENDLESS if each is None else each for each in self.windows]]),
            leaf_starts=starts(held),
            leaf_series=flat(held),
            series_measures=flat([[measure for _, measure in series]]),
            limit_starts=first,
            limits=flat(limits),
            program=table(rows, 4),
        )

    def _problem(self, output: BalancesOutput) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        problem = (
            place_problem("filter", output.filter, len(self.filters))
            or place_problem("window", output.window, len(self.windows))
            or place_problem("measure", output.measure, self.measures)
        )
        if not problem and abs(output.below) > MOST_LIMIT:
            return "a limit is at most 2^62 units of the measure"
        return problem


def _limit(output: BalancesOutput) -> int | None:
    return output.below if output.aggregate == "days_below" else None
