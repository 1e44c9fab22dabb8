"""A shadow's verdicts beside the incumbent's: each pair one class; default at an equal rate."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import BadInput
from tael.policies.experiments import (
    Class,
    Results,
    Scores,
    classify,
    default_at_equal_rate,
    experiment_page,
    verdict_table,
)
from tael.policies.experiments.shadow import VERDICTS

with (Path(__file__).parent / "cases" / "shadow.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))


def tables(cases: list[dict[str, str]]) -> tuple[pa.Table, pa.Table]:
    found = []
    for side in ("", "shadow_"):
        rows = [
            {
                "application": f"{n:03}",
                "outcome": case[side + "outcome"],
                "tier": int(case[side + "tier"]),
                "limit_minor": int(case[side + "limit_minor"]),
                "rate": float(case[side + "rate"]) if case[side + "rate"] else None,
                "reasons": case[side + "reasons"],
                "verdict": case[side + "detail"],
            }
            for n, case in enumerate(cases)
        ]
        found.append(pa.Table.from_pylist(rows, schema=pa.schema(list(VERDICTS.items()))))
    return found[0], found[1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_pair_gets_the_class_of_its_case(case: dict[str, str]) -> None:
    result, classes = classify(*tables([case]))
    assert classes["class"].to_pylist() == [case["class"]]
    others = {kind.value for kind, rows in result.also.items() if rows} - {case["class"]}
    wanted = {case["also"]} - {""}
    assert wanted <= others


def test_every_class_is_counted_and_nothing_is_left_over() -> None:
    result, classes = classify(*tables(CASES))
    assert sum(one.rows for one in result.classes) == result.rows == len(CASES)
    assert [one.rows for one in result.classes] == [1] * len(Class)
    assert result.different == len(CASES) - 1
    assert result.count(Class.LIMIT_UP) == 1
    assert sorted(classes["class"].to_pylist()) == sorted(kind.value for kind in Class)
    assert result.asked == {"court": 1}
    assert "Approve to decline" in experiment_page(Results(shadow=result)).html("en")


def test_applications_that_only_one_decided_are_told() -> None:
    incumbent, shadow = tables(CASES)
    result, _ = classify(incumbent.slice(0, 9), shadow.slice(4))
    assert (result.rows, result.unmatched) == (5, len(CASES) - 5)


def test_an_outcome_that_is_none_and_an_application_twice_are_refused() -> None:
    incumbent, shadow = tables(CASES)
    with pytest.raises(BadInput, match="twice"):
        classify(pa.concat_tables([incumbent, incumbent.slice(0, 1)]), shadow)
    strange = incumbent.set_column(1, "outcome", pa.array(["maybe"] * len(CASES)))
    with pytest.raises(BadInput, match="no outcome"):
        classify(strange, shadow)
    with pytest.raises(BadInput, match="no column 'tier'"):
        classify(incumbent.drop_columns("tier"), shadow)


def test_verdicts_of_the_log_become_rows() -> None:
    parts = [{"name": "bank_interest", "rate": "0.06", "payer": "borrower", "payee": "bank"},
             {"name": "guarantee_fee", "rate": "0.1", "payer": "borrower", "payee": "guarantor"},
             {"name": "servicing_fee", "rate": "0.03", "payer": "guarantor",
              "payee": "platform"}]  # fmt: skip
    cheap = [{**parts[0], "rate": "0.05"}, *parts[1:]]
    verdict = {"outcome": "approve", "tier": 3, "limit": {"minor": 100_00, "currency": "CNY"},
               "options": [{"components": parts}, {"components": cheap}],
               "reasons": ["x"]}  # fmt: skip
    declined = {**verdict, "outcome": "decline", "options": []}
    table = verdict_table([("one", verdict), ("two", declined)])
    first, second = table.to_pylist()
    assert (first["tier"], first["limit_minor"], first["rate"]) == (3, 100_00, 0.15)
    assert second["rate"] is None
    assert classify(table, table)[0].different == 0


def scores(rows: int = 600, noise: float = 2.0) -> Scores:
    random = np.random.Generator(np.random.PCG64(4))
    risk = random.normal(size=rows)
    bad = (random.random(rows) < 1 / (1 + np.exp(1.5 - risk))).astype(float)
    weak = risk + noise * random.normal(size=rows)
    return Scores(weak, risk, bad, borrower=np.arange(rows) // 2)


def test_the_sharper_score_has_fewer_defaults_at_the_same_rate() -> None:
    found = default_at_equal_rate(scores(), 0.5, resamples=100)
    assert found.difference.high < 0
    assert found.below == 1.0
    assert found.swapped > 0
    assert found.difference.value == pytest.approx(found.default[1].value - found.default[0].value)
    assert "Default at an equal approval rate" in experiment_page(Results(equal=found)).html("en")


def test_a_score_against_itself_shows_no_difference() -> None:
    one = scores()
    found = default_at_equal_rate(
        Scores(one.incumbent, one.incumbent, one.bad, one.borrower), 0.5, resamples=20
    )
    assert (found.difference.low, found.difference.high, found.swapped) == (0.0, 0.0, 0)


def test_both_approve_the_same_number_and_unknown_outcomes_are_bounded() -> None:
    one = scores(40)
    bad = np.asarray(one.bad).copy()
    safest = np.argsort(np.asarray(one.shadow))[:20]
    bad[safest[:4]] = np.nan
    found = default_at_equal_rate(Scores(one.incumbent, one.shadow, bad), 0.5, resamples=20)
    approved = np.asarray(one.shadow) <= found.thresholds[1]
    assert approved.sum() == 20
    assert found.known[1] == pytest.approx(16 / 20)
    seen = np.nansum(bad[approved])
    assert found.default[1].value == pytest.approx(seen / 16)
    shadow_alone = default_at_equal_rate(Scores(one.shadow, one.shadow, bad), 0.5, resamples=20)
    assert shadow_alone.if_good == shadow_alone.if_bad == 0.0


def test_the_order_of_rows_does_not_matter() -> None:
    one = scores(80)
    order = np.random.Generator(np.random.PCG64(2)).permutation(80)
    other = Scores(*(np.asarray(getattr(one, name))[order] for name in Scores.__dataclass_fields__))
    assert default_at_equal_rate(one, 0.4, resamples=20) == default_at_equal_rate(
        other, 0.4, resamples=20
    )


@pytest.mark.parametrize(
    ("change", "rate", "field"),
    [
        ({}, 1.0, "rate"),
        ({"shadow": [0.1, np.nan]}, 0.5, "shadow"),
        ({"bad": [0, 2]}, 0.5, "bad"),
        ({"bad": [np.nan, np.nan]}, 0.5, "bad"),
        ({"borrower": ["a"]}, 0.5, "borrower"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(
    change: dict[str, object], rate: float, field: str
) -> None:
    given = {"incumbent": [0.1, 0.2], "shadow": [0.2, 0.1], "bad": [0, 1], **change}
    with pytest.raises(BadInput) as refused:
        default_at_equal_rate(Scores(**given), rate)  # type: ignore[arg-type]
    assert refused.value.field == field
