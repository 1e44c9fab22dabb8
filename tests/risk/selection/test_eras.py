"""Time stamps after the instant of a row are refused by name, with what was written with them."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.selection import future_columns

ASOF = np.array(["2019-03-01", "2019-04-01", "2019-05-01"], dtype="datetime64[s]")


def stamps(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[s]")


def test_a_stamp_after_the_instant_is_named_with_its_companions() -> None:
    columns = {
        "opened_at": stamps("2010-01-01", "2011-01-01", "2012-01-01"),
        "checked_at": stamps("2020-03-01", "NaT", "2019-04-30"),
        "check": np.array([0.5, np.nan, 0.7]),
        "sales": np.array([1.0, 2.0, 3.0]),
    }
    (found,) = future_columns(ASOF, columns)
    assert (found.name, found.rows, found.share) == ("checked_at", 1, 0.5)
    assert found.latest_days == 366
    assert found.companions == ("check",)


def test_a_stamp_in_every_row_has_no_companions() -> None:
    columns = {"at": ASOF + np.timedelta64(1, "s"), "sales": np.array([1.0, 2.0, 3.0])}
    (found,) = future_columns(ASOF, columns)
    assert (found.rows, found.companions) == (3, ())


def test_the_instant_itself_is_not_the_future() -> None:
    texts = np.array(["a", None, "c"], dtype=object)
    assert future_columns(ASOF, {"at": ASOF.copy(), "text": texts}) == ()


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(BadInput, match="2 rows"):
        future_columns(ASOF, {"at": ASOF[:2]})
