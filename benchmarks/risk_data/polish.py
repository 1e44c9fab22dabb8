"""Polish firms: 64 ratios of one statement, bankrupt within five years or one. No dates."""

from __future__ import annotations

from risk_data.tables import Table, read, stratified

FOLDS = 5


def load(horizon: str, seeds: int) -> Table:
    """Statements of ``horizon`` '1year' (bankrupt up to five years later) or '5year' (one)."""
    columns = read("polish-bankruptcy", f"{horizon}.parquet")
    bad = columns.pop("class")
    words = f"{FOLDS} stratified folds, {seeds} times (the file has no date)"
    return Table(columns, bad, stratified(bad, FOLDS, seeds), words)
