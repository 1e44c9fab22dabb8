"""What drives a model as a whole, held against models whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.report import Page, Words
from tael.risk.columns import Floats
from tael.risk.explain import (
    Drop,
    Judged,
    Shuffling,
    add_curve,
    add_drops,
    add_explanation,
    add_importance,
    add_individual_curves,
    add_path,
    grouped,
    groups_of,
    individual_curves,
    local_effects,
    mean_contributions,
    partial_dependence,
    permutation_importance,
    split_gains,
)
from tael.risk.explain.causes import ConceptReason, Explanation
from tael.risk.explain.whatif import Path, Step
from tael.risk.facts import facts_of
from tael.risk.sample import Values
from tael.risk.trees import Trees

NAMES = (
    "per.bureau_enquiry.all.all.180d.events.n",
    "per.bureau_enquiry.all.all.30d.events.n",
    "ent.bank_tx.sales.in.90d.amount.sum",
)
FACTS = [facts_of(name) for name in NAMES]


def line(matrix: Values) -> Floats:
    """Log odds 2 a - b, a missing a counting 3."""
    a = np.where(np.isnan(matrix[:, 0]), 3.0, matrix[:, 0])
    return np.asarray(2.0 * a - matrix[:, 1], dtype=np.float64)


def uniform(rows: int = 400, seed: int = 2) -> Values:
    return np.random.default_rng(seed).random((rows, 3)).astype(np.float32)


def test_mean_contributions_leave_out_the_average_row_and_heed_weights() -> None:
    given = np.array([[1.0, -2.0, 9.0], [-3.0, 0.0, 9.0]])
    assert mean_contributions(given).tolist() == [2.0, 1.0]
    assert mean_contributions(given, [3.0, 1.0]).tolist() == [1.5, 1.5]


def test_sums_by_concept_and_source_stand_largest_first() -> None:
    values = [0.5, 0.25, 1.0]
    assert grouped(values, FACTS) == [("firm_income_level", 1.0), ("owner_enquiries", 0.75)]
    assert grouped(values, FACTS, "source") == [("bank_tx", 1.0), ("bureau_enquiry", 0.75)]
    assert groups_of(FACTS, "subject") == {"enterprise": [2], "person": [0, 1]}


def test_the_gain_of_a_split_is_the_fall_of_the_sum_of_squares() -> None:
    trees = Trees(
        roots=np.array([0], dtype=np.int32), first_leaf=np.array([0, 3], dtype=np.int32),
        feature=np.array([2, 0], dtype=np.int32), threshold=np.zeros(2, dtype=np.float32),
        left=np.array([-1, -2], dtype=np.int32), right=np.array([1, -3], dtype=np.int32),
        default_left=np.zeros(2, dtype=np.bool_), node_rows=np.array([10, 4], dtype=np.int32),
        leaf=np.array([1.0, 2.0, 6.0]), leaf_rows=np.array([6, 1, 3], dtype=np.int32),
    )  # fmt: skip
    leaves = np.repeat([1.0, 2.0, 6.0], [6, 1, 3])
    below = leaves[6:]
    inner = float(((below - below.mean()) ** 2).sum())
    whole = float(((leaves - leaves.mean()) ** 2).sum())
    assert split_gains(trees, 3) == pytest.approx([inner, 0.0, whole - inner])


def test_shuffling_what_a_model_needs_costs_and_what_it_ignores_costs_nothing() -> None:
    matrix = uniform()
    bad = (line(matrix) + np.random.default_rng(3).normal(0, 0.3, 400) > 0.7).astype(float)
    groups = {"both": [0, 1], "none": [2], "second": [1]}
    drops = permutation_importance(line, Judged(matrix, bad), groups)
    assert [drop.group for drop in drops] == ["both", "second", "none"]
    assert drops[0].mean > drops[1].mean > 0.01
    assert drops[0].low <= drops[0].mean <= drops[0].high
    assert drops[2] == Drop("none", 0.0, 0.0, 0.0)


def test_neither_the_order_of_rows_nor_of_groups_moves_a_bit() -> None:
    matrix = uniform()
    bad = (line(matrix) > 0.6).astype(float)
    order = np.random.default_rng(8).permutation(400)
    settings = Shuffling(times=2)
    one = permutation_importance(line, Judged(matrix, bad), {"a": [0], "b": [1]}, settings)
    two = permutation_importance(
        line, Judged(matrix[order], bad[order]), {"b": [1], "a": [0]}, settings
    )
    assert one == two
    for curve in (partial_dependence, local_effects):
        before, after = curve(line, matrix, 0), curve(line, matrix[order], 0)
        assert before.effect.tolist() == after.effect.tolist()


def test_partial_dependence_of_a_line_is_that_line() -> None:
    matrix = uniform()
    curve = partial_dependence(line, matrix, 0, points=9)
    level = float(matrix[:, 1].mean())
    assert curve.effect == pytest.approx(2.0 * curve.grid - level, abs=1e-5)
    assert curve.missing == pytest.approx(6.0 - level, abs=1e-5)
    assert curve.rows.sum() == 400


def test_local_effects_see_through_variables_that_go_together() -> None:
    # b is a: partial dependence would ask for rows that cannot be.
    matrix = uniform()
    matrix[:, 1] = matrix[:, 0]

    def product(rows: Values) -> Floats:
        return np.asarray(rows[:, 0] * rows[:, 1], dtype=np.float64)

    curve = local_effects(product, matrix, 0, points=40)
    # d(ab)/da = b = a along the data, so the effect is a^2 / 2 less its mean 1/6.
    assert curve.effect == pytest.approx(curve.grid**2 / 2 - 1 / 6, abs=0.01)


def test_rows_without_the_variable_are_no_part_of_its_local_effects() -> None:
    matrix = uniform()
    more = np.vstack([matrix, matrix[:50]])
    more[400:, 0] = np.nan
    assert (
        local_effects(line, more, 0).effect.tolist()
        == local_effects(line, matrix, 0).effect.tolist()
    )


def test_each_row_has_its_own_curve_and_their_mean_is_the_dependence() -> None:
    matrix = uniform(60)
    grid, rows = individual_curves(line, matrix, 0, points=7)
    assert rows.shape == (60, len(grid))
    assert rows.mean(axis=0) == pytest.approx(partial_dependence(line, matrix, 0, 7).effect)


@pytest.mark.parametrize(
    ("place", "points", "field"), [(9, 5, "place"), (0, 1, "points"), (2, 5, "place")]
)
def test_a_curve_needs_a_column_that_differs(place: int, points: int, field: str) -> None:
    matrix = uniform(20)
    matrix[:, 2] = 1.0
    with pytest.raises(BadInput) as caught:
        partial_dependence(line, matrix, place, points)
    assert caught.value.field == field


def test_what_cannot_be_grouped_or_shuffled_is_refused() -> None:
    with pytest.raises(BadInput, match="no grouping"):
        grouped([1.0], FACTS[:1], "colour")
    with pytest.raises(BadInput, match="no such column"):
        permutation_importance(line, Judged(uniform(4), np.array([0.0, 1, 0, 1])), {"x": [7]})
    with pytest.raises(BadInput, match="no rows"):
        mean_contributions(np.zeros((0, 3)))


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_page_shows_matters_curves_and_reasons_in_words(locale: str) -> None:
    matrix = uniform(40)
    page = Page("model")
    add_importance(page, Words("重要性", "Importance"), grouped([0.5, 0.25, 1.0], FACTS))
    add_importance(page, Words("来源", "Sources"), grouped([0.5, 0.25, 1.0], FACTS, "source"))
    add_drops(page, Words("打乱", "Shuffled"), [Drop("owner_enquiries", 0.02, 0.01, 0.03)])
    curves = {
        "dependence": partial_dependence(line, matrix, 0),
        "effects": local_effects(line, matrix, 0),
    }
    add_curve(page, FACTS[0], curves)
    add_individual_curves(page, FACTS[0], *individual_curves(line, matrix, 0))
    words = Words("企业主近期信贷查询次数较多", "There were many recent credit enquiries")
    add_explanation(
        page, Explanation((ConceptReason("owner_enquiries", 0.4, NAMES[:1], words),), ())
    )
    step = Step("owner_enquiries", 0.5, {NAMES[0]: (9.0, 2.0)}, words)
    add_path(page, Path(0.4, -0.2, reached=True, steps=(step,)))
    html = page.html(locale)
    wanted = {
        "zh": ("企业主信贷查询", "征信查询", "累积局部效应", "企业主近期信贷查询次数较多", "不利"),
        "en": ("Credit enquiries about the owner", "Bureau enquiries", "Accumulated local effects",
               "There were many recent credit enquiries", "Against"),
    }[locale]  # fmt: skip
    assert [text for text in wanted if text not in html] == []
