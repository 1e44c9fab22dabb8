"""Calls: which overload fits, which argument does not, and what the call gives."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tael.dmn.feel import syntax as s
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import NamedType, TypeExpression
from tael.dmn.feel.type_system import ANY
from tael.dmn.feel.values import kind
from tael.dmn.types.constants import evaluated, is_constant
from tael.dmn.types.lattice import (
    BuiltIn,
    Signature,
    fits,
    item_of,
    join,
    kind_of,
    members_of,
    shown,
)
from tael.dmn.types.matrix import ORDERED
from tael.dmn.types.report import nearest, start_of
from tael.dmn.types.scope import Scope
from tael.dmn.types.signatures import UNREPEATABLE, Overload, Parameter, overloads

if TYPE_CHECKING:
    from tael.dmn.types.expressions import Typing

_JOINED = ("concatenate", "union", "append")
_RANKED = ("min", "max")
_TYPE_VARIABLE = NamedType("T")


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of a call: the name it was given by, if any."""

    name: str
    at: Position
    type: TypeExpression


@dataclass(frozen=True, slots=True)
class _Callee:
    """What is called: its name as findings give it, and the ways to call it."""

    name: str
    ways: tuple[Overload, ...]


def call_type(typing: Typing, tree: s.Call, scope: Scope) -> TypeExpression:
    """The type of a call."""
    function = typing.of(tree.function, scope)
    arguments = [_Argument("", start_of(each), typing.of(each, scope)) for each in tree.positional]
    arguments += [
        _Argument(name, start_of(each), typing.of(each, scope)) for name, each in tree.named
    ]
    callee = _callee(tree, function)
    if callee is None:
        if kind_of(function) not in ("", "null", "function"):
            typing.site.add("not_callable", start_of(tree.function), type=shown(function))
        return ANY
    if callee.name in UNREPEATABLE and isinstance(function, BuiltIn):
        typing.site.add("unrepeatable", start_of(tree.function), function=callee.name)
    fitting = _fitting(typing, tree, callee, arguments)
    if not fitting:
        results = [_substituted(each.result, {}) for each in callee.ways]
        return results[0] if all(each == results[0] for each in results) else ANY
    if isinstance(function, BuiltIn):
        _check_nulls(typing, fitting[0], arguments)
        result = join(_result(each, arguments, tree) for each in fitting)
        if function.name in _RANKED and kind_of(result) not in ("", "null", *ORDERED):
            _report_unranked(typing, function.name, arguments[0], result)
            return ANY
        return _constant(typing, tree) or result
    return fitting[0].result


def _callee(tree: s.Call, function: TypeExpression) -> _Callee | None:
    """What is known of the function; None when it is any function, or none at all."""
    name = tree.function.name if isinstance(tree.function, s.Name | s.Path) else "the function"
    if isinstance(function, BuiltIn):
        return _Callee(function.name, overloads()[function.name])
    if isinstance(function, Signature):
        parameters = tuple(
            Parameter(each, (wanted,))
            for each, wanted in zip(function.names, function.parameters, strict=False)
        )
        return _Callee(name, (Overload(name, parameters, function.result, False),))
    if isinstance(function, s.FunctionType):
        parameters = tuple(
            Parameter(f"#{number}", (wanted,))
            for number, wanted in enumerate(function.parameters, 1)
        )
        return _Callee(name, (Overload(name, parameters, function.result, False),))
    return None


def _fitting(
    typing: Typing, tree: s.Call, callee: _Callee, arguments: Sequence[_Argument]
) -> list[Overload]:
    """The ways to call that the arguments fit; when there is none, that is reported."""
    named = bool(arguments) and bool(arguments[0].name)
    shaped = [
        way
        for way in callee.ways
        if (_takes_names(way, arguments) if named else _takes_count(way, len(arguments)))
    ]
    if not shaped:
        _report_shape(typing, tree, callee, arguments)
        return []
    fitting = [way for way in shaped if _misfit(way, arguments) is None]
    if not fitting:
        _report_misfit(typing, callee.name, shaped, arguments)
    return fitting


def _takes_count(way: Overload, count: int) -> bool:
    return way.required <= count and (way.variadic or count <= len(way.parameters))


def _takes_names(way: Overload, arguments: Sequence[_Argument]) -> bool:
    given = {each.name for each in arguments}
    names = [each.name for each in way.parameters]
    if names and names[0].startswith("#"):
        return len(given) == len(names)  # a declared function type tells no names
    return given <= set(names) and all(
        each.name in given for each in way.parameters if not each.optional
    )


def _report_shape(
    typing: Typing, tree: s.Call, callee: _Callee, arguments: Sequence[_Argument]
) -> None:
    if not arguments or not arguments[0].name:
        counts = sorted({_counted(way) for way in callee.ways})
        words = {"expected": " | ".join(counts), "count": str(len(arguments))}
        typing.site.add("argument_count", start_of(tree.function), function=callee.name, **words)
        return
    names = {parameter.name for way in callee.ways for parameter in way.parameters}
    for each in arguments:
        if each.name not in names:
            words = {"name": each.name, "expected": ", ".join(sorted(names))}
            near = nearest(each.name, names)
            typing.site.add("argument_name", each.at, near=near, function=callee.name, **words)
            return
    given = {each.name for each in arguments}
    missing = next(
        (p.name for p in callee.ways[0].parameters if p.name not in given and not p.optional), ""
    )
    typing.site.add("argument_missing", start_of(tree.function), function=callee.name, name=missing)


def _counted(way: Overload) -> str:
    most = len(way.parameters)
    if way.variadic:
        return f"{way.required}+"
    return str(most) if way.required == most else f"{way.required}..{most}"


def _misfit(way: Overload, arguments: Sequence[_Argument]) -> tuple[_Argument, Parameter] | None:
    """The first argument that is never of its parameter's type."""
    for argument, parameter in _paired(way, arguments):
        if not any(fits(argument.type, wanted) for wanted in parameter.types):
            return argument, parameter
    return None


def _paired(way: Overload, arguments: Sequence[_Argument]) -> Iterable[tuple[_Argument, Parameter]]:
    if way.variadic and len(arguments) > 1 and way.name not in _JOINED:
        item = Parameter(way.parameters[0].name, (item_of(way.parameters[0].types[0]),))
        return [(argument, item) for argument in arguments]
    if way.variadic:
        return [(argument, way.parameters[0]) for argument in arguments]
    by_name = {parameter.name: parameter for parameter in way.parameters}
    if arguments and arguments[0].name in by_name:
        return [(argument, by_name[argument.name]) for argument in arguments]
    return list(zip(arguments, way.parameters, strict=False))


def _report_misfit(
    typing: Typing, name: str, ways: Sequence[Overload], arguments: Sequence[_Argument]
) -> None:
    misfits = [found for way in ways if (found := _misfit(way, arguments)) is not None]
    argument, parameter = misfits[0]
    same = [p for a, p in misfits if a is argument]
    words = {
        "name": parameter.name,
        "actual": shown(argument.type),
        "expected": " | ".join(dict.fromkeys(shown(t) for p in same for t in p.types)),
    }
    typing.site.add("argument_type", argument.at, function=name, **words)


def _check_nulls(typing: Typing, way: Overload, arguments: Sequence[_Argument]) -> None:
    """Built-in functions give null for null, but for lists, optional arguments and any type."""
    for argument, parameter in _paired(way, arguments):
        kinds = {kind_of(wanted) for wanted in parameter.types}
        if kind_of(argument.type) == "null" and not parameter.optional and not kinds & {"", "list"}:
            typing.site.add("null_argument", argument.at, function=way.name, name=parameter.name)


# --- results


def _constant(typing: Typing, tree: s.Call) -> TypeExpression | None:
    """The type of a call of constants, by its value; a null is reported."""
    report = typing.site.report
    if not is_constant(tree, patterns=True) or not report.has_time():
        return None
    begun = time.monotonic()
    arguments = [*tree.positional, *(value for _, value in tree.named)]
    if any(evaluated(each)[0] is None for each in arguments):
        return None
    value, why = evaluated(tree)
    report.seconds += time.monotonic() - begun
    if value is None:
        typing.site.add("constant_null", start_of(tree.function), detail=why)
        return None
    found = kind(value)
    return NamedType(found) if found in ORDERED else None


def _report_unranked(
    typing: Typing, name: str, argument: _Argument, actual: TypeExpression
) -> None:
    expected = " | ".join(sorted(ORDERED))
    words = {"name": "list", "actual": shown(actual), "expected": expected}
    typing.site.add("argument_type", argument.at, function=name, **words)


def _result(way: Overload, arguments: Sequence[_Argument], tree: s.Call) -> TypeExpression:
    if way.name == "get value":
        return _entry(tree, arguments)
    bound: dict[str, list[TypeExpression]] = {}
    for number, (argument, parameter) in enumerate(_paired(way, arguments)):
        for wanted in parameter.types:
            # What is appended becomes an item as it is, a list too.
            _bind(
                _TYPE_VARIABLE if number and way.name == "append" else wanted, argument.type, bound
            )
    types = {name: join(found) for name, found in bound.items()}
    return _substituted(way.result, types)


def _entry(tree: s.Call, arguments: Sequence[_Argument]) -> TypeExpression:
    """What ``get value`` gives when the key is written out."""
    keys = [*tree.positional[1:], *(v for name, v in tree.named if name == "key")]
    members = members_of(arguments[0].type)
    if members is None or len(keys) != 1 or not isinstance(keys[0], s.Literal):
        return ANY
    return members.get(str(keys[0].value), ANY)


def _bind(
    wanted: TypeExpression, actual: TypeExpression, bound: dict[str, list[TypeExpression]]
) -> None:
    if wanted == _TYPE_VARIABLE:
        bound.setdefault("T", []).append(actual)
    elif isinstance(wanted, s.ListType):
        _bind(wanted.item, ANY if kind_of(actual) in ("", "null") else item_of(actual), bound)


def _substituted(wanted: TypeExpression, types: Mapping[str, TypeExpression]) -> TypeExpression:
    if wanted == _TYPE_VARIABLE:
        return types.get("T", ANY)
    if isinstance(wanted, s.ListType):
        return s.ListType(_substituted(wanted.item, types))
    return wanted
