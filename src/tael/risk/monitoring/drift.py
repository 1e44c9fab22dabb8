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
from tael.risk.sample import HAS_VALUE, REASONS, Floats, Ints, Reasons, Sample

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

    The share without the source is averaged over the source's variables within each application
    first: applications are independent, the variables of one are not.
    """
    reference, live = samples
    groups: dict[tuple[str, str], list[int]] = {}
    for number, fact in enumerate(facts):
        if fact.source:
            groups.setdefault((fact.subject, fact.source), []).append(number)
    found = []
    for (subject, source), places in sorted(groups.items()):
        at = np.array(places)
        before, after = _kinds(reference, at), _kinds(live, at)
        shares, changes = [before.mean(axis=1)], []
        for number in range(len(calendar.periods)):
            here = after[:, calendar.rows_of(number)]
            enough = here.shape[1] >= settings.least_rows
            shares.append(here.mean(axis=1) if enough else np.full(KINDS, np.nan))
            changes.append(wald(here[1], before[1], settings.level) if enough else None)
        psi, stood = drift.psi[at], drift.standing[WATCH][at]
        found.append(
            SourceDrift(
                subject, source, tuple(places), np.array(shares), tuple(changes),
                np.median(psi, axis=0), stood.mean(axis=0),
            )
        )  # fmt: skip
    return tuple(found)


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


def _kinds(sample: Sample, at: Ints) -> Floats:
    """float64 [kinds, rows]: share of the source's variables that are of each kind."""
    held = sample.reasons[at]
    return np.array([(held == kind).mean(axis=0) for kind in range(KINDS)])
