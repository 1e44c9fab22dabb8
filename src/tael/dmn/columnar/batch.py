"""Evaluating a model over Arrow tables: in columns where the plan allows it, else row by row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from tael.dmn.columnar import guard, reading, writing
from tael.dmn.columnar.analysis import why_unwritable
from tael.dmn.columnar.columns import Codes, Column, Floats, Truths, either
from tael.dmn.columnar.kernels import Kernels, kernels
from tael.dmn.columnar.reading import Reader
from tael.dmn.columnar.steps import Chunk, Compiler
from tael.dmn.columnar.tables import Hits, TableRun
from tael.dmn.compiled.plan import Kind, Shape
from tael.dmn.errors import DmnError
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Graph
from tael.kernel import BadInput

if TYPE_CHECKING:
    from tael.dmn.evaluate import Model

_T = TypeVar("_T")

ROWS_A_CHUNK = 65_536
_CHUNKS_A_THREAD = 2  # with fewer rows a thread more is not worth it


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What ``Model.evaluate_batch`` gives.

    Attributes:
        table: a pyarrow Table, one row an input row and one column a decision: decimal128,
            string, bool, date32, list or struct. With a trace, each decision table also has a
            column ``"<decision> rules"`` of the numbers of the rules that fired.
        fallbacks: the decisions that were computed row by row, with the reason.
        rows_fallen_back: how many rows of the other decisions were too close to call in columns,
            or held a null, or met no rule: these were computed alone, with the same answer.
        compiled: whether the loops were compiled by numba.
        warned: numbers of the rows whose evaluation warned, rising from 0: of null without a rule,
            of an undefined operation. No row that was computed in columns does.
        doubles: float64 [rows] of the decisions that were watched and give numbers; a double near
            the value, NaN where that is null.
    """

    table: pa.Table
    fallbacks: Mapping[str, str]
    rows_fallen_back: int
    compiled: bool
    warned: tuple[int, ...] = ()
    doubles: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A decision's values in a chunk: an Arrow array, or None when none can be handed out.

    ``fired`` are the outcomes of its table, and the table; None without a trace. ``doubles`` are
    those of a number that is watched.
    """

    array: Any
    digits: writing.Digits
    fired: tuple[Codes, TableRun] | None
    doubles: Floats | None = None


@dataclass
class _Wanted:
    """A decision that is asked for, or only watched, and what was computed of it."""

    name: str
    key: str
    watched: bool = False
    shape: Shape | None = None
    digits: writing.Digits = field(default_factory=writing.Digits)
    pieces: list[_Piece] = field(default_factory=list)
    alone: dict[int, Value] = field(default_factory=dict)
    alone_fired: dict[int, Hits] = field(default_factory=dict)


class Program:
    """The columnar form of one model; made once, used by every batch and any thread."""

    def __init__(self, model: Model) -> None:
        self.graph = model.graph
        self.plan = model.plan
        self.compiler = Compiler(self.plan)
        self._unwritable = {
            key: why_unwritable(self.plan.decisions[key], self.plan) for key in self.compiler.steps
        }

    def why_not(self, key: str) -> str:
        """Why a decision has no columns; empty for one that has."""
        if key in self.compiler.steps:
            return self._unwritable[key]
        return self.compiler.rejected.get(key) or self.plan.rejected.get(key, "it is not planned")


_PROGRAMS: WeakKeyDictionary[Model, Program] = WeakKeyDictionary()
_LOCK = Lock()


def program_of(model: Model) -> Program:
    """The program of ``model``, made when it is first asked for."""
    with _LOCK:
        found = _PROGRAMS.get(model)
        if found is None:
            found = _PROGRAMS[model] = Program(model)
        return found


def evaluate_batch(
    model: Model,
    table: Any,
    decisions: Sequence[str] | None = None,
    *,
    trace: bool = False,
    compiled: bool | None = None,
) -> BatchResult:
    """Compute ``decisions`` (default: all) for each row of an Arrow table or record batch.

    Every value equals that of ``model.evaluate`` for the row. A column bears the name of its
    input; columns that no decision reads are ignored. Large tables are shared among as many threads
    as the process may use processors.

    Args:
        model: what is evaluated.
        table: a pyarrow Table or RecordBatch.
        decisions: names of decisions.
        trace: also tell which rules of decision tables fired.
        compiled: ask for numba's loops, or for numpy's; by default numba's where it is installed.

    Raises:
        BadInput: no Arrow table; a column that is missing, there twice or of another type.
        DmnError: no such decision.
    """
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        raise BadInput(
            f"a batch is a pyarrow Table or RecordBatch, not {type(table).__name__}",
            field="table",
            rule="Arrow",
        )
    program = program_of(model)
    run = _Batch(model, program, table, _wanted(model, decisions), kernels(compiled=compiled))
    return run.result(trace=trace)


def watch_batch(
    model: Model,
    table: Any,
    decisions: Sequence[str],
    watched: Sequence[str],
    *,
    trace: bool = False,
) -> BatchResult:
    """As ``evaluate_batch``; decisions ``watched`` are computed and not handed out.

    So their warnings are told, and their numbers as doubles: a quotient that has no column does not
    make every row be computed alone.

    Raises:
        BadInput, DmnError: as ``evaluate_batch``.
    """
    program = program_of(model)
    wanted = _wanted(model, [each for each in decisions if each not in watched])
    for each in _wanted(model, watched):
        each.watched = True
        wanted.append(each)
    return _Batch(model, program, table, wanted, kernels()).result(trace=trace)


def _wanted(model: Model, decisions: Sequence[str] | None) -> list[_Wanted]:
    keys = {node.path + node.name: key for key, node in model.graph.decisions.items()}
    if decisions is None:
        own = [n.path + n.name for n in model.graph.decisions.values() if not n.path]
        return [_Wanted(name, keys[name]) for name in own]
    for name in decisions:
        if name not in keys:
            raise DmnError(
                f"no decision {name!r}; there are {', '.join(keys)}",
                file=model.graph.file,
                rule="a decision of the model",
            )
    return [_Wanted(name, keys[name]) for name in dict.fromkeys(decisions)]


def _inputs_of(graph: Graph, keys: Iterable[str]) -> list[str]:
    """Names of the inputs that the decisions with ``keys`` need, directly or not."""
    waiting, seen = list(keys), set()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        node = graph.decisions.get(key) or graph.knowledge.get(key)
        if node is not None:
            waiting += node.scope.values()
        elif key in graph.services:
            waiting += [*graph.services[key].inputs, *graph.services[key].outputs]
    return [item.path + item.name for key, item in graph.inputs.items() if key in seen]


class _Batch:
    """One call: the rows in chunks, then those that need the scalar body, then Arrow."""

    def __init__(
        self, model: Model, program: Program, table: Any, wanted: list[_Wanted], loops: Kernels
    ) -> None:
        self._model = model
        self._program = program
        self._table = table
        self._wanted = wanted
        self._kernels = loops
        self._room = writing.Room(loops)
        self._warned: set[int] = set()
        self._fallbacks = {
            each.name: why
            for each in wanted
            if (why := program.why_not(each.key))
            and not (each.watched and each.key in program.compiler.steps)
        }
        self._planned = [w for w in wanted if w.name not in self._fallbacks]
        for each in self._planned:
            decision = program.plan.decisions[each.key]
            each.shape = decision.shape
            writing.measure_plan(decision, program.plan, each.digits)

    def result(self, *, trace: bool) -> BatchResult:
        graph = self._program.graph
        columns = reading.columns_of(self._table, _inputs_of(graph, (w.key for w in self._wanted)))
        needed = _inputs_of(graph, (w.key for w in self._planned))
        analysis = self._program.compiler.analysis
        readers = {
            name: reading.reader(
                columns[name], self._program.plan.inputs[name], analysis, self._kernels
            )
            for name in needed
            if name in self._program.plan.inputs
        }
        unsure: list[int] = []
        for rows, pieces in self._chunks(readers, trace=trace):
            unsure += rows
            for each, piece in zip(self._planned, pieces, strict=True):
                each.pieces.append(piece)
        self._alone(columns, unsure, trace=trace)
        return BatchResult(
            self._table_of(trace=trace),
            self._fallbacks,
            len(unsure),
            self._kernels.compiled,
            tuple(sorted(self._warned)),
            {each.name: self._doubles(each) for each in self._wanted if _is_number(each)},
        )

    def _chunks(
        self, readers: Mapping[str, Reader], *, trace: bool
    ) -> Iterable[tuple[list[int], list[_Piece]]]:
        """The chunks in their order, on as many threads as there are processors."""

        def computed(start: int) -> tuple[list[int], list[_Piece]]:
            end = min(start + ROWS_A_CHUNK, self._table.num_rows)
            inputs = {name: read(start, end) for name, read in readers.items()}
            chunk = Chunk(end - start, inputs, self._kernels, trace=trace)
            with np.errstate(all="ignore"):
                return self._chunk(chunk, start)

        starts = range(0, self._table.num_rows, ROWS_A_CHUNK) if self._planned else range(0)
        most = min(processors(), len(starts) // _CHUNKS_A_THREAD)
        if most <= 1:
            yield from map(computed, starts)
            return
        with ThreadPoolExecutor(most, "dmn-batch") as pool:
            yield from pool.map(computed, starts)

    def _chunk(self, chunk: Chunk, start: int) -> tuple[list[int], list[_Piece]]:
        """Compute the planned decisions of some rows; the rows that must be computed alone."""
        unsure: Truths | None = None
        pieces: list[_Piece] = []
        for each in self._planned:
            column = self._program.compiler.steps[each.key](chunk)
            if each.watched:
                doubles, doubted = _watched(column, chunk.size, number=_is_number(each))
                unsure = either(unsure, doubted)
                fired = chunk.fired.get(each.key)
                pieces.append(_Piece(None, writing.Digits(), fired, doubles))
                continue
            writable = writing.is_writable(column)
            unsure = either(unsure, column.unsure if writable else np.ones((), np.bool_))
            digits, array = writing.Digits(), None
            each.digits.into(digits)
            if writable:
                writing.measure_column(column, digits)
                kind = writing.type_of(each.shape, digits)
                array = writing.arrow_of(column, kind, chunk.size, self._room)
            pieces.append(_Piece(array, digits, chunk.fired.get(each.key)))
        if unsure is None:
            return [], pieces
        rows: list[int] = (np.flatnonzero(np.broadcast_to(unsure, chunk.size)) + start).tolist()
        return rows, pieces

    def _alone(self, columns: Mapping[str, Any], unsure: list[int], *, trace: bool) -> None:
        """Compute rows by the scalar body: the unsure ones, and all for what is not planned."""
        if self._fallbacks:
            others = [w for w in self._wanted if w.name in self._fallbacks]
            self._rows(columns, range(self._table.num_rows), others, trace=trace)
        self._rows(columns, unsure, self._planned, trace=trace)

    def _rows(
        self, columns: Mapping[str, Any], rows: Sequence[int], wanted: list[_Wanted], *, trace: bool
    ) -> None:
        names = _inputs_of(self._program.graph, (each.key for each in wanted))
        for start in range(0, len(rows), ROWS_A_CHUNK):
            some = rows[start : start + ROWS_A_CHUNK]
            places = pa.array(np.asarray(some, np.int64))
            lists = [_python(name, columns[name].take(places)) for name in names]
            for at, row in enumerate(some):
                inputs = {name: values[at] for name, values in zip(names, lists, strict=True)}
                self._row(row, inputs, wanted, trace=trace)

    def _row(
        self, row: int, inputs: Mapping[str, object], wanted: list[_Wanted], *, trace: bool
    ) -> None:
        own = [node for node in self._program.graph.decisions.values() if not node.path]
        whole = self._model.evaluate(inputs) if len(wanted) == len(own) > 1 else None
        for each in wanted:
            found = whole or self._model.evaluate(inputs, each.name)
            each.alone[row] = found.outputs[each.name]
            if found.warnings:
                self._warned.add(row)
            if trace:
                step = found.trace.of(self._program.graph.decisions[each.key].name)
                each.alone_fired[row] = tuple(rule.number for rule in step.fired) if step else ()

    # --- Arrow

    def _table_of(self, *, trace: bool) -> Any:
        names: list[str] = []
        arrays: list[Any] = []
        for each in self._wanted:
            if not each.watched:
                names.append(each.name)
                arrays.append(self._column(each))
            is_table = any(piece.fired is not None for piece in each.pieces)
            if trace and (is_table or any(each.alone_fired.values())):
                names.append(f"{each.name} rules")
                arrays.append(self._fired(each))
        return pa.Table.from_arrays(arrays, names=names)

    def _column(self, each: _Wanted) -> Any:
        digits = each.digits
        for value in each.alone.values():
            writing.measure(value, digits)
        if each.name in self._fallbacks:
            kind = writing.type_of(writing.shape_of(each.alone.values()), digits)
            values = [each.alone[row] for row in range(self._table.num_rows)]
            return writing.array_of(values, kind)
        for piece in each.pieces:
            piece.digits.into(digits)
        kind = writing.type_of(each.shape, digits)
        alone = sorted(each.alone.items())
        arrays, at = [], 0
        for number, piece in enumerate(each.pieces):
            start, size = self._place(number)
            array = pa.nulls(size, kind) if piece.array is None else piece.array
            patches: list[tuple[int, Value]] = []
            while at < len(alone) and alone[at][0] < start + size:
                patches.append((alone[at][0] - start, alone[at][1]))
                at += 1
            arrays.append(_patched(writing.widened(array, kind), patches, kind))
        return pa.chunked_array(arrays, kind)

    def _doubles(self, each: _Wanted) -> Floats:
        """The number of each row as a double near it."""
        parts = [piece.doubles for piece in each.pieces if piece.doubles is not None]
        found = np.concatenate(parts) if parts else np.full(self._table.num_rows, np.nan)
        for row, value in each.alone.items():
            found[row] = float(value) if isinstance(value, Decimal) else np.nan
        return found

    def _place(self, number: int) -> tuple[int, int]:
        """The first row of a chunk, and how many it has."""
        start = number * ROWS_A_CHUNK
        return start, min(ROWS_A_CHUNK, self._table.num_rows - start)

    def _fired(self, each: _Wanted) -> Any:
        kind = pa.list_(pa.int32())
        alone = sorted(each.alone_fired.items())
        arrays, at = [], 0
        for number, piece in enumerate(each.pieces):
            start, size = self._place(number)
            numbers = pa.array([()] * size, kind)
            if piece.fired is not None:
                outcomes, run = piece.fired
                told = pa.array([[rule + 1 for rule in hits] for hits in run.outcomes.hits], kind)
                numbers = told.take(pa.array(outcomes))
            patches: list[tuple[int, Hits]] = []
            while at < len(alone) and alone[at][0] < start + size:
                patches.append((alone[at][0] - start, alone[at][1]))
                at += 1
            arrays.append(_with_rows(numbers, patches, lambda some: pa.array(some, kind)))
        if not arrays:
            rows = range(self._table.num_rows)
            arrays = [pa.array([each.alone_fired.get(row, ()) for row in rows], kind)]
        return pa.chunked_array(arrays, kind)


def _is_number(each: _Wanted) -> bool:
    return each.watched and each.shape is not None and each.shape.kind is Kind.NUMBER


def _watched(column: Column, size: int, *, number: bool) -> tuple[Floats | None, Truths | None]:
    """The doubles of a column that is a number, and which rows are unsure."""
    if not number:
        return None, column.unsure if writing.is_writable(column) else np.ones((), np.bool_)
    real = guard.real(column)  # type: ignore[arg-type] # a number, as planned
    values = np.array(np.broadcast_to(real.values, size))
    # What is not finite may be null to the scalar body.
    vague = ~(np.isfinite(values) & np.isfinite(real.errors))
    return values, either(real.unsure, vague if vague.any() else None)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _python(name: str, column: Any) -> list[object]:
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, pa.ArrowException) as error:
        raise BadInput(
            f"the column {name!r} of {column.type} has a value that Python cannot hold: {error}",
            field=name,
            rule="FEEL value",
        ) from None
    return values


def _patched(piece: Any, patches: list[tuple[int, Value]], kind: Any) -> Any:
    """``piece`` with the values of some rows in place of its own."""
    return _with_rows(piece, patches, lambda values: writing.array_of(values, kind))


def _with_rows(piece: Any, patches: Sequence[tuple[int, _T]], written: Callable[..., Any]) -> Any:
    if not patches:
        return piece
    order = np.arange(len(piece))
    order[[row for row, _ in patches]] = len(piece) + np.arange(len(patches))
    more = written([value for _, value in patches])
    return pa.concat_arrays([piece, more]).take(pa.array(order))
