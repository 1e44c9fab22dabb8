"""Reason codes from what a fast body kept of a run: no trace, no words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import getitem, itemgetter
from typing import cast

from tael.dmn.compiled.occurrence import Occurrence, by_code
from tael.dmn.compiled.scalar import Body, Kept
from tael.dmn.compiled.source import Source
from tael.dmn.errors import DmnError
from tael.dmn.feel.values import Value
from tael.dmn.reasons.bound import Bound, Knocked
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
        self._bound: dict[tuple[Body, Question], _Reader | None] = {}
        self._latest: tuple[Body | None, Question, _Reader | None] = (None, (0, "", ()), None)

    def codes(self, kept: Kept, question: Question) -> tuple[str, ...] | None:
        """The codes, most important first; None: ask the trace."""
        body, asked, reader = self._latest
        if body is not kept[0] or (asked is not question and asked != question):
            reader = self._reader_of(kept[0], question)
            self._latest = (kept[0], question, reader)
        if reader is None:
            return None
        if not self._values:
            return reader.codes(kept[3], ())
        known = tuple(kept[2].values())
        return reader.codes(kept[3], [known[place] for place in self._values])

    def _reader_of(self, body: Body, question: Question) -> _Reader | None:
        key = (body, question)
        if key not in self._bound:
            if len(self._bound) >= _MOST_BOUND:
                self._bound.clear()
            self._bound[key] = self._reader(body, question)
        return self._bound[key]

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


class _Keys(dict[object, int]):
    """By what a table of single hits kept: the number of its shortfall; filled when asked."""

    def __init__(self, rows: _Rows, numbers: Sequence[int]) -> None:
        super().__init__()
        self._rows = rows
        self._numbers = numbers

    def __missing__(self, kept: object) -> int:
        found = self._numbers[self._rows[kept]]
        if len(self) < _MOST_KNOWN:
            self[kept] = found
        return found

    def filled(self, occurrence: Occurrence) -> object:
        """The same by ``by_code`` where all that can be kept is known."""
        return by_code({code: self[code] for code in occurrence.singles}) or self


class _Reader:
    """Turns what one generated function kept into codes."""

    def __init__(self, bound: Bound, asked: Sequence[tuple[int, Occurrence]]) -> None:
        places = [place for place, _ in asked]
        self._bound = bound
        self._rows = [_Rows(occurrence) for _, occurrence in asked]
        self._pick = _picker(places)
        self._keys = _reader_of_keys(
            [
                (places[position], _Keys(self._rows[position], keys).filled(asked[position][1]))
                for position, keys in bound.singles
            ]
        )
        self._knocked: dict[object, Knocked] = {}
        others = [places[position] for position in bound.knocking]
        self._pick_knocked: Callable[[Sequence[object]], object] = (
            itemgetter(*others) if others else lambda _kept: None
        )

    def codes(self, kept: Sequence[object], values: Sequence[Value]) -> tuple[str, ...]:
        bound = self._bound
        if bound.is_plain:
            knocked = self._knocked.get(self._pick_knocked(kept)) or self._knocked_by(kept)
            found = bound.ranked(knocked, sorted(self._keys(kept), reverse=True))
            if found:
                return found
        return bound.top(list(map(getitem, self._rows, self._pick(kept))), values)

    def _knocked_by(self, kept: Sequence[object]) -> Knocked:
        """The knock-outs that fired; the sets of rules that fire together are few."""
        found = self._bound.knocked(list(map(getitem, self._rows, self._pick(kept))))
        if len(self._knocked) < _MOST_KNOWN:
            self._knocked[self._pick_knocked(kept)] = found
        return found


def _reader_of_keys(
    tables: Sequence[tuple[int, object]],
) -> Callable[[Sequence[object]], list[int]]:
    """What reads from each table, at its place in what was kept, the number of its shortfall."""
    source = Source()
    read = [f"{source.constant(numbers)}[k[{place}]], " for place, numbers in tables]
    return cast(
        "Callable[[Sequence[object]], list[int]]",
        source.function("k", after=[f"    return [{''.join(read)}]"]),
    )


def _picker(places: Sequence[int]) -> Callable[[Sequence[object]], Iterable[object]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda kept: [kept[place] for place in places]
