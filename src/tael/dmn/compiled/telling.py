"""Steps from what a run kept, by a generated function: facts by reference, words on request.

A trace is asked for at most decisions, so the function does no more than lay out what is there:
rules that fired are made once a row and looked up, input values are those of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from tael.dmn.compiled.occurrence import Occurrence, by_code
from tael.dmn.compiled.scalar import Body, Kept
from tael.dmn.compiled.source import Source
from tael.dmn.feel.env import Alone, Code, Env
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Value
from tael.dmn.trace import Reads, Step


@dataclass(frozen=True, slots=True)
class Told:
    """A step as it can be told beforehand: names read, with the place among inputs or the key.

    ``code`` is the general body of a decision of whose names only some are read in a run.
    """

    key: str
    node: str
    reads: tuple[tuple[str, int | str], ...]
    code: Code | None


def teller_of(
    told: Sequence[Told], body: Body, names: Mapping[str, str]
) -> Callable[[Kept], tuple[Step, ...]]:
    """What makes the steps of a run of ``body``; ``names`` are of its outputs, by key."""
    source = Source()
    values: dict[str, str] = {}
    steps = [source.fresh("s") for _ in told]
    for step, each in zip(steps, told, strict=True):
        given = []
        for _, place in each.reads:
            if isinstance(place, int):
                given.append(f"a{place}, ")
            else:
                given.append(f"{_value(source, values, names[place])}, ")
        occurrences = body.occurrences.get(each.key, ())
        source.add(f"{step} = Step()")
        for name, text in (
            ("node", source.constant(each.node)),
            ("names", source.constant(tuple(name for name, _ in each.reads))),
            ("given", f"({''.join(given)})"),
            ("fired", _fired(source, occurrences)),
            ("value", _value(source, values, names[each.key])),
            ("_reads", source.constant(_Reads(each, names))),
            ("_kept", "i"),
        ):
            source.add(f"{step}.{name} = {text}")
    before = [
        "    x, g, o, k = i",
        *_unpacked("a", body.inputs, "g"),
        *_unpacked("k", sum(map(len, body.occurrences.values())), "k"),
        *(f"    {name} = o[{key}]" for key, name in values.items()),
    ]
    source.constants["Step"] = Step
    after = [f"    return ({''.join(f'{step}, ' for step in steps)})"]
    return cast("Callable[[Kept], tuple[Step, ...]]", source.function("i", before, after))


def _unpacked(letter: str, count: int, text: str) -> list[str]:
    """A line that names the items of a tuple."""
    names = "".join(f"{letter}{place}, " for place in range(count))
    return [f"    {names}= {text}"] if names else []


def _value(source: Source, values: dict[str, str], name: str) -> str:
    key = source.constant(name)
    return values.setdefault(key, f"v{len(values)}")


def _fired(source: Source, occurrences: Sequence[tuple[int, Occurrence]]) -> str:
    """The rules that fired in all tables of a step."""
    if not occurrences:
        return "()"
    if len(occurrences) == 1:
        place, only = occurrences[0]
        return f"{source.constant(only)}[k{place}]"
    parts = []
    for place, each in occurrences:
        if each.singles:
            parts.append(f"{source.constant(by_code(each.singles))}[k{place}], ")
        else:
            parts.append(f"*{source.constant(each)}[k{place}], ")
    return f"({''.join(parts)})"


class _Reads:
    """Tells what one step of a run read, in FEEL values."""

    def __init__(self, told: Told, names: Mapping[str, str]) -> None:
        self._told = told
        self._names = names

    def __call__(self, kept: object) -> Reads:
        _, inputs, outputs, _ = cast("Kept", kept)

        def value(place: int | str) -> Value:
            return _as_read(inputs[place]) if isinstance(place, int) else outputs[names[place]]

        told, names = self._told, self._names
        if told.code is None:
            return tuple([(name, value(place)) for name, place in told.reads])
        places = dict(told.reads)
        again = _Again(lambda name: value(places[name]))
        told.code(Env(again))
        return tuple(again.reads.items())


class _Again(Alone):
    """A run of one decision whose requirements are known: notes what it reads."""

    def __init__(self, value: Callable[[str], Value]) -> None:
        self._value = value
        self.reads: dict[str, Value] = {}

    def read(self, name: str) -> Value:
        found = self.reads[name] = self._value(name)
        return found


def _as_read(value: object) -> Value:
    """An input of a type that fast bodies take, as the general body reads it."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, float):
        return Decimal(repr(value + 0.0))
    number = NUMBERS.create_decimal(value)  # type: ignore[arg-type]
    return number or number.copy_abs()
