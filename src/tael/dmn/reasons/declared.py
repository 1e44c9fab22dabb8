"""From what a model declares to characteristics and knock-outs that can be asked.

Reasons are declared by a rule annotation named ``reason`` or by an extension element (see
``tael.dmn.model.reason_carriers``). A table that gives points is a characteristic; one that
collects points holds one for each value of the annotation ``characteristic``, or else of
``reason``. Any other table with reasons holds knock-outs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal

from tael.dmn.errors import DmnError
from tael.dmn.feel import syntax as s
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Decision, Graph, Knowledge
from tael.dmn.model.reason_carriers import CHARACTERISTIC, CODES, KNOCK_OUT, Carrier
from tael.dmn.reasons.bounds import Bounds, Reader, table_bounds

COLLECTING = ("C", "R", "O")


@dataclass(frozen=True, slots=True)
class Scored:
    """A rule of a characteristic: its points (None: read from the node's value) and its code."""

    rule: s.Rule
    points: Decimal | None
    code: str


@dataclass(frozen=True, slots=True)
class Characteristic:
    """Something that gives points.

    Attributes:
        name: the node, ``node.entry`` or ``node.group``: how medians are handed in.
        node: the name of the decision or knowledge model; ``key`` is its key in the graph.
        entry: the entry of the node's context that is meant; '' is its value.
        code: the reason when no rule fires, or when the rule names none.
        table: None when the points are the value itself.
        rows: the rules that belong to it; others of the table belong to others.
        otherwise: points when none of them fires; None when that gives no points.
        best: the most points attainable.
        medians: points of the middle applicant, by the value that chooses them, '' for all.
    """

    name: str
    node: str
    key: str
    entry: str
    code: str
    table: s.DecisionTable | None
    rows: tuple[Scored, ...]
    otherwise: Decimal | None
    best: Decimal
    medians: Mapping[str, Decimal]

    def folded(self, points: Sequence[Decimal]) -> Decimal:
        """What the table's aggregation makes of the points of the rules that fired."""
        aggregation = self.table.aggregation if self.table else ""
        fold = {"min": min, "max": max}.get(aggregation)
        return fold(points) if fold else sum(points, Decimal(0))


@dataclass(frozen=True, slots=True)
class KnockOut:
    """Something that declines: rules with codes, a true value, or a value that is codes.

    Attributes:
        code: the reason when the value is true; '' when the value itself is a code or codes.
        rules: the rules with a reason and their codes; empty when the value is asked.
    """

    node: str
    key: str
    entry: str
    code: str
    table: s.DecisionTable | None
    rules: tuple[tuple[s.Rule, str], ...]

    def codes(self, value: Value) -> list[str]:
        """The codes a value gives: that of a true value, a code, or the codes of a list."""
        if self.code:
            return [self.code] if value is True else []
        items = value if isinstance(value, tuple) else (value,)
        return [item for item in items if isinstance(item, str)]


Source = Characteristic | KnockOut


def sources_of(graph: Graph) -> tuple[Source, ...]:
    """Characteristics and knock-outs in the order of declaration: decisions, then knowledge.

    Raises:
        DmnError: a declaration without a code, on an entry that is not there, or on points whose
            maximum the model does not show (say ``best``).
    """
    nodes: list[tuple[str, Decision | Knowledge]] = [
        *graph.decisions.items(), *graph.knowledge.items()
    ]  # fmt: skip
    return tuple(each for key, node in nodes for each in _Node(graph, key, node).sources())


class _Node:
    def __init__(self, graph: Graph, key: str, node: Decision | Knowledge) -> None:
        self._graph, self._key, self._node = graph, key, node
        self._name = node.path + node.name
        self._reader = Reader(graph)
        self._carriers = graph.reasons.carriers.get(key, ())

    def sources(self) -> Iterator[Source]:
        tables = list(_tables(self._node.logic, "")) if self._node.logic else []
        met: set[int] = set()
        for entry, table in tables:
            carrier = self._carrier_of(entry, table)
            if carrier is not None:
                met.add(id(carrier))
            if carrier is not None and carrier.kind == CODES:
                yield self._of_codes(table, carrier)
            elif carrier is not None or _has_reasons(table):
                yield from self._of_table(table, entry, carrier)
        for carrier in self._carriers:
            if id(carrier) not in met:
                yield self._of_value(carrier)

    def _carrier_of(self, entry: str, table: s.DecisionTable) -> Carrier | None:
        """The declaration that speaks of ``table``: on its entry, or on the node that it is."""
        if self._logic_of(entry) is not table:
            return None
        return next((each for each in self._carriers if each.entry == entry), None)

    def _logic_of(self, entry: str) -> s.Expression | None:
        """The logic of the node, or of an entry of it, without declared types around it."""
        logic = _bare(self._node.logic)
        if not entry:
            return logic
        entries = logic.entries if isinstance(logic, s.ContextLiteral | s.BoxedContext) else ()
        return next((_bare(value) for name, value in entries if name == entry), None)

    # --- tables

    def _of_table(
        self, table: s.DecisionTable, entry: str, carrier: Carrier | None
    ) -> Iterator[Source]:
        codes = _annotated(table, "reason")
        fallback = carrier.reason if carrier else ""
        column = (
            None if carrier and carrier.kind == KNOCK_OUT else self._points_column(table, carrier)
        )
        if column is None:
            named = [(r, code or fallback) for r, code in zip(table.rules, codes, strict=True)]
            rules = tuple((rule, code) for rule, code in named if code)
            yield KnockOut(self._name, self._key, entry, fallback, table, rules)
            return
        for group, rows in self._groups(table, codes, fallback):
            scored = tuple(
                Scored(table.rules[row], _number(table.rules[row].conclusions[column]),
                       codes[row] or fallback)
                for row in rows
            )  # fmt: skip
            if not any(each.code for each in scored):
                raise self._error("the characteristic names no reason", table.at.line, "a code")
            yield self._scored(table, (entry, group), scored, column, carrier)

    def _of_codes(self, table: s.DecisionTable, carrier: Carrier) -> Source:
        """A table whose conclusions are the codes: its rules are the knock-outs, if they show."""
        codes = [_text(rule.conclusions[0]) for rule in table.rules]
        if len(table.outputs) != 1 or table.outputs[0].default is not None or None in codes:
            return self._of_value(carrier)
        pairs = zip(table.rules, codes, strict=True)
        rules = tuple((rule, code) for rule, code in pairs if code is not None)
        return KnockOut(self._name, self._key, carrier.entry, "", table, rules)

    def _groups(
        self, table: s.DecisionTable, codes: Sequence[str], fallback: str
    ) -> Iterator[tuple[str, list[int]]]:
        """Rows by characteristic; rows of a collecting table without one are let go."""
        if table.hit_policy not in COLLECTING or table.aggregation in ("min", "max"):
            yield "", list(range(len(table.rules)))
            return
        names = _annotated(table, "characteristic")
        groups: dict[str, list[int]] = {}
        for row, (name, code) in enumerate(zip(names, codes, strict=True)):
            group = name or code or fallback
            if group:
                groups.setdefault(group, []).append(row)
        single = len(groups) == 1 and fallback in groups
        yield from (("" if single else group, rows) for group, rows in groups.items())

    def _scored(
        self,
        table: s.DecisionTable,
        place: tuple[str, str],
        rows: tuple[Scored, ...],
        column: int,
        carrier: Carrier | None,
    ) -> Characteristic:
        entry, group = place
        node = self._node
        numbers = [row.rule.number - 1 for row in rows]
        points = [self._bounds(row.rule.conclusions[column]) for row in rows]
        sums = table.hit_policy in COLLECTING and table.aggregation not in ("min", "max")
        default = table.outputs[column].default
        otherwise = self._bounds(default) if default is not None else None
        best = carrier.best if carrier else None
        if best is None:
            allowed = self._reader.allowed(node.scope, node.path)
            found = table_bounds(table, numbers, points, otherwise, allowed)
            best = self._most(found, table.at.line)
        return Characteristic(
            name=".".join(part for part in (self._name, entry, group) if part),
            node=self._name,
            key=self._key,
            entry=entry,
            code=(carrier.reason if carrier else "") or next(r.code for r in rows if r.code),
            table=table,
            rows=rows,
            otherwise=Decimal(0) if sums else (_number(default) if default else None),
            best=best,
            medians=carrier.medians if carrier else {},
        )

    def _points_column(self, table: s.DecisionTable, carrier: Carrier | None) -> int | None:
        """The conclusion column with the points; None when the table gives none."""
        names = [output.name for output in table.outputs]
        wanted = carrier.output if carrier and carrier.output else "points"
        if wanted in names:
            return names.index(wanted)
        if carrier and carrier.output:
            raise self._error(
                f"there is no output {wanted!r}", carrier.line, "an output of the table"
            )
        numeric = [
            index
            for index in range(len(names))
            if table.rules and all(self._bounds(r.conclusions[index]) for r in table.rules)
        ]
        if numeric and table.aggregation != "count":
            return numeric[0]
        if carrier and carrier.kind == CHARACTERISTIC and len(names) == 1:
            return 0
        return None

    # --- values

    def _of_value(self, carrier: Carrier) -> Source:
        logic = self._logic_of(carrier.entry)
        if logic is None:
            raise self._error(f"there is no entry {carrier.entry!r}", carrier.line, "an entry")
        if isinstance(self._node, Knowledge):
            raise self._error(
                "a knowledge model has no value of its own; say the reason on its table or on the "
                "decision that calls it", carrier.line, "a decision or a table",
            )  # fmt: skip
        if not carrier.reason and carrier.kind != CODES:
            raise self._error("the declaration names no reason", carrier.line, "a code")
        if carrier.kind != CHARACTERISTIC:
            code = carrier.reason if carrier.kind == KNOCK_OUT else ""
            return KnockOut(self._name, self._key, carrier.entry, code, None, ())
        best = carrier.best
        if best is None:
            best = self._most(self._bounds(logic), carrier.line)
        return Characteristic(
            name=".".join(part for part in (self._name, carrier.entry) if part),
            node=self._name,
            key=self._key,
            entry=carrier.entry,
            code=carrier.reason,
            table=None,
            rows=(),
            otherwise=None,
            best=best,
            medians=carrier.medians,
        )

    def _bounds(self, tree: s.Expression) -> Bounds | None:
        return self._reader.of(tree, self._node.scope, self._node.path)

    def _most(self, bounds: Bounds | None, line: int) -> Decimal:
        if bounds is None:
            raise self._error(
                "the most points that can be had do not show; say best", line, "best=points"
            )
        return bounds[1]

    def _error(self, message: str, line: int, rule: str) -> DmnError:
        return DmnError(message, file=self._graph.file, node=self._name, line=line, rule=rule)


def value_at(value: Value, entry: str) -> Value:
    """The value itself, or the entry of it that is meant; null when it has no such entry."""
    if not entry:
        return value
    return value.get(entry) if isinstance(value, Mapping) else None


def _tables(tree: object, entry: str) -> Iterator[tuple[str, s.DecisionTable]]:
    """Tables in a tree in the order of the text, each with the outermost entry it stands in."""
    if isinstance(tree, s.DecisionTable):
        yield entry, tree
    elif isinstance(tree, s.ContextLiteral | s.BoxedContext):
        for name, value in tree.entries:
            yield from _tables(value, entry or name)
        if isinstance(tree, s.BoxedContext):
            yield from _tables(tree.result, entry)
    elif isinstance(tree, tuple):
        for each in tree:
            yield from _tables(each, entry)
    elif is_dataclass(tree):
        for each in fields(tree):
            yield from _tables(getattr(tree, each.name), entry)


def _bare(tree: s.Expression | None) -> s.Expression | None:
    while isinstance(tree, s.Typed | s.FunctionLiteral):
        tree = tree.expression if isinstance(tree, s.Typed) else tree.body
    return tree


def _annotated(table: s.DecisionTable, name: str) -> list[str]:
    """The annotation of each rule under the heading ``name``; '' where there is none."""
    if name not in table.annotation_names:
        return [""] * len(table.rules)
    column = table.annotation_names.index(name)
    return ["".join(rule.annotations[column : column + 1]) for rule in table.rules]


def _has_reasons(table: s.DecisionTable) -> bool:
    return any(_annotated(table, "reason"))


def _text(tree: s.Expression) -> str | None:
    """The text a cell writes; None when it is computed or no text."""
    return tree.value if isinstance(tree, s.Literal) and isinstance(tree.value, str) else None


def _number(tree: s.Expression) -> Decimal | None:
    """The number a cell writes; None when it is computed."""
    if isinstance(tree, s.Negation) and isinstance(tree.operand, s.Literal):
        value = tree.operand.value
        return -value if isinstance(value, Decimal) else None
    return tree.value if isinstance(tree, s.Literal) and isinstance(tree.value, Decimal) else None
