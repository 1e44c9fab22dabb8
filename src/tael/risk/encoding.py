"""Outcomes of earlier loans as a number for banks, cities and industries of many values.

Nothing here may look at what it encodes: a training row is encoded from other rows only, or from
earlier ones only; a later row from the training rows; and a record as known then from what was
known then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Column, Columns, Floats, Ints, categories, category, labels, weights

Instants = npt.NDArray[np.datetime64]
_STRATUM_ROWS = 5.0  # average rows added to each stratum
# Sums of multiples of this are exact, so the same in any order, up to eight million.
_GRAIN = 2.0**-30


@dataclass(frozen=True, slots=True)
class EncodingSettings:
    """How outcomes become the number of a category.

    Attributes:
        shrink: so many average rows without excess are added to each category.
        folds: a training row is encoded from the rows of the other folds.
        earlier_only: instead, from training rows of strictly earlier instants only.
        seed: of the assignment to folds.
    """

    shrink: float = 60.0
    folds: int = 5
    earlier_only: bool = False
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of the training rows.

    Attributes:
        bad: 1 bad, 0 good.
        expected: probability of bad of each row without looking at the category, above 0 and
            below 1 (``stratum_rates``); the encoding tells the excess over it.
        ids: text that tells rows apart; rows of one id fall in one fold.
        when: datetime64; the instant of each row.
        weight: of each row, None for one each.
    """

    bad: npt.ArrayLike
    expected: npt.ArrayLike
    ids: Column
    when: Instants
    weight: npt.ArrayLike | None = None


class ExcessEncoder:
    """Categories as their shrunk excess of log odds of bad over what was expected of their rows.

    The number of a category is sum w (bad - p) / (sum w p (1 - p) + shrink * mean p (1 - p)): one
    Newton step from zero of its own log odds in a ridge regression offset by the expected log
    odds. Target statistics: Micci-Barreca, SIGKDD Explorations 3(1), 2001; those of earlier rows
    only: Prokhorenkova et al., CatBoost, NeurIPS 2018, section 3.2. A category never seen gets 0.

    Args:
        names: the columns to encode; several joined by ``&`` are encoded as one.
        settings: shrinkage and how training rows are kept from themselves.

    Attributes:
        tables_: of each name, the number of each category.
    """

    def __init__(
        self, names: Sequence[str], settings: EncodingSettings = EncodingSettings()
    ) -> None:
        if settings.folds < 2 or not settings.shrink > 0:  # noqa: PLR2004 - one to leave out
            raise BadInput(
                "there are at least two folds and the shrinkage is above zero",
                field="settings",
                rule="folds >= 2, shrink > 0",
            )
        self.names = tuple(names)
        self.settings = settings

    def fit_transform(self, columns: Columns, outcomes: Outcomes) -> dict[str, Floats]:
        """The training rows encoded without themselves; ``transform`` encodes later rows.

        Raises:
            BadInput: a missing column, another number of rows, or an expected probability that is
                not between 0 and 1.
        """
        bad = labels(outcomes.bad)
        expected = _probabilities(outcomes.expected, len(bad))
        weight = weights(outcomes.weight, len(bad))
        curve = weight * expected * (1.0 - expected)
        parts = _Parts(weight * (bad - expected), curve, self.settings.shrink * curve.mean())
        self.tables_: dict[str, Mapping[str, float]] = {}
        found = {}
        for name in self.names:
            keys, code = np.unique(_joined(columns, name, len(bad)), return_inverse=True)
            table = parts.numbers(code, np.ones(len(code), dtype=bool), len(keys))
            self.tables_[name] = dict(zip(map(str, keys), table.tolist(), strict=True))
            if self.settings.earlier_only:
                found[name] = parts.earlier(code, outcomes.when)
            else:
                fold = folds_of(outcomes.ids, self.settings.folds, self.settings.seed)
                found[name] = parts.others(code, fold, len(keys))
        return found

    def transform(self, columns: Columns) -> dict[str, Floats]:
        """Rows of later days encoded from all training rows.

        Raises:
            BadInput: not fitted, or a missing column.
        """
        if not hasattr(self, "tables_"):
            raise BadInput("the encoder is not trained", field="encoder", rule="fit first")
        found = {}
        for name in self.names:
            table = self.tables_[name]
            values = _joined(columns, name, None)
            found[name] = np.array([table.get(v, 0.0) for v in values.tolist()], dtype=np.float64)
        return found


@dataclass(frozen=True, eq=False)
class _Parts:
    """Slope and curve of each row, and the curve added to each category."""

    slope: Floats
    curve: Floats
    prior: float

    def numbers(self, code: Ints, rows: npt.NDArray[np.bool_], count: int) -> Floats:
        slope = _sums(code[rows], self.slope[rows], count)
        curve = _sums(code[rows], self.curve[rows], count)
        table: Floats = slope / (curve + self.prior)
        return table

    def others(self, code: Ints, fold: Ints, count: int) -> Floats:
        found = np.zeros(len(code))
        for one in np.unique(fold).tolist():
            inside = fold == one
            found[inside] = self.numbers(code, ~inside, count)[code[inside]]
        return found

    def earlier(self, code: Ints, when: Instants) -> Floats:
        slope = earlier_sums(code, when, self.slope)
        curve = earlier_sums(code, when, self.curve)
        found: Floats = slope / (curve + self.prior)
        return found


def stratum_rates(bad: npt.ArrayLike, strata: Column, rows: npt.ArrayLike) -> Floats:
    """The expected probability of bad of each row: the bad rate of its stratum.

    Args:
        bad: 1 or 0; read only in training rows.
        strata: text or number of each row: year, sample it was drawn in, or both.
        rows: true for the training rows; a stratum without any gets their average rate.

    Returns:
        float64 [rows], above 0 and below 1: five average rows are added to each stratum.
    """
    training = np.asarray(rows, dtype=bool)
    outcome = labels(np.asarray(bad, dtype=np.float64)[training])
    average = float(outcome.mean())
    keys, code = np.unique(categories(strata), return_inverse=True)
    bads = np.bincount(code[training], weights=outcome, minlength=len(keys))
    count = np.bincount(code[training], minlength=len(keys))
    rates: Floats = (bads + _STRATUM_ROWS * average) / (count + _STRATUM_ROWS)
    return rates[code]


def earlier_sums(code: npt.ArrayLike, when: Instants, values: npt.ArrayLike) -> Floats:
    """Sum of ``values`` over the rows of the same code with a strictly earlier instant.

    float64 [rows]. Rows of one instant never see each other.
    """
    groups = np.unique(np.asarray(code), return_inverse=True)[1].astype(np.int64)
    moments = np.unique(when, return_inverse=True)[1].astype(np.int64)
    many = int(moments.max(initial=0)) + 1
    cells, cell = np.unique(groups * many + moments, return_inverse=True)
    return _before(cells // many, _sums(cell, np.asarray(values), len(cells)))[cell]


def _sums(code: Ints, values: Column, count: int) -> Floats:
    """Sum of ``values`` of each code, the same in any order of rows."""
    grains: Floats = np.round(values.astype(np.float64) / _GRAIN) * _GRAIN
    sums: Floats = np.bincount(code, grains, count).astype(np.float64)
    return sums


def _before(groups: Ints, sums: Floats) -> Floats:
    """Running sums within runs of equal ``groups``, the cell itself left out."""
    running = np.cumsum(sums) - sums
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    starts = np.repeat(running[first], np.diff(np.append(first, len(groups))))
    before: Floats = running - starts
    return before


def earlier_means(
    keys: Column, when: Instants, values: npt.ArrayLike, *, shrink: float = 3.0
) -> Floats:
    """Mean of ``values`` of strictly earlier rows of the same key, drawn towards that of all.

    float64 [rows]; missing values count as none. Needs no outcome: what a lender did until then.
    """
    numbers = np.asarray(values, dtype=np.float64)
    seen = ~np.isnan(numbers)
    filled = np.where(seen, numbers, 0.0)
    everybody = np.zeros(len(numbers), dtype=np.int64)
    count = earlier_sums(everybody, when, seen)
    # The average of all until then, so that a later row changes no earlier one.
    average = earlier_sums(everybody, when, filled) / np.maximum(count, 1.0)
    code = _codes(keys)
    own = earlier_sums(code, when, filled) + shrink * average
    mean: Floats = own / (earlier_sums(code, when, seen) + shrink)
    return mean


def known_record(
    keys: Column, when: Instants, bad_known: Instants, *, shrink: float = 60.0
) -> Floats:
    """Bads of the same key known strictly before each row's instant, a loan taken until then.

    Args:
        keys: text [rows]: the lender.
        when: datetime64 [rows]: the decision.
        bad_known: datetime64 [rows]: when the row was known to be bad; NaT for never.
        shrink: so many loans with the record of all lenders are added.

    Returns:
        float64 [rows], 0 or above.
    """
    code = _codes(keys)
    everybody = np.zeros(len(code), dtype=np.int64)
    loans, all_loans = (earlier_sums(c, when, np.ones(len(when))) for c in (code, everybody))
    bads, all_bads = (_known_before(c, when, bad_known) for c in (code, everybody))
    average = all_bads / np.maximum(all_loans, 1.0)
    record: Floats = (bads + shrink * average) / (loans + shrink)
    return record


def _known_before(code: Ints, when: Instants, bad_known: Instants) -> Floats:
    """How many rows of the same code were known as bad strictly before each row's instant."""
    bad = ~np.isnat(bad_known)
    count = len(code)
    both = np.concatenate([code, code[bad]])
    at = np.concatenate([when, bad_known[bad].astype(when.dtype)])
    ones = np.concatenate([np.zeros(count), np.ones(int(bad.sum()))])
    return earlier_sums(both, at, ones)[:count]


def folds_of(ids: Column, folds: int, seed: int = 0) -> Ints:
    """The fold of each row from a hash of its id: the same whatever the order of rows."""
    key = str(seed).encode()
    return np.array(
        [
            int.from_bytes(
                hashlib.blake2b(category(one).encode(), digest_size=8, key=key).digest(), "big"
            )
            % folds
            for one in ids.tolist()
        ],
        dtype=np.int64,
    )


def _codes(keys: Column) -> Ints:
    codes: Ints = np.unique(categories(keys), return_inverse=True)[1].astype(np.int64)
    return codes


def _joined(columns: Columns, name: str, rows: int | None) -> Column:
    """The categories of ``name``; of several joined by ``&``, their texts together."""
    parts = []
    for one in name.split("&"):
        if one not in columns:
            raise BadInput(f"there is no column {one!r}", field=one, rule="a column given")
        parts.append(categories(np.asarray(columns[one])))
        if rows is not None and len(parts[-1]) != rows:
            raise BadInput(
                f"column {one!r} has {len(parts[-1])} rows, {rows} outcomes are given",
                field=one,
                rule="one outcome a row",
            )
    if len(parts) == 1:
        return parts[0].astype(str)
    return np.array(["&".join(texts) for texts in zip(*parts, strict=True)])


def _probabilities(given: npt.ArrayLike, rows: int) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (rows,) or not ((values > 0) & (values < 1)).all():
        raise BadInput(
            "there is one expected probability a row, above 0 and below 1",
            field="expected",
            rule="between 0 and 1",
        )
    return values
