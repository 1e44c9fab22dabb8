"""What each built-in function takes and gives, as data (DMN 1.5 clause 10.3.4).

A line is one way to call a function: ``name(parameter: type, optional?: type) -> type``. Types
beside a ``/`` are alternatives, ``T`` and ``U`` stand for a type of the call, ``*`` before a
parameter marks a function that takes a list or its items one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tael.dmn.feel.parser import parse_type
from tael.dmn.feel.syntax import TypeExpression

SIGNATURES = """
string(from: Any) -> string
number(from: string, grouping separator?: string, decimal separator?: string) -> number
number(from: number) -> number
not(negand: boolean) -> boolean
is(value1?: Any, value2?: Any) -> boolean
range(from: string) -> range<Any>
abs(n: number) -> number
abs(n: days and time duration) -> days and time duration
abs(n: years and months duration) -> years and months duration
floor(n: number, scale?: number) -> number
ceiling(n: number, scale?: number) -> number
decimal(n: number, scale: number) -> number
round up(n: number, scale: number) -> number
round down(n: number, scale: number) -> number
round half up(n: number, scale: number) -> number
round half down(n: number, scale: number) -> number
modulo(dividend: number, divisor: number) -> number
sqrt(number: number) -> number
exp(number: number) -> number
log(number: number) -> number
odd(number: number) -> boolean
even(number: number) -> boolean
random number() -> number
contains(string: string, match: string) -> boolean
starts with(string: string, match: string) -> boolean
ends with(string: string, match: string) -> boolean
string length(string: string) -> number
upper case(string: string) -> string
lower case(string: string) -> string
substring(string: string, start position: number, length?: number) -> string
substring before(string: string, match: string) -> string
substring after(string: string, match: string) -> string
string join(list: list<string>, delimiter?: string) -> string
matches(input: string, pattern: string, flags?: string) -> boolean
replace(input: string, pattern: string, replacement: string, flags?: string) -> string
split(string: string, delimiter: string) -> list<string>
list contains(list: list<Any>, element: Any) -> boolean
count(list: list<Any>) -> number
reverse(list: list<T>) -> list<T>
distinct values(list: list<T>) -> list<T>
flatten(list: list<Any>) -> list<Any>
index of(list: list<Any>, match: Any) -> list<number>
sublist(list: list<T>, start position: number, length?: number) -> list<T>
insert before(list: list<T>, position: number, newItem: T) -> list<T>
remove(list: list<T>, position: number) -> list<T>
list replace(list: list<T>, position: number, newItem: T) -> list<T>
list replace(list: list<T>, match: function, newItem: T) -> list<T>
sort(list: list<T>, precedes: function) -> list<T>
min(*list: list<T>) -> T
max(*list: list<T>) -> T
sum(*list: list<number>) -> number
mean(*list: list<number>) -> number
median(*list: list<number>) -> number
mode(*list: list<number>) -> list<number>
stddev(*list: list<number>) -> number
product(*list: list<number>) -> number
all(*list: list<boolean>) -> boolean
any(*list: list<boolean>) -> boolean
concatenate(*list: list<T>) -> list<T>
append(*list: list<T>) -> list<T>
union(*list: list<T>) -> list<T>
get value(m: context, key: string) -> Any
get value(context: context, key: string) -> Any
get entries(m: context) -> list<context<key: string, value: Any>>
get entries(context: context) -> list<context<key: string, value: Any>>
context(entries: list<context<key: string, value: Any>>) -> context
context put(context: context, key: string, value: Any) -> context
context put(context: context, keys: list<string>, value: Any) -> context
context merge(contexts: list<context>) -> context
date(from: string / date / date and time) -> date
date(year: number, month: number, day: number) -> date
time(from: string / time / date / date and time) -> time
time(hour: number, minute: number, second: number, offset?: days and time duration) -> time
date and time(from: string / date / date and time) -> date and time
date and time(date: date / date and time, time: time) -> date and time
duration(from: string) -> Any
duration(from: days and time duration) -> days and time duration
duration(from: years and months duration) -> years and months duration
years and months duration(from: date / date and time, to: date / date and time)\
 -> years and months duration
day of year(date: date / date and time) -> number
day of week(date: date / date and time) -> string
month of year(date: date / date and time) -> string
week of year(date: date / date and time) -> number
now() -> date and time
today() -> date
before(point1: Any, point2: Any) -> boolean
before(point: Any, range: range) -> boolean
before(range: range, point: Any) -> boolean
before(range1: range, range2: range) -> boolean
after(point1: Any, point2: Any) -> boolean
after(point: Any, range: range) -> boolean
after(range: range, point: Any) -> boolean
after(range1: range, range2: range) -> boolean
meets(range1: range, range2: range) -> boolean
met by(range1: range, range2: range) -> boolean
overlaps(range1: range, range2: range) -> boolean
overlaps before(range1: range, range2: range) -> boolean
overlaps after(range1: range, range2: range) -> boolean
finishes(point: Any, range: range) -> boolean
finishes(range1: range, range2: range) -> boolean
finished by(range: range, point: Any) -> boolean
finished by(range1: range, range2: range) -> boolean
includes(range: range, point: Any) -> boolean
includes(range1: range, range2: range) -> boolean
during(point: Any, range: range) -> boolean
during(range1: range, range2: range) -> boolean
starts(point: Any, range: range) -> boolean
starts(range1: range, range2: range) -> boolean
started by(range: range, point: Any) -> boolean
started by(range1: range, range2: range) -> boolean
coincides(point1: Any, point2: Any) -> boolean
coincides(range1: range, range2: range) -> boolean
"""
# A replay of a decision that asks these gives another answer.
UNREPEATABLE = frozenset({"now", "today", "random number"})
_LINE = re.compile(r"(?P<name>[\w ]+)\((?P<parameters>.*)\) -> (?P<result>.+)")
_PARAMETER = re.compile(r"(\*?)([\w ]+?)(\??): (.+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a built-in function; its argument is of one of ``types``."""

    name: str
    types: tuple[TypeExpression, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a built-in function."""

    name: str
    parameters: tuple[Parameter, ...]
    result: TypeExpression
    variadic: bool

    @property
    def required(self) -> int:
        """How many arguments a call must give."""
        return sum(not each.optional for each in self.parameters)


@cache
def overloads() -> Mapping[str, tuple[Overload, ...]]:
    """Every way to call each built-in function, by its name."""
    found: dict[str, tuple[Overload, ...]] = {}
    for line in SIGNATURES.strip().splitlines():
        one = _overload(line)
        found[one.name] = (*found.get(one.name, ()), one)
    return found


def _overload(line: str) -> Overload:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    written = re.findall(r"(?:[^,<]|<[^>]*(?:<[^>]*>)?[^>]*>)+", match["parameters"])
    parameters = [_PARAMETER.fullmatch(each.strip()) for each in written]
    return Overload(
        name=match["name"],
        parameters=tuple(_parameter(*each.groups()[1:]) for each in parameters if each),
        result=parse_type(match["result"], ("T",)),
        variadic=any(each is not None and each[1] == "*" for each in parameters),
    )


def _parameter(name: str, optional: str, types: str) -> Parameter:
    alternatives = tuple(parse_type(each.strip()) for each in types.split(" / "))
    return Parameter(name, alternatives, optional == "?")
