"""How far score, variables and sources have moved from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tael.risk.bins import BinSettings, prebin
from tael.risk.facts import Facts
from tael.risk.measures import Interval
from tael.risk.monitoring.inputs import Calendar, Scored, Settings
from tael.risk.monitoring.intervals import discoveries, psi_chance, psi_interval, wald
from tael.risk.monitoring.result import ACT, WATCH, Drift, SourceDrift
from tael.risk.sample import (
    HAS_VALUE,
    NO_EVENT,
    NO_SOURCE,
    REASONS,
    Bools,
    Floats,
    Ints,
    Reasons,
    Sample,
)

KINDS = len(REASONS)


@dataclass(frozen=True, eq=False)
class Shift:
    """Indices of many variables in many periods, and what chance alone would make of them."""

    psi: Floats
    freedom: Floats
    noise: Floats


def shift_of(reference: Sample, live: Sample, calendar: Calendar, settings: Settings) -> Shift:
    """PSI of every variable in every period, on pieces of the reference.

    The pieces are tenths of the reference (``settings.pieces``), a heavy value alone, and each kind
    of missing apart, so that a source that falls silent shows.
    """
    binned = BinSettings(pieces=settings.pieces, threads=settings.threads)
    then = prebin(_unjudged(reference), binned)
    now = then.place(live)
    base = _counts(then.codes, then.width, np.zeros(reference.rows, dtype=np.int64), 1)[:, 0]
    counts = _counts(now, then.width, calendar.place, len(calendar.periods))
    rows = np.bincount(calendar.place, minlength=len(calendar.periods)).astype(np.float64)
    psi = np.full(counts.shape[:2], np.nan)
    freedom = np.zeros(counts.shape[:2])
    for number in np.flatnonzero(rows >= settings.least_rows).tolist():
        psi[:, number], freedom[:, number] = _indices(base, counts[:, number])
    noise = 1 / np.maximum(rows, 1) + 1 / reference.rows
    return Shift(psi, freedom, noise)


def score_shift(
    reference: Scored, live: Scored, calendar: Calendar, settings: Settings
) -> tuple[Interval | None, ...]:
    """The shift of the score by period, with intervals; None with too few rows."""
    shift = shift_of(_as_variable(reference), _as_variable(live), calendar, settings)
    found: list[Interval | None] = []
    for number in range(len(calendar.periods)):
        psi, noise = float(shift.psi[0, number]), float(shift.noise[number])
        freedom = int(shift.freedom[0, number])
        known = not np.isnan(psi)
        found.append(psi_interval(psi, noise, freedom, settings.level) if known else None)
    return tuple(found)


def drift_of(reference: Sample, live: Sample, calendar: Calendar, settings: Settings) -> Drift:
    """The shift of every variable, and which shifts stand among so many."""
    shift = shift_of(reference, live, calendar, settings)
    limit = settings.thresholds.variable_psi
    standing = {}
    for step, threshold in ((WATCH, limit.watch), (ACT, limit.act)):
        chance = psi_chance(
            np.nan_to_num(shift.psi), shift.noise[None, :], shift.freedom, threshold
        )
        columns = [discoveries(column, settings.tail) for column in chance.T]
        standing[step] = np.ascontiguousarray(np.array(columns).T)
    return Drift(live.names, shift.psi, shift.freedom, shift.noise, standing)


def sources_of(
    samples: tuple[Sample, Sample],
    facts: Sequence[Facts],
    drift: Drift,
    calendar: Calendar,
    settings: Settings,
) -> tuple[SourceDrift, ...]:
    """What became of each source of each subject; ``samples`` are reference and live.

    An application is without a source when every variable of the source that can be missing is, for
    want of source or event. Counts, which are 0 then, do not hide it; nor does a source that nobody
    registered as absent.
    """
    reference, live = samples
    when, groups = _When(calendar, settings), dict[tuple[str, str], list[int]]()
    for number, fact in enumerate(facts):
        if fact.source:
            groups.setdefault((fact.subject, fact.source), []).append(number)
    return tuple(
        _source_drift(key, reference.reasons[places], live.reasons[places], (drift, places), when)
        for key, places in sorted(groups.items())
    )


@dataclass(frozen=True, eq=False)
class _When:
    calendar: Calendar
    settings: Settings


def _source_drift(
    key: tuple[str, str],
    before: Reasons,
    after: Reasons,
    held: tuple[Drift, list[int]],
    when: _When,
) -> SourceDrift:
    (drift, places), settings = held, when.settings
    can_miss: Bools = np.logical_or.reduce(_silent(before), axis=1)
    base, now = (_without(of, can_miss) for of in (before, after))
    kinds, silent, changes = [_kinds(before)], [float(base.mean())], []
    for number in range(len(when.calendar.periods)):
        here = when.calendar.rows_of(number)
        enough = int(here.sum()) >= settings.least_rows
        kinds.append(_kinds(after[:, here]) if enough else np.full(KINDS, np.nan))
        silent.append(float(now[here].mean()) if enough else np.nan)
        changes.append(wald(now[here], base, settings.level) if enough else None)
    return SourceDrift(
        *key, tuple(places), np.array(kinds), np.array(silent), tuple(changes),
        np.median(drift.psi[places], axis=0), drift.standing[WATCH][places].mean(axis=0),
    )  # fmt: skip


def _as_variable(scored: Scored) -> Sample:
    """The score alone, as a sample of one variable."""
    values = scored.pd.astype(np.float32)[None, :]
    reasons = np.full(values.shape, HAS_VALUE, dtype=np.uint8)
    return replace(scored.sample, names=("score",), values=values, reasons=reasons)


def _unjudged(sample: Sample) -> Sample:
    """Rows that count once each, without their outcomes: a shift is not told by them."""
    rows = sample.rows
    return replace(sample, bad=np.full(rows, np.nan), weight=np.ones(rows))


def _counts(codes: Reasons, width: int, place: Ints, periods: int) -> Ints:
    """int64 [variables, periods, codes]: rows by period and piece."""
    found = np.empty((len(codes), periods * width), dtype=np.int64)
    start = place * width
    for i, one in enumerate(codes):
        found[i] = np.bincount(start + one, minlength=periods * width)
    return found.reshape(len(codes), periods, width)


def _indices(base: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """PSI and degrees of freedom of each variable, from its counts by piece.

    As ``tael.risk.psi`` has it, with half a row added to each piece that either holds; here the
    number of pieces held is wanted too, for the interval.
    """
    held = (base + counts) > 0
    pieces = held.sum(axis=1)
    then, now = (
        np.where(held, of + 0.5, 1.0) / (of.sum(axis=1) + 0.5 * pieces)[:, None]
        for of in (base, counts)
    )
    psi = np.where(held, (now - then) * np.log(np.where(held, now / then, 1.0)), 0.0).sum(axis=1)
    return psi, (pieces - 1).astype(np.float64)


def _kinds(reasons: Reasons) -> Floats:
    """float64 [kinds]: share of each kind among all values."""
    counts = [np.count_nonzero(reasons == kind) for kind in range(KINDS)]
    return np.array(counts) / max(reasons.size, 1)


def _without(reasons: Reasons, can_miss: Bools) -> Bools:
    """Whether every variable that can be missing is, by row; never where none can."""
    found: Bools = np.logical_and.reduce(_silent(reasons)[can_miss], axis=0)
    return found if can_miss.any() else np.zeros(reasons.shape[1], dtype=bool)


def _silent(reasons: Reasons) -> Bools:
    found: Bools = (reasons == NO_SOURCE) | (reasons == NO_EVENT)
    return found
