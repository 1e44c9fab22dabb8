"""A decision table as it is written: texts of cells, before anything is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tael.dmn.model.namespaces import CURRENT
from tael.dmn.model.writer import element, write
from tael.dmn.model.xml import Element, parse

# The same policies by their first letters, as tables show them in their corner.
POLICIES = {
    "U": "UNIQUE", "A": "ANY", "P": "PRIORITY", "F": "FIRST",
    "R": "RULE ORDER", "O": "OUTPUT ORDER", "C": "COLLECT",
}  # fmt: skip
AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")
# What ``more`` may hold: attributes of DMN that have no field, by name; of a part ``part@name``;
# ``description`` as text, ``extensionElements`` (reasons stand there) as XML.
More = Mapping[str, str]
_DESCRIPTION, _EXTENSIONS = "description", "extensionElements"


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A condition column.

    Attributes:
        expression: what it looks at, FEEL.
        type: name of its type; '' for any.
        allowed: the values that may occur, unary tests; '' for all.
        label: a heading for people.
        id: its id in the file.
        more: further attributes: ``inputExpression@id``, ``inputValues@id`` and the like.
    """

    expression: str
    type: str = ""
    allowed: str = ""
    label: str = ""
    id: str = ""
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A conclusion column; ``allowed`` in order of priority, ``default`` where no rule matches."""

    name: str = ""
    type: str = ""
    allowed: str = ""
    default: str = ""
    label: str = ""
    id: str = ""
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one condition an input column, one conclusion an output column, and annotations.

    ``more`` holds attributes of the row, and of its cells by kind and 1-based number:
    ``inputEntry 2@id``.
    """

    conditions: tuple[str, ...]
    conclusions: tuple[str, ...]
    annotations: tuple[str, ...] = ()
    id: str = ""
    description: str = ""
    more: More = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table (DMN 1.5 clause 8).

    Attributes:
        inputs: condition columns.
        outputs: conclusion columns, at least one.
        rules: rows, each with a cell a column.
        hit_policy: UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT, or a letter.
        aggregation: SUM, MIN, MAX, COUNT; '' for none.
        annotations: names of the annotation columns.
        id: its id in the file.
        more: further attributes, such as ``outputLabel``.
    """

    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    rules: tuple[Rule, ...]
    hit_policy: str = "UNIQUE"
    aggregation: str = ""
    annotations: tuple[str, ...] = ()
    id: str = ""
    more: More = field(default_factory=dict)

    def element(self) -> Element:
        """The table as an element of a DMN file."""
        policy = POLICIES.get(self.hit_policy, self.hit_policy)
        own = {"id": self.id, "hitPolicy": policy, "aggregation": self.aggregation}
        parts = [
            *(_input(column) for column in self.inputs),
            *(_output(column) for column in self.outputs),
            *(element("annotation", {"name": name}) for name in self.annotations),
            *(_rule(rule) for rule in self.rules),
        ]
        return _with(element("decisionTable", own, *parts), self.more)


def table_of(found: Element) -> Table:
    """The table in a ``decisionTable`` element; attributes of other namespaces are left behind."""
    return Table(
        inputs=tuple(_input_of(each) for each in found.all("input")),
        outputs=tuple(_output_of(each) for each in found.all("output")),
        rules=tuple(_rule_of(each) for each in found.all("rule")),
        hit_policy=found.get("hitPolicy"),
        aggregation=found.get("aggregation"),
        annotations=tuple(each.get("name") for each in found.all("annotation")),
        id=found.get("id"),
        more=_more(found, ("id", "hitPolicy", "aggregation")),
    )


# --- to elements


def _text(tag: str, text: str) -> Element:
    # A large table is some hundred thousand of these.
    return Element(CURRENT, tag, {}, 0, "", [Element(CURRENT, "text", {}, 0, text)])


def _optional(tag: str, text: str) -> tuple[Element, ...]:
    return (_text(tag, text),) if text else ()


def _input(column: InputColumn) -> Element:
    looked_at = _text("inputExpression", column.expression)
    if column.type:
        looked_at.attributes["typeRef"] = column.type
    made = element(
        "input",
        {"id": column.id, "label": column.label},
        looked_at,
        *_optional("inputValues", column.allowed),
    )
    return _with(made, column.more)


def _output(column: OutputColumn) -> Element:
    own = {
        "id": column.id,
        "name": column.name,
        "label": column.label,
        "typeRef": column.type,
    }
    parts = (
        *_optional("outputValues", column.allowed),
        *_optional("defaultOutputEntry", column.default),
    )
    return _with(element("output", own, *parts), column.more)


def _rule(rule: Rule) -> Element:
    cells = [
        *(_text("inputEntry", text) for text in rule.conditions),
        *(_text("outputEntry", text) for text in rule.conclusions),
        *(_text("annotationEntry", text) for text in rule.annotations),
    ]
    more = {_DESCRIPTION: rule.description} if rule.description else {}
    return _with(element("rule", {"id": rule.id}, *cells), {**more, **rule.more})


def _with(made: Element, more: More) -> Element:
    """``made`` with the further attributes, its own and those of its parts."""
    for name, value in more.items():
        part, at, attribute = name.rpartition("@")
        target = _part(made, part) if at else made
        if target is None:
            continue
        if attribute == _DESCRIPTION:
            target.children.insert(0, element(_DESCRIPTION, text=value))
        elif attribute == _EXTENSIONS:
            target.children.insert(bool(target.first(_DESCRIPTION)), parse(value.encode(), part))
        else:
            target.attributes[attribute] = value
    return made


def _part(made: Element, name: str) -> Element | None:
    tag, _, number = name.partition(" ")
    found = made.all(tag)
    index = int(number or 1) - 1 if (number or "1").isdecimal() else -1
    return found[index] if 0 <= index < len(found) else None


# --- from elements


def _more(found: Element, known: tuple[str, ...]) -> dict[str, str]:
    """What ``found`` has beside its fields: attributes of DMN, description, extension elements."""
    more = {
        name: value
        for name, value in found.attributes.items()
        if name not in known and " " not in name and value
    }
    if found.first(_DESCRIPTION):
        more[_DESCRIPTION] = found.child_text(_DESCRIPTION)
    extensions = found.first(_EXTENSIONS)
    if extensions:
        more[_EXTENSIONS] = write(extensions, declaration=False)
    return more


def _parts_more(found: Element, tags: tuple[str, ...]) -> dict[str, str]:
    more: dict[str, str] = {}
    for tag in tags:
        for number, part in enumerate(found.all(tag), start=1):
            place = tag if number == 1 and len(found.all(tag)) == 1 else f"{tag} {number}"
            known = ("typeRef",) if tag == "inputExpression" else ()
            more |= {f"{place}@{name}": value for name, value in _more(part, known).items()}
    return more


def _text_of(found: Element | None) -> str:
    text = found.first("text") if found else None
    return text.text if text else ""


def _input_of(found: Element) -> InputColumn:
    looked_at = found.first("inputExpression")
    return InputColumn(
        expression=_text_of(looked_at),
        type=looked_at.get("typeRef") if looked_at else "",
        allowed=_text_of(found.first("inputValues")),
        label=found.get("label"),
        id=found.get("id"),
        more=_more(found, ("id", "label")) | _parts_more(found, ("inputExpression", "inputValues")),
    )


def _output_of(found: Element) -> OutputColumn:
    return OutputColumn(
        name=found.get("name"),
        type=found.get("typeRef"),
        allowed=_text_of(found.first("outputValues")),
        default=_text_of(found.first("defaultOutputEntry")),
        label=found.get("label"),
        id=found.get("id"),
        more=_more(found, ("id", "name", "label", "typeRef"))
        | _parts_more(found, ("outputValues", "defaultOutputEntry")),
    )


def _rule_of(found: Element) -> Rule:
    more = _more(found, ("id",))
    description = more.pop(_DESCRIPTION, "")
    return Rule(
        conditions=tuple(_text_of(each) for each in found.all("inputEntry")),
        conclusions=tuple(_text_of(each) for each in found.all("outputEntry")),
        annotations=tuple(_text_of(each) for each in found.all("annotationEntry")),
        id=found.get("id"),
        description=description,
        more=more | _parts_more(found, ("inputEntry", "outputEntry", "annotationEntry")),
    )
