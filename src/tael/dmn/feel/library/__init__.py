"""The built-in functions (DMN 1.5 clause 10.3.4), as a table from name to Function.

A function raises Nothing with the reason when it gives null; the caller turns that into a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)

from tael.dmn.errors import Nothing
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Function, Value, date_from, equals, kind, less, to_text

_ZERO = Decimal(0)
_LARGEST_SCALE = 6176


def _single(value: Value) -> Value:
    """A list of one where one value is wanted is that value (DMN 1.5 clause 10.3.2.9.4)."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _number(value: Value, what: str = "argument") -> Decimal:
    value = _single(value)
    if not isinstance(value, Decimal):
        raise Nothing(f"{what} is a {kind(value)}, not a number")
    return value


def _text(value: Value) -> str:
    value = _single(value)
    if not isinstance(value, str):
        raise Nothing(f"argument is a {kind(value)}, not a string")
    return value


def _list(value: Value) -> tuple[Value, ...]:
    if value is None:
        raise Nothing("argument is null, not a list")
    return value if isinstance(value, tuple) else (value,)


def _items(arguments: tuple[Value, ...]) -> tuple[Value, ...]:
    """Arguments of a function that takes a list or its items one by one."""
    return _list(arguments[0]) if len(arguments) == 1 else arguments


def _numbers(arguments: tuple[Value, ...]) -> list[Decimal]:
    return [_number(item, "an item") for item in _items(arguments)]


def _extreme(arguments: tuple[Value, ...], *, largest: bool) -> Value:
    items = _items(arguments)
    if not items:
        raise Nothing("an empty list has no minimum or maximum")
    best = items[0]
    for item in items:
        if less(best, item) if largest else less(item, best):
            best = item
    return best


def _sum(*arguments: Value) -> Value:
    numbers = _numbers(arguments)
    if not numbers:
        raise Nothing("the sum of an empty list is null")
    total = _ZERO
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


def _mean(*arguments: Value) -> Value:
    numbers = _numbers(arguments)
    if not numbers:
        raise Nothing("the mean of an empty list is null")
    return NUMBERS.divide(_number(_sum(*numbers)), Decimal(len(numbers)))


def _rounding(mode: str) -> Callable[..., Value]:
    def rounded(n: Value, scale: Value = _ZERO) -> Value:
        digits = _number(scale).to_integral_value(ROUND_DOWN)
        if abs(digits) > _LARGEST_SCALE:
            raise Nothing("scale lies outside -6111..6176")
        number = _number(n)
        if -number.as_tuple().exponent <= digits:  # type: ignore[operator] # finite: exponent is an int
            return number
        step = Decimal((0, (1,), -int(digits)))
        return number.quantize(step, rounding=mode, context=_WIDE)

    return rounded


_WIDE = NUMBERS.copy()
_WIDE.prec = 7000


def _modulo(dividend: Value, divisor: Value) -> Value:
    a, b = _number(dividend), _number(divisor)
    if not b:
        raise Nothing("modulo by zero")
    # FEEL's modulo takes the sign of the divisor: a - b * floor(a / b).
    floor = NUMBERS.divide(a, b).to_integral_value(ROUND_FLOOR)
    return NUMBERS.subtract(a, NUMBERS.multiply(b, floor))


def _sqrt(number: Value) -> Value:
    if _number(number) < 0:
        raise Nothing("the square root of a negative number is null")
    return NUMBERS.sqrt(_number(number))


def _log(number: Value) -> Value:
    if _number(number) <= 0:
        raise Nothing("the logarithm of a number not above zero is null")
    return NUMBERS.ln(_number(number))


def _parity(wanted: int) -> Callable[[Value], Value]:
    def parity(number: Value) -> Value:
        value = _number(number)
        return value == value.to_integral_value() and value % 2 in (wanted, -wanted)

    return parity


def _logic(*, every: bool) -> Callable[..., Value]:
    def combined(*arguments: Value) -> Value:
        items = _items(arguments)
        if any(item is (not every) for item in items):
            return not every
        if all(isinstance(item, bool) for item in items):
            return every
        raise Nothing("an item is not a boolean")

    return combined


def _not(negand: Value) -> Value:
    if not isinstance(negand, bool):
        raise Nothing(f"not() of a {kind(negand)}")
    return not negand


def _substring(string: Value, start: Value, length: Value = None) -> Value:
    text, first = _text(string), int(_number(start))
    if first == 0 or abs(first) > len(text):
        raise Nothing("the start position lies outside the string")
    begin = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[begin:]
    if _number(length) < 1:
        raise Nothing("the length of a substring is at least one")
    return text[begin : begin + int(_number(length))]


def _to_number(source: Value, grouping: Value = None, point: Value = None) -> Value:
    if isinstance(source, Decimal):
        return source
    text = _text(source)
    if isinstance(grouping, str):
        text = text.replace(grouping, "")
    if isinstance(point, str):
        text = text.replace(point, ".")
    try:
        return NUMBERS.create_decimal(text.strip()) if "_" not in text else _no_number(text)
    except InvalidOperation:
        return _no_number(text)


def _no_number(text: str) -> Value:
    raise Nothing(f"{text!r} is not a number")


def _string(source: Value) -> Value:
    if source is None:
        raise Nothing("string(null) is null")
    return to_text(source)


def _date(source: Value, month: Value = None, day: Value = None) -> Value:
    if isinstance(source, str):
        return date_from(source)
    if isinstance(source, date):
        return source
    try:
        return date(int(_number(source)), int(_number(month)), int(_number(day)))
    except ValueError:
        raise Nothing("no calendar has this date") from None


def _distinct(items: Value) -> Value:
    found: list[Value] = []
    for item in _list(items):
        if not any(equals(item, other) for other in found):
            found.append(item)
    return tuple(found)


def _flat(items: Value) -> tuple[Value, ...]:
    flat: list[Value] = []
    for item in _list(items):
        flat.extend(_flat(item) if isinstance(item, tuple) else (item,))
    return tuple(flat)


def _index_of(items: Value, match: Value) -> Value:
    return tuple(Decimal(i + 1) for i, item in enumerate(_list(items)) if equals(item, match))


def _get_value(m: Value, key: Value) -> Value:
    if not isinstance(m, dict) or key not in m:
        raise Nothing(f"no entry {key!r} in the context")
    found: Value = m[str(key)]
    return found


def _concatenate(*lists: Value) -> Value:
    return tuple(item for each in lists for item in _list(each))


def _sublist(items: Value, start: Value, length: Value = None) -> Value:
    found, first = _list(items), int(_number(start))
    if first == 0 or abs(first) > len(found):
        raise Nothing("the start position lies outside the list")
    begin = first - 1 if first > 0 else len(found) + first
    if length is None:
        return found[begin:]
    if not 1 <= _number(length) <= len(found) - begin:
        raise Nothing("the length reaches beyond the list")
    return found[begin : begin + int(_number(length))]


def _index(items: tuple[Value, ...], position: Value) -> int:
    place = int(_number(position))
    if place == 0 or abs(place) > len(items):
        raise Nothing(f"no position {place} in a list of {len(items)}")
    return place - 1 if place > 0 else len(items) + place


def _insert_before(items: Value, position: Value, new: Value) -> Value:
    found = _list(items)
    at = _index(found, position)
    return (*found[:at], new, *found[at:])


def _remove(items: Value, position: Value) -> Value:
    found = _list(items)
    at = _index(found, position)
    return found[:at] + found[at + 1 :]


def _median(*arguments: Value) -> Value:
    numbers = sorted(_numbers(arguments))
    if not numbers:
        raise Nothing("the median of an empty list is null")
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return NUMBERS.divide(NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


def _mode(*arguments: Value) -> Value:
    numbers = _numbers(arguments)
    counts = {number: numbers.count(number) for number in numbers}
    return tuple(sorted(number for number, n in counts.items() if n == max(counts.values())))


def _stddev(*arguments: Value) -> Value:
    numbers = _numbers(arguments)
    if len(numbers) <= 1:
        raise Nothing("a standard deviation needs two numbers")
    mean = _number(_mean(*numbers))
    squares = [NUMBERS.power(NUMBERS.subtract(number, mean), 2) for number in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(_number(_sum(*squares)), Decimal(len(numbers) - 1)))


def _product(*arguments: Value) -> Value:
    numbers = _numbers(arguments)
    if not numbers:
        raise Nothing("the product of an empty list is null")
    result = Decimal(1)
    for number in numbers:
        result = NUMBERS.multiply(result, number)
    return result


def _before(string: Value, match: Value) -> Value:
    text, found, _ = _text(string).partition(_text(match)) if match != "" else ("", "", "")
    return text if found else ""


def _after(string: Value, match: Value) -> Value:
    if match == "":
        return _text(string)
    return _text(string).partition(_text(match))[2]


def _entries(m: Value) -> Value:
    return tuple({"key": key, "value": value} for key, value in _context(m).items())


def _context(value: Value) -> Mapping[str, Value]:
    if not isinstance(value, Mapping):
        raise Nothing(f"argument is a {kind(value)}, not a context")
    return value


def _string_join(items: Value, delimiter: Value = "") -> Value:
    return ("" if delimiter is None else _text(delimiter)).join(
        _text(item) for item in _list(items) if item is not None
    )


# Name, parameters, how many of them are required, what is called.
_FIXED: tuple[tuple[str, str, int, Callable[..., Value]], ...] = (
    ("not", "negand", 1, _not),
    ("abs", "n", 1, lambda n: abs(_number(n))),
    ("floor", "n,scale", 1, _rounding(ROUND_FLOOR)),
    ("ceiling", "n,scale", 1, _rounding(ROUND_CEILING)),
    ("decimal", "n,scale", 2, _rounding(ROUND_HALF_EVEN)),
    ("round up", "n,scale", 2, _rounding(ROUND_UP)),
    ("round down", "n,scale", 2, _rounding(ROUND_DOWN)),
    ("round half up", "n,scale", 2, _rounding(ROUND_HALF_UP)),
    ("round half down", "n,scale", 2, _rounding(ROUND_HALF_DOWN)),
    ("modulo", "dividend,divisor", 2, _modulo),
    ("sqrt", "number", 1, _sqrt),
    ("exp", "number", 1, lambda number: NUMBERS.exp(_number(number))),
    ("log", "number", 1, _log),
    ("odd", "number", 1, _parity(1)),
    ("even", "number", 1, _parity(0)),
    ("contains", "string,match", 2, lambda string, match: _text(match) in _text(string)),
    (
        "starts with",
        "string,match",
        2,
        lambda string, match: _text(string).startswith(_text(match)),
    ),
    (
        "ends with",
        "string,match",
        2,
        lambda string, match: _text(string).endswith(_text(match)),
    ),
    ("string length", "string", 1, lambda string: Decimal(len(_text(string)))),
    ("upper case", "string", 1, lambda string: _text(string).upper()),
    ("lower case", "string", 1, lambda string: _text(string).lower()),
    ("substring", "string,start position,length", 2, _substring),
    ("string", "from", 1, _string),
    ("number", "from,grouping separator,decimal separator", 1, _to_number),
    ("string join", "list,delimiter", 1, _string_join),
    ("date", "from,month,day", 1, _date),
    (
        "list contains",
        "list,element",
        2,
        lambda items, e: any(equals(i, e) for i in _list(items)),
    ),
    ("count", "list", 1, lambda items: Decimal(len(_list(items)))),
    ("reverse", "list", 1, lambda items: _list(items)[::-1]),
    ("distinct values", "list", 1, _distinct),
    ("flatten", "list", 1, _flat),
    ("index of", "list,match", 2, _index_of),
    ("get value", "m,key", 2, _get_value),
    ("get entries", "m", 1, _entries),
    ("substring before", "string,match", 2, _before),
    ("substring after", "string,match", 2, _after),
    ("sublist", "list,start position,length", 2, _sublist),
    ("insert before", "list,position,newItem", 3, _insert_before),
    ("remove", "list,position", 2, _remove),
)
# Functions of a list or of its items one by one.
_VARIADIC: tuple[tuple[str, Callable[..., Value]], ...] = (
    ("min", lambda *a: _extreme(a, largest=False)),
    ("max", lambda *a: _extreme(a, largest=True)),
    ("sum", _sum),
    ("mean", _mean),
    ("median", _median),
    ("mode", _mode),
    ("stddev", _stddev),
    ("product", _product),
    ("all", _logic(every=True)),
    ("any", _logic(every=False)),
    ("concatenate", _concatenate),
    ("append", lambda first, *more: (*_list(first), *more)),
    ("union", lambda *lists: _distinct(_concatenate(*lists))),
)


def _table() -> dict[str, Function]:
    fixed = {
        name: Function(name, tuple(parameters.split(",")), call, required=required)
        for name, parameters, required, call in _FIXED
    }
    variadic = {name: Function(name, ("list",), call, variadic=True) for name, call in _VARIADIC}
    return fixed | variadic


BUILTINS: dict[str, Function] = _table()
