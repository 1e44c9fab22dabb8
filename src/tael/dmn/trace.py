"""What an evaluation tells: values, which rules fired, what was read, and why anything is null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tael.dmn.feel.syntax import Rule
from tael.dmn.feel.text import to_json
from tael.dmn.feel.values import Value


@dataclass(frozen=True, slots=True)
class FeelWarning:
    """Why something is null: the node, the line of the file, the column in the expression."""

    node: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.node}, line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired: its 1-based number in the table, its id and the author's annotations.

    ``rule`` is the rule itself: a node may hold several tables, each with a rule 1.
    """

    number: int
    id: str
    annotations: tuple[str, ...] = ()
    rule: Rule | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One decision or knowledge model: what it read, which rules fired, what it gave.

    Attributes:
        node: name of the decision or knowledge model.
        reads: names it read with their values, in the order of first reading.
        fired: rules that fired, in the order of the result.
        value: the decision's value; None for a knowledge model.
    """

    node: str
    reads: tuple[tuple[str, Value], ...]
    fired: tuple[Fired, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps of an evaluation, each after those it needed."""

    steps: tuple[Step, ...]

    def of(self, node: str) -> Step | None:
        """The step of the decision or knowledge model ``node``; None when it was not needed."""
        return next((step for step in self.steps if step.node == node), None)

    def to_json(self) -> list[dict[str, object]]:
        """JSON values: numbers as decimal text."""
        return [
            {
                "node": step.node,
                "reads": {name: to_json(value) for name, value in step.reads},
                "fired": [
                    {"number": rule.number, "id": rule.id, "annotations": list(rule.annotations)}
                    for rule in step.fired
                ],
                "value": to_json(step.value),
            }
            for step in self.steps
        ]


@dataclass(frozen=True, slots=True)
class Result:
    """What ``Model.evaluate`` gives.

    Attributes:
        outputs: the value of each decision asked for, by name: Decimal, str, bool, date, tuple
            (list), dict (context) or None.
        trace: what was read and which rules fired.
        warnings: why anything is null, in the order met.
    """

    outputs: Mapping[str, Value]
    trace: Trace
    warnings: tuple[FeelWarning, ...]

    def to_json(self) -> dict[str, object]:
        """JSON values of all three; two evaluations of the same inputs give the same text."""
        return {
            "outputs": {name: to_json(value) for name, value in self.outputs.items()},
            "trace": self.trace.to_json(),
            "warnings": [str(warning) for warning in self.warnings],
        }
