"""External functions of kind Java: the few of ``java.lang`` that models use, written in Python.

Nothing else runs: the class and the signature are looked up in this table, never called by name.
Numbers pass through IEEE doubles where Java's do (DMN 1.5 clause 10.3.2.13.2, table 58).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.text import to_text
from tael.dmn.feel.values import Value, kind

_CONVERSIONS = re.compile(r"%(?:(\d+)\$)?([-+ 0,]*)(\d+)?(?:\.(\d+))?([sdfbxSn%])")
_WIDEST = 10_000
_NULL = "null"


def java_method(class_name: str, signature: str, count: int) -> Callable[..., Value]:
    """What the signature of the class does. Raises Nothing when it is not on the list."""
    name, _, rest = "".join(signature.split()).partition("(")
    types = [each for each in rest.removesuffix(")").split(",") if each]
    method = _METHODS.get((class_name, name))
    readers = [_READERS.get(each) for each in types]
    if method is None or None in readers or tuple(types) not in method[0]:
        raise Nothing(f"{class_name}.{signature} is not among the Java functions that are allowed")
    varargs = bool(types) and types[-1] == _VARARGS
    if count != len(types) and not varargs:
        raise Nothing(f"{class_name}.{signature} takes {len(types)} arguments, not {count}")

    def call(*arguments: Value) -> Value:
        if varargs:
            first = [
                _READERS[each](value) for each, value in zip(types[:-1], arguments, strict=False)
            ]
            return method[1](types, *first, *arguments[len(types) - 1 :])
        read = [_READERS[each](value) for each, value in zip(types, arguments, strict=True)]
        return method[1](types, *read)

    return call


_VARARGS = "[Ljava.lang.Object;"


def _double(value: Value) -> float:
    if not isinstance(value, Decimal):
        raise Nothing(f"a {kind(value)} is no Java number")
    return float(value)


def _integer(bits: int) -> Callable[[Value], int]:
    def read(value: Value) -> int:
        if not isinstance(value, Decimal):
            raise Nothing(f"a {kind(value)} is no Java number")
        number = int(value)
        if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
            raise Nothing(f"{number} does not fit into {bits} bits")
        return number

    return read


def _string(value: Value) -> str:
    if not isinstance(value, str):
        raise Nothing(f"a {kind(value)} is no Java string")
    return value


def _char(value: Value) -> str:
    if not isinstance(value, str) or len(value) != 1:
        raise Nothing("a Java char is a string of one character")
    return value


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise Nothing(f"a {kind(value)} is no Java boolean")
    return value


_READERS: dict[str, Callable[[Value], object]] = {
    "double": _double, "float": _double, "java.lang.Double": _double, "java.lang.Float": _double,
    "int": _integer(32), "java.lang.Integer": _integer(32),
    "long": _integer(64), "java.lang.Long": _integer(64),
    "short": _integer(16), "java.lang.Short": _integer(16),
    "byte": _integer(8), "java.lang.Byte": _integer(8),
    "java.lang.String": _string, "char": _char, "java.lang.Character": _char,
    "boolean": _boolean, "java.lang.Boolean": _boolean, _VARARGS: lambda value: value,
}  # fmt: skip


def _number(value: object) -> Value:
    """A Java number as FEEL's: a double by its shortest decimal text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Nothing("the result is no finite number")
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, int) else str(value)


def _calculated(function: Callable[..., object]) -> Callable[..., Value]:
    def call(_types: list[str], *arguments: object) -> Value:
        try:
            return _number(function(*arguments))
        except (ValueError, OverflowError, ZeroDivisionError) as why:
            raise Nothing(f"no number: {why}") from None

    return call


def _parsed(_types: list[str], text: object) -> Value:
    try:
        return _number(float(str(text)))
    except ValueError:
        raise Nothing(f"{text!r} is no Java number") from None


def _parsed_integer(types: list[str], value: object) -> Value:
    try:
        return Decimal(int(str(value)))
    except ValueError:
        raise Nothing(f"{value!r} is no Java {types[0]}") from None


def _as_text(_types: list[str], value: object) -> Value:
    return value if isinstance(value, str) else to_text(_number(value))


def _format(_types: list[str], pattern: object, *arguments: Value) -> Value:
    rest = iter(arguments)

    def put(found: re.Match[str]) -> str:
        index, flags, width, digits, letter = found.groups()
        if letter in "%n":
            return "%" if letter == "%" else "\n"
        if int(width or 0) > _WIDEST or int(digits or 0) > _WIDEST:
            raise Nothing("a width is too large")
        try:
            value = arguments[int(index) - 1] if index else next(rest)
        except (StopIteration, IndexError):
            raise Nothing("there are fewer arguments than the format asks for") from None
        return _formatted(value, letter, flags, (width, digits))

    leftover = _CONVERSIONS.sub("", str(pattern))
    if "%" in leftover:
        raise Nothing("a conversion of the format is not among %s %d %f %b %x")
    return _CONVERSIONS.sub(put, str(pattern))


def _formatted(value: Value, letter: str, flags: str, size: tuple[str | None, str | None]) -> str:
    width, digits = size
    text = _converted(value, letter, flags, digits)
    if letter == "S":
        text = text.upper()
    if not width:
        return text
    if "-" in flags:
        return text.ljust(int(width))
    return text.zfill(int(width)) if "0" in flags else text.rjust(int(width))


def _converted(value: Value, letter: str, flags: str, digits: str | None) -> str:
    if letter in "sS":
        text = _NULL if value is None else to_text(value)
        return text[: int(digits)] if digits else text
    if letter == "b":
        return "true" if value is True or not isinstance(value, bool | None) else "false"
    if not isinstance(value, Decimal):
        raise Nothing(f"%{letter} takes a number, not a {kind(value)}")
    grouping = "," if "," in flags else ""
    sign = next((each for each in "+ " if each in flags), "")
    if letter == "f":
        return format(value, f"{sign}{grouping}.{digits or 6}f")
    if value != value.to_integral_value():
        raise Nothing(f"%{letter} takes a whole number")
    return format(int(value), f"{sign}{grouping}d" if letter == "d" else "x")


_ONE = (("double",), ("float",), ("int",), ("long",))
_TWO = tuple((each[0], each[0]) for each in _ONE)
_D1, _D2 = (("double",),), (("double", "double"),)
_S1 = (("java.lang.String",),)
_Method = tuple[tuple[tuple[str, ...], ...], Callable[..., Value]]
_MATH: dict[str, _Method] = {
    **{name: (_D1, _calculated(getattr(math, name))) for name in (
        "cos", "sin", "tan", "acos", "asin", "atan", "cosh", "sinh", "tanh", "exp", "sqrt",
        "log10", "floor", "ceil",
    )},
    "log": (_D1, _calculated(math.log)),
    "cbrt": (_D1, _calculated(math.cbrt)),
    "toRadians": (_D1, _calculated(math.radians)),
    "toDegrees": (_D1, _calculated(math.degrees)),
    "abs": (_ONE, _calculated(abs)),
    "signum": (_D1, _calculated(lambda x: float((x > 0) - (x < 0)))),
    "rint": (_D1, _calculated(lambda x: float(round(x)))),
    "round": ((("double",), ("float",)), _calculated(lambda x: math.floor(x + 0.5))),
    "max": (_TWO, _calculated(max)),
    "min": (_TWO, _calculated(min)),
    "pow": (_D2, _calculated(math.pow)),
    "atan2": (_D2, _calculated(math.atan2)),
    "hypot": (_D2, _calculated(math.hypot)),
    "addExact": (_TWO[2:], _calculated(lambda a, b: a + b)),
    "floorMod": (_TWO[2:], _calculated(lambda a, b: a % b)),
}  # fmt: skip
_METHODS: dict[tuple[str, str], _Method] = {
    **{("java.lang.Math", name): method for name, method in _MATH.items()},
    ("java.lang.Double", "valueOf"): ((*_S1, *_D1), _parsed),
    ("java.lang.Float", "valueOf"): ((*_S1, ("float",)), _parsed),
    ("java.lang.Double", "parseDouble"): (_S1, _parsed),
    ("java.lang.Integer", "valueOf"): ((*_S1, ("int",)), _parsed_integer),
    ("java.lang.Integer", "parseInt"): (_S1, _parsed_integer),
    ("java.lang.Long", "valueOf"): ((*_S1, ("long",)), _parsed_integer),
    ("java.lang.Short", "valueOf"): ((*_S1, ("short",)), _parsed_integer),
    ("java.lang.Byte", "valueOf"): ((*_S1, ("byte",)), _parsed_integer),
    ("java.lang.String", "valueOf"): (
        (("char",), ("double",), ("float",), ("int",), ("long",), ("boolean",)), _as_text),
    ("java.lang.Character", "valueOf"): ((("char",),), _as_text),
    ("java.lang.Boolean", "valueOf"): (
        (("boolean",), *_S1), lambda _types, value: str(value).lower() == "true"),
    ("java.lang.String", "format"): ((("java.lang.String", _VARARGS),), _format),
}  # fmt: skip
