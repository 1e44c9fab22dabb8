"""Partial evaluation is sound: what it calls decided is what every completion gives.

Random models of tables, logic, arithmetic, lists and a knowledge model get random completions of
what is not known, null and wrong types included, through the engine itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from tael.dmn import Model, Range, Value, loads
from tael.dmn.verification.constants import value_key

# Name, type, and values: some that matter, null, and one of a wrong type.
INPUTS: Mapping[str, tuple[str, list[object]]] = {
    "n": ("number", [0, 3, 4, 5, Decimal("5.5"), 9, None, "text"]),
    "m": ("tShare", [0, 1, 40, 100, 101, None]),
    "k": ("tKind", ["a", "b", "c", "z", None]),
    "b": ("boolean", [True, False, None, 1]),
    "u": ("", [3, "a", True, None, [1, 2], {"n": 1}]),
}
TYPES = (
    '<itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues>'
    '<text>"a", "b", "c"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tShare"><typeRef>number</typeRef><allowedValues>'
    "<text>[0..100]</text></allowedValues></itemDefinition>"
)
CELLS = {
    "n": ["-", "< 3", "[3..5]", "> 5", "not(3)", "null", "> m", "? > 3 or ? = null"],
    "m": ["-", "< 50", ">= 50", "[0..100]", "> 100", "not(1)"],
    "k": ["-", '"a"', '"b", "c"', 'not("a")', "null", '"a", "b", "c"'],
    "b": ["-", "true", "false", "not(true)", "null"],
    "u": ["-", "3", '"a"', "true", "not(3)", "null", "[1..5]"],
}
POLICIES = ["UNIQUE", "ANY", "FIRST", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER",
            'COLLECT" aggregation="SUM', 'COLLECT" aggregation="COUNT',
            'COLLECT" aggregation="MIN', 'COLLECT" aggregation="MAX']  # fmt: skip
RESULTS = ["1", "2", "2", "5", "n", "m + 1", "null"]


@st.composite
def tables(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(sorted(INPUTS)), min_size=1, max_size=3, unique=True))
    row = st.tuples(*(st.sampled_from(CELLS[name]) for name in names), st.sampled_from(RESULTS))
    rows = draw(st.lists(row, min_size=1, max_size=5))
    default = draw(st.sampled_from(["", "", "7"]))
    inputs = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in names
    )
    rules = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{escape(row[-1])}</text></outputEntry></rule>"
        for row in rows
    )
    entry = f"<defaultOutputEntry><text>{default}</text></defaultOutputEntry>" if default else ""
    output = f"<output><outputValues><text>2, 1, 5</text></outputValues>{entry}</output>"
    policy = draw(st.sampled_from(POLICIES))
    return f'<decisionTable hitPolicy="{policy}">{inputs}{output}{rules}</decisionTable>'


@cache
def numeric(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["n", "m", "u", "t", "3", "0", "score"])
    if not depth:
        return leaf
    inner = numeric(depth - 1)
    pair = st.tuples(inner, inner)
    return st.one_of(
        leaf,
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(truth(depth - 1), inner, inner).map(
            lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"
        ),
        pair.map(lambda p: f"min({p[0]}, {p[1]})"),
        pair.map(lambda p: f"max([{p[0]}, {p[1]}])"),
        pair.map(lambda p: f"sum({p[0]}, {p[1]})"),
        pair.map(lambda p: f"capped({p[0]}, {p[1]})"),
        inner.map(lambda p: f"decimal({p}, 0)"),
        truth(depth - 1).map(lambda p: f'count(concatenate(if {p} then ["X"] else [], ["Y"]))'),
        st.tuples(truth(depth - 1), truth(depth - 1)).map(
            lambda p: (
                f'count(concatenate(if {p[0]} then ["X", "Y", "Y"] else ["Y"], '
                f'if {p[1]} then ["Z", "X"] else if b then ["X"] else ["Z"]))'
            )
        ),
        inner.map(lambda p: "{q: 1, r: " + p + "}.r"),
    )


@cache
def truth(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["b", "n > 3", 'k = "a"', "m <= 100", "m >= 0", "true", "n = null", "u"])
    if not depth:
        return leaf
    inner, number = truth(depth - 1), numeric(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(number, st.sampled_from(["<", "<=", "=", "!=", ">"]), number).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        inner.map(lambda p: f"not({p})"),
        number.map(lambda p: f"({p} in [0..5])"),
        number.map(lambda p: f"({p} between 0 and 5)"),
        inner.map(lambda p: f"(some x in [1, 2] satisfies x > 1 and {p})"),
        inner.map(lambda p: f'list contains(if {p} then ["X"] else ["X", "Y"], "X")'),
        st.just("count(t) > 0"),
        st.just("list contains(concatenate(t, if b then [1, 2] else [2]), 2)"),
        st.just('k in ("a", "b")'),
        st.just("n instance of number"),
    )


@dataclass(frozen=True)
class Case:
    """A model of a table ``t``, a number ``score`` and an answer over them; what is known."""

    table: str
    score: str
    answer: str
    known: Mapping[str, object]
    completions: tuple[Mapping[str, object], ...]

    def model(self) -> Model:
        data = "".join(
            f'<inputData id="{name}" name="{name}"><variable name="{name}" '
            + (f'typeRef="{kind}"' if kind else "")
            + "/></inputData>"
            for name, (kind, _) in INPUTS.items()
        )
        needs = "".join(
            f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
            for name in INPUTS
        )
        more = '<informationRequirement><requiredDecision href="#t"/></informationRequirement>'
        also = '<informationRequirement><requiredDecision href="#score"/></informationRequirement>'
        cap = '<knowledgeRequirement><requiredKnowledge href="#capped"/></knowledgeRequirement>'
        return loads(
            '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t">'
            f"{TYPES}{data}"
            '<businessKnowledgeModel id="capped" name="capped"><variable name="capped"/>'
            '<encapsulatedLogic><formalParameter name="amount" typeRef="number"/>'
            '<formalParameter name="cap" typeRef="number"/><literalExpression>'
            "<text>if amount &gt; cap then cap else amount</text></literalExpression>"
            "</encapsulatedLogic></businessKnowledgeModel>"
            f'<decision id="t" name="t"><variable name="t"/>{needs}{self.table}</decision>'
            f'<decision id="score" name="score"><variable name="score" typeRef="number"/>{needs}'
            f"{more}{cap}<literalExpression><text>{escape(self.score)}</text></literalExpression>"
            f'</decision><decision id="a" name="a"><variable name="a"/>{needs}{more}{also}{cap}'
            f"<literalExpression><text>{escape(self.answer)}</text></literalExpression></decision>"
            "</definitions>"
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    values = {name: st.sampled_from(choices) for name, (_, choices) in INPUTS.items()}
    given_names = draw(st.lists(st.sampled_from(sorted(INPUTS)), unique=True))
    known = {name: draw(values[name]) for name in given_names}
    rest = {name: values[name] for name in INPUTS if name not in known}
    completions = draw(st.lists(st.fixed_dictionaries(rest), min_size=4, max_size=10))
    score = draw(numeric(2)).replace("score", "4")
    answer = draw(st.one_of(numeric(3), truth(3)))
    return Case(draw(tables()), score, answer, known, tuple(completions))


def outcome(model: Model, inputs: Mapping[str, object], decision: str) -> Value:
    return model.evaluate(inputs, decision).outputs[decision]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_is_decided_is_what_every_completion_gives(case: Case) -> None:
    model = case.model()
    for decision in ("t", "score", "a"):
        found = model.partial(case.known, decision)
        assert not found.needs & set(case.known)
        assert found.needs | found.irrelevant == set(INPUTS) - set(case.known)
        assert found.decided is (not found.needs)
        if found.decided:
            for more in case.completions:
                given_value = outcome(model, {**case.known, **more}, decision)
                assert value_key(given_value) == value_key(found.value)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_is_irrelevant_changes_nothing(case: Case) -> None:
    model = case.model()
    for decision in ("t", "score", "a"):
        irrelevant = model.partial(case.known, decision).irrelevant
        first = {**case.completions[0], **case.known}
        for more in case.completions[1:]:
            changed = {name: more[name] if name in irrelevant else first[name] for name in first}
            assert value_key(outcome(model, changed, decision)) == value_key(
                outcome(model, first, decision)
            )


@settings(max_examples=40, deadline=None)
@given(cases())
def test_all_inputs_known_decide(case: Case) -> None:
    model = case.model()
    inputs = {**case.completions[0], **case.known}
    for decision in ("t", "score", "a"):
        found = model.partial(inputs, decision)
        assert found.decided
        assert value_key(found.value) == value_key(outcome(model, inputs, decision))


# What may be told of an input beforehand, and values that keep to it.
TOLD: Mapping[str, list[tuple[Range | tuple[Value, ...], list[object]]]] = {
    "n": [
        (Range(Decimal(3), Decimal(5), low_closed=True, high_closed=True), [3, Decimal("4.5"), 5]),
        (Range(Decimal(5), None, low_closed=True, high_closed=False), [5, 9, Decimal("1E+40")]),
        ((Decimal(3), Decimal(9)), [3, 9]),
    ],
    "m": [
        (Range(Decimal(0), Decimal(40), low_closed=True, high_closed=True), [0, 1, 40]),
        (Range(Decimal(90), Decimal(120), low_closed=True, high_closed=True), [90, 100, 110, 120]),
        ((Decimal(1), Decimal(100), None), [1, 100, None]),
    ],
    "k": [(("a", "b"), ["a", "b"]), (("a", "z"), ["a", "z"])],
    "b": [((True,), [True]), ((True, False), [True, False])],
}  # fmt: skip


@st.composite
def told(draw: st.DrawFn) -> tuple[Case, dict[str, Range | tuple[Value, ...]]]:
    """A case whose completions keep to what was told of some inputs beforehand."""
    case = draw(cases())
    within: dict[str, Range | tuple[Value, ...]] = {}
    completions = [dict(more) for more in case.completions]
    for name in draw(st.lists(st.sampled_from(sorted(TOLD)), unique=True)):
        if name in case.known:
            continue
        within[name], values = draw(st.sampled_from(TOLD[name]))
        for more in completions:
            more[name] = draw(st.sampled_from(values))
    return replace(case, completions=tuple(completions)), within


@settings(max_examples=60, deadline=None)
@given(told())
def test_what_is_told_beforehand_decides_for_every_completion_that_keeps_to_it(
    made: tuple[Case, dict[str, Range | tuple[Value, ...]]],
) -> None:
    case, within = made
    model = case.model()
    found = model.outlook(case.known, ["t", "score", "a"], within)
    for decision in ("t", "score", "a"):
        values = {
            value_key(outcome(model, {**case.known, **more}, decision)) for more in case.completions
        }
        choices = found.choices(decision)
        assert choices is None or values <= set(map(value_key, choices))
        if found.of(decision).decided:
            assert values == {value_key(found.of(decision).value)}


@settings(max_examples=60, deadline=None)
@given(told())
def test_rules_that_certainly_fire_fire_in_every_completion(
    made: tuple[Case, dict[str, Range | tuple[Value, ...]]],
) -> None:
    case, within = made
    model = case.model()
    certain = model.outlook(case.known, ["t", "a"], within).certain.of("t")
    for more in case.completions if certain else ():
        whole = model.evaluate({**case.known, **more}).trace.of("t")
        assert certain is not None
        assert whole is not None
        assert {rule.number for rule in certain.fired} <= {rule.number for rule in whole.fired}
        if isinstance(certain.value, tuple) and certain.value:
            assert isinstance(whole.value, tuple)
            items = [value_key(item) for item in whole.value]
            assert all(value_key(item) in items for item in certain.value)


@settings(max_examples=60, deadline=None)
@given(told(), st.lists(st.sampled_from(sorted(INPUTS)), unique=True))
def test_an_outlook_that_goes_on_equals_a_new_one(
    made: tuple[Case, dict[str, Range | tuple[Value, ...]]], news: list[str]
) -> None:
    case, within = made
    model = case.model()
    first = model.outlook(case.known, ["t", "score", "a"], within)
    more = {**case.known, **{n: case.completions[0][n] for n in news if n not in case.known}}
    on = model.outlook(more, ["t", "score", "a"], before=first)
    new = model.outlook(more, ["t", "score", "a"])
    for decision in ("t", "score", "a"):
        assert on.of(decision) == new.of(decision)
        assert on.choices(decision) == new.choices(decision)
    assert on.certain == new.certain


@settings(max_examples=60, deadline=None)
@given(cases(), st.data())
def test_between_two_cuts_of_an_input_every_decision_is_the_same(
    case: Case, data: st.DataObject
) -> None:
    model = case.model()
    for name in model.cuts:
        cuts = [Decimal(-9), *model.cuts[name], Decimal(999)]
        place = data.draw(st.integers(0, len(cuts) - 2))
        low, high = cuts[place : place + 2]
        shares = (Decimal("0.01"), Decimal("0.5"), Decimal("0.93"))
        inside = [low + (high - low) * share for share in shares]
        for more in case.completions:
            answers = [
                [value_key(value) for value in model.evaluate(inputs).outputs.values()]
                for inputs in ({**case.known, **more, name: value} for value in inside)
            ]
            assert answers == [answers[0]] * len(inside)
