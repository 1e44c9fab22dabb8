"""The policy as the texts of a Tael bundle: DMN 1.5, menu, parameters, variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from decisioning_peers import policy
from decisioning_peers.names import INPUTS
from decisioning_peers.policy import Table

_NUMBERS = ("pd", *policy.REQUEST, *(each.name for each in INPUTS))
_TYPES = """
<itemDefinition name="codes" isCollection="true"><typeRef>string</typeRef></itemDefinition>
<itemDefinition name="risk_tier"><typeRef>number</typeRef>
<allowedValues><text>1, 2, 3, 4, 5, 6, 7</text></allowedValues></itemDefinition>
<itemDefinition name="answer"><typeRef>string</typeRef>
<allowedValues><text>"approve", "decline", "refer"</text></allowedValues></itemDefinition>
"""
_OUTCOME = (
    'if count(knock_outs) > 0 then "decline" else if count(referrals) > 0 then "refer" '
    'else "approve"'
)
_LIMIT = (
    "max(0, min(turnover_12m * prices.turnover_share * (if repay_share > 0.3 then 0.7 else 1)"
    " - firm_debt * 0.2, prices.ceiling))"
)


def bundle(card: str, plan: str, names: Iterable[str], titles: Mapping[str, tuple[str, str]]) \
        -> dict[str, str]:  # fmt: skip
    """The texts by name, as ``tael.policies`` takes them.

    Args:
        card: the scorecard's JSON.
        plan: hash of the plan of the variables.
        names: the variables of that plan.
        titles: of each variable in zh and en, for the reasons of the score.
    """
    return {
        "dmn": dmn(),
        "model": card,
        "prices": _json(policy.MENU),
        "parameters": _json(_parameters(card, titles)),
        "variables": _json({"plan": plan, "names": [*names]}),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _parameters(card: str, titles: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    """Inputs and reasons; a variable's reason speaks of its source, which is named once."""
    read = {
        each.name: {"type": "number", "variable": each.variable, "scale": each.scale,
                    "missing": str(each.missing)}
        for each in INPUTS
    }  # fmt: skip
    asked = {
        "amount": {"type": "number", "minimum": "1"},
        "months": {"type": "integer", "minimum": "1", "maximum": "360"},
    }
    own = (*policy.KNOCK_OUTS, *policy.REFERRALS, "limit_below_request", "limit_too_small",
           "no_price_within_cap")  # fmt: skip
    said = {code: {"zh": code, "en": code.replace("_", " ")} for code in own}
    scored = {
        name: {"concept": concept(name), "zh": titles[name][0], "en": titles[name][1]}
        for name in scored_names(card)
    }
    return {"explained_by_score": [*policy.EXPLAINED], "inputs": asked | read,
            "reasons": said | scored}  # fmt: skip


def scored_names(card: str) -> tuple[str, ...]:
    """The variables that a scorecard reads, in its order."""
    items = json.loads(card)["characteristics"]
    return tuple(item["binning"]["feature"]["name"] for item in items)


def concept(variable: str) -> str:
    """What a reason of the score speaks of: subject and source."""
    return ".".join(variable.split(".")[:2])


def dmn() -> str:
    """The rules as a DMN file."""
    price = "".join(
        f'<itemComponent name="{n}"><typeRef>number</typeRef></itemComponent>'
        for n in policy.PRICE_OUTPUTS
    )
    inputs = "".join(
        f'<inputData id="in_{n}" name="{n}"><variable name="{n}" typeRef="number"/></inputData>\n'
        for n in _NUMBERS
    )
    ratios = (_decision(name, "number", _reads(above, below), _text(_ratio(above, below, empty)))
              for name, above, below, empty in policy.RATIOS)  # fmt: skip
    knocked, referred = policy.codes(policy.KNOCK_OUTS), policy.codes(policy.REFERRALS)
    priced, routed, tiers = policy.prices(), policy.routes(), policy.tiers()
    decisions = (
        *ratios,
        _decision("tier", "risk_tier", tiers.columns, _table("tier", tiers, "UNIQUE")),
        _decision("knock_outs", "codes", knocked.columns,
                  _table("knock_outs", knocked, "COLLECT"), _WHY),
        _decision("referrals", "codes", referred.columns,
                  _table("referrals", referred, "COLLECT"), _WHY),
        _decision("outcome", "answer", ("knock_outs", "referrals"), _text(_OUTCOME)),
        _decision("prices", "price", priced.columns, _table("prices", priced, "FIRST")),
        _decision("limit", "number", _reads(_LIMIT), _text(_LIMIT)),
        _decision("routing", "string", routed.columns, _table("routing", routed, "FIRST")),
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"\n'
        ' xmlns:why="https://tael.example/dmn/reasons" id="bench" name="bench"'
        ' namespace="https://tael.example/policies/bench">'
        f'{_TYPES}<itemDefinition name="price">{price}</itemDefinition>\n'
        f"{inputs}{''.join(decisions)}</definitions>\n"
    )


_WHY = "<extensionElements><why:codes/></extensionElements>"
_DECIDED = frozenset({"tier", "knock_outs", "referrals", "prices",
                      *(name for name, *_ in policy.RATIOS)})  # fmt: skip


def _ratio(above: str, below: str, empty: str) -> str:
    return f"if {below} > 0 then {above} / {below} else {empty}"


def _reads(*texts: str) -> tuple[str, ...]:
    """The inputs and decisions that expressions name."""
    known = (*_NUMBERS, *sorted(_DECIDED))
    words = set(" ".join(texts).replace("(", " ").replace(",", " ").replace(".", " ").split())
    return tuple(name for name in known if name in words)


def _decision(name: str, kind: str, reads: Iterable[str], logic: str, why: str = "") -> str:
    links = "".join(
        "<informationRequirement>"
        + (f'<requiredDecision href="#{n}"/>' if n in _DECIDED else
           f'<requiredInput href="#in_{n}"/>')
        + "</informationRequirement>"
        for n in reads
    )  # fmt: skip
    return (
        f'<decision id="{name}" name="{name}">{why}<variable name="{name}" typeRef="{kind}"/>'
        f"{links}{logic}</decision>\n"
    )


def _text(expression: str) -> str:
    return f"<literalExpression><text>{escape(expression)}</text></literalExpression>"


def _table(name: str, table: Table, hit: str) -> str:
    inputs = "".join(
        f'<input><inputExpression typeRef="number"><text>{each}</text></inputExpression></input>'
        for each in table.columns
    )
    several = len(table.outputs) > 1
    outputs = "".join(f"<output name={quoteattr(n)}/>" if several else "<output/>"
                      for n in table.outputs)  # fmt: skip
    rules = "\n".join(
        f'<rule id="{name}_{number}">'
        + "".join(f"<inputEntry><text>{escape(c)}</text></inputEntry>" for c in cells)
        + "".join(f"<outputEntry><text>{escape(c)}</text></outputEntry>" for c in conclusions)
        + "</rule>"
        for number, (cells, conclusions) in enumerate(table.rules, 1)
    )
    head = f'<decisionTable id="{name}_rule" hitPolicy="{hit}">'
    return f"{head}{inputs}{outputs}{rules}</decisionTable>"
