"""Bounds of what a model gives the rules, while a part of what it reads is known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal

import pytest
from tests.policies.flow.conftest import USUAL_CARD
from tests.policies.test_policy_engines import ROW, rated

from tael.policies.engines import Score
from tael.policies.flow.scores import Bounds, Scores
from tael.policies.model import Feature
from tael.policies.scorers import scorer_of

CARD_ROW: Mapping[str, Feature] = {
    "late_records_730d": Decimal(2), "enquiries_180d": Decimal(7), "invoiced_365d": Decimal(-9999),
    "banked_sales_365d": None,
}  # fmt: skip


def holds(bounds: Bounds, score: Score) -> bool:
    given = {**score.more, "pd": score.pd.fraction}
    return all(low <= given[name] <= high for name, (low, high) in bounds.ends.items())


@pytest.mark.parametrize("kind", ["rated", "scorecard"])
def test_what_a_model_gives_lies_within_its_bounds_and_at_them_once_all_is_known(kind: str) -> None:
    text = rated().to_json() if kind == "rated" else USUAL_CARD
    scorer = scorer_of(text)
    whole = dict(ROW) if kind == "rated" else dict(CARD_ROW)
    row = {name: whole[name] for name in scorer.variables}
    score, scores = scorer.score(row), Scores(text, scorer, ())
    widths = []
    for size in range(len(row) + 1):
        for names in itertools.combinations(row, size):
            part = scores.row()
            part.tell({name: row[name] for name in names})
            bounds = part.bounds()
            assert holds(bounds, score)
            assert set(bounds.ends) == set(scorer.gives)
            assert bounds.worst.pd.fraction == bounds.ends["pd"][1]
            widths.append(bounds.ends["pd"][1] - bounds.ends["pd"][0])
    assert widths[-1] <= Decimal("2E-9") < widths[0]
    assert bounds.worst.points in range(score.points - 2, score.points + 3)
