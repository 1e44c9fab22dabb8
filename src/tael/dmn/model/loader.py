"""DMN XML to the graph. Names are resolved here, so that parsing knows its scope."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tael.dmn.errors import DmnError
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names, Vocabulary
from tael.dmn.feel.syntax import (
    ContextType,
    FunctionType,
    ItemType,
    ListType,
    NamedType,
    RangeType,
    TypeExpression,
)
from tael.dmn.feel.type_system import ANY, TypeSystem
from tael.dmn.model.boxed import Boxed, Place
from tael.dmn.model.canonical import canonical_text
from tael.dmn.model.graph import Decision, Fault, Graph, InputData, Knowledge, Service
from tael.dmn.model.imports import Resolver
from tael.dmn.model.item_definitions import item_type
from tael.dmn.model.namespaces import VERSIONS
from tael.dmn.model.reason_carriers import Carrier, Declared, ReasonText, carriers_of, texts_of
from tael.dmn.model.xml import Element

_BUILT_IN = Names(BUILTINS)
_DEEPEST_IMPORTS = 16
_MOST_ELEMENTS = 50_000
_IMPORTS = "imported models are beside the file"
_NODES = ("inputData", "decision", "businessKnowledgeModel", "decisionService")


def read_graph(root: Element, file: str, resolve: Resolver, *, tolerant: bool) -> Graph:
    """The graph of a ``definitions`` element and of all it imports.

    Raises:
        DmnError: not DMN 1.1 to 1.5, a broken reference or expression, a name nobody declared, an
            import that is not found, a circle of requirements or imports. When ``tolerant``, broken
            expressions are null and are listed among ``problems`` instead.
    """
    parts = _Parts()
    _Loader(root, file, parts, tolerant=tolerant, resolve=resolve).load()
    _no_circle(parts, file)
    return Graph(
        name=root.get("name"),
        namespace=root.get("namespace"),
        file=file,
        hash=_hash_of(parts),
        inputs=parts.inputs,
        decisions=parts.decisions,
        knowledge=parts.knowledge,
        services=parts.services,
        types=parts.types,
        problems=tuple(str(fault.error) for fault in parts.problems),
        faults=tuple(parts.problems),
        files=parts.files,
        type_lines=parts.type_lines,
        reasons=Declared(parts.carriers, parts.texts, parts.chooser),
    )


@dataclass
class _Parts:
    """What the loaders of a model and of its imports fill together."""

    inputs: dict[str, InputData] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    types: dict[str, TypeSystem] = field(default_factory=dict)
    hashes: list[str] = field(default_factory=list)
    problems: list[Fault] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    type_lines: dict[str, dict[str, int]] = field(default_factory=dict)
    carriers: dict[str, tuple[Carrier, ...]] = field(default_factory=dict)
    texts: dict[str, ReasonText] = field(default_factory=dict)
    chooser: str = ""


def _hash_of(parts: _Parts) -> str:
    """The hash of the one file, or of all of them in the order of import."""
    if len(parts.hashes) == 1:
        return parts.hashes[0]
    return hashlib.sha256("".join(parts.hashes).encode()).hexdigest()


def content_hash(root: Element) -> str:
    """SHA-256 of what the model says: layout, diagrams and foreign extensions do not count."""
    return hashlib.sha256(canonical_text(root).encode()).hexdigest()


class _Loader:
    """Reads one file into ``parts``, under the path of imports that leads to it."""

    def __init__(
        self, root: Element, file: str, parts: _Parts, *, tolerant: bool, resolve: Resolver
    ) -> None:
        self._root = root
        self._file = file
        self._parts = parts
        self._tolerant = tolerant
        self._resolve = resolve
        self._path = ""
        self._imports: dict[str, _Loader] = {}
        self._elements: dict[str, Element] = {}

    def load(self) -> None:
        """Read the imports, then the types, then the elements in any order."""
        self._check_root()
        self._parts.files[self._path] = self._file
        self._parts.type_lines[self._path] = _lines_of(self._root, "itemDefinition", "")
        self._parts.hashes.append(content_hash(self._root))
        for child in self._root.children:
            if child.tag in _NODES:
                if _key(child) in self._elements:
                    self._problem(f"a second element has the id {_key(child)!r}", child, child.line)
                self._elements[_key(child)] = child
        if len(self._elements) > _MOST_ELEMENTS:
            raise DmnError("too many elements", file=self._file, rule=f"at most {_MOST_ELEMENTS}")
        for element in self._root.all("import"):
            self._import(element)
        self._types = TypeSystem(self._items())
        self._parts.types[self._path] = self._types
        self._vocabulary = Vocabulary.of(_component_names(self._root), self._types.items)
        self._read_elements()
        self._read_reasons()

    def _check_root(self) -> None:
        root = self._root
        if root.tag != "definitions" or root.namespace not in VERSIONS:
            raise DmnError(
                f"the root element is {root.tag!r} of {root.namespace!r}, not DMN 1.1 to 1.5",
                file=self._file,
                line=root.line,
                rule="definitions of DMN 1.1, 1.2, 1.3, 1.4 or 1.5",
            )

    def _import(self, element: Element) -> None:
        kind = element.get("importType")
        if kind not in VERSIONS:
            self._problem(
                f"an import of type {kind!r} is not read", element, element.line, _IMPORTS
            )
            return
        name, namespace = " ".join(element.get("name").split()), element.get("namespace")
        path = f"{self._path}{name}." if name else self._path
        if path.count(".") > _DEEPEST_IMPORTS:
            raise DmnError(
                "imports go round in a circle, or too deep", file=self._file, line=element.line,
                node=name, rule=f"at most {_DEEPEST_IMPORTS} imports in a row",
            )  # fmt: skip
        found = self._resolve(namespace, element.get("locationURI"))
        if found is None:
            message = f"no model of namespace {namespace!r} is found"
            self._problem(message, element, element.line, _IMPORTS)
            return
        loader = _Loader(*found, self._parts, tolerant=self._tolerant, resolve=self._resolve)
        loader._path = path
        self._imports[namespace] = loader
        loader.load()

    def _items(self) -> dict[str, TypeExpression]:
        """Item definitions of this file by name, those of its imports by their prefixed names."""
        items: dict[str, TypeExpression] = {}
        for loader in self._imports.values():
            prefix = loader._path.removeprefix(self._path)  # noqa: SLF001 - of the same class
            for name, item in loader._types.items.items():  # noqa: SLF001 - of the same class
                items[prefix + name] = _prefixed(item, prefix, loader._types)  # noqa: SLF001 - same
        boxed = self._reader("", Names(BUILTINS), Vocabulary.of())
        for element in self._root.all("itemDefinition"):
            items[element.get("name")] = item_type(element, boxed.tests_of)
        return items

    def _read_elements(self) -> None:
        parts = self._parts
        for key, element in self._elements.items():
            if element.tag == "inputData":
                parts.inputs[self._path + key] = self._input(element)
            elif element.tag == "decision":
                parts.decisions[self._path + key] = self._decision(element)
            elif element.tag == "businessKnowledgeModel":
                parts.knowledge[self._path + key] = self._knowledge(element)
            else:
                parts.services[self._path + key] = self._service(element)

    def _read_reasons(self) -> None:
        """Declarations by key; texts and chooser of the file win over those of its imports."""
        parts = self._parts
        for key, element in self._elements.items():
            found = carriers_of(element, self._problem)
            if found:
                parts.carriers[self._path + key] = found
        texts, chooser = texts_of(self._root, self._problem)
        parts.texts.update(texts)
        parts.chooser = self._path + chooser if chooser else parts.chooser

    def _input(self, element: Element) -> InputData:
        return InputData(
            id=self._path + _key(element),
            name=_name(element),
            path=self._path,
            type_name=_type_name(element),
            type=self._type(_type_name(element), element),
            at=Position(element.line, 1),
        )

    def _decision(self, element: Element) -> Decision:
        scope = self._scope(element)
        return Decision(
            id=self._path + _key(element),
            name=_name(element),
            path=self._path,
            type_name=_type_name(element),
            type=self._type(_type_name(element), element),
            at=Position(element.line, 1),
            scope=scope,
            logic=self._boxed(element, scope).logic_of(element),
        )

    def _knowledge(self, element: Element) -> Knowledge:
        scope = self._scope(element)
        function = element.first("encapsulatedLogic")
        formal = function.all("formalParameter") if function else []
        boxed = self._boxed(element, scope).with_names((_variable_name(element),))  # recursion
        literal = boxed.function(function) if function else None
        return Knowledge(
            id=self._path + _key(element),
            name=_name(element),
            path=self._path,
            at=Position(element.line, 1),
            scope=scope,
            parameters=tuple(parameter.get("name") for parameter in formal),
            parameter_types=tuple(self._type(p.get("typeRef"), p) for p in formal),
            type=None
            if _is_function_type(self._types, element)
            else self._type(_type_name(element), element),
            logic=literal,
        )

    def _service(self, element: Element) -> Service:
        def keys(tag: str) -> tuple[str, ...]:
            wanted = "inputData" if tag == "inputData" else "decision"
            links = [link for link in element.all(tag) if self._leads_to(link, element, wanted)]
            found = (self._find(link.get("href"), element, link.line) for link in links)
            return tuple(key for key in found if key is not None)

        return Service(
            id=self._path + _key(element),
            name=_name(element),
            path=self._path,
            at=Position(element.line, 1),
            inputs=keys("inputData") + keys("inputDecision"),
            outputs=keys("outputDecision"),
            type=self._type(_type_name(element), element),
        )

    def _type(self, reference: str, element: Element) -> TypeExpression | None:
        """The type a ``typeRef`` means; None for any and for one that is unknown, a problem."""
        if not reference.strip():
            return None
        found = self._types.resolve(reference)
        if found is None:
            message = f"there is no type {reference!r}"
            self._problem(message, element, element.line, "declared type", reference)
        return None if found == ANY else found

    def _boxed(self, element: Element, scope: Mapping[str, str]) -> Boxed:
        names = Names(scope, _BUILT_IN)
        return self._reader(element.get("name"), names, self._vocabulary)

    def _reader(self, node: str, names: Names, vocabulary: Vocabulary) -> Boxed:
        problems = self._parts.problems if self._tolerant else None
        types = self._parts.types.get(self._path, TypeSystem())
        place = Place(self._file, node, names, vocabulary, types)
        return Boxed(place, problems)

    def _scope(self, element: Element) -> dict[str, str]:
        """Names that the element's requirements bring into scope, with the keys behind them."""
        scope: dict[str, str] = {}
        for requirement in element.children:
            if requirement.tag not in ("informationRequirement", "knowledgeRequirement"):
                continue
            for link in requirement.children:
                if not link.tag.startswith("required"):
                    continue
                href = link.get("href")
                key = self._find(href, element, link.line)
                if key == self._path + _key(element) and element.tag == "businessKnowledgeModel":
                    continue  # its own name is known to it as it is
                if key is not None:
                    loader = self._owner(href)
                    own = loader._elements[href.rpartition("#")[2]]  # noqa: SLF001 - same class
                    prefix = loader._path.removeprefix(self._path)  # noqa: SLF001 - same class
                    scope[prefix + _variable_name(own)] = key
        return scope

    def _owner(self, href: str) -> _Loader:
        """The loader of the file that the reference leads to; this one for a local reference."""
        return self._imports.get(href.rpartition("#")[0], self)

    def _leads_to(self, link: Element, element: Element, wanted: str) -> bool:
        """Whether what a service names is of the kind it must be; a problem when it is not."""
        own = self._owner(link.get("href"))._elements.get(link.get("href").rpartition("#")[2])  # noqa: SLF001 - same class
        if own is not None and own.tag != wanted:
            self._problem(f"{link.get('href')!r} is no {wanted}", element, link.line)
            return False
        return True

    def _find(self, href: str, element: Element, line: int) -> str | None:
        """The key of the element a reference means; None, a problem, when there is none."""
        loader, key = self._owner(href), href.rpartition("#")[2]
        if key not in loader._elements:  # noqa: SLF001 - of the same class
            self._problem(f"requires {href!r}, which does not exist", element, line)
            return None
        return loader._path + key  # noqa: SLF001 - of the same class

    def _problem(
        self,
        message: str,
        element: Element,
        line: int,
        rule: str = "ids and references agree",
        text: str = "",
    ) -> None:
        error = DmnError(message, file=self._file, node=element.get("name"), line=line, rule=rule)
        if not self._tolerant:
            raise error
        self._parts.problems.append(Fault(error, text=text))


def _no_circle(parts: _Parts, file: str) -> None:
    """Requirements must not lead back; walked without recursion, for they may be long."""
    nodes: dict[str, Decision | Knowledge] = {**parts.decisions, **parts.knowledge}
    done: set[str] = set()
    for start in nodes:
        path: list[str] = []
        waiting = [(start, False)]
        while waiting:
            key, leaving = waiting.pop()
            if leaving:
                done.add(path.pop())
            elif key in path:
                raise DmnError(
                    "requires itself: " + " -> ".join(nodes[k].name for k in (*path, key)),
                    file=file,
                    node=nodes[key].name,
                    line=nodes[key].at.line,
                    rule="no circle of requirements",
                )
            elif key not in done and key in nodes:
                path.append(key)
                waiting.append((key, True))
                waiting.extend((each, False) for each in nodes[key].scope.values())


def _prefixed(item: TypeExpression, prefix: str, own: TypeSystem) -> TypeExpression:
    """An imported type whose references to its own model bear the prefix of the import."""
    if isinstance(item, NamedType):
        return NamedType(prefix + item.name) if item.name in own.items else item
    if isinstance(item, ItemType):
        return replace(item, type=_prefixed(item.type, prefix, own))
    if isinstance(item, ListType):
        return ListType(_prefixed(item.item, prefix, own))
    if isinstance(item, RangeType):
        return RangeType(_prefixed(item.end, prefix, own))
    if isinstance(item, ContextType):
        return ContextType(
            tuple((name, _prefixed(each, prefix, own)) for name, each in item.entries)
        )
    return FunctionType(
        tuple(_prefixed(each, prefix, own) for each in item.parameters),
        _prefixed(item.result, prefix, own),
    )


def _is_function_type(types: TypeSystem, element: Element) -> bool:
    """A knowledge model's variable may name the type of the function instead of its result's."""
    found = types.resolve(_type_name(element))
    return isinstance(found, ItemType) and isinstance(found.type, FunctionType)


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
        if child.tag != "rule":  # of which there are many, and none declares a name
            names += _component_names(child)
    return names


def _lines_of(element: Element, tag: str, prefix: str) -> dict[str, int]:
    """The lines of item definitions by name, of their components by dotted name."""
    lines: dict[str, int] = {}
    for each in element.all(tag):
        name = prefix + each.get("name")
        lines[name] = each.line
        lines |= _lines_of(each, "itemComponent", f"{name}.")
    return lines
