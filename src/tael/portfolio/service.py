"""The dashboard's figures, from the loan rows, held against the journal. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tael.kernel import Day, Money, total
from tael.portfolio import rules
from tael.portfolio.model import Dashboard, Figure, LoanMonth, MonthPoint, TieOut
from tael.portfolio.ports import Capital, Journal, MonthStore


@dataclass(frozen=True)
class Portfolio:
    """Figures inside one unit of work."""

    store: MonthStore
    journal: Journal
    capital: Capital

    def record_month(self, rows: Sequence[LoanMonth]) -> int:
        """Keep the rows of a month end; doing so again changes nothing."""
        return self.store.add(rows)

    def dashboard(self, as_of: Day) -> Dashboard:
        """Everything the first page shows, as of the last recorded month end up to ``as_of``."""
        months = self.store.months(as_of)
        ends = sorted(months)
        at = ends[-1] if ends else as_of
        points = tuple(
            _point([months[end] for end in ends[: i + 1]], ends[i]) for i in range(len(ends))
        )
        return Dashboard(
            as_of=at,
            figures=self._figures(months.get(at, ()), points, at),
            months=points,
            vintages=rules.vintage_curves(months),
            tie_outs=self.tie_outs(months.get(at, ()), at),
        )

    def tie_outs(self, rows: Sequence[LoanMonth], as_of: Day) -> tuple[TieOut, ...]:
        """The figures that the journal holds too, side by side (invariant 16)."""
        compensated = total(row.compensated for row in rows)
        with_banks = total(row.balance for row in rows) - compensated
        pairs = (
            ("outstanding_with_banks", with_banks, ("B1301",)),
            ("guarantee_in_force", with_banks, ("G9001",)),
            ("compensation_receivable_principal", compensated, ("G1231",)),
        )
        return tuple(
            TieOut(
                name, amount, total(self.journal.balance(code, as_of=as_of) for code in accounts)
            )
            for name, amount, accounts in pairs
        )

    def _figures(
        self, rows: Sequence[LoanMonth], points: Sequence[MonthPoint], as_of: Day
    ) -> tuple[Figure, ...]:
        last = points[-1] if points else None
        liability, net_assets = self.capital.leverage(as_of)
        values: Mapping[str, Decimal | Money | None] = {
            "new_loans": last.new_loans if last else Money.zero(),
            "balance": rules.balance_of(rows),
            "active_loans": Decimal(sum(bool(row.balance) for row in rows)),
            "prime_share": last.prime_share if last else None,
            "dpd30": rules.dpd_rate(rows, 30),
            "dpd90": rules.dpd_rate(rows, 90),
            "c_m3": last.c_m3 if last else None,
            "compensated": total(row.claimed for row in rows),
            "recovered": total(row.recovered for row in rows),
            "net_loss_rate": rules.net_loss_rate(rows),
            "fpd30": rules.first_payment_default(rows, as_of, 30),
            "leverage": rules.ratio(liability, net_assets),
        }
        return tuple(Figure(one, as_of, values[one.id]) for one in rules.DEFINITIONS)


def _point(months: Sequence[Sequence[LoanMonth]], month_end: Day) -> MonthPoint:
    rows = months[-1]
    new = rules.disbursed_in(rows, month_end)
    return MonthPoint(
        month_end=month_end,
        new_loans=total(row.principal for row in new),
        balance=rules.balance_of(rows),
        prime_share=rules.prime_share(new),
        dpd30=rules.dpd_rate(rows, 30),
        dpd90=rules.dpd_rate(rows, 90),
        c_m3=rules.flow_rate(months),
    )
