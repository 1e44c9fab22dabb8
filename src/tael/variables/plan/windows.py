"""The plan of window variables: which filters, windows and aggregates, as arrays and a hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
RATIOS: Final = SHARES | VELOCITIES
# What the loops compute of a cell only where an output wants it: moments, slope, times.
MOMENTS, TREND, TIMES = 1, 2, 4
WANTS: Final = {
    AGGREGATES.index(name): want
    for want, names in (
        (MOMENTS, ("std", "cv")),
        (TREND, ("slope",)),
        (TIMES, ("days_since_last", "days_since_first", "gap_mean")),
    )
    for name in names
}


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
    """A plan as compiled loops read it; L leaves, F filters, W windows, cell = filter · W + window.

    Attributes:
        windows: int64[W], seconds.
        leaf_starts: int64[L + 1], where the filters of each leaf begin.
        leaf_filters: int64[...], filters of leaf after leaf.
        leaf_masks: uint64[L, words], bit f of a row says that filter f holds the leaf.
        groups: int32[groups, 3]: a cell, the first column of a measure in it (0: what needs no
            measure), and the sum of `WANTS` of its outputs; cell by cell.
        group_starts: int64[groups + 1], where the lines of each group begin.
        lines: uint32[..., 2], group by group: code of the aggregate, column of the result.
        ratios: int32[..., 4]: a cell, the cell to compare it with, the column of both, that of the
            result; velocities and shares.
        nothing: float64[outputs], the values of a borrower without an event.
        sizes: int64[2], measures, and whether distinct keys are counted.
    """

    windows: Whole
    leaf_starts: Whole
    leaf_filters: Whole
    leaf_masks: Words
    groups: NDArray[np.int32]
    group_starts: Whole
    lines: NDArray[np.uint32]
    ratios: NDArray[np.int32]
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
        groups = self._groups()
        distinct = any(each.aggregate == "distinct" for each in self.outputs)
        wants = [sum({WANTS.get(code, 0) for code, _ in each}) for each in groups.values()]
        sums = ("n", "sum", "distinct")
        nothing = [0.0 if each.aggregate in sums else np.nan for each in self.outputs]
        return WindowArrays(
            windows=flat([[ENDLESS if each is None else each for each in self.windows]]),
            leaf_starts=starts(held),
            leaf_filters=flat(held),
            leaf_masks=_masks(held, -(-len(self.filters) // 64)),
            groups=_lines([(*at, want) for at, want in zip(groups, wants, strict=True)], 3),
            group_starts=starts(list(groups.values())),
            lines=_lines([line for each in groups.values() for line in each], 2).astype(np.uint32),
            ratios=_lines(self._ratios(), 4),
            nothing=np.array(nothing),
            sizes=flat([[self.measures, int(distinct)]]),
        )

    def _groups(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Code and column of each output that reads one cell, by cell and column of the measure."""
        groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for column, each in enumerate(self.outputs):
            if each.aggregate not in RATIOS:
                at = self._cell(each), _column(each)
                groups.setdefault(at, []).append((AGGREGATES.index(each.aggregate), column))
        return dict(sorted(groups.items()))

    def _ratios(self) -> list[tuple[int, int, int, int]]:
        found = []
        for column, each in enumerate(self.outputs):
            if each.aggregate in RATIOS:
                cell, base = self._cell(each), self.base(each)
                other = cell + 1 if base is None else base * len(self.windows) + each.window
                found.append((cell, other, _column(each), column))
        return sorted(found)

    def _cell(self, output: Output) -> int:
        return output.filter * len(self.windows) + output.window

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


def _column(output: Output) -> int:
    return 0 if output.aggregate in OF_EVENTS else 5 + 6 * output.measure


def _lines(rows: Sequence[Sequence[int]], columns: int) -> NDArray[np.int32]:
    return np.array(rows, np.int32).reshape(len(rows), columns)


def _masks(held: list[list[int]], words: int) -> Words:
    masks = np.zeros((len(held), words), np.uint64)
    for leaf, numbers in enumerate(held):
        for number in numbers:
            masks[leaf, number // 64] |= np.uint64(1 << number % 64)
    return masks
