"""Python source under construction: lines, blocks, and constants by made-up names.

No text of a model ever becomes source: names are letters with numbers, and every value of the
model, strings above all, is handed in as a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

_MOST_LINES = 20_000


class Odd(Exception):  # noqa: N818 - not an error: this run belongs to the general body
    """Inside a fast body: something that only the general body answers."""


class TooLarge(Exception):  # noqa: N818 - an answer, not an error
    """The source would become too long."""


class Form(Enum):
    """How a planned value is held in generated source."""

    INT = "int"  # a whole number, of at most 34 digits
    FLOAT = "float"  # a raw input: the decimal of its shortest text is meant
    DECIMAL = "decimal"
    PLAIN = "plain"  # a string or boolean
    LIST = "list"
    RECORD = "record"  # a context whose entries are held one by one
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Held:
    """A value in generated source: an expression without effects, and what it is.

    Attributes:
        text: the expression; of a record empty.
        form: how the value is held.
        bound: of an int the largest absolute value it can have.
        decimal: of an int or float the expression of the same number as a Decimal, if there is one.
        constant: the value of a constant.
        fields: of a record its entries.
        atom: whether ``text`` is a name, which may be written many times.
        ratio: of a quotient of whole numbers the expressions of the two, the divisor below 9e15.
    """

    text: str
    form: Form
    bound: int = 0
    decimal: str = ""
    constant: Decimal | str | bool | None = None
    fields: Mapping[str, Held] | None = None
    atom: bool = False
    ratio: tuple[str, str] | None = None


class Source:
    """The body of one function, line by line."""

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self._by_id: dict[int, str] = {}
        self._head: list[str] = []
        self._lines: list[str] = []
        self._indent = 1
        self._numbers: dict[str, int] = {}
        self._count = 0

    @property
    def depth(self) -> int:
        """How deep the block is that is being written."""
        return self._indent

    def fresh(self, letter: str) -> str:
        """A name that was not used before."""
        number = self._numbers.get(letter, 0)
        self._numbers[letter] = number + 1
        return f"{letter}{number}"

    def constant(self, value: object) -> str:
        """The name by which the source reads ``value``."""
        name = self._by_id.get(id(value))
        if name is None:
            name = self._by_id[id(value)] = self.fresh("c")
            self.constants[name] = value
        return name

    def add(self, line: str) -> None:
        self._count += 1
        if self._count > _MOST_LINES:
            raise TooLarge
        self._lines.append("    " * self._indent + line)

    def head(self, line: str) -> None:
        """A line before all others: what is made of an input alone."""
        self._head.append("    " + line)

    def first(self, line: str) -> None:
        """A line before all that were written."""
        self._head.insert(0, "    " + line)

    def assign(self, text: str, letter: str = "t") -> str:
        """A new name for the value of ``text``."""
        name = self.fresh(letter)
        self.add(f"{name} = {text}")
        return name

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        self.add(opening)
        self._indent += 1
        at = len(self._lines)
        try:
            yield
        finally:
            if len(self._lines) == at:
                self.add("pass")
            self._indent -= 1

    @contextmanager
    def apart(self) -> Iterator[list[str]]:
        """Lines that are kept apart: ``put`` writes them, one level deeper, if they are wanted."""
        outer, self._lines, self._indent = self._lines, [], self._indent + 1
        lines = self._lines
        try:
            yield lines
        finally:
            self._lines, self._indent = outer, self._indent - 1

    def put(self, opening: str, lines: list[str]) -> None:
        self.add(opening)
        self._lines.extend(lines or ["    " * (self._indent + 1) + "pass"])

    def function(
        self, parameter: str, before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> Callable[..., object]:
        """The function of ``parameter``; constants are its globals, and it has no built-ins.

        ``before`` and ``after`` stand around all lines; an open block in ``before`` holds them.
        """
        inner = [*self._head, *self._lines]
        if before and before[-1].endswith(":"):
            inner = ["    " + line for line in inner]
        lines = [f"def body({parameter}):", *before, *inner, *after]
        space: dict[str, object] = {"__builtins__": {}, **self.constants}
        exec("\n".join(lines), space)  # noqa: S102 - names and numbers of ours only, see above
        made: Callable[..., object] = space["body"]  # type: ignore[assignment]
        return made

    def text(self) -> str:
        """What was written so far."""
        return "\n".join([*self._head, *self._lines])
