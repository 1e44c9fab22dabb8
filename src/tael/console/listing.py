"""Lists that people narrow: filters, what was typed into them, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from tael.console.words import N_
from tael.kernel import (
    ApplicationId,
    BadInput,
    Day,
    DecisionId,
    LoanId,
    Money,
    PartyId,
    VersionId,
)

ROWS = 25
_LONGEST_TEXT = 80
# Where a list is that does not stand under its own name.
HOMES = {"policy_decisions": "/policies/decisions"}
_MOST_MINOR = 10**15
_YEARS = range(1900, 2200)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_PROBLEMS = {
    "amount": N_("Not an amount. Write it like 120000 or 1200.50."),
    "day": N_("Not a day of the calendar. Write it like 2026-01-31."),
    "choice": N_("Not one of the choices."),
    "text": N_("At most 80 letters and digits, on one line."),
    "code": N_("At most 80 letters and digits, on one line."),
    "order": N_("Below where it begins."),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One field: its name in the address, its title, and its kind (a key of the problems).

    ``choices`` are values and texts, ``least`` names the field this one may not lie below.
    """

    name: str
    title: str
    kind: str
    choices: Sequence[tuple[str, str]] = ()
    least: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they were filled in; ``problems`` by the name of the filter."""

    filters: Sequence[Filter]
    typed: Mapping[str, str]
    values: Mapping[str, Money | Day | str]
    problems: Mapping[str, str]

    def text(self, name: str) -> str:
        """What was chosen or typed, empty for nothing."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""

    def money(self, name: str) -> Money | None:
        """The amount, if one was given."""
        value = self.values.get(name)
        return value if isinstance(value, Money) else None

    def day(self, name: str) -> Day | None:
        """The day, if one was given."""
        value = self.values.get(name)
        return value if isinstance(value, Day) else None

    def number(self, name: str) -> int | None:
        """The choice as a number, if one was made."""
        text = self.text(name)
        return int(text) if text else None

    def address(self, home: str, **more: str) -> str:
        """The path of this list as it is narrowed, and ``more``."""
        pairs = {**self.typed, **more}
        return f"{home}?{urlencode(pairs)}" if pairs else home


def ask(filters: Iterable[Filter], given: Mapping[str, str]) -> Asked:
    """Read every filter; what is given for no filter of this list is passed over."""
    offered = tuple(filters)
    typed = {one.name: given[one.name].strip() for one in offered if one.name in given}
    typed = {name: text for name, text in typed.items() if text}
    values: dict[str, Money | Day | str] = {}
    problems: dict[str, str] = {}
    for one in offered:
        if one.name not in typed:
            continue
        try:
            values[one.name] = value = _read(one, typed[one.name])
        except BadInput:
            problems[one.name] = _PROBLEMS[one.kind]
            continue
        if _below(value, values.get(one.least)):
            problems[one.name] = _PROBLEMS["order"]
    return Asked(offered, typed, values, problems)


def _below(value: Money | Day | str, least: Money | Day | str | None) -> bool:
    if isinstance(value, Money) and isinstance(least, Money):
        return value < least
    return isinstance(value, Day) and isinstance(least, Day) and value < least


def _read(one: Filter, text: str) -> Money | Day | str:
    if one.kind == "amount":
        plain = text.replace(",", "") if _GROUPED.fullmatch(text) else text
        amount = Money.parse(plain, field=one.name)
        return _kept(amount, one, holds=0 <= amount.minor <= _MOST_MINOR)
    if one.kind == "day":
        day = Day.parse(text, field=one.name)
        return _kept(day, one, holds=day.year in _YEARS)
    if one.kind == "choice":
        return _kept(text, one, holds=any(text == value for value, _ in one.choices))
    return _kept(text, one, holds=len(text) <= _LONGEST_TEXT and text.isprintable())


def _kept(value: Money | Day | str, one: Filter, *, holds: bool) -> Money | Day | str:
    if not holds:
        raise BadInput(f"{one.name} cannot be that", field=one.name, rule=one.kind)
    return value


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a list is narrowed to; nothing where nothing was asked.

    ``since`` and ``until`` are both included, and so are the days past due ``dpd``.
    """

    state: str = ""
    tier: int | None = None
    partner: str = ""
    dpd: tuple[int, int | None] | None = None
    least: Money | None = None
    most: Money | None = None
    since: Day | None = None
    until: Day | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which decisions of the log are wanted; '' and None where nothing was asked.

    ``number`` is the whole id of an application or a decision, ``reason`` a code. ``since`` and
    ``until`` are days on which it was decided, both included.
    """

    number: str = ""
    version: str = ""
    outcome: str = ""
    tier: int | None = None
    arm: str = ""
    reason: str = ""
    since: Day | None = None
    until: Day | None = None


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision as a line of the list; ``arm`` is '' of one from before there were arms."""

    decision_id: DecisionId
    application_id: ApplicationId
    policy_id: VersionId
    as_of: datetime
    outcome: str
    tier: int
    reasons: tuple[str, ...]
    limit: Money
    arm: str


@dataclass(frozen=True, slots=True)
class LoanLine:
    """A loan as a line of the list."""

    # Settled in one way or another: what was unpaid counts no more.
    CLOSED: ClassVar = ("settled", "recovered_full")

    loan_id: LoanId
    borrower_id: PartyId
    tier: int
    status: str
    principal: Money
    outstanding: Money
    disbursed_on: Day
    oldest_unpaid_due: Day | None

    def days_past_due(self, today: Day) -> int:
        """Calendar days since the oldest unpaid due date; 0 when nothing is owed any more."""
        due = self.oldest_unpaid_due
        return 0 if due is None or self.status in self.CLOSED else max(0, due.days_until(today))
