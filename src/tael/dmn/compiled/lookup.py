"""Decision tables in generated source: by bins and masks, and what each lookup leaves for a trace.

Rows are numbered from 1 in the order of priority (that of the table but for policies P and O);
number 0 is the default. A table of one column reads its answer directly by bin or value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.exact import Exact, exact_of
from tael.dmn.compiled.index import (
    Chunks,
    Collected,
    Cuts,
    Edge,
    bins_by_value,
    decimal_cuts,
    edges_of,
    int_cuts,
    is_exact_double,
    numeric_masks,
    point_masks,
    raw_cuts,
    rows_of,
    wants_chunks,
)
from tael.dmn.compiled.occurrence import Occurrence
from tael.dmn.compiled.rows import (
    Asked,
    Output,
    Rows,
    all_placed,
    domain_of,
    form_of,
    order_of,
    placed,
    row_of,
)
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
class _Bin:
    """``is_checked``: that of a float, whose range is asked for at the start."""

    name: str
    cuts: Cuts
    is_checked: bool = False


class Lookup:
    """Writes the tables of one function."""

    def __init__(self, writer: Writer, plan: p.Plan, needed: Needs) -> None:
        self._writer = writer
        self._source = writer.source
        self.occurrences: list[Occurrence] = []
        self._edges: dict[Hashable, set[Edge]] = {}
        self._bins: dict[str, _Bin] = {}
        self.closed: set[str] = set()
        self._by_value: dict[str, tuple[str, str]] = {}
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
        checks: dict[str, str] = {}
        for name in sorted(self._unchecked - self._natural):
            made = self._bins[name]
            last = made.cuts.bins - 1
            if not made.is_checked:
                checks[name] = f"if not 0 < {made.name} < {last}: raise {self._writer.odd}"
        if self._by_value:
            # Small whole numbers find their bins by index; one that is not small, or negative,
            # leads to the search for all of them.
            self._source.head("try:")
            for direct, _ in self._by_value.values():
                self._source.head(f"    {direct}")
            self._source.head(f"except {self._source.constant(IndexError)}:")
            for name, (_, search) in self._by_value.items():
                self._source.head(f"    {search}")
                if name in checks:
                    self._source.head(f"    {checks.pop(name)}")
        for check in checks.values():
            self._source.head(check)

    @property
    def checked(self) -> AbstractSet[str]:
        """Inputs whose bins tell whether they are ordinary numbers; after ``finish``."""
        return self._unchecked | self._natural

    # --- columns

    def table(self, node: p.Table) -> Held:
        """The lookup of ``node``; its value."""
        order = order_of(node)
        asked = [found for c in node.columns if (found := self._asked(c, order)) is not None]
        if node.hit_policy in _SINGLE:
            return self._single(node, order, asked)
        return self._several(node, order, asked)

    def _asked(self, column: p.Column, order: Sequence[int]) -> Asked | None:
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
            closes = node.name if isinstance(node, p.Input) else ""
            return Asked(cells, held.text, None, domain=domain_of(node), closes=closes)
        if isinstance(node, p.Input):
            made = self._input_bin(node, edges_of(column.cells))
            return Asked(cells, made.name, made.cuts, item=node.name if made.cuts.shift else "")
        made = self._bin(node, held or self._writer.named(self._writer.expression(node)), cells)
        return Asked(cells, made.name, made.cuts)

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
        by_value = bins_by_value(cuts) if self._writer.python_type(item) is int else None
        if by_value is None:
            self._source.head(f"{name} = {self._search(cuts)}, {text})")
        else:
            beyond = len(by_value)  # a negative number is searched, like one that is too large
            self._by_value[item.name] = (
                f"{name} = {self._source.constant(by_value)}[{text} if {text} >= 0 else {beyond}]",
                f"{name} = {self._search(cuts)}, {text})",
            )
        is_float = self._writer.python_type(item) is float
        made = self._bins[item.name] = _Bin(name, cuts, is_checked=is_float)
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
        search = f"{self._search(cuts)}, {text})"
        name = self._of_ratio(held.ratio, cuts, search) or self._source.assign(search, "b")
        if key is not None:
            self._writer.remember(("bin", key), Held(name, Form.INT, atom=True))
        return _Bin(name, cuts)

    def _of_ratio(self, ratio: tuple[str, str] | None, cuts: Cuts, search: str) -> str:
        """The bin of a quotient of whole numbers, found by doubles; '' where that is not exact.

        Python divides ints to the nearest double, so two different doubles have the order of the
        quotient and the cut. So has the quotient of 34 digits: one by a divisor of 16 digits is a
        cut of 15 digits, or farther from it than 34 digits can hide. Equal doubles tell nothing.
        """
        if ratio is None or not all(is_exact_double(value) for value, _ in cuts.edges):
            return ""
        source = self._source
        keys = source.constant([float(value) for value, _ in cuts.edges])
        quotient = source.assign(f"{ratio[0]} / {ratio[1]}", "q")
        name = source.assign(f"{source.constant(bisect_right)}({keys}, {quotient})", "b")
        source.add(f"if {keys}[{name} - 1] == {quotient}: {name} = {search}")
        return name

    # --- masks

    def _close(self, column: Asked) -> None:
        """Note an input whose look-up, always done, finds its allowed values alone."""
        if self._writer.always and column.closes:
            self.closed.add(column.closes)

    def _mask(self, node: p.Table, asked: Sequence[Asked]) -> tuple[str, Chunks | None]:
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

    def _row_mask(self, column: Asked) -> str:
        constant = self._source.constant
        if column.cuts is not None:
            return f"{constant(tuple(numeric_masks(column.cells, column.cuts)))}[{column.code}]"
        masks, other = point_masks(column.cells)
        if column.domain:
            self._close(column)
            known = {value: masks.get(value, other) for value in column.domain}
            return f"{constant(known)}[{column.code}]"
        return f"{constant(masks)}.get({column.code}, {constant(other)})"

    # --- one hit

    def _single(self, node: p.Table, order: Sequence[int], asked: Sequence[Asked]) -> Held:
        outputs = [Output.of(node, i, order) for i in range(len(node.outputs))]
        constant = all(output.values is not None for output in outputs)
        if len(asked) == 1 and constant and node.hit_policy != "A":
            return self._direct(node, order, asked[0], outputs)
        number, kept = self._hit(node, order, asked)
        several = node.hit_policy == "A"
        self._keep(node, kept, lambda found: (all_placed if several else placed)(found, order))
        if constant:

            def read(values: Sequence[object]) -> str:
                return f"{self._source.constant(tuple(values))}[{number}]"

            held = [self._output(output, read) for output in outputs]
        else:
            held = self._computed(node, order, number)
        return row_of(node, held)

    def _direct(
        self, node: p.Table, order: Sequence[int], column: Asked, outputs: Sequence[Output]
    ) -> Held:
        """A table of one column: the answer stands in a tuple by bin, or in a dict by value."""
        rows = Rows.of(column, unique=node.hit_policy == "U", default=node.default is not None)
        kept = self._keep(node, column.code, lambda code: placed(rows.number(code), order))
        kept.is_single(rows.singles if self._writer.always else ())

        def read(values: Sequence[object]) -> str:
            return rows.read(values, column.code, self._source)

        held = [self._output(output, read) for output in outputs]
        if rows.closed:
            self._close(column)
        if column.item:
            self._unchecked.add(column.item)
        if rows.gaps:
            held[0] = self._writer.named(held[0])
            self._source.add(f"if {held[0].text} is None: raise {self._writer.odd}")
        return row_of(node, held)

    def _hit(self, node: p.Table, order: Sequence[int], asked: Sequence[Asked]) -> tuple[str, str]:
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

    def _exact(self, node: p.Table, asked: Sequence[Asked], exact: Exact) -> str:
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

    def _output(self, output: Output, read: Callable[[Sequence[object]], str]) -> Held:
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

    def _several(self, node: p.Table, order: Sequence[int], asked: Sequence[Asked]) -> Held:
        mask, chunks = self._mask(node, asked)
        if chunks is not None:
            codes = ", ".join(column.code for column in asked)
            mask = self._source.assign(f"{self._source.constant(chunks.mask)}({codes})", "m")
        self._keep(node, mask, lambda found: all_placed(found, order))
        if not node.aggregation:
            return Held(self._listed(node, order, mask), Form.LIST, atom=True)
        return self._aggregated(node, order, mask)

    def _listed(self, node: p.Table, order: Sequence[int], mask: str) -> str:
        """The name of the tuple of conclusions."""
        source = self._source
        outputs = [Output.of(node, i, order) for i in range(len(node.outputs))]
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

    def _constant_rows(self, node: p.Table, outputs: Sequence[Output], mask: str) -> str:
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
        output = Output.of(node, 0, order)
        if output.whole is not None:
            bound = sum(abs(each) for each in output.whole if each is not None)
            call = source.constant({"sum": sum, "min": min, "max": max}[name])
            rows = f"{source.constant(Collected(output.whole))}[{mask}]"
            if bound < _MOST_INT:
                return Held(f"{call}({rows})", Form.INT, bound=bound)
        listed = self._listed(node, order, mask)
        return Held(f"{source.constant(BUILTINS[name].call)}({listed})", Form.DECIMAL)

    # --- traces

    def _keep(
        self, node: p.Table, kept: str, numbers: Callable[[object], Sequence[int]]
    ) -> Occurrence:
        """Note what the lookup leaves; a table in a branch may not have been asked."""
        if not self._writer.always:
            name = self._source.fresh("k")
            self._source.head(f"{name} = None")
            self._source.add(f"{name} = {kept}")
            kept = name
        made = Occurrence(self._writer.decision, node.source, kept, numbers)
        self.occurrences.append(made)
        return made
