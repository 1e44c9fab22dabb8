"""Small parts of steps: columns compared, joined, doubted; lists by their conditions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from threading import Lock

import numpy as np

from tael.dmn.columnar import guard, merging
from tael.dmn.columnar.columns import (
    Coded,
    Column,
    Days,
    Dictionary,
    Exact,
    Fields,
    Given,
    Items,
    Number,
    Quotient,
    Raw,
    Real,
    Truth,
    Truths,
    Words,
    code_array,
    constant,
    either,
)
from tael.dmn.columnar.grids import Keys
from tael.dmn.columnar.kernels import NONE, Kernels
from tael.dmn.columnar.spaces import Space, lookup
from tael.dmn.compiled.plan import Cell
from tael.dmn.feel.values import Value, compare

ROUNDINGS = frozenset(
    {"decimal", "floor", "ceiling", "round up", "round down", "round half up", "round half down"}
)
_MOST_LISTS = 100_000


def number(column: Column) -> Number:
    """A column of numbers as such."""
    if isinstance(column, Exact | Raw | Given | Quotient | Real | Coded):
        return column
    raise TypeError(f"{type(column).__name__} is not of numbers")


def doubted(column: Column, marks: Truths) -> Column:  # noqa: PLR0911 - one way a kind
    """``column`` with more rows unsure, its parts too."""
    unsure = either(column.unsure, marks)
    if isinstance(column, Fields):
        return Fields(column.names, tuple(doubted(x, marks) for x in column.columns), unsure)
    if isinstance(column, Items):
        return Items(tuple(doubted(x, marks) for x in column.columns), unsure)
    if isinstance(column, Exact):
        return Exact(column.units, column.scale, column.bound, unsure)
    if isinstance(column, Raw):
        return Raw(column.values, unsure)
    if isinstance(column, Given):
        return Given(column.units, column.scale, unsure)
    if isinstance(column, Quotient):
        return Quotient(column.above, column.below, unsure)
    if isinstance(column, Real):
        return Real(column.values, column.errors, unsure)
    if isinstance(column, Truth):
        return Truth(column.values, unsure)
    if isinstance(column, Days):
        return Days(column.days, unsure)
    return column.doubted(unsure)


def together(names: tuple[str, ...], columns: Sequence[Column]) -> Fields:
    """Columns as one of contexts; unsure where any of them is."""
    return Fields(names, tuple(columns), either(*(column.unsure for column in columns)))


def joined(parts: Sequence[Truth], *, decisive: bool) -> Truth:
    """``or`` (decided by true) or ``and`` (by false): one sure part that decides is enough."""
    join = np.logical_or if decisive else np.logical_and
    values = parts[0].values
    for part in parts[1:]:
        values = join(values, part.values)
    unsure = either(*(part.unsure for part in parts))
    if unsure is None:
        return Truth(values)
    decided: Truths = np.zeros((), np.bool_)
    for part in parts:
        here = part.values if decisive else ~part.values
        decided = decided | (here if part.unsure is None else here & ~part.unsure)
    return Truth(np.where(decided, decisive, values), unsure & ~decided)


def inverted(part: Truth) -> Truth:
    """Not."""
    return Truth(~part.values, part.unsure)


def compared_truths(operator: str, left: Truth, right: Truth) -> Truth:
    """Booleans, equal or not."""
    same = left.values == right.values
    return Truth(same if operator == "=" else ~same, either(left.unsure, right.unsure))


def compared_texts(operator: str, left: Column, right: Column) -> Truth:
    """Strings: by their values where one side is one constant, else by their order."""
    if not isinstance(left, Coded) or not isinstance(right, Coded):
        raise TypeError("strings are coded")
    unsure = either(left.unsure, right.unsure)
    if len(right.dictionary) == 1 and not right.is_by_row:
        wanted = right.dictionary.values[0]
        key = (operator, wanted)
        found = left.dictionary.truths(key, lambda value: _holds(operator, value, wanted))
        return Truth(left.read(found), unsure)
    dictionary, places = merging.merged([left.dictionary, right.dictionary])
    ranks = np.empty(len(dictionary), np.intp)
    ranks[sorted(range(len(dictionary)), key=lambda code: str(dictionary.values[code]))] = (
        np.arange(len(dictionary))
    )
    one, two = left.read(ranks[places[0]]), right.read(ranks[places[1]])
    return Truth(guard.ordered(operator, one, two), unsure)


def _holds(operator: str, value: Value, wanted: Value) -> bool:
    if operator in ("=", "!="):
        return (value == wanted) is (operator == "=")
    return compare(operator, value, wanted)


def over_items(function: str, listed: Items, kernels: Kernels) -> Column:
    """``sum``, ``min``, ``max``, ``mean`` or ``count`` of as many items in every row."""
    if function == "count":
        found: Column = constant(Decimal(len(listed.columns)))
        return found if listed.unsure is None else doubted(found, listed.unsure)
    numbers = [number(column) for column in listed.columns]
    if function == "sum":
        summed = guard.total_of_coded(numbers, kernels)
        if summed is not None:
            return summed
    total = numbers[0]
    for each in numbers[1:]:
        if function in ("min", "max"):
            total = guard.extreme(total, each, largest=function == "max")
        else:
            total = guard.add(total, each)
    if function == "mean":
        total = guard.divide(total, constant(Decimal(len(numbers))))
    return total


class Test:
    """A cell against codes; what each code gives is computed once."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._known: tuple[Space, int, Truths] | None = None

    def codes(self, space: Space) -> Truths:
        """Per code of ``space`` whether the cell takes it."""
        known = self._known
        if known is None or known[0] is not space or known[1] != len(space):
            known = self._known = space, len(space), lookup(self._cell, space)
        return known[2]


class Lists:
    """Lists of constants by the word of their conditions; each is made once."""

    def __init__(self, items: Sequence[Value]) -> None:
        self._items = tuple(items)
        self._dictionary = Dictionary([()])
        self._known = Keys(np.zeros(0, np.uint64)), code_array([])
        self._lock = Lock()

    def column(self, words: Words, unsure: Truths | None, kernels: Kernels) -> Coded:
        """The list of each row: the items whose bits are set."""
        keys, codes = self._known
        place = kernels.known(words, keys)
        new = place == NONE
        if new.any():
            self._learn(np.unique(words[new]))
            keys, codes = self._known
            place = kernels.known(words, keys)
            missing = place == NONE
            if missing.any():
                unsure = either(unsure, missing)
        return Coded(place, self._dictionary, unsure, codes)

    def _learn(self, words: Words) -> None:
        with self._lock:
            keys, codes = self._known
            fresh = keys.unknown(words)[: max(0, _MOST_LISTS - keys.words.size)]
            numbers = [self._dictionary.code(self._list(word)) for word in fresh]
            more = np.array(numbers, np.intp)
            self._known = keys.with_more(fresh), np.concatenate([codes, more])

    def _list(self, word: int) -> tuple[Value, ...]:
        return tuple(item for bit, item in enumerate(self._items) if word >> bit & 1)
