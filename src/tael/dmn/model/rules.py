"""The rules of a table whose cells are all plain: trees of a rule are made when it is asked for.

A table of a hundred thousand rules is millions of nodes as trees. Compiled bodies read its texts
alone, and a trace asks for the few rules that fired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from tael.dmn.feel.lexer import Position
from tael.dmn.feel.simple_cells import (
    are_simple_tests,
    is_simple_value,
    simple_tests,
    simple_value,
)
from tael.dmn.feel.syntax import Expression, Literal, Rule, UnaryTests
from tael.dmn.model.element import Element
from tael.dmn.model.plain_rules import RuleElement

_NOWHERE = Position(0, 1)


class PlainRules(Sequence[Rule]):
    """Rules by their texts. The tree of a rule is the same object each time."""

    def __init__(
        self,
        elements: Sequence[RuleElement],
        texts: Sequence[tuple[str, ...]],
        read: Callable[[Element, int], Rule],
    ) -> None:
        self._elements = elements
        self._texts = texts
        self._read = read
        self._made: dict[int, Rule] = {}

    def column(self, place: int) -> Iterator[str]:
        """The texts of one column, rule by rule; conclusions stand behind the conditions."""
        return (texts[place] for texts in self._texts)

    def tests(self, place: int) -> Iterator[UnaryTests]:
        """The cells of a column of conditions, one object for equal texts: places say nothing."""
        known: dict[str, UnaryTests] = {}
        for text in self.column(place):
            found = known.get(text)
            if found is None:
                made = simple_tests(text, 0)
                found = known[text] = made or UnaryTests(_NOWHERE, any=True)
            yield found

    def values(self, place: int) -> Iterator[Expression]:
        """The cells of a column of conclusions, counted with the conditions; as ``tests``."""
        known: dict[str, Expression] = {}
        for text in self.column(place):
            found = known.get(text)
            if found is None:
                found = known[text] = simple_value(text, 0) or Literal(_NOWHERE, None)
            yield found

    def __len__(self) -> int:
        return len(self._elements)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, index: int | slice) -> Rule | tuple[Rule, ...]:
        if isinstance(index, slice):
            return tuple([self[each] for each in range(*index.indices(len(self)))])
        place = index + len(self) if index < 0 else index
        found = self._made.get(place)
        if found is None:
            # Of two threads that ask at once one makes the rule that both get.
            made = self._read(self._elements[place], place + 1)
            found = self._made.setdefault(place, made)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainRules | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"PlainRules({len(self)})"


def tests_of(rules: Sequence[Rule], place: int) -> Iterator[UnaryTests]:
    """The conditions of one column; equal ones may be one object, whose place says nothing."""
    if isinstance(rules, PlainRules):
        return rules.tests(place)
    return (rule.conditions[place] for rule in rules)


def values_of(rules: Sequence[Rule], columns: tuple[int, int]) -> Iterator[tuple[Expression, ...]]:
    """The conclusions of each rule, as ``tests_of``; ``columns`` are conditions and conclusions."""
    if isinstance(rules, PlainRules):
        first, count = columns
        return zip(*(rules.values(first + each) for each in range(count)), strict=True)
    return (rule.conclusions for rule in rules)


def plain_rules(
    elements: Sequence[Element],
    columns: tuple[int, int],
    read: Callable[[Element, int], Rule],
) -> PlainRules | None:
    """The rules of ``elements``, when all are plain and their cells simple; else None.

    Args:
        elements: the rules of one table.
        columns: how many conditions and conclusions each must have.
        read: the tree of an element and its number from 1; it is called later.
    """
    found = [each for each in elements if isinstance(each, RuleElement)]
    if len(found) < len(elements) or any(each.columns != columns for each in found):
        return None
    texts = [each.texts for each in found]
    conditions, both = columns[0], sum(columns)
    tests = {text for row in texts for text in row[:conditions]}
    values = {text for row in texts for text in row[conditions:both]}
    if not all(map(are_simple_tests, tests)) or not all(map(is_simple_value, values)):
        return None
    if found:
        found[0].file.words.clear()  # the rows hold what is needed of them
    return PlainRules(found, texts, read)
