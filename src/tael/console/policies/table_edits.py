"""What a browser says of a table that was edited, as the table it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tael.dmn.authoring import Rule, Table
from tael.kernel import BadInput

MOST_RULES = 100_000
_LONGEST_CELL = 32_767
_RANGE = 2


def width(table: Table) -> int:
    """How many annotation columns the table shows: of any rule the most."""
    return max(
        (len(table.annotations), *(len(rule.annotations) for rule in table.rules)), default=0
    )


def columns(table: Table) -> list[dict[str, Any]]:
    """The columns in their order: conditions, conclusions, annotations, the note of a rule."""
    names = [*table.annotations, *[""] * (width(table) - len(table.annotations))]
    return [
        *(
            {"kind": "input", "text": c.expression, "label": c.label, "type": c.type,
             "allowed": c.allowed, "default": ""}
            for c in table.inputs
        ),
        *(
            {"kind": "output", "text": c.name, "label": c.label, "type": c.type,
             "allowed": c.allowed, "default": c.default}
            for c in table.outputs
        ),
        *(_plain("annotation", name) for name in names),
        _plain("note", ""),
    ]  # fmt: skip


def _plain(kind: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "text": text, "label": "", "type": "", "allowed": "", "default": ""}


def rows(table: Table) -> list[list[str]]:
    """The texts of the cells, rule by rule, as ``columns`` names them."""
    told = width(table)
    return [
        [
            *rule.conditions,
            *rule.conclusions,
            *rule.annotations,
            *[""] * (told - len(rule.annotations)),
            rule.description,
        ]
        for rule in table.rules
    ]


def edited(table: Table, given: object) -> Table:
    """``table`` with the rules that ``given`` lists, in that order.

    An entry is ``[first, last]``, rules that are left as they are, by their 0-based numbers, or
    ``{"from": number or null, "cells": [...]}``, a rule with other cells, or a new one.

    Raises:
        BadInput: anything else; names the entry.
    """
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise BadInput("no list of rules", field="rows", rule="a list").telling("rows_no_list")
    made: list[Rule] = []
    seen: set[int] = set()
    told = width(table)  # counted once: each changed rule would count all rules anew
    for number, entry in enumerate(given, start=1):
        for rule, source in _entry((table, told), entry, number):
            if source in seen:
                raise _wrong(number, f"rule {source + 1} stands there twice").telling(
                    "entry_twice", entry=number, rule=source + 1
                )
            seen |= set() if source < 0 else {source}
            made.append(rule)
        if len(made) > MOST_RULES:
            raise BadInput(
                f"more than {MOST_RULES} rules", field="rows", rule=str(MOST_RULES)
            ).telling("rows_too_many", most=MOST_RULES)
    return replace(table, rules=tuple(made))


def _entry(shown: tuple[Table, int], entry: object, number: int) -> Iterator[tuple[Rule, int]]:
    """The rules that an entry stands for, each with its number before, -1 for a new one."""
    table = shown[0]
    if isinstance(entry, Mapping):
        source = entry.get("from")
        known = -1 if source is None else _number(table, source, number)
        yield _changed(shown, known, entry.get("cells"), number), known
    elif isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == _RANGE:
        first, last = (_number(table, each, number) for each in entry)
        for source in range(first, last + 1):
            yield table.rules[source], source
    else:
        raise _wrong(number, "is neither rules that stay nor a rule with cells").telling(
            "entry_no_rule", entry=number
        )


def _number(table: Table, given: object, number: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < len(table.rules):
        raise _wrong(number, f"{given!r} is no rule of the table").telling(
            "entry_no_such_rule", entry=number, rule=given
        )
    return given


def _changed(shown: tuple[Table, int], source: int, cells: object, number: int) -> Rule:
    table, told = shown
    conditions, conclusions = len(table.inputs), len(table.outputs)
    texts = list(cells) if isinstance(cells, Sequence) and not isinstance(cells, str) else []
    if len(texts) != conditions + conclusions + told + 1 or not all(
        isinstance(text, str) and len(text) <= _LONGEST_CELL for text in texts
    ):
        raise _wrong(number, "has not one text a column").telling("entry_no_cells", entry=number)
    before = table.rules[source] if source >= 0 else Rule((), ())
    ends = conditions + conclusions
    annotations = texts[ends : ends + told]
    while annotations and not annotations[-1] and len(annotations) > len(before.annotations):
        annotations.pop()
    return replace(
        before,
        conditions=tuple(texts[:conditions]),
        conclusions=tuple(texts[conditions:ends]),
        annotations=tuple(annotations),
        description=texts[-1],
    )


def _wrong(number: int, what: str) -> BadInput:
    return BadInput(f"entry {number}: {what}", field="rows", row=number, rule="rules of a table")
