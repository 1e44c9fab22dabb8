"""Decision tables of which some columns are not known: which rules can match, which surely do.

A column that is not known has classes: the sets of rules that may and that must match for the
values it can have. What the table gives is asked for each combination of classes; a column whose
classes make no difference no longer matters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.values import Value, equals
from tael.dmn.partial.arithmetic import called
from tael.dmn.partial.expressions import Evaluator, Scope
from tael.dmn.partial.unknowns import (
    MOST_CHOICES,
    Abstract,
    Fields,
    Items,
    Known,
    Unknown,
    choices_of,
    joined,
    needs_of,
    settled,
)
from tael.dmn.verification.axes import SIBLINGS
from tael.dmn.verification.constants import is_constant, value_key
from tael.dmn.verification.geometry import Column
from tael.dmn.verification.overlaps import members

_MOST_COMBINATIONS = 1024
_MOST_KEPT = 20_000
_MOST_LISTS = 64  # of a table that collects: few of its lists are kept apart anyhow
# Rules that may match, and rules that must.
_Class = tuple[int, int]


@dataclass(frozen=True)
class _Side:
    """One column: its classes and what they depend on."""

    classes: tuple[_Class, ...]
    needs: frozenset[str]

    def within(self, rows: int) -> _Side:
        """Among these rules alone."""
        return _Side(
            tuple(dict.fromkeys((a & rows, b & rows) for a, b in self.classes)), self.needs
        )

    @property
    def may(self) -> int:
        """Rules that match in some class."""
        rows = 0
        for may, _ in self.classes:
            rows |= may
        return rows

    @property
    def must(self) -> int:
        """Rules that match in every class."""
        rows = -1
        for _, must in self.classes:
            rows &= must
        return rows

    @property
    def is_settled(self) -> bool:
        """Whether it makes no difference what the value is."""
        return len(self.classes) == 1 and self.classes[0][0] == self.classes[0][1]


@dataclass
class Tables:
    """Outcomes of tables, kept from call to call by what is known of their columns."""

    outcomes: dict[tuple[object, ...], tuple[Abstract, int]] = field(default_factory=dict)
    steady: dict[int, tuple[object, bool]] = field(default_factory=dict)

    def is_steady(self, table: s.DecisionTable, scope: Scope) -> bool:
        """Whether its conclusions are constants: what it gives hangs on its columns alone."""
        found = self.steady.get(id(table))
        if found is None:
            names = frozenset(scope.node.scope) | frozenset(scope.local)
            cells = [cell for rule in table.rules for cell in rule.conclusions]
            cells += [each.default for each in table.outputs if each.default is not None]
            cells += [value for each in table.outputs for value in each.values]
            steady = all(is_constant(cell, names) for cell in cells)
            found = self.steady[id(table)] = table, steady
        return found[1]

    def keep(self, key: tuple[object, ...], found: tuple[Abstract, int]) -> None:
        """Keep an outcome; when there are very many, they are begun anew."""
        if len(self.outcomes) >= _MOST_KEPT:
            self.outcomes.clear()
        self.outcomes[key] = found


class TableOutcome:
    """The outcome of one table in one scope.

    Args:
        columns: per position its geometry, made when first asked for.
    """

    def __init__(
        self,
        table: s.DecisionTable,
        scope: Scope,
        evaluator: Evaluator,
        columns: Sequence[Column],
    ) -> None:
        self._table = table
        self._scope = scope
        self._evaluator = evaluator
        self._columns = columns
        self._all = (1 << len(table.rules)) - 1
        self._conclusions: dict[int, tuple[Abstract, ...]] = {}
        self._policy = table.hit_policy

    def known(self, tables: Tables) -> tuple[Abstract, int]:
        """What is known of it, and the rules that fire whatever the rest will be, as a set."""
        rows, sides = self._all, []
        for position in range(len(self._table.inputs)):
            side = self._side(position, rows)
            rows &= side.may
            sides.append(side)
        if not tables.is_steady(self._table, self._scope):
            return self._value(rows, sides), self._sure(rows, sides)
        key = (id(self._table), *sides)
        found = tables.outcomes.get(key)
        if found is None:
            found = self._value(rows, sides), self._sure(rows, sides)
            tables.keep(key, found)
        return found

    def _sure(self, rows: int, sides: Sequence[_Side]) -> int:
        must = rows
        for side in sides:
            must &= side.must
        if self._policy in ("C", "R", "O"):
            return must
        # Of the others one rule counts: the first of a first-hit table, or the only one there is.
        if self._policy == "F":
            first = must & -must
            return first if not rows & (first - 1) else 0
        return must if must == rows and not must & (must - 1) else 0

    def _value(self, rows: int, sides: list[_Side]) -> Abstract:
        rows = self._reachable(rows, sides)
        sides = [side.within(rows) for side in sides]
        open_sides = [side for side in sides if not side.is_settled]
        may, must = rows, rows
        for side in sides:
            if side.is_settled:
                may, must = may & side.may, must & side.must
        needs = frozenset[str]().union(*(side.needs for side in open_sides))
        count = 1
        for side in open_sides:
            count *= len(side.classes)
        if count > (_MOST_LISTS if self._lists else _MOST_COMBINATIONS):
            return self._summary(open_sides, (may, must), needs)
        return self._by_combination(open_sides, (may, must), needs)

    def _reachable(self, rows: int, sides: Sequence[_Side]) -> int:
        """Without the rules behind one of a first-hit table that surely matches."""
        if self._policy != "F":
            return rows
        sure = rows
        for side in sides:
            sure &= side.must
        return rows & (((sure & -sure) << 1) - 1) if sure else rows

    # --- columns

    def _side(self, position: int, rows: int) -> _Side:
        column = self._table.inputs[position]
        value = self._evaluator.value(column.expression, self._scope)
        needs = needs_of(value)
        choices = choices_of(value)
        if choices is not None:
            checked = [self._allowed(column, choice) for choice in choices]
            classes, more = self._asked(position, checked, rows)
            return _Side(classes, needs | more)
        classes = self._binned(position, value, rows)
        reading = members(rows & self._columns[position].opaque)
        cells = (self._table.rules[row].conditions[position] for row in reading)
        more = frozenset[str]().union(
            *(self._evaluator.blurred(cell, self._scope).needs for cell in cells)
        )
        return _Side(classes, needs | more)

    def _allowed(self, column: s.TableInput, value: Value) -> Value:
        if column.allowed is None or value is None:
            return value
        if self._evaluator.unknown_names(column.allowed, self._scope):
            return value
        test = self._evaluator.test(column.allowed, self._scope)
        return value if test(self._evaluator.env(self._scope), value) is True else None

    def _asked(
        self, position: int, values: Sequence[Value], rows: int
    ) -> tuple[tuple[_Class, ...], frozenset[str]]:
        """The classes of a few values."""
        column = self._columns[position]
        if not column.opaque:
            located = [column.bins.index(value) for value in values]
            if None not in located:
                masks = (column.may[index] & rows for index in located if index is not None)
                return tuple(dict.fromkeys((mask, mask) for mask in masks)), frozenset()
        return self._asked_of_cells(position, values, rows)

    def _asked_of_cells(
        self, position: int, values: Sequence[Value], rows: int
    ) -> tuple[tuple[_Class, ...], frozenset[str]]:
        """The classes of a few values, each asked of the cells themselves."""
        env = self._evaluator.env(self._scope)
        needs = frozenset[str]()
        found = [[0, 0] for _ in values]
        for row in members(rows):
            cell = self._table.rules[row].conditions[position]
            bit = 1 << row
            unsure = not cell.any and bool(self._evaluator.unknown_names(cell, self._scope))
            if unsure:
                needs |= self._evaluator.blurred(cell, self._scope).needs
            test = None if cell.any or unsure else self._evaluator.test(cell, self._scope)
            for each, value in zip(found, values, strict=True):
                if test is None or test(env, value) is True:
                    each[0] |= bit
                    each[1] |= 0 if unsure else bit
        return tuple(dict.fromkeys((may, must) for may, must in found)), needs

    def _binned(self, position: int, value: Abstract, rows: int) -> tuple[_Class, ...]:
        """The classes of a value of which at most kind and bounds are known."""
        column = self._columns[position]
        checked = self._table.inputs[position].allowed is not None
        # A time may be local or not: it lies on one of two lines.
        if not isinstance(value, Unknown) or value.kind in SIBLINGS:
            return (self._anything(position, rows),)
        if value.kind not in column.bins.axes:
            return (self._anything(position, rows),)
        found: list[_Class] = []
        for index, each in enumerate(column.bins.listed[: column.null]):
            if each.axis == value.kind and _can_lie(value, each.stretch):
                found.append((column.may[index], column.must[index]))
        # What the column's allowed values refuse is null to the cells.
        if value.nullable or checked or not found:
            found.append((column.may[column.null], column.must[column.null]))
        return tuple(dict.fromkeys(found))

    def _anything(self, position: int, rows: int) -> _Class:
        """Any cell may match, those that ask nothing must."""
        must = 0
        for row in members(rows):
            if self._table.rules[row].conditions[position].any:
                must |= 1 << row
        return rows, must

    # --- outcomes

    def _by_combination(
        self, sides: Sequence[_Side], fixed: _Class, needs: frozenset[str]
    ) -> Abstract:
        leaves: dict[tuple[int, ...], _Class] = {}
        for combination in itertools.product(*(range(len(side.classes)) for side in sides)):
            may, must = fixed
            for side, index in zip(sides, combination, strict=True):
                may &= side.classes[index][0]
                must &= side.classes[index][1]
            leaves[combination] = self._first(may, must)
        outcomes = {leaf: self._outcome(*leaf) for leaf in dict.fromkeys(leaves.values())}
        exact = all(may == must for may, must in outcomes)
        if exact and len(sides) > 0:
            needs = self._needed(sides, leaves, outcomes)
        if self._lists and not _few(list(outcomes.values())):
            return self._summary(sides, fixed, needs)
        return joined(list(outcomes.values()), needs)

    def _first(self, may: int, must: int) -> _Class:
        """Of a first-hit table, without the rules behind the first that surely matches."""
        if self._policy != "F" or not must:
            return may, must
        lowest = must & -must
        return may & ((lowest << 1) - 1), lowest

    def _needed(
        self,
        sides: Sequence[_Side],
        leaves: dict[tuple[int, ...], _Class],
        outcomes: dict[_Class, Abstract],
    ) -> frozenset[str]:
        """What the columns need that make a difference in some combination."""
        names = {leaf: _identity(value, leaf) for leaf, value in outcomes.items()}
        needed = frozenset[str]()
        for position, side in enumerate(sides):
            seen: dict[tuple[int, ...], object] = {}
            for combination, leaf in leaves.items():
                others = combination[:position] + combination[position + 1 :]
                if seen.setdefault(others, names[leaf]) != names[leaf]:
                    needed |= side.needs
                    break
        return needed

    @property
    def _lists(self) -> bool:
        return self._policy in ("C", "R", "O") and not self._table.aggregation

    def _summary(self, sides: Sequence[_Side], fixed: _Class, needs: frozenset[str]) -> Abstract:
        """When there are too many combinations: rules that some have, rules that all have."""
        may, must = fixed
        for side in sides:
            may, must = may & side.may, must & side.must
        outcome = self._outcome(may, must)
        if isinstance(outcome, Items):
            return Items(outcome.parts, outcome.needs | needs)
        return joined([outcome], needs) if isinstance(outcome, Known) else _with(outcome, needs)

    def _outcome(self, may: int, must: int) -> Abstract:
        """What the hit policy makes of rules that may match and of those that must."""
        if not may:
            return self._default()
        if self._policy in ("C", "R", "O"):
            return self._collected(may, must)
        candidates = list(self._candidates(may, must))
        outcomes: list[Abstract] = [self._shaped(row) for row in candidates]
        if not must:
            outcomes.append(self._default())
        if self._policy == "U" and may & (may - 1):
            if must & (must - 1):
                return Known(None)
            outcomes.append(Known(None))
        if self._policy == "A" and len(candidates) > 1:
            return self._agreed(outcomes, exact=may == must)
        return settled(joined(outcomes, frozenset()))

    def _candidates(self, may: int, must: int) -> Iterator[int]:
        """Rules that may be the one that counts, in order."""
        rows = members(may)
        if self._policy == "P":
            ranks = [self._rank(row) for row in rows]
            if any(rank is None for rank in ranks):
                yield from rows
                return
            rows = [row for _, row in sorted(zip(ranks, rows, strict=True))]
        for row in rows:
            yield row
            if self._policy in ("F", "P") and must >> row & 1:
                return

    def _agreed(self, outcomes: list[Abstract], *, exact: bool) -> Abstract:
        values = [each.value for each in outcomes if isinstance(each, Known)]
        if len(values) < len(outcomes) or not exact:
            return (
                joined([*outcomes, Known(None)], frozenset()) if _differ(outcomes) else outcomes[0]
            )
        agree = all(equals(values[0], value) is True for value in values)
        return Known(values[0] if agree else None)

    def _collected(self, may: int, must: int) -> Abstract:
        rows = members(may)
        if self._policy == "O" and len(rows) > 1:
            ranks = [self._rank(row) for row in rows]
            if any(rank is None for rank in ranks):
                return Unknown(frozenset[str]().union(*(needs_of(self._shaped(r)) for r in rows)))
            rows = [row for _, row in sorted(zip(ranks, rows, strict=True))]
        if not self._table.aggregation:
            items = Items(tuple((self._shaped(r), bool(must >> r & 1)) for r in rows), frozenset())
            if must or not self._has_default:
                return settled(items)
            return joined([items, self._default()], frozenset())
        columns = [
            self._aggregate([(self._concluded(r)[i], bool(must >> r & 1)) for r in rows])
            for i in range(len(self._table.outputs))
        ]
        made = self._together(columns)
        return made if must else joined([made, self._default()], frozenset())

    def _together(self, columns: Sequence[Abstract]) -> Abstract:
        """Aggregated outputs; where one of several is null the whole is."""
        if len(columns) == 1:
            return columns[0]
        values = [each.value for each in columns if isinstance(each, Known)]
        if len(values) < len(columns):
            return Unknown(frozenset[str]().union(*map(needs_of, columns)))
        return Known(None) if None in values else self._context(columns)

    def _aggregate(self, parts: list[tuple[Abstract, bool]]) -> Abstract:
        items = settled(Items(tuple(parts), frozenset()))
        name = self._table.aggregation
        if isinstance(items, Known):
            try:
                return Known(BUILTINS[name].call(items.value))
            except Nothing:
                return Known(None)
        return called(name, (items,)) or Unknown(needs_of(items))

    # --- conclusions

    def _concluded(self, row: int) -> tuple[Abstract, ...]:
        found = self._conclusions.get(row)
        if found is None:
            cells = self._table.rules[row].conclusions
            found = tuple(self._evaluator.value(cell, self._scope) for cell in cells)
            self._conclusions[row] = found
        return found

    def _shaped(self, row: int) -> Abstract:
        return self._context(self._concluded(row))

    def _context(self, values: Sequence[Abstract]) -> Abstract:
        if len(self._table.outputs) == 1:
            return values[0]
        names = (output.name for output in self._table.outputs)
        return settled(Fields(dict(zip(names, values, strict=True))))

    @property
    def _has_default(self) -> bool:
        return any(output.default is not None for output in self._table.outputs)

    def _default(self) -> Abstract:
        """What is given when no rule matches."""
        if not self._has_default:
            if self._policy == "C" and self._table.aggregation == "count":
                return Known(Decimal(0))
            return Known(() if self._lists else None)
        return self._context(
            [
                self._evaluator.value(output.default, self._scope)
                if output.default
                else Known(None)
                for output in self._table.outputs
            ]
        )

    def _rank(self, row: int) -> tuple[int, ...] | None:
        """The priority of a rule; None when it is not known yet."""
        ranks: list[int] = []
        for value, output in zip(self._concluded(row), self._table.outputs, strict=True):
            listed = [self._evaluator.value(each, self._scope) for each in output.values]
            if not isinstance(value, Known) or not all(isinstance(e, Known) for e in listed):
                return None
            same = (
                i
                for i, e in enumerate(listed)
                if isinstance(e, Known) and equals(e.value, value.value)
            )
            ranks.append(next(same, len(listed)))
        return tuple(ranks)


def _can_lie(value: Unknown, stretch: object) -> bool:
    """Whether a number within the bounds of ``value`` can lie in the stretch of a bin."""
    low, high = getattr(stretch, "low", None), getattr(stretch, "high", None)
    if value.kind != "number":
        return True
    below = value.high is not None and low is not None and low > value.high
    above = value.low is not None and high is not None and high < value.low
    return not below and not above


def _few(values: Sequence[Abstract]) -> bool:
    return all(isinstance(each, Known) for each in values) and len(values) <= MOST_CHOICES // 4


def _differ(values: Sequence[Abstract]) -> bool:
    keys = {value_key(each.value) if isinstance(each, Known) else id(each) for each in values}
    return len(keys) > 1


def _identity(value: Abstract, leaf: _Class) -> object:
    return ("value", value_key(value.value)) if isinstance(value, Known) else ("leaf", leaf)


def _with(value: Abstract, needs: frozenset[str]) -> Abstract:
    """The same, depending on more inputs."""
    if isinstance(value, Unknown):
        return Unknown(
            value.needs | needs, value.choices, value.kind, value.low, value.high, value.nullable
        )
    if isinstance(value, Fields):
        return Fields(
            {n: e if isinstance(e, Known) else _with(e, needs) for n, e in value.entries.items()}
        )
    return value
