"""Decision tables in generated source: by bins and masks, and what each lookup leaves for a trace.

Rows are numbered from 1 in the order of priority (that of the table but for policies P and O);
number 0 is the default. A table of one column reads its answer directly by bin or value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.exact import Exact, exact_of
from tael.dmn.compiled.index import (
    LIMIT,
    Chunks,
    Collected,
    Cuts,
    Edge,
    decimal_cuts,
    edges_of,
    int_cuts,
    numeric_masks,
    point_masks,
    raw_cuts,
    rows_of,
    wants_chunks,
)
from tael.dmn.compiled.occurrence import Occurrence
from tael.dmn.compiled.source import Form, Held, Source, TooLarge
from tael.dmn.compiled.walk import Needs, subject, walked
from tael.dmn.feel.library import BUILTINS

_SINGLE = ("U", "A", "F", "P")
_MOST_COMPUTED = 200
_MOST_GROUPS = 64
_MOST_INT = 10**34


class Writer(Protocol):
    """What tables need of the writer of the function."""

    source: Source
    decision: str
    odd: str

    @property
    def always(self) -> bool: ...
    def expression(self, node: p.Expression) -> Held: ...
    def branch(self, node: p.Expression) -> tuple[Held, list[str]]: ...
    def named(self, held: Held) -> Held: ...
    def decimal(self, held: Held) -> str: ...
    def value_of(self, held: Held) -> str: ...
    def raw(self, item: p.Input) -> Held: ...
    def unchecked(self, item: p.Input) -> Held: ...
    def python_type(self, item: p.Input) -> type: ...
    def check_allowed(self, held: Held, cell: p.Cell) -> None: ...
    def remembered(self, key: Hashable) -> Held | None: ...
    def remember(self, key: Hashable, held: Held) -> None: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition column that asks something: its cells in order of priority, and its value.

    ``code`` is the bin of a number, else the value; ``item`` the input whose bin it is; ``domain``
    all values there can be, when they are known.
    """

    cells: tuple[p.Cell, ...]
    code: str
    cuts: Cuts | None
    item: str = ""
    domain: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bin:
    name: str
    cuts: Cuts


class Lookup:
    """Writes the tables of one function."""

    def __init__(self, writer: Writer, plan: p.Plan, needed: Needs) -> None:
        self._writer = writer
        self._source = writer.source
        self.occurrences: list[Occurrence] = []
        self._edges: dict[Hashable, set[Edge]] = {}
        self._bins: dict[str, _Bin] = {}
        self._unchecked: set[str] = set()
        self._natural: set[str] = set()
        for key in needed.decisions:
            for node in walked(plan.decisions[key]):
                if isinstance(node, p.Table):
                    self._gather(node, key)

    def _gather(self, table: p.Table, decision: str) -> None:
        """Cuts of everything that looks at one value are merged: it is searched once."""
        for column in table.columns:
            key = subject(column.value, decision)
            if key is not None and column.value.shape == p.NUMBER:
                self._edges.setdefault(key, set()).update(edges_of(column.cells))

    def finish(self) -> None:
        """Check the bins of inputs that no mask checks: None among masks raises by itself."""
        for name in sorted(self._unchecked - self._natural):
            made = self._bins[name]
            last = made.cuts.bins - 1
            self._source.head(f"if not 0 < {made.name} < {last}: raise {self._writer.odd}")

    @property
    def checked(self) -> AbstractSet[str]:
        """Inputs whose bins tell whether they are ordinary numbers; after ``finish``."""
        return self._unchecked | self._natural

    # --- columns

    def table(self, node: p.Table) -> Held:
        """The lookup of ``node``; its value."""
        order = _order(node)
        asked = [found for c in node.columns if (found := self._asked(c, order)) is not None]
        if node.hit_policy in _SINGLE:
            return self._single(node, order, asked)
        return self._several(node, order, asked)

    def _asked(self, column: p.Column, order: Sequence[int]) -> _Asked | None:
        held: Held | None = None
        node = column.value
        if column.allowed is not None or not isinstance(node, p.Input | p.Reference):
            held = self._writer.named(self._writer.expression(node))
        if column.allowed is not None and held is not None:
            self._writer.check_allowed(held, column.allowed)
        if all(cell.any for cell in column.cells):
            return None
        cells = tuple(column.cells[row] for row in order)
        if node.shape != p.NUMBER:
            held = held or self._writer.named(self._writer.expression(node))
            return _Asked(cells, held.text, None, domain=_domain(node))
        if isinstance(node, p.Input):
            made = self._input_bin(node, edges_of(column.cells))
            return _Asked(cells, made.name, made.cuts, item=node.name if made.cuts.shift else "")
        made = self._bin(node, held or self._writer.named(self._writer.expression(node)), cells)
        return _Asked(cells, made.name, made.cuts)

    def _input_bin(self, item: p.Input, own: set[Edge]) -> _Bin:
        made = self._bins.get(item.name)
        if made is not None:
            return made
        edges = self._edges.get(("input", item.name), own)
        cuts = raw_cuts(edges, self._writer.python_type(item))
        if cuts is not None:
            text = self._writer.unchecked(item).text
        else:
            cuts = decimal_cuts(edges)
            text = self._writer.decimal(self._writer.raw(item))
        name = self._source.fresh("b")
        self._source.head(f"{name} = {self._search(cuts)}, {text})")
        made = self._bins[item.name] = _Bin(name, cuts)
        return made

    def _search(self, cuts: Cuts) -> str:
        return f"{self._source.constant(bisect_right)}({self._source.constant(cuts.keys)}"

    def _bin(self, node: p.Expression, held: Held, cells: Sequence[p.Cell]) -> _Bin:
        key = subject(node, self._writer.decision)
        edges = self._edges[key] if key is not None else edges_of(cells)
        cuts = int_cuts(edges) if held.form is Form.INT else decimal_cuts(edges)
        known = self._writer.remembered(("bin", key)) if key is not None else None
        if known is not None:
            return _Bin(known.text, cuts)
        text = held.text if held.form is Form.INT else self._writer.decimal(held)
        name = self._source.assign(f"{self._search(cuts)}, {text})", "b")
        if key is not None:
            self._writer.remember(("bin", key), Held(name, Form.INT, atom=True))
        return _Bin(name, cuts)

    # --- masks

    def _mask(self, node: p.Table, asked: Sequence[_Asked]) -> tuple[str, Chunks | None]:
        """The name of the mask of matching rows; of a long table the index instead."""
        rows = len(node.source.rules)
        if not asked:
            return self._source.assign(self._source.constant((1 << rows) - 1), "m"), None
        if wants_chunks(rows, (c.cuts.bins if c.cuts else 2 for c in asked)):
            self._unchecked |= {column.item for column in asked if column.item}
            return "", Chunks([(column.cells, column.cuts) for column in asked], rows)
        items = {column.item for column in asked if column.item}
        if len(asked) > 1 and self._writer.always:
            self._natural |= items
        else:
            self._unchecked |= items
        return self._source.assign(" & ".join(map(self._row_mask, asked)), "m"), None

    def _row_mask(self, column: _Asked) -> str:
        constant = self._source.constant
        if column.cuts is not None:
            return f"{constant(tuple(numeric_masks(column.cells, column.cuts)))}[{column.code}]"
        masks, other = point_masks(column.cells)
        if column.domain:
            known = {value: masks.get(value, other) for value in column.domain}
            return f"{constant(known)}[{column.code}]"
        return f"{constant(masks)}.get({column.code}, {constant(other)})"

    # --- one hit

    def _single(self, node: p.Table, order: Sequence[int], asked: Sequence[_Asked]) -> Held:
        outputs = [_Output.of(node, i, order) for i in range(len(node.outputs))]
        constant = all(output.values is not None for output in outputs)
        if len(asked) == 1 and constant and node.hit_policy != "A":
            return self._direct(node, order, asked[0], outputs)
        number, kept = self._hit(node, order, asked)
        placed = _all_placed if node.hit_policy == "A" else _placed
        self._keep(node, kept, lambda found: placed(found, order))
        if constant:

            def read(values: Sequence[object]) -> str:
                return f"{self._source.constant(tuple(values))}[{number}]"

            held = [self._output(output, read) for output in outputs]
        else:
            held = self._computed(node, order, number)
        return _row(node, held)

    def _direct(
        self, node: p.Table, order: Sequence[int], column: _Asked, outputs: Sequence[_Output]
    ) -> Held:
        """A table of one column: the answer stands in a tuple by bin, or in a dict by value."""
        rows = _Rows.of(column, unique=node.hit_policy == "U", default=node.default is not None)
        self._keep(node, column.code, lambda code: _placed(rows.number(code), order))

        def read(values: Sequence[object]) -> str:
            return rows.read(values, column.code, self._source)

        held = [self._output(output, read) for output in outputs]
        if column.item:
            self._unchecked.add(column.item)
        if rows.gaps:
            held[0] = self._writer.named(held[0])
            self._source.add(f"if {held[0].text} is None: raise {self._writer.odd}")
        return _row(node, held)

    def _hit(self, node: p.Table, order: Sequence[int], asked: Sequence[_Asked]) -> tuple[str, str]:
        """The names of the number of the row that is hit, and of what is kept for a trace."""
        source, odd = self._source, self._writer.odd
        if node.hit_policy != "A" and asked and all(column.cuts is None for column in asked):
            exact = exact_of([column.cells for column in asked], unique=node.hit_policy == "U")
            if exact is not None:
                number = self._exact(node, asked, exact)
                return number, number
        mask, chunks = self._mask(node, asked)
        if chunks is not None:
            codes = ", ".join(column.code for column in asked)
            if node.hit_policy in ("F", "P"):
                number = source.assign(f"{source.constant(chunks.first)}({codes})", "r")
                if node.default is None:
                    source.add(f"if not {number}: raise {odd}")
                return number, number
            mask = source.assign(f"{source.constant(chunks.mask)}({codes})", "m")
        if node.default is None:
            source.add(f"if not {mask}: raise {odd}")
        if node.hit_policy == "U":
            source.add(f"if {mask} & ({mask} - 1): raise {odd}")
        number = source.assign(f"({mask} & -{mask}).bit_length()", "r")
        if node.hit_policy == "A":
            source.add(f"if {mask} & {self._others(node, order, number, mask)}: raise {odd}")
            return number, mask
        return number, number

    def _exact(self, node: p.Table, asked: Sequence[_Asked], exact: Exact) -> str:
        """The name of the number of the row that is hit, by a tuple of the values."""
        source, odd = self._source, self._writer.odd
        codes = ", ".join(column.code for column in asked)
        none = len(node.source.rules) + 1
        number = source.assign(f"{source.constant(exact.rows)}.get(({codes}), {none})", "r")
        if node.hit_policy == "U":
            source.add(f"if {number} < 0: raise {odd}")
        if exact.rest:
            cells = [tuple([column.cells[row] for row in exact.rest]) for column in asked]
            left = [
                self._row_mask(replace(column, cells=own))
                for column, own in zip(asked, cells, strict=True)
                if not all(cell.any for cell in own)
            ]
            whole = source.constant((1 << len(exact.rest)) - 1)
            mask = source.assign(" & ".join(left) if left else whole, "m")
            if node.hit_policy == "U":
                source.add(f"if {mask} & ({mask} - 1): raise {odd}")
                source.add(f"if {mask} and {number} != {none}: raise {odd}")
            rows = source.constant((none, *(row + 1 for row in exact.rest)))
            other = source.assign(f"{rows}[({mask} & -{mask}).bit_length()]", "r")
            number = source.assign(f"{other} if {other} < {number} else {number}", "r")
        if node.default is None:
            source.add(f"if {number} == {none}: raise {odd}")
            return number
        return source.assign(f"0 if {number} == {none} else {number}", "r")

    def _others(self, node: p.Table, order: Sequence[int], number: str, mask: str) -> str:
        """The rows whose conclusions differ from those of row ``number``."""
        groups: dict[Hashable, int] = {}
        keys: list[Hashable] = []
        for place, row in enumerate(order):
            cells = [output[row] for output in node.outputs]
            values = tuple(c.value if isinstance(c, p.Constant) else id(c) for c in cells)
            key = tuple((type(v), v) for v in values)
            groups[key] = groups.get(key, 0) | 1 << place
            keys.append(key)
        computed = any(not isinstance(o[row], p.Constant) for o in node.outputs for row in order)
        if computed or len(groups) > _MOST_GROUPS:
            return f"({mask} - 1)"
        whole = (1 << len(order)) - 1
        others = {key: whole ^ same for key, same in groups.items()}
        by_row = self._source.constant((0, *(others[key] for key in keys)))
        return f"{by_row}[{number}]"

    def _output(self, output: _Output, read: Callable[[Sequence[object]], str]) -> Held:
        """A constant conclusion; ``read`` gives the expression that picks one of the values."""
        text = read(output.values or ())
        if output.whole is None:
            return Held(text, output.form)
        bound = max((abs(each) for each in output.whole if each is not None), default=0)
        return Held(read(output.whole), Form.INT, bound, text)

    def _computed(self, node: p.Table, order: Sequence[int], number: str) -> list[Held]:
        """Conclusions of which some are expressions: those of the row that is hit are computed."""
        names = [self._source.fresh("t") for _ in node.outputs]
        rows = [[output[row] for output in node.outputs] for row in order]
        chain = list(enumerate(rows, start=1))
        if node.default is not None:
            chain.insert(0, (0, list(node.default)))
        self._chain(chain, number, lambda i, text: f"{names[i]} = {text}")
        return [
            Held(name, form_of(output[0].shape), atom=True)
            for name, output in zip(names, node.outputs, strict=True)
        ]

    def _chain(
        self,
        rows: Sequence[tuple[int, Sequence[p.Expression]]],
        number: str,
        write: Callable[[int, str], str],
    ) -> None:
        if len(rows) > _MOST_COMPUTED:
            raise TooLarge
        indent = "    " * (self._source.depth + 1)
        for place, (row, cells) in enumerate(rows):
            lines: list[str] = []
            for i, cell in enumerate(cells):
                held, more = self._writer.branch(cell)
                lines += [*more, indent + write(i, self._writer.value_of(held))]
            self._source.put(f"{'if' if not place else 'elif'} {number} == {row}:", lines)

    # --- several hits

    def _several(self, node: p.Table, order: Sequence[int], asked: Sequence[_Asked]) -> Held:
        mask, chunks = self._mask(node, asked)
        if chunks is not None:
            codes = ", ".join(column.code for column in asked)
            mask = self._source.assign(f"{self._source.constant(chunks.mask)}({codes})", "m")
        self._keep(node, mask, lambda found: _all_placed(found, order))
        if not node.aggregation:
            return Held(self._listed(node, order, mask), Form.LIST, atom=True)
        return self._aggregated(node, order, mask)

    def _listed(self, node: p.Table, order: Sequence[int], mask: str) -> str:
        """The name of the tuple of conclusions."""
        source = self._source
        outputs = [_Output.of(node, i, order) for i in range(len(node.outputs))]
        if all(output.values is not None for output in outputs):
            return self._constant_rows(node, outputs, mask)
        name, number = source.assign("[]"), source.fresh("r")
        with source.block(f"for {number} in {source.constant(rows_of)}({mask}):"):
            parts = [source.fresh("t") for _ in outputs]
            rows = [[output[row] for output in node.outputs] for row in order]
            self._chain(
                list(enumerate(rows, start=1)), number, lambda i, text: f"{parts[i]} = {text}"
            )
            source.add(f"{name}.append({self._row_text(node, parts)})")
        return source.assign(f"{source.constant(tuple)}({name})")

    def _constant_rows(self, node: p.Table, outputs: Sequence[_Output], mask: str) -> str:
        constant = self._source.constant
        if len(outputs) == 1:
            return self._source.assign(f"{constant(Collected(outputs[0].values or ()))}[{mask}]")
        row = self._row_text(node, [f"{constant(each.values)}[n]" for each in outputs])
        return self._source.assign(
            f"{constant(tuple)}([{row} for n in {constant(rows_of)}({mask})]) if {mask} else ()"
        )

    def _row_text(self, node: p.Table, parts: Sequence[str]) -> str:
        if len(parts) == 1:
            return parts[0]
        constant = self._source.constant
        pairs = (f"{constant(n)}: {part}" for n, part in zip(node.names, parts, strict=True))
        return "{" + ", ".join(pairs) + "}"

    def _aggregated(self, node: p.Table, order: Sequence[int], mask: str) -> Held:
        source = self._source
        if node.default is None and node.aggregation != "count":
            source.add(f"if not {mask}: raise {self._writer.odd}")
        if node.aggregation == "count":
            held = Held(f"{mask}.bit_count()", Form.INT, bound=len(order))
        else:
            held = self._total(node, order, mask)
        if node.default is None:
            return held
        name = source.fresh("t")
        indent = "    " * (source.depth + 1)
        default, lines = self._writer.branch(node.default[0])
        value = self._writer.value_of(default)
        source.put(f"if not {mask}:", [*lines, f"{indent}{name} = {value}"])
        source.put("else:", [f"{indent}{name} = {self._writer.decimal(held)}"])
        return Held(name, Form.DECIMAL, atom=True)

    def _total(self, node: p.Table, order: Sequence[int], mask: str) -> Held:
        """The sum, min or max of the conclusions; it is asked for only when there are hits."""
        source, name = self._source, node.aggregation
        output = _Output.of(node, 0, order)
        if output.whole is not None:
            bound = sum(abs(each) for each in output.whole if each is not None)
            call = source.constant({"sum": sum, "min": min, "max": max}[name])
            rows = f"{source.constant(Collected(output.whole))}[{mask}]"
            if bound < _MOST_INT:
                return Held(f"{call}({rows})", Form.INT, bound=bound)
        listed = self._listed(node, order, mask)
        return Held(f"{source.constant(BUILTINS[name].call)}({listed})", Form.DECIMAL)

    # --- traces

    def _keep(self, node: p.Table, kept: str, numbers: Callable[[object], Sequence[int]]) -> None:
        """Note what the lookup leaves; a table in a branch may not have been asked."""
        if not self._writer.always:
            name = self._source.fresh("k")
            self._source.head(f"{name} = None")
            self._source.add(f"{name} = {kept}")
            kept = name
        self.occurrences.append(Occurrence(self._writer.decision, node.source, kept, numbers))


@dataclass(frozen=True, slots=True)
class _Output:
    """Constant conclusions by row number, the default first; None where some are computed.

    ``whole`` are the same as ints, where all of them are.
    """

    values: tuple[object, ...] | None
    whole: tuple[int | None, ...] | None
    form: Form

    @classmethod
    def of(cls, node: p.Table, index: int, order: Sequence[int]) -> _Output:
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
class _Rows:
    """Which row a table of one column gives: by bin, or by value with one for all others.

    None stands for what the general body answers: no row and no default, or several rows.
    """

    bins: tuple[int | None, ...]
    values: dict[str | bool, int | None] | None
    other: int | None
    odd_ends: bool = False
    closed: bool = False

    @classmethod
    def of(cls, column: _Asked, *, unique: bool, default: bool) -> _Rows:
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


def _domain(node: p.Expression) -> tuple[str | bool, ...]:
    """All values that a string or boolean can have, when that is known."""
    if node.shape == p.BOOLEAN:
        return (False, True)
    allowed = node.allowed if isinstance(node, p.Input) else None
    if allowed is None or allowed.any or allowed.negated:
        return ()
    return tuple(each.low for each in allowed.intervals if isinstance(each.low, str))


def _order(node: p.Table) -> list[int]:
    """The indexes of rules, best first: their own order but for policies P and O."""
    order = list(range(len(node.source.rules)))
    if node.ranks:
        order.sort(key=lambda row: tuple(ranks[row] for ranks in node.ranks))
    return order


def _placed(number: object, order: Sequence[int]) -> Sequence[int]:
    return [order[number - 1]] if isinstance(number, int) and number else []


def _all_placed(mask: object, order: Sequence[int]) -> Sequence[int]:
    return [order[number - 1] for number in rows_of(mask)] if isinstance(mask, int) else []


def _row(node: p.Table, held: Sequence[Held]) -> Held:
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
