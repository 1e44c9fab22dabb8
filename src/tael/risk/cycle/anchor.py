"""Through the cycle: the central tendency of many years, and the shift that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.calibration.calibrator import frequencies, one_column
from tael.risk.calibration.curve import mean_shift

_LEAST_YEARS = 5


@dataclass(frozen=True, slots=True)
class CentralTendency:
    """A long-run average default rate and how it was made.

    Attributes:
        rate: the average.
        normal, downturn: mean of the yearly rates of normal and of downturn years.
        share: the weight of the downturn; as seen in the years when none was asked.
        years: default rates by year.
        downturn_years: those that count as downturn.
    """

    rate: float
    normal: float
    downturn: float
    share: float
    years: tuple[tuple[int, float], ...]
    downturn_years: tuple[int, ...]


def central_tendency(
    years: Mapping[int, tuple[float, float]],
    downturn: frozenset[int] | set[int],
    *,
    share: float | None = None,
) -> CentralTendency:
    """The mean of yearly default rates, with a downturn in it.

    Each year counts alike, however many loans it had. EBA/GL/2017/16, paragraphs 82 to 86: the
    average of one-year default rates over a period that represents the likely range, weighted
    towards a fair mix of good and bad years where the period does not.

    Args:
        years: (bads, loans) by year.
        downturn: years of downturn; at least one, and one that is not.
        share: how often a downturn is taken to come; None for as often as in ``years``.

    Raises:
        BadInput: fewer than five years, no downturn or nothing else, a year without loans, or a
            share outside 0 to 1.
    """
    if len(years) < _LEAST_YEARS:
        raise BadInput(
            f"{len(years)} years of default rates; {_LEAST_YEARS} are needed",
            field="years",
            rule="five or more (EBA/GL/2017/16, paragraph 83)",
        )
    for year, (bads, loans) in years.items():
        if not 0 <= bads <= loans or loans <= 0:
            raise BadInput(
                f"{bads} bads among {loans} loans in {year}", field="years", rule="bads <= loans"
            )
    rates = {year: bads / loans for year, (bads, loans) in sorted(years.items())}
    bad_years = tuple(year for year in rates if year in downturn)
    if not bad_years or len(bad_years) == len(rates):
        raise BadInput(
            "the years hold no downturn" if not bad_years else "every year is a downturn",
            field="downturn",
            rule="at least one year of downturn and one without",
        )
    seen = len(bad_years) / len(rates)
    taken = seen if share is None else share
    if not 0.0 <= taken <= 1.0:
        raise BadInput(f"a share of {share!r}", field="share", rule="between 0 and 1")
    low = float(np.mean([rate for year, rate in rates.items() if year not in bad_years]))
    high = float(np.mean([rates[year] for year in bad_years]))
    rate = (1.0 - taken) * low + taken * high
    return CentralTendency(rate, low, high, taken, tuple(rates.items()), bad_years)


def anchor_shift(
    log_odds: npt.ArrayLike, tendency: float, weight: npt.ArrayLike | None = None
) -> float:
    """What to add to calibrated log odds so that their mean PD is the central tendency, exactly.

    Raises:
        BadInput: log odds that are not finite, or a tendency not strictly between 0 and 1.
    """
    z = one_column(log_odds)
    held = frequencies(weight, len(z))
    order = np.lexsort((held, z))
    return mean_shift(z[order], tendency, held[order])
