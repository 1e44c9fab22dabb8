"""Unemployment of the borrower's state as published before approval, from revised series.

State figures of a month come out some three weeks into the next: a loan reads the month two before
its own. The series here are the revised ones, not those first published, so what they add is an
upper bound of what a lender could have had.
"""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from risk_data.tables import data

FILE = ("macro-us", "state_unemployment_monthly_sa.parquet")
LAG_MONTHS, YEAR, FIVE_YEARS = 2, 12, 60
# Federal codes of states (FIPS 5-2) and their letters.
STATES = {
    "01": "AL", "02": "AK", "04": "AZ", "05": "AR", "06": "CA", "08": "CO", "09": "CT", "10": "DE",
    "11": "DC", "12": "FL", "13": "GA", "15": "HI", "16": "ID", "17": "IL", "18": "IN", "19": "IA",
    "20": "KS", "21": "KY", "22": "LA", "23": "ME", "24": "MD", "25": "MA", "26": "MI", "27": "MN",
    "28": "MS", "29": "MO", "30": "MT", "31": "NE", "32": "NV", "33": "NH", "34": "NJ", "35": "NM",
    "36": "NY", "37": "NC", "38": "ND", "39": "OH", "40": "OK", "41": "OR", "42": "PA", "44": "RI",
    "45": "SC", "46": "SD", "47": "TN", "48": "TX", "49": "UT", "50": "VT", "51": "VA", "53": "WA",
    "54": "WV", "55": "WI", "56": "WY",
}  # fmt: skip


def unemployment(state: np.ndarray, day: np.ndarray) -> dict[str, np.ndarray]:
    """Rate in percent two months before, its change in a year, and its distance from five years."""
    table = pq.read_table(data().joinpath(*FILE), columns=["fips", "date", "unem_rate"])
    months = table["date"].to_numpy().astype("datetime64[M]").astype(np.int64)
    states = np.array([STATES.get(str(code), "") for code in table["fips"].to_pylist()])
    rates = table["unem_rate"].to_numpy().astype(np.float64)
    names = sorted(STATES.values())
    first = int(months.min())
    grid = np.full((len(names) + 1, int(months.max()) - first + 1), np.nan)
    known = states != ""
    grid[np.searchsorted(names, states[known]), months[known] - first] = rates[known]
    code = {name: i for i, name in enumerate(names)}
    row = np.array([code.get(str(one), len(names)) for one in state.tolist()])
    month = day.astype("datetime64[M]").astype(np.int64) - LAG_MONTHS - first
    month = np.clip(month, 0, grid.shape[1] - 1)
    now = grid[row, month]
    before = grid[row, np.maximum(month - YEAR, 0)]
    past = np.mean([grid[row, np.maximum(month - lag, 0)] for lag in range(FIVE_YEARS)], axis=0)
    return {
        "unemployment": now,
        "unemployment_change": now - before,
        "unemployment_gap": now - past,
    }
