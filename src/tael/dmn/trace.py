"""What an evaluation tells: values, which rules fired, what was read, and why anything is null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tael.dmn.feel.syntax import Expression, Literal, Negation, Rule
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

    ``rule`` is the rule itself: a node may hold several tables, each with a rule 1. ``gave`` are
    its conclusions, the points of a scorecard say; None for one that is computed.
    """

    number: int
    id: str
    annotations: tuple[str, ...] = ()
    rule: Rule | None = field(default=None, repr=False, compare=False)
    gave: tuple[Value, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def of(cls, rule: Rule) -> Fired:
        """``rule``, having fired."""
        gave = tuple([_written(each) for each in rule.conclusions])
        return cls(rule.number, rule.id, rule.annotations, rule, gave)


def _written(tree: Expression) -> Value:
    """The value that a conclusion writes; None when it is computed."""
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Negation) and isinstance(tree.operand, Literal):
        value = tree.operand.value
        if isinstance(value, Decimal):
            return value.copy_negate() if value else value
    return None


Reads = tuple[tuple[str, Value], ...]


class Step:
    """One decision or knowledge model: what it read, which rules fired, what it gave. Immutable.

    Attributes:
        node: name of the decision or knowledge model.
        fired: rules that fired, in the order of the result.
        value: the decision's value; None for a knowledge model.
        names: what it read; of a compiled run all that it could read.
        given: the values of ``names``, in their order; of a compiled run inputs as the caller gave
            them, where ``reads`` tells FEEL values.
    """

    __slots__ = ("_kept", "_reads", "fired", "given", "names", "node", "value")

    node: str
    names: tuple[str, ...]
    given: tuple[object, ...]
    fired: tuple[Fired, ...]
    value: Value
    _reads: Reads | Callable[[object], Reads]  # or what makes it of ``_kept``
    _kept: object

    @classmethod
    def of(cls, node: str, reads: Reads, fired: tuple[Fired, ...], value: Value) -> Step:
        """A step. There is no ``__init__``: compiled bodies make many and set what they know."""
        made = cls()
        made.node, made.fired, made.value = node, fired, value
        made.names = tuple([name for name, _ in reads])
        made.given = tuple([each for _, each in reads])
        made._reads, made._kept = reads, None
        return made

    @property
    def reads(self) -> Reads:
        """Names it read with their values, in the order of first reading."""
        if not isinstance(self._reads, tuple):
            self._reads = self._reads(self._kept)
        return self._reads

    def _parts(self) -> tuple[object, ...]:
        return self.node, self.reads, self.fired, self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.node, self.fired))

    def __repr__(self) -> str:
        return f"Step({', '.join(map(repr, self._parts()))})"


class Trace:
    """The steps of an evaluation, each after those it needed. Immutable."""

    __slots__ = ("_kept", "_steps")

    def __init__(
        self, steps: tuple[Step, ...] | Callable[[object], tuple[Step, ...]], kept: object = None
    ) -> None:
        self._steps = steps  # or what lays them out of ``kept``
        self._kept = kept

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps; a compiled run keeps rows and values, and they are laid out when asked for."""
        if not isinstance(self._steps, tuple):
            self._steps = self._steps(self._kept)
        return self._steps

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and self.steps == other.steps

    def __hash__(self) -> int:
        return hash(self.steps)

    def __repr__(self) -> str:
        return f"Trace({self.steps!r})"

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
        kept: inside the engine, what the trace is made of.
    """

    __slots__ = ("_trace", "kept", "outputs", "warnings")

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
        self.kept = kept

    @property
    def trace(self) -> Trace:
        """What was read and which rules fired; put into words when first asked for."""
        if not isinstance(self._trace, Trace):
            self._trace = self._trace(self.kept)
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
