"""Reads the invoices of the CUMCM 2020 problem C into one event table.

The set: 1.1 million VAT invoices of 425 masked Chinese firms, four Parquet files (received and
issued, 123 firms with rating and default, 302 without). An event is an invoice: its id is
direction, number and day, because the code of the invoice book, which would make the number unique,
is not told and numbers come back after months. One number on one day of one firm twice is therefore
the same invoice twice: if all of it is the same it counts once, else both are set aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.examples.days import SEASONS, instants, midnights, seasons
from tael.variables.examples.files import codes_of, plain_text, read_rows, read_table
from tael.variables.examples.minor import minor_units
from tael.variables.examples.reversals import match_reversals

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]

ZONE = "Asia/Shanghai"
STATUSES = ("valid", "reversed", "void", "red", "open_red")
_VALID, _REVERSED, _VOID, _RED, _OPEN_RED = range(5)
DIRECTIONS = ("out", "in")
_FIRM, _NUMBER, _DAY, _STATUS = "企业代号", "发票号码", "开票日期", "发票状态"
_AMOUNT, _TAX, _TOTAL = "金额", "税额", "价税合计"
_FILES = {
    "att1_input_invoices.parquet": (1, "销方单位代号"),
    "att1_output_invoices.parquet": (0, "购方单位代号"),
    "att2_input_invoices.parquet": (1, "销方单位代号"),
    "att2_output_invoices.parquet": (0, "购方单位代号"),
}
_VOID_WORD, _VALID_WORD = "作废发票", "有效发票"
_RATING, _DEFAULTED = "信誉评级", "是否违约"
RATINGS = ("A", "B", "C", "D")
_YES_OR_NO = {"是": True, "否": False}
_FIRM_LISTS = ("att1_enterprises.csv", "att2_enterprises.csv")
_ROUNDING = 2  # amount and tax are rounded one by one; their sum may miss the total by so much


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm that a bank rated: A to D, and whether it defaulted. All of D did."""

    rating: str
    defaulted: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found while reading, beside what packing will tell.

    Attributes:
        rows: rows of the four files.
        made: versions added, because a later red invoice reversed an earlier one in full.
        reds: red invoices that stand, each counted once.
        matched: of these, how many have their original in the file.
        odd_totals: rows whose amount and tax miss their total by more than 2 fen; kept.
    """

    rows: int
    made: int
    reds: int
    matched: int
    odd_totals: int


@dataclass(frozen=True, slots=True, eq=False)
class Invoices:
    """The event table, the firms in the order of their numbers, and the as-of instant of all.

    ``asof`` is the first second of the day after the last invoice of the whole set. It is one for
    all firms, since ratings and defaults come without dates: no instant can be shown to lie before
    an outcome, and one common instant at least keeps all invoices and compares firms as of the same
    day.
    """

    events: pa.Table
    firms: tuple[str, ...]
    labels: Mapping[str, Firm]
    asof: int
    reading: Reading


def read_invoices(folder: Path, firms: Sequence[str] = ()) -> Invoices:
    """Read the set in ``folder``; with ``firms`` only these.

    Raises:
        BadInput: a file is missing or has other columns, a status, rating or default that is not
            known, or a firm that the set does not list.
    """
    rows = _Rows.read(folder, _names(folder, firms), only=bool(firms))
    status, reverses = _statuses(rows)
    again = np.flatnonzero(reverses >= 0)
    original = reverses[again]
    later = rows.day[again] > rows.day[original]
    versions = np.zeros(len(rows.day), np.int64)
    # Reversed on its own day: it was never seen standing, and neither was its double.
    gone = _same_rows(rows, original[~later])
    status[gone] = _REVERSED
    place = np.append(np.arange(len(rows.day)), original[later])
    known = np.append(rows.day, rows.day[again[later]])
    status = np.append(status, np.full(int(later.sum()), _REVERSED))
    versions = np.append(versions, np.ones(int(later.sum()), np.int64))
    reds = int((np.isin(status[: len(rows.day)], (_RED, _OPEN_RED)) & rows.first).sum())
    reading = Reading(len(rows.day), int(later.sum()), reds, len(again), rows.odd_totals)
    return Invoices(
        events=_events(rows, place, known, (status, versions)),
        firms=rows.firms,
        labels=_labels(folder, rows.firms),
        asof=int(midnights(np.array([rows.last_day + 1]), ZONE)[0]),
        reading=reading,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The rows of all files one below the other.

    ``parties`` is one number for firm, direction and counterparty; ``whole`` marks rows with day
    and amounts (day 0 stands for none), ``same`` numbers groups of equal rows, ``first`` marks the
    first of each.
    """

    firms: tuple[str, ...]
    firm: pa.ChunkedArray
    direction: Integers
    number: pa.ChunkedArray
    day: Integers
    counterparty: pa.ChunkedArray
    parties: Integers
    amount: pa.Array
    tax: pa.Array
    void: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    same: Integers
    first: NDArray[np.bool_]
    odd_totals: int
    last_day: int

    @classmethod
    def read(cls, folder: Path, names: list[str], *, only: bool) -> _Rows:
        """Read and join the four files; ``only`` leaves rows of other firms in their files."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        chosen = names if only else None
        table = pa.concat_tables([_file(folder, name, chosen) for name in _FILES])
        firm, direction = codes_of(table["firm"], names), table["direction"].to_numpy()
        number, counterparty = _ranks(table["number"]), _ranks(table["counterparty"])
        parties = (firm * 2 + direction) * (int(counterparty.max(initial=0)) + 1) + counterparty
        amount, tax = minor_units(table["amount"]), minor_units(table["tax"])
        total = _filled(minor_units(table["total"]))
        day, void = table["day"].fill_null(0).to_numpy(), table["void"].to_numpy()
        whole = _present(table["day"]) & _present(amount) & _present(tax)
        content = (parties, number, day, _filled(amount), _filled(tax), void.astype(np.int64))
        same, first = _groups(content)
        odd = np.abs(_filled(amount) + _filled(tax) - total) > _ROUNDING
        return cls(
            tuple(names), table["firm"], direction, table["number"], day, table["counterparty"],
            parties, amount, tax, void, whole, same, first, int(odd.sum()), _last_day(folder),
        )  # fmt: skip


def _names(folder: Path, firms: Sequence[str]) -> list[str]:
    """The firms that are asked for, by number."""
    listed = [row[0] for name in _FIRM_LISTS for row in read_rows(folder / name, (_FIRM,))]
    strange = sorted(set(firms) - set(listed))
    if strange:
        told = ", ".join(strange)
        raise BadInput(f"there is no firm {told}", field="firms", rule="firms of the set")
    return sorted(firms or listed, key=_by_number)


def _last_day(folder: Path) -> int:
    """The last day on which any firm of the set has an invoice, since 1970-01-01."""
    days = [
        _day_numbers(read_table(folder / name, (_DAY,))).fill_null(0).to_numpy() for name in _FILES
    ]
    last = max(int(each.max(initial=0)) for each in days)
    if not last:
        raise BadInput("the files hold no invoice", field="data", rule="the folder of the set")
    return last


def _file(folder: Path, name: str, names: list[str] | None) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    direction, other = _FILES[name]
    columns = (_FIRM, _NUMBER, _DAY, other, _AMOUNT, _TAX, _TOTAL, _STATUS)
    table = read_table(folder / name, columns, only=None if names is None else (_FIRM, names))
    status = pc.utf8_trim_whitespace(plain_text(table[_STATUS]))
    strange = set(status.unique().to_pylist()) - {_VOID_WORD, _VALID_WORD}
    if strange:
        told = ", ".join(sorted(map(str, strange)))
        raise BadInput(f"{name}: {told}", field=_STATUS, rule="valid or void")
    return pa.table(
        {
            "firm": plain_text(table[_FIRM]),
            "direction": pa.array(np.full(table.num_rows, direction)),
            "number": plain_text(table[_NUMBER]),
            "day": _day_numbers(table),
            "counterparty": plain_text(table[other]),
            "amount": table[_AMOUNT],
            "tax": table[_TAX],
            "total": table[_TOTAL],
            "void": pc.equal(status, _VOID_WORD),
        }
    )


def _day_numbers(table: pa.Table) -> pa.ChunkedArray:
    """Days since 1970-01-01, null where there is none."""
    return table[_DAY].cast("date32").cast("int32").cast("int64")


def _by_number(firm: str) -> tuple[int, str]:
    digits = firm.lstrip("E")
    return (int(digits) if digits.isdecimal() else 0, firm)


def _present(column: pa.ChunkedArray | pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
    return found


def _ranks(column: pa.ChunkedArray) -> Integers:
    """A number for each text; a missing one is the empty text."""
    coded = column.fill_null("").combine_chunks().dictionary_encode()
    found: Integers = coded.indices.to_numpy().astype(np.int64)
    return found


def _filled(column: pa.Array) -> Integers:
    found: Integers = column.fill_null(0).to_numpy()
    return found


def _groups(content: tuple[Integers, ...]) -> tuple[Integers, NDArray[np.bool_]]:
    """The number of the group of equal rows of each row, and whether it is the group's first."""
    order = np.lexsort(content)
    differs = np.zeros(len(order), np.bool_)
    differs[:1] = True
    for column in content:
        differs[1:] |= column[order][1:] != column[order][:-1]
    same = np.empty(len(order), np.int64)
    same[order] = np.cumsum(differs) - 1
    first = np.zeros(len(order), np.bool_)
    first[order[differs]] = True  # lexsort is stable: the first of equals in the file
    return same, first


def _same_rows(rows: _Rows, places: Integers) -> NDArray[np.bool_]:
    """Mask of the rows that are equal to one of ``places``."""
    return np.isin(rows.same, rows.same[places])


def _statuses(rows: _Rows) -> tuple[Integers, Integers]:
    """Status of each row when it was issued, and for each red one the row that it reverses."""
    amount = _filled(rows.amount)
    status = np.where(rows.void, _VOID, np.where(amount < 0, _OPEN_RED, _VALID))
    standing = np.flatnonzero(~rows.void & rows.first & rows.whole)
    parties, day = rows.parties[standing], rows.day[standing]
    found = match_reversals(parties, day, amount[standing], _filled(rows.tax)[standing])
    reverses = np.full(len(amount), -1, np.int64)
    matched = found >= 0
    reverses[standing[matched]] = standing[found[matched]]
    status[_same_rows(rows, standing[matched])] = _RED
    return status, reverses


def _events(
    rows: _Rows, place: Integers, known: Integers, told: tuple[Integers, Integers]
) -> pa.Table:
    """The event table: a row for each of ``place``, known on the day after ``known``."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    status, version = told
    at, day = pa.array(place), rows.day[place]
    direction = _words(DIRECTIONS, rows.direction[place])
    written = pa.array(day.astype(np.int32), pa.int32()).cast(pa.date32()).cast(pa.large_string())
    number = rows.number.combine_chunks().take(at)
    ids = pc.binary_join_element_wise(
        direction.cast(pa.large_string()), number, written, pa.scalar("-", pa.large_string())
    )
    return pa.table(
        {
            "subject_id": rows.firm.combine_chunks().take(at),
            "event_id": ids,
            "event_at": instants(midnights(day, ZONE), missing=day == 0),
            "known_at": instants(midnights(known + 1, ZONE), missing=day == 0),
            "version": pa.array(version),
            "direction": direction,
            "status": _words(STATUSES, status),
            "season": _words(SEASONS, seasons(day)),
            "amount": rows.amount.take(at),
            "tax": rows.tax.take(at),
            "counterparty": rows.counterparty.combine_chunks().take(at),
        }
    )


def _words(words: tuple[str, ...], places: Integers) -> pa.Array:
    """A text column out of a few words, kept as places into their list."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    listed = pa.array(words, pa.large_string())
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), listed)


def _labels(folder: Path, firms: tuple[str, ...]) -> dict[str, Firm]:
    rows = read_rows(folder / _FIRM_LISTS[0], (_FIRM, _RATING, _DEFAULTED))
    found = {firm: _label(firm, rating.strip(), told.strip()) for firm, rating, told in rows}
    return {name: found[name] for name in firms if name in found}


def _label(firm: str, rating: str, told: str) -> Firm:
    if rating not in RATINGS:
        raise BadInput(f"{firm}: {rating!r}", field=_RATING, rule="A, B, C or D")
    if told not in _YES_OR_NO:
        raise BadInput(f"{firm}: {told!r}", field=_DEFAULTED, rule="yes (是) or no (否)")
    return Firm(rating, _YES_OR_NO[told])
