"""Reason codes from what a fast body kept of a run: no trace, no words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import getitem, itemgetter

from tael.dmn.compiled.fast import Kept
from tael.dmn.compiled.occurrence import Occurrence
from tael.dmn.compiled.scalar import Body
from tael.dmn.errors import DmnError
from tael.dmn.feel.values import Value
from tael.dmn.reasons.bound import Bound
from tael.dmn.reasons.declared import COLLECTING
from tael.dmn.reasons.reasoner import MEDIAN, Question, Reasoner

_MOST_KNOWN = 4096
_MOST_BOUND = 64


class Quick:
    """Gives the codes that the trace of the same run would give.

    Args:
        reasoner: the model's.
        keys: the decisions whose values a run keeps, in their order.
    """

    def __init__(self, reasoner: Reasoner, keys: Sequence[str]) -> None:
        self._reasoner = reasoner
        values = [keys.index(key) for key in reasoner.value_keys if key in keys]
        self._knows_values = len(values) == len(reasoner.value_keys)
        self._values = values
        self._bound: dict[tuple[int, Question], _Reader | None] = {}

    def codes(self, kept: Kept, question: Question) -> tuple[str, ...] | None:
        """The codes, most important first; None: ask the trace."""
        key = (id(kept.body), question)
        reader = self._bound.get(key)
        if reader is None:
            if key in self._bound:
                return None
            if len(self._bound) >= _MOST_BOUND:
                self._bound.clear()
            reader = self._bound[key] = self._reader(kept.body, question)
            if reader is None:
                return None
        values: list[Value] = []
        if self._values:
            known = kept.values
            values = [known[place] for place in self._values]
        return reader.codes(kept.rows, values)

    def _reader(self, body: Body, question: Question) -> _Reader | None:
        most, method, medians = question
        by_group = method == MEDIAN and self._reasoner.chooser
        if not self._knows_values or by_group:
            return None
        asked = [each for places in body.occurrences.values() for each in places]
        mine = [each for each in asked if self._reasoner.asks(each[1].table)]
        try:
            bound = self._reasoner.bind(
                [occurrence.table for _, occurrence in mine],
                most=most,
                method=method,
                medians=dict(medians),
            )
        except DmnError:
            return None  # points that are computed, a median that is missing: the trace says so
        return _Reader(bound, mine)


class _Rows(dict[object, int]):
    """By what a table kept: the row or rows, as ``Bound.top`` calls them; filled when asked."""

    def __init__(self, occurrence: Occurrence) -> None:
        super().__init__()
        self._occurrence = occurrence

    def __missing__(self, kept: object) -> int:
        numbers = [] if kept is None else self._occurrence.numbers(kept)
        if self._occurrence.table.hit_policy in COLLECTING:
            found = sum(1 << number for number in numbers)
        else:
            found = min(numbers, default=-1)
        if len(self) < _MOST_KNOWN:
            self[kept] = found
        return found


class _Reader:
    """Turns what one generated function kept into rows, and these into codes."""

    def __init__(self, bound: Bound, asked: Sequence[tuple[int, Occurrence]]) -> None:
        self._bound = bound
        self._rows = [_Rows(occurrence) for _, occurrence in asked]
        self._pick = _picker([place for place, _ in asked])

    def codes(self, kept: Sequence[object], values: Sequence[Value]) -> tuple[str, ...]:
        rows = list(map(getitem, self._rows, self._pick(kept)))
        return self._bound.top(rows, values)


def _picker(places: Sequence[int]) -> Callable[[Sequence[object]], Iterable[object]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda kept: [kept[place] for place in places]
