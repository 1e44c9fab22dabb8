"""A decision table as a grid of texts, and back without loss: what a sheet or a CSV file holds.

First come lines of a name and a value, then a block that says what each column is, then a line a
rule. Ids and attributes that people do not edit stand in cells of their own, as JSON::

    decision table | tier
    hit policy     | FIRST

    column         | rule id | input   | output | annotation
    expression     |         | score   | tier   | why
    type           |         | number  | number |
    1              | r1      | >= 700  | 1      | a good score
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tael.dmn.authoring.table import AGGREGATIONS, POLICIES, InputColumn, OutputColumn, Rule, Table
from tael.dmn.errors import DmnError

Grid = Sequence[Sequence[str]]
# Takes the name of a table, the text of a cell, and whether it is a unary test rather than an
# expression; says what is wrong with it, '' when nothing is.
Judge = Callable[[str, str, bool], str]
_NAME, _POLICY, _AGGREGATION, _ID, _MORE = (
    "decision table",
    "hit policy",
    "aggregation",
    "id",
    "more",
)
_NAMED_ANNOTATIONS = "named annotations"
_PROPERTIES = (_NAME, _POLICY, _AGGREGATION, _ID, _MORE, _NAMED_ANNOTATIONS)
_COLUMN, _EXPRESSION = "column", "expression"
_INPUT, _OUTPUT, _ANNOTATION, _DESCRIPTION = "input", "output", "annotation", "description"
_EMPTY = "empty conclusions"
_ROLES = (_INPUT, _OUTPUT, _ANNOTATION, _DESCRIPTION, _MORE)
_HEADERS = (_EXPRESSION, "label", "type", "allowed", "default", _ID, _MORE)
_FIRST_CELL = 2


@dataclass(frozen=True, slots=True)
class Source:
    """Where a grid stands: the file and the sheet, which errors name."""

    file: str
    sheet: str = ""

    def problem(self, message: str, row: int, column: int = 0, rule: str = "") -> DmnError:
        """What is wrong at the 1-based ``row`` and ``column``, of the table's rule ``rule``."""
        place = f"row {row}"
        if column:
            place += f", column {letters(column)}"
        if rule:
            place += f", rule {rule}"
        return DmnError(
            f"{place}: {message}", file=self.file, node=self.sheet, line=row,
            rule="a decision table as a grid",
        )  # fmt: skip


def letters(column: int) -> str:
    """The letters by which spreadsheets call the 1-based ``column``."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


# --- to a grid


def to_grid(name: str, table: Table) -> list[list[str]]:
    """The grid of the table of the decision ``name``.

    Raises:
        DmnError: a rule has not one cell a column.
    """
    shape = _Shape.of(name, table)
    roles = [_INPUT] * len(table.inputs) + [_OUTPUT] * len(table.outputs)
    roles += [_ANNOTATION] * shape.annotations
    roles += [_DESCRIPTION] * shape.described + [_MORE] * shape.more
    columns: tuple[InputColumn | OutputColumn, ...] = (*table.inputs, *table.outputs)
    head = [_headers(column) for column in columns]
    names = (*table.annotations, *[""] * (shape.annotations - len(table.annotations)))
    head += [{_EXPRESSION: each} for each in names]
    lines = [[key, value] for key, value in _properties(name, table, shape).items() if value]
    lines += [[], [_COLUMN, "rule id", *roles]]
    for key in _HEADERS:
        cells = [each.get(key, "") for each in head]
        if key == _EXPRESSION or any(cells):
            lines.append([key, "", *cells])
    lines += [_line(number, rule, shape) for number, rule in enumerate(table.rules, start=1)]
    return lines


@dataclass(frozen=True, slots=True)
class _Shape:
    """How many annotation columns there are, and whether rules have descriptions and more."""

    annotations: int
    described: bool
    more: bool

    @staticmethod
    def of(name: str, table: Table) -> _Shape:
        for number, rule in enumerate(table.rules, start=1):
            if (len(rule.conditions), len(rule.conclusions)) != (
                len(table.inputs), len(table.outputs),
            ):  # fmt: skip
                raise DmnError(
                    f"rule {number} has not one cell a column",
                    node=name,
                    rule="one cell per column",
                )
        widths = [len(table.annotations), *(len(rule.annotations) for rule in table.rules)]
        most = max(widths)
        more = any(
            rule.more or len(rule.annotations) != most or _has_gap(rule) for rule in table.rules
        )
        return _Shape(most, any(rule.description for rule in table.rules), more)


def _properties(name: str, table: Table, shape: _Shape) -> dict[str, str]:
    named = len(table.annotations)
    return {
        _NAME: name,
        _POLICY: table.hit_policy,
        _AGGREGATION: table.aggregation,
        _ID: table.id,
        _MORE: _json(table.more),
        _NAMED_ANNOTATIONS: str(named) if named != shape.annotations else "",
    }


def _headers(column: InputColumn | OutputColumn) -> dict[str, str]:
    own = (
        {_EXPRESSION: column.expression}
        if isinstance(column, InputColumn)
        else {_EXPRESSION: column.name, "default": column.default}
    )
    return own | {
        "label": column.label,
        "type": column.type,
        "allowed": column.allowed,
        _ID: column.id,
        _MORE: _json(column.more),
    }


def _line(number: int, rule: Rule, shape: _Shape) -> list[str]:
    missing = shape.annotations - len(rule.annotations)
    cells = [*rule.conditions, *rule.conclusions, *rule.annotations, *[""] * missing]
    if shape.described:
        cells.append(rule.description)
    if shape.more:
        own = {_ANNOTATION: str(len(rule.annotations))} if missing else {}
        own |= {_EMPTY: "yes"} if _has_gap(rule) else {}
        cells.append(_json({**rule.more, **own}))
    return [str(number), rule.id, *cells]


def _has_gap(rule: Rule) -> bool:
    return not all(text.strip() for text in rule.conclusions)


def _json(more: Mapping[str, str]) -> str:
    return json.dumps(dict(more), ensure_ascii=False) if more else ""


# --- from a grid


def from_grid(grid: Grid, source: Source, judge: Judge | None = None) -> tuple[str, Table]:
    """The name of the decision and the table in ``grid``; ``judge`` looks at every cell.

    Raises:
        DmnError: names file, sheet, row, column and rule.
    """
    reader = _Reader(source)
    for row, line in enumerate(grid, start=1):
        reader.line(row, list(line))
    name, table = reader.result()
    if judge:
        reader.judge(name or source.sheet, judge)
    return name, table


@dataclass
class _Reader:
    source: Source
    properties: dict[str, str] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)
    roles_row: int = 0
    headers: dict[str, list[str]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    rule_rows: list[int] = field(default_factory=list)

    def line(self, row: int, cells: list[str]) -> None:
        first = cells[0].strip().lower() if cells else ""
        if not any(cell.strip() for cell in cells):
            return
        if not self.roles:
            self._before(row, first, cells)
        elif first in _HEADERS and not self.rules:
            self._once(first, row)
            self.headers[first] = self._columns(row, cells)
        elif first.isdecimal() or not first:
            self._rule(row, cells)
        else:
            raise self.source.problem(
                f"{cells[0]!r} begins no line of a table; a rule begins with its number", row, 1
            )

    def _before(self, row: int, first: str, cells: list[str]) -> None:
        if first == _COLUMN:
            self._roles(row, cells)
        elif first in _PROPERTIES:
            self._once(first, row)
            self.properties[first] = cells[1] if len(cells) > 1 else ""
        else:
            known = ", ".join((*_PROPERTIES, _COLUMN))
            raise self.source.problem(f"{cells[0]!r} is none of {known}", row, 1)

    def _once(self, key: str, row: int) -> None:
        if self.rows.setdefault(f"{bool(self.roles)} {key}", row) != row:
            raise self.source.problem(f"a second line {key!r}", row, 1)

    def _roles(self, row: int, cells: list[str]) -> None:
        self.roles_row = row
        self.roles = [cell.strip().lower() for cell in cells[_FIRST_CELL:]]
        while self.roles and not self.roles[-1]:
            self.roles.pop()
        for number, role in enumerate(self.roles, start=_FIRST_CELL + 1):
            if role not in _ROLES:
                raise self.source.problem(
                    f"a column is one of {', '.join(_ROLES)}, not {role!r}", row, number
                )
        for role in (_DESCRIPTION, _MORE):
            if self.roles.count(role) > 1:
                raise self.source.problem(f"a second column {role!r}", row)
        if _OUTPUT not in self.roles:
            raise self.source.problem("a table has at least one output column", row)

    def _columns(self, row: int, cells: list[str], rule: str = "") -> list[str]:
        """The cells under the roles; nothing may stand beyond them."""
        width = _FIRST_CELL + len(self.roles)
        for number, cell in enumerate(cells[width:], start=width + 1):
            if cell.strip():
                raise self.source.problem("a cell under no column", row, number, rule)
        return [*cells[_FIRST_CELL:width], *[""] * (width - max(len(cells), _FIRST_CELL))]

    def _rule(self, row: int, cells: list[str]) -> None:
        number = str(len(self.rules) + 1)
        under = self._columns(row, cells, number)
        more, annotations = {}, self._of(under, _ANNOTATION)
        if _MORE in self.roles:
            column = self.roles.index(_MORE)
            more = self._more(under[column], row, column + _FIRST_CELL + 1, number)
        kept, gaps = more.pop(_ANNOTATION, ""), more.pop(_EMPTY, "")
        conclusions = self._of(under, _OUTPUT)
        if not gaps:
            self._no_gap(under, row, number)
        if kept.isdecimal():
            annotations = annotations[: int(kept)]
        self.rule_rows.append(row)
        self.rules.append(
            Rule(
                conditions=self._of(under, _INPUT),
                conclusions=conclusions,
                annotations=annotations,
                id=cells[1] if len(cells) > 1 else "",
                description="".join(self._of(under, _DESCRIPTION)),
                more=more,
            )
        )

    def _of(self, under: Sequence[str], role: str) -> tuple[str, ...]:
        return tuple(cell for cell, each in zip(under, self.roles, strict=True) if each == role)

    def _no_gap(self, under: Sequence[str], row: int, rule: str) -> None:
        for number, (cell, role) in enumerate(zip(under, self.roles, strict=True)):
            if role == _OUTPUT and not cell.strip():
                raise self.source.problem(
                    "a conclusion is empty; write null for no value",
                    row, number + _FIRST_CELL + 1, rule,
                )  # fmt: skip

    def _more(self, text: str, row: int, column: int, rule: str = "") -> dict[str, str]:
        if not text.strip():
            return {}
        try:
            found = json.loads(text)
        except ValueError as error:
            raise self.source.problem(f"not JSON: {error}", row, column, rule) from None
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise self.source.problem("not a JSON object of texts", row, column, rule)
        return found

    def judge(self, name: str, judge: Judge) -> None:
        """Look at every cell that is FEEL: headers first, then rules in their order."""
        for key, tested in ((_EXPRESSION, False), ("allowed", True), ("default", False)):
            for number, text in enumerate(self.headers.get(key, ())):
                named = key == _EXPRESSION and self.roles[number] != _INPUT
                if text.strip() and not named:
                    self._judge((name, text, tested), judge, self._row(key, header=True), number)
        inputs = [n for n, role in enumerate(self.roles) if role == _INPUT]
        outputs = [n for n, role in enumerate(self.roles) if role == _OUTPUT]
        for index, rule in enumerate(self.rules):
            cells = [(n, text, True) for n, text in zip(inputs, rule.conditions, strict=True)]
            cells += [(n, text, False) for n, text in zip(outputs, rule.conclusions, strict=True)]
            for number, text, tested in cells:
                if text.strip():
                    place = (self.rule_rows[index], number)
                    self._judge((name, text, tested), judge, *place, rule=str(index + 1))

    def _judge(
        self, cell: tuple[str, str, bool], judge: Judge, row: int, number: int, rule: str = ""
    ) -> None:
        wrong = judge(*cell)
        if wrong:
            raise self.source.problem(wrong, row, number + _FIRST_CELL + 1, rule)

    def result(self) -> tuple[str, Table]:
        if not self.roles:
            raise self.source.problem("no line 'column' says what the columns are", 1)
        if _EXPRESSION not in self.headers:
            raise self.source.problem(
                "no line 'expression' says what the columns look at", self.roles_row
            )
        names = self._of(self.headers[_EXPRESSION], _ANNOTATION)
        kept = self.properties.get(_NAMED_ANNOTATIONS, "")
        table = Table(
            inputs=tuple(self._input(n) for n, role in enumerate(self.roles) if role == _INPUT),
            outputs=tuple(self._output(n) for n, role in enumerate(self.roles) if role == _OUTPUT),
            rules=tuple(self.rules),
            hit_policy=self._policy(),
            aggregation=self._chosen(_AGGREGATION, AGGREGATIONS),
            annotations=names[: int(kept)] if kept.isdecimal() else names,
            id=self.properties.get(_ID, ""),
            more=self._more(self.properties.get(_MORE, ""), self._row(_MORE), 2),
        )
        return self.properties.get(_NAME, ""), table

    def _row(self, key: str, *, header: bool = False) -> int:
        return self.rows.get(f"{header} {key}", 1)

    def _policy(self) -> str:
        given = self.properties.get(_POLICY, "")
        name = POLICIES.get(given.strip().upper(), given.strip().upper())
        if name and name not in POLICIES.values():
            raise self.source.problem(
                f"a hit policy is one of {', '.join(POLICIES.values())}, not {given!r}",
                self._row(_POLICY), 2,
            )  # fmt: skip
        return name

    def _chosen(self, key: str, allowed: Sequence[str]) -> str:
        given = self.properties.get(key, "").strip().upper()
        if given not in allowed:
            raise self.source.problem(
                f"an {key} is one of {', '.join(allowed[1:])}, not {given!r}", self._row(key), 2
            )
        return given

    def _header(self, key: str, number: int) -> str:
        return self.headers[key][number] if key in self.headers else ""

    def _header_more(self, number: int) -> dict[str, str]:
        row = self._row(_MORE, header=True)
        return self._more(self._header(_MORE, number), row, number + _FIRST_CELL + 1)

    def _input(self, number: int) -> InputColumn:
        expression = self._header(_EXPRESSION, number)
        if not expression.strip():
            raise self.source.problem(
                "an input column has no expression",
                self._row(_EXPRESSION, header=True), number + _FIRST_CELL + 1,
            )  # fmt: skip
        if self._header("default", number).strip():
            raise self.source.problem(
                "an input column has no default",
                self._row("default", header=True), number + _FIRST_CELL + 1,
            )  # fmt: skip
        return InputColumn(
            expression=expression,
            type=self._header("type", number),
            allowed=self._header("allowed", number),
            label=self._header("label", number),
            id=self._header(_ID, number),
            more=self._header_more(number),
        )

    def _output(self, number: int) -> OutputColumn:
        return OutputColumn(
            name=self._header(_EXPRESSION, number),
            type=self._header("type", number),
            allowed=self._header("allowed", number),
            default=self._header("default", number),
            label=self._header("label", number),
            id=self._header(_ID, number),
            more=self._header_more(number),
        )
