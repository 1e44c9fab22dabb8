"""Which source is asked next, and which may be asked beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from tael.policies.flow.plan import FlowPlan
from tael.policies.flow.settle import DECLINE, Standing


class Settled(Protocol):
    """What a result of a flow tells of the order: whom it asked, and who ended it."""

    @property
    def asked(self) -> tuple[str, ...]: ...
    @property
    def ended_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class History:
    """How often a source was asked, and how often its answer was the last that was needed.

    Attributes:
        counts: by source, (asked, ended).
    """

    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def chance(self, source: str) -> Fraction:
        """That its answer ends the flow: the mean of a uniform prior, so never none."""
        asked, ended = self.counts.get(source, (0, 0))
        return Fraction(ended + 1, asked + 2)

    def after(self, results: Iterable[Settled]) -> History:
        """With more results."""
        counts = dict(self.counts)
        for result in results:
            for source in result.asked:
                asked, ended = counts.get(source, (0, 0))
                counts[source] = (asked + 1, ended + (source == result.ended_by))
        return History(counts)


def ranked(plan: FlowPlan, sources: Collection[str], history: History) -> tuple[str, ...]:
    """``sources`` of the earliest stage that has one, the best to ask first.

    By cost over the chance to end the flow, which costs least where tests are independent (Mitten,
    An analytic solution to the least cost testing sequence problem, Journal of Industrial
    Engineering 11, 1960); without a history the cheapest first. Ties go by the stage's own order.
    """
    stage = next((each for each in plan.stages if not set(each.sources).isdisjoint(sources)), None)
    if stage is None:
        return ()
    named = [name for name in stage.sources if name in sources]
    return tuple(sorted(named, key=lambda n: plan.sources[n].cost_minor / history.chance(n)))


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
