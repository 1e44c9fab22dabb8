"""DMN XML to the graph. Names are resolved here, so that parsing knows its scope."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tael.dmn.errors import DmnError
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names
from tael.dmn.model.boxed import Boxed
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge
from tael.dmn.model.item_types import ItemType, Types
from tael.dmn.model.xml import Element

_MODEL_NAMESPACES = (
    "https://www.omg.org/spec/DMN/20230324/MODEL/",  # DMN 1.5
    "https://www.omg.org/spec/DMN/20211108/MODEL/",  # DMN 1.4
    "https://www.omg.org/spec/DMN/20191111/MODEL/",  # DMN 1.3
)


def read_graph(root: Element, file: str, *, tolerant: bool) -> Graph:
    """The graph of a ``definitions`` element.

    Raises:
        DmnError: not DMN 1.3 to 1.5, a broken reference or expression, a name nobody declared, a
            circle of requirements. When ``tolerant``, broken expressions are null and are listed
            among ``problems`` instead.
    """
    if root.tag != "definitions" or root.namespace not in _MODEL_NAMESPACES:
        raise DmnError(
            f"the root element is {root.tag!r} of {root.namespace!r}, not DMN 1.3, 1.4 or 1.5",
            file=file,
            line=root.line,
            rule="definitions of DMN 1.3, 1.4 or 1.5",
        )
    return _Loader(root, file, tolerant=tolerant).graph()


def content_hash(root: Element) -> str:
    """SHA-256 of what the model says: layout, diagrams and extensions do not count."""
    text = json.dumps(_canonical(root, root.namespace), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(element: Element, namespace: str) -> list[object]:
    attributes = sorted((key, value) for key, value in element.attributes.items() if " " not in key)
    children = [
        _canonical(child, namespace)
        for child in element.children
        if child.namespace == namespace and child.tag != "extensionElements"
    ]
    return [element.tag, attributes, element.text.strip(), children]


class _Loader:
    def __init__(self, root: Element, file: str, *, tolerant: bool) -> None:
        self._root = root
        self._file = file
        self._tolerant = tolerant
        self._problems: list[str] = []
        self._elements: dict[str, Element] = {}
        for child in root.children:
            if child.tag in ("inputData", "decision", "businessKnowledgeModel", "decisionService"):
                if _key(child) in self._elements:
                    self._problem(f"a second element has the id {_key(child)!r}", child, child.line)
                self._elements[_key(child)] = child

    def graph(self) -> Graph:
        members = Names(_component_names(self._root))
        types = Types(
            {item.get("name"): self._item(item) for item in self._root.all("itemDefinition")}
        )
        decisions = {_key(e): self._decision(e, members) for e in self._root.all("decision")}
        knowledge = {
            _key(e): self._knowledge(e, members) for e in self._root.all("businessKnowledgeModel")
        }
        self._no_circle({key: item.scope.values() for key, item in (decisions | knowledge).items()})
        return Graph(
            name=self._root.get("name"),
            namespace=self._root.get("namespace"),
            file=self._file,
            hash=content_hash(self._root),
            inputs={_key(e): self._input(e) for e in self._root.all("inputData")},
            decisions=decisions,
            knowledge=knowledge,
            types=types,
            problems=tuple(self._problems),
        )

    def _input(self, element: Element) -> InputData:
        return InputData(
            _key(element), _name(element), _type_name(element), Position(element.line, 1)
        )

    def _decision(self, element: Element, members: Names) -> Decision:
        scope = self._scope(element)
        boxed = self._boxed(element, scope, members)
        return Decision(
            _key(element), _name(element), _type_name(element), Position(element.line, 1),
            scope, boxed.logic_of(element),
        )  # fmt: skip

    def _knowledge(self, element: Element, members: Names) -> Knowledge:
        scope = self._scope(element)
        function = element.first("encapsulatedLogic")
        formal = function.all("formalParameter") if function else []
        parameters = tuple(parameter.get("name") for parameter in formal)
        boxed = self._boxed(element, scope, members)
        logic = boxed.with_names(parameters).logic_of(function) if function else None
        return Knowledge(
            _key(element),
            _name(element),
            Position(element.line, 1),
            scope,
            parameters,
            tuple(parameter.get("typeRef") for parameter in formal),
            _type_name(element),
            logic,
        )

    def _boxed(self, element: Element, scope: Mapping[str, str], members: Names) -> Boxed:
        names = Names([*BUILTINS, *scope])
        problems = self._problems if self._tolerant else None
        return Boxed(self._file, element.get("name"), names, members, problems)

    def _scope(self, element: Element) -> dict[str, str]:
        """Names that the element's requirements bring into scope, with the ids behind them."""
        scope: dict[str, str] = {}
        for requirement in element.children:
            if requirement.tag not in ("informationRequirement", "knowledgeRequirement"):
                continue
            for link in requirement.children:
                if not link.tag.startswith("required"):
                    continue
                key = link.get("href").rpartition("#")[2]
                if key in self._elements:
                    scope[_variable_name(self._elements[key])] = key
                else:
                    self._problem(
                        f"requires {link.get('href')!r}, which does not exist", element, link.line
                    )
        return scope

    def _problem(self, message: str, element: Element, line: int) -> None:
        error = DmnError(
            message,
            file=self._file,
            node=element.get("name"),
            line=line,
            rule="ids and references agree",
        )
        if not self._tolerant:
            raise error
        self._problems.append(str(error))

    def _no_circle(self, requirements: Mapping[str, object]) -> None:
        done: set[str] = set()

        def visit(key: str, path: tuple[str, ...]) -> None:
            if key in path:
                raise DmnError(
                    "requires itself: "
                    + " -> ".join(_name(self._elements[k]) for k in (*path, key)),
                    file=self._file,
                    node=_name(self._elements[key]),
                    line=self._elements[key].line,
                    rule="no circle of requirements",
                )
            if key in done:
                return
            for required in requirements.get(key, ()):  # type: ignore[attr-defined]
                visit(required, (*path, key))
            done.add(key)

        for key in requirements:
            visit(key, ())

    def _item(self, element: Element) -> ItemType:
        boxed = Boxed(self._file, element.get("name"), Names(BUILTINS), Names(), self._problems)
        allowed = element.first("allowedValues") or element.first("typeConstraint")
        return ItemType(
            name=element.get("name"),
            base=element.child_text("typeRef").removeprefix("feel:"),
            is_list=element.get("isCollection") == "true",
            allowed=boxed.tests_of(allowed) if allowed else None,
            components={
                child.get("name"): self._item(child) for child in element.all("itemComponent")
            },
        )


def _key(element: Element) -> str:
    """The id of the element; ids are optional, so its place stands in for a missing one."""
    return element.get("id") or f"line {element.line}"


def _name(element: Element) -> str:
    return " ".join(element.get("name").split())


def _variable_name(element: Element) -> str:
    """The name by which logic reads the element; the standard wants it equal to its own."""
    variable = element.first("variable")
    return " ".join((variable.get("name") if variable else "").split()) or _name(element)


def _type_name(element: Element) -> str:
    variable = element.first("variable")
    return variable.get("typeRef") if variable else ""


def _component_names(element: Element) -> list[str]:
    """Every name that may follow a point: components of types and outputs of tables."""
    names = [e.get("name") for e in element.all("itemComponent") if e.get("name")]
    names += [e.get("name") for e in element.all("output") if e.get("name")]
    for child in element.children:
        names += _component_names(child)
    return names
