"""A row of the table of built-in functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tael.dmn.feel.values import Function, Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to call a built-in function; rows of the same name are its overloads.

    Attributes:
        name: as FEEL writes it.
        parameters: their names, separated by commas; another name for one follows after ``|``.
        required: how many of them a call must give.
        call: what gives the result; raises Nothing for null.
        variadic: takes a list or its items one by one; ``parameters`` then names the list.
    """

    name: str
    parameters: str
    required: int
    call: Callable[..., Value]
    variadic: bool = False

    def function(self) -> Function:
        names = tuple(self.parameters.split(",")) if self.parameters else ()
        return Function(self.name, names, self.call, self.variadic, self.required)
