"""What an evaluation tells: values, which rules fired, what was read, and why anything is null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tael.dmn.feel.syntax import Rule
from tael.dmn.feel.text import to_json
from tael.dmn.feel.values import Value


@dataclass(frozen=True, slots=True)
class FeelWarning:
    """Why something is null: the node, the line and the column of the file."""

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


Reads = tuple[tuple[str, Value], ...]


class Step:
    """One decision or knowledge model: what it read, which rules fired, what it gave. Immutable.

    Attributes:
        node: name of the decision or knowledge model.
        fired: rules that fired, in the order of the result.
        value: the decision's value; None for a knowledge model.
    """

    __slots__ = ("_reads", "fired", "node", "value")

    def __init__(
        self,
        node: str,
        reads: Reads | Callable[[], Reads],
        fired: tuple[Fired, ...],
        value: Value,
    ) -> None:
        self.node = node
        self._reads = reads
        self.fired = fired
        self.value = value

    @property
    def reads(self) -> Reads:
        """Names it read with their values, in the order of first reading."""
        if not isinstance(self._reads, tuple):
            self._reads = self._reads()
        return self._reads

    def _parts(self) -> tuple[object, ...]:
        return self.node, self.reads, self.fired, self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.node, self.fired))

    def __repr__(self) -> str:
        return f"Step({', '.join(map(repr, self._parts()))})"


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


class Result:
    """What ``Model.evaluate`` gives.

    Attributes:
        outputs: the value of each decision asked for, by name: Decimal, str, bool, date, tuple
            (list), dict (context) or None.
        warnings: why anything is null, in the order met.
    """

    __slots__ = ("_kept", "_trace", "outputs", "warnings")

    def __init__(
        self,
        outputs: Mapping[str, Value],
        trace: Trace | Callable[[object], Trace],
        warnings: tuple[FeelWarning, ...] = (),
        kept: object = None,
    ) -> None:
        self.outputs = outputs
        self._trace = trace  # or what makes it of ``kept``
        self.warnings = warnings
        self._kept = kept

    @property
    def trace(self) -> Trace:
        """What was read and which rules fired; put into words when first asked for."""
        if not isinstance(self._trace, Trace):
            self._trace = self._trace(self._kept)
        return self._trace

    def __repr__(self) -> str:
        return f"Result({self.outputs!r}, warnings={self.warnings!r})"

    def to_json(self) -> dict[str, object]:
        """JSON values of all three; two evaluations of the same inputs give the same text."""
        return {
            "outputs": {name: to_json(value) for name, value in self.outputs.items()},
            "trace": self.trace.to_json(),
            "warnings": [str(warning) for warning in self.warnings],
        }
