"""What is watched: scored applications, the months they fall in, and when outcomes count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from tael.kernel import BadInput, Day
from tael.report import Words
from tael.risk.calibration import Maturity, matured
from tael.risk.monitoring.thresholds import Thresholds
from tael.risk.sample import Bools, Floats, Ints, Sample, month_of

_YEAR, _QUARTER = 12, 3
_LENGTHS = (1, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class EarlySign:
    """An early bad: its words, and the months after which a cohort's are known, goods included."""

    words: Words
    wait_months: int


# First instalment missed, and 30 days or more late at the third month on book; a month from the
# application to disbursement, a month until it is recorded.
EARLY: Mapping[str, EarlySign] = {
    "first_payment": EarlySign(Words("首期逾期", "First payment missed"), 3),
    "thirty_at_3": EarlySign(Words("第 3 期 30+", "30+ at month 3"), 5),
}


@dataclass(frozen=True, eq=False)
class Scored:
    """Applications with the probability they were given, and what became of them so far.

    Attributes:
        sample: variables, outcomes, instants. Weights are not read: a row is an application.
        pd: float64 [rows]: the calibrated 12-month probability, as given then. Of the reference
            those of folds or of later rows, never those of a model on its own training rows.
        granted: bool [rows]: whose outcome can ever be known; None: all.
        early: by code of ``EARLY``, float64 [rows]: 1 bad, 0 good, NaN not known.
        bad_month: float64 [rows]: months from the application to default, NaN while there is none.
        seen_months: float64 [rows]: months from the application until which it is known whether it
            defaulted; a loan that was repaid is known to the end.
    """

    sample: Sample
    pd: Floats
    granted: Bools | None = None
    early: Mapping[str, Floats] = field(default_factory=dict)
    bad_month: Floats | None = None
    seen_months: Floats | None = None

    def __post_init__(self) -> None:
        rows = self.sample.rows
        columns = {
            "pd": self.pd, "granted": self.granted, "bad_month": self.bad_month,
            "seen_months": self.seen_months, **self.early,
        }  # fmt: skip
        for name, held in columns.items():
            if held is not None and held.shape != (rows,):
                raise BadInput(
                    f"{name} has shape {held.shape}, {rows} rows asked",
                    field=name,
                    rule="one a row",
                )
        wrong = np.flatnonzero(~((self.pd >= 0) & (self.pd <= 1)))
        if len(wrong):
            raise BadInput(
                f"{self.pd[wrong[0]]} is no probability",
                field="pd",
                row=int(wrong[0]) + 1,
                rule="between 0 and 1",
            )
        for name in self.early:
            if name not in EARLY:
                raise BadInput(
                    f"no early sign {name!r}; there are {', '.join(EARLY)}",
                    field="early",
                    rule="a known early sign",
                )

    @cached_property
    def outcomes(self) -> Bools:
        """The rows whose outcome can ever be known."""
        return np.ones(self.sample.rows, dtype=bool) if self.granted is None else self.granted


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is watched.

    Attributes:
        as_of: the day whose knowledge counts: no outcome known later is read.
        period_months: 1, 3, 6 or 12; calendar periods.
        thresholds: where alarms ring.
        level: of every interval; one end of it alone makes an alarm.
        least_rows: a period with fewer applications is counted and not judged.
        least_bads: with fewer bads a period has no AUC and no KS.
        maturity: when an outcome counts.
        pieces: bins of the score and of each variable before the missing kinds.
        draws: simulated outcomes for the expected AUC.
        seed: of draws and resamples.
        threads: at work at once; results do not depend on it.
    """

    as_of: date
    period_months: int = 1
    thresholds: Thresholds = field(default_factory=Thresholds)
    level: float = 0.95
    least_rows: int = 50
    least_bads: int = 10
    maturity: Maturity = field(default_factory=Maturity)
    pieces: int = 10
    draws: int = 200
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        if self.period_months not in _LENGTHS:
            raise BadInput(
                f"a period of {self.period_months} months",
                field="period_months",
                rule="1, 3, 6, 12",
            )
        if not 0 < self.level < 1:
            raise BadInput(f"{self.level} is no level", field="level", rule="between 0 and 1")
        if self.least_rows < 1 or self.least_bads < 1 or self.draws < 1:
            raise BadInput("limits are 1 or more", field="least_rows", rule="1 or more")

    @property
    def tail(self) -> float:
        """The chance of a false alarm at one end of an interval."""
        return (1 - self.level) / 2


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Calendar months watched as one: ``first`` since January 1970, and how many."""

    first: int
    months: int

    @property
    def day(self) -> Day:
        """The first day."""
        year, month = divmod(self.first, _YEAR)
        return Day(1970 + year, month + 1, 1)

    @property
    def label(self) -> str:
        """2019-03, 2019Q1, 2019H1 or 2019."""
        year, month = 1970 + self.first // _YEAR, self.first % _YEAR
        if self.months == _YEAR:
            return str(year)
        if self.months == 1:
            return f"{year}-{month + 1:02}"
        kind = "Q" if self.months == _QUARTER else "H"
        return f"{year}{kind}{month // self.months + 1}"


@dataclass(frozen=True, eq=False)
class Calendar:
    """The periods from the first application to the last, and the period of each row."""

    periods: tuple[Period, ...]
    place: Ints

    def rows_of(self, number: int) -> Bools:
        """The rows of a period."""
        found: Bools = self.place == number
        return found


def calendar_of(sample: Sample, settings: Settings) -> Calendar:
    """The periods that the rows of ``sample`` fall in, without a gap.

    Raises:
        BadInput: no row, or an application after the day of watching; names the row.
    """
    if not sample.rows:
        raise BadInput("there is no application to watch", field="months", rule="one or more rows")
    later = np.flatnonzero(
        sample.asof >= np.datetime64(settings.as_of, "s") + np.timedelta64(1, "D")
    )
    if len(later):
        raise BadInput(
            f"an application of {sample.asof[later[0]]} is watched as of {settings.as_of}",
            field="asof",
            row=int(later[0]) + 1,
            rule="not after the day of watching",
        )
    months = settings.period_months
    number = sample.vintage // months
    first = int(number.min())
    periods = tuple(Period(i * months, months) for i in range(first, int(number.max()) + 1))
    return Calendar(periods, number - first)


def check_some_judged(calendar: Calendar, settings: Settings) -> None:
    """Refuse periods of which none holds enough applications: silence would be no good news.

    Raises:
        BadInput: says how many applications the fullest period holds.
    """
    most = int(np.bincount(calendar.place).max())
    if most < settings.least_rows:
        raise BadInput(
            f"none of {len(calendar.periods)} periods of {settings.period_months} months holds "
            f"{settings.least_rows} applications (the fullest holds {most}): nothing can be judged",
            field="months",
            rule=f"longer periods, with {settings.least_rows} applications in one or more",
        )


def ripe(scored: Scored, settings: Settings) -> Bools:
    """The rows whose outcome is known as of the day, with all of their month."""
    return scored.outcomes & matured(scored.sample, settings.as_of, settings.maturity)


def early_ripe(scored: Scored, code: str, settings: Settings) -> Bools:
    """The rows whose early sign is known as of the day, with all of their month."""
    today = month_of(settings.as_of.year, settings.as_of.month)
    over: Bools = scored.sample.vintage + EARLY[code].wait_months + 1 <= today
    return scored.outcomes & over & ~np.isnan(scored.early[code])


def check_alike(reference: Scored, live: Scored) -> None:
    """The reference and the months hold the same variables of the same plan.

    Raises:
        BadInput: other variables, or another plan.
    """
    if reference.sample.names != live.sample.names:
        other = set(reference.sample.names) ^ set(live.sample.names)
        raise BadInput(
            f"the months hold other variables than the reference: {sorted(other)[:3]}",
            field="names",
            rule="the same variables in the same order",
        )
    if reference.sample.plan != live.sample.plan:
        raise BadInput(
            f"the months were computed by plan {live.sample.plan or 'none'}, "
            f"the reference by {reference.sample.plan or 'none'}",
            field="plan",
            rule="one plan",
        )
