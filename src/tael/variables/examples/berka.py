"""Reads the Czech bank tables of the PKDD 1999 challenge into one event table.

The copy at hand holds every account's transactions from 1993-01-01 to 1994-03-31 only, the last day
not whole. Loans run to 1998: the transactions before most of them are missing. Only loans granted
within the file are looked at on their own day; later ones would seem to have had no account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.examples.chain import Chain, order_by_balance
from tael.variables.examples.days import instants, midnights
from tael.variables.examples.files import plain_text, read_rows, read_table
from tael.variables.examples.minor import minor_units

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]

ZONE = "Europe/Prague"
_TRANSACTIONS = "trans_199301_199403_partial.parquet"
_LOANS = "loan.csv.gz"
_COLUMNS = (
    "trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol", "bank",
    "account",
)  # fmt: skip
# What the file says in Czech → the codes of the definition. VYBER as a type is cash drawn, written
# so in 651 rows.
_DIRECTIONS = {"PRIJEM": "in", "VYDAJ": "out", "VYBER": "out"}
_OPERATIONS = {
    "VKLAD": "cash_in",
    "VYBER": "cash_out",
    "VYBER KARTOU": "card",
    "PREVOD Z UCTU": "transfer_in",
    "PREVOD NA UCET": "transfer_out",
    "": "booked",
}
_PURPOSES = {
    "DUCHOD": "pension",
    "UROK": "interest",
    "SIPO": "household",
    "POJISTNE": "insurance",
    "UVER": "loan",
    "SLUZBY": "statement",
    "SANKC. UROK": "penalty",
    "": "unnamed",
}
BAD_STATUSES = frozenset("BD")  # B: ended with debt; D: runs and is in debt
_STATUSES = frozenset("ABCD")
_CENTURY = 1900
_NO_DAY = 700_101  # 1970-01-01, before any bank of this file


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan: the day it was granted and what became of it later (A and C good, B and D bad)."""

    granted: date
    status: str

    @property
    def bad(self) -> bool:
        """Whether it was not paid as agreed."""
        return self.status in BAD_STATUSES


@dataclass(frozen=True, slots=True, eq=False)
class Transactions:
    """The event table, the accounts, and the as-of instant of each.

    Attributes:
        events: the transactions.
        accounts: their ids, by number.
        asof: int64, a UTC second each: the first second of the day on which the account's loan was
            granted, or of the day after the last transaction where it has none within the file.
            What becomes of the loan lies after it.
        loans: the loans granted within the file, by account.
        loans_beyond: how many were granted later and are left out.
        chain: how far the balances follow from the amounts.
    """

    events: pa.Table
    accounts: tuple[str, ...]
    asof: Integers
    loans: Mapping[str, Loan]
    loans_beyond: int
    chain: Chain


def read_transactions(folder: Path, accounts: int | None = None) -> Transactions:
    """Read the set in ``folder``; with ``accounts`` only the first so many by number.

    Raises:
        BadInput: a file is missing or has other columns, a Czech word or a status that is not
            known, or a day that is none.
    """
    table = read_table(folder / _TRANSACTIONS, _COLUMNS).sort_by(
        [("account_id", "ascending"), ("date", "ascending"), ("trans_id", "ascending")]
    )
    last = int(_days(table["date"]).max(initial=0))
    if not last:
        raise BadInput("the file holds no transaction", field="data", rule="the folder of the set")
    numbers = np.unique(table["account_id"].drop_null().to_numpy())[:accounts]
    if accounts is not None:
        table = table.slice(0, int((_numbers(table["account_id"]) <= numbers[-1]).sum()))
    names = tuple(str(number) for number in numbers.tolist())
    every = _loans(folder)
    loans = {key: each for key, each in every.items() if _day(each.granted) <= last}
    events, chain = _events(table)
    return Transactions(
        events=events,
        accounts=names,
        asof=_instants_of(names, loans, last),
        loans={name: loans[name] for name in names if name in loans},
        loans_beyond=len(every) - len(loans),
        chain=chain,
    )


def _instants_of(names: tuple[str, ...], loans: Mapping[str, Loan], last: int) -> Integers:
    days = [_day(loans[name].granted) if name in loans else last + 1 for name in names]
    return midnights(np.array(days, np.int64), ZONE)


def _events(table: pa.Table) -> tuple[pa.Table, Chain]:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    direction = _coded(table["type"], _DIRECTIONS, "type")
    amount, balance = minor_units(table["amount"]), minor_units(table["balance"])
    owner, day = _numbers(table["account_id"]), _days(table["date"])
    signed = np.where(pc.equal(direction, "in").to_numpy(zero_copy_only=False), 1, -1)
    place, chain = order_by_balance(
        owner, day, signed * amount.fill_null(0).to_numpy(), balance.fill_null(0).to_numpy()
    )
    overdrawn = pc.if_else(pc.less(balance.fill_null(0), 0), "overdrawn", "in_credit")
    start = midnights(day, ZONE)
    columns = {
        "subject_id": plain_text(table["account_id"].cast("string")),
        "event_id": plain_text(table["trans_id"].cast("string")),
        # One second apart in the order that the balances tell: the file has no time of day.
        "event_at": instants(start + place, missing=day == 0),
        "known_at": instants(midnights(day + 1, ZONE), missing=day == 0),
        "direction": direction,
        "operation": _coded(table["operation"], _OPERATIONS, "operation"),
        "purpose": _coded(table["k_symbol"], _PURPOSES, "k_symbol"),
        "standing": overdrawn.cast(pa.large_string()),
        "amount": amount,
        "balance": balance,
        "counterparty": _counterparty(table),
    }
    return pa.table(columns), chain


def _coded(column: pa.ChunkedArray, words: Mapping[str, str], name: str) -> pa.Array:
    """Czech words as codes; a missing one is the empty text."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    text = pc.utf8_trim_whitespace(plain_text(column).fill_null("")).combine_chunks()
    coded = text.dictionary_encode()
    strange = set(coded.dictionary.to_pylist()) - set(words)
    if strange:
        raise BadInput(
            f"{name}: {', '.join(sorted(strange))}", field=name, rule="a word of the set"
        )
    codes = pa.array([words[each] for each in coded.dictionary.to_pylist()], pa.large_string())
    return codes.take(coded.indices)


def _counterparty(table: pa.Table) -> pa.ChunkedArray:
    """Bank and account of the other side; empty for cash and what the bank books itself.

    763 rows without a bank hold the account 0, which is nobody's.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    number = table["account"].fill_null(0).cast("int64").cast("string")
    both = pc.binary_join_element_wise(table["bank"].cast("string"), number, "-")
    return both.fill_null("").cast(pa.large_string())


def _numbers(column: pa.ChunkedArray) -> Integers:
    """Whole numbers; a missing one comes last, as it is sorted."""
    found: Integers = column.cast("int64").fill_null(np.iinfo(np.int64).max).to_numpy()
    return found


def _days(column: pa.ChunkedArray) -> Integers:
    """Days since 1970-01-01 of whole numbers YYMMDD; 0 for a missing one."""
    written: Integers = column.cast("int64").fill_null(_NO_DAY).to_numpy()
    distinct, at = np.unique(written, return_inverse=True)
    found = np.array([_day(_date(each)) for each in distinct.tolist()], np.int64)
    return found[at]


def _date(written: int) -> date:
    try:
        return date(_CENTURY + written // 10_000, written // 100 % 100, written % 100)
    except ValueError:
        raise BadInput(f"{written} is no day", field="date", rule="YYMMDD") from None


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _loans(folder: Path) -> dict[str, Loan]:
    rows = read_rows(folder / _LOANS, ("account_id", "date", "status"))
    found = {}
    for account, day, status in rows:
        if not day.isdecimal():
            raise BadInput(f"{day!r} is no day", field="date", rule="YYMMDD")
        if status.strip() not in _STATUSES:
            raise BadInput(f"{status!r} is no status", field="status", rule="A, B, C or D")
        found[account] = Loan(_date(int(day)), status.strip())
    return found
