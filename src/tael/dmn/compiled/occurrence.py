"""What a lookup in generated source leaves, as the rules that fired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.trace import Fired

_MOST_KNOWN = 4096
_MOST_SINGLES = 1024
_T = TypeVar("_T")


def by_code(found: dict[object, _T]) -> dict[object, _T] | tuple[_T | None, ...]:
    """``found`` as a tuple where its keys are bins: it is read in half the time."""
    bins = [code for code in found if type(code) is int]
    if not found or len(bins) < len(found):
        return found
    return tuple([found.get(code) for code in range(max(bins) + 1)])


class Occurrence(dict[object, tuple[Fired, ...]]):
    """A table in a function: by what its lookup kept, the rules that fired; filled when asked.

    Attributes:
        decision: the key of the decision in which it stands.
        kept: the name under which the function gives out what it kept, which is None when the
            table was not asked.
        numbers: turns what was kept (but for None) into indexes of rules, in their order.
        singles: all that can be kept, where each is exactly one rule: what fired by what was kept.
    """

    def __init__(
        self,
        decision: str,
        table: DecisionTable,
        kept: str,
        numbers: Callable[[object], Sequence[int]],
    ) -> None:
        super().__init__()
        self.decision = decision
        self.table = table
        self.kept = kept
        self.numbers = numbers
        self._codes: Sequence[object] = ()
        self[None] = ()

    def __missing__(self, kept: object) -> tuple[Fired, ...]:
        hits = [self.table.rules[number] for number in self.numbers(kept)]
        found = tuple(map(Fired.of, hits))
        if len(self) < _MOST_KNOWN:
            self[kept] = found
        return found

    def is_single(self, codes: Sequence[object]) -> None:
        """Note that ``codes`` are all that can be kept, and that each is exactly one rule."""
        if len(codes) <= _MOST_SINGLES:
            self._codes = codes

    @cached_property
    def singles(self) -> dict[object, Fired]:
        return {code: self[code][0] for code in self._codes}
