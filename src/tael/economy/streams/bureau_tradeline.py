"""Monthly snapshots of each credit account at the bureau: status, balance, what was due and paid.

Driven by the accounts that life opens (``accounts``) and by lateness (``arrears``): stress of some
months ago brings lateness that is cured; the default brings the kind that is not. The guarantees
of a circle follow the other member's default. The first bureau knew few lenders but banks; the
second shows them from 2020 on, which moves the data and no risk.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower, Owner
from tael.economy.streams.accounts import LENDERS, PAYS, PRODUCTS, Accounts, accounts
from tael.economy.streams.arrears import behind
from tael.economy.streams.rows import Amendment, Columns, Events, Happened, delivered
from tael.economy.world.chance import Chance, Floats, Integers, logistic
from tael.economy.world.months import MONTHS, first_days, instant
from tael.economy.world.scene import World
from tael.economy.world.sources import Credit

STATUSES = ("current", "d1_30", "d31_60", "d61_90", "d90", "settled", "written_off")
_CODES = {"lender": LENDERS, "product": PRODUCTS, "status": STATUSES}
_D90, _SETTLED, _WRITTEN_OFF = 4, 5, 6
_INSTALMENT, _BULLET, _REVOLVING, _NOTHING = range(len(PAYS))
_MOST_STRESS = 4.0
_EVENING_S = 20 * 3_600
_LEAST_SHARE = 10  # a card asks for a tenth of its balance
_OVER_LIMIT = 0.03  # of the limit, each month behind: fees
_FULL = 0.97
_DISPUTE_DAYS, _CORRECTION_DAYS = 45.0, 25.0
_MOST_PART_PAID = 0.4


def bureau_tradeline(world: World, subject: Borrower, months: Life) -> Events:
    """The monthly account records of a borrower's firm and owner; sums in fen."""
    credit = world.parameters.sources.credit
    chance = Chance(subject.seed, subject.number, "bureau_tradeline")
    held = accounts(world, subject, months, chance)
    missed = behind(credit, subject, months, held, chance)
    grid = _grid(credit, (subject.owner, months), held, (missed, chance))
    account, month = np.nonzero(_shown(world, subject, held))
    columns = {name: sheet[account, month] for name, sheet in grid.items()}
    happened = Happened(
        subject=held.subject[account],
        event_at=instant(first_days()[month + 1] - 1, _EVENING_S + account),
        columns={
            "tradeline_id": account,
            "lender": held.lender[account],
            "product": held.product[account],
            "status": columns["status"],
            "balance": columns["balance"],
            "credit_limit": held.limit[account],
            "due": columns["due"],
            "paid": columns["paid"],
        },
    )
    subjects = (subject.firm.enterprise_id, subject.owner.person_id)
    amendments = _amendments(credit, happened.columns, chance)
    name = ("bureau_tradeline", subjects, _CODES)
    return delivered(name, happened, credit.delivery, chance, amendments)


def _shown(world: World, subject: Borrower, held: Accounts) -> np.ndarray:
    """Which account has a record in which month; an account once shown stays."""
    month = np.arange(MONTHS)
    known = world.recorded("bureau_tradeline.new_lenders", subject.firm.industry)
    shown: np.ndarray = (
        (month >= held.start[:, None])
        & (month <= held.last[:, None])
        & ((held.rank[:, None] < known) | (held.lender == 0)[:, None])
    )
    return shown


def _grid(
    credit: Credit, whose: tuple[Owner, Life], held: Accounts, drawn: tuple[Integers, Chance]
) -> Columns:
    """Status and sums of each account at each month's end, [account, month]."""
    missed, chance = drawn
    balance = _balances(credit, whose, held, (missed, chance))
    before = _earlier(balance)
    final = np.arange(MONTHS) == held.last[:, None]
    lost = final & (held.written_off == 1)[:, None]
    rate = (held.limit * held.rate).astype(np.int64)
    instalment = held.limit // held.term + rate // 2
    once = np.choose(
        np.broadcast_to(held.pays[:, None], missed.shape),
        [instalment[:, None], rate[:, None], before // _LEAST_SHARE, np.zeros_like(before)],
    )
    due = once * np.where(missed > 0, missed, 1 + _earlier(missed))
    due = np.minimum(due, balance + once)
    # A guarantor owes nothing until the other fails, and then all.
    due = np.where((held.pays == _NOTHING)[:, None] & (missed > 0), balance, due)
    due = np.where(final, _owed_at_end(held, before, missed), due)
    due = due * (np.arange(MONTHS) > held.start[:, None])
    part = np.floor(due * _part(held, chance)).astype(np.int64) * (missed < _D90)
    status = np.where(final, _SETTLED, np.minimum(missed, _D90))
    return {
        "status": np.where(lost, _WRITTEN_OFF, status),
        "balance": np.where(lost, before, np.where(final, 0, balance)),
        "due": due,
        "paid": np.where(final, np.where(lost, 0, due), np.where(missed > 0, part, due)),
    }


def _owed_at_end(held: Accounts, before: Integers, missed: Integers) -> Integers:
    """All that is left; of a guarantee only if the other has failed."""
    called = (held.pays != _NOTHING)[:, None] | (_earlier(missed) > 0)
    owed: Integers = before * called
    return owed


def _earlier(sheet: Integers) -> Integers:
    """The month before, 0 before the first."""
    return np.concatenate([np.zeros((len(sheet), 1), dtype=np.int64), sheet[:, :-1]], axis=1)


def _use(credit: Credit, owner: Owner) -> float:
    return (
        credit.use + credit.prudence_in_use * owner.prudence + credit.wealth_in_use * owner.wealth
    )


def _balances(
    credit: Credit, whose: tuple[Owner, Life], held: Accounts, drawn: tuple[Integers, Chance]
) -> Integers:
    (owner, months), (missed, chance) = whose, drawn
    month = np.arange(MONTHS)
    limit = held.limit[:, None]
    age = month - held.start[:, None]
    served = np.maximum(age - missed, 0)
    left = limit - limit * np.minimum(served, held.term[:, None]) // held.term[:, None]
    noise = credit.spread_of_use * chance.normal(len(held) * MONTHS).reshape(len(held), MONTHS)
    stress = np.minimum(months.stress, _MOST_STRESS)
    # Nobody draws on a card that is no longer paid: its use stays that of the last month served.
    at = np.minimum(month, np.maximum(held.stop[:, None] - 1, 0))
    use = logistic(_use(credit, owner) + credit.stress_in_use * stress + noise)
    use = np.minimum(np.take_along_axis(use, at, axis=1), _FULL) + _OVER_LIMIT * missed
    used = np.floor(limit * np.minimum(use, 1 + 4 * _OVER_LIMIT)).astype(np.int64)
    pays = np.broadcast_to(held.pays[:, None], missed.shape)
    whole = np.broadcast_to(limit, missed.shape)
    balance: Integers = np.choose(pays, [left, whole, used, whole])
    return balance


def _part(held: Accounts, chance: Chance) -> Floats:
    """The share of what is due that those behind pay all the same: mostly nothing."""
    dice = chance.rows(len(held), MONTHS)
    return np.maximum(dice - (1 - _MOST_PART_PAID), 0)


def _amendments(credit: Credit, columns: Columns, chance: Chance) -> tuple[Amendment, ...]:
    """Lateness that was disputed and struck out, and balances that were a tenth too high."""
    dice = chance.rows(2, len(columns["status"]))
    late = (columns["status"] > 0) & (columns["status"] < _D90)
    struck = np.flatnonzero((dice[0] < credit.disputed) & late)
    wrong = np.flatnonzero(dice[1] < credit.misstated)
    balance = columns["balance"][wrong]
    return (
        Amendment(
            struck,
            _DISPUTE_DAYS * (1 + dice[1][struck]),
            {"status": np.zeros(len(struck), dtype=np.int64), "paid": columns["due"][struck]},
        ),
        Amendment(
            wrong,
            _CORRECTION_DAYS * (1 + dice[0][wrong]),
            {"balance": balance - balance // 10},
        ),
    )
