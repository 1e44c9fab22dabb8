"""What a check says of a model: what is wrong, where, by which rules, with an example, zh and en.

The type checker and the verification of tables both give findings; each keeps its own table of
texts by kind and fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tael.dmn.feel.text import to_json
from tael.dmn.feel.values import Value


class Severity(Enum):
    """How bad a finding is: an error cannot be meant, a warning may be, a note only tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        kind: a code from the closed list of the check that found it, as ``gap`` or ``overlap``.
        severity: how bad it is.
        file: the path given to ``load``, or ``<text>``.
        node: name of the decision, knowledge model, input or type it stands in.
        line: 1-based line of the file; 0 when the whole node is meant.
        column: 1-based column of the file, of the expression where the file's encoding hides it;
            0 when the whole expression is meant.
        zh: the finding in Chinese, one sentence.
        en: the same in English.
        rules: 1-based numbers of the rules of a table it speaks of, ascending.
        example: a case that shows it: a value by the text of each input column.
        conditional: whether the example holds only if its values can occur together.
    """

    kind: str
    severity: Severity
    file: str
    node: str
    line: int
    column: int
    zh: str
    en: str
    rules: tuple[int, ...] = ()
    example: Mapping[str, Value] = field(default_factory=dict, hash=False)
    conditional: bool = False

    def text(self, locale: str = "en") -> str:
        """The sentence in the language of ``locale``: Chinese for ``zh...``, else English."""
        return self.zh if locale.lower().startswith("zh") else self.en

    def to_json(self) -> dict[str, object]:
        """JSON values of all of it; numbers of the example as decimal text."""
        return {
            "kind": self.kind,
            "severity": self.severity.value,
            "file": self.file,
            "node": self.node,
            "line": self.line,
            "column": self.column,
            "rules": list(self.rules),
            "example": {name: to_json(value) for name, value in self.example.items()},
            "conditional": self.conditional,
            "text": {"zh": self.zh, "en": self.en},
        }

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.severity.value}: {self.node}: {self.en}"
