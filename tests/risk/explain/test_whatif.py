"""What would change the answer: only what can be changed, the better way, as little as will do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.columns import Floats
from tael.risk.explain import CHANGEABLE, Advisor, Bounds, log_odds_of, what_if
from tael.risk.facts import concepts, facts_of
from tael.risk.sample import Values

NAMES = (
    "per.bureau_enquiry.all.all.180d.events.n",
    "per.bureau_enquiry.all.all.30d.events.n",
    "ent.bank_tx.90d.balance.min",
    "per.bureau_tradeline.all.run.late.longest",
    "owner_age",
)
FACTS = [facts_of(name) for name in NAMES]
ROW = [9.0, 3.0, 1.0, 4.0, 30.0]


def model(rows: Values) -> Floats:
    """Enquiries, little balance and lateness raise the risk; so does youth."""
    held = np.nan_to_num(rows.astype(np.float64))
    return np.asarray(
        0.1 * held[:, 0] + 0.1 * held[:, 1] - 0.2 * held[:, 2] + held[:, 3] - 0.01 * held[:, 4]
    )


def bounds() -> Bounds:
    """Training values 0 to 10 in each variable."""
    return Bounds.of(np.repeat(np.arange(11, dtype=np.float32)[:, None], 5, axis=1))


def advisor(**settings: object) -> Advisor:
    return Advisor(model, FACTS, bounds(), **settings)  # type: ignore[arg-type]


def test_a_model_is_asked_again_with_other_values() -> None:
    answer = what_if(model, NAMES, ROW, {NAMES[3]: 0.0, NAMES[2]: math.nan})
    assert answer.before == pytest.approx(4.7)
    assert answer.after == pytest.approx(0.9)
    assert answer.changes[NAMES[3]] == (4.0, 0.0)


@pytest.mark.parametrize(
    ("names", "changes", "field"),
    [
        (NAMES, {"turnover": 1.0}, "turnover"),
        (NAMES, {NAMES[0]: math.inf}, NAMES[0]),
        (NAMES[:2], {}, "row"),
    ],
)
def test_what_the_model_does_not_know_is_refused(
    names: tuple[str, ...], changes: dict[str, float], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        what_if(model, names, ROW, changes)
    assert caught.value.field == field


def test_the_most_telling_change_comes_first_and_the_past_stays() -> None:
    path = advisor().path(ROW, target=3.2)
    assert path.reached
    assert [step.concept for step in path.steps] == ["firm_balance"]
    changed = {name for step in path.steps for name in step.changes}
    assert changed.isdisjoint({NAMES[3], NAMES[4]})
    assert path.steps[0].words.en == "The firm's bank balance is ample"


def test_a_change_is_drawn_back_to_the_least_that_reaches_the_target() -> None:
    # Quantiles of the balance are 1, 2, 5, 8 and 9; each yuan above 1 takes 0.2 from 4.7.
    (step,) = advisor().path(ROW, target=4.4).steps
    assert step.changes == {NAMES[2]: (1.0, 5.0)}
    assert step.share == 0.5


def test_variables_of_a_concept_move_together_and_only_for_the_better() -> None:
    path = advisor().path([9.0, 0.0, 9.0, 4.0, 30.0], target=-5.0)
    assert not path.reached
    (step,) = path.steps
    assert step.concept == "owner_enquiries"
    assert set(step.changes) == {NAMES[0]}
    both = advisor().path([9.0, 9.0, 9.0, 4.0, 30.0], target=-5.0)
    assert set(both.steps[0].changes) == set(NAMES[:2])


def test_what_is_missing_is_not_filled_in() -> None:
    row = [math.nan, 3.0, math.nan, 4.0, 30.0]
    changed = {n for step in advisor().path(row, target=-9.0).steps for n in step.changes}
    assert changed == {NAMES[1]}


def test_a_target_that_is_met_needs_no_change() -> None:
    path = advisor().path(ROW, target=10.0)
    assert (path.reached, path.steps, path.after) == (True, (), path.before)


def test_a_mask_says_what_may_change_and_signs_go_before_the_concepts_way() -> None:
    only = advisor(actionable=("owner_enquiries",)).path(ROW, target=-9.0)
    assert {step.concept for step in only.steps} == {"owner_enquiries"}
    turned = advisor(actionable=("firm_balance",), signs={NAMES[2]: "+"})
    assert turned.path(ROW, target=-9.0).steps == ()


def test_no_more_steps_than_asked_for() -> None:
    assert len(advisor().path(ROW, target=-9.0, most=1).steps) == 1


def test_what_can_be_changed_are_concepts_and_none_is_a_record_of_the_past() -> None:
    assert set(concepts()) > CHANGEABLE
    past = ("overdue", "court", "enforcement", "registry", "region", "age", "device", "peers")
    assert not [code for code in CHANGEABLE if any(word in code.split("_") for word in past)]


def test_a_target_is_set_by_a_probability() -> None:
    assert log_odds_of(0.5) == 0.0
    assert log_odds_of(0.04) == pytest.approx(-3.178, abs=1e-3)
    with pytest.raises(BadInput):
        log_odds_of(1.0)
    with pytest.raises(BadInput):
        advisor().path(ROW, target=math.nan)
    with pytest.raises(BadInput):
        Bounds.of(np.zeros((3, 2), dtype=np.float32), shares=(0.5, 0.1))
