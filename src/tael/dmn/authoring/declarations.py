"""Reasons declared in Python: extension elements as ``tael.dmn.reasons`` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tael.dmn.errors import DmnError
from tael.dmn.model.namespaces import REASONS
from tael.dmn.model.reason_carriers import CHARACTERISTIC, CODES, KNOCK_OUT
from tael.dmn.model.xml import Element

_KINDS = (CHARACTERISTIC, KNOCK_OUT, CODES)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a decision or knowledge model says about reasons.

    Attributes:
        kind: ``characteristic`` (it gives points), ``knockOut`` (its rules or its true value
            decline) or ``codes`` (its value is a code or a list of codes).
        reason: the code; '' leaves it to the rules' annotations.
        entry: the entry of the boxed context that is meant; '' is the whole logic.
        output: the conclusion column that gives the points; '' for the only one with numbers.
        best: the most points attainable, where the table does not tell.
        medians: points of the middle applicant, by the value that chooses them, '' for all.
    """

    kind: str
    reason: str = ""
    entry: str = ""
    output: str = ""
    best: Decimal | int | None = None
    medians: Mapping[str, Decimal | int] = field(default_factory=dict)

    def element(self) -> Element:
        """The extension element.

        Raises:
            DmnError: another kind.
        """
        if self.kind not in _KINDS:
            raise DmnError(
                f"a declaration is of kind {', '.join(_KINDS)}, not {self.kind!r}",
                rule="reasons of a model",
            )
        made = _element(
            self.kind,
            {
                "reason": self.reason,
                "entry": self.entry,
                "output": self.output,
                "best": "" if self.best is None else str(self.best),
                "median": str(self.medians.get("", "")),
            },
        )
        made.children = [
            _element("median", {"when": when, "points": str(points)})
            for when, points in self.medians.items()
            if when
        ]
        return made


def reason_element(code: str, texts: Mapping[str, str], concept: str) -> Element:
    """A reason by its code, with its texts by locale."""
    made = _element("reason", {"code": code, "concept": concept})
    for locale, text in texts.items():
        said = _element("text", {"locale": locale})
        said.text = text
        made.children.append(said)
    return made


def reasons_element(chooser: str, reasons: list[Element]) -> Element:
    """The list of reasons of a model; ``chooser`` names the decision that chooses medians."""
    made = _element("reasons", {"medians": chooser})
    made.children = reasons
    return made


def _element(tag: str, attributes: dict[str, str]) -> Element:
    return Element(REASONS, tag, {name: value for name, value in attributes.items() if value}, 0)
