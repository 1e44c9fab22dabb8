"""Which source is asked next, and which may be asked beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from tael.policies.flow.plan import FlowPlan
from tael.policies.flow.result import FlowResult
from tael.policies.flow.settle import DECLINE, Standing

# A source, and the others that could still change something when it was asked.
Turn: TypeAlias = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class History:
    """How often a source was asked, and how often its answer was the last that was needed.

    It is counted by turn: beside which others a source was wanted, for one that never ended a flow
    while much was open may well end it later.

    Attributes:
        counts: by turn, (asked, ended).
    """

    counts: Mapping[Turn, tuple[int, int]] = field(default_factory=dict)

    def chance(self, source: str, wanted: frozenset[str]) -> Fraction:
        """That its answer ends the flow: the mean of a uniform prior, so never none."""
        asked, ended = self.counts.get((source, wanted - {source}), (0, 0))
        return Fraction(ended + 1, asked + 2)

    def after(self, results: Iterable[FlowResult]) -> History:
        """With more results."""
        counts = dict(self.counts)
        for result in results:
            for fetched in result.fetched:
                turn = fetched.source, fetched.wanted - {fetched.source}
                asked, ended = counts.get(turn, (0, 0))
                counts[turn] = (asked + 1, ended + (fetched.source == result.ended_by))
        return History(counts)


def ranked(plan: FlowPlan, wanted: frozenset[str], history: History) -> tuple[str, ...]:
    """Those ``wanted`` of the earliest stage that has one, the best to ask first.

    By cost over the chance to end the flow, which costs least where tests are independent (Mitten,
    An analytic solution to the least cost testing sequence problem, Journal of Industrial
    Engineering 11, 1960); without a history the cheapest first. Ties go by the stage's own order.
    """
    stage = next((each for each in plan.stages if not set(each.sources).isdisjoint(wanted)), None)
    if stage is None:
        return ()
    named = [name for name in stage.sources if name in wanted]
    return tuple(
        sorted(named, key=lambda n: plan.sources[n].cost_minor / history.chance(n, wanted))
    )


def beside(
    plan: FlowPlan, found: Standing, ranking: tuple[str, ...], open_: Sequence[frozenset[str]]
) -> tuple[str, ...]:
    """The first of ``ranking``, and those that may be asked at the same time: nothing is wasted.

    One that costs nothing never wastes anything. One that costs is asked beside the others only
    when it is needed whatever they say: no answer can end the flow in a decline any more, and some
    decision that is open needs it and none of them.

    Args:
        plan: the flow.
        found: where the application stands.
        ranking: who may be asked, the best first.
        open_: of each decision that is open the sources that it needs.
    """
    wave = [ranking[0]]
    ends = found.outcome in ("", DECLINE)
    for name in ranking[1:]:
        certain = not ends and any(name in each and each.isdisjoint(wave) for each in open_)
        if plan.sources[name].cost_minor == 0 or certain:
            wave.append(name)
    return tuple(wave)
