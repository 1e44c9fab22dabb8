"""Models made in Python: each step gives a new draft, which becomes XML or a model to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path

from tael.dmn.authoring.declarations import (
    Declaration,
    reason_element,
    reasons_element,
)
from tael.dmn.authoring.forms import Logic, element_of, parameter_elements, quoted
from tael.dmn.authoring.grid import Judge
from tael.dmn.authoring.reading import reading_part
from tael.dmn.authoring.table import Table, table_of
from tael.dmn.collection import collecting_later
from tael.dmn.errors import DmnError, FeelSyntaxError
from tael.dmn.evaluate import Model, loads
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.names import Names, Vocabulary
from tael.dmn.feel.parser import parse_expression, parse_unary_tests
from tael.dmn.feel.simple_cells import are_simple_tests, is_simple_value
from tael.dmn.feel.syntax import Name
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.model.boxed import Boxed, Place
from tael.dmn.model.item_definitions import item_type
from tael.dmn.model.namespaces import CURRENT, REASONS, VERSIONS
from tael.dmn.model.writer import element, write
from tael.dmn.model.xml import Element, parse

_REQUIREMENTS = {
    "inputData": ("informationRequirement", "requiredInput"),
    "decision": ("informationRequirement", "requiredDecision"),
    "businessKnowledgeModel": ("knowledgeRequirement", "requiredKnowledge"),
    "decisionService": ("knowledgeRequirement", "requiredKnowledge"),
}
# The order that the schema of DMN asks for.
_ORDER = {"description": 0, "extensionElements": 1, "import": 2, "itemDefinition": 3, "DMNDI": 9}
_ANY_OTHER = 5
_NAMING = ("itemComponent", "output", "column", "variable", "formalParameter")
_NOT_SAID = {"decisionTable", "extensionElements"}
_LINKS = {link for link, _ in _REQUIREMENTS.values()}
_BEFORE_LINKS = ("description", "extensionElements", "question", "allowedAnswers", "variable")
_TELLING = ("name", "typeRef", "isCollection", "kind")
_NO_ID = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class Draft:
    """A model that is being written.

    Every method gives a new draft and leaves this one as it is. What logic reads must be there
    before it: so requirements are found by themselves and never go in a circle.

    Attributes:
        root: the ``definitions`` element.
        imported: drafts of the models that are used, by their prefix.
    """

    root: Element
    imported: tuple[tuple[str, Draft], ...] = ()

    @staticmethod
    def new(name: str, namespace: str) -> Draft:
        """An empty model; ``namespace`` is any URI that nobody else uses."""
        return Draft(
            element("definitions", {"id": _id(name), "name": name, "namespace": namespace})
        )

    @staticmethod
    def read(source: str | Path) -> Draft:
        """The model in the DMN file ``source``, a ``Path``, or in the DMN text ``source``.

        Raises:
            DmnError: no DMN 1.1 to 1.5; names file and line.
        """
        name = str(source) if isinstance(source, Path) else "<text>"
        try:
            data = source.read_bytes() if isinstance(source, Path) else source.encode()
        except OSError as error:
            raise DmnError(f"cannot be read: {error.strerror}", file=name) from None
        with collecting_later():
            root = parse(data, name)
        if root.tag != "definitions" or root.namespace not in VERSIONS:
            raise DmnError(
                f"the root element is {root.tag!r}, not DMN 1.1 to 1.5",
                file=name, line=root.line, rule="definitions of DMN",
            )  # fmt: skip
        return Draft(root)

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.root.get("name")

    def type(
        self,
        name: str,
        base: str = "",
        *,
        components: Mapping[str, str] | None = None,
        allowed: str = "",
        collection: bool = False,
    ) -> Draft:
        """Add an item definition: a base type, or components with the names of their types.

        ``allowed`` are unary tests that values (of a collection, each item) must pass.
        """
        tests = [element("allowedValues", None, element("text", text=allowed))] if allowed else []
        parts = [
            element("itemComponent", {"name": each}, element("typeRef", text=kind))
            for each, kind in (components or {}).items()
        ]
        reference = [element("typeRef", text=base)] if base else []
        many = "true" if collection else ""
        return self._add(
            element(
                "itemDefinition", {"name": name, "isCollection": many}, *reference, *tests, *parts
            )
        )

    def uses(self, prefix: str, other: Draft, location: str = "") -> Draft:
        """Import ``other``: its elements are then called ``prefix.name``."""
        link = {
            "name": prefix,
            "namespace": other.root.get("namespace"),
            "importType": other.root.namespace,
            "locationURI": location,
        }
        return replace(
            self._add(element("import", link)), imported=(*self.imported, (prefix, other))
        )

    def input(self, name: str, type: str = "", allowed: str = "") -> Draft:  # noqa: A002 - the word of the standard
        """Add input data of a type, built in or of this model.

        ``allowed``, unary tests, are kept in a type of its own, called ``name values``.
        """
        if allowed:
            return self.type(f"{name} values", type, allowed=allowed).input(name, f"{name} values")
        return self._add(element("inputData", self._named(name), _variable(name, type)))

    def decision(self, name: str, logic: Logic, type: str = "") -> Draft:  # noqa: A002 - the same
        """Add a decision.

        Raises:
            DmnError: logic that is not FEEL, or that reads what is not there yet.
        """
        boxed = element_of(logic)
        made = element("decision", self._named(name), _variable(name, type))
        made.children += [*self._requirements(name, boxed), boxed]
        return self._add(made)

    def knowledge(
        self,
        name: str,
        logic: Logic,
        parameters: Mapping[str, str],
        type: str = "",  # noqa: A002 - the word of the standard
    ) -> Draft:
        """Add a business knowledge model: a function of ``parameters``, names with their types."""
        body = element_of(logic)
        function = element("encapsulatedLogic", None, *parameter_elements(parameters), body)
        return self._knowledge(name, function, type)

    def external(self, name: str, model: str, parameters: Mapping[str, str]) -> Draft:
        """Add a business knowledge model that calls the registered function ``model``.

        The function is of kind PMML; see ``Model.with_functions``.
        """
        entries = [
            element(
                "contextEntry",
                None,
                element("variable", {"name": key}),
                element("literalExpression", None, element("text", text=quoted(value))),
            )
            for key, value in (("document", model), ("model", model))
        ]
        own = {"kind": "PMML"}
        made = element("encapsulatedLogic", own, *parameter_elements(parameters))
        made.children.append(element("context", None, *entries))
        return self._knowledge(name, made, "")

    def service(self, name: str, outputs: Sequence[str], inputs: Sequence[str] = ()) -> Draft:
        """Add a decision service: the decisions it gives, and the inputs or decisions it takes."""
        links = [element("outputDecision", {"href": self._link(each, name)}) for each in outputs]
        for each in inputs:
            tag = "inputData" if self._find(each, name).tag == "inputData" else "inputDecision"
            links.append(element(tag, {"href": self._link(each, name)}))
        return self._add(element("decisionService", self._named(name), _variable(name, ""), *links))

    def reason(self, code: str, texts: Mapping[str, str], concept: str = "") -> Draft:
        """Add a reason: its code and its texts by locale, ``zh`` and ``en``.

        Reasons of one ``concept`` are told once.
        """
        return self._with_reasons(self._chooser(), reason_element(code, texts, concept))

    def medians_by(self, decision: str) -> Draft:
        """Let the value of ``decision``, a tier for instance, choose whose medians are meant.

        Raises:
            DmnError: there is no such decision yet.
        """
        self._find(decision, decision)
        return self._with_reasons(decision)

    def declares(self, node: str, declaration: Declaration) -> Draft:
        """Let the decision or knowledge model ``node`` stand behind reasons.

        Raises:
            DmnError: there is no such element yet.
        """
        found = self._find(node, node)
        children = list(self.root.children)
        place = next(n for n, each in enumerate(children) if each is found)
        children[place] = _extended(found, declaration.element())
        return replace(self, root=replace(self.root, children=children))

    def tables(self) -> dict[str, Table]:
        """The decision tables by the names of their decisions or knowledge models.

        One that stands inside a context is called ``decision / entry``.
        """
        with collecting_later():
            return {name: table_of(found) for name, _, _, found in self._tables()}

    def with_table(self, name: str, table: Table) -> Draft:
        """The model with another table at the place of that of ``name``.

        The type and the declared reasons of the old one stay where the new one has none; what the
        new one reads besides is required.

        Raises:
            DmnError: there is none of this name.
        """
        for known, path, parent, found in self._tables():
            if known == name:
                with collecting_later():
                    made = table.element()
                _rename(made, self.root.namespace)
                _keep(made, found)
                children = [made if each is found else each for each in parent.children]
                owner = _replaced(self.root, path, children).children[path[0]]
                local = set(_names_along(self.root.children[path[0]], path[1:]))
                return self._instead(path[0], self._requiring(owner, made, local))
        names = ", ".join(self.tables()) or "none"
        raise DmnError(
            f"no table is called {name!r}; there are {names}",
            file=self.name, node=name, rule="a table of the model",
        )  # fmt: skip

    def wording(self) -> dict[str, str]:
        """What each named element says outside its tables: names, types and texts, in order.

        By kind and name (``decision tier``), with what it declares of reasons; those of the model
        are called ``reasons``. Ids and layout are left out, so that two models that mean the same
        say the same.
        """
        found = {
            f"{each.tag} {each.get('name')}": " ".join(_said(each))
            for each in self.root.children
            if each.get("name")
        }
        known = self._reasons()
        return found if known is None else found | {"reasons": " ".join(_declared(known))}

    def judge(self) -> Judge:
        """What ``read_tables`` asks of each cell: is it FEEL, with names that the model has?"""
        scopes: dict[str, Names] = {}
        owners = {name: self.root.children[path[0]] for name, path, _, _ in self._tables()}
        types = self._types()
        vocabulary = Vocabulary.of(_members(self.root), types.items)

        def says(table: str, text: str, test: bool) -> str:  # noqa: FBT001 - the shape of a Judge
            if text.strip() and (are_simple_tests if test else is_simple_value)(text):
                return ""  # most cells of a large table: they read no name
            if table not in scopes:
                local = _members(owners[table]) if table in owners else ()
                scopes[table] = Names([*BUILTINS, *self._by_name(), *local])
            parse_cell = parse_unary_tests if test else parse_expression
            try:
                parsed = parse_cell(text, scopes[table], vocabulary, line=1)
            except FeelSyntaxError as error:
                return f"{error.message} at column {error.column} of {text!r}"
            return f"{parsed.unknown[0][0]!r} is not a name in scope" if parsed.unknown else ""

        return says

    def to_xml(self) -> str:
        """The model as DMN 1.5 text (a model that was read keeps its version)."""
        with collecting_later():
            return write(self.root)

    def model(self, *, tolerant: bool = False) -> Model:
        """The model, ready to run."""
        texts = {other.root.get("namespace"): other.to_xml() for _, other in self.imported}
        return loads(self.to_xml(), file=self.name, tolerant=tolerant, imports=texts)

    # --- inside

    def _instead(self, place: int, made: Element) -> Draft:
        """The model with ``made`` as the child at ``place``."""
        children = list(self.root.children)
        children[place] = made
        return replace(self, root=replace(self.root, children=children))

    def _requiring(self, owner: Element, logic: Element, local: AbstractSet[str]) -> Element:
        """A decision with the requirements that ``logic`` in it has and it had not.

        Names that are ``local`` where the logic stands are of no other element.
        """
        if owner.tag != "decision":  # what a knowledge model reads are its parameters
            return owner
        links = [each for each in owner.children if each.tag in _LINKS]
        had = {part.get("href") for each in links for part in each.children}
        read = self._requirements(owner.get("name"), logic, local)
        more = [each for each in read if each.children[0].get("href") not in had]
        for each in more:
            _rename(each, self.root.namespace)
        if not more:
            return owner
        children = [each for each in owner.children if each.tag not in _LINKS]
        place = 1 + max(
            (n for n, each in enumerate(children) if each.tag in _BEFORE_LINKS), default=-1
        )
        ordered = sorted([*links, *more], key=lambda each: each.tag)
        return replace(owner, children=[*children[:place], *ordered, *children[place:]])

    def _knowledge(self, name: str, function: Element, kind: str) -> Draft:
        made = element("businessKnowledgeModel", self._named(name), _variable(name, kind))
        made.children += [function, *self._requirements(name, function)]
        return self._add(made)

    def _chooser(self) -> str:
        known = self._reasons()
        return known.get("medians") if known else ""

    def _reasons(self) -> Element | None:
        holder = self.root.first("extensionElements")
        return holder.first("reasons") if holder else None

    def _with_reasons(self, chooser: str, *more: Element) -> Draft:
        known = self._reasons()
        made = reasons_element(chooser, [*(known.children if known else ()), *more])
        return replace(self, root=_extended(self.root, made, instead_of=known))

    def _add(self, made: Element) -> Draft:
        if made.namespace != self.root.namespace:
            _rename(made, self.root.namespace)
        children = [*self.root.children, made]
        children.sort(key=lambda each: _ORDER.get(each.tag, _ANY_OTHER))
        return replace(self, root=replace(self.root, children=children))

    def _named(self, name: str) -> dict[str, str]:
        if name in self._by_name():
            raise DmnError(
                f"a second element is called {name!r}", file=self.name, node=name,
                rule="one name an element",
            )  # fmt: skip
        ids = {each.get("id") for each in self.root.children}
        wanted, number = _id(name), 1
        while wanted in ids:
            number += 1
            wanted = f"{_id(name)}_{number}"
        return {"id": wanted, "name": name}

    def _by_name(self) -> dict[str, tuple[str, Element]]:
        """Each element that logic may read, by its name, with the reference to it."""
        found = {
            each.get("name"): (f"#{each.get('id')}", each)
            for each in self.root.children
            if each.tag in _REQUIREMENTS
        }
        for prefix, other in self.imported:
            namespace = other.root.get("namespace")
            for name, (link, each) in other._by_name().items():  # noqa: SLF001 - of the same class
                found[f"{prefix}.{name}"] = (namespace + link, each)
        return found

    def _find(self, name: str, node: str) -> Element:
        known = self._by_name()
        if name not in known:
            raise DmnError(
                f"there is no {name!r} yet; there are {', '.join(known) or 'none'}",
                file=self.name, node=node, rule="defined before it is used",
            )  # fmt: skip
        return known[name][1]

    def _link(self, name: str, node: str) -> str:
        self._find(name, node)
        return self._by_name()[name][0]

    def _requirements(
        self, node: str, boxed: Element, local: AbstractSet[str] = frozenset()
    ) -> list[Element]:
        """What ``boxed`` reads of the elements that are there, in the order of the file."""
        known = self._by_name()
        reader = self._reader(node, [*known, *local])
        holder = element("decision", None, reading_part(boxed))
        is_function = boxed.tag == "encapsulatedLogic"
        tree = reader.function(reading_part(boxed)) if is_function else reader.logic_of(holder)
        read = set(_names(tree))
        required = [
            element(
                _REQUIREMENTS[each.tag][0],
                None,
                element(_REQUIREMENTS[each.tag][1], {"href": link}),
            )
            for name, (link, each) in known.items()
            if name in read - local
        ]
        return sorted(required, key=lambda each: each.tag)  # information before knowledge

    def _reader(self, node: str, names: Sequence[str]) -> Boxed:
        types = self._types()
        roots = [self.root, *(other.root for _, other in self.imported)]
        members = [name for root in roots for name in _members(root)]
        place = Place(
            self.name, node, Names([*BUILTINS, *names]), Vocabulary.of(members, types.items), types
        )
        return Boxed(place, None)

    def _types(self) -> TypeSystem:
        """The types of the draft: enough to know their names while reading."""
        place = Place(self.name, "", Names(BUILTINS), Vocabulary.of(), TypeSystem())
        boxed = Boxed(place, None)
        items = {
            each.get("name"): item_type(each, boxed.tests_of)
            for each in self.root.all("itemDefinition")
        }
        for prefix, other in self.imported:
            for name, item in other._types().items.items():  # noqa: SLF001 - same class
                items[f"{prefix}.{name}"] = item  # type: ignore[assignment]
        return TypeSystem(items)

    def _tables(self) -> Iterator[tuple[str, tuple[int, ...], Element, Element]]:
        """Name, path to the parent, parent and table of each decision table."""
        seen: dict[str, int] = {}
        for number, each in enumerate(self.root.children):
            if each.tag not in ("decision", "businessKnowledgeModel"):
                continue
            for name, path, parent, table in _tables_in(each, each.get("name"), (number,)):
                seen[name] = seen.get(name, 0) + 1
                yield (name if seen[name] == 1 else f"{name} #{seen[name]}"), path, parent, table


def _tables_in(
    parent: Element, name: str, path: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...], Element, Element]]:
    for number, child in enumerate(parent.children):
        if child.tag == "decisionTable":
            yield name, path, parent, child
            continue
        variable = child.first("variable") if child.tag == "contextEntry" else None
        inner = f"{name} / {variable.get('name')}" if variable else name
        yield from _tables_in(child, inner, (*path, number))


def _keep(made: Element, found: Element) -> None:
    """Give the new table what the old one has and a grid of cells does not show."""
    if found.get("typeRef"):
        made.attributes.setdefault("typeRef", found.get("typeRef"))
    extensions = found.first("extensionElements")
    if extensions and not made.first("extensionElements"):
        made.children.insert(bool(made.first("description")), extensions)


def _declared(found: Element) -> Iterator[str]:
    """A declaration of reasons, whole."""
    yield " ".join([found.tag, *(f"{name}={value}" for name, value in found.attributes.items())])
    if found.text.strip():
        yield " ".join(found.text.split())
    for child in found.children:
        yield from _declared(child)


def _said(found: Element, *, declared_alone: bool = False) -> Iterator[str]:
    """Texts of an element and of all within it; of tables and extensions what they declare."""
    for child in found.children:
        if child.namespace == REASONS:
            yield from _declared(child)
        elif child.tag not in _LINKS:
            alone = declared_alone or child.tag in _NOT_SAID
            if not alone:
                yield from (f"{name}={child.get(name)}" for name in _TELLING if child.get(name))
                yield from [" ".join(child.text.split())] if child.text.strip() else []
            yield from _said(child, declared_alone=alone)


def _extended(found: Element, made: Element, instead_of: Element | None = None) -> Element:
    """``found`` with one more extension element."""
    holder = found.first("extensionElements") or Element(
        found.namespace, "extensionElements", {}, 0
    )
    kept = [each for each in holder.children if each is not instead_of]
    after = bool(found.first("description"))
    children = [each for each in found.children if each is not holder]
    children.insert(after, replace(holder, children=[*kept, made]))
    return replace(found, children=children)


def _replaced(root: Element, path: tuple[int, ...], children: list[Element]) -> Element:
    """``root`` with other children of the element at ``path``; nothing is changed in place."""
    if not path:
        return replace(root, children=children)
    inner = list(root.children)
    inner[path[0]] = _replaced(inner[path[0]], path[1:], children)
    return replace(root, children=inner)


def _variable(name: str, kind: str) -> Element:
    return element("variable", {"name": name, "typeRef": kind})


def _id(name: str) -> str:
    return "_" + _NO_ID.sub("_", name)


def _rename(made: Element, namespace: str) -> None:
    """A draft that was read keeps its version: what is added speaks it, too."""
    if namespace == CURRENT:
        return
    if made.namespace == CURRENT:
        made.namespace = namespace
    for child in made.children:
        _rename(child, namespace)


def _members(root: Element) -> Iterator[str]:
    """Names that logic may meet: components of types, outputs, entries, parameters."""
    if root.tag in _NAMING and root.get("name"):
        yield root.get("name")
    for child in root.children:
        if child.tag != "rule":  # cells bring no names, and there are very many
            yield from _members(child)


def _names_along(owner: Element, path: tuple[int, ...]) -> Iterator[str]:
    """Names that the boxed forms around the place at ``path`` bring: entries, parameters, items."""
    for number in path:
        if owner.tag == "context":  # an entry knows those before it
            entries = [each.first("variable") for each in owner.children[:number]]
            yield from (" ".join(each.get("name").split()) for each in entries if each)
        yield from (each.get("name") for each in owner.all("formalParameter"))
        if owner.get("iteratorVariable"):
            yield owner.get("iteratorVariable")
        owner = owner.children[number]


def _names(tree: object) -> Iterator[str]:
    """Every name that a tree reads, local ones too."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Name):
            yield each.name
        elif isinstance(each, tuple):
            waiting.extend(each)
        else:
            kind: type = type(each)
            waiting.extend(getattr(each, part) for part in _parts(kind))


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """What of a node may hold other nodes."""
    if issubclass(kind, Position) or not is_dataclass(kind):
        return ()
    return tuple(part.name for part in fields(kind))
