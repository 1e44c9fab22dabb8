"""A policy version laid out for live decisions: texts loaded, its plan of variables compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tael.kernel import BadInput, VersionId
from tael.policies.engines import Engines
from tael.policies.model import Bundle
from tael.policies.texts import Policy, load
from tael.risk import pipeline

if TYPE_CHECKING:
    from tael.variables import Book, Plan, Result


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one input is read from a computed row: which column, times what, and what if missing.

    ``missing`` are the values of the three kinds of missing; None where the input is lacking then.
    """

    name: str
    column: int
    scale: Decimal
    missing: tuple[Decimal, ...] | None


@dataclass(frozen=True)
class Ready:
    """A version that can decide on raw events."""

    version_id: VersionId
    policy: Policy
    plan: Plan | None
    readings: tuple[_Reading, ...]
    # Texts of reasons by their codes, as they were told before: they are few.
    told: dict[str, str] = field(default_factory=dict)

    @property
    def plan_hash(self) -> str:
        """Of the plan of variables that is computed; '' where the policy reads none."""
        return self.plan.hash if self.plan else ""

    def computed(self, book: Book, asof: int) -> Result:
        """The variables of the one borrower of ``book`` as of ``asof``, UTC seconds."""
        from tael.variables import compute  # noqa: PLC0415 - a policy without variables needs none

        if self.plan is None:
            raise BadInput("the policy reads no variable", field="variables", rule="a plan")
        return compute(self.plan, book, asof)

    def read(self, row: Result) -> dict[str, object]:
        """The inputs that ``row`` gives: exact decimals, in the unit of each input."""
        values, reasons = row.values.tolist(), row.reasons.tolist()
        found: dict[str, object] = {}
        for reading in self.readings:
            reason = reasons[reading.column]
            if reason:
                if reading.missing is not None:
                    found[reading.name] = reading.missing[reason - 1]
                continue
            # The shortest text that reads back as the same double: exact, and what a log can hold.
            number = Decimal(repr(values[reading.column]))
            found[reading.name] = number if reading.scale == 1 else number * reading.scale
        return found


# By the kind of missing (no source, no event, undefined): the codes that models are trained on.
_CODES = tuple(Decimal(str(int(code))) for code in pipeline.MISSING_CODES)


def make_ready(version_id: VersionId, bundle: Bundle, engines: Engines) -> Ready:
    """Load ``bundle`` and compile the plan of the variables it reads.

    Raises:
        BadInput: a text that cannot be read, or a variable that the catalogue does not hold.
    """
    policy = load(bundle, engines)
    wanted: dict[str, str] = {}  # input → variable
    missing: dict[str, tuple[Decimal, ...] | None] = {}
    scales: dict[str, Decimal] = {}
    for rule in policy.inputs:
        if rule.taken is not None:
            wanted[rule.name] = rule.taken.variable
            scales[rule.name] = rule.taken.scale
            told = rule.taken.missing
            missing[rule.name] = None if told is None else (told,) * len(_CODES)
        elif rule.type == "variable":
            wanted[rule.name], missing[rule.name] = rule.name, _CODES
    if not wanted:
        return Ready(version_id, policy, None, ())
    plan = _compiled(wanted)
    readings = tuple(
        _Reading(name, plan.column(variable), scales.get(name, Decimal(1)), missing[name])
        for name, variable in wanted.items()
    )
    return Ready(version_id, policy, plan, readings)


def _compiled(wanted: Mapping[str, str]) -> Plan:
    from tael.variables import compile_plan, expand, load_definitions  # noqa: PLC0415 - as above

    definitions = load_definitions()
    known = {variable.name: variable for variable in expand(definitions)}
    for name, variable in wanted.items():
        if variable not in known:
            raise BadInput(
                f"input {name!r} reads {variable!r}, which is no variable of the catalogue",
                field=f"parameters.inputs.{name}.variable",
                rule="a variable of the shipped catalogue",
            )
    chosen = dict.fromkeys(wanted.values())
    return compile_plan(definitions, [known[variable] for variable in chosen])
