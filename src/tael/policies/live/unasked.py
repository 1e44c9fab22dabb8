"""What a shadow says beside a decision that did not know all it reads: never is a source called.

A staged shadow may be certain on what was known. Else it would have asked for more, and says for
what: that is an answer of its own, neither a verdict nor a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tael.kernel import InvariantBroken
from tael.policies import rules
from tael.policies.canonical import canonical, exact, read
from tael.policies.decisions import figures_of, lost_of
from tael.policies.model import ASK, LogEntry
from tael.policies.texts import Policy

if TYPE_CHECKING:
    from tael.policies.flow import FlowPlan


@dataclass(frozen=True, slots=True)
class _Before:
    """What sources gave the decision: those lost, with the code why, and those that answered."""

    lost: Mapping[str, str]
    asked: frozenset[str]


def said_on_part(policy: Policy, known: Mapping[str, object], entry: LogEntry, by: Policy) -> str:
    """The result of a shadow some of whose inputs are not known.

    Args:
        policy: of the shadow, loaded.
        known: inputs of the shadow that the decision knew.
        entry: the row of the decision.
        by: the policy that made it, which says whence a plain shadow would have had its inputs.

    Returns:
        A verdict as in the decision log; or outcome ``ask`` with ``sources``, those that the shadow
        would have asked next and the decision did not ask.

    Raises:
        BadInput: an input is missing that no source would have given, or that one gave in vain.
    """
    own, lost = _flow(policy), lost_of(entry.parameters) or {}
    asked = {one["source"] for one in _fetched(entry)} - lost.keys()
    if own is not None:
        return _staged(policy, own, known, _Before(lost, frozenset(asked)), entry)
    unknown = [rule.name for rule in policy.inputs if rule.name not in known]
    made = _flow(by)
    behind = [made.behind.get(name, frozenset()) if made else frozenset() for name in unknown]
    wanted = frozenset().union(*behind) - asked - lost.keys()
    if all(sources & wanted for sources in behind):
        return _asks(name for name in (made.order if made else ()) if name in wanted)
    return _refused(policy, known)


def _staged(
    policy: Policy, plan: FlowPlan, known: Mapping[str, object], before: _Before, entry: LogEntry
) -> str:
    from tael.policies.flow import Grounds, ahead_of, concluded_on, wanted_on  # noqa: PLC0415 - loads the rules' engine

    given = tuple(r for r in policy.inputs if r.name in known or not plan.behind[r.name])
    values: Any = exact(rules.checked(replace(policy, inputs=given), known))[1]
    # A source that was lost matters only where something that it gives is not known.
    mine = {source for name, needs in plan.behind.items() if name not in known for source in needs}
    lost = {source: code for source, code in before.lost.items() if source in mine}
    grounds = Grounds(values, lost)
    wanted = wanted_on(ahead_of(policy), plan, grounds)
    if further := [name for name in wanted if name not in before.asked]:
        return _asks(further[:1])
    if wanted:
        return _refused(policy, known)
    return canonical(concluded_on(policy, grounds, figures_of(entry.parameters))[1].as_json())


def _asks(sources: Iterable[str]) -> str:
    """The fields of a verdict, none of which says anything, and whom it would have asked."""
    told = {"outcome": ASK, "tier": 0, "pd": "1", "points": 0, "reasons": [], "limit": None,
            "options": [], "routing": ""}  # fmt: skip
    return canonical({**told, "sources": list(sources)})


def _refused(policy: Policy, known: Mapping[str, object]) -> str:
    rules.checked(policy, known)
    raise InvariantBroken("an input is not known, and every input is there")


def _flow(policy: Policy) -> FlowPlan | None:
    from tael.policies.flow import plan_of  # noqa: PLC0415 - loads the rules' engine

    return plan_of(policy, policy.bundle.parameters) if policy.bundle else None


def _fetched(entry: LogEntry) -> Sequence[Mapping[str, Any]]:
    context: Any = read(entry.context) if entry.context else {}
    found: Sequence[Mapping[str, Any]] = context.get("flow", {}).get("fetched", ())
    return found
