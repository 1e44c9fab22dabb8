"""A staged decision made again from its log row: what was known, and which sources were lost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from tael.kernel import Rate, check
from tael.policies.canonical import canonical
from tael.policies.figures import CAP, DRAWN
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.conclude import conclude
from tael.policies.flow.order import History, ranked
from tael.policies.flow.plan import REFER_NOW, FlowPlan
from tael.policies.flow.ports import Grounds
from tael.policies.flow.result import COMPLETE, Concluded
from tael.policies.flow.settle import Sources, standing
from tael.policies.lottery import accepted
from tael.policies.model import Bundle, Verdict
from tael.policies.rules import evaluate
from tael.policies.texts import Policy

_MOST_KEPT = 32


@lru_cache(maxsize=_MOST_KEPT)
def _of_bundle(bundle: Bundle) -> Ahead:
    return Ahead.of(bundle)


def ahead_of(policy: Policy) -> Ahead:
    """Rules and model of a loaded policy, laid out for looking ahead; kept for the next time."""
    check(policy.bundle is not None, "a loaded policy knows its texts")
    return _of_bundle(policy.bundle)


def concluded_on(
    policy: Policy, grounds: Grounds, dated: Mapping[str, Decimal]
) -> tuple[Concluded, Verdict]:
    """What the rules make of ``grounds``, and the verdict: the same, or random acceptance's.

    The lot takes part only in what was decided with everything known: of a decline that was certain
    early nobody knows by which other rules it would be one too.
    """
    cap, evaluator = Rate(dated[CAP]), int(dated["evaluator"])
    found = conclude(ahead_of(policy), grounds, cap=cap, evaluator=evaluator)
    if dated.get(DRAWN) and found.how == COMPLETE:
        return found, accepted(policy, grounds.known, found.verdict, cap=cap)
    return found, found.verdict


def wanted_on(ahead: Ahead, plan: FlowPlan, grounds: Grounds) -> tuple[str, ...]:
    """The sources that a run on ``grounds`` would still ask, the cheapest of the next stage first.

    None where nothing that they say could change the verdict, or a lost source stands in the way.
    Sources whose answers are among the grounds, and did not give what is wanted, are told too.
    """
    if all(rule.name in grounds.known for rule in ahead.policy.inputs):
        return ()
    look = ahead.look()
    look.tell(grounds.known)
    found = standing(ahead, look)
    stopped = any(
        name in plan.sources and plan.sources[name].when_down == REFER_NOW for name in grounds.lost
    )
    if found.settled or stopped:
        return ()
    behind = Sources(ahead, plan).behind
    wanted = frozenset[str]().union(*(behind(n, grounds.lost) for n in found.needs.values()))
    first = ranked(plan, wanted, History())
    return (*first, *(name for name in plan.order if name in wanted and name not in first))


def run_staged(
    policy: Policy, grounds: Grounds, dated: Mapping[str, Decimal], *, whole: bool = False
) -> tuple[str, str]:
    """Result and trace of a staged decision, as the log keeps them.

    Args:
        policy: loaded.
        grounds: as it was read from the log row.
        dated: the figures in the row.
        whole: tell all that was read and found, where everything was known.
    """
    found, verdict = concluded_on(policy, grounds, dated)
    trace = found.trace
    if whole and found.how == COMPLETE:
        cap, evaluator = Rate(dated[CAP]), int(dated["evaluator"])
        trace = evaluate(policy, grounds.known, cap=cap, evaluator=evaluator, whole=True)[1]
    return canonical(verdict.as_json()), canonical(trace)
