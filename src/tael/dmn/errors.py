"""What can be wrong with a model or an expression, and where."""

from __future__ import annotations

from tael.kernel import BadInput


class DmnError(BadInput):
    """A model that cannot be read or run: names file, node (decision, input, ...) and line.

    Attributes:
        file: the path given to ``load``, or ``<text>``.
        node: the name of the decision, input or model element at fault; empty for the whole file.
        line: 1-based line of the file; 0 when the whole file is meant.
    """

    code = "dmn_error"

    def __init__(
        self, message: str, *, file: str = "", node: str = "", line: int = 0, rule: str = ""
    ) -> None:
        super().__init__(message, field=node or None, row=line or None, rule=rule or None)
        self.file = file
        self.node = node
        self.line = line

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, str(self.line) if self.line else "") if part)
        who = f"{self.node}: " if self.node else ""
        return f"{place}: {who}{self.message}" if place else f"{who}{self.message}"


class FeelSyntaxError(BadInput):
    """An expression that is not FEEL; ``line`` and ``column`` are 1-based within the expression."""

    code = "feel_syntax"

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(message, rule="FEEL grammar, DMN 1.5 clause 10.3.1.2")
        self.line = line
        self.column = column


class Nothing(Exception):  # noqa: N818 - not an error: how an operation says "null, because"
    """Inside the engine: the operation gives null, for the reason in the text."""
