"""What a lookup in generated source leaves, as the rules that fired."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.trace import Fired

_MOST_KNOWN = 4096


class Occurrence(dict[object, tuple[Fired, ...]]):
    """A table in a function: by what its lookup kept, the rules that fired; filled when asked.

    Attributes:
        decision: the key of the decision in which it stands.
        kept: the name under which the function gives out what it kept, which is None when the
            table was not asked.
        numbers: turns what was kept (but for None) into indexes of rules, in their order.
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
        self[None] = ()

    def __missing__(self, kept: object) -> tuple[Fired, ...]:
        hits = [self.table.rules[number] for number in self.numbers(kept)]
        found = tuple(Fired(each.number, each.id, each.annotations, each) for each in hits)
        if len(self) < _MOST_KNOWN:
            self[kept] = found
        return found
