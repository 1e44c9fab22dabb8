"""How far a population has moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk import Feature, Scorecard
from tael.risk.psi import csi, psi, psi_by, stability_index
from tael.risk.sample import NO_SOURCE, Sample


def normal(rows: int, shift: float = 0.0, seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    values = random.normal(size=(2, rows))
    values[1] += shift - values[1].mean()
    return Sample(
        ("still", "moves"),
        values.astype(np.float32),
        np.zeros((2, rows), dtype=np.uint8),
        np.full(rows, np.nan),
        np.ones(rows),
        np.arange(rows).astype(str).astype(object),
        np.full(rows, np.datetime64("2020-01-01", "s")),
        np.full(rows, np.datetime64("NaT", "s")),
    )


def test_shares_that_move_by_ten_points_have_the_index_of_the_formula() -> None:
    # 0.1 ln(0.6 / 0.5) + 0.1 ln(0.5 / 0.4): half a row in a million does not matter.
    found = stability_index([500_000, 500_000], [600_000, 400_000])
    assert found == pytest.approx(0.1 * np.log(0.6 / 0.5) + 0.1 * np.log(0.5 / 0.4), abs=1e-5)


def test_an_empty_bin_stays_finite_and_an_empty_side_has_no_index() -> None:
    assert 0 < stability_index([50, 50, 0], [50, 0, 50]) < 10
    assert stability_index([1, 0, 2], [1, 0, 2]) == 0.0
    assert np.isnan(stability_index([1, 2], [0, 0]))


@pytest.mark.parametrize("counts", [[1, 2, 3], [1, -1]])
def test_counts_of_other_bins_are_refused(counts: list[int]) -> None:
    with pytest.raises(BadInput, match="the same bins"):
        stability_index([1, 2], counts)


def test_what_moves_is_told_from_what_stands_still() -> None:
    found = psi(normal(4_000), normal(4_000, shift=0.5, seed=2))
    assert found[0] < 0.02
    # Of two normals it is the square of the shift; bins lose a little of it.
    assert found[1] == pytest.approx(0.25, abs=0.03)


def test_a_source_that_goes_away_is_a_shift() -> None:
    before, after = normal(1_000), normal(1_000)
    after.reasons[0, :300] = NO_SOURCE
    found = psi(before, after)
    assert found[0] > 0.5
    assert found[1] == 0.0


def test_each_vintage_is_held_against_the_base() -> None:
    rows = normal(3_000)
    group = np.arange(3_000) % 3
    rows.values[1, group == 2] += 1
    found = psi_by(rows, group, group == 0)
    assert found.groups.tolist() == [0, 1, 2]
    assert found.psi[1, 0] == 0.0
    assert found.psi[1, 1] < 0.05
    assert found.psi[1, 2] > 0.5


def test_weights_move_a_population() -> None:
    rows = normal(2_000)
    heavy = replace(rows, weight=np.where(rows.values[1] > 0, 3.0, 1.0))
    found = psi(rows, heavy)
    assert found[1] > 0.2
    assert found[0] < 0.05
    with pytest.raises(BadInput, match="not negative"):
        psi(rows, replace(rows, weight=-rows.weight))


def test_a_characteristic_that_moves_costs_its_points() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=4_000)
    bad = random.random(4_000) < 1 / (1 + np.exp(2 - x))
    card = Scorecard([Feature("x")]).fit({"x": x}, bad)
    (still,) = csi(card, {"x": x}, {"x": x})
    (moved,) = csi(card, {"x": x}, {"x": x + 0.5})
    assert (still.name, still.index, still.points) == ("x", 0.0, 0.0)
    assert moved.index > 0.1
    lost = card.points({"x": x + 0.5}).mean() - card.points({"x": x}).mean()
    assert moved.points == pytest.approx(lost)
    with pytest.raises(BadInput, match="'x' is missing"):
        csi(card, {"x": x}, {"y": x})
