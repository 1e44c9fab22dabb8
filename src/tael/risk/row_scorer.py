"""One row through a scorecard, without arrays: what a live decision asks for, in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tael.kernel import BadInput, Rate
from tael.risk.binning import OTHER, Binning
from tael.risk.columns import category
from tael.risk.estimator import chance
from tael.risk.reasons import Reason, main_reasons

if TYPE_CHECKING:
    from tael.risk.scorecard import Characteristic, Scorecard


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """What a scorecard says of one row.

    Attributes:
        log_odds: of bad.
        points: the score in whole points.
        bins: the bin of each characteristic, in their order.
    """

    log_odds: float
    points: int
    bins: tuple[int, ...]

    @property
    def pd(self) -> Rate:
        """The probability of default, exact to nine digits: as ``Scorecard.pd`` gives."""
        return Rate.from_probability(chance(self.log_odds))


class RowScorer:
    """A scorecard laid out for single rows; the bits are those of the scorecard itself.

    Args:
        card: a fitted scorecard; later changes of it are not seen.
    """

    def __init__(self, card: Scorecard) -> None:
        self._intercept = card.intercept_
        self._items = tuple(_Item(item) for item in card.characteristics_)
        self.names = tuple(item.name for item in self._items)

    def score(self, row: Mapping[str, object]) -> ScoredRow:
        """The score of ``row``; None and NaN are missing.

        Raises:
            BadInput: a variable is missing from ``row``, or holds a text where numbers are asked.
        """
        total, points, bins = self._intercept, 0, []
        for item in self._items:
            number = item.bin_of(_value(row, item.name))
            bins.append(number)
            total += item.logits[number]
            points += item.points[number]
        return ScoredRow(total, points, tuple(bins))

    def reasons(self, scored: ScoredRow, limit: int = 4) -> tuple[Reason, ...]:
        """The main reasons why the score is not higher, costliest first: ``Scorecard.reasons``."""
        for best in (False, True):
            losses = {
                item.name: (
                    item.code,
                    (item.best if best else item.average) - item.points[number],
                )
                for item, number in zip(self._items, scored.bins, strict=True)
            }
            if any(loss > 0 for _, loss in losses.values()):
                return main_reasons(losses, limit)
        return ()


class _Item:
    """One characteristic, ready to be looked up."""

    __slots__ = ("average", "best", "binning", "code", "cuts", "groups", "logits", "name",
                 "points", "special")  # fmt: skip

    def __init__(self, item: Characteristic) -> None:
        binning: Binning = item.binning
        self.name, self.code = item.name, binning.feature.reason_code
        self.logits, self.points = item.logits, item.points
        self.average, self.best = item.average(), item.best()
        self.binning, self.cuts = binning, binning.cuts
        self.special = {
            code: number for number, code in enumerate(binning.feature.special, len(self.cuts) + 1)
        }
        numeric = binning.feature.kind == "numeric"
        self.groups = (
            None
            if numeric
            else {value: i for i, group in enumerate(binning.groups) for value in group}
        )

    def bin_of(self, value: object) -> int:
        if self.groups is not None:
            text = category(value)
            if not text:
                return self.binning.missing
            # As ``Binning.assign``: a value never seen goes with the rare ones, or is missing.
            return self.groups.get(text, self.groups.get(OTHER, self.binning.missing))
        number = value if type(value) is float else self._number(value)
        if number != number:  # noqa: PLR0124 - NaN differs from itself
            return self.binning.missing
        if self.special and number in self.special:
            return self.special[number]
        return bisect_right(self.cuts, number)

    def _number(self, value: object) -> float:
        if value is None:
            return float("nan")
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise BadInput(
                f"column {self.name!r} holds values that are not numbers",
                field=self.name,
                rule="numeric column",
            ) from None


def _value(row: Mapping[str, object], name: str) -> object:
    try:
        return row[name]
    except KeyError:
        raise BadInput(
            f"column {name!r} is missing", field=name, rule="every variable of the scorecard"
        ) from None
