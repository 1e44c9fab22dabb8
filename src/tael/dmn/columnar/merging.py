"""One column out of several, each giving some of the rows: branches, and conclusions of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tael.dmn.columnar import guard
from tael.dmn.columnar.columns import (
    Coded,
    Codes,
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
    code_array,
    either,
)
from tael.dmn.errors import Nothing
from tael.dmn.feel.operators import ARITHMETIC
from tael.dmn.feel.values import Value

_MOST_VALUES = 4096
_NOWHERE: Truths = np.zeros(0, np.bool_)
_NUMBERS = (Exact, Raw, Given, Quotient, Real, Coded)


def select(which: Codes | Truths, columns: Sequence[Column]) -> Column:
    """Row by row the value of ``columns[which]``; only that one's doubts count."""
    chosen = [which == place for place in range(len(columns))]
    unsure = _doubts(chosen, [column.unsure for column in columns])
    if all(isinstance(column, Coded) for column in columns):
        return _coded(chosen, columns, unsure)  # type: ignore[arg-type]
    first = next(column for column in columns if not isinstance(column, Coded))
    if isinstance(first, Truth):
        return Truth(_picked(chosen, [truth(each).values for each in columns]), unsure)
    if isinstance(first, Days):
        return Days(_picked(chosen, [each.days for each in columns]), unsure)  # type: ignore[union-attr]
    if isinstance(first, Fields):
        parts = [
            select(which, [member(column, name) for column in columns]) for name in first.names
        ]
        return Fields(first.names, tuple(parts), unsure)
    if isinstance(first, Items):
        lists = [column for column in columns if isinstance(column, Items)]
        width = range(len(first.columns))
        return Items(tuple(select(which, [x.columns[i] for x in lists]) for i in width), unsure)
    return _numbers(chosen, columns, unsure)


def _doubts(chosen: Sequence[Truths], marks: Sequence[Truths | None]) -> Truths | None:
    found: Truths | None = None
    for here, mark in zip(chosen, marks, strict=True):
        if mark is not None:
            found = here & mark if found is None else found | (here & mark)
    return found


def _picked(chosen: Sequence[Truths], arrays: Sequence[np.ndarray]) -> np.ndarray:
    found = arrays[0]
    for here, array in zip(chosen[1:], arrays[1:], strict=True):
        found = np.where(here, array, found)
    return np.asarray(found)


def _coded(chosen: Sequence[Truths], columns: Sequence[Coded], unsure: Truths | None) -> Coded:
    first = columns[0].dictionary
    if all(column.dictionary is first for column in columns):
        return Coded(_picked(chosen, [column.codes for column in columns]), first, unsure)
    together, places = merged([column.dictionary for column in columns])
    codes = [column.read(place) for place, column in zip(places, columns, strict=True)]
    return Coded(_picked(chosen, codes), together, unsure)


def merged(dictionaries: Sequence[Dictionary]) -> tuple[Dictionary, list[Codes]]:
    """One dictionary with the values of all, and per dictionary its codes' new codes."""
    key = ("merged", *((id(each), len(each)) for each in dictionaries[1:]))

    def make(_: list[Value]) -> tuple[Dictionary, list[Codes], Sequence[Dictionary]]:
        together = Dictionary()
        places = [
            code_array([together.code(value) for value in list(each.values)])
            for each in dictionaries
        ]
        return together, places, dictionaries  # kept, so that no other takes their ids

    made = dictionaries[0].derived(key, make)
    return made[0], made[1]  # type: ignore[index]


def _numbers(chosen: Sequence[Truths], columns: Sequence[Column], unsure: Truths | None) -> Column:
    numbers = [column for column in columns if isinstance(column, _NUMBERS)]
    wholes = [whole for whole in map(guard.exact, numbers) if whole is not None]
    if len(wholes) == len(numbers):
        scale = max(whole.scale for whole in wholes)
        level = [guard.at_scale(whole, scale) for whole in wholes]
        if all(each is not None for each in level):
            units = _picked(chosen, [each.units for each in level if each is not None])
            bound = max(each.bound for each in level if each is not None)
            return Exact(units, scale, bound, unsure)
    reals = [guard.real(number) for number in numbers]
    values = _picked(chosen, [each.values for each in reals])
    errors = _picked(chosen, [each.errors for each in reals])
    doubts = _doubts(chosen, [each.unsure for each in reals])
    return Real(values, errors, doubts)


def truth(column: Column) -> Truth:
    """A column of booleans as such."""
    if isinstance(column, Truth):
        return column
    if not isinstance(column, Coded):
        raise TypeError(f"{type(column).__name__} is not of booleans")
    yes = column.dictionary.truths("is true", lambda value: value is True)
    return Truth(column.read(yes), column.unsure)


def member(column: Column, name: str) -> Column:
    """An entry of a column of contexts."""
    if isinstance(column, Fields):
        return column.columns[column.names.index(name)]
    if not isinstance(column, Coded):
        raise TypeError(f"{type(column).__name__} is not of contexts")

    def entry(value: Value) -> Value:
        return value.get(name) if isinstance(value, Mapping) else None

    return mapped(column, ("member", name), entry)


def mapped(column: Coded, key: object, function: Callable[[Value], Value]) -> Coded:
    """``function`` of every value; unsure where it gives null."""

    def extend(known: object, values: list[Value]) -> _Mapped:
        old = (
            known if isinstance(known, _Mapped) else _Mapped(Dictionary(), code_array([]), _NOWHERE)
        )
        results = [_result(function, value) for value in values]
        some = next(
            (each for each in (*old.dictionary.values[:1], *results) if each is not None), None
        )
        codes = [old.dictionary.code(some if each is None else each) for each in results]
        missing = np.array([each is None for each in results], np.bool_)
        return _Mapped(
            old.dictionary,
            np.concatenate([old.places, code_array(codes)]),
            np.concatenate([old.missing, missing]),
        )

    found = column.dictionary.grown(("mapped", key), extend)
    if not isinstance(found, _Mapped):
        raise TypeError("a derived value of another kind")
    unsure = column.unsure
    if found.missing.any():
        unsure = either(unsure, column.read(found.missing))
    return column.through(found.places, found.dictionary, unsure)


def by_value(operator: str, left: Number, right: Number) -> Coded | None:
    """Arithmetic of coded values with one constant: of each value once, in decimals."""
    if not isinstance(left, Coded) or not isinstance(right, Coded):
        return None
    operation = ARITHMETIC[operator]
    if right.constant is not None and len(left.dictionary) <= _MOST_VALUES:
        fixed = right.constant
        return mapped(left, (operator, "right", fixed), lambda value: operation(value, fixed))
    if left.constant is not None and len(right.dictionary) <= _MOST_VALUES:
        first = left.constant
        return mapped(right, (operator, "left", first), lambda value: operation(first, value))
    return None


@dataclass(frozen=True, slots=True)
class _Mapped:
    dictionary: Dictionary
    places: Codes
    missing: Truths


def _result(function: Callable[[Value], Value], value: Value) -> Value:
    try:
        return function(value)
    except Nothing:
        return None
