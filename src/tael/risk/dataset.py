"""Samples from files: computed variables, and what became of each row.

Variables come as a folder of Parquet parts (`tael variables backfill`) or as one table with a
column a variable; outcomes as one table with a row for each borrower and instant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tael.kernel import BadInput
from tael.risk.sample import (
    HAS_VALUE,
    NO_EVENT,
    Floats,
    Instants,
    Ints,
    Reasons,
    Sample,
    Texts,
    Values,
)

_BATCH = 1024
POPULATION = "population"
_KEYS = ("borrower", "asof")
_REASON = "/reason"
_NO_ROWS = 3  # how many missing rows a message names


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """The columns of a table of outcomes.

    ``bad`` holds 1, 0 or nothing ('' where a table tells no outcomes), ``known`` the instant from
    which that could be known, ``weight`` a number above zero ('' for one each). ``borrower`` and
    ``asof`` find the variables.
    """

    borrower: str = "borrower"
    asof: str = "asof"
    bad: str = "bad"
    known: str = "known"
    weight: str = ""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A table of outcomes, a row for each borrower and instant.

    Attributes:
        borrower, asof, known, bad, weight: as ``Sample`` holds them.
        table: all columns of the file: populations, segments, what an applicant filled in.
        name: of the file, for messages.
    """

    borrower: Texts
    asof: Instants
    bad: Floats
    known: Instants
    weight: Floats
    table: pa.Table
    name: str

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.bad)

    def take(self, rows: npt.NDArray[np.bool_]) -> Outcomes:
        """The rows of a mask."""
        held = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return Outcomes(**held, table=self.table.filter(pa.array(rows)), name=self.name)

    def texts(self, column: str) -> Texts:
        """A column as texts, '' where it is empty.

        Raises:
            BadInput: no such column.
        """
        found = _column(self.table, column, self.name).cast(pa.string()).fill_null("")
        return np.array(found.to_pylist(), dtype=object)

    def numbers(self, column: str) -> Floats:
        """A column as float64, NaN where it is empty.

        Raises:
            BadInput: no such column, or one that holds no numbers.
        """
        return _numbers(self.table, column, self.name)

    def instants(self, column: str) -> Instants:
        """A column of days or instants as datetime64[s], UTC.

        Raises:
            BadInput: no such column, or one that holds no time stamps.
        """
        return _instants(_column(self.table, column, self.name), column, self.name)

    def places(self) -> dict[tuple[str, int], int]:
        """The row of each borrower and second.

        Raises:
            BadInput: two rows of one borrower at one instant; names both.
        """
        seconds = self.asof.astype(np.int64)
        place: dict[tuple[str, int], int] = {}
        for row, key in enumerate(zip(self.borrower.tolist(), seconds.tolist(), strict=True)):
            if key in place:
                raise BadInput(
                    f"{self.name} holds {key[0]} at {self.asof[row]} twice",
                    field="asof",
                    rule="one outcome for each borrower and instant",
                )
            place[key] = row
        return place


_ARRAYS = ("borrower", "asof", "bad", "known", "weight")


def read_outcomes(path: Path, columns: OutcomeColumns = OutcomeColumns()) -> Outcomes:
    """Outcomes of a Parquet or CSV file.

    Raises:
        BadInput: a column that is missing or of another kind, a row of nobody or of no instant, an
            outcome other than 0 and 1, of no known day, or known before its own row, a weight that
            is not above zero; names file, row and column.
    """
    table = read_table(path)
    borrower = _column(table, columns.borrower, path.name).cast(pa.string())
    asof = _instants(_column(table, columns.asof, path.name), columns.asof, path.name)
    empty = borrower.is_null().to_numpy(zero_copy_only=False)
    for name, missing in ((columns.borrower, empty), (columns.asof, np.isnat(asof))):
        if missing.any():
            raise BadInput(
                f"{path.name}: {name} is empty",
                field=name,
                row=int(np.flatnonzero(missing)[0]) + 1,
                rule="a borrower and an instant in each row",
            )
    bad, weight = _judged(table, columns, path.name)
    known = np.full(table.num_rows, np.datetime64("NaT"), dtype="datetime64[s]")
    if columns.known in table.column_names:
        known = _instants(table[columns.known], columns.known, path.name)
    if columns.known:
        _check_known(bad, asof, known, (columns.known, path.name))
    return Outcomes(
        np.array(borrower.to_pylist(), dtype=object), asof, bad, known, weight, table, path.name
    )


def _judged(table: pa.Table, columns: OutcomeColumns, file: str) -> tuple[Floats, Floats]:
    """Outcome and weight of each row."""
    bad = np.full(table.num_rows, np.nan)
    if columns.bad:
        bad = _numbers(table, columns.bad, file)
    odd = np.flatnonzero(~np.isnan(bad) & (bad != 0) & (bad != 1))
    if len(odd):
        raise BadInput(
            f"{file}: {columns.bad} is {bad[odd[0]]:g}",
            field=columns.bad,
            row=int(odd[0]) + 1,
            rule="1 bad, 0 good, empty where nobody knows",
        )
    weight = np.ones(table.num_rows)
    if columns.weight:
        weight = _numbers(table, columns.weight, file)
    light = np.flatnonzero(~((weight > 0) & np.isfinite(weight)))
    if len(light):
        raise BadInput(
            f"{file}: {columns.weight} is {weight[light[0]]:g}",
            field=columns.weight,
            row=int(light[0]) + 1,
            rule="a weight above zero",
        )
    return bad, weight


def _check_known(bad: Floats, asof: Instants, known: Instants, column: tuple[str, str]) -> None:
    """Refuse outcomes of no known day, or known before the day of their own row."""
    name, file = column
    judged = ~np.isnan(bad)
    blank = np.flatnonzero(judged & np.isnat(known))
    if len(blank):
        raise BadInput(
            f"{file}: {len(blank)} rows with an outcome do not say when it could be known",
            field=name,
            row=int(blank[0]) + 1,
            rule="an instant for each outcome: what was not known then is not learnt from",
        )
    days = [of.astype("datetime64[D]") for of in (known, asof)]
    early = np.flatnonzero(judged & (days[0] < days[1]))
    if len(early):
        row = int(early[0])
        raise BadInput(
            f"{file}: an outcome was known on {days[0][row]}, before its row's {days[1][row]}",
            field=name,
            row=row + 1,
            rule="not before asof: an outcome comes after the application",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which variables a sample holds.

    Attributes:
        names: the computed ones; None takes all.
        form: numeric columns of the outcomes that are variables too: what an applicant filled in.
    """

    names: Sequence[str] | None = None
    form: Sequence[str] = ()


def join(values: Sequence[Path], outcomes: Outcomes, wanted: Wanted = Wanted()) -> Sample:
    """The rows of ``outcomes`` with their variables, in the order of ``outcomes``.

    Args:
        values: folders of parts, or Parquet tables of borrower, asof and a column a variable; all
            of one plan.
        outcomes: which rows.
        wanted: which variables.

    Raises:
        BadInput: a variable that a file lacks, files of two plans, a row twice, outcomes without
            variables, an infinite value; names file, row and column.
    """
    parts = _all_parts(values)
    plan, every = _described(parts[0])
    names = list(wanted.names) if wanted.names is not None else every
    sheet = np.full((len(names) + len(wanted.form), outcomes.rows), np.nan, dtype=np.float32)
    reasons = np.full(sheet.shape, NO_EVENT, dtype=np.uint8)
    found = np.zeros(outcomes.rows, dtype=np.bool_)
    place = outcomes.places()
    for part in parts:
        own, held = _described(part)
        if own != plan:
            raise BadInput(
                f"{part} follows another plan of variables than {parts[0]}",
                field="plan",
                rule="one plan",
            )
        for keys, block, why in _batches(part, names, _chosen(held, names, part)):
            at = np.array([place.get(key, -1) for key in keys], dtype=np.int64)
            here = np.flatnonzero(at >= 0)
            _once(part, outcomes, found, at[here])
            sheet[: len(names), at[here]] = block[here].T
            reasons[: len(names), at[here]] = why[here].T
    _all_found(outcomes, found, values)
    for i, name in enumerate(wanted.form, len(names)):
        sheet[i] = outcomes.numbers(name)
        reasons[i] = np.where(np.isnan(sheet[i]), NO_EVENT, HAS_VALUE)
    _finite(sheet, [*names, *wanted.form], outcomes)
    return Sample(
        (*names, *wanted.form),
        sheet,
        reasons,
        outcomes.bad,
        outcomes.weight,
        outcomes.borrower,
        outcomes.asof,
        outcomes.known,
        plan,
        outcomes.texts(POPULATION) if POPULATION in outcomes.table.column_names else None,
    )


def read_table(path: Path) -> pa.Table:
    """A Parquet or CSV file as a table.

    Raises:
        BadInput: no such file, or one that is neither.
    """
    try:
        if path.suffix == ".csv":
            return pa_csv.read_csv(path)
        return pq.read_table(path)
    except FileNotFoundError:
        raise BadInput(
            f"there is no file {path}", field="file", rule="a file that exists"
        ) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(
            f"{path.name} cannot be read: {error}", field="file", rule="Parquet or CSV"
        ) from None


def _column(table: pa.Table, name: str, file: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise BadInput(
            f"{file} has no column {name!r}; it has {', '.join(table.column_names[:12])}",
            field=name,
            rule="a column of the outcomes",
        )
    return table[name]


def _numbers(table: pa.Table, name: str, file: str) -> Floats:
    column = _column(table, name, file)
    try:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        found = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadInput(
            f"{file}: {name} is {column.type}, a number is wanted", field=name, rule="number"
        ) from None
    return np.array(found, dtype=np.float64)


def _instants(column: pa.ChunkedArray, name: str, file: str) -> Instants:
    """Seconds of UTC; a day is its first instant."""
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = column.cast(pa.timestamp("us", tz="UTC"))
        found = column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        shown = next((one for one in column.to_pylist() if one is not None), None)
        raise BadInput(
            f"{file}: {name} is {column.type}, such as {shown!r}",
            field=name,
            rule="time stamps, or texts with their zone like 2019-01-01T00:00:00Z",
        ) from None
    missing = found.is_null().to_numpy(zero_copy_only=False)
    micro = found.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    result: Instants = (micro // 1_000_000).astype("datetime64[s]")
    result[missing] = np.datetime64("NaT")
    return result


# --- variables


def keys_of(values: Sequence[Path]) -> Outcomes:
    """Every row that ``values`` hold, with no outcome: what a score is wanted for.

    Raises:
        BadInput: no variables there, or rows without borrower or instant; names the file.
    """
    parts = _all_parts(values)
    for part in parts:
        _described(part)
    table = pa.concat_tables([pq.read_table(part, columns=list(_KEYS)) for part in parts])
    rows = table.num_rows
    borrower = np.array(table["borrower"].cast(pa.string()).to_pylist(), dtype=object)
    asof = _instants(table["asof"], "asof", parts[0].name)
    unknown = np.full(rows, np.datetime64("NaT"), dtype="datetime64[s]")
    return Outcomes(
        borrower, asof, np.full(rows, np.nan), unknown, np.ones(rows), table, parts[0].name
    )


def _all_parts(values: Sequence[Path]) -> list[Path]:
    if not values:
        raise BadInput("no variables are named", field="values", rule="at least one folder")
    return [part for each in values for part in _parts(each)]


def _once(part: Path, held: Outcomes, found: npt.NDArray[np.bool_], at: Ints) -> None:
    """Note rows as found.

    Raises:
        BadInput: one that was found before, in this batch or in another.
    """
    order = np.sort(at)
    again = [*at[found[at]].tolist(), *order[1:][order[1:] == order[:-1]].tolist()]
    if again:
        raise BadInput(
            f"{part.name} holds {held.borrower[again[0]]} at {held.asof[again[0]]} once more",
            field="asof",
            rule="one row for each borrower and instant",
        )
    found[at] = True


def _parts(values: Path) -> list[Path]:
    parts = sorted(values.glob("part-*.parquet")) if values.is_dir() else [values]
    if not parts or not parts[0].is_file():
        raise BadInput(
            f"{values} holds no variables", field="values", rule="a folder of parts, or a table"
        )
    return parts


def _described(part: Path) -> tuple[str, list[str]]:
    """The plan's hash and the names of the variables of a part."""
    try:
        schema = pq.read_schema(part)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(
            f"{part.name} cannot be read: {error}", field="values", rule="Parquet"
        ) from None
    facts: Mapping[bytes, bytes] = schema.metadata or {}
    plan = facts.get(b"tael.plan", b"").decode()
    for key in _KEYS:
        if key not in schema.names:
            raise BadInput(
                f"{part.name} has no column {key!r}", field=key, rule="borrower and asof"
            )
    if b"tael.names" in facts:
        return plan, list(json.loads(facts[b"tael.names"]))
    names = [
        name
        for name in schema.names
        if name not in {*_KEYS, "row_hash"} and not name.endswith(_REASON)
    ]
    return plan, names


def _chosen(every: Sequence[str], wanted: Sequence[str], part: Path) -> Ints | None:
    """Where the wanted ones stand; None where all are wanted in the file's order.

    Raises:
        BadInput: one that is wanted is not there.
    """
    lacking = sorted(set(wanted) - set(every))
    if lacking:
        raise BadInput(
            f"{part.name} lacks {len(lacking)} variables asked for, the first {lacking[0]!r}",
            field=lacking[0],
            rule="every variable asked for is in the file",
        )
    if list(every) == list(wanted):
        return None
    place = {name: i for i, name in enumerate(every)}
    return np.array([place[name] for name in wanted], dtype=np.int64)


_Batch = tuple[list[tuple[str, int]], npt.NDArray[Any], npt.NDArray[Any]]


def _batches(part: Path, wanted: Sequence[str], chosen: Ints | None) -> Iterator[_Batch]:
    """Keys, values [rows, variables] and reasons of a part, some rows at a time."""
    file = pq.ParquetFile(part)
    folded = "values" in file.schema_arrow.names
    has_reasons = bool(wanted) and f"{wanted[0]}{_REASON}" in file.schema_arrow.names
    columns = ["values", "reasons"] if folded else list(wanted)
    columns += [f"{name}{_REASON}" for name in wanted] if has_reasons else []
    for batch in file.iter_batches(_BATCH, columns=[*_KEYS, *columns]):
        stamps = pa.chunked_array([batch["asof"]])
        seconds = _instants(stamps, "asof", part.name).astype(np.int64)
        keys = list(zip(batch["borrower"].to_pylist(), seconds.tolist(), strict=True))
        if folded:
            block, why = (
                batch[name].flatten().to_numpy(zero_copy_only=False).reshape(len(keys), -1)
                for name in ("values", "reasons")
            )
            if chosen is not None:
                block, why = block[:, chosen], why[:, chosen]
        else:
            block, why = _columnwise(batch, wanted, has_reasons=has_reasons)
        with np.errstate(over="ignore"):
            yield keys, block.astype(np.float32), why


def _columnwise(
    batch: pa.RecordBatch, wanted: Sequence[str], *, has_reasons: bool
) -> tuple[Floats, Reasons]:
    rows = batch.num_rows
    block = np.empty((rows, len(wanted)))  # float64: beyond float32 is told later, by name
    why = np.zeros((rows, len(wanted)), dtype=np.uint8)
    for i, name in enumerate(wanted):
        try:
            column = batch[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise BadInput(
                f"column {name!r} is {batch[name].type}, a number is wanted",
                field=name,
                rule="number",
            ) from None
        block[:, i] = column
        if has_reasons:
            why[:, i] = batch[f"{name}{_REASON}"].to_numpy(zero_copy_only=False)
        else:
            why[:, i] = np.where(np.isnan(column), NO_EVENT, HAS_VALUE)
    return block, why


def _all_found(held: Outcomes, found: npt.NDArray[np.bool_], values: Sequence[Path]) -> None:
    lost = np.flatnonzero(~found)
    if len(lost):
        first = ", ".join(f"{held.borrower[row]} at {held.asof[row]}" for row in lost[:_NO_ROWS])
        raise BadInput(
            f"{len(lost)} rows of {held.name} have no variables in "
            f"{', '.join(map(str, values))}: {first}",
            field="asof",
            rule="variables for each outcome",
        )


def _finite(sheet: Values, names: Sequence[str], held: Outcomes) -> None:
    for i, name in enumerate(names):
        if np.isinf(sheet[i]).any():
            row = int(np.flatnonzero(np.isinf(sheet[i]))[0])
            raise BadInput(
                f"variable {name} of {held.borrower[row]} at {held.asof[row]} is infinite (or "
                "beyond what float32 holds)",
                field=name,
                rule="finite values",
            )
