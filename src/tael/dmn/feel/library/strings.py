"""Built-in functions of strings (DMN 1.5 clause 10.3.4.3). Positions count characters, from 1."""

from __future__ import annotations

from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel import regex
from tael.dmn.feel.library.arguments import items_of, number, single, text, whole
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.operators import LONGEST_STRING
from tael.dmn.feel.values import Value


def _substring(string: Value, start: Value, length: Value = None) -> Value:
    found, first = text(string), whole(start)
    if first == 0 or abs(first) > len(found):
        raise Nothing("the start position lies outside the string")
    begin = first - 1 if first > 0 else len(found) + first
    if length is None:
        return found[begin:]
    if number(length) < 1:
        raise Nothing("the length of a substring is at least one")
    return found[begin : begin + whole(length)]


def _before(string: Value, match: Value) -> Value:
    whole_text, sought = text(string), text(match)
    at = whole_text.find(sought)
    return whole_text[:at] if at > 0 else ""


def _after(string: Value, match: Value) -> Value:
    whole_text, sought = text(string), text(match)
    at = whole_text.find(sought)
    return whole_text[at + len(sought) :] if at >= 0 else ""


def _join(items: Value, delimiter: Value = None) -> Value:
    parts = [text(item) for item in items_of(items) if item is not None]
    between = "" if delimiter is None else text(delimiter)
    if sum(map(len, parts)) + len(between) * len(parts) > LONGEST_STRING:
        raise Nothing(f"a string has at most {LONGEST_STRING} characters")
    return between.join(parts)


def _matches(string: Value, pattern: Value, flags: Value = None) -> Value:
    return regex.matches(text(string), text(pattern), _flags(flags))


def _replace(string: Value, pattern: Value, replacement: Value, flags: Value = None) -> Value:
    return regex.replace(text(string), text(pattern), text(replacement), _flags(flags))


def _split(string: Value, delimiter: Value) -> Value:
    return regex.split(text(string), text(delimiter))


def _flags(value: Value) -> str:
    return "" if single(value) is None else text(value)


ENTRIES: tuple[Entry, ...] = (
    Entry("contains", "string,match", 2, lambda s, match: text(match) in text(s)),
    Entry("starts with", "string,match", 2, lambda s, match: text(s).startswith(text(match))),
    Entry("ends with", "string,match", 2, lambda s, match: text(s).endswith(text(match))),
    Entry("string length", "string", 1, lambda s: Decimal(len(text(s)))),
    Entry("upper case", "string", 1, lambda s: text(s).upper()),
    Entry("lower case", "string", 1, lambda s: text(s).lower()),
    Entry("substring", "string,start position,length", 2, _substring),
    Entry("substring before", "string,match", 2, _before),
    Entry("substring after", "string,match", 2, _after),
    Entry("string join", "list,delimiter", 1, _join),
    Entry("matches", "input,pattern,flags", 2, _matches),
    Entry("replace", "input,pattern,replacement,flags", 3, _replace),
    Entry("split", "string,delimiter", 2, _split),
)
