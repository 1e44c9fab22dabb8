"""What keeps a policy that loads from deciding every application, as findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tael.kernel import BadInput
from tael.policies.model import Bundle, Finding, Weight
from tael.policies.objects import JsonObject
from tael.policies.ports import Rules
from tael.policies.texts import DECISIONS, FEEL_TYPES, OWN_CODES, REQUEST, Policy
from tael.report import Words
from tael.risk import REASON_TEXTS

_FIELDS: Mapping[str, Collection[str]] = {
    "parameters": (
        "inputs", "reasons", "explained_by_score", "recourse", "random_accept", "stages", "sources",
        "consent",
    ),
    "inputs": ("type", "minimum", "maximum", "values", "variable", "scale", "missing"),
    "reasons": ("zh", "en", "concept"),
    "prices": (
        "currency", "limit_step", "least_amount", "penalty_rate", "servicing_fee", "options",
    ),
    "options": ("code", "tiers", "method", "months", "fee_change", "limit_share"),
}  # fmt: skip


def examine(policy: Policy, bundle: Bundle) -> tuple[Finding, ...]:
    """Every finding: in how the texts fit together, then of the rules' own checks.

    What once was in force stays readable: this is asked of a draft alone.
    """
    given = {rule.name: FEEL_TYPES[rule.type] for rule in policy.inputs}
    found = [
        *_asked(policy, given),
        *_decisions(policy.rules),
        *_reads(policy, given),
        *_unread(policy, given),
        *_words(policy),
        *_fields(bundle),
        *_recourse(policy, bundle),
        *_flow(policy, bundle),
        *policy.rules.findings(),
    ]
    if not policy.cases:
        zh, en = "没有自带的测试用例", "the version has no cases of its own"
        found.append(Finding("cases", "no_cases", "cases", Weight.DOUBT, Words(zh, en)))
    return tuple(found)


def _fault(text: str, kind: str, node: str, zh: str, en: str) -> Finding:
    return Finding(text, kind, node, Weight.FAULT, Words(zh, en))


def _asked(policy: Policy, given: Mapping[str, str]) -> Iterator[Finding]:
    for name in REQUEST:
        if given.get(name) != "number":
            yield _fault(
                "parameters", "not_asked", name,
                f"没有询问 {name}（数字），而每笔申请都有它",
                f"{name} is not asked for as a number, and every request has it",
            )  # fmt: skip
    for name in sorted(given.keys() & policy.scorer.gives.keys()):
        yield _fault(
            "parameters", "name_taken", name,
            f"{name} 是模型给出的，不能又是输入",
            f"{name} is what the model gives, and cannot be an input too",
        )  # fmt: skip


def _decisions(rules: Rules) -> Iterator[Finding]:
    for name, entries in DECISIONS.items():
        if name not in rules.decisions:
            yield _fault(
                "dmn", "missing_decision", name,
                f"没有名为 {name} 的决策；需要 {'、'.join(DECISIONS)}",
                f"there is no decision {name!r}; there must be {', '.join(DECISIONS)}",
            )  # fmt: skip
            continue
        known = rules.decisions[name]
        for entry in sorted(entries - set(known)) if known else ():
            yield _fault(
                "dmn", "missing_entry", name,
                f"决策 {name} 没有给出 {entry}",
                f"the decision {name} does not give {entry}",
            )  # fmt: skip


def _reads(policy: Policy, given: Mapping[str, str]) -> Iterator[Finding]:
    known = {**given, **policy.scorer.gives}
    for name, kind in policy.rules.inputs.items():
        if name not in known:
            yield _fault(
                "dmn", "unknown_input", name,
                f"规则读取 {name}，但申请、变量和模型都不给出它",
                f"the rules read {name!r}, which no application, variable or model gives",
            )  # fmt: skip
        elif kind and kind != known[name]:
            yield _fault(
                "dmn", "type_mismatch", name,
                f"{name} 在规则里是 {kind}，在参数里是 {known[name]}",
                f"{name!r} is a {kind} in the rules and a {known[name]} in the parameters",
            )  # fmt: skip
    for name in policy.scorer.variables:
        if name not in given:
            yield _fault(
                "model", "unknown_input", name,
                f"模型读取 {name}，但申请和变量都不给出它",
                f"the model reads {name!r}, which no application or variable gives",
            )  # fmt: skip
    if policy.plan and policy.scorer.plan and policy.plan != policy.scorer.plan:
        plans = (policy.plan[:12], policy.scorer.plan[:12])
        yield _fault(
            "variables", "other_plan", "plan",
            f"变量方案是 {plans[0]}，而模型用 {plans[1]} 训练",
            f"the plan of variables is {plans[0]}, the model was trained on {plans[1]}",
        )  # fmt: skip


def _unread(policy: Policy, given: Mapping[str, str]) -> Iterator[Finding]:
    read = {*policy.rules.inputs, *policy.scorer.variables, *REQUEST}
    for name in given:
        if name not in read:
            text = "variables" if name in policy.variables else "parameters"
            zh, en = f"{name} 没有被规则或模型读取", f"neither rules nor model read {name}"
            yield Finding(text, "unread_input", name, Weight.NOTE, Words(zh, en))


def _words(policy: Policy) -> Iterator[Finding]:
    codes = (*policy.rules.codes, *policy.scorer.codes, *OWN_CODES, *sorted(policy.explained))
    for code in dict.fromkeys(codes):
        if code not in policy.reasons and code not in REASON_TEXTS:
            yield _fault(
                "parameters", "no_text", code,
                f"原因 {code} 没有中英文说明",
                f"the reason {code} has no text in zh and en",
            )  # fmt: skip


def _fields(bundle: Bundle) -> Iterator[Finding]:
    """A field that nobody reads is a slip of the pen without effect."""
    for path, data, known in _objects(bundle):
        for name in data.names:
            if name not in _FIELDS[known]:
                text, field = path.partition(".")[0], f"{path}.{name}".partition(".")[2]
                yield _fault(
                    text, "unknown_field", field,
                    f"{field} 不是字段；可用 {'、'.join(_FIELDS[known])}",
                    f"{field} is no field; there are {', '.join(_FIELDS[known])}",
                )  # fmt: skip


def _recourse(policy: Policy, bundle: Bundle) -> Iterator[Finding]:
    """What a policy may suggest to an applicant is of a closed list."""
    from tael.policies.recourse import examined  # noqa: PLC0415 - asked of drafts alone

    try:
        examined(bundle.parameters, policy.inputs)
    except BadInput as wrong:
        yield _fault(
            "parameters", "recourse", str(wrong.field),
            f"改善建议的声明不可用：{wrong.message}", f"recourse: {wrong.message}",
        )  # fmt: skip


def _objects(bundle: Bundle) -> Iterator[tuple[str, JsonObject, str]]:
    parameters = JsonObject.of(bundle.parameters, "parameters")
    yield "parameters", parameters, "parameters"
    for part in ("inputs", "reasons"):
        specs = parameters.part(part)
        for name in specs.names:
            yield f"parameters.{part}.{name}", specs.part(name), part
    prices = JsonObject.of(bundle.prices, "prices")
    yield "prices", prices, "prices"
    for row in prices.items("options"):
        yield "prices.options", JsonObject(row, "prices.options"), "options"


def _flow(policy: Policy, bundle: Bundle) -> Iterator[Finding]:
    """How stages and sources fit the rules, where the parameters have any."""
    from tael.policies import flow  # noqa: PLC0415 - it enters this room by its door too

    try:
        plan = flow.plan_of(policy, bundle.parameters)
    except BadInput as wrong:
        field = str(wrong.field).removeprefix("parameters.")
        yield _fault("parameters", "unreadable_flow", field, f"流程有误：{wrong}", str(wrong))
        return
    if plan is not None:
        yield from flow.examine(flow.Ahead(policy, bundle), plan)
