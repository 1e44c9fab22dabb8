"""Which debts an amount of money pays, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tael.kernel import BadInput, Money, check, total

DEFAULT_ORDER = ("penalty", "bank_interest", "guarantee_fee", "principal")


@dataclass(frozen=True, slots=True)
class Due:
    """One debt: so much of ``component`` of instalment ``instalment``."""

    instalment: int
    component: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Allocation:
    """What an amount paid, debt by debt in the order paid, and what is left over (溢缴款)."""

    applied: tuple[Due, ...]
    left: Money

    def of(self, component: str) -> Money:
        """How much went to ``component``, over all instalments."""
        amounts = (due.amount for due in self.applied if due.component == component)
        return total(amounts, self.left.currency)


def allocate(
    amount: Money,
    dues: Sequence[Due],
    order: Sequence[str] = DEFAULT_ORDER,
    *,
    component_first: bool = False,
) -> Allocation:
    """Pay ``dues`` with ``amount``: the oldest instalment first, within it in ``order``.

    With ``component_first`` the order of components rules and the age of instalments comes second
    (all penalties before any interest). The parts add up to ``amount``, always.

    Args:
        amount: not negative, of the currency of every due.
        dues: in any order; a due of zero is left out.
        order: every component name that occurs in ``dues``.
        component_first: whether components come before ages.

    Raises:
        BadInput: a negative amount or due, another currency, a component that ``order`` leaves out.
    """
    _check(amount, dues, order)
    rank = {name: index for index, name in enumerate(order)}

    def place(due: Due) -> tuple[int, int]:
        age, kind = due.instalment, rank[due.component]
        return (kind, age) if component_first else (age, kind)

    left, applied = amount, []
    for due in sorted(dues, key=place):
        paid = min(left, due.amount)
        if paid:
            applied.append(Due(due.instalment, due.component, paid))
            left = left - paid
    paid_in_all = total((part.amount for part in applied), amount.currency)
    check(paid_in_all + left == amount, "an allocation adds up to the amount")
    check(left.minor >= 0, "an allocation never pays more than it has")
    return Allocation(tuple(applied), left)


def _check(amount: Money, dues: Sequence[Due], order: Sequence[str]) -> None:
    if amount.minor < 0:
        raise BadInput(f"{amount} cannot be allocated", field="amount", rule=">= 0")
    if len(set(order)) != len(order):
        raise BadInput(f"order {', '.join(order)} repeats itself", field="order", rule="unique")
    for row, due in enumerate(dues, start=1):
        if due.amount.currency != amount.currency:
            raise BadInput(
                f"a due in {due.amount.currency} is not paid in {amount.currency}",
                code="currency_mismatch",
                field="dues.amount",
                row=row,
                rule="one currency",
            )
        if due.amount.minor < 0:
            raise BadInput(f"{due.amount} is not a due", field="dues.amount", row=row, rule=">= 0")
        if due.component not in order:
            raise BadInput(
                f"the order {', '.join(order)} has no place for {due.component!r}",
                field="order",
                row=row,
                rule="names every component due",
            )
