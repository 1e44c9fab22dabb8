"""What the check of a draft finds, and that only a refusal ever comes of a broken text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael import dmn
from tael.kernel import BadInput
from tael.policies import Bundle, first_bundle
from tael.policies.engines import DmnRules, Engines, Score
from tael.policies.examination import examine
from tael.policies.model import Finding, Weight
from tael.policies.texts import load

SHIPPED = first_bundle("0.02")


class NamedScorer:
    """Reads the variables and gives the codes that its text lists; a number is neither."""

    gives: Mapping[str, str] = {"pd": "number"}
    plan = ""

    def __init__(self, text: str) -> None:
        names = [] if text == SHIPPED.model else text.split()
        self.variables = [name for name in names if not name.startswith("why_")]
        self.codes = [name for name in names if name.startswith("why_")]

    def score(self, features: object) -> Score:
        raise NotImplementedError(features)


ENGINES = Engines(rules=DmnRules, scorer=NamedScorer)


def found(bundle: Bundle) -> list[Finding]:
    """What stands in the way."""
    everything = examine(load(bundle, ENGINES), bundle)
    return [one for one in everything if one.weight is not Weight.NOTE]


def rules(change: Callable[[str], str]) -> Bundle:
    changed = change(SHIPPED.dmn)
    assert changed != SHIPPED.dmn
    return replace(SHIPPED, dmn=changed)


def swapped(old: str, new: str) -> Bundle:
    return rules(lambda text: text.replace(old, new))


def parameters(change: Callable[[Any], object]) -> Bundle:
    data = json.loads(SHIPPED.parameters)
    change(data)
    return replace(SHIPPED, parameters=json.dumps(data))


def prices(change: Callable[[Any], object]) -> Bundle:
    data = json.loads(SHIPPED.prices)
    change(data)
    return replace(SHIPPED, prices=json.dumps(data))


def without_decision(name: str) -> Bundle:
    def cut(text: str) -> str:
        start = text.index(f'<decision id="{name}"')
        return text[:start] + text[text.index("</decision>", start) + len("</decision>") :]

    return rules(cut)


def test_the_shipped_policy_passes_and_its_own_checks_find_nothing_to_mend() -> None:
    assert found(SHIPPED) == []
    model = dmn.loads(SHIPPED.dmn, file="policy.dmn")
    assert model.check() == ()
    verified = model.verify()
    assert not verified.spent
    # A table that collects codes may collect none: that is told, and meant.
    assert {(f.node, f.kind, f.severity.value) for f in verified.findings} == {
        ("knock_outs", "gap", "note"),
        ("referrals", "gap", "note"),
    }


@pytest.mark.parametrize(
    ("bundle", "kind", "node", "message"),
    [
        (without_decision("limit"), "missing_decision", "limit", "no decision 'limit'"),
        (swapped('name="outcome"', 'name="verdict"'),
         "missing_decision", "outcome", "no decision 'outcome'"),
        (swapped('name="guarantee_fee"', 'name="fee"'),
         "missing_entry", "prices", "does not give guarantee_fee"),
        (swapped("pd", "chance"), "unknown_input", "chance", "no application, variable or model"),
        (swapped('name="region" typeRef="string"', 'name="region" typeRef="number"'),
         "type_mismatch", "region", "is a number in the rules and a string in the parameters"),
        (swapped("<text>&gt;= 0.16</text>", "<text>&gt;= 0.17</text>"),
         "gap", "tier", "no rule covers"),
        (swapped("<text>[0.10..0.16)</text>", "<text>[0.10..0.16]</text>"),
         "overlap", "tier", "rules 6, 7"),
        (replace(SHIPPED, model="shoe_size"), "unknown_input", "shoe_size", "the model reads"),
        (replace(SHIPPED, model="why_not"), "no_text", "why_not", "has no text"),
        (parameters(lambda p: p["inputs"].pop("amount")), "not_asked", "amount", "not asked"),
        (parameters(lambda p: p["inputs"]["months"].update(type="text")),
         "not_asked", "months", "not asked"),
        (parameters(lambda p: p["inputs"].update(pd={"type": "number"})),
         "name_taken", "pd", "what the model gives"),
        (parameters(lambda p: p["inputs"]["amount"].update(minium="1")),
         "unknown_field", "inputs.amount.minium", "no field"),
        (parameters(lambda p: p["reasons"]["over_indebted"].update(fr="x")),
         "unknown_field", "reasons.over_indebted.fr", "no field"),
        (parameters(lambda p: p.update(note="x")), "unknown_field", "note", "no field"),
        (parameters(lambda p: p["reasons"].pop("no_revenue")),
         "no_text", "no_revenue", "has no text"),
        (parameters(lambda p: p["reasons"].pop("limit_too_small")),
         "no_text", "limit_too_small", "has no text"),
        (parameters(lambda p: p["explained_by_score"].append("mood")),
         "no_text", "mood", "has no text"),
        (prices(lambda p: p.update(limit_stepp="1")), "unknown_field", "limit_stepp", "no field"),
        (prices(lambda p: p["options"][0].update(fee="1")),
         "unknown_field", "options.fee", "no field"),
        (replace(SHIPPED, cases=""), "no_cases", "cases", "no cases of its own"),
    ],
)  # fmt: skip
def test_a_finding_names_text_node_and_reason_in_both_languages(
    bundle: Bundle, kind: str, node: str, message: str
) -> None:
    (one,) = [each for each in found(bundle) if (each.kind, each.node) == (kind, node)]
    assert message in one.words.en
    assert one.words.zh != one.words.en
    table = kind in ("gap", "overlap")
    assert one.weight is (Weight.DOUBT if table or kind == "no_cases" else Weight.FAULT)
    assert one.rules == ((6, 7) if kind == "overlap" else ())
    assert (one.line > 0) == table
    assert one.id == found(bundle)[found(bundle).index(one)].id


def test_a_type_error_in_the_rules_is_a_fault() -> None:
    wrong = found(swapped("amount / months", 'amount + "much"'))
    assert ("instalment_burden", Weight.FAULT) in {(one.node, one.weight) for one in wrong}


def test_what_nobody_reads_is_told_and_stands_in_nobodys_way() -> None:
    told = examine(load(without_decision("routing"), ENGINES), without_decision("routing"))
    notes = {(one.kind, one.node) for one in told if one.weight is Weight.NOTE}
    assert ("unread_input", "region") in notes or ("unread_input", "employees") in notes


def test_a_plan_of_variables_that_the_model_does_not_know_is_a_fault() -> None:
    class Planned(NamedScorer):
        plan = "a" * 64

    text = json.dumps({"plan": "b" * 64, "names": ["ent.tax"]})
    bundle = replace(SHIPPED, variables=text)
    told = examine(load(bundle, Engines(rules=DmnRules, scorer=Planned)), bundle)
    assert {"other_plan", "unread_input"} <= {one.kind for one in told}


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, "", "x", "NaN", "1e999", [], [1], {}, {"a": 1}, [[]]]
)


def _paths(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(each for key, value in inner for each in _paths(value, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["parameters", "prices"]), st.data())
def test_a_text_with_any_value_at_any_place_loads_or_is_refused(
    part: str, data: st.DataObject
) -> None:
    whole = {"root": json.loads(getattr(SHIPPED, part))}
    path = data.draw(st.sampled_from(_paths(whole)[1:]))
    at: Any = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = data.draw(ODD)
    bundle = replace(SHIPPED, **{part: json.dumps(whole["root"])})
    try:
        told = examine(load(bundle, LIGHT), bundle)
    except BadInput as refused:
        assert refused.field  # noqa: PT017 - a refusal is one of the two good ends
        assert refused.rule  # noqa: PT017 - and names its rule
    else:
        assert all(one.words.en for one in told)


class LightRules(DmnRules):
    """The shipped rules, read once: these texts are not about them."""

    def __init__(self, text: str) -> None:
        assert text
        self.__dict__.update(ONCE.__dict__)

    def findings(self) -> list[Finding]:
        return []  # seen above


ONCE = DmnRules(SHIPPED.dmn)
LIGHT = Engines(rules=LightRules, scorer=NamedScorer)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["dmn", "model", "prices", "parameters"]), st.data())
def test_a_text_cut_or_garbled_anywhere_loads_or_is_refused(part: str, data: st.DataObject) -> None:
    text = getattr(SHIPPED, part)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    garbled = text[:start] + data.draw(st.text(max_size=5)) + text[end:]
    try:
        load(replace(SHIPPED, **{part: garbled}), ENGINES)
    except BadInput as refused:
        assert refused.field  # noqa: PT017 - a refusal is one of the two good ends
