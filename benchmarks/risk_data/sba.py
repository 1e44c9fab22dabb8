"""US small-business loans with a federal guarantee: columns known at approval, and their outcome.

Never read as inputs: Term, DisbursementGross, DisbursementDate, ChgOff*, MIS_Status, BalanceGross,
the loan number and the sample a loan was drawn in. The lender's name is the one of the extract of
2014: banks carry the name of the bank that took them over; names of receivers and recovery desks,
which a loan can only have got after it failed, count as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from risk_data.tables import data
from tael.risk.encoding import (
    EncodingSettings,
    ExcessEncoder,
    Outcomes,
    earlier_means,
    earlier_sums,
    stratum_rates,
)

FILE = ("sba-7a", "sba_loans.parquet")
AFTERWARDS = ("FDIC", "RECOVERY", "RECEIVER", "RESOLUTION TRUST", "EDF ENFORCEMENT")
WEIGHT = {0: 49.307, 1: 10.504}  # of a loan of the balanced sample: its README
FIRST_YEAR, LAST_TRAINED, LAST_TESTED = 1989, 2004, 2008
ENCODED = ("bank", "bank&credit_line", "bank&share_step", "industry", "state")
SHRINK = 60.0  # loans without excess, added to each lender, industry and state
HABITS = ("log_amount", "on_line", "same_state", "share", "young")
Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Loans:
    """All loans with a final status.

    Attributes:
        plain: inputs that need no outcome, float64.
        keys: text: lender, industry, state and other values too many to be used as they are.
        raw: the columns that rivals get: the usual ones, text and numbers.
        term: months as recorded in the end: only to plant a leak with.
        bad: charged off in the end.
        day: datetime64[D] of approval.
        failed: datetime64[D] of charge-off; NaT where it has none.
        source: number of the sample a loan was drawn in; of the design, never an input.
        weight: population weights of the README: loans of the balanced sample by outcome, others 1.
        ids: the loan number as text.
    """

    plain: Columns
    keys: Columns
    raw: Columns
    term: np.ndarray
    bad: np.ndarray
    day: np.ndarray
    failed: np.ndarray
    source: np.ndarray
    weight: np.ndarray
    ids: np.ndarray

    @property
    def year(self) -> np.ndarray:
        found: np.ndarray = self.day.astype("datetime64[Y]").astype(np.int64) + 1970
        return found

    @property
    def trained(self) -> np.ndarray:
        """Approved 1989 to 2004: before, the file holds hardly any loan but those that failed."""
        found: np.ndarray = (self.year >= FIRST_YEAR) & (self.year <= LAST_TRAINED)
        return found

    @property
    def tested(self) -> np.ndarray:
        """Approved 2005 to 2008; later vintages hold only loans that ended early."""
        found: np.ndarray = (self.year > LAST_TRAINED) & (self.year <= LAST_TESTED)
        return found

    @property
    def for_trees(self) -> Columns:
        """``raw`` with the sector as a number, which trees of other tools rank better with."""
        return self.raw | {"sector": self.plain["sector"]}

    def strata(self, months: int = 12) -> np.ndarray:
        """Text of each row: its period of approval and the sample it was drawn in."""
        period = self.day.astype("datetime64[M]").astype(np.int64) // months
        pairs = zip(period.tolist(), self.source.tolist(), strict=True)
        return np.array([f"{p}/{s}" for p, s in pairs], dtype=object)

    def recency(self, rows: np.ndarray, half_life_years: float) -> np.ndarray:
        """Halves every so many years before the last training day."""
        years = (self.day[rows].max() - self.day).astype(np.int64) / 365.25
        found: np.ndarray = 0.5 ** (years / half_life_years)
        return found


def load() -> Loans:
    table = pq.read_table(data().joinpath(*FILE))
    raw = {name: table[name].to_numpy() for name in table.column_names}
    ended = np.isin(raw["MIS_Status"].astype(str), ("PIF", "CHGOFF"))
    raw = {name: held[ended] for name, held in raw.items()}
    bad = (raw["MIS_Status"].astype(str) == "CHGOFF").astype(np.float64)
    samples = raw["samples"].astype(str)
    balanced = np.char.find(samples, "balanced") >= 0
    first = np.char.find(samples, "first") >= 0
    plain, keys = _plain(raw), _keys(raw)
    return Loans(
        plain=plain,
        keys=keys,
        raw=_usual(raw, plain, keys),
        term=_number(raw["Term"]),
        bad=bad,
        day=raw["ApprovalDate"].astype("datetime64[D]"),
        failed=raw["ChgOffDate"].astype("datetime64[D]"),
        source=np.where(balanced, 0, np.where(first, 1, 2)),
        weight=np.where(balanced, np.where(bad == 1, WEIGHT[1], WEIGHT[0]), 1.0),
        ids=raw["LoanNr_ChkDgt"].astype(str).astype(object),
    )


def _plain(raw: Columns) -> Columns:
    amount, insured = (raw[name].astype(np.float64) for name in ("GrAppv", "SBA_Appv"))
    employees = raw["NoEmp"].astype(np.float64)
    line, low = (_text(raw[name]) for name in ("RevLineCr", "LowDoc"))
    new = _number(raw["NewExist"])
    state, bank_state = _text(raw["State"]), _text(raw["BankState"])
    steps = (100_000, 50_000, 25_000, 10_000, 5_000, 1_000, 100)
    return {
        "log_amount": np.log(amount),
        "log_not_insured": np.log(amount - insured + 1.0),
        "share": np.round(insured / amount, 3),
        "employees": employees,
        "new_business": np.where(np.isin(new, (1, 2)), new, np.nan),
        "jobs_created": _number(raw["CreateJob"]),
        "jobs_kept": _number(raw["RetainedJob"]),
        "franchise": (_number(raw["FranchiseCode"]) > 1).astype(np.float64),
        "urban_rural": _number(raw["UrbanRural"]),
        "credit_line": _coded(line, "NY0T"),
        "low_doc": _coded(low, "NY"),
        "same_state": np.where(bank_state == "", np.nan, (state == bank_state).astype(np.float64)),
        "sector": np.floor(_number(raw["NAICS"]) / 10_000),
        "log_amount_per_head": np.log(amount / np.maximum(employees, 1.0)),
        "round_amount": np.max([(amount % step == 0) * (7 - i) for i, step in enumerate(steps)], 0),
        "month": (raw["ApprovalDate"].astype("datetime64[M]").astype(np.int64) % 12) + 1.0,
        "zip_region": np.floor(_number(raw["Zip"]) / 10_000),
    }  # fmt: skip


def _keys(raw: Columns) -> Columns:
    bank = np.array([_lender(name) for name in _text(raw["Bank"])], dtype=object)
    share = np.round(raw["SBA_Appv"].astype(float) / raw["GrAppv"].astype(float), 1)
    return {
        "bank": bank,
        "credit_line": _text(raw["RevLineCr"]),
        "share_step": share.astype(str).astype(object),
        "industry": (_number(raw["NAICS"]) // 1_000).astype(int).astype(str).astype(object),
        "state": _text(raw["State"]),
    }


def _usual(raw: Columns, plain: Columns, keys: Columns) -> Columns:
    """The columns of the study whose baselines are to be beaten, for every rival."""
    numbers = ("GrAppv", "SBA_Appv", "NoEmp", "NewExist", "CreateJob", "RetainedJob", "UrbanRural")
    sector = plain["sector"]
    return {name: _number(raw[name]) for name in numbers} | {
        "share": plain["share"],
        "franchise": plain["franchise"],
        "same_state": plain["same_state"],
        "sector": np.where(sector > 0, sector.astype(int).astype(str), "none").astype(object),
        "State": keys["state"],
        "BankState": _text(raw["BankState"]),
        "RevLineCr": keys["credit_line"],
        "LowDoc": _text(raw["LowDoc"]),
    }


def encoded(
    loans: Loans, rows: np.ndarray, given: tuple[np.ndarray, np.ndarray], *, earlier_only: bool
) -> Columns:
    """Inputs of all loans, learned from the training rows alone.

    ``given`` are outcome and expected bad rate, which count in ``rows``. A training row reads
    strictly earlier training rows or those of other folds; any other row reads all of them. The
    habits of a lender (amounts, lines, new firms) rest on training rows too: how many loans of a
    bank a sample drawn by outcome holds later tells its outcomes.
    """
    bad, expected = given
    outcomes = Outcomes(bad[rows], expected[rows], loans.ids[rows], loans.day[rows])
    encoder = ExcessEncoder(ENCODED, EncodingSettings(shrink=SHRINK, earlier_only=earlier_only))
    inside = encoder.fit_transform(_of(loans.keys, rows), outcomes)
    outside = encoder.transform(loans.keys)
    for name in ENCODED:
        outside[name][rows] = inside[name]
    excess = {f"excess_{name}": outside[name] for name in ENCODED}
    return loans.plain | excess | _habits(loans, rows)


def _habits(loans: Loans, rows: np.ndarray) -> Columns:
    """What the lender did until the day, of the training rows."""
    bank, day = loans.keys["bank"], loans.day
    code = np.unique(bank.astype(str), return_inverse=True)[1]
    plain = loans.plain | {
        "on_line": (loans.plain["credit_line"] == 1).astype(np.float64),
        "young": (loans.plain["new_business"] == 2).astype(np.float64),  # noqa: PLR2004 - its code
    }
    found = {"bank_loans": np.log1p(earlier_sums(code, day, rows.astype(np.float64)))}
    for name in HABITS:
        values = np.where(rows, plain[name], np.nan)
        found[f"bank_{name}"] = earlier_means(bank, day, values)
    return found


def expected_rates(loans: Loans, rows: np.ndarray, bad: np.ndarray, months: int = 12) -> np.ndarray:
    """The bad rate of each loan's period and sample among the training rows."""
    return stratum_rates(bad, loans.strata(months), rows)


def _of(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: held[rows] for name, held in columns.items()}


def _lender(name: str) -> str:
    plain = " ".join("".join(c if c.isalnum() else " " for c in name.upper()).split())
    return "" if any(word in plain for word in AFTERWARDS) else plain


def _text(values: np.ndarray) -> np.ndarray:
    held = ["" if v is None or v != v else str(v).strip() for v in values.tolist()]  # noqa: PLR0124
    return np.array(["" if v == "None" else v for v in held], dtype=object)


def _coded(values: np.ndarray, codes: str) -> np.ndarray:
    book = {code: float(i) for i, code in enumerate(codes)}
    return np.array([book.get(v, np.nan) for v in values.tolist()])


def _number(values: np.ndarray) -> np.ndarray:
    if values.dtype == object:
        return np.array([np.nan if v is None else float(v) for v in values.tolist()])
    return values.astype(np.float64)
