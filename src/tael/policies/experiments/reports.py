"""Reports of what became of loans: one whenever there is news, never changed after."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from tael.kernel import ApplicationId, BadInput
from tael.policies.experiments.tables import OUTCOMES

ENDS = ("", "settled", "claimed", "compensated", "written_off", "recovered")
_TOLD = ("past_due", "first_payment_default", "ended", "bad", "loss_minor", "profit_minor")


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What was known of a loan by the end of a day.

    Attributes:
        application_id: whose loan.
        booked_on: the day on which its money went out.
        month_on_book: whole months since then.
        known_on: the day.
        past_due: the most days it was ever past due by then, as a mark that was reached.
        first_payment_default: its first instalment was ever 30 days past due.
        ended: how it ended, or '' (see ``ENDS``).
        bad: whether it had defaulted by then.
        loss_minor: what was claimed of the guarantor and has not come back, minor units.
        profit_minor: guarantee fees received less the loss, minor units; costs are not in it.

    Raises:
        BadInput: a month below zero, or another end.
    """

    application_id: ApplicationId
    booked_on: date
    month_on_book: int
    known_on: date
    past_due: int
    first_payment_default: bool
    ended: str
    bad: bool
    loss_minor: int
    profit_minor: int

    def __post_init__(self) -> None:
        if self.month_on_book < 0 or self.known_on < self.booked_on:
            raise BadInput("a report before its loan", field="known_on", rule="since booked_on")
        if self.ended not in ENDS:
            raise BadInput(f"{self.ended!r} is no end", field="ended", rule=" | ".join(ENDS))

    @property
    def told(self) -> str:
        """What became of the loan, as one text: two that say the same are equal."""
        return json.dumps({name: getattr(self, name) for name in _TOLD}, sort_keys=True)


def outcome_table(reports: Iterable[OutcomeReport]) -> pa.Table:
    """Reports as the table of outcomes that ``track`` reads."""
    rows = [
        {
            "application": str(one.application_id),
            "month_on_book": one.month_on_book,
            "known_on": one.known_on,
            "bad": one.bad,
            "loss_minor": one.loss_minor,
            "profit_minor": one.profit_minor,
        }
        for one in reports
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(OUTCOMES.items())))
