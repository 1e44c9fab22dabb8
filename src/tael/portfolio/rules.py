"""The figures, each defined once: pure functions of loan rows (DOMAIN section 6).

A balance counts loans whose principal is neither repaid nor written off; what the guarantor has
taken over is in it, because days past due run on through compensation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from tael.kernel import Day, Money, check, total
from tael.portfolio.model import Definition, LoanMonth, Unit, VintagePoint

PRIME_TIERS = frozenset({1, 2, 3})
WRITTEN_OFF_AT = 180
# Cut points of the delinquency buckets: M1 = 1-29, M2 = 30-59, M3 = 60-89 days past due.
M1, M2, M3, M4 = 1, 30, 60, 90

DEFINITIONS: tuple[Definition, ...] = (
    Definition("new_loans", "新增放款", "New loans", Unit.MONEY, "sum of principal disbursed"),
    Definition("balance", "在贷余额", "Outstanding balance", Unit.MONEY,
               "sum of principal not repaid and not written off, compensated included"),
    Definition("active_loans", "在贷笔数", "Active loans", Unit.COUNT, "loans with a balance"),
    Definition("prime_share", "R1-R3 新增占比", "R1-R3 share of new loans", Unit.SHARE,
               "principal disbursed at tier 1-3 / principal disbursed, tier frozen at decision"),
    Definition("dpd30", "30+ 逾期率", "DPD 30+ rate", Unit.SHARE,
               "balance with 30 <= dpd < 180 / balance"),
    Definition("dpd90", "90+ 逾期率", "DPD 90+ rate", Unit.SHARE,
               "balance with 90 <= dpd < 180 / balance"),
    Definition("c_m3", "C-M3 流动率", "C-M3 flow rate", Unit.SHARE,
               "(M1_t / C_t-1) x (M2_t / M1_t-1) x (M3_t / M2_t-1), monthly balances"),
    Definition("compensated", "累计代偿", "Compensated", Unit.MONEY, "sum of claims paid"),
    Definition("recovered", "累计追偿", "Recovered", Unit.MONEY, "sum of recoveries"),
    Definition("net_loss_rate", "累计净损失率", "Cumulative net loss", Unit.SHARE,
               "(compensated - recovered) / originated"),
    Definition("fpd30", "首逾30", "FPD30", Unit.SHARE,
               "loans whose first instalment was 30 days past due / loans 30 days past it"),
    Definition("leverage", "担保放大倍数", "Guarantee leverage", Unit.MULTIPLE,
               "weighted guarantee liability / net assets of the guarantee company"),
)  # fmt: skip


def ratio(part: Money, whole: Money) -> Decimal | None:
    """``part`` of ``whole``; None when there is no whole, for zero would be an answer."""
    return Decimal(part.minor) / Decimal(whole.minor) if whole else None


def balance_of(rows: Iterable[LoanMonth], *, dpd_from: int = 0, dpd_to: int | None = None) -> Money:
    """Balance of the rows with ``dpd_from`` <= dpd < ``dpd_to``."""
    return total(
        row.balance for row in rows if dpd_from <= row.dpd and (dpd_to is None or row.dpd < dpd_to)
    )


def dpd_rate(rows: Sequence[LoanMonth], threshold: int) -> Decimal | None:
    """Share of the balance from ``threshold`` to 179 days past due."""
    return ratio(balance_of(rows, dpd_from=threshold, dpd_to=WRITTEN_OFF_AT), balance_of(rows))


def flow_rate(months: Sequence[Sequence[LoanMonth]]) -> Decimal | None:
    """C-M3 at the last of two consecutive month ends.

    A net flow of balances, not an account-level roll: it understates loss when new delinquency
    surges, which is why the pages show DPD 30+ beside it.
    """
    if len(months) < 2:  # noqa: PLR2004 - a flow is between two month ends
        return None
    before, now = months[-2], months[-1]
    steps = (
        (_bucket(now, M1, M2), _bucket(before, 0, M1)),
        (_bucket(now, M2, M3), _bucket(before, M1, M2)),
        (_bucket(now, M3, M4), _bucket(before, M2, M3)),
    )
    product = Decimal(1)
    for part, whole in steps:
        step = ratio(part, whole)
        if step is None:
            return None
        product *= step
    return product


def disbursed_in(rows: Iterable[LoanMonth], month_end: Day) -> list[LoanMonth]:
    """The rows of loans paid out in the month of ``month_end``."""
    return [row for row in rows if row.disbursed_on.month_end() == month_end]


def prime_share(new: Sequence[LoanMonth]) -> Decimal | None:
    """Share of tiers 1 to 3 in ``new`` lending, by amount; the tier is that of the decision."""
    prime = total(row.principal for row in new if row.tier in PRIME_TIERS)
    return ratio(prime, total(row.principal for row in new))


def first_payment_default(rows: Iterable[LoanMonth], as_of: Day, days: int) -> Decimal | None:
    """Of loans ``days`` past their first due date, the share with it unpaid then."""
    ripe = [row for row in rows if row.first_due.days_until(as_of) >= days]
    missed = sum(row.first_dpd >= days for row in ripe)
    return Decimal(missed) / Decimal(len(ripe)) if ripe else None


def net_loss_rate(rows: Sequence[LoanMonth]) -> Decimal | None:
    """Claims paid less recovered, over what was lent."""
    lost = total(row.claimed for row in rows) - total(row.recovered for row in rows)
    return ratio(lost, total(row.principal for row in rows))


def vintage_curves(
    months: Mapping[Day, Sequence[LoanMonth]], threshold: int = 30
) -> tuple[VintagePoint, ...]:
    """For each month of disbursement and month on book, the share ever ``threshold`` days past due.

    Counted at its balance when it first got there, over the amount lent: a curve never falls.
    """
    lent: dict[Day, Money] = defaultdict(Money.zero)
    hit: dict[Day, Money] = defaultdict(Money.zero)
    seen: set[str] = set()
    known: set[str] = set()
    points = []
    for month_end in sorted(months):
        for row in months[month_end]:
            if row.loan_id not in known:
                known.add(row.loan_id)
                lent[row.vintage] = lent[row.vintage] + row.principal
            if row.dpd >= threshold and row.loan_id not in seen:
                seen.add(row.loan_id)
                hit[row.vintage] = hit[row.vintage] + row.balance
        for vintage in sorted(lent):
            share = ratio(hit[vintage], lent[vintage])
            check(share is not None and 0 <= share <= 1, "a vintage loses at most what it lent")
            points.append(
                VintagePoint(vintage, vintage.months_until(month_end), share or Decimal(0))
            )
    return tuple(points)


def _bucket(rows: Iterable[LoanMonth], dpd_from: int, dpd_to: int) -> Money:
    return balance_of(rows, dpd_from=dpd_from, dpd_to=dpd_to)
