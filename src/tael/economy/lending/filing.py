"""The file of an application: what the owner says, and what sources of the time show, with errors.

Everything follows the months before the application; nothing of its month or after is read.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.lending.model import CHANNELS, PURPOSES, Filing
from tael.economy.world.chance import Chance, cumulative, exp, logistic, normal, picked
from tael.economy.world.months import first_day, month_of
from tael.economy.world.scene import World

_YEAR, _TWO_YEARS, _HALF_YEAR = 12, 24, 6
_MOST_STRESS = 4.0
_FEN = 100
_STEP_FEN = 10_000 * _FEN  # sums are asked for in ten thousands of yuan
_NINE, _WORKING_S = 9 * 3_600, 9 * 3_600
_LAST_DAY = 28
_BIRTHDAY_YEAR = 2008
_EARLY = cumulative((60, 28, 11, 1))
_LATE = cumulative((18, 24, 30, 28))
_PURPOSES = cumulative((44, 14, 18, 12, 12))
_ONLINE_FROM = month_of("2015-01")


class Desk:
    """Files of one borrower; ``dice`` are keyed by the month, so that one file moves no other."""

    def __init__(self, world: World, subject: Borrower, months: Life) -> None:
        self._world, self._subject, self._months = world, subject, months
        self._figures = world.parameters.lending.papers

    def filing(self, number: int, month: int, chance: Chance) -> Filing:
        """The file of the borrower's application ``number`` (from 1) in ``month``."""
        subject, firm = self._subject, self._subject.firm
        dice = chance.uniform(24)
        errors = normal(chance.uniform(6))
        year = self._sales(month, _YEAR)
        asked = self._asked(year, float(errors[0]))
        shares = _LATE if month >= _ONLINE_FROM else _EARLY
        late_taxes = self._late_taxes(month, chance)
        return Filing(
            application_id=f"A{firm.number:08d}-{number:02d}",
            month=month,
            day=first_day(month) + int(dice[0] * _LAST_DAY),
            second=_NINE + int(dice[1] * _WORKING_S),
            channel=CHANNELS[int(picked(dice[2:3], shares)[0])],
            purpose=PURPOSES[int(picked(dice[3:4], _PURPOSES)[0])],
            amount_asked=asked,
            months_asked=self._term(float(dice[4])),
            owner_age=_BIRTHDAY_YEAR + month // _YEAR - subject.owner.born_year,
            firm_age_months=month - firm.opened,
            property=self._has_property(),
            stated_sales_12m=self._stated(year, float(errors[1])),
            bank_sales_12m=self._bank(month, float(dice[5]), float(errors[2])),
            bank_sales_growth=self._growth(month, float(dice[5]), float(errors[3])),
            invoice_sales_12m=self._invoiced(month, float(dice[6]), float(errors[4])),
            tax_late_12m=late_taxes if dice[7] < self._figures.tax else None,
            overdue_24m=self._overdue(month, chance),
            enquiries_6m=self._enquiries(month, dice[8:10].tolist()),
            debt_ratio=self._debt(month, float(errors[5])),
            court_cases=int(dice[10] < self._figures.court) + int(dice[11] < self._figures.court),
        )

    def _sales(self, month: int, count: int, back: int = 0) -> int:
        """Sales of ``count`` months before ``month``, less ``back``; scaled up where 2008 cuts."""
        last = month - back
        if last < 1:
            return 0
        sales = int(self._months.sales[max(last - count, 0) : last].sum())
        return sales * count // min(last, count)

    def _asked(self, year: int, error: float) -> int:
        figures = self._world.parameters.lending.demand
        scale = float(exp(np.array([figures.spread_of_amount * error]))[0])
        wanted = int(year / _YEAR * figures.months_of_sales * scale)
        most = figures.most_amount * _FEN
        return min(max(wanted // _STEP_FEN, 1) * _STEP_FEN, most)

    def _term(self, die: float) -> int:
        figures = self._world.parameters.lending.demand
        weights = cumulative(figures.term_weights)
        return figures.terms[int(picked(np.array([die]), weights)[0])]

    def _has_property(self) -> bool:
        # One number for life, so that a house does not come and go between applications.
        die = Chance(self._subject.seed, self._subject.number, "property").uniform(1)
        lift = self._figures.wealth_in_property * self._subject.owner.wealth
        return float(die[0]) < float(logistic(np.array([self._figures.property + lift]))[0])

    def _stated(self, year: int, error: float) -> int:
        figures = self._figures
        more = figures.overstated + figures.honesty_in_stated * self._subject.owner.honesty
        scale = exp(np.array([max(more, 0.0) + figures.spread / 2 * error]))
        return int(year * float(scale[0]))

    def _bank(self, month: int, die: float, error: float) -> int | None:
        """Takings on the account: of those that come as notes the bank knows nothing."""
        if die >= self._figures.bank:
            return None
        sources, firm = self._world.parameters.sources, self._subject.firm
        till = sources.till_share
        seen = 1 - till + till * float(self._world.recorded("bank_tx.till", firm.industry)[month])
        scale = float(exp(np.array([self._figures.spread * error]))[0])
        return int(self._sales(month, _YEAR) * seen * scale)

    def _growth(self, month: int, die: float, error: float) -> float | None:
        before = self._sales(month, _HALF_YEAR, _HALF_YEAR)
        if die >= self._figures.bank or not before or month < _YEAR:
            return None
        scale = float(exp(np.array([self._figures.spread / 2 * error]))[0])
        return round(self._sales(month, _HALF_YEAR) / before * scale - 1, 4)

    def _invoiced(self, month: int, die: float, error: float) -> int | None:
        industry = self._subject.firm.industry
        share = self._world.parameters.industries[industry].invoiced
        if die >= self._figures.invoices * float(
            self._world.recorded("vat_invoice", industry)[month]
        ):
            return None
        scale = float(exp(np.array([self._figures.spread * error]))[0])
        return int(self._sales(month, _YEAR) * share * scale)

    def _counted(self, month: int, count: int, odds: float, weight: float, dice: Chance) -> int:
        """Months among the ``count`` before in which something of these log-odds happened."""
        first = max(month - count, 0)
        stress = np.minimum(self._months.stress[first:month], _MOST_STRESS)
        happened = dice.uniform(count)[: month - first] < logistic(odds + weight * stress)
        return int((happened & (self._months.open[first:month] == 1)).sum())

    def _overdue(self, month: int, chance: Chance) -> int:
        figures = self._figures
        odds = figures.overdue + figures.prudence_in_overdue * self._subject.owner.prudence
        return self._counted(month, _TWO_YEARS, odds, figures.stress_in_overdue, chance)

    def _late_taxes(self, month: int, chance: Chance) -> int:
        figures = self._figures
        return self._counted(month, _YEAR, figures.tax_late, figures.stress_in_tax_late, chance)

    def _enquiries(self, month: int, dice: list[float]) -> int:
        sources = self._world.parameters.sources
        last = month - 1
        lift = self._figures.stress_in_enquiries * min(
            float(self._months.stress[last]), _MOST_STRESS
        ) + sources.enquiry_hidden * int(self._months.hidden[last])
        seen = float(self._world.recorded("bureau_enquiry", self._subject.firm.industry)[last])
        mean = self._figures.enquiries * _HALF_YEAR / 2 * float(exp(np.array([lift]))[0]) * seen
        return int(mean * 2 * dice[0] + dice[1])

    def _debt(self, month: int, error: float) -> float:
        figures = self._figures
        ratio = (
            figures.debt
            + figures.leverage_in_debt * self._subject.firm.leverage
            + figures.stress_in_debt * float(self._months.stress[month - 1])
            + figures.spread_of_debt * error
        )
        return round(min(max(ratio, 0.0), 1.5), 4)
