"""Values in ascending order, and readable numbers between two."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.risk.kernel.ordering import mark_of, packed, round_between, row_of, sort_pairs

EXTREME = [0.0, -0.0, 1e-45, -1e-45, 3.4e38, -3.4e38, 1.0, -1.0, 1.5, -2.5, 7e-20]


def test_values_come_in_ascending_order_and_equal_ones_in_that_of_rows() -> None:
    random = np.random.default_rng(2)
    values = np.concatenate([EXTREME * 3, np.exp(8 * random.normal(size=500)), np.zeros(40)])
    single = values.astype(np.float32)
    bits = single.view(np.uint32)
    pairs = np.array([packed(b, row % 4, row) for row, b in enumerate(bits)], dtype=np.uint64)
    scratch = np.empty((3, 2048), np.int64)
    found = sort_pairs(pairs, np.empty_like(pairs), len(pairs), scratch)
    rows = [row_of(pair) for pair in found]
    assert rows == np.argsort(single, kind="stable").tolist()
    assert [mark_of(pair) for pair in found] == [row % 4 for row in rows]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, 1.0),
        (-3.0, 5.0, 0.0),
        (-3.0, 0.0, 0.0),
        (95.0, 105.0, 100.0),
        (1234.56, 1240.2, 1240.0),
        (0.123, 0.129, 0.129),
        (0.29999, 0.30001, 0.3),
        (-17.0, -11.0, -11.0),
        (999_999.0, 1_000_001.0, 1_000_000.0),
    ],
)
def test_a_cut_is_a_number_that_people_would_choose(
    low: float, high: float, expected: float
) -> None:
    found = round_between(low, high)
    assert low < found <= high
    assert found == expected


@pytest.mark.parametrize("low", [-3.4e38, -1e-45, 0.0, 1e-45, 1.0, 16_777_216.0, 3.3e38])
def test_a_cut_lies_between_even_where_there_is_hardly_room(low: float) -> None:
    single = np.float32(low)
    high = float(np.nextafter(single, np.float32(np.inf)))
    assert float(single) < round_between(float(single), high) <= high
    assert math.isfinite(high)
