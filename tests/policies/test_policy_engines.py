"""Models behind a policy: a scorecard or a rated model, chosen by the text's own format."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tael.economy import history
from tael.kernel import BadInput, Rate
from tael.policies.model import Feature
from tael.policies.scorers import RatedScorer, ScorecardScorer, points_of, scorer_of
from tael.risk import Sample, Scorecard, calibration, explain, pipeline

NUMERIC = ("debt_ratio", "enquiries_6m", "overdue_count_24m", "revenue_volatility")
BOUNDS = tuple(Rate(Decimal(bound)) for bound in ("0.01", "0.02", "0.035", "0.06", "0.1", "0.16"))
ROW: Mapping[str, Feature] = {
    "debt_ratio": Decimal("0.91"), "enquiries_6m": Decimal(9), "overdue_count_24m": Decimal(2),
    "revenue_volatility": Decimal("0.4"), "industry": "F52",
}  # fmt: skip


def sample(columns: Mapping[str, Any], bad: Any) -> Sample:
    """Rows of the numeric variables, every fiftieth debt ratio without a source."""
    values = np.array([columns[name] for name in NUMERIC], dtype=np.float32)
    reasons = np.zeros(values.shape, dtype=np.uint8)
    reasons[0, ::50] = 1
    values[reasons > 0] = np.nan
    count = values.shape[1]
    blank = np.full(count, np.datetime64("NaT", "s"))
    nobody = np.full(count, "", dtype=object)
    return Sample(NUMERIC, values, reasons, bad, np.ones(count), nobody, blank, blank, "plan-1")


@functools.cache
def rated() -> pipeline.RatedModel:
    """A scorecard of four variables, calibrated to its own rows and put through the cycle."""
    past = history(1, 1000)
    rows = sample(past.columns, np.array(past.bad, dtype=np.float64))
    card = Scorecard().fit(rows)
    odds, told = card.log_odds(rows), card.contributions(rows)
    held = rows.select(card.names_).values.T
    return pipeline.RatedModel(
        card,
        calibration.Calibrator().fit(odds, rows.bad),
        0.25,
        BOUNDS,
        explain.Reference.average(told, held),
        "plan-1",
        "config-1",
    )


def sample_of_one(row: Mapping[str, Any]) -> Sample:
    one = sample(row, np.array([np.nan]))
    return replace(one, values=np.array([row[n] for n in NUMERIC], np.float32),
                   reasons=np.zeros((len(NUMERIC), 1), np.uint8))  # fmt: skip


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
    row = {name: [float(str(ROW[name]))] for name in NUMERIC}
    whole = rated().score(sample_of_one(row))
    assert score.pd == Rate.from_probability(float(whole.pd[0]))
    assert score.more["pd_cycle"] == Rate.from_probability(float(whole.pd_cycle[0])).fraction
    assert score.more["pd_cycle"] > score.pd.fraction
    assert score.more["model_tier"] == int(whole.tier[0])
    assert score.reasons()
    assert set(score.reasons()) <= set(scorer.codes)
    assert scorer.plan == "plan-1"


def test_a_row_is_scored_alone_as_among_thousands() -> None:
    past = history(3, 1500)
    rows = sample(past.columns, np.full(1500, np.nan))
    scorer = scorer_of(rated().to_json())
    batch = rated().score(rows).pd
    for at in range(0, 1500, 100):
        row: dict[str, Feature] = {
            name: Decimal(-9999) if reason else Decimal(repr(float(value)))
            for name, value, reason in zip(
                NUMERIC, rows.values[:, at], rows.reasons[:, at], strict=True
            )
        }
        assert scorer.score(row).pd == Rate.from_probability(float(batch[at]))


def test_a_variable_without_a_value_is_read_as_missing_however_it_is_told() -> None:
    scorer = scorer_of(rated().to_json())
    kinds = (None, Decimal(-9997), Decimal(-9998), Decimal(-9999))
    told = [scorer.score({**ROW, "debt_ratio": value}).pd for value in kinds]
    assert told[0] == told[1]
    # Without a source was seen in training: it has points of its own.
    assert told[3] != scorer.score(ROW).pd


def test_a_text_where_the_model_reads_a_number_is_refused_by_name() -> None:
    with pytest.raises(BadInput) as refused:
        scorer_of(rated().to_json()).score({**ROW, "debt_ratio": "high"})
    assert refused.value.field == "debt_ratio"


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
