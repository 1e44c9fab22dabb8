"""Which cohorts to calibrate on: the latest of which everything that matters is known by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from tael.kernel import BadInput
from tael.risk.columns import Bools, Ints
from tael.risk.sample import Sample, month_of


@dataclass(frozen=True, slots=True)
class Maturity:
    """When a cohort is ripe, and how much of the past to take.

    Three years by default: a single year chases the cycle two years late, for its outcome is that
    of the year after. Over 13 vintages of the economy of a million applications one year missed
    observed by 17 per cent on average and three years by 10 (all years: 12); for 2022 one year,
    that of the payment holidays, gave 0.73 of the bads and three years 0.87. The default was
    chosen by looking at these vintages.

    Attributes:
        performance_months: the window of the outcome.
        settle_months: from the application to disbursement, and until the outcome is recorded.
        months: how many of the latest matured months to take at least.
        most_months: and at most, where there are too few bads.
        wanted_bads: go back until there are so many: with 200 the level is known within 7 per cent
            (one standard error), with a year of 40 bads only within 16.
        most_unknown: the share of a month's outcomes that may become known only later.
        without: months, since January 1970, declared unfit and left out: payment holidays hide
            defaults, and a calibration on them promises too little for the time after.
    """

    performance_months: int = 12
    settle_months: int = 1
    months: int = 36
    most_months: int = 60
    wanted_bads: int = 200
    most_unknown: float = 0.01
    without: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Cohort:
    """Rows to calibrate on.

    Attributes:
        rows: bool [rows of the sample].
        first, last: first and last month taken, since January 1970.
        bads: how many bads there are in it.
    """

    rows: Bools
    first: int
    last: int
    bads: int


def matured(sample: Sample, day: date, settings: Maturity = Maturity()) -> Bools:
    """The labelled rows of months whose whole performance window was over and known on ``day``.

    A month is ripe when its last application has had ``performance_months`` and ``settle_months``
    by ``day``. Asking only whether a label was known by then would take the early bads of young
    months without their goods, for a bad is known at once and a good after a year.
    """
    vintage = sample.vintage
    today = month_of(day.year, day.month)
    wait = settings.performance_months + settings.settle_months + 1
    known = sample.labelled & (sample.known <= np.datetime64(day, "s"))
    ripe = sample.labelled & (vintage + wait <= today)
    ripe &= ~np.isin(vintage, settings.without)
    for month in np.unique(vintage[ripe]).tolist():
        here = ripe & (vintage == month)
        if (here & ~known).sum() > settings.most_unknown * here.sum():
            ripe &= vintage != month
    return ripe & known


def latest_matured(sample: Sample, day: date, settings: Maturity = Maturity()) -> Cohort:
    """The latest matured months: ``months`` of them, or more until the wanted bads are found.

    Raises:
        BadInput: no matured month, or ``settings`` that ask for less than one month.
    """
    if not 0 < settings.months <= settings.most_months:
        raise BadInput(
            f"{settings.months} to {settings.most_months} months of cohorts",
            field="months",
            rule="1 <= months <= most_months",
        )
    ripe = matured(sample, day, settings)
    if not ripe.any():
        raise BadInput(
            f"no cohort has {settings.performance_months} months of performance by {day}",
            field="day",
            rule="at least one matured month",
        )
    last = int(sample.vintage[ripe].max())
    bads = _bads_by_age(sample, ripe, last)
    reached = int(np.searchsorted(np.cumsum(bads), settings.wanted_bads)) + 1
    months = min(max(settings.months, reached), settings.most_months)
    rows = ripe & (sample.vintage > last - months)
    return Cohort(rows, last - months + 1, last, int(sample.bad[rows].sum()))


def _bads_by_age(sample: Sample, ripe: Bools, last: int) -> Ints:
    bad = ripe & (sample.bad > 0)
    found: Ints = np.bincount(last - sample.vintage[bad], minlength=1).astype(np.int64)
    return found
