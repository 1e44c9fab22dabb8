"""Models behind a policy: a scorecard or a rated model, chosen by the text's own format."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest

from tael.economy import history
from tael.kernel import BadInput, Rate
from tael.policies.engines import RatedScorer, ScorecardScorer, points_of, scorer_of
from tael.policies.model import Feature
from tael.risk import Scorecard, calibration, explain, pipeline

NUMERIC = ("debt_ratio", "enquiries_6m", "overdue_count_24m", "revenue_volatility")
BOUNDS = tuple(Rate(Decimal(bound)) for bound in ("0.01", "0.02", "0.035", "0.06", "0.1", "0.16"))
ROW: Mapping[str, Feature] = {
    "debt_ratio": Decimal("0.91"), "enquiries_6m": Decimal(9), "overdue_count_24m": Decimal(2),
    "revenue_volatility": Decimal("0.4"), "industry": "F52",
}  # fmt: skip


@functools.cache
def rated() -> pipeline.RatedModel:
    """A scorecard of four variables, calibrated to its own rows and put through the cycle."""
    past = history(1, 1000)
    columns = {name: np.array(past.columns[name], dtype=np.float64) for name in NUMERIC}
    bad = np.array(past.bad, dtype=np.float64)
    card = Scorecard().fit(columns, bad)
    odds = card.log_odds(columns)
    told = card.contributions(columns)
    held = np.column_stack([columns[name] for name in card.names_])
    return pipeline.RatedModel(
        card,
        calibration.Calibrator().fit(odds, bad),
        0.25,
        BOUNDS,
        explain.Reference.average(told, held),
        "plan-1",
        "config-1",
    )


def test_the_format_of_the_text_says_which_model_answers() -> None:
    assert isinstance(scorer_of(rated().to_json()), RatedScorer)
    scorecard = scorer_of(rated().model.to_json())
    assert isinstance(scorecard, ScorecardScorer)
    assert dict(scorecard.gives) == {"pd": "number"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 7}', '{"format": "tael.rated/1"}'])
def test_a_text_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        scorer_of(text)
    assert refused.value.rule


def test_a_rated_model_gives_exact_probabilities_its_tier_and_reasons() -> None:
    scorer = scorer_of(rated().to_json())
    score = scorer.score(ROW)
    row = {name: np.array([float(str(ROW[name]))], dtype=np.float32) for name in scorer.variables}
    whole = rated().score(row)
    assert score.pd == Rate.from_probability(float(whole.pd[0]))
    assert score.more["pd_cycle"] == Rate.from_probability(float(whole.pd_cycle[0])).fraction
    assert score.more["pd_cycle"] > score.pd.fraction
    assert score.more["model_tier"] == int(whole.tier[0])
    assert score.reasons
    assert set(score.reasons) <= set(scorer.codes)
    assert scorer.plan == "plan-1"


def test_a_row_is_scored_alone_as_among_thousands() -> None:
    past = history(3, 1500)
    columns = {name: np.array(past.columns[name], dtype=np.float32) for name in NUMERIC}
    scorer = scorer_of(rated().to_json())
    batch = rated().score(columns).pd
    for at in range(0, 1500, 100):
        row: dict[str, Feature] = {n: Decimal(repr(float(columns[n][at]))) for n in NUMERIC}
        assert scorer.score(row).pd == Rate.from_probability(float(batch[at]))


def test_a_variable_without_a_value_is_read_as_missing_however_it_is_told() -> None:
    scorer = scorer_of(rated().to_json())
    told = [scorer.score({**ROW, "debt_ratio": value}) for value in (None, None)]
    assert told[0] == told[1]
    assert told[0].pd != scorer.score(ROW).pd


def test_a_variable_that_nobody_handed_in_is_named() -> None:
    scorer = scorer_of(rated().to_json())
    with pytest.raises(BadInput) as refused:
        scorer.score({name: value for name, value in ROW.items() if name != "enquiries_6m"})
    assert refused.value.field == "enquiries_6m"


@pytest.mark.parametrize(
    ("pd", "points"), [("0.0476190476", 600), ("0.0243902439", 640), ("0", 1623), ("1", -769)]
)
def test_points_are_those_of_the_usual_scale(pd: str, points: int) -> None:
    assert points_of(Decimal(pd)) == points


def test_a_model_changed_by_one_digit_is_no_model() -> None:
    data = json.loads(rated().to_json())
    data["anchor"] = 0.26
    with pytest.raises(BadInput):
        scorer_of(json.dumps(data))
