"""Every cut-off of a book: whom it accepts, what that earns and loses, and who changes sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tael.policies.books.intervals import Share, ratio, share
from tael.policies.books.money import PPM, Assumptions, Earnings, earnings
from tael.policies.books.ranking import Ranking
from tael.policies.books.rows import UNKNOWN, Flags, Ints, Rows

SIDES = ("both", "in", "out", "neither")


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over a group of rows; money in minor units.

    Of rows without an outcome, ``expected_ppm`` counts as many millionths of a bad as their band
    makes likely; ``income``, ``funding``, ``loss`` and ``profit`` are what is expected, ``best``
    and ``worst`` the profit if all of them turn out good, or all bad.
    """

    count: int = 0
    good: int = 0
    bad: int = 0
    unknown: int = 0
    expected_ppm: int = 0
    amount: int = 0
    income: int = 0
    funding: int = 0
    loss: int = 0
    cost: int = 0
    profit: int = 0
    best: int = 0
    worst: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, n) + getattr(other, n) for n in NAMES))

    @property
    def known(self) -> Share:
        """The bad rate of those whose outcome is known, with its interval."""
        return share(self.bad, self.good + self.bad)

    @property
    def expected(self) -> Decimal | None:
        """The bad rate with what is expected of the others."""
        return ratio(self.bad * PPM + self.expected_ppm, self.count * PPM)

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The bad rate if all others turn out good, and if all turn out bad."""
        return ratio(self.bad, self.count), ratio(self.bad + self.unknown, self.count)


NAMES = tuple(each.name for each in fields(Figures))


@dataclass(frozen=True, slots=True)
class Swap:
    """Who is accepted now and under the cut-off: both, newly in, newly out, or neither."""

    both: Figures
    into: Figures
    out: Figures
    neither: Figures

    @property
    def accepted(self) -> Figures:
        """Everybody the cut-off accepts."""
        return self.both + self.into

    @property
    def present(self) -> Figures:
        """Everybody who is accepted now."""
        return self.both + self.out

    @property
    def everybody(self) -> Figures:
        """The whole book."""
        return self.accepted + self.out + self.neither

    def sides(self) -> Mapping[str, Figures]:
        """The four by the words of ``SIDES``."""
        return dict(zip(SIDES, (self.both, self.into, self.out, self.neither), strict=True))


@dataclass(frozen=True)
class Curve:
    """One swap set a cut-off, from accepting everybody to accepting fewest.

    Attributes:
        cuts: the texts of the cut-offs.
        swaps: as many.
        present: where the present decision stands: the number of the cut-off that accepts as many;
            of a book without decisions the cut-off in use.
        likely: the bad rate taken for rows without an outcome, by band from the best, accepted now.
        coarse: whether rates were rounded to a tenth of a per cent for the money.
    """

    cuts: tuple[str, ...]
    swaps: tuple[Swap, ...]
    present: int
    likely: tuple[Decimal, ...]
    coarse: bool

    def best(self) -> int:
        """The number of the cut-off with the highest expected profit, the loosest of equals."""
        return max(range(len(self.swaps)), key=lambda at: (self.swaps[at].accepted.profit, -at))


def curve_of(rows: Rows, ranking: Ranking, bands: Ints, assumed: Assumptions) -> Curve:
    """Every cut-off of ``ranking`` against the decisions of the book.

    Where the book has no decisions, the present ones are those of the cut-off ``assumed.present``,
    or everybody's acceptance. A row without a decision counts as not accepted.
    """
    passed = ranking.passed()
    now = _accepted_now(rows, ranking, passed, assumed)
    money = earnings(rows.amount, rows.months, rows.rate_ppm, assumed)
    likely = likely_ppm(rows, bands, len(ranking.bands))
    parts = _parts(rows, money, _ppm_of(rows, bands, likely, assumed), assumed.cost_minor)
    accepted, others = (
        _by_passed(parts, passed, now == side, len(ranking.cuts)) for side in (True, False)
    )
    swaps = tuple(
        Swap(
            _sum(accepted[:, at + 1 :]), _sum(others[:, at + 1 :]),
            _sum(accepted[:, : at + 1]), _sum(others[:, : at + 1]),
        )
        for at in range(len(ranking.cuts))
    )  # fmt: skip
    return Curve(
        tuple(cut.text for cut in ranking.cuts),
        swaps,
        _present(rows, ranking, swaps, assumed),
        tuple((Decimal(int(ppm)) / PPM).quantize(Decimal("0.0001")) for ppm in likely),
        money.coarse,
    )


def likely_ppm(rows: Rows, bands: Ints, count: int) -> Ints:
    """int64 [bands]: the bad rate of each band in millionths, never lower in a worse band.

    Neighbours out of order are pooled by their numbers (Ayer, Brunk, Ewing, Reid and Silverman,
    Annals of Mathematical Statistics 26, 1955). A band without outcomes takes the next worse one's,
    the worst bands that of the last one with outcomes.
    """
    known = (rows.outcome != UNKNOWN) & (bands != UNKNOWN)
    seen = np.bincount(bands[known], minlength=count)
    bad = np.bincount(bands[known], weights=rows.outcome[known], minlength=count).astype(np.int64)
    pools: list[list[int]] = []
    for number in range(count):
        if not seen[number]:
            continue
        pools.append([int(bad[number]), int(seen[number]), number])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [pools[-1][0] + last[0], pools[-1][1] + last[1], last[2]]
    found, start = np.zeros(count, dtype=np.int64), 0
    for bads, rows_seen, end in pools:
        found[start : end + 1] = (bads * PPM + rows_seen // 2) // rows_seen
        start = end + 1
    found[start:] = found[start - 1] if start else 0
    return found


def _ppm_of(rows: Rows, bands: Ints, likely: Ints, assumed: Assumptions) -> Ints:
    """int64 [rows]: how likely bad a row without an outcome is, in millionths."""
    own = np.where(bands == UNKNOWN, likely[-1], likely[np.maximum(bands, 0)])
    worse = (own * int(assumed.worse * 1000) + 500) // 1000
    return np.minimum(np.where(rows.decision == 0, worse, own), PPM).astype(np.int64)


def _accepted_now(rows: Rows, ranking: Ranking, passed: Ints, assumed: Assumptions) -> Flags:
    if rows.decided:
        approved: Flags = rows.decision == 1
        return approved
    at = ranking.place(assumed.present) if assumed.present else 0
    above: Flags = passed > at
    return above


def _present(rows: Rows, ranking: Ranking, swaps: Sequence[Swap], assumed: Assumptions) -> int:
    if not rows.decided:
        return ranking.place(assumed.present) if assumed.present else 0
    wanted = swaps[0].present.count
    return min(range(len(swaps)), key=lambda at: abs(swaps[at].accepted.count - wanted))


def _parts(rows: Rows, money: Earnings, ppm: Ints, cost_minor: int) -> npt.NDArray[np.int64]:
    """What each row adds to each of the figures: int64 [names, rows]."""
    bad, unknown = (rows.outcome == 1).astype(np.int64), (rows.outcome == UNKNOWN).astype(np.int64)
    chance = np.where(unknown == 1, ppm, bad * PPM)
    cost = np.full(rows.count, cost_minor, dtype=np.int64)
    if_good = money.income_good - money.funding_good - cost
    if_bad = money.income_bad - money.funding_bad - money.loss - cost
    income = _mixed(money.income_good, money.income_bad, chance)
    funding = _mixed(money.funding_good, money.funding_bad, chance)
    loss = _mixed(np.zeros_like(money.loss), money.loss, chance)
    by_name = {
        "count": np.ones(rows.count, dtype=np.int64),
        "good": (rows.outcome == 0).astype(np.int64),
        "bad": bad,
        "unknown": unknown,
        "expected_ppm": unknown * ppm,
        "amount": rows.amount,
        "income": income,
        "funding": funding,
        "loss": loss,
        "cost": cost,
        "profit": income - funding - loss - cost,
        "best": np.where(bad == 1, if_bad, if_good),
        "worst": np.where((bad == 1) | (unknown == 1), if_bad, if_good),
    }
    return np.stack([by_name[name] for name in NAMES])


def _mixed(good: Ints, bad: Ints, chance_ppm: Ints) -> Ints:
    """What is expected where ``bad`` comes with a chance of millionths, half up, in 64 bits."""
    whole, rest = np.divmod(bad - good, PPM)
    mixed = good + whole * chance_ppm + (rest * chance_ppm + PPM // 2) // PPM
    return mixed.astype(np.int64)


def _by_passed(
    parts: npt.NDArray[np.int64], passed: Ints, member: Flags, cuts: int
) -> npt.NDArray[np.int64]:
    """int64 [names, cuts + 1]: the sums of the rows that pass so many cuts."""
    found = np.zeros((len(parts), cuts + 1), dtype=np.int64)
    for number, values in enumerate(parts):
        np.add.at(found[number], passed[member], values[member])
    return found


def _sum(columns: npt.NDArray[np.int64]) -> Figures:
    return Figures(*(int(value) for value in columns.sum(axis=1)))
