"""The conclusions of the rules of a table, made comparable."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from tael.dmn.feel import syntax as s
from tael.dmn.model.rules import values_of
from tael.dmn.verification.constants import constant, is_constant, tree_key, value_key
from tael.dmn.verification.domains import Place


class Outputs:
    """What the rules of a table give.

    Attributes:
        all_constant: whether every conclusion is constant.
        has_default: whether something is given when no rule matches.
    """

    def __init__(self, table: s.DecisionTable, place: Place) -> None:
        self._table = table
        self._names = place.names
        self._compiler = place.compiler
        known: dict[int, tuple[s.Expression, bool, Hashable]] = {}
        self._constant: list[bool] = []
        self._keys: list[tuple[Hashable, ...]] = []
        for trees in values_of(table.rules, (len(table.inputs), len(table.outputs))):
            for tree in trees:
                if id(tree) not in known:
                    known[id(tree)] = tree, is_constant(tree, self._names), self._key(tree)
            told = [known[id(tree)] for tree in trees]
            self._constant.append(all(steady for _, steady, _ in told))
            self._keys.append(tuple([key for _, _, key in told]))
        self._same: dict[Hashable, int] = {}
        for row, key in enumerate(self._keys):
            self._same[key] = self._same.get(key, 0) | 1 << row
        self._values = [[self._key(value) for value in output.values] for output in table.outputs]
        self.all_constant = all(self._constant)
        defaults = [output.default for output in table.outputs]
        self.has_default = any(default is not None for default in defaults)
        self._default = tuple(
            self._key(each) if each else ("value", value_key(None)) for each in defaults
        )

    def _key(self, tree: s.Expression) -> Hashable:
        if is_constant(tree, self._names):
            return ("value", value_key(constant(tree, self._compiler)))
        return ("tree", tree_key(tree))

    def key(self, row: int) -> Hashable:
        """Equal for rules whose conclusions are the same."""
        return self._keys[row]

    def same(self, row: int) -> int:
        """The rules with the conclusions of ``row``, itself included."""
        return self._same[self._keys[row]]

    def default_is(self, row: int) -> bool:
        """Whether what is given when no rule matches is what this rule gives."""
        return self.has_default and self._default == self._keys[row]

    def conflict(self, row: int, other: int, policy: str) -> bool:
        """Whether two rules that match together are at odds."""
        if self._keys[row] == self._keys[other]:
            return False
        if not self._constant[row] or not self._constant[other]:
            return False
        return policy == "A" or self._rank(row) == self._rank(other)

    def unlisted(self) -> Iterator[tuple[int, str]]:
        """Rules with a conclusion that is not among the values in order of priority."""
        for row, keys in enumerate(self._keys):
            for key, values, output in zip(keys, self._values, self._table.outputs, strict=True):
                if values and key not in values and self._constant[row]:
                    yield row, output.name

    def ordered(self, table: s.DecisionTable) -> s.DecisionTable:
        """The table with its rules in the order in which they win."""
        if table.hit_policy != "P" or not self.all_constant:
            return table
        order = sorted(range(len(table.rules)), key=self._rank)
        return replace(table, rules=tuple(table.rules[row] for row in order))

    def _rank(self, row: int) -> tuple[int, ...]:
        return tuple(
            values.index(key) if key in values else len(values)
            for key, values in zip(self._keys[row], self._values, strict=True)
        )
