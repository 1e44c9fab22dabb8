"""Proxies of the era: variables that tell when an application was made and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.sample import Bools, Floats, Instants, Ints
from tael.risk.selection.evidence import Dropped, Evidence

_ROWS_LEAST, _MONTHS_LEAST = 200, 6
_DAY_SECONDS = 86_400


def eras(evidence: Evidence, alive: Ints) -> list[Dropped]:
    """Variables monotone in time, or that the month of the application determines."""
    level = evidence.settings.leaks.era
    with_time, by_month = time_figures(evidence)
    found = []
    for i in alive.tolist():
        if abs(with_time[i]) > level:
            found.append(Dropped(i, "era", abs(float(with_time[i])), level))
        elif by_month[i] > level:
            found.append(Dropped(i, "era_month", float(by_month[i]), level))
    return found


def time_figures(evidence: Evidence) -> tuple[Floats, Floats]:
    """How well time tells each variable, over the rows with a value; zero where they are few.

    Returns:
        Rank correlation with the month (Spearman's, ties by middle ranks), and the share of the
        variance of ranks between months (omega squared, Hays, Statistics, 1963: eta squared less
        what chance gives); float64 [variables] each.
    """
    months, place = np.unique(evidence.sample.vintage, return_inverse=True)
    with_time, by_month = np.zeros((2, len(evidence.names)))
    if len(months) < _MONTHS_LEAST:
        return with_time, by_month
    weight = evidence.sample.weight / evidence.sample.weight.mean()
    group = place.astype(np.int64)
    for first, part in evidence.tables(group, weight, len(months)):
        counts = part[:, :, : evidence.prebins.most]
        span = slice(first, first + len(part))
        with_time[span], by_month[span] = _figures(counts)
    return with_time, by_month


def _figures(counts: Floats) -> tuple[Floats, Floats]:
    month, piece = counts.sum(axis=2), counts.sum(axis=1)
    rows = month.sum(axis=1)
    safe = np.maximum(rows, 1.0)
    of_month, of_piece = _middle(month, safe), _middle(piece, safe)
    time_spread = (month * of_month**2).sum(axis=1)
    spread = (piece * of_piece**2).sum(axis=1)
    sums = np.einsum("vmc,vc->vm", counts, of_piece)
    over = np.sqrt(time_spread * spread)
    enough = (rows >= _ROWS_LEAST) & (over > 0)
    with_time = np.divide(
        (sums * of_month).sum(axis=1), over, out=np.zeros(len(rows)), where=enough
    )
    between = np.divide(sums**2, month, out=np.zeros_like(month), where=month > 0).sum(axis=1)
    eta = np.divide(between, spread, out=np.zeros(len(rows)), where=enough)
    held = np.count_nonzero(month, axis=1)
    freedom = np.maximum(rows - held, 1.0)
    return with_time, np.where(enough, 1 - (1 - eta) * (rows - 1) / freedom, 0.0)


def _middle(mass: Floats, rows: Floats) -> Floats:
    return (np.cumsum(mass, axis=1) - mass / 2) / rows[:, None] - 0.5


@dataclass(frozen=True, slots=True)
class FutureColumn:
    """A time stamp that lies after what a row may know.

    Attributes:
        name: the column.
        rows: in how many rows it lies later than ``asof``.
        share: of the rows that have a stamp.
        latest_days: the farthest, in days.
        companions: other columns with a value in exactly the rows that have the stamp: whoever
            wrote it wrote them.
    """

    name: str
    rows: int
    share: float
    latest_days: float
    companions: tuple[str, ...]


def future_columns(
    asof: Instants, columns: Mapping[str, npt.NDArray[np.generic]]
) -> tuple[FutureColumn, ...]:
    """The time stamps among ``columns`` that lie after ``asof`` in any row, refused by name.

    Args:
        asof: datetime64 [rows], UTC: what a row may know.
        columns: arrays of one value a row; those of datetime64 are looked at, the others (floats,
            NaN where missing) may be companions.

    Raises:
        BadInput: a column of another length.
    """
    for name, values in columns.items():
        if len(values) != len(asof):
            raise BadInput(
                f"column {name!r} has {len(values)} rows, asof {len(asof)}",
                field=name,
                rule="columns of one length",
            )
    held = {name: ~_missing(values) for name, values in columns.items()}
    found = []
    for name, values in columns.items():
        if values.dtype.kind != "M":
            continue
        later = values.astype("datetime64[s]") - asof.astype("datetime64[s]")
        days = later.astype(np.float64) / _DAY_SECONDS
        days = np.where(held[name], days, -np.inf)
        late = days > 0
        if late.any():
            pattern = held[name]
            companions = tuple(
                other
                for other, mask in held.items()
                if other != name and not pattern.all() and (mask == pattern).all()
            )
            share = float(late.sum() / pattern.sum())
            found.append(FutureColumn(name, int(late.sum()), share, float(days.max()), companions))
    return tuple(found)


def _missing(values: npt.NDArray[np.generic]) -> Bools:
    if values.dtype.kind == "M":
        return np.array(np.isnat(values), dtype=np.bool_)
    if values.dtype.kind == "f":
        return np.array(np.isnan(values.astype(np.float64)), dtype=np.bool_)
    return np.array([value is None for value in values.tolist()], dtype=np.bool_)
