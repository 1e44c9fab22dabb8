"""A sample: the variables of many applications, each as known then, with what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput

Values: TypeAlias = npt.NDArray[np.float32]
Reasons: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Texts: TypeAlias = npt.NDArray[np.object_]
Instants: TypeAlias = npt.NDArray[np.datetime64]

# Why a variable has no value; the codes of the variables' engine.
HAS_VALUE, NO_SOURCE, NO_EVENT, UNDEFINED = range(4)
REASONS = ("value", "no_source", "no_event", "undefined")


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows to train, calibrate or judge a model on. Arrays are read-only by agreement.

    Attributes:
        names: the variables, in the order of the first axis of ``values``.
        values: float32 [variables, rows], C order; NaN where a variable has no value. Models read
            variables as float32, in training as live.
        reasons: uint8 [variables, rows]: 0 a value, else why there is none.
        bad: float64 [rows]: 1 bad, 0 good, NaN not known or not to be judged.
        weight: float64 [rows], above zero.
        borrower: text [rows]: who is never on both sides of a split.
        asof: datetime64[s] [rows], UTC: the instant whose knowledge the variables hold.
        known: datetime64[s] [rows], UTC: when ``bad`` could be known first; NaT where it is not.
        plan: hash of the plan of variables; empty for other tables.
        population: text [rows]: how the outcome was seen (a loan of one's own, a declined one at
            others, a firm of the market); None where all were seen alike.
    """

    names: tuple[str, ...]
    values: Values
    reasons: Reasons
    bad: Floats
    weight: Floats
    borrower: Texts
    asof: Instants
    known: Instants
    plan: str = ""
    population: Texts | None = None

    def __post_init__(self) -> None:
        rows = len(self.bad)
        if self.values.shape != (len(self.names), rows):
            raise BadInput(
                f"values are {self.values.shape}, {len(self.names)} variables by {rows} rows asked",
                field="values",
                rule="variables by rows",
            )
        if self.reasons.shape != self.values.shape:
            raise BadInput(
                f"reasons are {self.reasons.shape}, values {self.values.shape}",
                field="reasons",
                rule="a reason for each value",
            )
        for each in fields(self):
            held = getattr(self, each.name)
            if each.name in {"names", "values", "reasons", "plan"} or held is None:
                continue
            if len(held) != rows:
                raise BadInput(
                    f"{each.name} has {len(held)} rows, bad {rows}",
                    field=each.name,
                    rule="columns of one length",
                )

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.bad)

    @cached_property
    def vintage(self) -> Ints:
        """Months since January 1970 of each row's instant, in UTC."""
        return self.asof.astype("datetime64[M]").astype(np.int64)

    @cached_property
    def labelled(self) -> Bools:
        """The rows whose outcome is known."""
        return ~np.isnan(self.bad)

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> Sample:
        """The rows of a mask or of positions, in that order; copies."""
        held = {
            name: getattr(self, name)[rows]
            for name in ("bad", "weight", "borrower", "asof", "known")
        }
        if self.population is not None:
            held["population"] = self.population[rows]
        # Row by row of the first axis: a fancy index over the second alone makes strided copies.
        values = np.ascontiguousarray(self.values[:, rows])
        return replace(
            self, values=values, reasons=np.ascontiguousarray(self.reasons[:, rows]), **held
        )

    def select(self, names: Sequence[str]) -> Sample:
        """The variables of ``names``, in that order; copies.

        Raises:
            BadInput: a variable that the sample does not hold.
        """
        place = {name: i for i, name in enumerate(self.names)}
        for name in names:
            if name not in place:
                raise BadInput(
                    f"the sample has no variable {name!r}", field=name, rule="a variable of it"
                )
        places = [place[name] for name in names]
        return replace(
            self, names=tuple(names), values=self.values[places], reasons=self.reasons[places]
        )

    def matrix(self) -> Values:
        """float32 [rows, variables]: what models of trees read."""
        return np.ascontiguousarray(self.values.T)


def month_of(year: int, month: int) -> int:
    """Months since January 1970, as ``Sample.vintage`` counts them."""
    return (year - 1970) * 12 + month - 1
