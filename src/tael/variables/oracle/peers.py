"""Places among peers, in plain Python.

Of n sorted values x[0] … x[n - 1], at least 20, the k-th of 99 cuts is x[ceil(k·n / 100) - 1]. The
percentile of v is (number of cuts < v + number of cuts <= v) / 198.

It is read from the newest distributions that were known at the as-of: those of the firm's group, or
where that has none those of its industry in all provinces, or else those of all firms. UNDEFINED
where there are none or the group is unknown; a parent without a value gives its own reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from tael.variables.oracle.events import NO_ANSWER, VALUE, Answer
from tael.variables.plan.peers import PeersPlan, PeerTable

_LEAST = 20
_UNKNOWN = -1


def answers(
    plan: PeersPlan, table: PeerTable | None, group: int, asof: int, sheet: Sequence[Answer]
) -> list[Answer]:
    """Value and reason of each output; ``sheet`` holds the answers of all columns before."""
    return [
        answer(sheet[of], cuts_for(table, output, group, asof))
        for output, of in enumerate(plan.outputs)
    ]


def answer(parent: Answer, cuts: Sequence[float]) -> Answer:
    """The place of one value among cuts; without any it has none."""
    value, reason = parent
    if reason != VALUE:
        return parent
    if not cuts:
        return NO_ANSWER
    below = sum(cut < value for cut in cuts)
    not_above = sum(cut <= value for cut in cuts)
    return float(below + not_above) / 198.0, VALUE


def cuts_for(table: PeerTable | None, output: int, group: int, asof: int) -> list[float]:
    """The cuts that an output of a firm of ``group`` is placed among; empty: none."""
    times = [] if table is None else [int(each) for each in table.known]
    past = [place for place, known in enumerate(times) if known <= asof]
    if table is None or not past or group == _UNKNOWN:
        return []
    codes = [int(each) for each in table.groups]
    for code in (group, group % 1000, 0):
        if code in codes:
            cuts = [float(cut) for cut in table.cuts[past[-1], codes.index(code), output]]
            if cuts[0] == cuts[0]:  # no NaN, which says that the firms were too few
                return cuts
    return []


def cuts_of(values: Sequence[float]) -> list[float]:
    """The 99 cuts of the values of a group; empty where they are too few."""
    many, ordered = len(values), sorted(values)
    if many < _LEAST:
        return []
    return [ordered[-(-k * many // 100) - 1] for k in range(1, 100)]
