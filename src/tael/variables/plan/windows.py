"""The plan of window variables: which filters, windows and aggregates, as arrays and a hash."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.plan.checks import (
    ENDLESS,
    Whole,
    check_leaves,
    check_outputs,
    check_windows,
    flat,
    plan_hash,
    sorted_sets,
    starts,
    table,
)

Words = NDArray[np.uint64]

KERNEL_VERSION: Final = 1  # raised whenever a bit of any result may change
# A name's place is its code in the compiled loops: append only.
AGGREGATES: Final = (
    "n", "sum", "mean", "min", "max", "std", "cv", "last", "slope", "days_since_last",
    "days_since_first", "gap_mean", "distinct", "share_amount", "share_count", "velocity",
    "velocity_amount",
)  # fmt: skip
OF_EVENTS: Final = frozenset(
    {"n", "days_since_last", "days_since_first", "gap_mean", "distinct", "share_count", "velocity"}
)
SHARES: Final = frozenset({"share_amount", "share_count"})
VELOCITIES: Final = frozenset({"velocity", "velocity_amount"})  # the longest window has none


@dataclass(frozen=True, slots=True)
class Output:
    """One variable: an aggregate of a measure over the events of a filter in a window.

    Attributes:
        aggregate: one of `AGGREGATES`.
        filter: place of the filter in the plan.
        window: place of the window in the plan.
        measure: place of the measure; of no meaning where only events count.
        base: for a share, the filter that it is a share of; None: the one that holds all leaves.
    """

    aggregate: str
    filter: int
    window: int
    measure: int = 0
    base: int | None = None


class WindowArrays(NamedTuple):
    """A plan as compiled loops read it; L leaves, F filters, W windows, cell = window · F + filter.

    Attributes:
        windows: int64[W], seconds.
        leaf_starts: int64[L + 1], where the filters of each leaf begin.
        leaf_filters: int64[...], filters of leaf after leaf.
        leaf_masks: uint64[L, words], bit f of a row says that filter f holds the leaf; bit F is
            always set.
        runs: int64[..., 5]: outputs of one aggregate over cells that follow each other: code of the
            aggregate, measure, first cell, the cell to compare the first with (share: all of them),
            how many.
        order: uint32[outputs], the column of each output, run by run; empty: the columns are in the
            order of the runs.
        nothing: float64[outputs], the values of a borrower without an event.
        sizes: int64[2], measures, and whether distinct keys are counted.
    """

    windows: Whole
    leaf_starts: Whole
    leaf_filters: Whole
    leaf_masks: Words
    runs: Whole
    order: NDArray[np.uint32]
    nothing: NDArray[np.float64]
    sizes: Whole


@dataclass(frozen=True)
class WindowPlan:
    """Window variables of one source.

    Attributes:
        leaves: how many leaves the source has, at most 1,024.
        filters: sets of leaves.
        windows: seconds, rising; None, only as the last, is the window that holds everything. A
            window w of an as-of instant t is [t - w, t).
        measures: how many measures an event has.
        outputs: the variables, in the order of the columns of a result.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: tuple[frozenset[int], ...]
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
        outputs = [
            [each.aggregate, each.filter, each.window, each.measure, self.base(each)]
            for each in self.outputs
        ]
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "windows": self.windows,
            "measures": self.measures,
            "outputs": outputs,
        }
        return plan_hash("windows", KERNEL_VERSION, parts)

    def arrays(self) -> WindowArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def run_order(self) -> tuple[int, ...]:
        """Columns in the order in which loops write them, aggregate by aggregate."""
        return tuple(self._runs()[1])

    def in_run_order(self) -> WindowPlan:
        """The same variables in the order that takes the least time: nothing is moved at last."""
        return replace(self, outputs=tuple(self.outputs[place] for place in self.run_order))

    def base(self, output: Output) -> int | None:
        """The filter that a share is a share of; None for what is no share."""
        if output.aggregate not in SHARES:
            return None
        return self._whole if output.base is None else output.base

    @cached_property
    def _whole(self) -> int | None:
        whole = frozenset(range(self.leaves))
        return self.filters.index(whole) if whole in self.filters else None

    @cached_property
    def _arrays(self) -> WindowArrays:
        held = [
            [number for number, each in enumerate(self.filters) if leaf in each]
            for leaf in range(self.leaves)
        ]
        runs, order = self._runs()
        distinct = any(each.aggregate == "distinct" for each in self.outputs)
        sums = ("n", "sum", "distinct")
        nothing = [0.0 if each.aggregate in sums else np.nan for each in self.outputs]
        return WindowArrays(
            windows=flat([[ENDLESS if each is None else each for each in self.windows]]),
            leaf_starts=starts(held),
            leaf_filters=flat(held),
            leaf_masks=_masks([[*each, len(self.filters)] for each in held]),
            runs=table(runs, 5),
            order=np.array([] if order == sorted(order) else order, np.uint32),
            nothing=np.array(nothing),
            sizes=flat([[self.measures, int(distinct)]]),
        )

    def _runs(self) -> tuple[list[list[int]], list[int]]:
        """Runs, and the columns of their outputs one after the other."""
        lines = sorted((*self._line(each), column) for column, each in enumerate(self.outputs))
        runs: list[list[int]] = []
        for code, measure, cell, other, _ in lines:
            if runs and runs[-1][:2] == [code, measure] and cell == runs[-1][2] + runs[-1][4]:
                beside = AGGREGATES[code] in VELOCITIES or other == runs[-1][3]
                if beside:
                    runs[-1][4] += 1
                    continue
            runs.append([code, measure, cell, other, 1])
        return runs, [column for *_, column in lines]

    def _line(self, output: Output) -> tuple[int, int, int, int]:
        """Code, measure, cell and the cell to compare it with (0: none)."""
        filters = len(self.filters)
        cell, base = output.window * filters + output.filter, self.base(output)
        other = 0 if base is None else output.window * filters + base
        if output.aggregate in VELOCITIES:
            other = cell + filters
        measure = 0 if output.aggregate in OF_EVENTS else output.measure
        return AGGREGATES.index(output.aggregate), measure, cell, other

    def _problem(self, output: Output) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        if not 0 <= output.filter < len(self.filters):
            return f"there is no filter {output.filter}"
        if not 0 <= output.window < len(self.windows):
            return f"there is no window {output.window}"
        if output.aggregate not in OF_EVENTS and not 0 <= output.measure < self.measures:
            return f"there is no measure {output.measure}"
        if output.aggregate in VELOCITIES and output.window == len(self.windows) - 1:
            return "velocity compares with the next longer window, and there is none"
        return self._problem_of_share(output) if output.aggregate in SHARES else ""

    def _problem_of_share(self, output: Output) -> str:
        base = self.base(output)
        if base is None:
            return "no filter holds all leaves; name the filter that this is a share of as `base`"
        if not 0 <= base < len(self.filters):
            return f"there is no filter {base}"
        if not self.filters[output.filter] <= self.filters[base]:
            return f"filter {output.filter} is not within filter {base}, so it is no share of it"
        return ""


def _masks(held: list[list[int]]) -> Words:
    masks = np.zeros((len(held), 1 + max(map(max, held)) // 64), np.uint64)
    for leaf, numbers in enumerate(held):
        for number in numbers:
            masks[leaf, number // 64] |= np.uint64(1 << number % 64)
    return masks
