"""A small book whose model, sources and outcomes can be made to go wrong on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tael.risk.monitoring import Scored
from tael.risk.sample import Sample

NAMES = (
    "ent.bank_tx.all.in.90d.amount.sum",
    "ent.vat_invoice.all.out.90d.amount.sum",
    "per.bureau_enquiry.all.all.90d.events.n",
    "odd",
)


def book(seed: int, rows: int = 3000, first: str = "2018-01", months: int = 12) -> Scored:
    """Applications of ``months`` months; risk follows the second variable and the third."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(len(NAMES), rows)).astype(np.float32)
    reasons = np.zeros(values.shape, dtype=np.uint8)
    reasons[0, : rows // 10] = 1
    values[0, : rows // 10] = np.nan
    odds = -2.2 + 0.9 * values[1].astype(np.float64) - 0.6 * values[2]
    pd = 1 / (1 + np.exp(-odds))
    bad = (random.random(rows) < pd).astype(np.float64)
    start = np.datetime64(first, "M")
    asof = (start + np.arange(rows) % months).astype("datetime64[s]") + np.timedelta64(9, "D")
    sample = Sample(
        NAMES, values, reasons, bad, np.ones(rows),
        np.array([f"B{i}" for i in range(rows)], dtype=object),
        asof, asof + np.timedelta64(366, "D"), "plan",
    )  # fmt: skip
    early = np.where(bad > 0, random.random(rows) < 0.3, 0.0).astype(np.float64)
    return Scored(
        sample, pd, early={"thirty_at_3": early},
        bad_month=np.where(bad > 0, random.integers(3, 12, rows), np.nan),
        seen_months=np.full(rows, 12.0),
    )  # fmt: skip


@pytest.fixture(scope="session")
def reference() -> Scored:
    return book(1, 3000, "2016-01")


@pytest.fixture(scope="session")
def quiet() -> Scored:
    return book(2, 3000)


@pytest.fixture(scope="session")
def changed(quiet: Scored) -> Callable[..., Scored]:
    def change(later: Callable[[Sample, np.ndarray], Sample], **fields: object) -> Scored:
        rows = quiet.sample.asof >= np.datetime64("2018-07", "s")
        return replace(quiet, sample=later(quiet.sample, rows), **fields)

    return change
