"""A version's own cases: what goes in, and what must come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tael.kernel import BadInput, Rate
from tael.policies.canonical import canonical
from tael.policies.objects import JsonObject, code_of, fault

# What a case may expect: fields of the verdict, or ``refused`` by the name of the input at fault.
EXPECTED = (
    "outcome", "tier", "limit", "reasons", "options", "routing", "pd", "points", "refused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        name: unique within the version.
        inputs: every input by name, ``amount`` and ``months`` too; ``pd`` (and what else the model
            gives) may stand there in the model's place, so that a case tests the rules alone. A
            computed variable that is left out has no value.
        expect: any of ``EXPECTED``; ``limit`` in the major unit, ``options`` by code.
        cap: the all-in cap of this case; None takes the one in force on the day of the check.
    """

    name: str
    inputs: Mapping[str, object]
    expect: Mapping[str, object]
    cap: Rate | None = None


def read_cases(text: str) -> tuple[Case, ...]:
    """The cases that ``text`` writes; none of ''.

    ``given`` and ``cap`` beside ``cases`` are what all of them share; a case's own win.

    Raises:
        BadInput: not such a text; names case and field.
    """
    if not text:
        return ()
    data = JsonObject.of(text, "cases")
    data.only({"given", "cap", "cases"})
    given = data.part("given").fields if data.has("given") else {}
    cap, rows = _cap(data), enumerate(data.items("cases"), 1)
    found = tuple(_case(JsonObject(row, f"cases.{at}"), given, cap) for at, row in rows)
    names = [case.name for case in found]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(
                f"{name!r} is there twice", field="cases.name", rule="unique names"
            ).telling("case_twice", name=name)
    return found


def with_case(text: str, case: Mapping[str, object]) -> str:
    """``text`` with ``case`` among its cases: in the place of the one of that name, or the last.

    Args:
        text: as ``read_cases`` takes it; '' has none yet.
        case: name, inputs, expect and, if it has one, cap, in exact JSON values.

    Raises:
        BadInput: not such a text.
    """
    data = JsonObject.of(text, "cases") if text else JsonObject({"cases": []}, "cases")
    rows = data.items("cases")
    same = [at for at, row in enumerate(rows)
            if isinstance(row, Mapping) and row.get("name") == case["name"]]  # fmt: skip
    at = same[0] if same else len(rows)
    told = [canonical(row) for row in (*rows[:at], case, *rows[at + 1 :])]
    shared = [f" {canonical(name)}: {canonical(value)},"
              for name, value in data.fields.items() if name != "cases"]  # fmt: skip
    listed = ",\n".join(f"  {one}" for one in told)
    return "\n".join(["{", *shared, f' "cases": [\n{listed}\n ]', "}"]) + "\n"


def _case(data: JsonObject, given: Mapping[str, object], cap: Rate | None) -> Case:
    data.only({"name", "inputs", "expect", "cap"})
    name = code_of(data.text("name"), data.at("name"))
    expect = data.part("expect")
    if not expect.names:
        known = ", ".join(EXPECTED)
        raise fault(data.at("expect"), "is empty", f"at least one of {known}").telling(
            "case_expects_nothing", known=known
        )
    expect.only(EXPECTED)
    return Case(name, {**given, **data.part("inputs").fields}, expect.fields, _cap(data) or cap)


def _cap(data: JsonObject) -> Rate | None:
    return Rate(data.number("cap", above=Decimal(0))) if data.has("cap") else None
