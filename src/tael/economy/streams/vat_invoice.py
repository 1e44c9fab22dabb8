"""VAT invoices out and in: coverage grows with the reforms, not with the firms.

Voids are later versions with the status ``void``; red invoices reverse with a negative amount.
Inflated invoices are valid ones, to few partners, for goods that never moved.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import PARTNERS_APART, Amendment, Events, Happened, delivered
from tael.economy.streams.timing import Moments, moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.scene import World

STATUSES = ("valid", "void", "red")
_CODES = {
    "direction": ("out", "in"),
    "status": STATUSES,
    "kind": ("special", "ordinary"),
}
_LEAST_FEN = 1_000
_MOST_STRESS = 4.0
_STRESS_IN_RED = 0.3
_INFLATED = 2  # the row of invented invoices in the table of expected numbers
_INFLATED_PARTNERS = 2
_VOID_DAYS = 25.0


def vat_invoice(world: World, subject: Borrower, months: Life) -> Events:
    """The VAT invoices of a firm over its life; sums in fen, tax beside the amount."""
    sources = world.parameters.sources
    chance = Chance(subject.seed, subject.number, "vat_invoice")
    placed = moments(_expected(world, subject, months, float(chance.uniform(1)[0])), chance)
    dice = chance.rows(5, len(placed))
    incoming = (placed.kind == 1).astype(np.int64)
    red = dice[0] < sources.invoice_red * _lift(_STRESS_IN_RED, months)[placed.month]
    amount = np.where(red, -1, 1) * _amounts(world, months, placed, chance)
    void = np.flatnonzero((dice[1] < sources.invoice_void) & ~red)
    happened = Happened(
        subject=np.zeros(len(placed), dtype=np.int64),
        event_at=placed.event_at,
        columns={
            "direction": incoming,
            "status": np.where(red, STATUSES.index("red"), 0),
            "kind": (dice[2] >= sources.invoice_special).astype(np.int64),
            "amount": amount,
            "tax": np.floor(amount * sources.invoice_tax).astype(np.int64),
            "counterparty": _partners(world, subject, placed, dice[3]),
        },
    )
    voids = Amendment(
        rows=void,
        days=_VOID_DAYS * dice[4][void],
        columns={"status": np.full(len(void), STATUSES.index("void"), dtype=np.int64)},
    )
    name = ("vat_invoice", (subject.firm.enterprise_id,), _CODES)
    return delivered(name, happened, sources.invoices, chance, (voids,))


def _lift(weight: float, months: Life) -> Floats:
    return exp(weight * np.minimum(months.stress, _MOST_STRESS))


def _expected(world: World, subject: Borrower, months: Life, rank: float) -> Floats:
    parameters, firm = world.parameters, subject.firm
    sources = parameters.sources
    # A firm's rank stays, so that one that has begun to invoice goes on.
    share = parameters.industries[firm.industry].invoiced
    covered = rank < share * world.recorded("vat_invoice", firm.industry)
    scale = parameters.sizes[firm.size].events * covered * months.open
    inflates = subject.fraud is not None and subject.fraud.kind == "inflated_invoices"
    invented = sources.inflation * months.faking * int(inflates)
    return np.stack(
        [sources.invoices_out * scale, sources.invoices_in * scale, invented * months.open]
    )


def _amounts(world: World, months: Life, placed: Moments, chance: Chance) -> Integers:
    sources = world.parameters.sources
    share = np.array([1.0, sources.invoice_cost_share, 1.0])[placed.kind]
    luck = exp(sources.spread_of_amounts * chance.normal(len(placed)))
    amount: Floats = months.sales[placed.month] * share / np.maximum(placed.siblings, 1) * luck
    return np.maximum(np.floor(amount), _LEAST_FEN).astype(np.int64)


def _partners(world: World, subject: Borrower, placed: Moments, draw: Floats) -> Integers:
    pool = world.parameters.sources.invoice_pool
    skewed = draw * draw * draw if subject.firm.concentration > 0 else draw * draw
    partner = placed.kind * PARTNERS_APART + (skewed * pool).astype(np.int64)
    few = PARTNERS_APART - _INFLATED_PARTNERS + (draw * _INFLATED_PARTNERS).astype(np.int64)
    return np.where(placed.kind == _INFLATED, few, partner)
