"""Credit accounts of a firm, its owner and its circle: when they open, how large, how they end.

Lenders of the second row (micro lenders, internet) are asked more often under stress; nobody lends
after the default. A stolen identity opens accounts in the owner's name that nobody means to repay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.agents.life import Life
from tael.economy.agents.model import Borrower
from tael.economy.streams.timing import moments
from tael.economy.world.chance import Chance, Floats, Integers, exp
from tael.economy.world.months import MONTHS
from tael.economy.world.scene import World
from tael.economy.world.sources import Credit, Facility

LENDERS = ("bank", "consumer_finance", "micro_lender", "internet")
PRODUCTS = ("mortgage", "business", "card", "consumer", "guarantee")
PAYS = ("instalment", "bullet", "revolving", "nothing")
NEVER = MONTHS  # an end after all months
_GUARANTEE = PRODUCTS.index("guarantee")
_MOST_STRESS = 4.0
_DICE = 9


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """One entry an account. Months are indices; ``NEVER`` stands for none.

    ``subject`` is 0 for the firm and 1 for its owner; ``limit`` is fen, ``rate`` a month's.
    ``start`` is the month of opening, ``last`` that of the last snapshot, -1 where nobody granted
    the account; ``stop`` is the first month in which nothing is paid any more. ``written_off`` is 1
    where the last snapshot says so. ``rank`` is the place among accounts of its kind in being
    reported, from 0 to 1.
    """

    subject: Integers
    product: Integers
    lender: Integers
    pays: Integers
    limit: Integers
    rate: Floats
    term: Integers
    start: Integers
    stop: Integers
    last: Integers
    written_off: Integers
    rank: Floats

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """Accounts as they are opened; ``failing`` is the month from which nobody would serve them."""

    subject: Integers
    product: Integers
    lender: Integers
    pays: Integers
    start: Integers
    months: Integers
    sales: Floats
    follows: Floats
    failing: Integers
    lag: Integers


def accounts(world: World, subject: Borrower, months: Life, chance: Chance) -> Accounts:
    """The accounts of a borrower over its life, those of its circle's guarantees last.

    Those that nobody grants any more, after a default or a closing, are drawn all the same and end
    before they start: so no number drawn for the months before can tell what comes after.
    """
    credit = world.parameters.sources.credit
    opened = _joined(
        _own(credit, subject, months, chance), _guarantees(credit, subject, months, chance)
    )
    dice = chance.rows(_DICE, len(opened.start))
    term = np.maximum(3, np.floor(opened.months * (0.6 + 0.8 * dice[0]))).astype(np.int64)
    term = np.where(opened.pays == PAYS.index("revolving"), term + 1, term)
    early = 1 + (dice[1] * (term - 1)).astype(np.int64)
    planned = opened.start + np.where(dice[2] < credit.early, early, term)
    stop = opened.failing + (dice[3] * (opened.lag + 1)).astype(np.int64)
    stops = (dice[4] < opened.follows) & (opened.start < stop) & (stop < planned)
    worked_out = stop + credit.least_workout + (dice[5] * credit.workout).astype(np.int64)
    unresolved = dice[6] >= credit.ends[1]
    granted = (months.open[opened.start] == 1) & (opened.start < opened.failing)
    granted &= (months.default_month < 0) | (opened.start < months.default_month)
    ended = worked_out + credit.unresolved_months * unresolved
    return Accounts(
        subject=opened.subject,
        product=opened.product,
        lender=opened.lender,
        pays=opened.pays,
        limit=_limits(credit, months, opened, dice[7]),
        rate=np.array(credit.rates)[opened.lender] / 12,
        term=term,
        start=opened.start,
        stop=np.where(stops, stop, NEVER),
        last=np.where(granted, np.where(stops, ended, planned), -1),
        written_off=(stops & (unresolved | (dice[6] < credit.ends[0]))).astype(np.int64),
        rank=dice[8],
    )


def _own(credit: Credit, subject: Borrower, months: Life, chance: Chance) -> _Opened:
    kinds = credit.facilities
    placed = moments(_expected(credit, subject, months), chance)
    kind = placed.kind
    stolen = _stolen(subject) & (months.faking[placed.month] == 1) & _taken(kinds)[kind]
    default = months.default_month if months.default_month >= 0 else NEVER
    return _Opened(
        subject=np.array([int(item.subject == "person") for item in kinds])[kind],
        product=np.array([PRODUCTS.index(item.product) for item in kinds])[kind],
        lender=np.array([LENDERS.index(item.lender) for item in kinds])[kind],
        pays=np.array([PAYS.index(item.pays) for item in kinds])[kind],
        start=placed.month,
        months=np.array([item.months for item in kinds])[kind],
        sales=np.array([item.sales for item in kinds])[kind],
        follows=np.where(stolen, 1.0, np.array([item.follows for item in kinds])[kind]),
        # The thief pays once or twice, so that nobody looks.
        failing=np.where(stolen, placed.month + 2, default),
        lag=np.array([item.lag for item in kinds])[kind],
    )


def _expected(credit: Credit, subject: Borrower, months: Life) -> Floats:
    kinds = credit.facilities
    monthly = np.array([item.monthly for item in kinds])
    weights, which = np.unique([item.stress for item in kinds], return_inverse=True)
    lift = exp(weights[:, None] * np.minimum(months.stress, _MOST_STRESS))
    # What was opened before the first month stands in the first.
    stock = np.minimum(max(-subject.firm.opened, 0), [item.months / 2 for item in kinds])
    lift = lift[which]
    lift[:, 0] = lift[:, 0] * (1 + stock)
    running = np.arange(MONTHS) >= subject.firm.opened
    stolen = credit.stolen * months.faking * int(_stolen(subject))
    expected: Floats = (monthly[:, None] * lift + np.outer(_taken(kinds), stolen)) * running
    return expected


def _stolen(subject: Borrower) -> bool:
    return subject.fraud is not None and subject.fraud.kind == "stolen_identity"


def _taken(kinds: tuple[Facility, ...]) -> np.ndarray:
    """Which accounts a thief opens: those that are opened over the wire in a person's name."""
    return np.array([item.lender == "internet" and item.subject == "person" for item in kinds])


def _guarantees(credit: Credit, subject: Borrower, months: Life, chance: Chance) -> _Opened:
    """Guarantees of the firm for the other members of its circle, whose defaults end them."""
    failing = np.array([NEVER if at < 0 else at for at in months.circle_defaults], dtype=np.int64)
    failing = np.repeat(failing, credit.circle_rounds)
    first = max(subject.firm.opened, 0)
    start = first + (chance.uniform(len(failing)) * (MONTHS - first)).astype(np.int64)
    whole = np.zeros(len(failing), dtype=np.int64)
    part = np.zeros(len(failing), dtype=np.float64)
    return _Opened(
        subject=whole,
        product=whole + _GUARANTEE,
        lender=whole,
        pays=whole + PAYS.index("nothing"),
        start=start,
        months=whole + credit.circle_months,
        sales=part + credit.circle_sales,
        follows=part + 1,
        failing=failing,
        lag=whole,
    )


def _joined(one: _Opened, other: _Opened) -> _Opened:
    return _Opened(
        subject=np.concatenate([one.subject, other.subject]),
        product=np.concatenate([one.product, other.product]),
        lender=np.concatenate([one.lender, other.lender]),
        pays=np.concatenate([one.pays, other.pays]),
        start=np.concatenate([one.start, other.start]),
        months=np.concatenate([one.months, other.months]),
        sales=np.concatenate([one.sales, other.sales]),
        follows=np.concatenate([one.follows, other.follows]),
        failing=np.concatenate([one.failing, other.failing]),
        lag=np.concatenate([one.lag, other.lag]),
    )


def _limits(credit: Credit, months: Life, opened: _Opened, dice: Floats) -> Integers:
    """Round sums, of the sales at the time: lenders look at what there is to repay from."""
    luck = exp(credit.spread_of_limits * (dice - 0.5) * 4)
    most = np.array(credit.most_limits)[opened.subject]
    sums = np.minimum(months.sales[opened.start] * opened.sales * luck, most)
    steps = np.maximum(np.floor(sums / credit.least_limit), 1).astype(np.int64)
    limits: Integers = steps * credit.least_limit
    return limits
