"""Calling a function: which overload fits, and its arguments in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.dmn.errors import Nothing
from tael.dmn.feel.values import Function, Value


def invoke(function: Function, arguments: Sequence[Value]) -> Value:
    """Call with arguments by position. Raises Nothing when their number does not fit."""
    for candidate in (function, *function.overloads):
        most = len(candidate.parameters)
        least = most if candidate.required is None else candidate.required
        if least <= len(arguments) and (candidate.variadic or len(arguments) <= most):
            return candidate.call(*arguments)
    raise Nothing(f"{function.name} takes {_expected(function)} arguments, not {len(arguments)}")


def invoke_named(function: Function, given: Mapping[str, Value]) -> Value:
    """Call with arguments by name. Raises Nothing for an unknown name or a missing one."""
    # before(point, range) and before(range, point) have the same names: the order given decides.
    candidates = sorted(
        (function, *function.overloads), key=lambda each: each.parameters != tuple(given)
    )
    for candidate in candidates:
        names = candidate.parameters
        least = len(names) if candidate.required is None else candidate.required
        if set(given) <= set(names) and all(name in given for name in names[:least]):
            last = max((i for i, name in enumerate(names) if name in given), default=-1)
            return candidate.call(*(given.get(name) for name in names[: last + 1]))
    raise Nothing(f"{function.name} has no parameters {', '.join(given)}")


def _expected(function: Function) -> str:
    counts = sorted({len(each.parameters) for each in (function, *function.overloads)})
    return " or ".join(map(str, counts))
