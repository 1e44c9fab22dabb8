"""What keeps a flow from working, as findings: the parts of a policy that do not fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tael.kernel import BadInput
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.plan import FlowPlan, names_of
from tael.policies.flow.words import SOURCE_UNAVAILABLE
from tael.policies.model import Finding, Weight
from tael.policies.texts import REQUEST
from tael.report import Words


def examine(ahead: Ahead, plan: FlowPlan) -> tuple[Finding, ...]:
    """Every finding: of stages, sources, inputs, words."""
    return (
        *_stages(ahead, plan),
        *_asked_once(plan),
        *_listed(ahead, plan),
        *_given(ahead, plan),
        *_in_time(ahead, plan),
        *_words(ahead),
    )


def refuse_faults(ahead: Ahead, plan: FlowPlan) -> None:
    """Refuse a flow that does not fit together.

    Raises:
        BadInput: the first fault, with its node and what is wrong.
    """
    for found in examine(ahead, plan):
        if found.weight is Weight.FAULT:
            raise BadInput(found.words.en, field=f"{found.text}.{found.node}", rule=found.kind)


def _fault(kind: str, node: str, zh: str, en: str) -> Finding:
    return Finding("parameters", kind, node, Weight.FAULT, Words(zh, en))


def _stages(ahead: Ahead, plan: FlowPlan) -> Iterator[Finding]:
    for at, stage in enumerate(plan.stages):
        if stage.service not in ahead.services:
            yield _fault(
                "unknown_service", f"stages.{at}.service",
                f"规则里没有名为 {stage.service} 的决策服务",
                f"the rules have no decision service {stage.service!r}",
            )  # fmt: skip
        for name in stage.sources:
            if name not in plan.sources:
                yield _fault(
                    "unknown_source", f"stages.{at}.sources.{name}",
                    f"没有写明来源 {name} 的价格和规则",
                    f"there is no source {name!r} among the sources",
                )  # fmt: skip


def _asked_once(plan: FlowPlan) -> Iterator[Finding]:
    asked = Counter(plan.order)
    for name in plan.sources:
        if asked[name] == 0:
            yield _fault(
                "source_without_stage", f"sources.{name}",
                f"没有任何阶段查询来源 {name}",
                f"no stage asks the source {name!r}",
            )  # fmt: skip
        elif asked[name] > 1:
            yield _fault(
                "source_twice", f"sources.{name}",
                f"来源 {name} 出现在多个阶段",
                f"the source {name!r} stands in several stages",
            )  # fmt: skip


def _listed(ahead: Ahead, plan: FlowPlan) -> Iterator[Finding]:
    names = {name for rule in ahead.policy.inputs for name in names_of(rule)}
    for source in plan.sources.values():
        for written in source.inputs:
            beginning = written.removesuffix("*")
            if not (beginning in names if beginning == written else _begins(names, beginning)):
                yield _fault(
                    "unknown_input", f"sources.{source.name}.inputs.{written}",
                    f"来源 {source.name} 给出 {written}，但策略没有这个输入",
                    f"{source.name} gives {written!r}, which is no input of the policy",
                )  # fmt: skip
        if not any(source.name in behind for behind in plan.behind.values()):
            yield _fault(
                "idle_source", f"sources.{source.name}",
                f"来源 {source.name} 给出的数据没有被规则或模型读取",
                f"neither rules nor model read anything of the source {source.name!r}",
            )  # fmt: skip


def _begins(names: Iterable[str], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in names)


def _given(ahead: Ahead, plan: FlowPlan) -> Iterator[Finding]:
    for rule in ahead.policy.inputs:
        behind = plan.behind[rule.name]
        if rule.name in REQUEST and behind:
            yield _fault(
                "request_of_a_source", f"inputs.{rule.name}",
                f"{rule.name} 由申请给出，不能来自数据来源",
                f"{rule.name} is the application's, and no source gives it",
            )  # fmt: skip
        if (rule.taken or rule.type == "variable") and not behind:
            yield _fault(
                "input_without_source", f"inputs.{rule.name}",
                f"没有来源给出变量 {rule.name}",
                f"no source gives the variable {rule.name!r}",
            )  # fmt: skip
        for name in sorted(behind - plan.sources.keys()):
            yield _fault(
                "unknown_source", f"inputs.{rule.name}",
                f"{rule.name} 需要来源 {name}，但没有写明它",
                f"{rule.name!r} needs the source {name!r}, which is not among the sources",
            )  # fmt: skip


def _in_time(ahead: Ahead, plan: FlowPlan) -> Iterator[Finding]:
    """A stage's service reads what was asked by then."""
    there: set[str] = set()
    for at, stage in enumerate(plan.stages):
        there |= set(stage.sources)
        read = ahead.served.get(stage.service, frozenset())
        names = read - ahead.scored | (ahead.variables if read & ahead.scored else frozenset())
        for name in sorted(names):
            late = sorted(plan.behind.get(name, frozenset()) & plan.sources.keys() - there)
            if late:
                yield _fault(
                    "asked_too_late", f"stages.{at}.service",
                    f"{stage.service} 读取 {name}，而来源 {'、'.join(late)} 在后面的阶段才查询",
                    f"{stage.service} reads {name!r}, and a later stage asks {', '.join(late)}",
                )  # fmt: skip
                break


def _words(ahead: Ahead) -> Iterator[Finding]:
    if SOURCE_UNAVAILABLE not in ahead.policy.reasons:
        yield _fault(
            "no_text", f"reasons.{SOURCE_UNAVAILABLE}",
            f"原因 {SOURCE_UNAVAILABLE} 没有中英文说明",
            f"the reason {SOURCE_UNAVAILABLE} has no text in zh and en",
        )  # fmt: skip
