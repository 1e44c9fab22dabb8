"""Taiwan credit cards 2005: six months of bills, payments and delays, default in the next."""

from __future__ import annotations

from risk_data.tables import Table, read, stratified

FOLDS = 3


def load(seeds: int) -> Table:
    columns = read("uci-taiwan-default", "taiwan_default.parquet")
    bad = columns.pop("default payment next month")
    del columns["ID"]
    words = f"{FOLDS} stratified folds, {seeds} times (one month of outcomes)"
    return Table(columns, bad, stratified(bad, FOLDS, seeds), words)
