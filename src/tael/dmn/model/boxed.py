"""Boxed expressions to trees: literal, table, context, invocation, list, relation, function, if."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tael.dmn.errors import DmnError, FeelSyntaxError
from tael.dmn.feel import syntax as s
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.names import Names, Vocabulary
from tael.dmn.feel.parsed import Parsed, ParsedTests
from tael.dmn.feel.parser import parse_expression, parse_unary_tests
from tael.dmn.feel.simple_cells import simple_tests, simple_value
from tael.dmn.feel.type_system import ANY, TypeSystem
from tael.dmn.model.graph import Fault
from tael.dmn.model.rules import plain_rules
from tael.dmn.model.xml import Element

_POLICIES = {
    "UNIQUE": "U", "ANY": "A", "PRIORITY": "P", "FIRST": "F",
    "RULE ORDER": "R", "OUTPUT ORDER": "O", "COLLECT": "C",
}  # fmt: skip
_AGGREGATIONS = {"": "", "SUM": "sum", "MIN": "min", "MAX": "max", "COUNT": "count"}
_FEEL = "FEEL"
_LONGEST_SHOWN = 160
_P = TypeVar("_P", Parsed, ParsedTests)


@dataclass(frozen=True, slots=True)
class Place:
    """Where logic stands: file and node, the names in scope, the vocabulary and the types.

    Inside a filter (``of_items``) any other name may be an entry of the item.
    """

    file: str
    node: str
    names: Names
    vocabulary: Vocabulary
    types: TypeSystem
    of_items: bool = False


class Boxed:
    """Reads the logic of one node.

    ``problems`` collects what is wrong; None raises it instead.
    """

    def __init__(self, place: Place, problems: list[Fault] | None) -> None:
        self._place = place
        self._problems = problems

    def with_names(self, names: tuple[str, ...]) -> Boxed:
        """The same reader, knowing more names."""
        inner = replace(self._place, names=Names(names, self._place.names))
        return Boxed(inner, self._problems)

    def _of_items(self) -> Boxed:
        """The same reader inside a filter, where entries of the item are names (10.3.2.5)."""
        members = self._place.vocabulary.members.over(self._place.names)
        return Boxed(
            replace(self._place, names=Names(("item",), members), of_items=True), self._problems
        )

    def logic_of(self, element: Element) -> s.Expression | None:
        """The tree of the boxed expression inside ``element``; None when it holds none."""
        boxed = next((child for child in element.children if child.tag in _READERS), None)
        return self._read(boxed) if boxed else None

    def tests_of(self, element: Element) -> s.UnaryTests | None:
        """The unary tests in the ``text`` child of ``element``."""
        text = element.first("text")
        return self._tests(_laid_out(text), text.line) if text and text.text.strip() else None

    def _read(self, element: Element) -> s.Expression:
        return self._typed(_READERS[element.tag](self, element), element)

    def _typed(self, tree: s.Expression, element: Element) -> s.Expression:
        """With the type that ``typeRef`` of the element declares."""
        wanted = self.type_of(element)
        return tree if wanted is None else s.Typed(Position(element.line, 1), tree, wanted)

    def type_of(self, element: Element) -> s.TypeExpression | None:
        """The type that ``typeRef`` names; None for any, and for an unknown one, a problem."""
        reference = element.get("typeRef")
        if not reference.strip():
            return None
        found = self._place.types.resolve(reference)
        if found is None:
            at, message = Position(element.line, 0), f"there is no type {reference!r}"
            self._problem_at(at, message, "declared type", reference)
        return None if found == ANY else found

    # --- FEEL text

    def _feel(self, text: str, line: int) -> s.Expression:
        simple = simple_value(text, line)
        if simple is not None:
            return simple

        def parse() -> Parsed:
            return parse_expression(text, self._place.names, self._place.vocabulary, line=line)

        parsed = self._careful(parse, text)
        return parsed.tree if parsed else s.Literal(Position(line, 1), None)

    def _tests(self, text: str, line: int) -> s.UnaryTests:
        simple = simple_tests(text, line)
        if simple is not None:
            return simple

        def parse() -> ParsedTests:
            return parse_unary_tests(text, self._place.names, self._place.vocabulary, line=line)

        parsed = self._careful(parse, text)
        return parsed.tree if parsed else s.UnaryTests(Position(line, 1))

    def _careful(self, parse: Callable[[], _P], text: str) -> _P | None:
        try:
            parsed = parse()
        except FeelSyntaxError as error:
            shown = " ".join(text.split())
            shown = shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "..."
            where = f"column {error.column}: {shown!r}"
            at = Position(error.line, error.column)
            self._problem_at(at, f"{error.message} at {where}", "FEEL grammar", text)
            return None
        for name, at in () if self._place.of_items else parsed.unknown:
            self._problem_at(at, f"{name!r} is not a name in scope", "declared name", text)
        return parsed

    def _problem(self, message: str, line: int, rule: str) -> None:
        self._problem_at(Position(line, 0), message, rule)

    def _problem_at(self, at: Position, message: str, rule: str, text: str = "") -> None:
        line = at.line
        error = DmnError(
            message, file=self._place.file, node=self._place.node, line=line, rule=rule
        )
        if self._problems is None:
            raise error
        self._problems.append(Fault(error, at.column, text))

    def _text_child(self, element: Element) -> tuple[str, int]:
        text = element.first("text")
        return (_laid_out(text), text.line) if text else ("", element.line)

    # --- boxed forms

    def literal(self, element: Element) -> s.Expression:
        language = element.get("expressionLanguage")
        if language and _FEEL not in language.upper():
            self._problem(
                f"expression language {language!r} is not FEEL", element.line, "FEEL only"
            )
        text, line = self._text_child(element)
        return self._feel(text, line) if text.strip() else s.Literal(Position(line, 1), None)

    def context(self, element: Element) -> s.Expression:
        inner = self.with_names(())
        entries: list[tuple[str, s.Expression]] = []
        for entry in element.all("contextEntry"):
            variable = entry.first("variable")
            name = " ".join((variable.get("name") if variable else "").split())
            # A function may call itself; any other entry knows those before it.
            reader = inner.with_names((name,)) if entry.first("functionDefinition") else inner
            logic = reader.logic_of(entry) or s.Literal(Position(entry.line, 1), None)
            if variable is None:
                return s.BoxedContext(Position(element.line, 1), tuple(entries), logic)
            entries.append((name, inner._typed(logic, variable)))  # noqa: SLF001 - of the same class
            inner = inner.with_names((name,))
        return s.ContextLiteral(Position(element.line, 1), tuple(entries))

    def list_form(self, element: Element) -> s.Expression:
        items = tuple(self._read(child) for child in element.children if child.tag in _READERS)
        return s.ListLiteral(Position(element.line, 1), items)

    def relation(self, element: Element) -> s.Expression:
        columns = element.all("column")
        rows = [self._row(row, columns) for row in element.all("row")]
        return s.ListLiteral(Position(element.line, 1), tuple(rows))

    def _row(self, element: Element, columns: list[Element]) -> s.ContextLiteral:
        """A row as a context; its cells are of the types that the columns declare."""
        cells = [self._read(child) for child in element.children if child.tag in _READERS]
        if len(cells) != len(columns):
            self._problem(
                f"the row has {len(cells)} cells, the relation {len(columns)} columns",
                element.line,
                "one cell per column",
            )
            missing = s.Literal(Position(element.line, 1), None)
            cells += [missing] * (len(columns) - len(cells))
        entries = [
            (" ".join(column.get("name").split()), self._typed(cell, column))
            for column, cell in zip(columns, cells, strict=False)
        ]
        return s.ContextLiteral(Position(element.line, 1), tuple(entries))

    def invocation(self, element: Element) -> s.Expression:
        function = self.logic_of(element) or s.Literal(Position(element.line, 1), None)
        named: list[tuple[str, s.Expression]] = []
        for binding in element.all("binding"):
            parameter = binding.first("parameter")
            value = self.logic_of(binding) or s.Literal(Position(binding.line, 1), None)
            named.append((" ".join((parameter.get("name") if parameter else "").split()), value))
        return s.Call(Position(element.line, 1), function, (), tuple(named))

    def function(self, element: Element) -> s.Expression:
        """A function definition, also that of a knowledge model."""
        at = Position(element.line, 1)
        formal = element.all("formalParameter")
        names = tuple(parameter.get("name") for parameter in formal)
        types = tuple(self.type_of(parameter) for parameter in formal)
        kind = element.get("kind", _FEEL)
        if kind in [each[0] for each in s.EXTERNAL_ENTRIES]:
            return self._external(element, names, types)
        if kind != _FEEL:
            self._problem(
                f"functions of kind {kind} are not run", element.line, "kind FEEL, Java or PMML"
            )
            return s.Literal(at, None)
        body = self.with_names(names).logic_of(element) or s.Literal(at, None)
        return s.FunctionLiteral(at, names, body, types)

    def _external(
        self,
        element: Element,
        names: tuple[str, ...],
        types: tuple[s.TypeExpression | None, ...],
    ) -> s.ExternalFunction:
        logic = self.logic_of(element)
        entries = dict(logic.entries) if isinstance(logic, s.ContextLiteral) else {}
        texts = {
            key: str(value.value) for key, value in entries.items() if isinstance(value, s.Literal)
        }
        kind = element.get("kind")
        first, second = next(each[1:] for each in s.EXTERNAL_ENTRIES if each[0] == kind)
        return s.ExternalFunction(
            Position(element.line, 1),
            names,
            types,
            texts.get(first, ""),
            texts.get(second, ""),
            kind,
        )

    def conditional(self, element: Element) -> s.Expression:
        at = Position(element.line, 1)
        parts = [element.first(tag) for tag in ("if", "then", "else")]
        trees = [self.part(part, at) for part in parts]
        return s.If(at, trees[0], trees[1], trees[2], boolean_only=True)

    def filter(self, element: Element) -> s.Expression:
        source, condition = element.first("in"), element.first("match")
        at = Position(element.line, 1)
        return s.Filter(at, self.part(source, at), self._of_items().part(condition, at))

    def iteration(self, element: Element) -> s.Expression:
        at, name = Position(element.line, 1), element.get("iteratorVariable")
        iterators = ((name, self.part(element.first("in"), at)),)
        inner = self.with_names((name,))
        if element.tag == "for":
            body = inner.with_names(("partial",)).part(element.first("return"), at)
            return s.For(at, iterators, body)
        body = inner.part(element.first("satisfies"), at)
        return s.Quantified(at, element.tag == "every", iterators, body)

    def part(self, element: Element | None, at: Position) -> s.Expression:
        """The logic inside a part of a boxed expression; null when the part is missing."""
        return (self.logic_of(element) if element else None) or s.Literal(at, None)

    # --- tables

    def table(self, element: Element) -> s.Expression:
        policy = element.get("hitPolicy", "UNIQUE")
        aggregation = element.get("aggregation")
        if policy not in _POLICIES or aggregation not in _AGGREGATIONS:
            raise DmnError(
                f"hit policy {policy!r} {aggregation}".strip() + " is not one of DMN",
                file=self._place.file, node=self._place.node, line=element.line,
                rule="hit policy of DMN 8.2.8",
            )  # fmt: skip
        inputs = tuple(self._input(child) for child in element.all("input"))
        outputs = tuple(self._output(child) for child in element.all("output"))
        rules = self._rules(element.all("rule"), (len(inputs), len(outputs)))
        return s.DecisionTable(
            Position(element.line, 1),
            _POLICIES[policy],
            _AGGREGATIONS[aggregation],
            inputs,
            outputs,
            rules,
            tuple(" ".join(child.get("name").split()) for child in element.all("annotation")),
        )

    def _input(self, element: Element) -> s.TableInput:
        expression = element.first("inputExpression") or element
        text, line = self._text_child(expression)
        values = element.first("inputValues")
        return s.TableInput(
            Position(element.line, 1),
            " ".join(text.split()),
            self._feel(text, line),
            self.tests_of(values) if values else None,
            self.type_of(expression),
        )

    def _output(self, element: Element) -> s.TableOutput:
        default, values = element.first("defaultOutputEntry"), element.first("outputValues")
        allowed = self.tests_of(values) if values else None
        return s.TableOutput(
            Position(element.line, 1),
            " ".join(element.get("name").split()),
            self._listed(allowed),
            self.literal(default) if default else None,
            self.type_of(element),
            allowed,
        )

    def _listed(self, tests: s.UnaryTests | None) -> tuple[s.Expression, ...]:
        """Output values in their order; a test that is not a plain value has no place in it."""
        return tuple(t.expression for t in tests.tests if isinstance(t, s.Matches)) if tests else ()

    def _rules(self, elements: list[Element], columns: tuple[int, int]) -> Sequence[s.Rule]:
        def read(element: Element, number: int) -> s.Rule:
            return self._rule(element, number, columns)

        found = plain_rules(elements, columns, read)
        if found is not None:
            return found
        return tuple([read(child, number) for number, child in enumerate(elements, start=1)])

    def _rule(self, element: Element, number: int, columns: tuple[int, int]) -> s.Rule:
        # Looked at once: those of a plain rule are read from its bytes each time.
        parts: dict[str, list[Element]] = {}
        for child in element.children:
            parts.setdefault(child.tag, []).append(child)
        conditions, conclusions = parts.get("inputEntry", []), parts.get("outputEntry", [])
        if (len(conditions), len(conclusions)) != columns:
            raise DmnError(
                f"rule {number} has {len(conditions)} conditions and {len(conclusions)} conclusions"
                 f", the table {columns[0]} and {columns[1]} columns",
                file=self._place.file, node=self._place.node, line=element.line,
                rule="one cell per column",
            )  # fmt: skip
        return s.Rule(
            Position(element.line, 1),
            element.get("id"),
            number,
            tuple(self._cell(cell) for cell in conditions),
            tuple(self.literal(cell) for cell in conclusions),
            tuple(self._text_child(entry)[0].strip() for entry in parts.get("annotationEntry", ())),
        )

    def _cell(self, element: Element) -> s.UnaryTests:
        text, line = self._text_child(element)
        return (
            self._tests(text, line) if text.strip() else s.UnaryTests(Position(line, 1), any=True)
        )


def _laid_out(text: Element) -> str:
    """The text with the columns of the file where they are known."""
    return text.aligned or text.text


_READERS: dict[str, Callable[[Boxed, Element], s.Expression]] = {
    "literalExpression": Boxed.literal,
    "decisionTable": Boxed.table,
    "context": Boxed.context,
    "list": Boxed.list_form,
    "relation": Boxed.relation,
    "invocation": Boxed.invocation,
    "functionDefinition": Boxed.function,
    "conditional": Boxed.conditional,
    "filter": Boxed.filter,
    "for": Boxed.iteration,
    "some": Boxed.iteration,
    "every": Boxed.iteration,
}
