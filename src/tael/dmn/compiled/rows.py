"""The rows of a table as generated source reads them: conclusions, hits of one column, order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.index import LIMIT, Cuts, numeric_masks, point_masks, rows_of
from tael.dmn.compiled.source import Form, Held, Source


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition column that asks something: its cells in order of priority, and its value.

    ``code`` is the bin of a number, else the value; ``item`` the input whose bin it is; ``domain``
    all values there can be, when they are known; ``closes`` the input that has them.
    """

    cells: tuple[p.Cell, ...]
    code: str
    cuts: Cuts | None
    item: str = ""
    domain: tuple[str | bool, ...] = ()
    closes: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """Constant conclusions by row number, the default first; None where some are computed.

    ``whole`` are the same as ints, where all of them are.
    """

    values: tuple[object, ...] | None
    whole: tuple[int | None, ...] | None
    form: Form

    @classmethod
    def of(cls, node: p.Table, index: int, order: Sequence[int]) -> Output:
        cells = [node.outputs[index][row] for row in order]
        default = node.default[index] if node.default is not None else None
        form = form_of(cells[0].shape)
        found: list[object] = []
        for cell in (default, *cells):
            if cell is not None and not isinstance(cell, p.Constant):
                return cls(None, None, form)
            found.append(None if cell is None else cell.value)
        if form is not Form.DECIMAL or not all(map(_is_whole, found)):
            return cls(tuple(found), None, form)
        whole = tuple(int(v) if isinstance(v, Decimal) else None for v in found)
        return cls(tuple(found), whole, form)


def _is_whole(value: object) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, Decimal)
        and value.as_tuple().exponent == 0
        and abs(value) < Decimal(LIMIT)
        and not (value.is_zero() and value.is_signed())
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Which row a table of one column gives: by bin, or by value with one for all others.

    None stands for what the general body answers: no row and no default, or several rows.
    """

    bins: tuple[int | None, ...]
    values: dict[str | bool, int | None] | None
    other: int | None
    odd_ends: bool = False
    closed: bool = False

    @classmethod
    def of(cls, column: Asked, *, unique: bool, default: bool) -> Rows:
        def row(mask: int | None) -> int | None:
            if mask is None or (not mask and not default) or (unique and mask & (mask - 1)):
                return None
            return (mask & -mask).bit_length()

        if column.cuts is not None:
            masks = numeric_masks(column.cells, column.cuts)
            return cls(tuple(map(row, masks)), None, None, odd_ends=bool(column.cuts.shift))
        points, rest = point_masks(column.cells)
        if column.domain:
            return cls((), {v: row(points.get(v, rest)) for v in column.domain}, 0, closed=True)
        return cls((), {value: row(mask) for value, mask in points.items()}, row(rest))

    @property
    def gaps(self) -> bool:
        """Whether an ordinary value may have no row here; odd bins are checked elsewhere."""
        if self.values is not None:
            return self.other is None or None in self.values.values()
        return None in (self.bins[1:-1] if self.odd_ends else self.bins)

    @property
    def singles(self) -> Sequence[object]:
        """All bins or values that may be met, where each of them has a rule; else none."""
        found: dict[object, int]
        if self.values is None:
            found = {code: row for code, row in enumerate(self.bins) if row is not None}
        elif self.closed or self.other is None:
            found = {code: row for code, row in self.values.items() if row is not None}
        else:
            return ()
        return list(found) if all(found.values()) else ()

    def number(self, code: object) -> int | None:
        """The row of a bin or value, from 1; 0 the default."""
        if self.values is not None:
            return self.values.get(code, self.other)  # type: ignore[call-overload,no-any-return]
        return self.bins[code] if isinstance(code, int) else None

    def read(self, values: Sequence[object], code: str, source: Source) -> str:
        """The expression that picks, by bin or value, one of ``values`` by row number."""

        def picked(number: int | None) -> object:
            return None if number is None else values[number]

        if self.values is None:
            return f"{source.constant(tuple(map(picked, self.bins)))}[{code}]"
        by_value = source.constant({value: picked(row) for value, row in self.values.items()})
        if self.closed:
            return f"{by_value}[{code}]"
        return f"{by_value}.get({code}, {source.constant(picked(self.other))})"


def domain_of(node: p.Expression) -> tuple[str | bool, ...]:
    """All values that a string or boolean can have, when that is known."""
    if node.shape == p.BOOLEAN:
        return (False, True)
    allowed = node.allowed if isinstance(node, p.Input) else None
    if allowed is None or allowed.any or allowed.negated:
        return ()
    return tuple(each.low for each in allowed.intervals if isinstance(each.low, str))


def order_of(node: p.Table) -> list[int]:
    """The indexes of rules, best first: their own order but for policies P and O."""
    order = list(range(len(node.source.rules)))
    if node.ranks:
        order.sort(key=lambda row: tuple(ranks[row] for ranks in node.ranks))
    return order


def placed(number: object, order: Sequence[int]) -> Sequence[int]:
    return [order[number - 1]] if isinstance(number, int) and number else []


def all_placed(mask: object, order: Sequence[int]) -> Sequence[int]:
    return [order[number - 1] for number in rows_of(mask)] if isinstance(mask, int) else []


def row_of(node: p.Table, held: Sequence[Held]) -> Held:
    if len(held) == 1:
        return held[0]
    return Held("", Form.RECORD, fields=dict(zip(node.names, held, strict=True)))


def form_of(shape: p.Shape) -> Form:
    """How a computed value of this shape is held."""
    if shape.kind is p.Kind.NUMBER:
        return Form.DECIMAL
    if shape.kind is p.Kind.LIST:
        return Form.LIST
    return Form.CONTEXT if shape.kind is p.Kind.CONTEXT else Form.PLAIN
