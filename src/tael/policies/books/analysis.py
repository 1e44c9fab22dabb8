"""What a book shows: bad rates by band, vintage and segment, and every cut-off with its money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tael.policies.books.cutoffs import Curve, curve_of
from tael.policies.books.intervals import Share, share
from tael.policies.books.model import Role
from tael.policies.books.money import Assumptions
from tael.policies.books.ranking import Measure, Ranking, band_rows, ranking_of
from tael.policies.books.rows import UNKNOWN, Flags, Ints, Rows

_MOST_VINTAGES = 30
_MOST_CURVES = 12
_MOST_KINDS = 15
_TERM_STEPS = (3, 6, 9, 12, 18, 24, 36, 48, 60)
_DAYS_A_MONTH = 30.4375
_MONTHS_A_YEAR, _MONTHS_A_QUARTER = 12, 3
_LEAST_OF_A_CURVE = 20


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one kind: a band, a tier, a vintage, a segment.

    ``bad`` is of those whose outcome is known; ``approved`` of those whose decision is. ``breaks``
    is whether a band is better than one above it beyond chance: its interval lies wholly below.
    """

    name: str
    count: int
    bad: Share
    approved: Share
    amount_minor: int
    breaks: bool = False

    @property
    def unknown(self) -> int:
        """How many have no outcome yet."""
        return self.count - self.bad.whole


@dataclass(frozen=True)
class Vintages:
    """Bad rates by month (or quarter) of application, alone, by term, and by months on book.

    ``terms`` are the column heads of ``by_term``, a share a vintage and term. ``curves`` are, of
    each of the last twelve vintages, the share gone bad by months on book; empty where the book
    does not say when loans went bad.
    """

    groups: tuple[Group, ...]
    terms: tuple[str, ...]
    by_term: Mapping[str, tuple[Share, ...]] = field(hash=False)
    curves: Mapping[str, tuple[Decimal, ...]] = field(hash=False)
    quarterly: bool = False


@dataclass(frozen=True)
class Analysis:
    """Everything the page of a book shows.

    ``ks`` and ``ranking.auc`` are of rows whose outcome is known; None where all are alike.
    """

    rows: Rows
    ranking: Ranking
    ks: float | None
    whole: Group
    bands: tuple[Group, ...]
    vintages: Vintages | None
    segments: Mapping[str, tuple[Group, ...]] = field(hash=False)
    curve: Curve = field(hash=False)


def analyse(rows: Rows, assumed: Assumptions, auc: Measure) -> Analysis:
    """The book under what is assumed; ``auc`` measures how well a column ranks."""
    ranking = ranking_of(rows, assumed, auc)
    bands = band_rows(ranking, ranking.passed())
    groups = _bands(rows, ranking, bands)
    return Analysis(
        rows=rows,
        ranking=ranking,
        ks=_ks(rows, ranking),
        whole=_group("", rows, np.ones(rows.count, dtype=bool)),
        bands=groups,
        vintages=_vintages(rows) if (rows.applied != UNKNOWN).any() else None,
        segments=_tiers(rows, ranking, assumed, auc)
        | {name: _segment(rows, texts) for name, texts in rows.segments.items()},
        curve=curve_of(rows, ranking, bands, assumed),
    )


def _group(name: str, rows: Rows, member: Flags) -> Group:
    known, decided = member & (rows.outcome != UNKNOWN), member & (rows.decision != UNKNOWN)
    return Group(
        name,
        int(member.sum()),
        share(int(rows.outcome[known].sum()), int(known.sum())),
        share(int(rows.decision[decided].sum()), int(decided.sum())),
        int(rows.amount[member].sum()),
    )


def _bands(rows: Rows, ranking: Ranking, bands: Ints) -> tuple[Group, ...]:
    found: list[Group] = []
    floor = Decimal(-1)
    for number, name in enumerate(band_names(ranking)):
        group = _group(name, rows, bands == number)
        low, high = group.bad.low, group.bad.high
        breaks = high is not None and high < floor
        found.append(
            Group(name, group.count, group.bad, group.approved, group.amount_minor, breaks)
        )
        floor = max(floor, low) if low is not None else floor
    return tuple(found)


def band_names(ranking: Ranking) -> tuple[str, ...]:
    """The bands from the best to the worst: a tier's text, or ``600 – 640`` with both cuts."""
    if ranking.tiers:
        return ranking.tiers
    starts = [ranking.cuts[at].text for at in ranking.bands]
    if len(starts) == 1:
        return ("all",)
    first, last = ("≥ ", "< ") if ranking.higher else ("≤ ", "> ")
    middle = [
        f"{low} – {high}" if ranking.higher else f"{high} – {low}"
        for high, low in pairwise(starts[:-1])
    ]
    return (f"{first}{starts[0]}", *middle, f"{last}{starts[-2]}")


def _ks(rows: Rows, ranking: Ranking) -> float | None:
    """The largest gap between the shares of bads and of goods that are no better than a value."""
    known = (rows.outcome != UNKNOWN) & ~np.isnan(ranking.goodness)
    bad, goodness = rows.outcome[known], ranking.goodness[known]
    if not len(bad) or bad.min() == bad.max():
        return None
    order = np.argsort(goodness, kind="stable")
    ends = np.append(np.diff(goodness[order]) != 0, np.array([True]))
    bads = np.cumsum(bad[order])[ends] / bad.sum()
    goods = np.cumsum(1 - bad[order])[ends] / (1 - bad).sum()
    return float(np.abs(bads - goods).max())


def _vintages(rows: Rows) -> Vintages:
    months = _months(rows.applied)
    quarterly = len(np.unique(months[months != UNKNOWN])) > _MOST_VINTAGES
    periods = (
        np.where(months == UNKNOWN, UNKNOWN, months // _MONTHS_A_QUARTER) if quarterly else months
    )
    known = np.unique(periods[periods != UNKNOWN])[-_MOST_VINTAGES:]
    steps = np.searchsorted(np.array(_TERM_STEPS), rows.months, side="left")
    used = np.unique(steps)
    names = {int(period): _period(int(period), quarterly=quarterly) for period in known}
    return Vintages(
        groups=tuple(_group(name, rows, periods == period) for period, name in names.items()),
        terms=tuple(_term(int(step)) for step in used),
        by_term={
            name: tuple(
                _group("", rows, (periods == period) & (steps == step)).bad for step in used
            )
            for period, name in names.items()
        },
        curves=_curves(rows, periods, names) if (rows.bad_on != UNKNOWN).any() else {},
        quarterly=quarterly,
    )


def _curves(rows: Rows, periods: Ints, names: Mapping[int, str]) -> dict[str, tuple[Decimal, ...]]:
    """The share of each vintage gone bad within so many months, up to the last day in the book."""
    last = int(max(rows.bad_on.max(), rows.applied.max()))
    on_book = ((rows.bad_on - rows.applied) / _DAYS_A_MONTH).astype(np.int64)
    bad = (rows.outcome == 1) & (rows.bad_on >= rows.applied) & (rows.bad_on != UNKNOWN)
    found = {}
    for period, name in list(names.items())[-_MOST_CURVES:]:
        member = (periods == period) & (rows.outcome != UNKNOWN)
        count = int(member.sum())
        if count < _LEAST_OF_A_CURVE:
            continue
        seen = max(1, int((last - int(rows.applied[member].max())) / _DAYS_A_MONTH))
        gone = np.bincount(on_book[member & bad], minlength=seen + 1)[: seen + 1].cumsum()
        found[name] = tuple(
            (Decimal(int(each)) / count).quantize(Decimal("0.000001")) for each in gone
        )
    return found


def _months(days: Ints) -> Ints:
    found = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.where(days == UNKNOWN, UNKNOWN, found)


def _period(period: int, *, quarterly: bool) -> str:
    if quarterly:
        year, quarter = divmod(period, _MONTHS_A_YEAR // _MONTHS_A_QUARTER)
        return f"{1970 + year}Q{quarter + 1}"
    year, month = divmod(period, _MONTHS_A_YEAR)
    return f"{1970 + year}-{month + 1:02d}"


def _term(step: int) -> str:
    if step == len(_TERM_STEPS):
        return f"> {_TERM_STEPS[-1]}"
    return f"≤ {_TERM_STEPS[step]}"


def _tiers(
    rows: Rows, ranking: Ranking, assumed: Assumptions, auc: Measure
) -> dict[str, tuple[Group, ...]]:
    """The tiers from best to worst, where another column ranks."""
    if ranking.role is Role.TIER or Role.TIER not in rows.ranking:
        return {}
    tiers = ranking_of(rows, replace(assumed, by=Role.TIER.value, better=""), auc)
    return {Role.TIER.value: _bands(rows, tiers, band_rows(tiers, tiers.passed()))}


def _segment(rows: Rows, texts: npt.NDArray[np.object_]) -> tuple[Group, ...]:
    kinds, index = np.unique(
        np.array([text or "" for text in texts], dtype=object), return_inverse=True
    )
    groups = [_group(str(kind), rows, index == number) for number, kind in enumerate(kinds)]
    largest: Sequence[Group] = sorted(groups, key=lambda one: (-one.count, one.name))
    return tuple(largest[:_MOST_KINDS])
