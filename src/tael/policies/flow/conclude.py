"""The verdict on what is known: a pure function of policy, grounds and the dated cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tael.kernel import Rate
from tael.policies import rules
from tael.policies.flow.ahead import OUTCOME, Ahead, Look
from tael.policies.flow.ports import Grounds
from tael.policies.flow.result import COMPLETE, DEGRADED, EARLY, Concluded
from tael.policies.flow.settle import DECLINE, Standing, standing
from tael.policies.flow.words import SOURCE_UNAVAILABLE
from tael.policies.model import Verdict
from tael.policies.ports import Answer
from tael.policies.texts import REQUEST

REFER, APPROVE = "refer", "approve"
UNRATED = 0
_WORST_TIER = Decimal(7)


def conclude(
    ahead: Ahead, grounds: Grounds, *, cap: Rate, evaluator: int = rules.EVALUATOR
) -> Concluded:
    """What the policy says on ``grounds``: how a logged decision is made again.

    With every input known it is the verdict of ``rules.evaluate``. Else: a decline that is certain
    with a reason that is; a verdict that nothing unknown can change, unless it would approve while
    a source is lost; and a referral for the reason ``source_unavailable`` in every other case.

    Args:
        ahead: rules and model.
        grounds: what is known, checked, and which sources are lost.
        cap: the annual all-in cap.
        evaluator: that of the log row.
    """
    return Conclusion(ahead, cap, evaluator).of(grounds)


@dataclass(frozen=True)
class Conclusion:
    """The verdicts of one policy at one cap."""

    ahead: Ahead
    cap: Rate
    evaluator: int = rules.EVALUATOR

    def of(
        self, grounds: Grounds, look: Look | None = None, found: Standing | None = None
    ) -> Concluded:
        """The verdict on ``grounds``; ``look`` and ``found`` are what it shows, if seen before."""
        policy = self.ahead.policy
        if not grounds.lost and all(rule.name in grounds.known for rule in policy.inputs):
            inputs = {rule.name: grounds.known[rule.name] for rule in policy.inputs}
            verdict, trace = rules.evaluate(policy, inputs, cap=self.cap, evaluator=self.evaluator)
            return Concluded(verdict, COMPLETE, trace)
        if look is None or found is None:
            look = self.ahead.look()
            look.tell(grounds.known)
            found = standing(self.ahead, look)
        how = DEGRADED if grounds.lost else EARLY
        if not found.settled:
            verdict, trace = self._referred(look, found)
            return Concluded(verdict, DEGRADED, trace)
        if found.outcome == DECLINE:
            verdict, trace = self._ended(look, found.values, found.codes)
            return Concluded(verdict, how, trace)
        verdict, trace = self._told(look, found.values, found.codes)
        if grounds.lost and verdict.outcome == APPROVE:
            reasons = (*verdict.reasons, SOURCE_UNAVAILABLE)[-rules.MOST_REASONS :]
            verdict = replace(verdict, outcome=REFER, reasons=reasons)
        return Concluded(verdict, how, trace)

    def _referred(self, look: Look, found: Standing) -> tuple[Verdict, object]:
        seen = look.see((OUTCOME, *self.ahead.targets))
        codes = self.ahead.codes(seen)[: rules.MOST_REASONS - 1]
        verdict, trace = self._ended(look, found.values, (*codes, SOURCE_UNAVAILABLE))
        return replace(verdict, outcome=REFER), trace

    def _ended(
        self, look: Look, values: Mapping[str, object], codes: Sequence[str]
    ) -> tuple[Verdict, object]:
        """A verdict without limit and price."""
        nothing = {"bank_interest": Decimal(0), "guarantee_fee": Decimal(0)}
        told = {OUTCOME: DECLINE, "tier": _WORST_TIER, "limit": Decimal(0), "prices": nothing}
        verdict, trace = self._told(look, told, codes)
        tier = values.get("tier")
        rated = int(tier) if isinstance(tier, Decimal) else UNRATED
        return replace(verdict, tier=rated), trace

    def _told(
        self, look: Look, values: Mapping[str, object], codes: Sequence[str]
    ) -> tuple[Verdict, object]:
        """The verdict that the room makes of decisions that are decided."""
        bounds = look.bounds
        seen = look.see((OUTCOME,))
        fired = {
            step.node: [rule.number for rule in step.fired]
            for step in seen.certain.steps
            if step.fired
        }
        answer = Answer(values, fired, lambda: fired, tuple(codes), ())
        request = {name: look.known[name] for name in REQUEST}
        verdict = rules.verdict_of(
            self.ahead.policy,
            request,
            (bounds.worst, answer),
            cap=self.cap,
            evaluator=self.evaluator,
        )
        ends = {name: list(each) for name, each in bounds.ends.items()}
        return verdict, {"fired": fired, "score_within": ends}
