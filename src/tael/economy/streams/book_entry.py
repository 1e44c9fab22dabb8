"""The merchant's own books in the lender's app: sales, purchases, what is owed either way, stock.

Driven by the sales of the month and entered by few, from 2017 on. What is owed is open first; it
is settled or falls overdue later, as a later version of its entry, so that the books of a day show
what was open then. Stress lets what the firm owes fall overdue; a weak market, what it is owed.
A file packed for a loan shows sales that were never made.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.rows import (
    PARTNERS_APART,
    Amendment,
    Columns,
    Events,
    Happened,
    delivered,
)
from tael.economy.streams.timing import Moments, moments
from tael.economy.world.chance import Chance, Floats, Integers, exp, logistic
from tael.economy.world.months import MONTHS
from tael.economy.world.scene import World
from tael.economy.world.sources import Books

STATUSES = ("open", "settled", "overdue")
_OPEN, _SETTLED, _OVERDUE = range(len(STATUSES))
_LEAST_FEN = 1_000
_MOST_STRESS = 4.0


def book_entry(world: World, subject: Borrower, months: Life) -> Events:
    """The entries of a firm's books since it keeps them in the app; sums in fen."""
    books = world.parameters.sources.books
    chance = Chance(subject.seed, subject.number, "book_entry")
    placed = moments(_expected(world, subject, months, chance.uniform(2)), chance, nightly=0.2)
    dice = chance.rows(5, len(placed))
    owed = np.array([item.owed for item in books.entries])[placed.kind]
    happened = Happened(
        subject=np.zeros(len(placed), dtype=np.int64),
        event_at=placed.event_at,
        columns={
            "entry": placed.kind,
            "status": np.where(owed, _OPEN, _SETTLED),
            "amount": _amounts(books, subject, months, (placed, chance)),
            "counterparty": _partners(books, subject, placed, dice[0]),
        },
    )
    owing = np.flatnonzero(owed)
    late = dice[1][owing] < _overdue(world, subject, months, placed)[owing]
    codes = {"entry": tuple(item.code for item in books.entries), "status": STATUSES}
    name = ("book_entry", (subject.firm.enterprise_id,), codes)
    amendments = _endings(books, owing, late, dice[2:])
    return delivered(name, happened, books.delivery, chance, amendments)


def _expected(world: World, subject: Borrower, months: Life, ranks: Floats) -> Floats:
    parameters, firm = world.parameters, subject.firm
    books = parameters.sources.books
    keeps = float(ranks[0]) < books.users
    # A firm's rank stays, so that one that has begun to keep its books here goes on.
    kept = (ranks[1] < world.recorded("book_entry", firm.industry)) & keeps
    monthly = np.array([item.monthly for item in books.entries])
    return np.outer(monthly * parameters.sizes[firm.size].events, kept * months.open)


def _amounts(
    books: Books, subject: Borrower, months: Life, placed: tuple[Moments, Chance]
) -> Integers:
    moment, chance = placed
    share = np.array([item.share for item in books.entries])[moment.kind]
    luck = exp(books.spread * chance.normal(len(moment)))
    packed = subject.fraud is not None and subject.fraud.kind == "broker_packed"
    sold = np.array([item.code == "sale" for item in books.entries])[moment.kind]
    padded = 1 + books.padded * months.faking[moment.month] * sold * int(packed)
    amount: Floats = months.sales[moment.month] * share / np.maximum(moment.siblings, 1) * luck
    whole: Integers = np.maximum(np.floor(amount * padded), _LEAST_FEN).astype(np.int64)
    return whole


def _partners(books: Books, subject: Borrower, placed: Moments, draw: Floats) -> Integers:
    """The customers and suppliers that bank and invoices number alike."""
    pool = np.array([item.pool for item in books.entries])[placed.kind]
    row = np.array([item.partner for item in books.entries])[placed.kind]
    skewed = draw * draw * draw if subject.firm.concentration > 0 else draw * draw
    partner: Integers = row * PARTNERS_APART + (skewed * pool).astype(np.int64)
    return partner


def _overdue(world: World, subject: Borrower, months: Life, placed: Moments) -> Floats:
    """Probability that an entry falls overdue: own stress for payables, the market for others."""
    books, firm = world.parameters.sources.books, subject.firm
    own = books.stress_in_overdue * np.minimum(months.stress, _MOST_STRESS)
    if months.default_month >= 0:
        own = own + books.default_in_overdue * (np.arange(MONTHS) >= months.default_month)
    market = books.market_in_overdue * world.demand[firm.province, firm.industry]
    payable = np.array([item.code == "payable" for item in books.entries])[placed.kind]
    return logistic(books.overdue + np.where(payable, own[placed.month], market[placed.month]))


def _endings(
    books: Books, owing: Integers, late: np.ndarray, dice: Floats
) -> tuple[Amendment, ...]:
    """What becomes of what is owed: settled in time, overdue, or overdue and settled then."""
    days = books.least_days + books.days * dice[0]
    punctual, overdue = owing[~late], owing[late]
    settled = overdue[dice[1][overdue] < books.settled_late]
    return (
        Amendment(punctual, days[punctual], _status(punctual, _SETTLED)),
        Amendment(overdue, books.least_days + days[overdue], _status(overdue, _OVERDUE)),
        Amendment(settled, books.late_days * dice[2][settled], _status(settled, _SETTLED)),
    )


def _status(rows: Integers, status: int) -> Columns:
    return {"status": np.full(len(rows), status, dtype=np.int64)}
