"""The plan of derived variables: arithmetic on columns of the same sheet.

The rules, for every way of computing them:

- ratio = a / b and difference = a - b of two columns that stand earlier in the sheet, each one
  IEEE operation on doubles.
- No answer where a parent has none, for the first of these reasons that any parent has:
  `NO_SOURCE`, `NO_EVENT`, `UNDEFINED`. A ratio to 0 is `UNDEFINED`, and so is a result beyond the
  range of doubles. A negative number is divided by like every other.
- No result is -0.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from tael.variables.plan.checks import Whole, check_outputs, plan_hash, table
from tael.variables.plan.windows import KERNEL_VERSION

# A name's place is its code in the compiled loops: append only.
OPERATIONS: Final = ("ratio", "difference")


@dataclass(frozen=True, slots=True)
class DerivedOutput:
    """One variable made of two others.

    Attributes:
        operation: one of `OPERATIONS`.
        of: column of the sheet, counted from its first: what is divided or taken from.
        by: column of the sheet: what is divided by or taken away.
    """

    operation: str
    of: int
    by: int | None


class DerivedArrays(NamedTuple):
    """A plan as compiled loops read it.

    Attributes:
        program: int64[outputs, 3]: code of the operation, column of, column by.
    """

    program: Whole


@dataclass(frozen=True)
class DerivedPlan:
    """Variables made of columns of the sheet that stand before their own.

    Attributes:
        outputs: the variables, in the order of their columns.

    Raises:
        BadInput: with field and rule, for an output that cannot be computed.
    """

    outputs: tuple[DerivedOutput, ...]

    def __post_init__(self) -> None:
        check_outputs(_problem(each) for each in self.outputs)

    @property
    def width(self) -> int:
        """How many columns the plan fills."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        outputs = [[each.operation, each.of, each.by] for each in self.outputs]
        return plan_hash("derived", KERNEL_VERSION, {"outputs": outputs})

    def arrays(self) -> DerivedArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> DerivedArrays:
        rows = [
            (OPERATIONS.index(each.operation), each.of, 0 if each.by is None else each.by)
            for each in self.outputs
        ]
        return DerivedArrays(table(rows, 3))


def _problem(output: DerivedOutput) -> str:
    if output.operation not in OPERATIONS:
        return f"{output.operation!r} is no operation; these are: {', '.join(OPERATIONS)}"
    if output.by is None:
        return f"a {output.operation} needs a second column"
    if min(output.of, output.by) < 0:
        return f"there is no column {min(output.of, output.by)}"
    return ""
