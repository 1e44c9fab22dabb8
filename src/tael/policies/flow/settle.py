"""What is settled by what is known, and which sources could still change it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from tael.policies.flow.ahead import OUTCOME, Ahead, Look, Outlook
from tael.policies.flow.plan import FlowPlan

DECLINE = "decline"
_WITH_REASONS = (DECLINE, "refer")
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands.

    Attributes:
        settled: whether no source can change the verdict any more, and unless it approves a reason
            for it is certain: nobody is declined or referred without one.
        outcome: of the rules, '' while it is open.
        values: decisions that are decided, by name.
        codes: reasons that are certain.
        needs: what could still change each decision that is open: unknown inputs of the rules, and
            what the model gives.
    """

    settled: bool
    outcome: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)


def standing(ahead: Ahead, look: Look) -> Standing:
    """What is settled by what ``look`` knows.

    The outcome is looked at first: while it is open nothing else is worth asking for, and of a
    decline nothing else matters.
    """
    seen = _seen(ahead, look, (OUTCOME,))
    found = seen.of(OUTCOME)
    if not found.decided:
        return Standing(settled=False, needs={OUTCOME: found.needs})
    outcome = str(found.value)
    if outcome == DECLINE:
        return _declined(ahead, seen)
    seen = _seen(ahead, look, (OUTCOME, *ahead.targets))
    partials = {name: seen.of(name) for name in ahead.targets}
    values: dict[str, object] = {n: each.value for n, each in partials.items() if each.decided}
    needs = {n: each.needs for n, each in partials.items() if each.needs}
    if needs:
        return Standing(settled=False, outcome=outcome, values=values, needs=needs)
    values[OUTCOME] = outcome
    return _with_reasons(ahead, seen, outcome, values)


def _declined(ahead: Ahead, seen: Outlook) -> Standing:
    tier = seen.of("tier")
    return _with_reasons(ahead, seen, DECLINE, {"tier": tier.value} if tier.decided else {})


def _with_reasons(
    ahead: Ahead, seen: Outlook, outcome: str, values: Mapping[str, object]
) -> Standing:
    codes = ahead.codes(seen)
    if codes or outcome not in _WITH_REASONS:
        return Standing(settled=True, outcome=outcome, values=values, codes=codes)
    # It is certain that some rule says so, and not yet which: who declines or refers says why.
    return Standing(settled=False, outcome=outcome, values=values, needs={OUTCOME: seen.unknown})


def _seen(ahead: Ahead, look: Look, decisions: Iterable[str]) -> Outlook:
    wanted = tuple(decisions)
    seen = look.see(wanted)
    needs = NOBODY.union(*(seen.of(name).needs for name in wanted))
    if needs & ahead.scored and look.is_scored:
        # All that the model reads is known, and its bounds lie on both sides of a cut.
        look.score()
        seen = look.see(wanted)
    return seen


class Sources:
    """Which sources stand behind what is needed.

    The many variables of a model are looked at as the few sets of sources that they need.
    """

    def __init__(self, ahead: Ahead, plan: FlowPlan) -> None:
        self._ahead = ahead
        self._behind = plan.behind
        self._model = frozenset(plan.behind[name] for name in ahead.variables)

    def behind(self, needs: frozenset[str], gone: Container[str]) -> frozenset[str]:
        """The sources that could tell of ``needs``.

        What needs one of ``gone`` too is never told, whoever else is asked.
        """
        sets = {self._behind[name] for name in needs - self._ahead.scored}
        if needs & self._ahead.scored:
            sets |= self._model
        return NOBODY.union(*(each for each in sets if not any(name in gone for name in each)))

    def inputs(self, needs: frozenset[str]) -> frozenset[str]:
        """Inputs of the policy: those of the model in place of what it gives."""
        if needs & self._ahead.scored:
            return needs - self._ahead.scored | self._ahead.variables
        return needs
