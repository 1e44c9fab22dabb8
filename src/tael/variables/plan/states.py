"""The plan of state variables: where each key, a tradeline say, stands as of an instant.

The rules, for every way of computing them:

- The state of a key is its newest visible event: the first in the order of `Packed`, so of two at
  one instant the one known later, then the one with the higher id. Visible is what happened before
  the as-of instant and was known, and not yet replaced, at it. The state is chosen among *all*
  events of the key; only then a filter asks for its leaf. A tradeline whose newest record says
  settled is in no filter of open ones, whatever it said before.
- A source without keys (`StatesPlan.keyed` False): each visible event is a state of its own.
- n, the number of states in the filter, and sum, of a measure over them: values, 0 without any.
- max of a measure: `NO_EVENT` without a state in the filter. It may be negative.
- share_count, share_amount: n or sum over that of the base filter; `NO_EVENT` when the base has no
  state, `UNDEFINED` when its sum is 0.
- ratio: float(Σ measure) / float(Σ by) over the states in the filter; `NO_EVENT` without one,
  `UNDEFINED` when Σ by is 0. A negative sum is divided by like every other.
- No result is -0.0: a share or ratio whose upper sum is 0 is 0.0.
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
AGGREGATES: Final = ("n", "sum", "max", "share_amount", "share_count", "ratio")
OF_STATES: Final = frozenset({"n", "share_count"})
SHARES: Final = frozenset({"share_amount", "share_count"})


@dataclass(frozen=True, slots=True)
class StatesOutput:
    """One variable: an aggregate of a measure over the states in a filter.

    Attributes:
        aggregate: one of `AGGREGATES`.
        filter: place of the filter in the plan.
        measure: place of the measure; of no meaning where only states count.
        by: for a ratio, place of the measure under the line.
        base: for a share, the filter that it is a share of; None: the one that holds all leaves.
    """

    aggregate: str
    filter: int
    measure: int = 0
    by: int = 0
    base: int | None = None


class StatesArrays(NamedTuple):
    """A plan as compiled loops read it; L leaves, F filters.

    Attributes:
        leaf_starts: int64[L + 1], where the filters of each leaf begin.
        leaf_filters: int64[...], filters of leaf after leaf.
        program: int64[outputs, 5]: code of the aggregate, filter, measure, measure under the line,
            base filter.
        sizes: int64[3], filters, measures, and whether the source has keys.
    """

    leaf_starts: Whole
    leaf_filters: Whole
    program: Whole
    sizes: Whole


@dataclass(frozen=True)
class StatesPlan:
    """State variables of one source.

    Attributes:
        leaves: how many leaves the source has.
        filters: sets of leaves.
        measures: how many measures an event has.
        outputs: the variables, in the order of their columns.
        keyed: whether the source has a key column; if not, each event is a state of its own.

    Raises:
        BadInput: with field and rule, for each of these that cannot be computed.
    """

    leaves: int
    filters: Filters
    measures: int
    outputs: tuple[StatesOutput, ...]
    keyed: bool = True

    def __post_init__(self) -> None:
        check_leaves(self.leaves, self.filters)
        check_outputs(self._problem(each) for each in self.outputs)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        outputs = [
            [each.aggregate, each.filter, each.measure, each.by, self.base(each)]
            for each in self.outputs
        ]
        parts = {
            "leaves": self.leaves,
            "filters": sorted_sets(self.filters),
            "measures": self.measures,
            "outputs": outputs,
            "keyed": self.keyed,
        }
        return plan_hash("states", KERNEL_VERSION, parts)

    def arrays(self) -> StatesArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    def base(self, output: StatesOutput) -> int | None:
        """The filter that a share is a share of; None for what is no share."""
        if output.aggregate not in SHARES:
            return None
        return self._whole if output.base is None else output.base

    @cached_property
    def _whole(self) -> int | None:
        whole = frozenset(range(self.leaves))
        return self.filters.index(whole) if whole in self.filters else None

    @cached_property
    def _arrays(self) -> StatesArrays:
        held = [
            [number for number, each in enumerate(self.filters) if leaf in each]
            for leaf in range(self.leaves)
        ]
        rows = [
            (AGGREGATES.index(each.aggregate), each.filter, each.measure, each.by,
             self.base(each) or 0)
            for each in self.outputs
        ]  # fmt: skip
        return StatesArrays(
            leaf_starts=starts(held),
            leaf_filters=flat(held),
            program=table(rows, 5),
            sizes=flat([[len(self.filters), self.measures, int(self.keyed)]]),
        )

    def _problem(self, output: StatesOutput) -> str:
        if output.aggregate not in AGGREGATES:
            return f"{output.aggregate!r} is no aggregate; these are: {', '.join(AGGREGATES)}"
        problem = place_problem("filter", output.filter, len(self.filters))
        if not problem and output.aggregate not in OF_STATES:
            problem = place_problem("measure", output.measure, self.measures)
        if not problem and output.aggregate == "ratio":
            problem = place_problem("measure", output.by, self.measures)
        if not problem and output.aggregate in SHARES:
            problem = self._problem_of_share(output)
        return problem

    def _problem_of_share(self, output: StatesOutput) -> str:
        base = self.base(output)
        if base is None:
            return "no filter holds all leaves; name the filter that this is a share of as `base`"
        if not 0 <= base < len(self.filters):
            return f"there is no filter {base}"
        if not self.filters[output.filter] <= self.filters[base]:
            return f"filter {output.filter} is not within filter {base}, so it is no share of it"
        return ""
