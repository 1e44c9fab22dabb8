"""What closures run in: local names, and below them the run of one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from tael.dmn.errors import Nothing
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import Rule
from tael.dmn.feel.values import Value

_MOST_STEPS_ALONE = 1_000_000


class Run(Protocol):
    """What one evaluation offers to closures."""

    def read(self, name: str) -> Value:
        """The value of an input, decision or function in scope; KeyError when there is none."""
        ...

    def warn(self, at: Position, message: str) -> None:
        """Remember why something is null."""
        ...

    def fire(self, rule: Rule) -> None:
        """Remember that a rule of a table fired."""
        ...


def spend(run: Run, steps: int = 1) -> None:
    """Count calls or turns of loops, where the run counts them by a method ``spend``.

    Raises:
        DmnError: there were too many.
    """
    counted: Callable[[int], None] | None = getattr(run, "spend", None)
    if counted is not None:
        counted(steps)


class Alone:
    """A run without a model, for expressions that read nothing: allowed values, ``range()``."""

    _steps = 0

    def spend(self, steps: int) -> None:
        """An expression that reads nothing has nothing to loop over for long."""
        self._steps += steps
        if self._steps > _MOST_STEPS_ALONE:
            raise Nothing(f"it takes more than {_MOST_STEPS_ALONE} steps")

    def read(self, name: str) -> Value:
        raise KeyError(name)

    def warn(self, at: Position, message: str) -> None:
        """What is null here is shown by the value that is asked for."""

    def fire(self, rule: Rule) -> None:
        """No table stands here."""


class Env:
    """Local names over outer ones, down to the run."""

    __slots__ = ("local", "outer", "run")

    def __init__(
        self, run: Run, local: Mapping[str, Value] | None = None, outer: Env | None = None
    ) -> None:
        self.run = run
        self.local = local
        self.outer = outer

    def read(self, name: str) -> Value:
        env: Env | None = self
        while env is not None:
            if env.local is not None and name in env.local:
                return env.local[name]
            env = env.outer
        return self.run.read(name)

    def inner(self, local: Mapping[str, Value]) -> Env:
        return Env(self.run, local, self)


Code: TypeAlias = Callable[[Env], Value]
Test: TypeAlias = Callable[[Env, Value], bool | None]
