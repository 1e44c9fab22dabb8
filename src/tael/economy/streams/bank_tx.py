"""Transactions of the firm's account and of its owner's, with running balances.

What stays on the accounts follows the firm's buffer and the owner's wealth and prudence. Stress
melts it, and shows as more cash, borrowing and transfers to oneself and fewer wages and taxes.
Circular transfers are money sent out and back within days, as sales that are none.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import PARTNERS_APART, Columns, Events, Happened, delivered
from tael.economy.streams.timing import Moments, moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.months import DAY_S, MONTHS, day_in_china, first_days, is_weekend
from tael.economy.world.scene import World
from tael.economy.world.sources import Flow, Sources

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
    facts = _facts(sources, subject, months, (placed, chance))
    event_at = np.concatenate([placed.event_at, trips.event_at])
    who = np.concatenate([_owners(flows)[placed.kind], trips.subject])
    columns = {key: np.concatenate([facts[key], trips.columns[key]]) for key in facts}
    kept = _cushion(sources, subject, months)[who, _month(event_at)]
    columns["balance"] = kept + _balances(who, event_at, columns, kept)
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
    sources: Sources, subject: Borrower, months: Life, placed: tuple[Moments, Chance]
) -> Columns:
    moment, chance = placed
    flows, count = sources.flows, len(moment)
    spread = np.where(moment.kind == 0, sources.spread_of_sales, sources.spread_of_amounts)
    luck = exp(spread * chance.normal(count) + _moved(flows, subject, months, moment))
    share = np.array([flow.share for flow in flows])
    turned_over = np.where(
        moment.kind == 0, _since_last(months, moment), months.sales[moment.month]
    )
    amount = turned_over * share[moment.kind] / np.maximum(moment.siblings, 1) * luck
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


def _moved(flows: tuple[Flow, ...], subject: Borrower, months: Life, moment: Moments) -> Floats:
    """What stress and the owner's traits add to the logarithm of each sum."""
    owner = subject.owner
    steady = np.array(
        [flow.prudence * owner.prudence + flow.honesty * owner.honesty for flow in flows]
    )
    strain = np.array([flow.strain for flow in flows])
    stress = np.minimum(months.stress, _MOST_STRESS)[moment.month]
    moved: Floats = steady[moment.kind] + strain[moment.kind] * stress
    return moved


def _since_last(months: Life, moment: Moments) -> Integers:
    """Sales since the month before in which customers paid: what they owe is paid with it."""
    paid = np.zeros(MONTHS, dtype=np.int64)
    paid[moment.month[moment.kind == 0]] = 1
    sums = np.cumsum(months.sales)
    last = np.maximum.accumulate(np.where(paid == 1, np.arange(MONTHS), -1))
    before = np.concatenate([[-1], last[:-1]])
    owed: Integers = sums - np.where(before >= 0, sums[before], 0)
    return owed[moment.month]


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


def _cushion(sources: Sources, subject: Borrower, months: Life) -> Integers:
    """What firm and owner keep on their accounts, [whose, month]: buffers melt under stress."""
    owner, stress = subject.owner, np.minimum(months.stress, _MOST_STRESS)
    melted = sources.stress_in_cushion * stress
    firm = sources.buffer_in_cushion * subject.firm.buffer
    own = sources.wealth_in_cushion * owner.wealth + sources.prudence_in_cushion * owner.prudence
    shares = np.array([[sources.cushion], [sources.cushion_of_owner]])
    kept = months.sales * shares * exp(np.stack([firm + melted, own + melted]))
    fen: Integers = np.floor(kept).astype(np.int64)
    return fen


def _month(event_at: Integers) -> Integers:
    month = np.searchsorted(first_days(), day_in_china(event_at), side="right") - 1
    held: Integers = np.minimum(month, MONTHS - 1).astype(np.int64)
    return held


def _balances(who: Integers, event_at: Integers, columns: Columns, most: Integers) -> Integers:
    """What runs above the cushion: what lacks is paid in unseen, what is too much moves on."""
    balance = np.zeros(len(who), dtype=np.int64)
    signed = np.where(columns["direction"] == 0, columns["amount"], -columns["amount"])
    for person in (0, 1):
        rows = np.flatnonzero(who == person)
        rows = rows[np.argsort(event_at[rows], kind="stable")]
        held, running = 0, []
        for moved, cap in zip(signed[rows].tolist(), most[rows].tolist(), strict=True):
            held = min(max(held + moved, 0), cap)
            running.append(held)
        balance[rows] = running
    return balance
