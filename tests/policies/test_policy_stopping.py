"""The stopping rule of an experiment: declared with a deployment, signed, brought back with it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import BadInput, InvariantBroken, VersionId
from tael.policies.assignment import arms_of
from tael.policies.canonical import canonical
from tael.policies.experiments import Measure
from tael.policies.model import (
    STOPPING_MEASURES,
    Arm,
    Deployment,
    Role,
    StoppingRule,
    Traffic,
    stopping_rule_typed,
)
from tael.policies.store import deployment_of

CASES = Path(__file__).parent / "cases" / "stopping.csv"
FIELDS = ("measure", "margin", "months", "confidence", "planned")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULE = StoppingRule("default", Decimal("0.015"), 9, Decimal("0.975"), 4000)
# The text that was signed before a deployment could declare a rule.
BEFORE = (
    '{"arms":[{"role":"champion","share":10000,"version":"a"}],"at":"2026-03-02T09:00:00+00:00",'
    '"by":"li","number":1,"restores":null,"salt":"s","why":"try"}'
)


@pytest.fixture
def light(new_desk: Callable[..., Any], light_engines: Any) -> Any:
    return new_desk(light_engines)


def rows() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", rows(), ids=lambda case: case["name"])
def test_a_rule_that_is_none_is_refused_by_field_and_rule(case: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        stopping_rule_typed({name: case[name] for name in FIELDS})
    assert refused.value.field == case["field"]
    assert case["says"] in (refused.value.rule or "")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({}, StoppingRule()),
        ({"measure": "default", "margin": "1.5 %", "months": "9", "confidence": "97.5%",
          "planned": "4,000"}, RULE),
        ({"measure": "loss", "margin": "12.5"}, StoppingRule("loss", Decimal(1250))),
        ({"measure": " approval ", "margin": " "}, StoppingRule("approval")),
    ],
)  # fmt: skip
def test_a_rule_is_read_as_people_write_it(typed: dict[str, str], found: StoppingRule) -> None:
    assert stopping_rule_typed(typed) == found


def test_whatever_may_be_declared_is_a_measure_of_experiments() -> None:
    assert {Measure(name).value for name in STOPPING_MEASURES} == set(STOPPING_MEASURES)


@pytest.mark.parametrize("rule", [None, RULE, StoppingRule("loss", Decimal(1250))])
def test_a_record_reads_back_to_the_text_that_was_signed(rule: StoppingRule | None) -> None:
    made = Deployment(
        1, (Arm(VersionId("a"), Role.CHAMPION, 10_000),), "s", AT, "li", "try", stopping=rule
    )
    text = canonical(made.as_json())
    assert (text == BEFORE) == (rule is None)
    assert deployment_of(text, "", None) == made
    assert canonical(deployment_of(text, "", None).as_json()) == text


def test_a_rule_without_a_challenger_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        arms_of(VersionId("a"), Traffic({}, stopping=RULE), most_random=0)
    assert (refused.value.field, refused.value.rule) == (
        "stopping", "a deployment with a challenger",
    )  # fmt: skip


def test_a_declared_rule_is_signed_told_and_brought_back(light: Any) -> None:
    a, b, c = light.approved(), light.approved(), light.approved()
    first = light.policies.deploy(light.li, a, Traffic({b: 1000}, stopping=RULE))
    assert light.again().deployment(light.wang).stopping == RULE
    told = [event for event in light.policies.timeline(light.wang, b) if event.stopping]
    assert [event.stopping for event in told] == [RULE]
    assert json.loads(told[0].record)["stopping"]["months"] == 9
    light.policies.deploy(light.li, c)
    assert light.policies.deployment(light.wang).stopping is None
    assert not light.policies.timeline(light.wang, c)[-1].stopping
    back = light.policies.rollback(light.li, "the other approved twice as many")
    assert (back.stopping, back.restores) == (RULE, first.number)


@pytest.mark.parametrize(
    "changed", [None, replace(RULE, margin=Decimal("0.02")), replace(RULE, months=12)]
)
def test_a_rule_that_was_changed_afterwards_is_found_out(
    light: Any, changed: StoppingRule | None
) -> None:
    a, b = light.approved(), light.approved()
    made = light.policies.deploy(light.li, a, Traffic({b: 1000}, stopping=RULE))
    light.store.forge_deployment(replace(made, stopping=changed))
    for process in (light.policies, light.again()):
        with pytest.raises(InvariantBroken, match="not the one that was signed"):
            process.deployment(light.wang)


def test_a_rule_put_into_a_record_without_one_is_found_out(light: Any) -> None:
    a, b = light.approved(), light.approved()
    made = light.policies.deploy(light.li, a, Traffic({b: 1000}))
    light.store.forge_deployment(replace(made, stopping=RULE))
    with pytest.raises(InvariantBroken, match="not the one that was signed"):
        light.policies.deployment(light.wang)
