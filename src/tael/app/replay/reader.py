"""A lender's file as loans and features: CSV or Parquet, every bad row named and left out.

What spoils the whole file (no such column, no row, not a Parquet file) is an error; what spoils one
row is a fault, and the rest goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tael.app.replay.cells import (
    CellFault,
    day,
    is_empty,
    money,
    months,
    required,
    text,
)
from tael.app.replay.derive import FeatureColumns, Row, as_arrays, derived
from tael.app.replay.mapping import BookMapping, SampleWeights
from tael.app.replay.model import Ending, Fault, Loan
from tael.kernel import BadInput, Day, Money, NotFound, check


@dataclass(frozen=True)
class LoanBook:
    """A file that was read: loans in approval order, their features row by row, and the faults."""

    loans: tuple[Loan, ...]
    features: FeatureColumns
    faults: tuple[Fault, ...]
    rows: int


def read_book(path: Path, mapping: BookMapping) -> LoanBook:
    """The loans in ``path`` as ``mapping`` says, sorted by approval day and key.

    Raises:
        NotFound: no such file.
        BadInput: not CSV or Parquet, broken, empty, a column missing, or no row without a fault;
            names field, row and rule.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}", field="file")
    readers = {".csv": _csv_rows, ".parquet": _parquet_rows}
    if path.suffix.lower() not in readers:
        raise _spoilt(f"{path.name} is neither .csv nor .parquet", "a CSV or Parquet file")
    rows = readers[path.suffix.lower()](path, mapping)
    return _collect(rows, mapping)


def _collect(rows: Iterator[Row | Fault], mapping: BookMapping) -> LoanBook:
    reader = _RowReader(mapping)
    found: list[tuple[Loan, list[object]]] = []
    faults: list[Fault] = []
    count = 0
    for count, row in enumerate(rows, 1):
        if isinstance(row, Fault):
            faults.append(row)
            continue
        try:
            values = [derived(item, row) for item in mapping.features]
            found.append((reader.loan(row, count), values))
        except CellFault as fault:
            faults.append(Fault(count, fault.field, fault.rule, fault.message))
    if not count:
        raise _spoilt("the file has no rows", "at least one row")
    if not found:
        first = faults[0]
        raise BadInput(
            f"{first.message}; no row is sound", field=first.field, row=first.row, rule=first.rule
        )
    check(len(found) + len(faults) == count, "every row is a loan or a fault")
    found.sort(key=lambda pair: (pair[0].approved, pair[0].key))
    features = as_arrays(mapping.features, [values for _, values in found])
    return LoanBook(tuple(loan for loan, _ in found), features, tuple(faults), count)


class _RowReader:
    def __init__(self, mapping: BookMapping) -> None:
        self._mapping = mapping
        self._day = day(mapping.dates)
        self._money = money(mapping.currency)
        self._rows_by_key: dict[str, int] = {}

    def loan(self, row: Row, number_: int) -> Loan:
        mapping = self._mapping
        key = required(row[mapping.key], mapping.key, text)
        if key in self._rows_by_key:
            earlier = self._rows_by_key[key]
            raise CellFault(mapping.key, "each key once", f"{key!r} stands in row {earlier} too")
        approved = required(row[mapping.approved], mapping.approved, self._day)
        amount = required(row[mapping.amount], mapping.amount, self._money)
        guaranteed = required(row[mapping.guaranteed], mapping.guaranteed, self._money)
        _check_amounts(mapping, amount, guaranteed)
        ending, defaulted_on, loss = self._outcome(row, approved)
        cell = row[mapping.term.column]
        term = None if is_empty(cell) else months(cell, mapping.term.column)
        weight, source = _weight(mapping.samples, row, ending)
        self._rows_by_key[key] = number_
        return Loan(
            row=number_, key=key, approved=approved, amount=amount, guaranteed=guaranteed,
            ending=ending, defaulted_on=defaulted_on, loss=loss, term=term, weight=weight,
            source=source,
        )  # fmt: skip

    def _outcome(self, row: Row, approved: Day) -> tuple[Ending, Day | None, Money]:
        columns, none = self._mapping.outcome, Money.zero(self._mapping.currency)
        cell = row[columns.column]
        code = "" if is_empty(cell) else text(cell, columns.column)
        if not code:
            return Ending.UNKNOWN, None, none
        if code in columns.paid:
            return Ending.PAID, None, none
        if code not in columns.default:
            known = ", ".join(sorted(columns.paid | columns.default))
            raise CellFault(columns.column, f"one of {known}", f"{code!r} is no known outcome")
        on = required(row[columns.date], columns.date, self._day)
        if on < approved:
            raise CellFault(columns.date, "not before approval", f"{on} is before {approved}")
        return Ending.DEFAULT, on, required(row[columns.loss], columns.loss, self._money)


def _check_amounts(mapping: BookMapping, amount: Money, guaranteed: Money) -> None:
    if not amount:
        raise CellFault(mapping.amount, "above zero", f"an amount of {amount} is no loan")
    if guaranteed > amount:
        raise CellFault(
            mapping.guaranteed, "at most the amount", f"{guaranteed} of {amount} are guaranteed"
        )


def _weight(samples: SampleWeights | None, row: Row, ending: Ending) -> tuple[Decimal, str]:
    if samples is None:
        return Decimal(1), ""
    cell = row[samples.column]
    named = set() if is_empty(cell) else set(text(cell, "").split(samples.separator))
    for source, (paid, default) in samples.sources.items():
        if source in named and ending is not Ending.UNKNOWN:
            return (default if ending is Ending.DEFAULT else paid), source
    return samples.otherwise, ""


def _check_columns(names: Sequence[str], mapping: BookMapping) -> None:
    for column, needed_by in mapping.columns.items():
        if column not in names:
            raise BadInput(
                f"the file has no column {column!r}, which the mapping needs for {needed_by}",
                field=column,
                rule="every column of the mapping",
            )
        if list(names).count(column) > 1:
            raise BadInput(
                f"column {column!r} stands twice in the header", field=column, rule="each once"
            )


def _parquet_rows(path: Path, mapping: BookMapping) -> Iterator[Row | Fault]:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and not needed for a CSV
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        file = pq.ParquetFile(path)
        _check_columns(file.schema_arrow.names, mapping)
        names = list(mapping.columns)
        table = file.read(columns=names)
    except (pa.ArrowInvalid, pa.ArrowIOError, OSError) as error:
        raise _spoilt(
            f"{path.name} is not a sound Parquet file: {str(error).splitlines()[0]}",
            "a readable Parquet file",
        ) from None
    columns = [table[name].to_pylist() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _csv_rows(path: Path, mapping: BookMapping) -> Iterator[Row | Fault]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = [name.strip() for name in next(lines, [])]
            if not header:
                raise _spoilt(f"{path.name} is empty", "a header and at least one row")
            _check_columns(header, mapping)
            for number_, cells in enumerate((line for line in lines if line), 1):
                yield _csv_row(header, cells, number_)
    except UnicodeDecodeError as error:
        raise _spoilt(f"{path.name} is not UTF-8 at byte {error.start}", "UTF-8 text") from None
    except csv.Error as error:
        raise _spoilt(f"{path.name} is not CSV: {error}", "a readable CSV file") from None


def _csv_row(header: list[str], cells: list[str], number_: int) -> Row | Fault:
    if len(cells) != len(header):
        message = f"{len(cells)} cells for {len(header)} columns"
        return Fault(number_, "row", "one cell for each column", message)
    return dict(zip(header, cells, strict=True))


def _spoilt(message: str, rule: str) -> BadInput:
    return BadInput(message, field="file", rule=rule)
