"""Large tables of six columns: of ranges or of equal words, from a seed; the last row takes all."""

from __future__ import annotations

import random
from decimal import Decimal

from dmn.credit_policy import ANY, Cell, Table
from dmn.policy_dmn import definitions, table_xml

COLUMNS = ("a", "b", "c", "d", "e", "f")
_HIGHEST = 1_000
_WORDS = 40


def range_table(rows: int, seed: int = 7) -> Table:
    """Whole numbers from 0 to 1000; a cell admits a twentieth to two fifths of them."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret

    def cell() -> Cell:
        low = chance.randrange(0, 900)
        return Cell("range", Decimal(low), Decimal(low + chance.randrange(50, 400)))

    return _table(tuple(tuple(cell() for _ in COLUMNS) for _ in range(rows - 1)))


def equality_table(rows: int, seed: int = 7) -> Table:
    """One word of forty in each cell."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret
    return _table(
        tuple(
            tuple(Cell("one_of", values=(f"v{chance.randrange(_WORDS)}",)) for _ in COLUMNS)
            for _ in range(rows - 1)
        )
    )


def _table(rows: tuple[tuple[Cell, ...], ...]) -> Table:
    cells = (*rows, (ANY,) * len(COLUMNS))
    return Table(COLUMNS, ("x",), cells, tuple((i % 97,) for i in range(len(cells))))


def questions(table: Table, count: int, seed: int = 11) -> list[dict[str, object]]:
    """Inputs that each meet a row drawn by chance, and perhaps an earlier one."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret

    def value(cell: Cell) -> object:
        if cell.kind == "one_of":
            return cell.values[0]
        return chance.randrange(int(cell.low), int(cell.high))

    rows = [chance.choice(table.rows[:-1]) for _ in range(count)]
    return [dict(zip(COLUMNS, map(value, row), strict=True)) for row in rows]


def first_hit(table: Table, asked: dict[str, object]) -> int | str | Decimal:
    """The naive reference."""
    for row, (answer,) in zip(table.rows, table.conclusions, strict=True):
        if all(_passes(c, asked[n]) for c, n in zip(row, COLUMNS, strict=True)):
            return answer
    raise LookupError


def _passes(cell: Cell, value: object) -> bool:
    if cell.kind == "any":
        return True
    if isinstance(value, int):
        return cell.low <= value < cell.high
    return value in cell.values


def table_text(table: Table) -> str:
    """The table as a DMN file with one decision ``t``."""
    kind = "string" if table.rows[0][0].kind == "one_of" else "number"
    inputs = [
        f'<inputData id="{n}" name="{n}"><variable name="{n}" typeRef="{kind}"/></inputData>'
        for n in COLUMNS
    ]
    links = "".join(
        f'<informationRequirement><requiredInput href="#{n}"/></informationRequirement>'
        for n in COLUMNS
    )
    logic = table_xml(table, list(COLUMNS), "FIRST")
    return definitions("large table", [
        *inputs,
        f'<decision id="t" name="t"><variable name="t" typeRef="number"/>{links}{logic}</decision>',
    ])  # fmt: skip
