"""The plan of month variables: the course of 24 monthly totals, counted back from the as-of.

The rules, for every way of computing them, for each filter and measure:

- A month is 30 days. Block i, from 0, the newest, to 23, is [t - 30·(i+1) days, t - 30·i days) for
  the as-of instant t; S_i is the total of the measure, or the number of events, in it.
- mean is ΣS/24; std the root of (24·ΣS² - (ΣS)²)/(24·23); cv is std by |ΣS|/24, `UNDEFINED` when
  ΣS is 0; slope that of least squares, a month, rising towards the as-of:
  (ΣS·Σi - 24·Σ(i·S)) / (24·Σi² - (Σi)²) with Σi = 276 and Σi² = 4324.
- max and min of the S; months_since_peak is the least i whose S is the maximum.
- drawdown is the largest (S_p - S_l)/S_p over a month p with S_p > 0 and a newer one l, at least 0;
  `UNDEFINED` when no S is above 0. It is above 1 where S_l is negative.
- zero_months is the number of S that are 0, longest_zero_run the most of them in a row.
- last3_to_prev3 is S_0+S_1+S_2 by S_3+S_4+S_5, last3_to_last12 the same by S_0+…+S_11;
  `UNDEFINED` when that is 0.
- Without a visible event in the 24 blocks zero_months and longest_zero_run are 24, and all others
  are `NO_EVENT`. What is older is not looked at.
- Sums are whole numbers, in 128 bits where they must be, and become floats once. Never -0.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from tael.variables.plan.checks import (
    Filters,
    Whole,
    check_leaves,
    check_outputs,
    flat,
    place_problem,
    plan_hash,
    sorted_sets,
    starts,
    table,
)
from tael.variables.plan.windows import KERNEL_VERSION

# A name's place is its code in the compiled loops: append only.
AGGREGATES: Final = (
    "mean", "std", "cv", "slope", "max", "min", "drawdown", "zero_months", "longest_zero_run",
    "last3_to_prev3", "last3_to_last12", "months_since_peak",
)  # fmt: skip
EVENTS: Final = -1  # the measure of outputs that count events
MONTHS: Final = 24
MONTH_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class MonthsOutput:
    """One variable: an aggregate of the 24 totals of a measure over the events of a filter.

    Attributes:
        aggregate: one of `AGGREGATES`.
        filter: place of the filter in the plan.
        measure: place of the measure, or -1: the number of events.
    """

    aggregate: str
    filter: int
    measure: int = 0


class MonthsArrays(NamedTuple):
    """A plan as compiled loops read it; L leaves, S series, each a filter and a measure.

    Attributes:
        leaf_starts: int64[L + 1], where the series of each leaf begin.
        leaf_series: int64[...], series of leaf after leaf.
        measures: int64[S], place of the measure of each series, or `EVENTS`.
        program: int64[outputs, 2]: code of the aggregate, series; in the order of the columns.
    """

    leaf_starts: Whole
    leaf_series: Whole
    measures: Whole
    program: Whole


@dataclass(frozen=True)
class MonthsPlan:
    """Month variables of one source.

    Attributes:
        leaves: how many leaves the source has.
        filters: sets of leaves.
        measures: how many measures an event has.
        outputs: the variables, in the order of their columns.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: Filters
    measures: int
    outputs: tuple[MonthsOutput, ...]

    def __post_init__(self) -> None:
        check_leaves(self.leaves, self.filters)
        check_outputs(self._problem(each) for each in self.outputs)

    @property
    def width(self) -> int:
        """How many columns the plan fills."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "measures": self.measures,
            "outputs": [[each.aggregate, each.filter, each.measure] for each in self.outputs],
        }
        return plan_hash("months", KERNEL_VERSION, parts)

    def arrays(self) -> MonthsArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> MonthsArrays:
        series = sorted({(each.filter, each.measure) for each in self.outputs})
        held = [
            [place for place, (number, _) in enumerate(series) if leaf in self.filters[number]]
            for leaf in range(self.leaves)
        ]
        program = [
            (AGGREGATES.index(each.aggregate), series.index((each.filter, each.measure)))
            for each in self.outputs
        ]
        return MonthsArrays(
            leaf_starts=starts(held),
            leaf_series=flat(held),
            measures=flat([[measure for _, measure in series]]),
            program=table(program, 2),
        )

    def _problem(self, output: MonthsOutput) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        problem = place_problem("filter", output.filter, len(self.filters))
        if not problem and output.measure != EVENTS:
            problem = place_problem("measure", output.measure, self.measures)
        return problem
