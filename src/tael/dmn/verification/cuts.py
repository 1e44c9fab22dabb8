"""Where along one input anything can change: the numbers that rules compare it with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.model.graph import Decision, Graph, Knowledge
from tael.dmn.verification.cells import CellReader
from tael.dmn.verification.constants import constant, is_constant, nodes
from tael.dmn.verification.domains import plain_domain

_COMPARED = frozenset({"<", "<=", ">", ">=", "=", "!="})
_NUMBER = s.NamedType("number")


def cuts_of(graph: Graph, compilers: Mapping[str, Compiler]) -> dict[str, tuple[Decimal, ...]]:
    """By the name of each number input that is only ever compared with constants: these numbers.

    Two values of such an input with the same cuts below them, and neither of them a cut, give every
    decision the same value, whatever the other inputs are. An input that enters arithmetic, a
    function, a cell beside other values, or a result as it is has no such numbers and is left out.
    """
    found = {key: _Found() for key, item in graph.inputs.items()}
    for key, item in graph.inputs.items():
        domain = plain_domain(item.type, graph.types[item.path])
        if domain.kind not in ("number", ""):
            del found[key]
            continue
        reader = CellReader(compilers[item.path])
        for tests in domain.allowed:
            found[key].cell(reader, tests)
    readers: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
    for node in readers:
        if node.logic is not None:
            _Walk(node, compilers[node.path], found).tree(node.logic)
    return {
        graph.inputs[key].path + graph.inputs[key].name: tuple(sorted(each.cuts))
        for key, each in found.items()
        if not each.free
    }


class _Found:
    """What is known of one input: its cuts, and whether it is read in any other way."""

    def __init__(self) -> None:
        self.cuts: set[Decimal] = set()
        self.free = False

    def cell(self, reader: CellReader, tests: s.UnaryTests) -> None:
        """What the tests compare it with; one that reads other values says nothing certain."""
        read = reader.read(tests)
        self.free = self.free or read.opaque
        for axis, cut in read.cuts():
            if axis == "number":
                self.compare(cut)

    def compare(self, value: object) -> None:
        if isinstance(value, Decimal):
            self.cuts.add(value)


class _Walk:
    """One node's logic, looked through for what it does with inputs."""

    def __init__(
        self, node: Decision | Knowledge, compiler: Compiler, found: Mapping[str, _Found]
    ) -> None:
        self._found = {name: found[key] for name, key in node.scope.items() if key in found}
        self._scope = frozenset(node.scope) | _local_names(node)
        self._compiler = compiler
        self._reader = CellReader(compiler, self._scope)

    def tree(self, tree: object) -> None:
        """Look through a part; an input that stands in it in no known way is read freely."""
        if isinstance(tree, tuple):
            for each in tree:
                self.tree(each)
        elif isinstance(tree, s.Name):
            if tree.name in self._found:
                self._found[tree.name].free = True
        elif isinstance(tree, s.DecisionTable):
            self._table(tree)
        elif isinstance(tree, s.Node) and not self._is_comparison(tree):
            for name in tree.__dataclass_fields__:
                if name != "at":
                    self.tree(getattr(tree, name))

    def _table(self, table: s.DecisionTable) -> None:
        for place, column in enumerate(table.inputs):
            plain = column.type is None or column.type == _NUMBER
            asked = self._input(column.expression) if plain else None
            cells = (rule.conditions[place] for rule in table.rules)
            if asked is None:
                self.tree(column.expression)
            for tests in (*cells, *((column.allowed,) if column.allowed is not None else ())):
                if asked is not None:
                    asked.cell(self._reader, tests)
                # A cell may read inputs besides the one its column asks about.
                if not tests.any and self._reads(tests):
                    self.tree(tests)
        for output in table.outputs:
            self.tree((output.values, output.default, output.allowed))
        for rule in table.rules:
            self.tree(rule.conclusions)

    def _reads(self, tree: s.Node) -> bool:
        return any(isinstance(each, s.Name) and each.name in self._found for each in nodes(tree))

    def _is_comparison(self, tree: s.Node) -> bool:
        """Take note of an input that is compared with constants; False for any other form."""
        if isinstance(tree, s.Binary) and tree.operator in _COMPARED:
            for one, other in ((tree.left, tree.right), (tree.right, tree.left)):
                if (asked := self._input(one)) is not None and self._constant(other):
                    asked.compare(constant(other, self._compiler))
                    return True
        if isinstance(tree, s.Between):
            asked = self._input(tree.value)
            if asked is not None and self._constant(tree.low) and self._constant(tree.high):
                for bound in (tree.low, tree.high):
                    asked.compare(constant(bound, self._compiler))
                return True
        if isinstance(tree, s.In) and (asked := self._input(tree.value)) is not None:
            asked.cell(self._reader, tree.tests)
            return not self._reads(tree.tests)
        return False

    def _constant(self, tree: s.Expression) -> bool:
        return is_constant(tree, self._scope)

    def _input(self, tree: s.Expression) -> _Found | None:
        """The input that the expression is, as it stands or declared to be a number."""
        while isinstance(tree, s.Typed) and tree.type == _NUMBER:
            tree = tree.expression
        return self._found.get(tree.name) if isinstance(tree, s.Name) else None


def _local_names(node: Decision | Knowledge) -> frozenset[str]:
    """Names that stand for something only inside the node: one may be that of a function."""
    found = set(node.parameters) if isinstance(node, Knowledge) else set()
    for each in nodes(node.logic):
        if isinstance(each, s.FunctionLiteral):
            found.update(each.parameters)
        elif isinstance(each, s.ContextLiteral | s.BoxedContext):
            found.update(name for name, _ in each.entries)
        elif isinstance(each, s.For | s.Quantified):
            found.update(name for name, _ in each.iterators)
    return frozenset(found)
