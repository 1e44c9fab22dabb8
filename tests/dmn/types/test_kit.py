"""The published kit: models are checked, right decisions have no error, values their types.

The kit's files are data beside the project, found through TAEL_TEST_DATA.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tael import dmn
from tael.dmn.conformance import read_kit
from tael.dmn.feel.type_system import TypeSystem

KIT = (
    Path(__file__).parents[3] / os.environ.get("TAEL_TEST_DATA", "../shared")
).resolve() / "dmn-tck"
# Decisions that give a value and are faulty all the same: a filter and a path ask items for an
# entry that none has.
FAULTY = {("0069-feel-list.dmn", "decision031"), ("0069-feel-list.dmn", "decision033")}

pytestmark = [
    pytest.mark.xdist_group("dmn_tck"),
    pytest.mark.skipif(
        not KIT.is_dir(),
        reason=f"no DMN TCK at {KIT}; set TAEL_TEST_DATA to the folder that holds dmn-tck",
    ),
]


@cache
def models() -> dict[Path, dmn.Model]:
    return {path: dmn.load(path, tolerant=True) for path in sorted(KIT.glob("*/*/*.dmn"))}


@cache
def expected() -> dict[tuple[Path, str], list[object]]:
    """What the cases expect of each decision."""
    found: dict[tuple[Path, str], list[object]] = {}
    for file in read_kit(KIT):
        for case in file.cases:
            for each in case.expected:
                found.setdefault((file.model, each.node), []).append(each.value)
    return found


def test_every_model_is_checked_without_a_crash() -> None:
    assert all(isinstance(model.check(), tuple) for model in models().values())


def test_decisions_that_always_give_a_value_have_no_error() -> None:
    right = {key for key, values in expected().items() if None not in values}
    faulty = {
        (path.name, each.node)
        for path, model in models().items()
        for each in model.check()
        if each.severity.value == "error" and (path, each.node) in right
    }
    assert faulty == FAULTY


def test_most_decisions_that_are_always_null_are_told_of() -> None:
    null = {key for key, values in expected().items() if all(each is None for each in values)}
    told = {
        (path, each.node)
        for path, model in models().items()
        for each in model.check()
        if each.severity.value != "note"
    }
    assert len(null & told) / len(null) > 0.9


def test_values_are_of_the_inferred_types() -> None:
    strange = []
    for file in read_kit(KIT):
        model = models()[file.model]
        types = dmn.types.infer(model.graph)
        keys = {each.path + each.name: key for key, each in model.graph.decisions.items()}
        for case in file.cases:
            for each in case.expected:
                if case.invocable or each.node not in keys or each.value is None:
                    continue
                value = model.evaluate(case.inputs, each.node).outputs[each.node]
                if not TypeSystem().conforms(value, types[keys[each.node]]):
                    strange.append((file.group, each.node))
    assert not strange
