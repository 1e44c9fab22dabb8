"""Categories as numbers: no row helps to encode itself, and nothing later is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.encoding import (
    EncodingSettings,
    ExcessEncoder,
    Outcomes,
    earlier_means,
    earlier_sums,
    folds_of,
    known_record,
    stratum_rates,
)

ROWS = 600
DAYS = np.datetime64("2003-01-01", "D")


def lenders(seed: int = 1) -> tuple[dict[str, np.ndarray], Outcomes]:
    """Three banks: 'risky' loses twice as often as expected, 'safe' half, 'even' as expected."""
    random = np.random.default_rng(seed)
    bank = random.choice(np.array(["risky", "safe", "even"], dtype=object), ROWS)
    chance = 0.2 * np.vectorize({"risky": 2.0, "safe": 0.5, "even": 1.0}.get)(bank)
    columns = {"bank": bank, "line": random.choice(np.array(["Y", "N"], dtype=object), ROWS)}
    outcomes = Outcomes(
        bad=(random.random(ROWS) < chance).astype(float),
        expected=np.full(ROWS, 0.2),
        ids=np.array([f"loan-{i}" for i in range(ROWS)], dtype=object),
        when=DAYS + random.integers(0, 300, ROWS),
    )
    return columns, outcomes


def test_a_category_tells_its_excess_over_what_was_expected_and_a_new_one_none() -> None:
    columns, outcomes = lenders()
    encoder = ExcessEncoder(["bank"])
    encoder.fit_transform(columns, outcomes)
    later = np.array(["risky", "even", "safe", "founded yesterday"], dtype=object)
    risky, even, safe, new = encoder.transform({"bank": later})["bank"]
    assert risky > 0.4
    assert abs(even) < 0.3
    assert safe < -0.2
    assert new == 0.0


@pytest.mark.parametrize("earlier_only", [False, True])
def test_the_outcome_of_a_row_never_reaches_its_own_number(earlier_only: bool) -> None:  # noqa: FBT001
    columns, outcomes = lenders()
    settings = EncodingSettings(earlier_only=earlier_only)
    before = ExcessEncoder(["bank"], settings).fit_transform(columns, outcomes)["bank"]
    for row in range(0, ROWS, 97):
        turned = np.array(outcomes.bad)
        turned[row] = 1.0 - turned[row]
        after = ExcessEncoder(["bank"], settings).fit_transform(
            columns, replace(outcomes, bad=turned)
        )["bank"]
        assert after[row] == before[row]
        assert (after != before).any()


def test_with_earlier_rows_only_a_later_outcome_changes_no_earlier_number() -> None:
    columns, outcomes = lenders()
    settings = EncodingSettings(earlier_only=True)
    before = ExcessEncoder(["bank&line"], settings).fit_transform(columns, outcomes)["bank&line"]
    cut = np.median(outcomes.when.astype(int)).astype(int)
    late = outcomes.when.astype(int) >= cut
    turned = np.where(late, 1.0 - np.asarray(outcomes.bad), outcomes.bad)
    after = ExcessEncoder(["bank&line"], settings).fit_transform(
        columns, replace(outcomes, bad=turned)
    )["bank&line"]
    # A row of the first late day reads only rows of days before it.
    kept = outcomes.when.astype(int) <= cut
    assert (after[kept] == before[kept]).all()


def test_shuffled_rows_are_encoded_alike() -> None:
    columns, outcomes = lenders()
    order = np.random.default_rng(5).permutation(ROWS)
    shuffled = Outcomes(
        *(np.asarray(getattr(outcomes, n))[order] for n in ("bad", "expected", "ids", "when"))
    )
    plain = ExcessEncoder(["bank"]).fit_transform(columns, outcomes)["bank"]
    mixed = ExcessEncoder(["bank"]).fit_transform(
        {name: values[order] for name, values in columns.items()}, shuffled
    )["bank"]
    assert (plain[order] == mixed).all()


def test_rows_of_one_id_stand_in_one_fold_and_folds_fill_evenly() -> None:
    ids = np.array([f"firm-{i // 2}" for i in range(4_000)], dtype=object)
    fold = folds_of(ids, 5)
    assert (fold[0::2] == fold[1::2]).all()
    assert np.bincount(fold).min() > 700
    assert (folds_of(ids, 5, seed=1) != fold).any()


def test_earlier_sums_equal_a_plain_loop_and_leave_the_same_day_out() -> None:
    random = np.random.default_rng(3)
    code, day = random.integers(0, 4, 80), DAYS + random.integers(0, 9, 80)
    values = random.integers(0, 5, 80).astype(float)
    plain = [
        values[(code == code[i]) & (day < day[i])].sum()
        for i in range(80)
    ]  # fmt: skip
    assert (earlier_sums(code, day, values) == np.array(plain)).all()


def test_the_habit_of_a_lender_is_known_from_earlier_loans_only() -> None:
    keys = np.array(["a", "a", "b", "a"], dtype=object)
    day = DAYS + np.array([0, 1, 1, 2])
    means = earlier_means(keys, day, [4.0, np.nan, 8.0, 100.0], shrink=1.0)
    assert means.tolist() == [0.0, 4.0, 4.0, (4.0 + 6.0) / 2]


def test_a_record_counts_bads_only_once_they_were_known() -> None:
    keys = np.array(["a", "a", "a"], dtype=object)
    day = DAYS + np.array([0, 100, 200])
    known = np.array([DAYS + 150, "NaT", "NaT"], dtype="datetime64[D]")
    record = known_record(keys, day, known, shrink=1.0)
    # On day 100 the first loan is not yet known to be bad; on day 200 it is, one of two.
    assert record.tolist() == [0.0, 0.0, 0.5]


def test_a_stratum_without_training_rows_gets_the_average() -> None:
    strata = np.array([1997, 1997, 2004, 2004, 2005])
    rates = stratum_rates([0, 0, 1, 1, 1], strata, [True, True, True, True, False])
    assert rates.tolist() == [2.5 / 7, 2.5 / 7, 4.5 / 7, 4.5 / 7, 0.5]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"expected": np.zeros(ROWS)}, "expected"),
        ({"expected": np.full(3, 0.2)}, "expected"),
        ({"bad": np.zeros(ROWS)}, "outcome"),
        ({"weight": np.full(ROWS, -1.0)}, "sample_weight"),
    ],
)
def test_outcomes_that_cannot_be_are_named(broken: dict[str, np.ndarray], field: str) -> None:
    columns, outcomes = lenders()
    with pytest.raises(BadInput) as told:
        ExcessEncoder(["bank"]).fit_transform(columns, replace(outcomes, **broken))
    assert told.value.field == field


def test_a_missing_column_and_use_before_training_are_told() -> None:
    columns, outcomes = lenders()
    with pytest.raises(BadInput, match="no column 'branch'"):
        ExcessEncoder(["bank&branch"]).fit_transform(columns, outcomes)
    with pytest.raises(BadInput, match="not trained"):
        ExcessEncoder(["bank"]).transform(columns)
    with pytest.raises(BadInput, match="two folds"):
        ExcessEncoder(["bank"], EncodingSettings(folds=1))
