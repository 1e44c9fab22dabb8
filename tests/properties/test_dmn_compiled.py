"""The fast body of a model equals the general one: values, types, warnings and traces."""

from __future__ import annotations

import math
import os
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tael.dmn import Model, Result, Value, loads
from tael.dmn.compiled.plan import Table
from tael.dmn.compiled.walk import walked
from tael.kernel import BadInput

# How many models the slow test draws.
CAMPAIGN = int(os.environ.get("TAEL_CAMPAIGN", "10000"))
# Cuts on which ties, halves and digits go wrong: of 15 digits and of more, small, near 2 ** 53.
CUTS = (
    "0", "1", "-1", "2", "10", "0.1", "0.3", "-2.5", "100.05", "0.0000001", "123456789.123456",
    "12345678901234567", "0.12345678901234567890123", "9007199254740993", "1e20", "600", "600.5",
)  # fmt: skip
WORDS = ("a", "b", "c d", 'quote " and \\\\ and \u00e9', "__import__", "x" * 40)
SHELL = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="m">'
    '<itemDefinition name="tWord"><typeRef>string</typeRef>'
    '<allowedValues><text>"a", "b", "c d"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tShare"><typeRef>number</typeRef>'
    "<allowedValues><text>[-1..100]</text></allowedValues></itemDefinition>{body}</definitions>"
)
INPUTS = {"n": "number", "m": "number", "p": "tShare", "s": "string", "w": "tWord", "t": "boolean"}
POLICIES = (
    "UNIQUE", "FIRST", "ANY", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT",
    'COLLECT" aggregation="SUM', 'COLLECT" aggregation="MIN', 'COLLECT" aggregation="MAX',
    'COLLECT" aggregation="COUNT',
)  # fmt: skip
cuts = st.sampled_from(CUTS)


@st.composite
def number_cells(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(("-", "point", "range", "compare", "not", "several")))
    low, high = sorted((draw(cuts), draw(cuts)), key=Decimal)
    if form == "range":
        opening, closing = draw(st.sampled_from("[(")), draw(st.sampled_from("])"))
        return f"{opening}{low}..{high}{closing}"
    if form == "compare":
        return f"{draw(st.sampled_from(('<', '<=', '>', '>=', '=', '!=')))} {low}"
    if form == "several":
        return f"[{low}..{high}), > {draw(cuts)}, {draw(cuts)}"
    if form == "not":
        return f"not({low}, [{low}..{high}])"
    return "-" if form == "-" else low


def quoted(word: str) -> str:
    return f'"{word}"' if "quote" not in word else '"' + word.replace('" ', '\\" ') + '"'


@st.composite
def word_cells(draw: st.DrawFn) -> str:
    words = [quoted(w) for w in draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))]
    form = draw(st.sampled_from(("-", "{}", "not({})", "!= {}")))
    return form.format(", ".join(words)) if form != "!= {}" else f"!= {words[0]}"


truth_cells = st.sampled_from(("-", "true", "false", "not(true)", "true, false"))
CELLS = {"n": number_cells(), "m": number_cells(), "p": number_cells(), "s": word_cells(),
         "w": word_cells(), "t": truth_cells}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, columns: tuple[tuple[str, str], ...]) -> str:
    """A table over some of ``columns``: (expression, key of CELLS)."""
    chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True))
    rows = draw(st.integers(1, 6))
    policy = draw(st.sampled_from(POLICIES))
    numbers = st.sampled_from(("1", "2", "3", "-4", "0.5", "2.50"))
    single = policy in POLICIES[:4]
    computed = st.sampled_from(("n + 1", "2", "m"))
    ranked = policy in ("PRIORITY", "OUTPUT ORDER")
    conclusions = numbers if ranked else draw(st.sampled_from((numbers, numbers, computed)))
    default = draw(st.booleans()) and single
    output = "<outputValues><text>3, 1, 2</text></outputValues>"
    if default:
        output += "<defaultOutputEntry><text>7</text></defaultOutputEntry>"
    inputs = "".join(
        f"<input><inputExpression><text>{escape(text)}</text></inputExpression></input>"
        for text, _ in chosen
    )
    rules = ""
    for number in range(rows):
        cells = "".join(
            f"<inputEntry><text>{escape(draw(CELLS[key]))}</text></inputEntry>" for _, key in chosen
        )
        rules += (
            f'<rule id="r{number}">{cells}<outputEntry><text>{draw(conclusions)}</text>'
            f"</outputEntry><annotationEntry><text>note {number}</text></annotationEntry></rule>"
        )
    return (
        f'<decisionTable hitPolicy="{policy}">{inputs}<output>{output}</output>{rules}'
        "</decisionTable>"
    )


comparisons = st.sampled_from(("<", "<=", "=", "!=", ">"))
intervals = st.tuples(cuts, cuts).map(
    lambda ends: "[{}..{})".format(*sorted(ends, key=Decimal)) + f", {ends[0]}, > {ends[1]}"
)


def conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Conditions on numbers of ``inner``."""
    simple = st.one_of(
        st.sampled_from(("t", "true", *(f"(s = {quoted(word)})" for word in WORDS))),
        st.builds("({} {} {})".format, inner, comparisons, inner),
        st.builds("({} in ({}))".format, inner, intervals),
        st.builds("({} between {} and {})".format, inner, inner, inner),
    )
    both = st.builds("({} {} {})".format, simple, st.sampled_from(("and", "or")), simple)
    return st.one_of(simple, both, both.map("not({})".format))


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    rounding = st.sampled_from(("decimal", "round half up", "floor", "round down", "ceiling"))
    listed = st.sampled_from(("sum", "min", "max", "mean"))
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(if {} then {} else {})".format, conditions(inner), inner, inner),
        st.builds("{}({}, {})".format, listed, inner, inner),
        st.builds("{}({}, 2)".format, rounding, inner),
        inner.map("abs({})".format),
        inner.map("-({})".format),
        inner.map("({}) ** 2".format),
        st.sampled_from(("2 ** p", "(1 + p / 100) ** 3", "n ** p", "p / m", "(n - p) / p")),
        st.builds("modulo({}, {})".format, inner, inner),
    )


leaves = st.sampled_from(("n", "m", "p", "d", "2", "0.1", "600", "-3", "0"))
numeric = st.recursive(leaves, deeper, max_leaves=6)
truth = conditions(leaves)
COLUMNS = (("n", "n"), ("m", "m"), ("p", "p"), ("s", "s"), ("w", "w"), ("t", "t"), ("d", "n"),
           ("n / 3", "n"), ("n + m", "m"), ("n / m", "n"), ("p / m", "p"), ("min(n, p, m)", "m"),
           ("modulo(n, 3)", "m"))  # fmt: skip


def decision(name: str, logic: str, reads: tuple[str, ...]) -> str:
    links = "".join(
        f"<informationRequirement><required{'Input' if each in INPUTS else 'Decision'} "
        f'href="#{each}"/></informationRequirement>'
        for each in reads
    )
    return f'<decision id="{name}" name="{name}"><variable name="{name}"/>{links}{logic}</decision>'


def literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


@st.composite
def models(draw: st.DrawFn) -> Model:
    data = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/>'
        "</inputData>"
        for name, kind in INPUTS.items()
    )
    every = tuple(INPUTS)
    formula = draw(st.sampled_from(("n / m", "n - m", "n", "m * 3")))
    derived = decision("d", literal(formula), every)
    first = decision("first", draw(tables(COLUMNS)), (*every, "d"))
    second = decision("second", draw(tables(COLUMNS)), (*every, "d"))
    entries = "".join(
        f'<contextEntry><variable name="{name}"/>{logic}</contextEntry>'
        for name, logic in (("x", literal(draw(numeric))), ("y", draw(tables(COLUMNS))))
    )
    boxed = f"<context>{entries}<contextEntry>{literal('{x: x, y: y}')}</contextEntry></context>"
    third = decision("third", boxed, (*every, "d"))
    fourth = decision("fourth", literal(draw(st.one_of(numeric, truth))), (*every, "d"))
    everything = data + derived + first + second + third + fourth
    return loads(SHELL.format(body=everything + service(draw(outputs), draw(taken))))


outputs = st.lists(
    st.sampled_from(("d", "first", "second", "third", "fourth")), min_size=1, unique=True
)
taken = st.lists(st.sampled_from((*INPUTS, "d")), unique=True)


def service(given: list[str], takes: list[str]) -> str:
    """A decision service ``all`` over some decisions, that takes inputs and perhaps a decision."""
    inside = "".join(f'<outputDecision href="#{each}"/>' for each in given)
    inside += "".join(f'<inputData href="#{each}"/>' for each in takes if each in INPUTS)
    if "d" in takes and "d" not in given:
        inside += '<inputDecision href="#d"/>'
    return f'<decisionService id="all" name="all"><variable name="all"/>{inside}</decisionService>'


def near(text: str) -> st.SearchStrategy[object]:
    """Numbers at a cut and beside it, as int, float and Decimal."""
    exact = Decimal(text)
    found: list[object] = [exact, float(exact), math.nextafter(float(exact), math.inf)]
    found += [math.nextafter(float(exact), -math.inf), exact + Decimal("1e-20"), int(exact)]
    return st.sampled_from([*found, int(exact) + 1, exact - Decimal("1e-33")])


ordinary = cuts.flatmap(near)
odd = st.sampled_from((
    None, True, "600", (1,), [2], 10**30, -(10**17), 1e300, 5e-324, -0.0, float("nan"),
    float("inf"), Decimal("-0"), Decimal("1e-6000"), Decimal("1.5e40"), Decimal("NaN"),
    Decimal(1) / Decimal(3), Decimal("0." + "7" * 50),
))  # fmt: skip
small = st.sampled_from([sign * each for each in (1, 255, 256, 257, 511, 512, 1200, 4096)
                         for sign in (1, -1)])  # fmt: skip
numbers = st.one_of(
    ordinary, ordinary, ordinary, small, st.integers(-1300, 1300), st.floats(-10, 700), odd
)
applications = st.fixed_dictionaries({
    "n": numbers, "m": numbers, "p": st.one_of(st.integers(-1, 100), st.floats(0, 1), numbers),
    "s": st.sampled_from((*WORDS, "unknown")), "w": st.sampled_from(("a", "b", "c d")),
    "t": st.booleans(),
}, optional={"extra": st.just(1)})  # fmt: skip


@st.composite
def related(draw: st.DrawFn) -> dict[str, object]:
    """Whole numbers of which one is a cut times another, or just beside that."""
    above, below = Decimal(draw(cuts)).as_integer_ratio()
    times = draw(st.integers(1, 1000))
    beside = draw(st.sampled_from((0, 0, 1, -1)))
    return {
        **draw(applications), "n": above * times + beside, "m": below * times,
        "p": draw(st.integers(-1, 100)),
    }  # fmt: skip


many = st.lists(st.one_of(applications, related()), min_size=1, max_size=6)


def typed(value: Value) -> object:
    """A value with its Python types and its text, which equality alone would not tell apart."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    if isinstance(value, dict):
        return tuple((key, typed(each)) for key, each in value.items())
    return type(value), value


def answer(model: Model, inputs: dict[str, object], *, slowly: bool) -> Result | str:
    try:
        return model.evaluate_slowly(inputs) if slowly else model.evaluate(inputs)
    except BadInput as error:
        return str(error)


def _agree(model: Model, given_inputs: list[dict[str, object]]) -> None:
    assert model.plan.rejected == {}
    for inputs in given_inputs:
        fast, general = (answer(model, inputs, slowly=slowly) for slowly in (False, True))
        if isinstance(fast, str) or isinstance(general, str):
            assert fast == general
            continue
        assert typed(dict(fast.outputs)) == typed(dict(general.outputs))
        assert fast.warnings == general.warnings
        assert fast.trace == general.trace
        assert fast.to_json() == general.to_json()
        event("warned" if general.warnings else "plain")


@settings(deadline=None)
@given(models(), many)
def test_the_fast_body_equals_the_general_one(
    model: Model, given_inputs: list[dict[str, object]]
) -> None:
    _agree(model, given_inputs)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=CAMPAIGN, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), many)
def test_a_campaign_of_models_finds_no_difference(
    model: Model, given_inputs: list[dict[str, object]]
) -> None:
    _agree(model, given_inputs)


@settings(deadline=None)
@given(models(), applications, st.sampled_from(("d", "first", "second", "third", "fourth")))
def test_one_decision_alone_gives_what_it_gives_among_all(
    model: Model, inputs: dict[str, object], name: str
) -> None:
    try:
        general = model.evaluate_slowly(inputs, name)
    except BadInput:
        return
    fast = model.evaluate(inputs, name)
    assert typed(dict(fast.outputs)) == typed(dict(general.outputs))
    assert fast.warnings == general.warnings
    assert fast.trace == general.trace


@settings(deadline=None)
@given(models(), applications, st.sets(st.sampled_from(tuple(INPUTS)), max_size=1), cuts)
def test_a_service_gives_what_its_general_body_gives(
    model: Model, inputs: dict[str, object], missing: set[str], d: str
) -> None:
    inputs = {name: value for name, value in inputs.items() if name not in missing}
    inputs["d"] = Decimal(d)
    try:
        general = model.evaluate_slowly(inputs, "all")
    except BadInput:
        return
    fast = model.evaluate(inputs, "all")
    assert typed(dict(fast.outputs)) == typed(dict(general.outputs))
    assert fast.warnings == general.warnings
    assert fast.trace == general.trace
    body = model._fast["all"]
    event("fast" if body is not None and body.result(inputs) is not None else "general")


plain = st.fixed_dictionaries({
    "n": st.integers(1, 700), "m": st.floats(1, 700), "p": st.integers(-1, 100),
    "s": st.sampled_from(WORDS), "w": st.sampled_from(("a", "b", "c d")), "t": st.booleans(),
})  # fmt: skip


@settings(deadline=None)
@given(models(), plain)
def test_what_needs_no_warning_is_answered_fast(model: Model, inputs: dict[str, object]) -> None:
    general = model.evaluate_slowly(inputs)
    model.evaluate(inputs)
    body = model._fast[None]
    assert body is not None
    # Conclusions of hit policy ANY that are computed are not compared by the fast body.
    trees = [node for tree in model.plan.decisions.values() for node in walked(tree)]
    if not any(isinstance(node, Table) and node.hit_policy == "A" for node in trees):
        assert (body.result(inputs) is not None) is not bool(general.warnings)
    event("warned" if general.warnings else "plain")
