"""The flow in the parameters: what is read, what is refused, what does not fit together."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.policies.flow.conftest import Flow, Sources, card

from tael.kernel import BadInput
from tael.policies.engines import ENGINES
from tael.policies.flow import Ahead, FlowRunner, examine, plan_of, sources_of, staged_bundle
from tael.policies.texts import load

CASES = tomllib.loads((Path(__file__).parent / "cases/plan_faults.toml").read_text("utf-8"))


def changed(parameters: str, changes: dict[str, Any]) -> str:
    data = json.loads(parameters)
    for place, value in changes.items():
        *way, last = place.split(".")
        at = data
        for part in way:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if value == "REMOVE":
            del at[last]
        else:
            at[int(last) if isinstance(at, list) else last] = value
    return json.dumps(data)


@pytest.mark.parametrize("case", CASES["unreadable"], ids=lambda case: case["name"])
def test_what_cannot_be_read_is_refused_with_its_place(flow: Flow, case: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        plan_of(flow.policy, changed(flow.bundle.parameters, case["set"]))
    assert refused.value.field == case["field"]
    assert refused.value.rule


@pytest.mark.parametrize("case", CASES["fault"], ids=lambda case: case["name"])
def test_what_does_not_fit_together_is_found_and_refused(flow: Flow, case: dict[str, Any]) -> None:
    parameters = changed(flow.bundle.parameters, case["set"])
    policy = load(replace(flow.bundle, parameters=parameters), ENGINES)
    plan = plan_of(policy, parameters)
    assert plan is not None
    ahead = Ahead(policy, replace(flow.bundle, parameters=parameters))
    found = examine(ahead, plan)
    assert (case["kind"], case["node"]) in [(each.kind, each.node) for each in found]
    assert all(each.words.zh and each.words.en for each in found)
    with pytest.raises(BadInput) as refused:
        FlowRunner(ahead, plan, Sources(plan))
    assert (refused.value.field, refused.value.rule) == (
        f"parameters.{found[0].node}",
        found[0].kind,
    )


def test_a_policy_without_stages_has_no_flow(flow: Flow) -> None:
    data = json.loads(flow.bundle.parameters)
    without = {name: data[name] for name in ("inputs", "reasons")}
    assert plan_of(flow.policy, json.dumps(without)) is None


def test_the_shipped_flow_fits_together_and_leaves_out_what_nobody_reads(flow: Flow) -> None:
    assert examine(flow.ahead, flow.plan) == ()
    assert [stage.service for stage in flow.plan.stages] == list(flow.ahead.services)
    # The small scorecard reads no regional figure, so the region is not asked.
    assert set(flow.plan.sources) == {
        "registry", "court", "device", "bureau", "tax", "bank_statement", "merchant_books",
        "invoice",
    }  # fmt: skip
    assert all(rule.when_down == "refer" for rule in flow.plan.sources.values())


def test_a_beginning_and_the_catalogue_say_the_source_too(flow: Flow) -> None:
    data = json.loads(flow.bundle.parameters)
    for spec in data["sources"].values():
        spec["inputs"] = []
    data["sources"]["bureau"]["inputs"] = ["per.bureau_*"]
    catalogue = {
        "tax_missed_365d": frozenset({"tax"}),
        "ent.bank_tx.sales.in.365d.amount.sum": frozenset({"bank_statement"}),
    }
    plan = plan_of(flow.policy, json.dumps(data), catalogue)
    assert plan is not None
    told = {name: behind for name, behind in plan.behind.items() if behind}
    assert told == {
        "late_records_730d": {"bureau"},
        "enquiries_180d": {"bureau"},
        "tax_missed_365d": {"tax"},
        "banked_sales_365d": {"bank_statement"},
    }


@pytest.mark.slow
def test_the_listed_sources_are_those_of_the_catalogue_and_a_model_brings_its_own(
    flow: Flow,
) -> None:
    taken = {r.name: r.taken.variable for r in flow.policy.inputs if r.taken}
    known = sources_of(taken.values())
    assert {name: known[taken[name]] for name in taken} == {
        name: behind for name, behind in flow.plan.behind.items() if behind
    }
    names = ("form.overdue_24m", "form.property", "pair.cross.90d.owner_debt_to_sales.ratio")
    model = card({name: ([1.0], [0.1, 0.2, 0.0]) for name in names}, intercept=-3.0)
    made = staged_bundle(model)
    policy = load(made, ENGINES)
    plan = plan_of(policy, made.parameters)
    assert plan is not None
    assert [plan.behind[name] for name in names] == [
        {"bureau"}, frozenset(), {"bank_statement", "bureau"}
    ]  # fmt: skip
    assert policy.variables == names[2:]
    assert examine(Ahead(policy, made), plan) == ()


@pytest.mark.slow
def test_a_variable_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="no variable of the catalogue"):
        sources_of(["ent.colour"])


def test_a_source_that_is_none_is_refused() -> None:
    model = card({"form.mood": ([1.0], [0.1, 0.2, 0.0])}, intercept=-3.0)
    with pytest.raises(BadInput) as refused:
        staged_bundle(model, {"form.mood": "newspaper"})
    assert refused.value.field == "form.mood"
