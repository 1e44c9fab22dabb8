"""The applications of a back-test, each once and in the order of their numbers.

Whatever files, chunks and threads the rows came through, they end up here in one order, and an
application that came more than once has one row: that whose outcome was known latest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael.kernel import BadInput, Day
from tael.policies.backtest.economics import (
    Economics,
    Loans,
    Worth,
    realised,
    spread,
    worth_of,
)
from tael.policies.backtest.history import APPLIED, ID
from tael.policies.backtest.inputs import one_array
from tael.policies.backtest.judge import METHODS, RULED, UNKNOWN, decider_of, method_places
from tael.policies.backtest.judge import Version as Tried
from tael.policies.backtest.numbers import BILLION, Whole, billionths, share_of
from tael.policies.backtest.verdict import APPROVE

_EPOCH = Day(1970, 1, 1).toordinal()
THEN, ROW = "then", "row"
_OUTCOME = ("funded", "bad", "known", "lost", "exposed", "truth")


@dataclass(frozen=True, slots=True)
class Doubles:
    """What came of rows that say the same application.

    Attributes:
        repeated: rows left out, for another row of the application counts.
        conflicting: applications whose rows differ in more than the outcome.
        late: rows whose outcome was known only after the back-test's day; it is not used.
        undated: rows with an outcome and no day on which it was known; it is not used.
        early: rows whose outcome was known before the application; it is not used.
        unripe: outcomes of months of which too few loans have one; they are not used, for bads are
            known before goods.
    """

    repeated: int
    conflicting: int
    late: int
    undated: int
    early: int
    unripe: int


@dataclass(frozen=True, eq=False)
class Ruled:
    """What one version says of each case, and what that is worth.

    Attributes:
        name: of the version; ``then`` is what was decided then.
        outcome, tier, pd, limit, option, rate, offered: as ``verdict.Verdicts`` has them; of what
            was decided then there is no tier and no option.
        lent: int64, minor units lent to those who are approved.
        reason: Arrow dictionary of texts, '' for none.
        worth: by the PD of the version.
        loss, profit: int64, minor units, of loans whose outcome is known: what came of them.
    """

    name: str
    outcome: npt.NDArray[np.int8]
    tier: npt.NDArray[np.int8]
    pd: Whole
    limit: Whole
    lent: Whole
    option: npt.NDArray[np.int8]
    rate: Whole
    offered: Whole
    months: Whole
    reason: Any
    worth: Worth
    loss: Whole
    profit: Whole

    @property
    def approved(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.outcome == APPROVE)


@dataclass(frozen=True, eq=False)
class Facts:
    """What money is counted by, whatever a version says.

    Attributes:
        asked: int64, minor units.
        lost: int64, billionths of the exposure that were lost; -1 for unknown.
        exposed: int64, billionths of the amount lent that were owed at default; -1 for unknown.
        bad: int8, 1, 0, or -1 for unknown.
    """

    asked: Whole
    lost: Whole
    exposed: Whole
    bad: npt.NDArray[np.int8]

    def of(self, rows: Whole) -> Facts:
        """Those of some cases."""
        return Facts(self.asked[rows], self.lost[rows], self.exposed[rows], self.bad[rows])


@dataclass(frozen=True, eq=False)
class Cases:
    """The applications, and what every version says of them.

    Attributes:
        ids: Arrow array of texts, rising.
        applied: int32, days since 1970.
        decided: int8, a place in ``verdict.OUTCOMES``; 0 for unknown.
        funded, bad, truth: int8, 1, 0 or -1 for unknown; ``bad`` as known on the back-test's day.
        segments: by name, Arrow dictionary arrays of texts.
        versions: as given, then, where anything was decided, what was decided then.
        doubles: what was wrong with rows.
        rows: int64, the row of the history that each stands for; none where they came from a
            cluster.
        facts: what money is counted by.
    """

    ids: Any
    applied: npt.NDArray[np.int32]
    decided: npt.NDArray[np.int8]
    funded: npt.NDArray[np.int8]
    bad: npt.NDArray[np.int8]
    truth: npt.NDArray[np.int8]
    segments: dict[str, Any]
    versions: tuple[Ruled, ...]
    doubles: Doubles
    rows: Whole
    facts: Facts

    def __len__(self) -> int:
        return len(self.applied)

    def version(self, name: str) -> Ruled:
        """The version called ``name``.

        Raises:
            BadInput: there is none.
        """
        for one in self.versions:
            if one.name == name:
                return one
        raise BadInput(f"no version {name!r} was tried", field="version", rule="one that was tried")


def cases_of(judged: pa.Table, tried: Sequence[Tried], economics: Economics) -> Cases:
    """Rows as ``Judge`` gives them, from anywhere and in any order, as cases.

    Raises:
        BadInput: there is no row.
    """
    if not judged.num_rows:
        raise BadInput("the history has no application", field=ID, rule="at least one")
    table = _in_order(judged.combine_chunks())
    late_rows, undated_rows, early_rows = (
        int(marks.sum()) for marks in _unusable(table, economics)
    )
    table, repeated, conflicting = _once(table, economics)
    late, undated, early = _unusable(table, economics)
    usable = ~(late | undated | early)
    bad = np.where(usable, _numbers(table, "bad"), UNKNOWN).astype(np.int8)
    unripe = _unripe(table, bad, economics) & (bad != UNKNOWN)
    bad[unripe] = UNKNOWN
    doubles = Doubles(repeated, conflicting, late_rows, undated_rows, early_rows, int(unripe.sum()))
    segments = {
        name.partition(":")[2]: one_array(table.column(name)).dictionary_encode()
        for name in table.column_names
        if name.startswith("segment:")
    }
    asked, lost, exposed = (_numbers(table, name) for name in ("amount", "lost", "exposed"))
    facts = Facts(asked, lost, exposed, bad)
    given = facts, economics
    versions = [_judged(table, place, version, given) for place, version in enumerate(tried)]
    decided = _numbers(table, "decided")
    if decided.any():
        versions.append(_then(table, versions[0], given))
    return Cases(
        one_array(table.column(ID)),
        _numbers(table, APPLIED),
        decided,
        _numbers(table, "funded"),
        bad,
        _numbers(table, "truth"),
        segments,
        tuple(versions),
        doubles,
        _numbers(table, ROW) if ROW in table.column_names else np.zeros(0, np.int64),
        facts,
    )


def _unusable(table: pa.Table, economics: Economics) -> tuple[npt.NDArray[np.bool_], ...]:
    """Outcomes that are late, undated, and known before the application: of each row."""
    known, told = _numbers(table, "known"), _numbers(table, "bad") != UNKNOWN
    late = told & (known > economics.as_of.toordinal() - _EPOCH)
    undated = told & (known == UNKNOWN)
    return late, undated, told & ~undated & (known < _numbers(table, APPLIED))


def _unripe(
    table: pa.Table, bad: npt.NDArray[np.int8], economics: Economics
) -> npt.NDArray[np.bool_]:
    """Cases of months in which too few of the loans have an outcome."""
    month = month_of(_numbers(table, APPLIED))
    month = month - month.min()
    lent = _numbers(table, "funded") == 1
    loans = np.bincount(month[lent], minlength=int(month.max()) + 1)
    known = np.bincount(month[lent & (bad != UNKNOWN)], minlength=len(loans))
    young = known * BILLION < loans * billionths(economics.ripe.fraction)
    return np.asarray(young[month])


def _in_order(table: pa.Table) -> pa.Table:
    ids = one_array(table.column(ID))
    if len(ids) < 2 or pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py():  # noqa: PLR2004 - a pair
        return table
    return table.take(pc.sort_indices(ids)).combine_chunks()


def _once(table: pa.Table, economics: Economics) -> tuple[pa.Table, int, int]:
    """One row for each number; how many rows were left out, and how many numbers conflicted."""
    ids = one_array(table.column(ID))
    again = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    if not again.any():
        return table, 0, 0
    first = np.flatnonzero(np.append(True, ~again))
    sizes = np.diff(np.append(first, len(ids)))
    many = sizes > 1
    last = economics.as_of.toordinal() - _EPOCH
    kept = np.append(True, ~again)
    conflicting = 0
    for at, size in zip(first[many].tolist(), sizes[many].tolist(), strict=True):
        rows = table.slice(at, size).to_pylist()
        conflicting += len({_content(row, outcome=False) for row in rows}) > 1
        best = max(range(size), key=lambda place: _rank(rows[place], last))
        kept[at : at + size] = False
        kept[at + best] = True
    return table.filter(pa.array(kept)).combine_chunks(), int((~kept).sum()), conflicting


def _rank(row: dict[str, object], last: int) -> tuple[object, ...]:
    """An outcome known in time before none, the later before the earlier; then by content."""
    known = int(str(row["known"]))
    usable = row["bad"] != UNKNOWN and UNKNOWN < known <= last
    return usable, known if usable else 0, _content(row, outcome=True)


def _content(row: dict[str, object], *, outcome: bool) -> str:
    told = ((k, v) for k, v in row.items() if k != ROW and (outcome or k not in _OUTCOME))
    return repr(sorted(told))


def _numbers(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return np.asarray(one_array(table.column(name)).to_numpy(zero_copy_only=False))


def _judged(table: pa.Table, place: int, version: Tried, given: tuple[Facts, Economics]) -> Ruled:
    told = {
        name: _numbers(table, f"{place}:{name}")
        for name, kind in RULED
        if not pa.types.is_string(kind)
    }
    reason = one_array(table.column(f"{place}:reason")).dictionary_encode()
    return ruled_of(version, told, given, reason)


def ruled_of(
    version: Tried,
    told: Mapping[str, npt.NDArray[Any]],
    given: tuple[Facts, Economics],
    reason: Any = None,
) -> Ruled:
    """What a version says of cases, and what that is worth.

    Args:
        version: that was tried.
        told: its answers, by the names of ``judge.RULED``.
        given: what is known of the cases, and what is assumed.
        reason: its first reasons, where anybody asks for them.
    """
    economics = given[1]
    method = method_places(decider_of(version.bundle, economics.cap))[told["option"]]
    months = told["months"].astype(np.int64)
    loans = Loans(told["lent"], method, months, told["rate"], told["bank"], told["pd"], METHODS)
    worth = worth_of(loans, economics)
    loss, profit = _came_of(loans, worth, given)
    kept = {name: values for name, values in told.items() if name not in ("bank", "months")}
    return Ruled(
        name=version.name, months=months, reason=reason, worth=worth, loss=loss, profit=profit,
        **kept,
    )  # fmt: skip


def _then(table: pa.Table, other: Ruled, given: tuple[Facts, Economics]) -> Ruled:
    """What was decided then, as a version: equal instalments over the months asked, at its price.

    A price that the history does not hold is 0: such loans earn nothing here. The PD is that of the
    first version, for no model of then is known.
    """
    facts, economics = given
    outcome = _numbers(table, "decided")
    limit, amount = _numbers(table, "then_limit"), np.maximum(0, facts.asked)
    most = np.where(limit == UNKNOWN, amount, np.minimum(amount, limit))
    lent = np.where(outcome == APPROVE, most, 0)
    rate = np.maximum(0, _numbers(table, "then_rate"))
    months = np.maximum(1, _numbers(table, "months")).astype(np.int64)
    bank = np.full(len(lent), billionths(economics.funding.fraction))
    zeros = np.zeros(len(lent), np.int64)
    loans = Loans(lent, zeros, months, rate, bank, other.pd, METHODS)
    worth = worth_of(loans, economics)
    loss, profit = _came_of(loans, worth, given)
    return Ruled(
        name=THEN,
        outcome=outcome,
        tier=np.zeros(len(lent), np.int8),
        pd=other.pd,
        limit=np.maximum(0, limit),
        lent=lent,
        option=np.full(len(lent), -1, np.int8),
        rate=rate,
        offered=zeros,
        months=months,
        reason=pa.array([""] * len(lent)).dictionary_encode(),
        worth=worth,
        loss=loss,
        profit=profit,
    )


def _came_of(loans: Loans, worth: Worth, given: tuple[Facts, Economics]) -> tuple[Whole, Whole]:
    """Loss and profit where the outcome is known; 0 elsewhere."""
    facts, economics = given
    bad = facts.bad
    rows = np.flatnonzero((bad != UNKNOWN) & (loans.amount > 0))
    lost, exposed = facts.lost[rows], facts.exposed[rows]
    assumed = billionths(economics.loss_given_default.fraction)
    told = share_of(loans.amount[rows], np.clip(exposed, 0, BILLION))
    some = worth.of(rows)
    loss, profit = realised(
        some,
        bad[rows].astype(np.int64),
        np.where(exposed == UNKNOWN, some.exposed, told),
        np.where(lost == UNKNOWN, assumed, lost),
        economics,
    )
    return spread(loss, rows, len(bad)), spread(profit, rows, len(bad))


def month_of(applied: npt.NDArray[np.int32]) -> Whole:
    """Months since 1970 of days since then."""
    days = applied.astype("datetime64[D]").astype("datetime64[M]")
    return days.astype(np.int64)
