"""The kit's cases over columns: wherever the plan has columns, the values of the scalar body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tael.dmn.conformance.cases import Case, CaseFile
from tael.dmn.evaluate import Model, load
from tael.dmn.feel.values import Value
from tael.kernel import TaelError

if TYPE_CHECKING:
    from tael.dmn.columnar.batch import Program


def columnar_agreement(files: Iterable[CaseFile]) -> tuple[int, int]:
    """How many cases the columns accept, and how many of these equal ``Model.evaluate``.

    A case is accepted when every decision it asks for has columns and its inputs are of the types
    the model declares. Both must be the same number.
    """
    accepted = equal = 0
    for file in files:
        try:
            model = load(file.model, tolerant=True)
        except (TaelError, OSError):
            continue
        for case in file.cases:
            agrees = _agrees(model, case)
            accepted += agrees is not None
            equal += agrees is True
    return accepted, equal


def _agrees(model: Model, case: Case) -> bool | None:
    try:
        return agreement(model, case)
    except Exception:  # noqa: BLE001 - an edge: a case that breaks the columns is not equal
        return False


def agreement(model: Model, case: Case) -> bool | None:
    """Whether columns and scalar body give the same for ``case``; None when it has no columns."""
    from tael.dmn.columnar.batch import program_of  # noqa: PLC0415 - numpy and pyarrow, on request

    program = program_of(model)
    keys = {node.path + node.name: key for key, node in model.graph.decisions.items()}
    names = [expected.node for expected in case.expected]
    if case.invocable or any(name not in keys or program.why_not(keys[name]) for name in names):
        return None
    table = _row(program, case.inputs)
    if table is None:
        return None
    return all(_same(model, case, table, name) for name in names)


def _row(program: Program, inputs: Mapping[str, Value]) -> Any:
    """The inputs of one case as a table of one row; None when one is not of its declared type."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    from tael.dmn.columnar import writing  # noqa: PLC0415
    from tael.dmn.compiled.plan import Kind  # noqa: PLC0415

    kinds = {Kind.STRING: str, Kind.BOOLEAN: bool, Kind.NUMBER: Decimal}
    columns = {"the row": pa.array([0])}  # a table without columns has no rows
    for name, item in program.plan.inputs.items():
        value, digits = inputs.get(name), writing.Digits()
        if value is not None and not isinstance(value, kinds[item.shape.kind]):
            return None
        writing.measure(value, digits)
        kind = writing.type_of(item.shape, digits)
        if item.shape.kind is Kind.NUMBER and not pa.types.is_decimal128(kind):
            return None
        columns[name] = writing.array_of([value], kind)
    return pa.table(columns)


def _same(model: Model, case: Case, table: Any, name: str) -> bool:
    from tael.dmn.columnar import writing  # noqa: PLC0415 - see above
    from tael.dmn.columnar.batch import evaluate_batch  # noqa: PLC0415

    wanted = model.evaluate(case.inputs, name).outputs[name]
    column = evaluate_batch(model, table, [name]).table.column(0)
    found = column.to_pylist()[0]
    return bool(found == writing.python_of(wanted, column.type))
