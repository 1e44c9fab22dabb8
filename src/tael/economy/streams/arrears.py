"""How many payments an account is behind, month by month.

Stress shows in lateness some months after it shows in taxes, power and enquiries, sooner with
owners of little prudence or honesty, and such lateness is made good within three months. Whoever
has defaulted pays nothing more: lateness then grows month by month, so that it always precedes the
worst. Before the default nothing here depends on it, only on the stress that leads to it.
"""

from __future__ import annotations

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.accounts import PAYS, Accounts
from tael.economy.world.chance import Chance, Floats, Integers, logistic
from tael.economy.world.months import MONTHS
from tael.economy.world.sources import Credit

_MOST_STRESS = 4.0
_NOTHING = PAYS.index("nothing")


def behind(
    credit: Credit, subject: Borrower, months: Life, held: Accounts, chance: Chance
) -> Integers:
    """Payments missed and not made good at each month's end, [account, month]."""
    month = np.arange(MONTHS)
    since_stop = month - held.stop[:, None] + 1
    spells = _spells(credit, subject, months, held, chance)
    before = np.take_along_axis(spells, np.minimum(held.stop, MONTHS)[:, None] - 1, axis=1)
    missed: Integers = np.where(since_stop > 0, before + since_stop, spells)
    return missed


def _spells(
    credit: Credit, subject: Borrower, months: Life, held: Accounts, chance: Chance
) -> Integers:
    """Months of lateness that are made good: one, two or three in a row."""
    odds = _odds(credit, subject, months)
    dice = chance.rows(len(held), MONTHS)
    month = np.arange(MONTHS)
    running = (month > held.start[:, None]) & (month < held.last[:, None])
    begins = (dice < odds) & running & (held.pays != _NOTHING)[:, None]
    long = [begins, *(begins & (dice >= share * odds) for share in credit.spells)]
    spells = np.zeros((len(held), MONTHS), dtype=np.int64)
    for length, begun in enumerate(long):
        spells[:, length:] = np.where(begun[:, : MONTHS - length], length + 1, spells[:, length:])
    return spells * running


def _odds(credit: Credit, subject: Borrower, months: Life) -> Floats:
    """Probability that a month begins late, from the stress of some months ago."""
    lag = credit.stress_lag
    stress = np.concatenate([np.full(lag, months.stress[0]), months.stress[:-lag]])
    lift = credit.stress_in_late * np.minimum(stress, _MOST_STRESS)
    owner = subject.owner
    steady = credit.prudence_in_late * owner.prudence + credit.honesty_in_late * owner.honesty
    return logistic(credit.late + lift + steady)
