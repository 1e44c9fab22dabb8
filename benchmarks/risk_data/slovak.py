"""Slovak firms: 21 ratios of each of three years, bankrupt in the next. Out of time, 1.9% bad."""

from __future__ import annotations

import numpy as np

from risk_data.tables import Table, read


def load(seeds: int) -> Table:
    """Evaluation years 2013 and 2014 to train, 2015 and 2016 to test; all repeats alike."""
    columns = read("slovak-sme-bankruptcy", "slovak_sme.parquet")
    bad, year = columns.pop("bankrupt"), columns.pop("eval_year")
    split = (np.flatnonzero(year <= 2014), np.flatnonzero(year >= 2015))  # noqa: PLR2004 - years
    return Table(columns, bad, [[split]] * seeds, "out of time: 2013-14 to train, 2015-16 to test")
