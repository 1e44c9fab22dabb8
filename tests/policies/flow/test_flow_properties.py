"""Staged equals whole: for any policy, applicant, order and failure."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policies.flow.conftest import CAP, TOLD, Flow, Sources, card, usual

from tael.kernel import Rate
from tael.policies.canonical import canonical
from tael.policies.flow import Answer, FlowSettings, History, conclude
from tael.policies.model import Bundle, Verdict

NUMBERS = ("a", "b", "c", "d", "e")
SOURCES = {"one": ["a", "b"], "two": ["c", "d"], "three": ["d", "e"]}
CELLS = ["-", "-", "< 2", ">= 3", "[1..3]", "not([0..3])", "4"]
# A policy is loaded for each: a third of the usual number, a third of the hunt's.
FEW = settings(max_examples=settings.default.max_examples // 3)
COSTS = st.sampled_from([0, 10, 50, 300])


def _decision(name: str, logic: str, reads: tuple[str, ...], *, codes: bool = False) -> str:
    carrier = "<extensionElements><why:codes/></extensionElements>" if codes else ""
    needs = "".join(
        f'<informationRequirement><required{_kind(each)} href="#{each}"/></informationRequirement>'
        for each in reads
    )
    variable = f'<variable name="{name}"/>'
    return f'<decision id="{name}" name="{name}">{carrier}{variable}{needs}{logic}</decision>'


def _kind(name: str) -> str:
    return "Input" if name in (*NUMBERS, "amount", "pd") else "Decision"


def _table(policy: str, columns: list[str], outputs: list[str], rows: list[list[str]]) -> str:
    heads = "".join(
        f"<input><inputExpression><text>{escape(each)}</text></inputExpression></input>"
        for each in columns
    )
    heads += "".join(f'<output name="{each}"/>' if each else "<output/>" for each in outputs)
    rules = "".join(
        f"<rule>{''.join(_cell(cell, at < len(columns)) for at, cell in enumerate(row))}</rule>"
        for row in rows
    )
    return f'<decisionTable hitPolicy="{policy}">{heads}{rules}</decisionTable>'


def _cell(text: str, is_condition: bool) -> str:  # noqa: FBT001 - of two
    kind = "inputEntry" if is_condition else "outputEntry"
    return f"<{kind}><text>{escape(text)}</text></{kind}>"


def _literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


@st.composite
def rows(draw: st.DrawFn, kind: str) -> list[list[str]]:
    count = draw(st.integers(1, 3))
    return [
        [*(draw(st.sampled_from(CELLS)) for _ in NUMBERS), f'"{kind}_{row}"']
        for row in range(count)
    ]


LIMITS = ["min(amount, e * 40000)", "amount", "if tier = 7 then 0 else amount", "max(a, e) * 30000"]
OUTCOMES = [
    (
        'if count(stops) > 0 or tier = 7 then "decline" '
        'else if count(checks) > 0 then "refer" else "approve"'
    ),
    (
        'if count(stops) > 1 then "decline" '
        'else if count(checks) > 0 or tier > 1 then "refer" else "approve"'
    ),
]
CUTS = [0.01, 0.02, 0.05, 0.1, 0.2]


@st.composite
def decisions(draw: st.DrawFn) -> str:
    """Random stops and checks over five numbers, tiers, a limit and an outcome of them."""
    low, high = sorted(draw(st.lists(st.sampled_from(CUTS), min_size=2, max_size=2, unique=True)))
    tiers = [[f"< {low}", "1"], [f"[{low}..{high})", "4"], [f">= {high}", "7"]]
    dear = draw(st.sampled_from(["0.1", "0.3"]))
    prices = [["1", "0.05", "0.06"], ["4", "0.06", "0.1"], ["7", "0.06", dear]]
    stops, checks = draw(rows("stop")), draw(rows("check"))
    if draw(st.booleans()):
        stops[-1][-1] = stops[0][-1]  # two rules with one code
    columns, rates = list(NUMBERS), ["bank_interest", "guarantee_fee"]
    outcome, limit = draw(st.sampled_from(OUTCOMES)), draw(st.sampled_from(LIMITS))
    return "".join(
        (
            _decision("tier", _table("UNIQUE", ["pd"], [""], tiers), ("pd",)),
            _decision("stops", _table("COLLECT", columns, [""], stops), NUMBERS, codes=True),
            _decision("checks", _table("COLLECT", columns, [""], checks), NUMBERS, codes=True),
            _decision("outcome", _literal(outcome), ("stops", "checks", "tier")),
            _decision("prices", _table("UNIQUE", ["tier"], rates, prices), ("tier",)),
            _decision("limit", _literal(limit), ("amount", "tier", "a", "e")),
        )
    )


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """A random policy over three sources, around a random scorecard."""
    inputs = "".join(
        f'<inputData id="{each}" name="{each}"><variable name="{each}" typeRef="number"/>'
        "</inputData>"
        for each in (*NUMBERS, "amount", "pd")
    )
    service = '<decisionService name="all"><outputDecision href="#outcome"/></decisionService>'
    dmn = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="random" '
        'xmlns:why="https://tael.example/dmn/reasons" namespace="r">'
        f"{inputs}{draw(decisions())}{service}</definitions>"
    )
    adds = st.sampled_from([-1.5, -0.3, 0.0, 0.4, 2.0])
    logits = {n: ([1.5, 3.5], [draw(adds), draw(adds), draw(adds), 0.0]) for n in ("a", "c", "e")}
    model = card(logits, draw(st.sampled_from([-4.0, -2.5])))
    return Bundle(dmn, model, usual().bundle.prices, json.dumps(draw(parameters())))


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    rule = {"budget_ms": 100, "stale_days": 3}
    sources = {
        name: rule | {"cost_minor": draw(COSTS), "inputs": inputs,
                      "when_down": draw(st.sampled_from(["refer", "refer", "refer_now"]))}
        for name, inputs in SOURCES.items()
    }  # fmt: skip
    number = {"type": "number", "minimum": "0", "maximum": "5"}
    return {
        "stages": [{"service": "all", "sources": draw(st.permutations(list(SOURCES)))}],
        "sources": sources,
        "inputs": {"amount": {"type": "number"}, "months": {"type": "integer"}}
        | dict.fromkeys(NUMBERS, number),
        "reasons": {"source_unavailable": {"zh": "资料缺失", "en": "data are missing"}},
    }


@lru_cache(maxsize=8)
def _loaded(bundle: Bundle) -> Flow:
    return Flow.of(bundle)


SAID = {"amount": Decimal(100_000), "months": 12}
applicants = st.fixed_dictionaries({name: st.integers(0, 5) for name in NUMBERS})
turns = st.tuples(st.sampled_from(list(SOURCES)), st.frozensets(st.sampled_from(list(SOURCES))))
histories = st.dictionaries(turns, st.sampled_from([(9, 0), (9, 5), (9, 9)]), max_size=5).map(
    lambda counts: History({(name, others - {name}): c for (name, others), c in counts.items()})
)


def said(verdict: Verdict) -> object:
    """What staged and whole must agree in: of a decline that there is one, else all but the pd."""
    if verdict.outcome == "decline":
        return "decline"
    return canonical(replace(verdict, pd=Rate.zero(), points=0, reasons=()).as_json())


@FEW
@given(bundles(), st.lists(applicants, min_size=1, max_size=4), histories)
def test_staged_and_whole_agree_for_any_policy_applicant_and_order(
    bundle: Bundle, people: list[dict[str, int]], history: History
) -> None:
    flow = _loaded(bundle)
    for values in people:
        sources = Sources(flow.plan, values)
        result = flow.run(sources, SAID, FlowSettings(watched=False, history=history))
        assert result.concluded is not None
        verdict, whole = result.concluded.verdict, flow.whole(values, SAID)
        assert said(verdict) == said(whole)
        assert whole.pd <= verdict.pd
        assert {skipped.source for skipped in result.skipped} == set(SOURCES) - set(sources.calls)
        assert result.cost_minor + result.saved_minor == sum(
            rule.cost_minor for rule in flow.plan.sources.values()
        )
        every = flow.policy.rules.evaluate({**SAID, **values, "pd": whole.pd.fraction}).knock_outs
        own = {"limit_too_small", "limit_below_request", "no_price_within_cap"}
        given_codes = [code for code in verdict.reasons if code not in own]
        assert set(given_codes) <= set(every) | set(whole.reasons)
        assert verdict.reasons or verdict.outcome == "approve" or not whole.reasons
        again = conclude(flow.ahead, result.grounds, cap=CAP).verdict
        assert canonical(again.as_json()) == canonical(verdict.as_json())


@FEW
@given(bundles(), applicants, st.sets(st.sampled_from(list(SOURCES)), min_size=1), histories)
def test_a_lost_source_never_approves_and_declines_only_what_the_whole_would(
    bundle: Bundle, values: dict[str, int], lost: set[str], history: History
) -> None:
    flow = _loaded(bundle)

    def down(usual: Answer) -> Answer:
        return replace(usual, status="down", code="timeout", values={})

    sources = Sources(flow.plan, values, dict.fromkeys(lost, down))
    result = flow.run(sources, SAID, FlowSettings(watched=False, history=history))
    whole = flow.whole(values, SAID)
    assert result.concluded is not None
    if lost.isdisjoint(sources.calls):
        assert said(result.concluded.verdict) == said(whole)
        return
    assert result.outcome in ("decline", "refer")
    assert result.outcome == "refer" or whole.outcome == "decline"
    assert {each.source for each in result.degraded} >= lost & set(sources.calls)
    if result.outcome == "refer" and whole.outcome == "approve":
        assert "source_unavailable" in result.concluded.verdict.reasons


staged_values = st.fixed_dictionaries(
    {
        name: st.integers(0, 9) if isinstance(usual_value, int) else
        st.sampled_from([0, 50_000, 600_000, 1_900_000, 40_000_000]).map(Decimal)
        for name, usual_value in TOLD.items()
    }
)  # fmt: skip
staged_said = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([5_000, 200_000, 900_000, 2_500_000]).map(Decimal),
        "months": st.sampled_from([2, 12, 36]),
        "owner_age": st.sampled_from([19, 41, 70]),
        "firm_age_months": st.sampled_from([6, 90]),
        "industry": st.sampled_from(["F", "J"]),
        "stated_sales_12m": st.sampled_from([100_000, 2_000_000, 90_000_000]).map(Decimal),
    }
)


@given(values=staged_values, request_=staged_said, fresh=st.booleans())
def test_the_shipped_staged_policy_agrees_with_itself_as_a_whole(
    values: dict[str, object], request_: dict[str, object], *, fresh: bool
) -> None:
    flow = usual()
    quiet = {n: 0 for n, v in values.items() if isinstance(v, int)} if fresh else {}
    told = {**values, **quiet}
    sources = Sources(flow.plan, told)
    result = flow.run(sources, request_)
    assert result.concluded is not None
    whole = flow.whole(told, request_)
    assert said(result.concluded.verdict) == said(whole)
    assert result.concluded.verdict.reasons[:1] == whole.reasons[:1] or whole.outcome == "decline"
