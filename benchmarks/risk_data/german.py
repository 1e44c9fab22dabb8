"""German credit: 1,000 applications, 30% bad, most columns text. A smoke test, no more."""

from __future__ import annotations

import numpy as np

from risk_data.tables import Table, read, stratified

FOLDS = 5


def load(seeds: int) -> Table:
    columns = read("german-credit", "germancredit.parquet")
    bad = (columns.pop("creditability") == "bad").astype(np.float64)
    words = f"{FOLDS} stratified folds, {seeds} times (no date)"
    return Table(columns, bad, stratified(bad, FOLDS, seeds), words)
