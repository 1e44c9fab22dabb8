"""What the check of a version finds, and how its own cases came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tael.policies.canonical import canonical, digest
from tael.report import Words


class Weight(Enum):
    """What a finding asks for: a fault is resolved, a doubt resolved or accepted, a note told."""

    FAULT = "fault"
    DOUBT = "doubt"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the check of a version found.

    Attributes:
        text: the text of the version it stands in (a name of ``TEXTS``).
        kind: a code, such as ``gap`` or ``unknown_input``.
        node: decision, input, code or field it speaks of.
        weight: whether it must be resolved, may be accepted in writing, or only tells.
        words: the finding in both languages, one sentence.
        line: 1-based line of the text; 0 where none is meant.
        rules: 1-based numbers of the rules of a table it speaks of.
    """

    text: str
    kind: str
    node: str
    weight: Weight
    words: Words
    line: int = 0
    rules: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Ten hexadecimal digits: the same for the same finding, wherever its line went."""
        told = (self.text, self.kind, self.node, list(self.rules), self.words.en)
        return digest(canonical(told))[:10]

    def as_json(self) -> dict[str, object]:
        """The finding in exact JSON values."""
        return {
            "id": self.id,
            "text": self.text,
            "kind": self.kind,
            "node": self.node,
            "weight": self.weight.value,
            "line": self.line,
            "rules": list(self.rules),
            "zh": self.words.zh,
            "en": self.words.en,
        }


@dataclass(frozen=True, slots=True)
class CaseFailure:
    """A case of the version's own that came out otherwise: what it expects, and what it got."""

    name: str
    expected: Mapping[str, object]
    got: Mapping[str, object]

    def __str__(self) -> str:
        wrong = [
            f"{field} is {canonical(self.got.get(field))}, not {canonical(value)}"
            for field, value in self.expected.items()
            if self.got.get(field) != value
        ]
        if "refused" in self.got and "refused" not in self.expected:
            wrong = [f"was refused: {self.got.get('message')}"]
        return f"case {self.name}: " + "; ".join(wrong)


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """Outcome of a check.

    Attributes:
        findings: all of them, in the order of the texts.
        accepted: ids of the doubts that were accepted in writing.
        cases: how many cases ran.
        failures: those that came out otherwise.
    """

    findings: tuple[Finding, ...]
    accepted: frozenset[str]
    cases: int
    failures: tuple[CaseFailure, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """What stands in the way: faults, and doubts that nobody accepted."""
        return tuple(
            one
            for one in self.findings
            if one.weight is Weight.FAULT
            or (one.weight is Weight.DOUBT and one.id not in self.accepted)
        )

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.open and not self.failures

    def as_json(self) -> dict[str, object]:
        """The outcome in exact JSON values: what the record of it keeps and a signature covers."""
        return {
            "findings": [one.as_json() for one in self.findings],
            "accepted": sorted(self.accepted),
            "cases": self.cases,
            "failures": [
                {"name": one.name, "expected": one.expected, "got": one.got}
                for one in self.failures
            ],
            "passed": self.passed,
        }
