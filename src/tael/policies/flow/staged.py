"""The staged policy that ships: six stages, nine sources, around a model of the lender's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tael.kernel import BadInput
from tael.policies.flow.streams import sources_of
from tael.policies.model import Bundle
from tael.policies.scorers import scorer_of

# What a form of the economy states, by the source that it was taken from; the rest is the owner's.
FORM: Mapping[str, str] = {
    "form.overdue_24m": "bureau", "form.enquiries_6m": "bureau", "form.debt_ratio": "bureau",
    "form.tax_late_12m": "tax", "form.invoice_sales_12m": "invoice",
    "form.bank_sales_12m": "bank_statement", "form.bank_sales_growth": "bank_statement",
    "form.turnover_check": "bank_statement", "form.court_cases": "court",
}  # fmt: skip
_WORDS: Mapping[str, tuple[str, str]] = {
    "form.amount_asked": ("申请金额因素", "The amount asked for"),
    "form.bank_sales_12m": ("银行流水中的销售额偏低", "Low sales in the bank statement"),
    "form.bank_sales_growth": ("银行流水中的销售额下降", "Falling sales in the bank statement"),
    "form.batch_series": ("申请批次因素", "The batch of the application"),
    "form.court_cases": ("有涉诉记录", "Court cases on record"),
    "form.debt_ratio": ("负债与收入之比偏高", "Debt is high compared with sales"),
    "form.enquiries_6m": ("近期征信查询较多", "Many recent credit enquiries"),
    "form.firm_age_months": ("经营年限较短", "A short time in business"),
    "form.follow_up_calls": ("回访次数因素", "Follow-up calls"),
    "form.invoice_sales_12m": ("开票金额偏低", "Low invoiced sales"),
    "form.months_asked": ("申请期限因素", "The term asked for"),
    "form.overdue_24m": ("近两年有逾期记录", "Late payments on record"),
    "form.owner_age": ("经营者年龄因素", "The owner's age"),
    "form.property": ("名下无房产", "No property owned"),
    "form.stated_sales_12m": ("申报销售额因素", "The stated sales"),
    "form.tax_late_12m": ("有未按期申报纳税的记录", "Tax returns that were late"),
    "form.turnover_check": ("流水与申报不符", "Turnover that differs from the statement"),
}


def staged_bundle(model: str, given: Mapping[str, str] = FORM) -> Bundle:
    """The shipped staged rules, prices and parameters around ``model`` (JSON of ``tael.risk``).

    Tiers R1 to R7 by probability of default, bounds 0.5 to 16 %. What the model reads is asked of
    the sources behind it: a variable of the shipped catalogue of those of its events; any other
    name of the source that ``given`` says, and where it says none of the application itself. The
    figures are ours: they show the machinery, not a market.

    Raises:
        BadInput: the model cannot be read.
    """
    scorer = scorer_of(model)
    parameters: dict[str, Any] = json.loads(_text("staged_parameters.json"))
    inputs, sources = parameters["inputs"], parameters["sources"]
    variables: list[str] = []
    for name in scorer.variables:
        if name in inputs:
            continue
        if name.startswith(("ent.", "per.", "pair.")):
            variables.append(name)
            continue
        inputs[name] = {"type": "number"}
        zh, en = _WORDS.get(name, (f"申报信息（{name}）", f"What is stated ({name})"))
        parameters["reasons"].setdefault(name, {"zh": zh, "en": en})
        if name in given:
            _listed(sources, given[name], name)
    for name, behind in (sources_of(variables) if variables else {}).items():
        for source in sorted(behind):
            _listed(sources, source, name)
    # A source that neither rules nor model read anything of is not asked for.
    idle = [name for name, spec in sources.items() if not spec["inputs"]]
    for name in idle:
        del sources[name]
    for stage in parameters["stages"]:
        stage["sources"] = [name for name in stage["sources"] if name not in idle]
    # A scorecard of handed-in columns was trained on no plan: any gives its variables.
    plan = {"plan": scorer.plan or "any", "names": variables}
    return Bundle(
        dmn=_text("staged_policy.dmn"),
        model=model,
        prices=_text("staged_prices.json"),
        parameters=json.dumps(parameters, ensure_ascii=False, indent=1),
        variables=json.dumps(plan, indent=1) if variables else "",
    )


def _listed(sources: Mapping[str, Any], source: str, name: str) -> None:
    if source not in sources:
        raise BadInput(
            f"{name!r} is given by {source!r}, which is no source of the policy",
            field=name,
            rule="one of " + ", ".join(sources),
        )
    sources[source]["inputs"].append(name)


def _text(name: str) -> str:
    return (files("tael.policies") / "data" / name).read_text(encoding="utf-8")
