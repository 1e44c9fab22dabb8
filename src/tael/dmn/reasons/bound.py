"""Reason codes from row numbers: what a compiled body keeps, without a trace and its words.

Every shortfall is known before: one whole number a row, made of the shortfall (scaled to whole
points) and the place of the declaration. The largest numbers are the reasons, ties and all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from operator import getitem, itemgetter
from typing import NamedTuple, Protocol, TypeAlias

from tael.dmn.errors import DmnError
from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.feel.values import Value
from tael.dmn.reasons.declared import COLLECTING, Characteristic, KnockOut, Source, value_at

# Shortfalls with the entry they belong to, scaled alike.
_Pairs: TypeAlias = list[tuple[int | Decimal, int]]
_Rows: TypeAlias = Sequence[int]
_Values: TypeAlias = Sequence[Value]
_NONE = -1
_MOST_KNOWN = 4096


class Declares(Protocol):
    """What is needed of the reasoner."""

    sources: tuple[Source, ...]

    @property
    def value_keys(self) -> tuple[str, ...]: ...

    def concept(self, code: str) -> str: ...


class Knocked(NamedTuple):
    """Knock-outs that fired: their codes, one a concept, and the entries of the same concepts."""

    codes: tuple[str, ...]
    entries: frozenset[int]


class Bound:
    """Gives the codes that ``Reasoner.reasons`` would give, in the same order."""

    def __init__(self, parts: _Parts, *, most: int, fallback: Bound | None) -> None:
        self._parts = parts
        self._most = most
        self._fallback = fallback
        self._size = len(parts.codes)
        self._knock_outs = parts.knock_outs
        self._singles = [keys for _, keys in parts.singles]
        self._pick = _picker([position for position, _ in parts.singles])
        concepts = [parts.concept(code) for code in parts.codes]
        self._plain = len(set(concepts)) == len(concepts) and not parts.others
        # From the number's remainder, which counts down so that the first declared is largest.
        self._decoded = parts.codes[::-1]
        self._named = {
            key: self._decoded[key % self._size]
            for _, keys in parts.singles
            for key in keys
            if key >= 0
        }.__getitem__
        self._concepts = concepts
        # Whether codes follow from numbers and knock-outs by rows alone.
        self.is_plain = self._plain and not parts.asks_values
        self.singles = parts.singles
        self.knocking = sorted(parts.knocking)

    def top(self, rows: _Rows, values: _Values = ()) -> tuple[str, ...]:
        """The codes, most important first.

        Args:
            rows: per table of ``Reasoner.bind`` what it hit: of a table of hit policy C, R or O the
                rules as bits (bit 0 is rule 1), of any other the 0-based rule or -1 for none.
            values: per key of ``Reasoner.value_keys`` the value of that decision.
        """
        keys = list(map(getitem, self._singles, self._pick(rows)))
        if not self._plain:
            knocked: list[str] = []
            for find in self._knock_outs:
                knocked += find(rows, values)
            return self._merged(knocked, keys, rows, values)
        keys.sort(reverse=True)
        found = self.ranked(self.knocked(rows, values), keys)
        if not found and self._fallback is not None:
            return self._fallback.top(rows, values)
        return found

    def knocked(self, rows: _Rows, values: _Values = ()) -> Knocked:
        """The knock-outs that fired, of a bound that ``is_plain``."""
        first: dict[str, str] = {}
        for find in self._knock_outs:
            for code in find(rows, values):
                first.setdefault(self._parts.concept(code), code)
        same = [entry for entry, concept in enumerate(self._concepts) if concept in first]
        return Knocked(tuple(first.values())[: self._most], frozenset(same))

    def ranked(self, knocked: Knocked, keys: Sequence[int]) -> tuple[str, ...]:
        """Knock-outs, then the codes of ``keys``, largest first; none of a concept named before."""
        codes, entries = knocked
        left = self._most - len(codes)
        if entries:
            size = self._size
            keys = [key for key in keys if size - 1 - key % size not in entries]
        keys = keys[:left]
        if not keys or keys[-1] < 0:
            keys = [key for key in keys if key >= 0]
        return (*codes, *map(self._named, keys))

    def _merged(
        self, knocked: Sequence[str], keys: Sequence[int], rows: _Rows, values: _Values
    ) -> tuple[str, ...]:
        """The long way: concepts that several codes speak of, sums, values, knock-outs."""
        size, parts = self._size, self._parts
        pairs: _Pairs = [(key // size, size - 1 - key % size) for key in keys if key >= 0]
        for find in parts.others:
            pairs += [pair for pair in find(rows, values) if pair[0] > 0]
        first: dict[str, str] = {}
        for code in knocked:
            first.setdefault(parts.concept(code), code)
        if not pairs and not first and self._fallback is not None:
            return self._fallback.top(rows, values)
        groups: dict[str, list[tuple[int | Decimal, int]]] = {}
        for loss, entry in pairs:
            concept = self._concepts[entry]
            if concept not in first:
                groups.setdefault(concept, []).append((-loss, entry))
        ranked = sorted(
            (sum(loss for loss, _ in each), min(entry for _, entry in each), min(each)[1])
            for each in groups.values()
        )
        named = (parts.codes[entry] for _, _, entry in ranked)
        return (*first.values(), *named)[: self._most]


class _Parts:
    """What was prepared: number lists of single-hit tables, and closures for the rest."""

    def __init__(
        self,
        declares: Declares,
        references: Sequence[Decimal | None],
        tables: Sequence[DecisionTable],
    ) -> None:
        self.concept = declares.concept
        self.codes: list[str] = []
        self.singles: list[tuple[int, list[int]]] = []
        self.others: list[Callable[[_Rows, _Values], _Pairs]] = []
        self.knock_outs: list[Callable[[_Rows, _Values], list[str]]] = []
        self.knocking: set[int] = set()
        self.asks_values = False
        self._places: dict[int, list[int]] = {}
        for position, table in enumerate(tables):
            self._places.setdefault(id(table), []).append(position)
        self._values = {key: position for position, key in enumerate(declares.value_keys)}
        scored = [
            (source, reference)
            for source, reference in zip(declares.sources, references, strict=True)
            if isinstance(source, Characteristic) and reference is not None
        ]
        self._scale = max((_digits(source, reference) for source, reference in scored), default=0)
        entries = [self._numbered(source) for source, _ in scored]
        for (source, reference), numbers in zip(scored, entries, strict=True):
            self._score(source, reference, numbers)
        for each in declares.sources:
            if isinstance(each, KnockOut):
                self._knock_out(each)

    def _numbered(self, source: Characteristic) -> dict[str, int]:
        """An entry for each code the characteristic may give."""
        codes = dict.fromkeys([source.code, *(row.code for row in source.rows)])
        numbers = {}
        for code in codes:
            if code:
                numbers[code] = len(self.codes)
                self.codes.append(code)
        return numbers

    def _score(self, source: Characteristic, reference: Decimal, numbers: dict[str, int]) -> None:
        if source.table is None:
            self.others.append(self._of_value(source, reference, numbers))
            return
        if any(row.points is None for row in source.rows):
            raise DmnError(
                f"{source.name!r} computes its points: they are not known before",
                node=source.node,
                rule="points written in the table",
            )
        for position in self._places.get(id(source.table), ()):
            if source.table.hit_policy in COLLECTING:
                self.others.append(self._of_bits(source, reference, numbers, position))
            else:
                self.singles.append((position, self._keys(source, reference, numbers)))

    def _scaled(self, number: Decimal) -> int:
        return int(number.scaleb(self._scale))

    def _keys(
        self, source: Characteristic, reference: Decimal, numbers: dict[str, int]
    ) -> list[int]:
        """One number a rule of a single-hit table; the last is for none, so -1 finds it."""
        size = len(self.codes)
        keys = [
            self._key(reference - (row.points or Decimal(0)), numbers.get(row.code), size)
            for row in source.rows
        ]
        missing = source.otherwise
        last = (
            _NONE
            if missing is None
            else self._key(reference - missing, numbers.get(source.code), size)
        )
        return [*keys, last]

    def _key(self, shortfall: Decimal, entry: int | None, size: int) -> int:
        if shortfall <= 0 or entry is None:
            return _NONE
        return self._scaled(shortfall) * size + size - 1 - entry

    def _of_bits(
        self, source: Characteristic, reference: Decimal, numbers: dict[str, int], position: int
    ) -> Callable[[_Rows, _Values], _Pairs]:
        mine = {row.rule.number - 1: row for row in source.rows}
        mask = sum(1 << number for number in mine)

        def find(rows: _Rows, _values: _Values) -> _Pairs:
            hit = [mine[number] for number in _bits(rows[position] & mask)]
            points = [row.points for row in hit if row.points is not None]
            given = source.folded(points) if hit else source.otherwise
            entry = numbers.get((hit[0].code if hit else "") or source.code)
            if given is None or entry is None:
                return []
            return [(self._scaled(reference - given), entry)]

        return find

    def _of_value(
        self, source: Characteristic, reference: Decimal, numbers: dict[str, int]
    ) -> Callable[[_Rows, _Values], _Pairs]:
        position, entry = self._values[source.key], numbers[source.code]

        def find(_rows: _Rows, values: _Values) -> _Pairs:
            given = value_at(values[position], source.entry)
            if not isinstance(given, Decimal):
                return []
            return [((reference - given).scaleb(self._scale), entry)]

        return find

    def _knock_out(self, source: KnockOut) -> None:
        if source.table is None:
            position = self._values[source.key]
            self.asks_values = True
            self.knock_outs.append(
                lambda _rows, values: source.codes(value_at(values[position], source.entry))
            )
            return
        places = self._places.get(id(source.table), [])
        codes = {rule.number - 1: code for rule, code in source.rules}
        self.knocking |= set(places)
        if places and source.table.hit_policy in COLLECTING:
            self.knock_outs.append(_knocked_bits(places, codes))
        elif places:
            self.knock_outs.append(_knocked_rows(places, codes))


def bound_to(
    declares: Declares,
    references: Sequence[Decimal | None],
    tables: Sequence[DecisionTable],
    *,
    most: int,
    fallback: Bound | None,
) -> Bound:
    """Prepare the numbers; ``references`` are by source, None for a knock-out.

    Raises:
        DmnError: a characteristic whose points are computed.
    """
    return Bound(_Parts(declares, references, tables), most=most, fallback=fallback)


def _knocked_bits(
    places: Sequence[int], codes: dict[int, str]
) -> Callable[[_Rows, _Values], list[str]]:
    mask = sum(1 << number for number in codes)
    # The sets of rules that fire together are few.
    known: dict[int, list[str]] = {0: []}

    def find(rows: _Rows, _values: _Values) -> list[str]:
        hit = 0
        for place in places:
            hit |= rows[place]
        hit &= mask
        found = known.get(hit)
        if found is None:
            found = [codes[number] for number in _bits(hit)]
            if len(known) < _MOST_KNOWN:
                known[hit] = found
        return found

    return find


def _knocked_rows(
    places: Sequence[int], codes: dict[int, str]
) -> Callable[[_Rows, _Values], list[str]]:
    def find(rows: _Rows, _values: _Values) -> list[str]:
        hit = sorted({rows[place] for place in places})
        return [codes[number] for number in hit if number in codes]

    return find


def _bits(number: int) -> list[int]:
    found = []
    while number:
        low = number & -number
        found.append(low.bit_length() - 1)
        number ^= low
    return found


def _picker(positions: Sequence[int]) -> Callable[[_Rows], Iterable[int]]:
    """The rows at ``positions``; ``itemgetter`` of one gives no tuple, of none fails."""
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda rows: [rows[position] for position in positions]


def _digits(source: Characteristic, reference: Decimal) -> int:
    """Digits behind the point that make every number of points whole."""
    numbers = [reference, source.otherwise, *(row.points for row in source.rows)]
    exponents = [n.as_tuple().exponent for n in numbers if n is not None]
    return max(0, *(-e for e in exponents if isinstance(e, int)))
