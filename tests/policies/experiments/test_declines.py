"""Would-be declines accepted by lot: unbiased, with an interval that covers, beside claims."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.policies.experiments import (
    DeclineFigures,
    Declines,
    Results,
    default_of_declines,
    experiment_page,
)


def drawn(seed: int, rows: int = 3_000) -> tuple[DeclineFigures, float]:
    """A lot that takes small amounts more often, and the true default of those eligible."""
    random = np.random.Generator(np.random.PCG64(seed))
    amount = random.uniform(0.0, 1.0, rows)
    truth = 0.1 + 0.5 * amount
    bad = random.random(rows) < truth
    chance = np.where(amount > 0.9, 0.0, np.where(amount > 0.4, 0.1, 0.4))
    accepted = random.random(rows) < chance
    seen = np.where(accepted, bad.astype(float), np.nan)
    figures = default_of_declines(
        Declines(chance, accepted, seen, truth, {"augmented": np.clip(truth * 2, 0, 1)})
    )
    return figures, float(bad[chance > 0].mean())


def test_weights_undo_the_bias_of_uneven_chances() -> None:
    found, truth = drawn(1)
    assert found.default.low < truth < found.default.high
    assert found.counted < found.default.low
    assert found.declines == 3_000
    assert found.eligible < found.declines
    assert found.accepted == pytest.approx(found.expected, rel=0.15)
    assert found.effective < found.known == found.accepted


def test_claims_are_held_against_the_lot() -> None:
    found, _ = drawn(1)
    pd, augmented = found.against
    assert (pd.name, augmented.name) == ("pd", "augmented")
    assert pd.within
    assert not augmented.within
    assert augmented.ratio == pytest.approx(augmented.claim / found.default.value)
    page = experiment_page(Results(declines=found))
    assert "随机接受" in page.html("zh")
    assert "augmented" in page.html("en")


def test_the_interval_covers_and_the_estimate_is_unbiased() -> None:
    found = [drawn(seed) for seed in range(200)]
    covered = np.mean([one.default.low <= truth <= one.default.high for one, truth in found])
    bias = np.mean([one.default.value - truth for one, truth in found])
    assert 0.9 <= covered <= 0.99
    assert abs(bias) < 0.005


def test_a_lot_without_a_default_still_has_an_upper_bound() -> None:
    found = default_of_declines(Declines([0.5] * 20, [True] * 20, [0.0] * 20, [0.1] * 20))
    assert (found.default.value, found.default.low) == (0.0, 0.0)
    assert found.default.high == pytest.approx(1 - 0.05 ** (1 / 20))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"chance": [0.5, 1.2]}, "chance"),
        ({"chance": [0.5, 0.0], "accepted": [True, True]}, "accepted"),
        ({"accepted": [True, False], "bad": [0, 1]}, "bad"),
        ({"bad": [np.nan, np.nan]}, "bad"),
        ({"bad": [0.5, np.nan]}, "bad"),
        ({"pd": [0.1, np.nan]}, "pd"),
        ({"pd": [0.1]}, "pd"),
    ],
)
def test_a_lot_that_was_no_lot_is_refused(change: dict[str, object], field: str) -> None:
    given = {"chance": [0.5, 0.5], "accepted": [True, False], "bad": [0.0, np.nan],
             "pd": [0.1, 0.2], **change}  # fmt: skip
    with pytest.raises(BadInput) as refused:
        default_of_declines(Declines(**given))  # type: ignore[arg-type]
    assert refused.value.field == field
