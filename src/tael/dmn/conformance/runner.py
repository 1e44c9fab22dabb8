"""Running the kit: which cases pass, by level, and why one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tael.dmn.conformance.cases import Case, CaseFile, Expected
from tael.dmn.errors import Nothing
from tael.dmn.evaluate import Model, load
from tael.dmn.feel.calls import invoke_named
from tael.dmn.feel.operators import compared
from tael.dmn.feel.text import inner_text
from tael.dmn.feel.values import Function, Value, kind
from tael.dmn.run import Run
from tael.kernel import TaelError

# The kit's own runner compares numbers to eight decimals.
_CLOSE = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case went; ``why`` is empty for one that passed.

    ``unread`` says that its model could not be loaded at all.
    """

    level: int
    group: str
    file: str
    case: str
    has_value: bool
    why: str = ""
    unread: bool = False

    @property
    def passed(self) -> bool:
        return not self.why

    @property
    def key(self) -> str:
        """``level/file case``: how the list of passes names it; ids hold no space there."""
        return f"{self.level}/{self.file} {self.case.replace(' ', '_')}"


def run_kit(files: Iterable[CaseFile], tell: Callable[[str], None] | None = None) -> list[Outcome]:
    """Run every case; ``tell`` hears the group that is being run."""
    outcomes: list[Outcome] = []
    for file in files:
        if tell:
            tell(file.group)
        outcomes.extend(_run_file(file))
    return outcomes


def counts(outcomes: Iterable[Outcome]) -> dict[str, dict[str, int]]:
    """Per level, 2 and 3: cases, passed, and the same of the cases that a null cannot pass."""
    names = ("cases", "passed", "nonnull_cases", "nonnull_passed")
    levels: dict[str, dict[str, int]] = {level: dict.fromkeys(names, 0) for level in ("2", "3")}
    for outcome in outcomes:
        row = levels[str(outcome.level)]
        row["cases"] += 1
        row["passed"] += outcome.passed
        row["nonnull_cases"] += outcome.has_value
        row["nonnull_passed"] += outcome.has_value and outcome.passed
    return levels


def _run_file(file: CaseFile) -> list[Outcome]:
    model, broken = _load(file.model)
    return [
        Outcome(
            file.level,
            file.group,
            file.path.stem,
            case.id,
            case.has_value,
            broken if model is None else _run(model, case),
            unread=model is None,
        )
        for case in file.cases
    ]


def _load(path: Path) -> tuple[Model | None, str]:
    try:
        return load(path, tolerant=True), ""
    except (TaelError, OSError) as error:
        return None, f"the model cannot be loaded: {error}"
    except Exception as error:  # noqa: BLE001 - an edge: one broken model must not end the run
        return None, f"the engine broke on the model: {type(error).__name__}: {error}"


def _run(model: Model, case: Case) -> str:
    """Why the case fails; empty when it passes."""
    for expected in case.expected:
        why = _node(model, case, expected)
        if why:
            return why
    return ""


def _node(model: Model, case: Case, expected: Expected) -> str:
    try:
        outputs = _outputs(model, case, expected)
    except TaelError as error:
        return "" if expected.error else f"{expected.node}: {error}"
    except Exception as error:  # noqa: BLE001 - an edge: one broken case must not end the run
        return f"{expected.node}: the engine broke: {type(error).__name__}: {error}"
    found = _pick(outputs, expected.node)
    if same(found, expected.value):
        return ""
    return (
        f"{expected.node}: {inner_text(found)} ({kind(found)}), "
        f"expected {inner_text(expected.value)} ({kind(expected.value)})"
    )


def _outputs(model: Model, case: Case, expected: Expected) -> Mapping[str, Value]:
    """What the case asks for: a decision, a decision service, or a knowledge model called."""
    known = {each.path + each.name: key for key, each in model.graph.knowledge.items()}
    if case.invocable not in known:
        return model.evaluate(case.inputs, case.invocable or expected.node).outputs
    function = Run(model, {}).value(known[case.invocable])
    if not isinstance(function, Function):
        return {expected.node: None}
    try:
        return {expected.node: invoke_named(function, case.inputs)}
    except Nothing:
        return {expected.node: None}


def _pick(outputs: Mapping[str, Value], node: str) -> Value:
    """The named output; that of an invocable with one result whatever its name."""
    if node in outputs:
        return outputs[node]
    only = next(iter(outputs.values()), None)
    return only[node] if isinstance(only, Mapping) and node in only else only


def same(found: Value, expected: Value) -> bool:
    """Equal as the kit compares: numbers to eight decimals, everything else exactly."""
    if isinstance(expected, Decimal):
        return isinstance(found, Decimal) and abs(found - expected) <= _CLOSE
    if isinstance(expected, tuple):
        return (
            isinstance(found, tuple)
            and len(found) == len(expected)
            and all(map(same, found, expected))
        )
    if isinstance(expected, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == expected.keys()
            and all(same(found[key], expected[key]) for key in expected)
        )
    try:
        return found == expected or (
            kind(found) == kind(expected) != "null" and compared("=", found, expected)
        )
    except Nothing:
        return False
