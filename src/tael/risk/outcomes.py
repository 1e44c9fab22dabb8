"""What became of a loan, by a written definition of bad: bad, good, indeterminate or immature."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.sample import Floats, Instants, Ints

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class BadDefinition:
    """When a loan counts as bad. Versioned: a model carries the definition it learnt from.

    Attributes:
        days_past_due: so many days late makes a loan bad (Basel: 90).
        within_months: if it happens in so many months on book; also how long a good is watched.
        indeterminate_from: a worst lateness from here up to bad is neither; 0: there is none.
        version: of the definition, for the record.
    """

    days_past_due: int = 90
    within_months: int = 12
    indeterminate_from: int = 0
    version: str = "1"

    def __post_init__(self) -> None:
        if self.days_past_due < 1 or self.within_months < 1:
            raise BadInput(
                "a bad loan is at least a day late within at least a month",
                field="bad",
                rule="days_past_due and within_months from 1",
            )
        if not 0 <= self.indeterminate_from < self.days_past_due:
            raise BadInput(
                f"indeterminate from {self.indeterminate_from} days, bad from {self.days_past_due}",
                field="bad.indeterminate_from",
                rule="below days_past_due",
            )

    def to_json(self) -> dict[str, object]:
        """The definition's fields."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class LoanMonths:
    """Loans at the end of each month, rows in any order.

    Attributes:
        loan: int64 [rows]: the position of the loan among the outcomes asked for.
        month_on_book: int64 [rows]: 1 in the first month.
        days_past_due: int64 [rows], at the month's end.
        month_end: datetime64[D] [rows].
    """

    loan: Ints
    month_on_book: Ints
    days_past_due: Ints
    month_end: Instants


@dataclass(frozen=True, eq=False)
class LoanOutcomes:
    """What became of each loan.

    Attributes:
        bad: float64 [loans]: 1 bad, 0 good, NaN indeterminate or not yet known.
        known: datetime64[s] [loans], UTC: the end of the month that settled it; NaT where open.
        months: int64 [loans]: months on book that were watched, at most ``within_months``.
    """

    bad: Floats
    known: Instants
    months: Ints


def outcomes_of(
    loans: int, months: LoanMonths, definition: BadDefinition, ended: npt.NDArray[np.bool_]
) -> LoanOutcomes:
    """The outcome of ``loans`` loans.

    A bad is known at the end of the month in which it became one, a good when it was watched for
    ``within_months`` or its loan ended before (``ended`` [loans]); a loan watched for less is
    immature: NaN, and NaT.

    Raises:
        BadInput: a month of a loan that is not among them; names the row.
    """
    inside = months.month_on_book <= definition.within_months
    stray = np.flatnonzero((months.loan < 0) | (months.loan >= loans))
    if len(stray):
        raise BadInput(
            "a month belongs to no loan",
            field="loan_months",
            row=int(stray[0]) + 1,
            rule="a loan among those asked for",
        )
    loan, late = months.loan[inside], months.days_past_due[inside]
    day = months.month_end[inside].astype("datetime64[D]")
    watched = np.zeros(loans, dtype=np.int64)
    np.maximum.at(watched, loan, months.month_on_book[inside])
    worst = np.zeros(loans, dtype=np.int64)
    np.maximum.at(worst, loan, late)
    last = np.full(loans, np.datetime64("0001-01-01", "D"))
    np.maximum.at(last, loan, day)
    first_bad = np.full(loans, np.datetime64("9999-01-01", "D"))
    fell = late >= definition.days_past_due
    np.minimum.at(first_bad, loan[fell], day[fell])
    bad = worst >= definition.days_past_due
    whole = bad | (watched >= definition.within_months) | (ended & (watched > 0))
    outcome = np.where(whole, bad.astype(np.float64), np.nan)
    if definition.indeterminate_from:
        outcome[~bad & (worst >= definition.indeterminate_from)] = np.nan
    known: Instants = (np.where(bad, first_bad, last) + _DAY).astype("datetime64[s]")
    known[~whole] = np.datetime64("NaT")
    return LoanOutcomes(outcome, known, watched)
