"""What became of the applications: ranks, calibration, early bads and vintage curves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tael.risk.calibration import Gap, Judged, gaps_by, jeffreys
from tael.risk.measures import Interval, auc_interval, ks_interval
from tael.risk.monitoring.inputs import Period, Scored, Settings, early_ripe
from tael.risk.monitoring.intervals import relative
from tael.risk.monitoring.result import EarlyRate, VintageCurve
from tael.risk.sample import Bools, Ints

_YEAR = 12


def ranks(
    scored: Scored, rows: Bools, settings: Settings
) -> tuple[Interval, Interval] | tuple[None, None]:
    """AUC and KS of the rows with bootstrap intervals; none with too few rows, bads or goods."""
    bad, pd = scored.sample.bad[rows], scored.pd[rows]
    bads = int(bad.sum())
    fewer = min(bads, len(bad) - bads)
    if len(bad) < settings.least_rows or fewer < settings.least_bads:
        return None, None
    # Rows equal in both are exchangeable: in this order the resamples do not tell how rows came.
    order = np.lexsort((bad, pd))
    bad, pd = bad[order], pd[order]
    options = {"level": settings.level, "seed": settings.seed}
    return auc_interval(bad, pd, **options), ks_interval(bad, pd, **options)  # type: ignore[arg-type]


def gap_of(scored: Scored, rows: Bools, key: str, settings: Settings) -> Gap | None:
    """Predicted and observed of the rows; none without any."""
    if rows.sum() < settings.least_rows:
        return None
    bad, pd = scored.sample.bad[rows], scored.pd[rows]
    judged = Judged(bad, np.clip(pd, 1e-12, 1 - 1e-12), np.ones(len(bad)))
    return gaps_by(judged, np.full(len(bad), key), level=settings.level)[0]


def early_counts(scored: Scored, rows: Bools, code: str, settings: Settings) -> tuple[int, int]:
    """Early bads and rows whose early sign is known."""
    known = rows & early_ripe(scored, code, settings)
    return int(scored.early[code][known].sum()), int(known.sum())


def early_rates(
    scored: Scored, rows: Bools, base: Mapping[str, tuple[int, int]], settings: Settings
) -> dict[str, EarlyRate]:
    """Early bads of the rows by code, beside the reference's."""
    found = {}
    for code in scored.early:
        bads, count = early_counts(scored, rows, code, settings)
        if count >= settings.least_rows:
            share = jeffreys(bads, count, level=settings.level)
            unknown = Interval(math.nan, math.nan, math.nan)
            ratio = relative((bads, count), base[code], settings.level) if code in base else unknown
            found[code] = EarlyRate(count, bads, share, ratio)
    return found


def vintage_curves(scored: Scored, settings: Settings) -> tuple[VintageCurve, ...]:
    """Cumulative bads of each year's applications, as far as the youngest of them is seen.

    What was recorded after the day of watching is not read.
    """
    if scored.bad_month is None or scored.seen_months is None:
        return ()
    sample = scored.sample
    today = (settings.as_of.year - 1970) * _YEAR + settings.as_of.month - 1
    seen = np.minimum(scored.seen_months, today - sample.vintage)
    year = sample.vintage // _YEAR
    curves = []
    for number in np.unique(year[scored.outcomes]).tolist():
        rows = scored.outcomes & (year == number)
        shares = _curve(scored, rows, int(seen[rows].min()))
        if rows.sum() >= settings.least_rows and len(shares) > 1:
            label = Period(number * _YEAR, _YEAR).label
            curves.append(VintageCurve(label, int(rows.sum()), shares))
    return tuple(curves)


def _curve(scored: Scored, rows: Bools, last: int) -> tuple[float, ...]:
    month = scored.bad_month[rows] if scored.bad_month is not None else np.empty(0)
    known = month[~np.isnan(month)]
    at: Ints = np.maximum(np.ceil(known), 0).astype(np.int64)
    counts = np.bincount(at[at <= last], minlength=last + 1)
    return tuple((np.cumsum(counts) / len(month)).tolist())
