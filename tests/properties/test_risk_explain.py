"""Reasons add up, change with no order, and paths of change keep to what they promise."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.risk.columns import Floats
from tael.risk.explain import Advisor, Bounds, Explainer, ReasonSettings, Reference
from tael.risk.facts import concepts, facts_of
from tael.risk.sample import Values

NAMES = (
    "per.bureau_enquiry.all.all.180d.events.n",
    "per.bureau_enquiry.all.all.30d.events.n",
    "ent.bank_tx.90d.balance.min",
    "ent.bank_tx.sales.in.90d.amount.slope",
    "ent.bank_tx.sales.in.180d.amount.slope",
    "per.bureau_tradeline.all.run.late.longest",
    "ent.vat_invoice.out.valid.365d.amount.sum",
    "sex_of_owner",
)
COUNT = len(NAMES)
EVERY = ReasonSettings(limit=COUNT, min_share=0.0, least=0.0)
logits = st.lists(
    st.integers(-2_000, 2_000).map(lambda n: n / 1_000), min_size=COUNT, max_size=COUNT
)
values = st.lists(
    st.one_of(st.just(float("nan")), st.integers(-50, 50).map(float)),
    min_size=COUNT,
    max_size=COUNT,
)


def explainer(names: tuple[str, ...] = NAMES) -> Explainer:
    return Explainer(names, Reference(np.zeros(COUNT), np.zeros(COUNT)), settings=EVERY)


@given(logits)
def test_weights_against_and_in_favour_add_up_to_the_distance_from_the_reference(
    given_: list[float],
) -> None:
    found = explainer().explain(np.array(given_))
    weights = [each.weight for each in (*found.against, *found.favour)]
    assert abs(sum(weights) - sum(given_)) < 1e-6
    assert all(each.weight > 0 for each in found.against)
    assert all(each.weight < 0 for each in found.favour)


@given(logits, values, st.permutations(range(COUNT)))
def test_the_order_of_variables_changes_no_reason(
    given_: list[float], held: list[float], order: list[int]
) -> None:
    one = explainer().explain(np.array(given_), np.array(held), refused=True)
    names = tuple(NAMES[i] for i in order)
    two = explainer(names).explain(np.array(given_)[order], np.array(held)[order], refused=True)
    assert [(each.code, each.weight) for each in one.against] == [
        (each.code, each.weight) for each in two.against
    ]


@given(logits, values)
def test_a_refusal_has_a_reason_in_both_languages_and_names_nothing_protected(
    given_: list[float], held: list[float]
) -> None:
    found = explainer().explain(np.array(given_), np.array(held), refused=True)
    assert found.against
    for each in (*found.against, *found.favour):
        for locale in ("zh", "en"):
            text = each.text(locale)
            assert text
            assert "sex" not in text.lower()
            assert all(name not in text for name in NAMES)


def _model(rows: Values) -> Floats:
    """Summed column by column, so that one row and many give the same bits."""
    total = np.zeros(len(rows))
    for column, slope in zip(rows.T, (0.2, 0.1, -0.1, -0.3, -0.1, 1.0, -0.05, 0.5), strict=True):
        total = total + slope * np.nan_to_num(column.astype(np.float64))
    return total


@settings(max_examples=30)
@given(values, st.integers(-400, 400), st.integers(0, 2**16))
def test_a_path_of_changes_keeps_its_promises(held: list[float], tenths: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).integers(-50, 50, (40, COUNT)).astype(np.float32)
    bounds, target = Bounds.of(matrix), tenths / 10
    path = Advisor(_model, [facts_of(name) for name in NAMES], bounds).path(held, target)
    row = np.array(held, dtype=np.float32)
    for step in path.steps:
        assert step.concept in concepts()
        for name, (start, end) in step.changes.items():
            place = NAMES.index(name)
            assert row[place] == start
            assert end in bounds.quantiles[:, place]
            assert place not in {5, 7}
            row[place] = end
    assert path.after == float(_model(row[None, :])[0])
    assert path.after <= path.before
    assert path.reached == (path.after <= target)
