"""The plan of concentration variables: how much of a total falls to few keys.

The rules, for every way of computing them, for each filter and window:

- T of a key is the total of the weight over its events, which may be negative. Keys with T ≤ 0, a
  customer who was paid back, are left out; W is the total of all others.
- top1_share is the largest T by W, top5_share the five largest together by W, hhi the sum of T² by
  W·W, which is 1 for one key alone and 1/k for k equal ones (Herfindahl and Hirschman).
- Each sum is whole, becomes a float once, and is divided once; W·W is a product of two floats.
- `NO_EVENT` without an event in the window; `UNDEFINED` when no T is above 0.
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
from tael.variables.plan.windows import KERNEL_VERSION, Output

# A name's place is its code in the compiled loops: append only.
AGGREGATES: Final = ("top1_share", "top5_share", "hhi")
EVENTS: Final = -1  # the measure of outputs whose weight is the number of events


class ConcentrationArrays(NamedTuple):
    """A plan as compiled loops read it; S series, each a filter and a measure; W windows.

    Attributes:
        windows: int64[W], seconds.
        leaf_starts: int64[L + 1], where the series of each leaf begin.
        leaf_series: int64[...], series of leaf after leaf.
        weights: int64[S], place of the measure, or `EVENTS`.
        cell_starts: int64[S·W + 1], where the outputs of each cell, series · W + window, begin.
        program: int64[outputs, 2], cell by cell: code of the aggregate, column of the result.
    """

    windows: Whole
    leaf_starts: Whole
    leaf_series: Whole
    weights: Whole
    cell_starts: Whole
    program: Whole


@dataclass(frozen=True)
class ConcentrationPlan:
    """Concentration variables of one source.

    Attributes:
        leaves: how many leaves the source has.
        filters: sets of leaves.
        windows: seconds, rising; None, only as the last, is the window that holds everything. A
            window w of an as-of instant t is [t - w, t).
        measures: how many measures an event has.
        outputs: the variables, in the order of their columns; the measure is the weight, -1 counts
            each event as one.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: Filters
    windows: tuple[int | None, ...]
    measures: int
    outputs: tuple[Output, ...]

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
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "windows": self.windows,
            "measures": self.measures,
            "outputs": [
                [each.aggregate, each.filter, each.window, each.measure] for each in self.outputs
            ],
        }
        return plan_hash("concentration", KERNEL_VERSION, parts)

    def arrays(self) -> ConcentrationArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> ConcentrationArrays:
        series = sorted({(each.filter, each.measure) for each in self.outputs})
        cells: list[list[tuple[int, int]]] = [[] for _ in range(len(series) * len(self.windows))]
        for column, each in enumerate(self.outputs):
            place = series.index((each.filter, each.measure))
            cell = cells[place * len(self.windows) + each.window]
            cell.append((AGGREGATES.index(each.aggregate), column))
        held = [
            [place for place, (number, _) in enumerate(series) if leaf in self.filters[number]]
            for leaf in range(self.leaves)
        ]
        return ConcentrationArrays(
            windows=flat([[ENDLESS if each is None else each for each in self.windows]]),
            leaf_starts=starts(held),
            leaf_series=flat(held),
            weights=flat([[measure for _, measure in series]]),
            cell_starts=starts(cells),
            program=table([line for cell in cells for line in cell], 2),
        )

    def _problem(self, output: Output) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        problem = place_problem("filter", output.filter, len(self.filters))
        if not problem:
            problem = place_problem("window", output.window, len(self.windows))
        if not problem and output.measure != EVENTS:
            problem = place_problem("measure", output.measure, self.measures)
        return problem
