"""What a planned value is over a chunk of rows.

A number is one of: whole units of a scale (``Exact``), such units or doubles nearest to decimals
as they were given (``Given``, ``Raw``), a quotient not yet divided (``Quotient``), doubles with a
bound on their error (``Real``). What can take few values is coded (``Coded``). Arrays have one item
a row, or no dimension when every row has the same value. ``unsure`` marks the rows whose value must
not be used: the scalar body computes those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal
from threading import Lock
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from tael.dmn.feel.values import Value

Whole: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.integer[Any]]
Words: TypeAlias = NDArray[np.uint64]
Ends: TypeAlias = NDArray[np.int32]  # Arrow's offsets: where each item ends, and a 0 before them
Bytes: TypeAlias = NDArray[np.uint8]

_Item = TypeVar("_Item", bound=np.generic)

LIMIT = 2**62  # units stay below it, so that twice a unit is still an int64
MOST_CODES = 2**16  # of two bytes
DIGITS_OF_A_DOUBLE = 15  # that many digits survive the way into a double and back
_MOST_SCALE = 18
_EXACT = Context(prec=60, Emin=-99_999, Emax=99_999)


def scale_of(number: Decimal) -> int:
    """Places after the point that ``number`` needs; never below zero."""
    if number == number.to_integral_value():
        return 0
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def is_short(number: Decimal) -> bool:
    """Whether the double nearest to ``number`` tells it from every other short decimal."""
    sign_digits = number.normalize(_EXACT).as_tuple()
    return len(sign_digits.digits) <= DIGITS_OF_A_DOUBLE and -290 < number.adjusted() < 290  # noqa: PLR2004 - doubles reach 308


def units_of(numbers: Iterable[Value]) -> tuple[Whole, int] | None:
    """The numbers as whole units of one scale; None when that needs more than 62 bits."""
    decimals = [number if isinstance(number, Decimal) else Decimal(0) for number in numbers]
    scale = max(map(scale_of, decimals), default=0)
    if scale > _MOST_SCALE or any(each.adjusted() > _MOST_SCALE for each in decimals):
        return None
    units = [int(each.scaleb(scale, _EXACT)) for each in decimals]
    if any(abs(each) >= LIMIT for each in units):
        return None
    return np.array(units, np.int64), scale


class Dictionary:
    """The values that codes stand for. Values are only ever added; one may serve many threads."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self.values: list[Value] = []
        self._codes: dict[object, int] = {}
        self._derived: dict[object, tuple[int, object]] = {}
        self._lock = Lock()
        for value in values:
            self.code(value)

    def __len__(self) -> int:
        return len(self.values)

    def code(self, value: Value) -> int:
        """The code of ``value``, which is added when it is new."""
        key = _key(value)
        found = self._codes.get(key)
        if found is None:
            with self._lock:
                found = self._codes.get(key)
                if found is None:
                    self.values.append(value)
                    found = self._codes[key] = len(self.values) - 1
        return found

    def find(self, value: Value) -> int | None:
        """The code of ``value``; None when no row has it."""
        return self._codes.get(_key(value))

    def derived(self, key: object, make: Callable[[list[Value]], object]) -> object:
        """``make(values)``, computed again only after values were added."""
        known = self._derived.get(key)
        if known is None or known[0] != len(self.values):
            values = list(self.values)
            known = self._derived[key] = (len(values), make(values))
        return known[1]

    def grown(self, key: object, extend: Callable[[object, list[Value]], object]) -> object:
        """What ``extend`` makes of what it made before, None at first, and of the values since."""
        size, known = self._derived.get(key) or (0, None)
        if known is None or size < len(self.values):
            fresh = self.values[size:]
            known = extend(known, fresh)
            self._derived[key] = (size + len(fresh), known)
        return known

    def units(self) -> tuple[Whole, int, int] | None:
        """Every value as whole units of one scale, the scale, and the largest size."""

        def make(values: list[Value]) -> tuple[Whole, int, int] | None:
            found = units_of(values)
            if found is None:
                return None
            return *found, max((abs(int(each)) for each in found[0]), default=0)

        return self.derived("units", make)  # type: ignore[return-value]

    def floats(self) -> Floats:
        """Every value as the double nearest to it."""

        def make(values: list[Value]) -> Floats:
            return np.array([float(v) if isinstance(v, Decimal) else 0.0 for v in values])

        return self.derived("floats", make)  # type: ignore[return-value]

    def errors(self) -> Floats:
        """How far each of ``floats`` may be from its value."""

        def make(_: list[Value]) -> Floats:
            return np.abs(self.floats()) * 2.0**-50 + 1e-300

        return self.derived("errors", make)  # type: ignore[return-value]

    def truths(self, key: object, test: Callable[[Value], bool]) -> Truths:
        """``test`` of every value."""

        def make(values: list[Value]) -> Truths:
            return np.array([test(value) for value in values], np.bool_)

        return self.derived(("truths", key), make)  # type: ignore[return-value]


def _key(value: Value) -> object:
    if isinstance(value, tuple):
        return (tuple, *map(_key, value))
    if isinstance(value, dict):
        return (dict, *((name, _key(item)) for name, item in value.items()))
    return type(value), value


BOOLEANS = Dictionary([False, True])


@dataclass(slots=True)
class Exact:
    """``units`` / 10 ** ``scale``; no unit is larger than ``bound``, which is below LIMIT."""

    units: Whole
    scale: int
    bound: int
    unsure: Truths | None = None
    _doubles: Floats | None = None

    def doubles(self) -> Floats:
        """The units as doubles, made once: several quotients have one divisor."""
        if self._doubles is None:
            self._doubles = np.asarray(self.units, np.float64)
        return self._doubles


@dataclass(slots=True)
class Raw:
    """Doubles as they were given; each stands for its shortest decimal text."""

    values: Floats
    unsure: Truths | None = None
    exact: Exact | None = None
    tried: bool = field(default=False)


class Given:
    """Whole units as they were given, up to the ends of int64; ``marks`` are the rows of null.

    Only who wants more of them than their codes pays for looking at their size.
    """

    __slots__ = ("_exact", "marks", "scale", "units")

    def __init__(self, units: Whole, scale: int, marks: Truths | None = None) -> None:
        self.units = units
        self.scale = scale
        self.marks = marks
        self._exact: Exact | None = None

    def exact(self) -> Exact:
        """Units below LIMIT; rows that hold more are unsure."""
        if self._exact is None:
            units, marks = self.units, self.marks
            bound = max(int(units.max()), -int(units.min()), 0) if units.size else 0
            if bound >= LIMIT:
                long = (units >= LIMIT) | (units <= -LIMIT)
                units, marks = np.where(long, 0, units), either(marks, long)
                bound = max(int(units.max()), -int(units.min()))
            self._exact = Exact(units, self.scale, bound, marks)
        return self._exact

    @property
    def unsure(self) -> Truths | None:
        """The rows of null, and those with units that are too large."""
        return self.exact().unsure


@dataclass(slots=True)
class Quotient:
    """``above`` / ``below``, rounded to 34 digits where it is read; of one scale."""

    above: Exact
    below: Exact
    unsure: Truths | None = None
    real: Real | None = None


@dataclass(frozen=True, slots=True)
class Real:
    """Doubles; the decimal meant lies within ``errors``. Not finite: anything."""

    values: Floats
    errors: Floats
    unsure: Truths | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    values: Truths
    unsure: Truths | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """Dates as days since 1970-01-01."""

    days: Whole
    unsure: Truths | None = None


class Coded:
    """Values of a dictionary by their codes.

    With ``places`` the codes are ``places[given]``; they are looked up when they are first asked
    for, since what is read of each value can mostly be looked up by what was given at once.
    """

    __slots__ = ("_codes", "_given", "_places", "dictionary", "unsure")

    def __init__(
        self,
        codes: Codes,
        dictionary: Dictionary,
        unsure: Truths | None = None,
        places: Codes | None = None,
    ) -> None:
        self._given = codes
        self._places = places
        self._codes = codes if places is None else None
        self.dictionary = dictionary
        self.unsure = unsure

    @property
    def codes(self) -> Codes:
        """One code a row, or one for all."""
        if self._codes is None:
            self._codes = self.read(code_array(range(len(self.dictionary))))
        return self._codes

    @property
    def is_by_row(self) -> bool:
        """Whether there is a code a row, not one for all."""
        return bool(self._given.ndim)

    @property
    def constant(self) -> Value:
        """The value of every row, when it is one and sure; else None."""
        if self.is_by_row or self.unsure is not None or len(self.dictionary) != 1:
            return None
        return self.dictionary.values[0]

    def direct(self, values: NDArray[_Item]) -> tuple[NDArray[_Item], Codes]:
        """What ``values``, one a code, are looked up by: (values by key, a key a row)."""
        if self._places is None:
            return values, self._given
        return values[self._places], self._given

    def read(self, values: NDArray[_Item]) -> NDArray[_Item]:
        """The item of ``values``, one a code, for each row."""
        by_key, keys = self.direct(values)
        found: NDArray[_Item] = by_key.take(keys, mode="clip")
        return found

    def through(self, places: Codes, dictionary: Dictionary, unsure: Truths | None) -> Coded:
        """Other values by the codes of these: ``places`` of ``dictionary``, one a code."""
        if self._places is not None:
            places = places[self._places]
        return Coded(self._given, dictionary, unsure, places)

    def doubted(self, unsure: Truths | None) -> Coded:
        """The same values, with other rows unsure."""
        return Coded(self._given, self.dictionary, unsure, self._places)


@dataclass(frozen=True, slots=True)
class Fields:
    """A context of columns."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    unsure: Truths | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list of as many items in every row."""

    columns: tuple[Column, ...]
    unsure: Truths | None = None


Number: TypeAlias = Exact | Raw | Given | Quotient | Real | Coded
Column: TypeAlias = Exact | Raw | Given | Quotient | Real | Truth | Days | Coded | Fields | Items


def either(*marks: Truths | None) -> Truths | None:
    """Rows marked in any of ``marks``."""
    found: Truths | None = None
    for mark in marks:
        if mark is not None:
            found = mark if found is None else found | mark
    return found


def code_array(codes: Iterable[int]) -> Codes:
    """Codes as two bytes each where that holds them."""
    listed = list(codes)
    return np.array(listed, np.uint16 if max(listed, default=0) < MOST_CODES else np.intp)


def constant(value: Value) -> Coded:
    """The same value in every row."""
    return Coded(np.zeros((), np.intp), Dictionary([value]))
