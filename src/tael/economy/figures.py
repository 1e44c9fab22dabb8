"""The figures of an economy that its report shows: by month from the shards, by year from truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tael.economy.shard import Sums
from tael.economy.world.chance import Floats
from tael.economy.world.months import MONTHS

Flags = npt.NDArray[np.bool_]

_LEAST_BADS = 5
_INDEX = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Month by month: mean business of firms at risk (trend = 100), mean hazard, defaults.

    ``default_rate`` is the share of firms at risk that default in the month; ``coverage`` the
    share of them, by source, with a record in it.
    """

    index: list[float | None]
    hazard: list[float | None]
    default_rate: list[float | None]
    defaults: list[int]
    coverage: dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class Cohort:
    """The applications of a year, or of all; rates and AUC over those whose year has been seen.

    ``oracle`` ranks by the true probability, ``foreseen`` by what could be known of it on the day;
    None where too few default. ``observed`` is the label of granted loans, ``granted`` what their
    firms did.
    """

    year: int | None
    applications: int
    approved: int
    true_pd: float | None
    all: float | None
    granted: float | None
    declined: float | None
    observed: float | None
    oracle: float | None
    foreseen: float | None

    @property
    def approval(self) -> float | None:
        return self.approved / self.applications if self.applications else None


def course(sums: Sequence[Sums]) -> Course:
    """The shards' sums as means and rates."""
    at_risk = _total([item.at_risk for item in sums])
    level, hazard = _total([item.level for item in sums]), _total([item.hazard for item in sums])
    defaults = _total([item.defaults for item in sums])
    index = _INDEX * np.exp(np.divide(level, np.maximum(at_risk, 1.0)))
    sources = sorted({source for item in sums for source in item.seen})
    return Course(
        index=[
            float(value) if count else None for value, count in zip(index, at_risk, strict=True)
        ],
        hazard=_rates(hazard, at_risk),
        default_rate=_rates(defaults, at_risk),
        defaults=[int(value) for value in defaults.tolist()],
        coverage={
            source: _rates(_total([item.seen[source] for item in sums]), at_risk)
            for source in sources
        },
    )


def cohorts(folder: Path) -> tuple[list[Cohort], Cohort]:
    """The cohorts by year of application, and all of them together, of an economy's sealed truth.

    Raises:
        OSError: the truth is not there.
    """
    truth = _Truth.read(folder)
    years = sorted(set(truth.year.tolist()))
    every = np.ones(len(truth.year), dtype=np.bool_)
    return [truth.cohort(year, truth.year == year) for year in years], truth.cohort(None, every)


def auc(score: Floats, bad: Flags) -> float | None:
    """The share of pairs of a bad and a good that ``score`` ranks right, ties half; None if few."""
    bads = int(bad.sum())
    goods = len(bad) - bads
    if min(bads, goods) < _LEAST_BADS:
        return None
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    middle = last - (count - 1) / 2
    ranks = float(middle[place][bad].sum())
    return (ranks - bads * (bads + 1) / 2) / (bads * goods)


@dataclass(frozen=True, slots=True, eq=False)
class _Truth:
    year: npt.NDArray[np.int64]
    approved: Flags
    seen: Flags
    label_seen: Flags
    pd: Floats
    foreseen: Floats
    bad: Flags
    label: Flags

    @staticmethod
    def read(folder: Path) -> _Truth:
        import pyarrow.compute as pc  # noqa: PLC0415 - an engine loads Arrow where it is used
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = ["month_end", "approved", "pd_12m", "pd_12m_foreseen"]
        names += ["default_12m", "would_default_12m"]
        table = pq.read_table(folder / "sealed/truth.parquet", columns=names)
        column = {name: table.column(name).combine_chunks() for name in names}
        return _Truth(
            year=pc.year(column["month_end"]).to_numpy(),
            approved=column["approved"].to_numpy(zero_copy_only=False),
            seen=column["pd_12m"].is_valid().to_numpy(zero_copy_only=False),
            label_seen=column["would_default_12m"].is_valid().to_numpy(zero_copy_only=False),
            pd=column["pd_12m"].fill_null(0.0).to_numpy(),
            foreseen=column["pd_12m_foreseen"].to_numpy(),
            bad=column["default_12m"].fill_null(False).to_numpy(zero_copy_only=False),
            label=column["would_default_12m"].fill_null(False).to_numpy(zero_copy_only=False),
        )

    def cohort(self, year: int | None, rows: Flags) -> Cohort:
        seen, granted = rows & self.seen, self.approved
        known = rows & self.label_seen & self.seen & granted
        return Cohort(
            year=year,
            applications=int(rows.sum()),
            approved=int((rows & granted).sum()),
            true_pd=_mean(self.pd, seen),
            all=_mean(self.bad, seen),
            granted=_mean(self.bad, seen & granted),
            declined=_mean(self.bad, seen & ~granted),
            observed=_mean(self.label, known),
            oracle=auc(self.pd[seen], self.bad[seen]),
            foreseen=auc(self.foreseen[seen], self.bad[seen]),
        )


def _mean(values: Floats | Flags, rows: Flags) -> float | None:
    return float(values[rows].mean()) if rows.any() else None


def _total(rows: Sequence[Sequence[float]]) -> Floats:
    total = np.zeros(MONTHS)
    for row in rows:
        total = total + np.array(row, dtype=np.float64)
    return total


def _rates(sums: Floats, at_risk: Floats) -> list[float | None]:
    pairs = zip(sums.tolist(), at_risk.tolist(), strict=True)
    return [part / whole if whole else None for part, whole in pairs]
