"""The cost disclosure (综合融资成本明示表): every charge, its collector, its way, its standard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tael.kernel import BadInput, Money, Rate, check, total
from tael.pricing.cost import AllInCost, Fee, all_in_cost
from tael.pricing.disclosure_text import render
from tael.pricing.schedule import Schedule
from tael.pricing.terms import PENALTY, Method

OUTSTANDING, ORIGINAL = "outstanding", "original"
OVERDUE, PREPAID, ONCE = "overdue", "prepaid", "once"
WITH_INSTALMENT, AT_START, IF_IT_HAPPENS = "with_instalment", "at_start", "if_it_happens"


@dataclass(frozen=True, slots=True)
class Item:
    """One charge on the disclosure.

    Args:
        name: the component or fee.
        collector: legal name of who collects it.
        payee: its role: ``bank``, ``guarantor`` or ``platform``.
        way: ``with_instalment``, ``at_start`` or ``if_it_happens``.
        base: what the standard applies to: ``outstanding``, ``original``, ``overdue``, ``prepaid``
            principal, or ``once`` for a fixed sum.
        rate: annual (of ``prepaid``: a share); None for a fixed sum.
        amount: under normal performance; None where it depends on what happens.
    """

    name: str
    collector: str
    payee: str
    way: str
    base: str
    rate: Rate | None
    amount: Money | None


@dataclass(frozen=True, slots=True)
class CostDisclosure:
    """The document a borrower confirms before signing, with content that hashes the same anywhere.

    In force in China from 2026-08-01 (金规〔2026〕2号): item by item, with the annualised total
    under normal performance, contingent charges apart.

    Args:
        lender: legal name.
        schedule: what it was made from.
        items: charges when every instalment is paid in time; they add up to ``cost.charges``.
        contingent: charges only if something happens (late payment, prepayment).
        cost: annualised total of ``items``.
    """

    lender: str
    schedule: Schedule
    items: tuple[Item, ...]
    contingent: tuple[Item, ...]
    cost: AllInCost

    def __post_init__(self) -> None:
        amounts = [item.amount for item in self.items if item.amount is not None]
        summed = total(amounts, self.schedule.terms.currency)
        check(summed == self.cost.charges, "the items of a disclosure add up to its total")

    def content(self) -> str:
        """Canonical JSON: keys sorted, no blanks, amounts in minor units, rates in per cent."""
        return json.dumps(self.facts(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """SHA-256 of ``content`` in UTF-8, hexadecimal: what a confirmation cites."""
        return hashlib.sha256(self.content().encode()).hexdigest()

    def facts(self) -> Mapping[str, object]:
        """The document as plain data, for ``content`` and for pages."""
        terms = self.schedule.terms
        return {
            "document": "cost_disclosure.1",
            "lender": self.lender,
            "principal": terms.principal.minor,
            "currency": terms.currency,
            "method": terms.method.value,
            "instalments": len(self.schedule.instalments),
            "start": terms.start.isoformat(),
            "day_count": terms.day_count.value,
            "items": [_plain(item) for item in self.items],
            "contingent": [_plain(item) for item in self.contingent],
            "total_charges": self.cost.charges.minor,
            "total_payment": (terms.principal + self.cost.charges).minor,
            "annual_nominal_percent": _percent(self.cost.nominal),
            "annual_effective_percent": _percent(self.cost.effective),
            "schedule": [
                [row.number, row.due.isoformat(), row.principal.minor, row.total.minor]
                for row in self.schedule.instalments
            ],
        }

    def text(self, locale: str = "zh") -> str:
        """The document as a person reads it, in ``zh`` or ``en``.

        Raises:
            BadInput: another locale.
        """
        return render(self.facts(), locale)


def cost_disclosure(
    schedule: Schedule,
    lender: str,
    parties: Mapping[str, str],
    fees: Sequence[Fee] = (),
    prepayment_fee: Rate | None = None,
) -> CostDisclosure:
    """The cost disclosure of ``schedule``.

    Args:
        schedule: version 1 of the offer.
        lender: legal name of the bank.
        parties: role (``guarantor``, ``platform``) to legal name, for every role that is paid.
        fees: taken at disbursement; those of the borrower are disclosed.
        prepayment_fee: share of prepaid principal where contract and law allow one.

    Raises:
        BadInput: a charge whose collector has no name; fees as ``all_in_cost`` refuses them.
    """
    names = {**parties, "bank": lender}
    terms = schedule.terms
    base = ORIGINAL if terms.method is Method.FLAT else OUTSTANDING
    items = [
        Item(
            part.name,
            _collector(names, part.payee),
            part.payee,
            WITH_INSTALMENT,
            base,
            part.rate,
            total((row.charges[part.name] for row in schedule.instalments), terms.currency),
        )
        for part in terms.borrower_components
    ]
    once = [
        Item(fee.name, _collector(names, fee.payee), fee.payee, AT_START, ONCE, None, fee.amount)
        for fee in fees
        if fee.payer == "borrower"
    ]
    contingent = [(PENALTY, OVERDUE, terms.penalty_rate)]
    if prepayment_fee is not None:
        contingent.append(("prepayment_fee", PREPAID, prepayment_fee))
    apart = [
        Item(name, _collector(names, "bank"), "bank", IF_IT_HAPPENS, base, rate, None)
        for name, base, rate in contingent
        if rate.fraction
    ]
    cost = all_in_cost(schedule, fees)
    return CostDisclosure(lender, schedule, (*items, *once), tuple(apart), cost)


def _collector(names: Mapping[str, str], payee: str) -> str:
    name = names.get(payee, "").strip()
    if not name:
        raise BadInput(
            f"the disclosure must say who collects for the {payee}",
            field=f"parties.{payee}",
            rule="legal name of every party that is paid",
        )
    return name


def _plain(item: Item) -> dict[str, object]:
    return {
        "name": item.name,
        "collector": item.collector,
        "payee": item.payee,
        "way": item.way,
        "base": item.base,
        "rate_percent": None if item.rate is None else _percent(item.rate),
        "amount": None if item.amount is None else item.amount.minor,
    }


def _percent(rate: Rate) -> str:
    return f"{rate.as_percent().normalize():f}"
