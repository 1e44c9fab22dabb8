"""The flow of a draft is looked at with everything else that its check finds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.policies.flow.conftest import Flow

from tael.policies.engines import ENGINES
from tael.policies.examination import examine
from tael.policies.model import Finding, Weight
from tael.policies.texts import load


def faults(flow: Flow, **changes: Any) -> list[Finding]:
    parameters = json.dumps(json.loads(flow.bundle.parameters) | changes)
    bundle = replace(flow.bundle, parameters=parameters)
    found = examine(load(bundle, ENGINES), bundle)
    return [each for each in found if each.weight is Weight.FAULT]


def test_the_shipped_staged_policy_has_no_fault(flow: Flow) -> None:
    assert faults(flow) == []


@pytest.mark.parametrize(
    ("changes", "kind", "node"),
    [
        (
            {"stages": [{"service": "nowhere", "sources": []}]},
            "unknown_service",
            "stages.0.service",
        ),
        ({"stages": {}}, "unreadable_flow", "stages"),
        ({"consent": "some"}, "unreadable_flow", "consent"),
    ],
)
def test_a_flow_that_does_not_work_is_a_fault_of_the_draft(
    flow: Flow, changes: dict[str, Any], kind: str, node: str
) -> None:
    found = faults(flow, **changes)
    assert (kind, node) in [(each.kind, each.node) for each in found]
    assert all(each.words.zh for each in found)
