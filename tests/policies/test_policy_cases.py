"""A version's own cases: read, run as live decisions are, and told when they come out otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tael.kernel import BadInput, Rate
from tael.policies import first_bundle
from tael.policies.cases import EXPECTED, read_cases, with_case
from tael.policies.model import CaseFailure
from tael.policies.suite import run_cases
from tael.policies.texts import load

SHIPPED = json.loads(first_bundle("").cases)
GIVEN = {**SHIPPED["given"], "pd": 0.02}


def text(*cases: Mapping[str, Any], **more: Any) -> str:
    return json.dumps({"given": GIVEN, "cap": "0.24", **more, "cases": list(cases)})


def case(expect: Mapping[str, Any], name: str = "one", **inputs: Any) -> dict[str, Any]:
    return {"name": name, "inputs": inputs, "expect": dict(expect)}


def ran(light_engines: Any, *cases: Mapping[str, Any], **more: Any) -> tuple[CaseFailure, ...]:
    bundle = replace(first_bundle("{}"), cases=text(*cases, **more))
    return run_cases(load(bundle, light_engines), cap=Rate.percent(24))


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ("[]", "cases"),
        ("{", "cases"),
        ("{}", "cases.cases"),
        ('{"cases": [7]}', "cases.1"),
        ('{"cases": [], "notes": ""}', "cases.notes"),
        ('{"given": [], "cases": []}', "cases.given"),
        ('{"cap": "0", "cases": []}', "cases.cap"),
        (text({"inputs": {}, "expect": {"tier": 1}}), "cases.1.name"),
        (text({"name": "a", "expect": {"tier": 1}}), "cases.1.inputs"),
        (text({"name": "a", "inputs": {}}), "cases.1.expect"),
        (text(case({})), "cases.1.expect"),
        (text(case({"mood": "good"})), "cases.1.expect.mood"),
        (text({**case({"tier": 1}), "note": "x"}), "cases.1.note"),
        (text(case({"tier": 1}), case({"tier": 2})), "cases.name"),
    ],
)
def test_cases_that_cannot_be_read_are_named(written: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_cases(written)
    assert refused.value.field == field


def test_a_version_may_have_none() -> None:
    assert read_cases("") == ()


def test_each_field_of_a_verdict_may_be_expected(light_engines: Any) -> None:
    right = {
        "outcome": "approve", "tier": 3, "pd": 0.02, "points": 0, "reasons": [],
        "options": ["as_asked", "equal_principal", "interest_first"], "routing": "prime",
        "limit": 600000,
    }  # fmt: skip
    assert set(right) | {"refused"} == set(EXPECTED)
    assert ran(light_engines, case(right, amount=900000, months=36, monthly_revenue=100000)) == (
        CaseFailure(
            "one",
            {**right, "pd": Decimal("0.02")},
            {**right, "pd": Decimal("0.02"), "reasons": ["limit_below_request"]},
        ),
    )
    for field, wrong in (("tier", 4), ("outcome", "refer"), ("limit", 1), ("routing", "x")):
        (failure,) = ran(light_engines, case({field: wrong}))
        assert (failure.name, failure.expected) == ("one", {field: wrong})
        assert f"{field} is " in str(failure)


def test_a_refusal_may_be_expected_by_the_input_at_fault(light_engines: Any) -> None:
    old = case({"refused": "owner_age"}, owner_age=130)
    unexpected = case({"tier": 3}, "two", owner_age=130)
    (failure,) = ran(light_engines, old, unexpected)
    assert failure.got["refused"] == "owner_age"
    assert str(failure) == "case two: was refused: 130 is above 120"
    (never,) = ran(light_engines, case({"refused": "owner_age"}))
    assert str(never) == 'case one: refused is null, not "owner_age"'


@pytest.mark.parametrize("pd", ["much", True, None, 1.5, -0.1])
def test_a_probability_that_is_none_fails_the_case(light_engines: Any, pd: Any) -> None:
    (failure,) = ran(light_engines, case({"tier": 3}, pd=pd))
    assert failure.got["refused"] == "pd"


def test_a_case_without_a_probability_asks_the_model(light_engines: Any) -> None:
    bare = {name: value for name, value in GIVEN.items() if name != "pd"}
    assert ran(light_engines, case({"pd": 0.05, "tier": 4, "points": 555}), given=bare) == ()


def test_a_case_has_the_cap_it_names_before_the_one_in_force(light_engines: Any) -> None:
    dear = case({"outcome": "decline", "reasons": ["no_price_within_cap"]})
    assert ran(light_engines, {**dear, "cap": "0.10"}) == ()
    assert ran(light_engines, dear, cap="0.10") == ()
    assert len(ran(light_engines, dear)) == 1
    bundle = replace(first_bundle("{}"), cases=json.dumps({"given": GIVEN, "cases": [dear]}))
    (none,) = run_cases(load(bundle, light_engines), cap=None)
    assert none.got["refused"] == "cap"


def test_a_variable_that_a_case_leaves_out_has_no_value(light_engines: Any) -> None:
    variables = json.dumps({"plan": "p", "names": ["ent.tax.sum"]})
    bundle = replace(first_bundle("{}"), variables=variables, cases=text(case({"tier": 3})))
    policy = load(bundle, light_engines)
    assert run_cases(policy, cap=None) == ()
    given = replace(bundle, cases=text(case({"refused": "ent.tax.sum"}, **{"ent.tax.sum": "x"})))
    assert run_cases(load(given, light_engines), cap=None) == ()


def test_one_more_case_leaves_the_others_as_they_were() -> None:
    shipped = first_bundle("").cases
    more = with_case(shipped, case({"outcome": "approve"}, "mine", pd=Decimal("0.0200")))
    assert read_cases(more)[:-1] == read_cases(shipped)
    last = read_cases(more)[-1]
    assert (last.name, last.inputs["pd"]) == ("mine", Decimal("0.0200"))
    assert last.inputs["owner_age"] == SHIPPED["given"]["owner_age"]


def test_a_case_of_the_same_name_takes_the_place_of_the_other() -> None:
    both = text(case({"tier": 1}, "one"), case({"tier": 2}, "two"))
    found = read_cases(with_case(both, case({"tier": 3}, "one")))
    assert [(one.name, one.expect["tier"]) for one in found] == [("one", 3), ("two", 2)]


def test_the_first_case_makes_a_text_of_its_own() -> None:
    (found,) = read_cases(with_case("", case({"tier": 3}, "one")))
    assert (found.name, found.cap) == ("one", None)
    with pytest.raises(BadInput):
        with_case("[]", case({"tier": 3}, "one"))
