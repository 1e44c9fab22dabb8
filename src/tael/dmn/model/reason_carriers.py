"""Where a model says which reasons it gives: extension elements of namespace ``REASONS``.

DMN 1.5 clause 6.3.2 lets every element carry ``extensionElements`` of another namespace; tools keep
what they do not know. They are read from a decision, a knowledge model, the table or context entry
inside it, and (texts) from the root. What they mean is told in ``tael.dmn.reasons``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tael.dmn.model.namespaces import REASONS
from tael.dmn.model.xml import Element

CHARACTERISTIC, KNOCK_OUT, CODES = "characteristic", "knockOut", "codes"
_LOGIC = (
    "decisionTable", "context", "encapsulatedLogic", "invocation", "literalExpression",
    "conditional",
)  # fmt: skip
# Takes a message, the element at fault, its line: raises, or notes it when reading is tolerant.
Complaint = Callable[[str, Element, int], None]


@dataclass(frozen=True, slots=True)
class Carrier:
    """One declaration on a node.

    Attributes:
        kind: ``characteristic`` (gives points), ``knockOut`` (its rules or its true value decline)
            or ``codes`` (its value is a code or a list of codes).
        reason: the code; '' leaves it to the rules' annotations.
        entry: the entry of the boxed context that is meant; '' is the whole logic.
        output: the conclusion column that gives the points; '' for the only one with numbers.
        best: the most points attainable, when the table does not tell; None computes it.
        medians: points of the middle of the approved, by the value that chooses them, '' for all.
        line: where it stands.
    """

    kind: str
    reason: str
    entry: str
    output: str
    best: Decimal | None
    medians: Mapping[str, Decimal]
    line: int


@dataclass(frozen=True, slots=True)
class ReasonText:
    """A code: the concept it speaks of ('' is its own) and its texts by locale."""

    code: str
    concept: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Declared:
    """All that a model declares about reasons.

    Attributes:
        carriers: by the key of the decision or knowledge model.
        texts: by code.
        chooser: name of the decision whose value chooses among medians (the tier); '' for none.
    """

    carriers: Mapping[str, tuple[Carrier, ...]] = field(default_factory=dict)
    texts: Mapping[str, ReasonText] = field(default_factory=dict)
    chooser: str = ""


def carriers_of(node: Element, complain: Complaint) -> tuple[Carrier, ...]:
    """The declarations on a decision or knowledge model and on the logic inside it."""
    return tuple(
        _carrier(element, entry, complain)
        for element, entry in _declarations(node)
        if _known(element, (CHARACTERISTIC, KNOCK_OUT, CODES), complain)
    )


def texts_of(root: Element, complain: Complaint) -> tuple[dict[str, ReasonText], str]:
    """The reason texts declared on the root by code, and the name of the chooser of medians."""
    texts: dict[str, ReasonText] = {}
    chooser = ""
    for table in _extensions(root):
        if not _known(table, ("reasons",), complain):
            continue
        chooser = table.get("medians") or chooser
        for reason in table.children:
            code = reason.get("code").strip()
            if not code or code in texts:
                complain(f"reason code {code!r} is empty or there twice", root, reason.line)
            words = {each.get("locale"): each.text.strip() for each in reason.all("text")}
            texts[code] = ReasonText(code, reason.get("concept"), words)
    return texts, chooser


def _declarations(node: Element) -> Iterator[tuple[Element, str]]:
    """Declarations in and below ``node``, each with the context entry it stands in."""
    waiting = [(node, "")]
    while waiting:
        element, entry = waiting.pop(0)
        yield from ((each, each.get("entry") or entry) for each in _extensions(element))
        for child in element.children:
            if child.tag == "contextEntry":
                variable = child.first("variable")
                name = " ".join((variable.get("name") if variable else "").split())
                waiting.append((child, entry or name))
            elif child.tag in _LOGIC:
                waiting.append((child, entry))


def _extensions(element: Element) -> list[Element]:
    inside = element.first("extensionElements")
    return [e for e in inside.children if e.namespace == REASONS] if inside else []


def _known(element: Element, tags: tuple[str, ...], complain: Complaint) -> bool:
    if element.tag in tags:
        return True
    complain(f"{element.tag!r} is none of {', '.join(tags)}", element, element.line)
    return False


def _carrier(element: Element, entry: str, complain: Complaint) -> Carrier:
    medians = {e.get("when"): _points(e, "points", complain) for e in element.all("median")}
    if element.get("median"):
        medians[""] = _points(element, "median", complain)
    return Carrier(
        kind=element.tag,
        reason=element.get("reason").strip(),
        entry=entry,
        output=element.get("output"),
        best=_points(element, "best", complain) if element.get("best") else None,
        medians={when: points for when, points in medians.items() if points is not None},
        line=element.line,
    )


def _points(element: Element, name: str, complain: Complaint) -> Decimal | None:
    text = element.get(name)
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal("NaN")
    if number.is_finite():
        return number
    complain(f"{name}={text!r} is not a number of points", element, element.line)
    return None
