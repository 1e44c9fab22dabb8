"""A loan month by month: paid, late and cured, on holiday, restructured, prepaid, or defaulted.

A firm whose life defaults in month D stops paying three instalments before, so that its loan is 90
days past due at the end of month D, or as soon after as the first instalments allow. A payment
holiday stops that clock: the default comes late, or is never seen. That moves the label, not the
risk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.lending.model import Filing, Loan, LoanMonth, Status, Verdict
from tael.economy.lending.schedule import instalment_of, plan
from tael.economy.world.chance import Chance, exp, logistic, normal
from tael.economy.world.credit import Repaying
from tael.economy.world.months import MONTHS, day_month, first_day, month_of
from tael.economy.world.scene import World

_NEVER = 1 << 30
_MOST_STRESS = 4.0
_UNPAID_AT_DEFAULT = 4  # instalments: the oldest is then 90 days old or more
_DAYS_AT_DEFAULT = 90
_LEAST_DUE_DAY, _DUE_DAYS = 5, 20  # so that two month ends after it are less than 90 days
_LEAST_DAYS, _DAYS = 1, 9
_RECOVERIES = 4
_CHANCES = 3  # of a month: to be late, to cure, to prepay


@dataclass(frozen=True, slots=True)
class _Fate:
    """What the dice say of a loan before it is played; months are of the economy."""

    stops: int
    saved: bool
    holiday: int
    holiday_months: int
    recovered: float
    shares: tuple[float, ...]
    late: list[bool]
    cures: list[bool]
    prepays: list[bool]
    restructures: bool


def loan_of(
    world: World, borrower: tuple[Borrower, Life], file: tuple[Filing, Verdict], chance: Chance
) -> Loan:
    """The loan of a file, whether or not it was granted, to its end or to 2024-12."""
    (subject, months), (filing, verdict) = borrower, file
    dice = chance.uniform(8)
    disbursed = verdict.day + _LEAST_DAYS + int(dice[0] * _DAYS)
    begins = day_month(disbursed)
    fate = _fate(world, subject, months, begins, chance)
    play = _Play(world.parameters.lending.repaying, fate, verdict, filing.months_asked)
    play.run(begins, _LEAST_DUE_DAY + int(dice[1] * _DUE_DAYS))
    return Loan(
        amount=verdict.amount,
        months=filing.months_asked,
        rate_bp=verdict.rate_bp,
        disbursed_day=disbursed,
        disbursed_month=begins,
        due_day=play.due_day,
        instalment=instalment_of(verdict.amount, verdict.rate_bp, filing.months_asked),
        history=tuple(play.rows),
        default_month=play.default_month,
        owed_at_default=play.owed,
        recovered=play.recovered,
        restructured=play.restructured,
        holiday_months=play.holidays,
    )


def _fate(world: World, subject: Borrower, months: Life, begins: int, chance: Chance) -> _Fate:
    figures, owner = world.parameters.lending.repaying, subject.owner
    single, table = chance.uniform(10), chance.rows(_CHANCES, MONTHS)
    stress = np.minimum(months.stress, _MOST_STRESS)
    odds = figures.late + figures.stress_in_late * stress
    late = logistic(odds + figures.prudence_in_late * owner.prudence)
    prepays = figures.prepays * exp(figures.stress_in_prepaying * stress)
    default = months.default_month
    stops = _NEVER if default < 0 else max(default - _UNPAID_AT_DEFAULT + 1, begins + 1)
    spread = figures.spread_of_recovered * float(normal(single[5:6])[0])
    recovered = figures.recovered + figures.wealth_in_recovered * owner.wealth + spread
    holiday, length = _holiday(world, subject, months, single[:3].tolist())
    return _Fate(
        stops=stops,
        saved=float(single[3]) < figures.saved_by_holiday,
        holiday=holiday if holiday > begins else _NEVER,
        holiday_months=length,
        recovered=min(max(recovered, 0.0), 1.0),
        shares=tuple(single[6 : 6 + _RECOVERIES].tolist()),
        late=(table[0] < late).tolist(),
        cures=(table[1] < figures.cures).tolist(),
        prepays=(table[2] < prepays).tolist(),
        restructures=float(single[4]) < figures.restructured,
    )


def _holiday(world: World, subject: Borrower, months: Life, dice: list[float]) -> tuple[int, int]:
    """The first month of a payment holiday and its length; the hard-hit are likelier to ask."""
    figures = world.parameters.lending.repaying
    first, last = month_of(figures.holiday_from), month_of(figures.holiday_until)
    exposed = world.parameters.industries[subject.firm.industry].contact
    stress = min(max(float(months.stress[first]), 0.0), _MOST_STRESS)
    share = figures.holiday + figures.contact_in_holiday * exposed
    if dice[0] >= share + figures.stress_in_holiday * stress:
        return _NEVER, 0
    length = figures.least_holiday + int(
        dice[1] * (figures.most_holiday - figures.least_holiday + 1)
    )
    return first + int(dice[2] * (last - first + 1)), length


class _Play:
    """One loan under way: its plan, what is unpaid, and the rows so far."""

    def __init__(self, figures: Repaying, fate: _Fate, verdict: Verdict, term: int) -> None:
        self._figures, self._fate, self._rate = figures, fate, verdict.rate_bp
        self._plan = list(plan(verdict.amount, verdict.rate_bp, term))
        self._balance = verdict.amount
        self._unpaid: list[tuple[int, int, int]] = []  # due day, interest, principal
        self._stops = fate.stops
        self._back: list[int] = []
        self.rows: list[LoanMonth] = []
        self.due_day = 0
        self.default_month: int | None = None
        self.owed = self.recovered = self.holidays = 0
        self.restructured = False

    def run(self, begins: int, due_day: int) -> None:
        self.due_day = due_day
        for month in range(begins + 1, MONTHS):
            if self._ended():
                return
            if self.default_month is not None:
                self._collect(month, month - begins)
            elif self._on_holiday(month):
                self._rest(month, month - begins)
            else:
                self._fall_due(month, month - begins)

    def _ended(self) -> bool:
        return bool(self.rows) and self.rows[-1].status in {"prepaid", "settled", "written_off"}

    def _on_holiday(self, month: int) -> bool:
        # A holiday is for loans in order: arrears are not excused.
        since = month - self._fate.holiday
        return not self._unpaid and 0 <= since < self._fate.holiday_months

    def _rest(self, month: int, book: int) -> None:
        self.holidays += 1
        if month >= self._stops:
            self._stops = _NEVER if self._fate.saved else month + 1
        self._write(month, book, 0, "holiday")

    def _fall_due(self, month: int, book: int) -> None:
        interest, principal = self._plan.pop(0) if self._plan else (0, 0)
        if interest or principal:
            self._unpaid.append((first_day(month) + self.due_day - 1, interest, principal))
        due = interest + principal
        if month >= self._stops:
            self._miss(month, book, due)
        elif self._stays_late(month):
            self._write(month, book, due, "late")
        elif (
            len(self._unpaid) == _UNPAID_AT_DEFAULT - 1
            and self._fate.restructures
            and not self.restructured
        ):
            self._restructure(month, book, due)
        else:
            self._pay(month, book, due)

    def _miss(self, month: int, book: int, due: int) -> None:
        if len(self._unpaid) < _UNPAID_AT_DEFAULT and (
            self._plan or self._age(month) < _DAYS_AT_DEFAULT
        ):
            self._write(month, book, due, "late")
            return
        self.default_month = month
        self.owed = self._balance + sum(interest for _, interest, _ in self._unpaid)
        self._back = self._recoveries()
        self._write(month, book, due, "defaulted")

    def _stays_late(self, month: int) -> bool:
        """Whether arrears begin or go on; they end by themselves before they are a default."""
        if len(self._unpaid) >= _UNPAID_AT_DEFAULT - 1 or month + 1 >= self._stops:
            return False  # old arrears would bring a default before the firm's own
        if len(self._unpaid) > 1:
            return not self._fate.cures[month]
        return bool(self._unpaid) and bool(self._plan) and self._fate.late[month]

    def _restructure(self, month: int, book: int, due: int) -> None:
        self._balance += sum(interest for _, interest, _ in self._unpaid)
        left = len(self._plan) + self._figures.restructured_months
        self._plan = list(plan(self._balance, self._rate, left))
        self._unpaid, self.restructured = [], True
        self._write(month, book, due, "restructured")

    def _pay(self, month: int, book: int, due: int) -> None:
        late = len(self._unpaid) > 1
        paid = sum(interest + principal for _, interest, principal in self._unpaid)
        self._balance -= sum(principal for _, _, principal in self._unpaid)
        self._unpaid = []
        status: Status = "cured" if late else "current"
        early = book >= self._figures.least_months_held and self._fate.prepays[month] and not late
        if not self._plan:
            status = "settled"
        elif early:
            paid, self._balance, status = paid + self._balance, 0, "prepaid"
        self._write(month, book, due, status, paid=paid)

    def _recoveries(self) -> list[int]:
        """What comes back in each month after the default, in as many parts as the dice say."""
        months = self._figures.written_off_months
        total, parts = int(self.owed * self._fate.recovered), [0] * months
        for share in self._fate.shares:
            parts[int(share * months)] += total // _RECOVERIES
        return parts

    def _collect(self, month: int, book: int) -> None:
        since = month - (self.default_month or 0)
        back = self._back[since - 1]
        self.recovered += back
        self._balance = max(self._balance - back, 0)
        last = since >= self._figures.written_off_months
        if last:
            self._balance = 0
        self._write(month, book, 0, "written_off" if last else "defaulted", recovered=back)

    def _age(self, month: int) -> int:
        return first_day(month + 1) - 1 - self._unpaid[0][0] if self._unpaid else 0

    def _write(self, month: int, book: int, due: int, status: Status, **cash: int) -> None:
        self.rows.append(
            LoanMonth(
                month=month,
                month_on_book=book,
                balance=self._balance,
                due=due,
                paid=cash.get("paid", 0),
                recovered=cash.get("recovered", 0),
                days_past_due=self._age(month),
                status=status,
            )
        )
