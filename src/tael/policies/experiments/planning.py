"""How many applications it takes to tell a difference, before the experiment begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from tael.kernel import BadInput
from tael.policies.experiments.sequential import Counts, Prior, sequence_of_shares

_MOST = 1_000_000_000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Plan:
    """A difference of shares that is to be found.

    Attributes:
        champion: the champion's share.
        challenger: the challenger's, were it as good as hoped.
        share: of the applications that go to the challenger.
        known: of an arm's applications, those that give a row: for default the approved and drawn
            ones; 1 where every application counts.
        alpha: as ``Rule``.
        power: chance of finding the difference.
    """

    champion: float
    challenger: float
    share: float = 0.5
    known: float = 1.0
    alpha: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("champion", "challenger", "share", "alpha", "power"):
            if not 0 < getattr(self, name) < 1:
                raise BadInput(
                    f"{name} is {getattr(self, name)!r}", field=name, rule="between 0 and 1"
                )
        if not 0 < self.known <= 1:
            raise BadInput(f"known is {self.known!r}", field="known", rule="above 0, at most 1")
        if self.champion == self.challenger:
            raise BadInput(
                "the two shares are the same: no number of applications tells them apart",
                field="challenger",
                rule="another share than the champion's",
            )


@dataclass(frozen=True, slots=True)
class Needed:
    """Applications of both arms together.

    Attributes:
        at_once: looked at once, at the end.
        watched: looked at all the time, stopping when the rule says so: the most that is needed
            with the chance ``power``; most experiments end earlier.
    """

    at_once: int
    watched: int


def applications_needed(plan: Plan) -> Needed:
    """How many applications tell the plan's difference.

    ``at_once`` by the usual formula (Fleiss, Levin and Paik, Statistical Methods for Rates and
    Proportions, 2003, section 4.2, without correction); ``watched`` is where the confidence
    sequence leaves out zero although the difference seen is smaller than the true one by the
    quantile of ``power``.
    """
    return Needed(_at_once(plan), _watched(plan))


def _at_once(plan: Plan) -> int:
    a, b, share = plan.champion, plan.challenger, plan.share
    pooled = (1 - share) * a + share * b
    equal = math.sqrt(pooled * (1 - pooled) * (1 / share + 1 / (1 - share)))
    apart = math.sqrt(a * (1 - a) / (1 - share) + b * (1 - b) / share)
    reach = _NORMAL.inv_cdf(1 - plan.alpha / 2) * equal + _NORMAL.inv_cdf(plan.power) * apart
    return math.ceil((reach / (b - a)) ** 2 / plan.known)


def _watched(plan: Plan) -> int:
    low, high = 2, 4
    while not _found(plan, high) and high < _MOST:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _found(plan, middle) else (middle, high)
    return high


def _found(plan: Plan, applications: int) -> bool:
    rows = applications * plan.known
    first, second = rows * (1 - plan.share), rows * plan.share
    if min(first, second) < 1:
        return False
    a, b = plan.champion, plan.challenger
    # The unlucky sample: the difference seen falls short, the more so in the arm that varies more.
    parts = a * (1 - a) / first, b * (1 - b) / second
    short = _NORMAL.inv_cdf(plan.power) * math.sqrt(sum(parts)) * math.copysign(1.0, b - a)
    seen = a + short * parts[0] / sum(parts), b - short * parts[1] / sum(parts)
    if (seen[1] - seen[0]) * (b - a) <= 0:
        return False
    counts = [
        Counts(min(round(rate * size), round(size)), round(size))
        for rate, size in zip((max(s, 0.0) for s in seen), (first, second), strict=True)
    ]
    prior = Prior.around(a, abs(b - a))
    interval = sequence_of_shares(counts[0], counts[1], alpha=plan.alpha, prior=prior)
    return interval.low > 0 or interval.high < 0
