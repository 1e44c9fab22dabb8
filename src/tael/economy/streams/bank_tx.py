"""Transactions of the firm's account and of its owner's, with running balances.

Stress shows as more cash, borrowing and transfers to oneself and fewer wages and taxes; circular
transfers are money sent out and back within days, as sales that are none.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import PARTNERS_APART, Columns, Events, Happened, delivered
from tael.economy.streams.timing import Moments, moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.months import DAY_S, is_weekend
from tael.economy.world.scene import World
from tael.economy.world.sources import Flow

PURPOSES = (
    "sales", "supplier", "wage", "rent", "tax", "utility", "loan_in", "loan_repay", "cash",
    "own_transfer", "family", "fee", "refund", "other",
)  # fmt: skip
_CODES = {
    "purpose": PURPOSES,
    "direction": ("in", "out"),
    "weekpart": ("weekday", "weekend"),
    "daypart": ("day", "night"),
}
_LEAST_FEN = 100
_MOST_STRESS = 4.0
_CIRCULAR = 3.0  # faked round trips in a month
_CIRCULAR_SHARE = 0.6


def bank_tx(world: World, subject: Borrower, months: Life) -> Events:
    """The bank transactions of a borrower over its life; sums in fen."""
    sources = world.parameters.sources
    flows = sources.flows
    chance = Chance(subject.seed, subject.number, "bank_tx")
    trips = _round_trips(world, subject, months)
    placed = moments(_expected(world, subject, months), chance)
    facts = _facts(flows, subject, months, (placed, chance), sources.spread_of_amounts)
    event_at = np.concatenate([placed.event_at, trips.event_at])
    who = np.concatenate([_owners(flows)[placed.kind], trips.subject])
    columns = {key: np.concatenate([facts[key], trips.columns[key]]) for key in facts}
    columns["balance"] = _balances(who, event_at, columns, months)
    return delivered(
        ("bank_tx", (subject.firm.enterprise_id, subject.owner.person_id), _CODES),
        Happened(subject=who, event_at=event_at, columns=columns),
        sources.bank,
        chance,
    )


def _owners(flows: tuple[Flow, ...]) -> Integers:
    return np.array([int(flow.subject == "person") for flow in flows])


def _expected(world: World, subject: Borrower, months: Life) -> Floats:
    parameters, firm = world.parameters, subject.firm
    flows = parameters.sources.flows
    monthly = np.array([flow.monthly for flow in flows])
    moved = np.array([flow.stress for flow in flows])
    scale = np.where(_owners(flows) == 1, 1.0, parameters.sizes[firm.size].events)
    weights, which = np.unique(moved, return_inverse=True)
    lift = exp(weights[:, None] * np.minimum(months.stress, _MOST_STRESS))
    expected = (monthly * scale)[:, None] * lift[which]
    # Takings that came as notes reach the account only since customers pay by code.
    till = parameters.sources.till_share
    expected[0] = expected[0] * (1 - till + till * world.recorded("bank_tx.till", firm.industry))
    return expected * months.open


def _facts(
    flows: tuple[Flow, ...],
    subject: Borrower,
    months: Life,
    placed: tuple[Moments, Chance],
    spread: float,
) -> Columns:
    moment, chance = placed
    count = len(moment)
    share = np.array([flow.share for flow in flows])
    luck = exp(spread * chance.normal(count))
    amount = months.sales[moment.month] * share[moment.kind] / np.maximum(moment.siblings, 1) * luck
    pools = np.array([flow.pool for flow in flows])
    draw = chance.uniform(count)
    # A concentrated firm draws the same few partners again and again.
    skewed = draw * draw * draw if subject.firm.concentration > 0 else draw * draw
    partner = moment.kind * PARTNERS_APART + (skewed * pools[moment.kind]).astype(np.int64)
    return {
        "purpose": np.array([PURPOSES.index(flow.purpose) for flow in flows])[moment.kind],
        "direction": np.array([int(flow.direction == "out") for flow in flows])[moment.kind],
        "amount": np.maximum(np.floor(amount).astype(np.int64), _LEAST_FEN),
        "counterparty": partner,
        "weekpart": is_weekend(moment.day),
        "daypart": moment.night,
    }


def _round_trips(world: World, subject: Borrower, months: Life) -> Happened:
    """Money out to a friend and back as "sales" some days later; none but of circular frauds."""
    circular = subject.fraud is not None and subject.fraud.kind == "circular_transfers"
    running = months.faking * months.open * int(circular)
    chance = Chance(subject.seed, subject.number, "bank_tx.round_trips")
    out = moments((_CIRCULAR * running.astype(np.float64))[None, :], chance)
    back = (1 + 4 * chance.uniform(len(out))) * DAY_S
    amount = (months.sales[out.month] * _CIRCULAR_SHARE / np.maximum(out.siblings, 1)).astype(
        np.int64
    )
    none = np.zeros(2 * len(out), dtype=np.int64)
    friend = len(world.parameters.sources.flows) * PARTNERS_APART
    return Happened(
        subject=none,
        event_at=np.concatenate([out.event_at, out.event_at + back.astype(np.int64)]),
        columns={
            "purpose": np.repeat([PURPOSES.index("supplier"), PURPOSES.index("sales")], len(out)),
            "direction": np.repeat([1, 0], len(out)),
            "amount": np.concatenate([amount, amount - amount // 200]) + _LEAST_FEN,
            "counterparty": none + friend,
            "weekpart": none,
            "daypart": none,
        },
    )


def _balances(who: Integers, event_at: Integers, columns: Columns, months: Life) -> Integers:
    """Balances after each transaction, never below nought: what lacks is paid in unseen."""
    balance = np.zeros(len(who), dtype=np.int64)
    signed = np.where(columns["direction"] == 0, columns["amount"], -columns["amount"])
    opening = int(months.sales[np.argmax(months.sales > 0)])
    for person in (0, 1):
        rows = np.flatnonzero(who == person)
        rows = rows[np.argsort(event_at[rows], kind="stable")]
        running = opening + np.cumsum(signed[rows])
        lowest = np.minimum(np.minimum.accumulate(running), 0) if len(rows) else running
        balance[rows] = running - lowest
    return balance
