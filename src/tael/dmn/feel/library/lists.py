"""Built-in functions of lists (DMN 1.5 clause 10.3.4.4). Positions count from 1, back from -1."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key

from tael.dmn.errors import Nothing
from tael.dmn.feel.calls import invoke
from tael.dmn.feel.library.arguments import (
    MOST_ITEMS,
    function,
    items_of,
    number,
    numbers,
    position,
    spread,
    whole,
)
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.operators import add, divide, multiply
from tael.dmn.feel.values import Function, Value, equals, identity_of, kind, less


def _extreme(arguments: tuple[Value, ...], *, largest: bool) -> Value:
    items = spread(arguments)
    if not items:
        raise Nothing("an empty list has no minimum or maximum")
    best = items[0]
    less(best, best)  # a list of one must have an order as well
    for item in items[1:]:
        if less(best, item) if largest else less(item, best):
            best = item
    return best


def _sum(*arguments: Value) -> Value:
    items = spread(arguments)
    if not items:
        raise Nothing("the sum of an empty list is null")
    if isinstance(items[0], str):
        raise Nothing("there is no sum of strings")
    total: Value = number(items[0], "an item")
    for item in items[1:]:
        total = add(number(total, "an item"), number(item, "an item"))
    return total


def _product(*arguments: Value) -> Value:
    items = numbers(arguments)
    if not items:
        raise Nothing("the product of an empty list is null")
    result: Value = Decimal(1)
    for item in items:
        result = multiply(result, item)
    return result


def _mean(*arguments: Value) -> Value:
    items = numbers(arguments)
    if not items:
        raise Nothing("the mean of an empty list is null")
    return divide(_sum(tuple(items)), Decimal(len(items)))


def _median(*arguments: Value) -> Value:
    items = sorted(numbers(arguments))
    if not items:
        raise Nothing("the median of an empty list is null")
    middle = len(items) // 2
    if len(items) % 2:
        return items[middle]
    return NUMBERS.divide(NUMBERS.add(items[middle - 1], items[middle]), Decimal(2))


def _mode(*arguments: Value) -> Value:
    counts: dict[Decimal, int] = {}
    for item in numbers(arguments):
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return tuple(sorted(item for item, count in counts.items() if count == most))


def _stddev(*arguments: Value) -> Value:
    items = numbers(arguments)
    if len(items) <= 1:
        raise Nothing("a standard deviation needs two numbers")
    mean = number(_mean(tuple(items)))
    total = Decimal(0)
    for item in items:
        apart = NUMBERS.subtract(item, mean)
        total = NUMBERS.add(total, NUMBERS.multiply(apart, apart))
    return NUMBERS.sqrt(NUMBERS.divide(total, Decimal(len(items) - 1)))


def _logic(*, every: bool) -> Callable[..., Value]:
    def combined(*arguments: Value) -> Value:
        items = spread(arguments)
        if any(item is (not every) for item in items):
            return not every
        if all(isinstance(item, bool) for item in items):
            return every
        raise Nothing("an item is not a boolean")

    return combined


def _distinct(items: Value) -> Value:
    seen: set[object] = set()
    found: list[Value] = []
    for item in items_of(items):
        key = identity_of(item)
        if key not in seen:
            seen.add(key)
            found.append(item)
    return tuple(found)


def _flat(items: Value) -> tuple[Value, ...]:
    flat: list[Value] = []
    waiting = [iter(items_of(items))]
    seen = 0
    while waiting:
        for item in waiting[-1]:
            seen += 1
            if seen > MOST_ITEMS:
                raise Nothing(f"a list has at most {MOST_ITEMS} items")
            if isinstance(item, tuple):
                waiting.append(iter(item))
                break
            flat.append(item)
        else:
            waiting.pop()
    return tuple(flat)


def _index_of(items: Value, match: Value) -> Value:
    return tuple(Decimal(i) for i, item in enumerate(items_of(items), 1) if equals(item, match))


def _concatenate(*lists: Value) -> Value:
    joined = tuple(item for each in lists for item in items_of(each))
    if len(joined) > MOST_ITEMS:
        raise Nothing("the list is too long")
    return joined


def _sublist(items: Value, start: Value, length: Value = None) -> Value:
    found = items_of(items)
    begin = position(found, start)
    if length is None:
        return found[begin:]
    if not 1 <= whole(length) <= len(found) - begin:
        raise Nothing("the length reaches beyond the list")
    return found[begin : begin + whole(length)]


def _insert_before(items: Value, place: Value, new: Value) -> Value:
    found = items_of(items)
    at = position(found, place)
    return (*found[:at], new, *found[at:])


def _remove(items: Value, place: Value) -> Value:
    found = items_of(items)
    at = position(found, place)
    return found[:at] + found[at + 1 :]


def _replace(items: Value, place: Value, new: Value) -> Value:
    """At a position, or wherever a function of (item, new item) says so."""
    found = items_of(items)
    if not isinstance(place, Function):
        at = position(found, place)
        return (*found[:at], new, *found[at + 1 :])
    chosen: list[Value] = []
    for item in found:
        answer = invoke(place, [item, new])
        if not isinstance(answer, bool):
            raise Nothing(f"the match function answers with a {kind(answer)}")
        chosen.append(new if answer else item)
    return tuple(chosen)


def _sort(items: Value, precedes: Value) -> Value:
    order = function(precedes)

    def compare(left: Value, right: Value) -> int:
        first = invoke(order, [left, right])
        if not isinstance(first, bool):
            raise Nothing(f"the order function answers with a {kind(first)}")
        if first:
            return -1
        return 1 if invoke(order, [right, left]) is True else 0

    return tuple(sorted(items_of(items), key=cmp_to_key(compare)))


def _contains(items: Value, element: Value) -> Value:
    return any(equals(item, element) is True for item in items_of(items))


def _append(items: Value, *more: Value) -> Value:
    return (*items_of(items), *more)


def _union(*lists: Value) -> Value:
    return _distinct(_concatenate(*lists))


def _minimum(*arguments: Value) -> Value:
    return _extreme(arguments, largest=False)


def _maximum(*arguments: Value) -> Value:
    return _extreme(arguments, largest=True)


ENTRIES: tuple[Entry, ...] = (
    Entry("list contains", "list,element", 2, _contains),
    Entry("count", "list", 1, lambda items: Decimal(len(items_of(items)))),
    Entry("reverse", "list", 1, lambda items: items_of(items)[::-1]),
    Entry("distinct values", "list", 1, _distinct),
    Entry("flatten", "list", 1, _flat),
    Entry("index of", "list,match", 2, _index_of),
    Entry("sublist", "list,start position,length", 2, _sublist),
    Entry("insert before", "list,position,newItem", 3, _insert_before),
    Entry("remove", "list,position", 2, _remove),
    Entry("list replace", "list,position,newItem", 3, _replace),
    Entry("list replace", "list,match,newItem", 3, _replace),
    Entry("sort", "list,precedes", 2, _sort),
    Entry("min", "list", 1, _minimum, variadic=True),
    Entry("max", "list", 1, _maximum, variadic=True),
    Entry("sum", "list", 1, _sum, variadic=True),
    Entry("mean", "list", 1, _mean, variadic=True),
    Entry("median", "list", 1, _median, variadic=True),
    Entry("mode", "list", 1, _mode, variadic=True),
    Entry("stddev", "list", 1, _stddev, variadic=True),
    Entry("product", "list", 1, _product, variadic=True),
    Entry("all", "list", 1, _logic(every=True), variadic=True),
    Entry("any", "list", 1, _logic(every=False), variadic=True),
    Entry("concatenate", "list", 1, _concatenate, variadic=True),
    Entry("append", "list", 1, _append, variadic=True),
    Entry("union", "list", 1, _union, variadic=True),
)
