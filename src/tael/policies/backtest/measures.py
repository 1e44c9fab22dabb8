"""Figures of versions over cases: counts, rates and money, of all and by group.

Every figure is an integer, of which a reader may make rates: sums do not hang on the order of rows,
and two runs that agree, agree to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.policies.backtest.cases import Cases, Ruled, month_of
from tael.policies.backtest.judge import UNKNOWN
from tael.policies.backtest.numbers import Whole, exact_sum, sums_by
from tael.policies.backtest.verdict import DECLINE, OUTCOMES, REFER, UNANSWERED
from tael.policies.intervals import wilson

_PRIME = 3  # R1 to R3
_QUARTILES = (10, 25, 50, 75, 90)
_SMALL = 2**16
QUANTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Figures:
    """One version on one group of cases; amounts in minor units.

    Attributes:
        applications: cases of the group.
        approved, referred, declined, unanswered: they, by outcome.
        prime: of the approved those of tier 1 to 3.
        lent: amount of the approved; ``lent_prime`` of tier 1 to 3.
        limits: limits of the approved.
        pd: PDs of the approved, billionths, added up.
        revenue, funding, operating, expected_loss: of the approved by their PD.
        known: of the approved those whose outcome is known; ``bad`` those gone bad.
        known_pd: PDs of the known, billionths, added up.
        known_lent: amount of the known.
        known_expected_loss: expected loss of the known; ``loss`` is what came of them, ``profit``
            what they earned after it.
    """

    applications: int
    approved: int
    referred: int
    declined: int
    unanswered: int
    prime: int
    lent: int
    lent_prime: int
    limits: int
    pd: int
    revenue: int
    funding: int
    operating: int
    expected_loss: int
    known: int
    bad: int
    known_pd: int
    known_lent: int
    known_expected_loss: int
    loss: int
    profit: int

    @property
    def expected_profit(self) -> int:
        """Revenue less cost of funds, operating cost and expected loss, minor units."""
        return self.revenue - self.funding - self.operating - self.expected_loss

    @property
    def approval(self) -> float | None:
        """Approved of those who applied."""
        return _share(self.approved, self.applications)

    @property
    def bad_rate(self) -> float | None:
        """Bad of the approved whose outcome is known."""
        return _share(self.bad, self.known)

    @property
    def bad_interval(self) -> tuple[float, float] | None:
        """Wilson's interval of 95 % around ``bad_rate``."""
        return wilson(self.bad, self.known) if self.known else None

    @property
    def mean_pd(self) -> float | None:
        """Mean PD of the approved."""
        return _share(self.pd, self.approved * 10**9)

    @property
    def prime_share(self) -> float | None:
        """R1 to R3 of the approved."""
        return _share(self.prime, self.approved)

    @property
    def prime_share_of_amount(self) -> float | None:
        """R1 to R3 of the amount lent."""
        return _share(self.lent_prime, self.lent)

    def as_json(self) -> dict[str, int]:
        """The integers by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, eq=False)
class Columns:
    """What each case adds to each figure: all cases to some, the approved alone to most.

    Attributes:
        every: int64 [cases] by name.
        rows: int64, the cases that are approved.
        approved: int64 [rows] by name.
    """

    every: Mapping[str, Whole]
    rows: Whole
    approved: Mapping[str, Whole]

    def total(self) -> Figures:
        """The figures of all cases."""
        parts = {**self.every, **self.approved}
        return Figures(**{name: exact_sum(values) for name, values in parts.items()})

    def marked(self, marks: npt.NDArray[np.bool_]) -> Figures:
        """The figures of the marked cases."""
        some = marks[self.rows]
        parts = {name: values[marks] for name, values in self.every.items()}
        parts |= {name: values[some] for name, values in self.approved.items()}
        return Figures(**{name: exact_sum(values) for name, values in parts.items()})

    def grouped(self, groups: Whole, names: Sequence[str]) -> dict[str, Figures]:
        """The figures of each group, in the order of ``names``; a group of no case has none."""
        size, some = len(names), groups[self.rows]
        sums = {name: sums_by(groups, values, size) for name, values in self.every.items()}
        sums |= {name: sums_by(some, values, size) for name, values in self.approved.items()}
        found = {}
        for place, name in enumerate(names):
            figures = Figures(**{each: int(values[place]) for each, values in sums.items()})
            if figures.applications:
                found[name] = figures
        return found


def columns_of(ruled: Ruled, bad: npt.NDArray[np.int8]) -> Columns:
    """What each case adds to each figure; ``bad`` as ``Cases`` has it."""
    outcome, rows = ruled.outcome, np.flatnonzero(ruled.approved)
    tier, came, worth = ruled.tier[rows], bad[rows], ruled.worth.of(rows)
    prime = ((tier >= 1) & (tier <= _PRIME)).astype(np.int64)
    known = (came != UNKNOWN).astype(np.int64)
    lent, pd = ruled.lent[rows], ruled.pd[rows]
    every = {
        "applications": np.ones(len(bad), np.int64),
        "referred": (outcome == REFER).astype(np.int64),
        "declined": (outcome == DECLINE).astype(np.int64),
        "unanswered": (outcome == UNANSWERED).astype(np.int64),
    }
    approved = {
        "approved": np.ones(len(rows), np.int64),
        "prime": prime,
        "lent": lent,
        "lent_prime": lent * prime,
        "limits": ruled.limit[rows],
        "pd": pd,
        "revenue": worth.revenue,
        "funding": worth.funding,
        "operating": worth.operating,
        "expected_loss": worth.loss,
        "known": known,
        "bad": (came == 1).astype(np.int64),
        "known_pd": pd * known,
        "known_lent": lent * known,
        "known_expected_loss": worth.loss * known,
        "loss": ruled.loss[rows] * known,
        "profit": ruled.profit[rows] * known,
    }
    return Columns(every, rows, approved)


def groups_of(cases: Cases, ruled: Ruled) -> Iterator[tuple[str, Whole, list[str]]]:
    """Each way to tell cases apart: its name, the group of each case, and their names in order."""
    month = month_of(cases.applied)
    for name, size in (("month", 1), ("quarter", 3), ("year", 12)):
        period = month // size
        first = int(period.min())
        count = int(period.max()) - first + 1
        yield name, period - first, [_period(first + k, size) for k in range(count)]
    yield "tier", ruled.tier.astype(np.int64), ["", *(f"R{tier}" for tier in range(1, 8))]
    yield "decided", cases.decided.astype(np.int64), ["unknown", *OUTCOMES[1:]]
    for name, column in cases.segments.items():
        yield name, *_texts(column)


def _texts(column: Any) -> tuple[Whole, list[str]]:
    """The place of each text in their sorted list; a missing one is ''."""
    known = [text or "" for text in column.dictionary.to_pylist()]
    names = sorted({*known, ""})
    place = np.array([*(names.index(text) for text in known), names.index("")], np.int64)
    at = column.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    return place[at], names


def _period(number: int, size: int) -> str:
    year, part = divmod(number * size, 12)
    if size == 1:
        return f"{1970 + year}-{part + 1:02d}"
    return f"{1970 + year}" if size == 12 else f"{1970 + year}Q{part // 3 + 1}"  # noqa: PLR2004


def distribution(values: Whole) -> dict[str, int]:
    """Quantiles of integers: each is one of them, the next below the exact place."""
    if not len(values):
        return {}
    places = [(len(values) - 1) * quantile // 100 for quantile in QUANTILES]
    sorted_at = np.partition(values, places)
    found = {f"p{q}": int(sorted_at[place]) for q, place in zip(QUANTILES, places, strict=True)}
    return {"least": int(values.min()), **found, "most": int(values.max())}


def distributions(ruled: Ruled) -> dict[str, dict[str, int]]:
    """What the approved pay, may borrow and borrow: rates in billionths, amounts in minor units."""
    approved = ruled.approved
    return {
        "price": distribution(ruled.worth.all_in[approved]),
        "limit": distribution(ruled.limit[approved]),
        "lent": distribution(ruled.lent[approved]),
        "months": distribution(ruled.months[approved]),
    }


class Spreads:
    """Quantiles of price and limit of the approved, group by group."""

    def __init__(self, ruled: Ruled) -> None:
        self._rows = np.flatnonzero(ruled.approved)
        measured = {"price": ruled.worth.all_in[self._rows], "limit": ruled.limit[self._rows]}
        # Sorted once: a stable sort by group keeps the order within each.
        orders = {name: np.argsort(values, kind="stable") for name, values in measured.items()}
        self._sorted = {
            name: (orders[name], values[orders[name]]) for name, values in measured.items()
        }

    def by(self, groups: Whole, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """``price_p50`` and so on by group, as ``distribution`` has them; empty for no approved."""
        found: dict[str, dict[str, int]] = {name: {} for name in names}
        mine = groups[self._rows].astype(np.uint16 if len(names) < _SMALL else np.int64)
        counts = np.bincount(mine, minlength=len(names))
        starts = np.cumsum(counts) - counts
        for measure, (order, values) in self._sorted.items():
            together = values[np.argsort(mine[order], kind="stable")]
            for place, name in enumerate(names):
                for quantile in _QUARTILES if counts[place] else ():
                    at = starts[place] + (counts[place] - 1) * quantile // 100
                    found[name][f"{measure}_p{quantile}"] = int(together[at])
        return found


def reasons(ruled: Ruled) -> dict[str, int]:
    """How many cases each first reason was given to, most frequent first."""
    names = ruled.reason.dictionary.to_pylist()
    counts = np.bincount(ruled.reason.indices.to_numpy(zero_copy_only=False), minlength=len(names))
    found = {name: int(count) for name, count in zip(names, counts, strict=True) if name and count}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def transitions(before: Ruled, after: Ruled) -> dict[str, dict[str, int]]:
    """Cases by what one version says, and the other."""
    size = len(OUTCOMES)
    pairs = before.outcome.astype(np.int64) * size + after.outcome
    counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
    return {
        OUTCOMES[row]: {OUTCOMES[place]: int(counts[row, place]) for place in range(size)}
        for row in range(size)
        if counts[row].any()
    }
