"""A policy version laid out for live decisions: texts loaded, its plan of variables compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tael.kernel import BadInput, VersionId
from tael.policies.canonical import number_of
from tael.policies.texts import Policy

if TYPE_CHECKING:
    from tael.variables import Definitions, Plan, Variable

# Values by column, and why there is none: 0 there is one, 1 no source, 2 no event, 3 undefined.
Row = tuple[list[float], list[int]]


class _Reading(NamedTuple):
    """How one input is read from a computed row: which column, times what, and what if missing.

    ``scale`` is None where nothing is multiplied. ``missing`` are the values of the three kinds of
    missing; None where the input is lacking then.
    """

    name: str
    column: int
    scale: Decimal | None
    missing: tuple[Decimal, ...] | None


@dataclass(frozen=True)
class Ready:
    """A version that can decide on raw events."""

    version_id: VersionId
    policy: Policy
    plan: Plan | None
    readings: tuple[_Reading, ...]
    # Inputs that are variables as they are computed: there is nothing to check about them.
    trusted: frozenset[str] = frozenset()
    # Texts of reasons by their codes, as they were told before: they are few.
    told: dict[str, str] = field(default_factory=dict)

    @property
    def plan_hash(self) -> str:
        """Of the plan of variables that is computed; '' where the policy reads none."""
        return self.plan.hash if self.plan else ""

    def computed(self, packed: Sequence[bytes], asof: Sequence[int]) -> list[Row]:
        """The variables of some borrowers, each as of an instant of its own (UTC seconds).

        Raises:
            BadInput: a borrower stands twice, or bytes are damaged or of another version.
        """
        from tael.variables import compute_stored  # noqa: PLC0415 - only with variables

        if self.plan is None:
            raise BadInput("the policy reads no variable", field="variables", rule="a plan")
        values, reasons = compute_stored(self.plan, packed, asof)
        return list(zip(values.tolist(), reasons.tolist(), strict=True))

    def read(self, row: Row) -> tuple[dict[str, Decimal], dict[str, str]]:
        """The inputs that ``row`` gives: exact decimals, in the unit of each input.

        And the canonical texts of those that were written down on the way.
        """
        values, reasons = row
        found: dict[str, Decimal] = {}
        texts: dict[str, str] = {}
        for name, column, scale, missing in self.readings:
            reason = reasons[column]
            if reason:
                if missing is not None:
                    found[name] = missing[reason - 1]
                continue
            text, number = number_of(values[column])
            if scale is None:
                found[name], texts[name] = number, text
            else:
                found[name] = number * scale
        return found, texts


@cache
def _missing_codes() -> tuple[Decimal, ...]:
    """By the kind of missing (no source, no event, undefined): what models are trained on."""
    from tael.risk.pipeline import MISSING_CODES  # noqa: PLC0415 - heavy, only with variables

    return tuple(Decimal(str(int(code))) for code in MISSING_CODES)


def make_ready(version_id: VersionId, policy: Policy) -> Ready:
    """Compile the plan of the variables that ``policy`` reads.

    Raises:
        BadInput: a variable that the catalogue does not hold.
    """
    wanted: dict[str, str] = {}  # input → variable
    missing: dict[str, tuple[Decimal, ...] | None] = {}
    scales: dict[str, Decimal] = {}
    for rule in policy.inputs:
        if rule.taken is not None:
            wanted[rule.name] = rule.taken.variable
            if rule.taken.scale != 1:
                scales[rule.name] = rule.taken.scale
            told = rule.taken.missing
            missing[rule.name] = None if told is None else (told,) * len(_missing_codes())
        elif rule.type == "variable":
            wanted[rule.name], missing[rule.name] = rule.name, _missing_codes()
    if not wanted:
        return Ready(version_id, policy, None, ())
    plan = _compiled(wanted)
    readings = tuple(
        _Reading(name, plan.column(variable), scales.get(name), missing[name])
        for name, variable in wanted.items()
    )
    trusted = frozenset(rule.name for rule in policy.inputs if rule.type == "variable")
    return Ready(version_id, policy, plan, readings, trusted)


def _compiled(wanted: Mapping[str, str]) -> Plan:
    from tael.variables import compile_plan  # noqa: PLC0415 - as above

    definitions, known = _catalogue()
    for name, variable in wanted.items():
        if variable not in known:
            raise BadInput(
                f"input {name!r} reads {variable!r}, which is no variable of the catalogue",
                field=f"parameters.inputs.{name}.variable",
                rule="a variable of the shipped catalogue",
            )
    chosen = dict.fromkeys(wanted.values())
    return compile_plan(definitions, [known[variable] for variable in chosen])


@cache
def _catalogue() -> tuple[Definitions, Mapping[str, Variable]]:
    """The shipped definitions and their variables by name: the same for every version."""
    from tael.variables import expand, load_definitions  # noqa: PLC0415 - as above

    definitions = load_definitions()
    return definitions, {variable.name: variable for variable in expand(definitions)}
