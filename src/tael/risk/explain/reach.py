"""How far a score can still go while some variables are not known: bounds of the log odds.

A scorecard and a regression on bins add up one function per variable, so the least and the most of
each unknown one, added up, are exact. Of boosted trees each tree's leaves that the known variables
still lead to bound its part (an interval over the box of unknown values, as in Chen et al.,
Robustness verification of tree-based models, NeurIPS 2019, with each tree by itself); the sum of
these bounds is sound, and exact where no variable is asked by two trees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.bins import MISSING_CODES
from tael.risk.boosting import MonotoneBooster
from tael.risk.ensemble import Ensemble
from tael.risk.extras import present
from tael.risk.sample import Bools, Floats
from tael.risk.scorecard import Characteristic, Scorecard
from tael.risk.scoring import laid_in_places, laid_in_ways
from tael.risk.shrunk_logistic import ShrunkLogistic
from tael.risk.trees import Trees

# Bounds and scores add the same numbers in different orders.
_SLACK = 1e-9
_SINGLES = np.array(MISSING_CODES, dtype=np.float32)
# Of a row of float32 and which of it is known: both ends of the sum of leaves.
_Ends: TypeAlias = Callable[[npt.NDArray[np.float32], Bools, Floats], None]


class PartRow(Protocol):
    """One row of which more and more is known."""

    def tell(self, values: Mapping[str, object]) -> None:
        """Variables that are known now, None where missing; names of no variable are ignored."""
        ...

    def log_odds(self) -> tuple[float, float]:
        """The least and the most that the log odds of bad can be."""
        ...


class Reach:
    """What a model can still say of rows that are known in part.

    Args:
        model: a scorecard, a booster, a regression on bins, or an ensemble of these.
        sure: variables that are never missing.

    Raises:
        BadInput: a model of another kind, or one that is not trained.
    """

    def __init__(self, model: object, sure: Collection[str] = ()) -> None:
        self._part = _part_of(model, frozenset(sure))

    def row(self) -> PartRow:
        """A row of which nothing is known yet."""
        return self._part.row()


class _Part(Protocol):
    def row(self) -> PartRow: ...


def _part_of(model: object, sure: frozenset[str]) -> _Part:
    if isinstance(model, Scorecard):
        return _Card(model, sure)
    if isinstance(model, MonotoneBooster):
        return _Trees(model)
    if isinstance(model, ShrunkLogistic):
        return _Bins(model, sure)
    if isinstance(model, Ensemble):
        weights = model.weights_
        parts = [(weights[name], _part_of(one, sure)) for name, one in model.members_.items()]
        return _Sum(model.intercept_, parts)
    raise BadInput(
        f"the reach of a {type(model).__name__} is not known",
        field="model",
        rule="a scorecard, a booster, a shrunk regression or an ensemble",
    )


# --- sums of models


class _Sum:
    def __init__(self, intercept: float, parts: list[tuple[float, _Part]]) -> None:
        self.intercept = intercept
        self.parts = parts

    def row(self) -> PartRow:
        return _SumRow(self)


class _SumRow:
    def __init__(self, owner: _Sum) -> None:
        self._intercept = owner.intercept
        self._rows = [(weight, part.row()) for weight, part in owner.parts]

    def tell(self, values: Mapping[str, object]) -> None:
        # Exact decimals take longest to read: once for all members.
        read = {n: float(v) if isinstance(v, Decimal) else v for n, v in values.items()}
        for _, row in self._rows:
            row.tell(read)

    def log_odds(self) -> tuple[float, float]:
        low = high = self._intercept
        for weight, row in self._rows:
            ends = row.log_odds()
            low, high = low + weight * ends[0], high + weight * ends[1]
        return low, high


# --- scorecards


class _Card:
    """Per characteristic what its bins add, and the least and the most of them."""

    def __init__(self, card: Scorecard, sure: frozenset[str]) -> None:
        self.items = {item.name: item for item in card.characteristics_}
        self.intercept = card.intercept_
        self.ends = {name: _ends(item, name in sure) for name, item in self.items.items()}

    def row(self) -> PartRow:
        return _CardRow(self)


def _ends(item: Characteristic, sure: bool) -> tuple[float, float]:  # noqa: FBT001 - of two
    logits = list(item.logits)
    if sure and len(logits) > 1:
        del logits[item.binning.missing]
    return min(logits), max(logits)


class _CardRow:
    def __init__(self, owner: _Card) -> None:
        self._owner = owner
        self._told = dict(owner.ends)

    def tell(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            item = self._owner.items.get(name)
            if item is not None:
                bin_ = int(item.binning.assign(np.array([value], dtype=object))[0])
                self._told[name] = (item.logits[bin_], item.logits[bin_])

    def log_odds(self) -> tuple[float, float]:
        low = high = self._owner.intercept
        for ends in self._told.values():
            low, high = low + ends[0], high + ends[1]
        return low, high


# --- tables of numbers


class _Numbers:
    """Values by variable as float32, read once; NaN is missing."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.place = {name: at for at, name in enumerate(names)}
        self._places: dict[tuple[str, ...], tuple[list[str], npt.NDArray[np.int64]]] = {}

    def read(self, values: Mapping[str, object]) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Which of the names are variables, and where they stand."""
        # The names of one source come again with every row.
        key = tuple(values)
        found = self._places.get(key)
        if found is None:
            names = [name for name in key if name in self.place]
            found = names, np.array([self.place[name] for name in names], dtype=np.int64)
            if len(self._places) < len(self.place) + 100:
                self._places[key] = found
        return found


def _singles(given: list[Any]) -> npt.NDArray[np.float32]:
    try:
        numbers = [math.nan if value is None else float(value) for value in given]
    except (TypeError, ValueError) as wrong:
        raise BadInput(
            f"a variable of the model holds no number: {wrong}", field="row", rule="numbers"
        ) from None
    return np.array(numbers, dtype=np.float64).astype(np.float32)


class _Bins:
    """A regression on bins: what each bin adds, and which bins there are."""

    def __init__(self, model: ShrunkLogistic, sure: frozenset[str]) -> None:
        self.numbers = _Numbers(model.names_)
        self.table, self.cuts, self.intercept = model.table_, model.cuts_, model.intercept_
        self.filled, self.missing = model.filled_, model.cuts_.shape[1] + 1
        used = np.zeros(self.table.shape, dtype=np.bool_)
        used[np.arange(self.table.shape[1])[None, :] < model.filled_[:, None]] = True
        kinds = np.array([name not in sure for name in model.names_])
        used[:, self.missing : self.missing + len(MISSING_CODES)] = kinds[:, None]
        self.low = np.where(used, self.table, np.inf).min(axis=1)
        self.high = np.where(used, self.table, -np.inf).max(axis=1)

    def row(self) -> PartRow:
        return _BinsRow(self)

    def _numeric(
        self, values: npt.NDArray[np.float32], places: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """How many cuts lie at or below each value, halving the cuts of all at once."""
        low, high = np.zeros(len(places), dtype=np.int64), self.filled[places] - 1
        while (low < high).any():
            middle = (low + high) // 2
            above = (self.cuts[places, middle] <= values) & (low < high)
            low, high = np.where(above, middle + 1, low), np.where(above, high, middle)
        return low

    def added(self, values: npt.NDArray[np.float32], places: npt.NDArray[np.int64]) -> Floats:
        """What known values add; the codes of the three kinds of missing have bins of their own."""
        codes = self._numeric(values, places)
        codes[np.isnan(values)] = self.missing + len(_SINGLES) - 1
        for kind, code in enumerate(_SINGLES):
            codes[values == code] = self.missing + kind
        found: Floats = self.table[places, codes]
        return found


class _BinsRow:
    def __init__(self, owner: _Bins) -> None:
        self._owner = owner
        self._low, self._high = owner.low.copy(), owner.high.copy()

    def tell(self, values: Mapping[str, object]) -> None:
        names, places = self._owner.numbers.read(values)
        if names:
            added = self._owner.added(_singles([values[name] for name in names]), places)
            self._low[places] = self._high[places] = added

    def log_odds(self) -> tuple[float, float]:
        intercept = self._owner.intercept
        low, high = float(self._low.sum()) + intercept, float(self._high.sum()) + intercept
        return low - _SLACK, high + _SLACK


class _Trees:
    """Boosted trees: of each the leaves that are still to be had."""

    def __init__(self, model: MonotoneBooster) -> None:
        self.numbers = _Numbers(model.names_)
        self.books, self.edge = model.books_, model.edge_
        self.count = len(model.names_)
        self._ends = _ends_of(model.trees_)

    def row(self) -> PartRow:
        return _TreesRow(self)

    def ends(self, row: npt.NDArray[np.float32], known: Bools) -> tuple[float, float]:
        """The least and the most of the sum of leaves."""
        out = np.empty(2)
        self._ends(row, known, out)
        return float(out[0]) - _SLACK, float(out[1]) + _SLACK

    def value(self, name: str, value: object) -> object:
        """A category as its number."""
        return self.books[name].code(value) if name in self.books else value


class _TreesRow:
    def __init__(self, owner: _Trees) -> None:
        self._owner = owner
        self._row = np.full(owner.count, np.nan, dtype=np.float32)
        self._known = np.zeros(owner.count, dtype=np.bool_)

    def tell(self, values: Mapping[str, object]) -> None:
        names, places = self._owner.numbers.read(values)
        if not names:
            return
        given = [values[name] for name in names]
        if self._owner.books:
            given = [self._owner.value(n, v) for n, v in zip(names, given, strict=True)]
        read = _singles(given)
        if self._owner.edge:
            read[np.isin(read, _SINGLES)] = np.nan
        self._row[places], self._known[places] = read, True

    def log_odds(self) -> tuple[float, float]:
        return self._owner.ends(self._row, self._known)


def _ends_of(trees: Trees) -> _Ends:
    """What bounds a row: the compiled loop, or numpy where numba is not there."""
    if not present("numba"):
        ways, starts = laid_in_ways(trees), trees.first_leaf[:-1]
        return lambda row, known, out: _by_numpy(row, known, (ways, starts), out)
    from tael.risk.kernel import reaching  # noqa: PLC0415 - numba takes a second to import
    from tael.risk.kernel.trees import Places  # noqa: PLC0415 - as above

    places = Places(*laid_in_places(trees))
    return lambda row, known, out: reaching.reach_row(row, known, places, out)


def _by_numpy(
    row: npt.NDArray[np.float32], known: Bools, laid: tuple[Any, Any], out: Floats
) -> None:
    (first, feature, low, high, missing, _, leaf, _), starts = laid
    value = row[feature]
    fits = ~known[feature] | ((value > low) & (value <= high)) | (np.isnan(value) & (missing != 0))
    # A tree of one leaf asks nothing: its leaf has no step.
    open_ = np.ones(len(leaf), dtype=np.bool_)
    asked = np.diff(first) > 0
    open_[asked] = np.logical_and.reduceat(fits, first[:-1][asked]) if asked.any() else True
    out[0] = np.minimum.reduceat(np.where(open_, leaf, np.inf), starts).sum()
    out[1] = np.maximum.reduceat(np.where(open_, leaf, -np.inf), starts).sum()
