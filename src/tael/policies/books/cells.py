"""Texts of one column as values: each different text is read once, its faults named by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tael.policies.books import values
from tael.policies.books.model import Mapped, Role
from tael.policies.books.money import LARGEST_MINOR, LONGEST_MONTHS, PPM

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DPD = 20_000
_LARGEST_SCORE = Decimal(10**9)
_HIGHEST_RATE_PPM = 2 * PPM
_MONTHS_A_YEAR, _DAYS_A_YEAR = 12, 360
_EPOCH = date(1970, 1, 1).toordinal()
# A value, or the rule that the text breaks.
Read = tuple[object, str]
_UNKNOWN: Read = (None, "")


@dataclass(frozen=True)
class Cells:
    """A column read: ``values`` [rows] with None where nothing is known, ``rules`` '' or broken."""

    texts: tuple[str, ...]
    index: npt.NDArray[np.int64]
    values: tuple[object, ...]
    rules: tuple[str, ...]

    @property
    def bad(self) -> npt.NDArray[np.bool_]:
        """Which rows break a rule: bool [rows]."""
        return np.array([bool(rule) for rule in self.rules], dtype=bool)[self.index]

    def array(self, kind: pa.DataType) -> pa.Array:
        """The values by row as an Arrow array."""
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only books need it

        return pa.array(self.values, kind).take(pa.array(self.index))


def read_cells(column: pa.ChunkedArray, role: Role, mapped: Mapped) -> Cells:
    """The texts of ``column`` as values of ``role``, as ``mapped`` says they are meant."""
    encoded = column.combine_chunks()
    if not hasattr(encoded, "dictionary"):
        encoded = encoded.dictionary_encode()
    texts = [text or "" for text in encoded.dictionary.to_pylist()]
    comma = role in _NUMBERS and values.needs_comma(t for t in texts if not values.is_blank(t))
    reader = _READERS[role](mapped, comma, texts)
    read = [_UNKNOWN if values.is_blank(text) else reader(text) for text in texts]
    index = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return Cells(tuple(texts), index, tuple(v for v, _ in read), tuple(r for _, r in read))


Reader = Callable[[str], Read]


def _days(mapped: Mapped, _comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - a reader's maker
    def read(text: str) -> Read:
        found = values.day(text, mapped.date_order)
        if found is None:
            return None, "not_date"
        if not values.EARLIEST <= found < values.LATEST:
            return None, "date_range"
        return found.toordinal() - _EPOCH, ""

    return read


def _amounts(mapped: Mapped, comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    def read(text: str) -> Read:
        found = values.number(text, comma=comma)
        if found is None or "%" in text:
            return None, "not_number"
        unit = 1 if values.has_unit(text) else mapped.amount_unit
        minor = (found * unit * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        if minor <= 0:
            return None, "not_positive"
        return (int(minor), "") if minor <= LARGEST_MINOR else (None, "too_large")

    return read


def _terms(mapped: Mapped, _comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    def read(text: str) -> Read:
        found = values.term_months(text, mapped.months_unit)
        if found is None:
            return None, "not_term"
        months = int(found.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return (months, "") if 1 <= months <= LONGEST_MONTHS else (None, "term_range")

    return read


def _rates(mapped: Mapped, comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    scale: Mapping[str, Decimal] = {
        "fraction": Decimal(1),
        "percent": Decimal("0.01"),
        "monthly_percent": Decimal("0.01") * _MONTHS_A_YEAR,
        "daily_myriad": Decimal("0.0001") * _DAYS_A_YEAR,
    }
    # A cell's own per cent sign says what it is a hundredth of, not for how long.
    period = {"monthly_percent": _MONTHS_A_YEAR, "daily_myriad": _DAYS_A_YEAR}.get(
        mapped.rate_unit, 1
    )

    def read(text: str) -> Read:
        found = values.number(text, comma=comma)
        if found is None:
            return None, "not_number"
        annual = found * (period if values.has_unit(text) else scale[mapped.rate_unit])
        ppm = int((annual * PPM).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return (ppm, "") if 0 <= ppm <= _HIGHEST_RATE_PPM else (None, "rate_range")

    return read


def _scores(_mapped: Mapped, comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    def read(text: str) -> Read:
        found = values.number(text, comma=comma)
        if found is None:
            return None, "not_number"
        return (float(found), "") if abs(found) <= _LARGEST_SCORE else (None, "too_large")

    return read


def _probabilities(_mapped: Mapped, comma: bool, texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    bare = (values.number(text, comma=comma) for text in texts if not values.has_unit(text))
    percent = any(found is not None and found > 1 for found in bare)

    def read(text: str) -> Read:
        found = values.number(text, comma=comma)
        if found is None:
            return None, "not_number"
        share = found / 100 if percent and not values.has_unit(text) else found
        return (float(share), "") if 0 <= share <= 1 else (None, "not_probability")

    return read


def _past_due(_mapped: Mapped, comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    def read(text: str) -> Read:
        found = values.number(values.plain(text).removesuffix("天"), comma=comma)
        if found is None:
            return None, "not_number"
        return (int(found), "") if 0 <= found <= MOST_DPD else (None, "dpd_range")

    return read


def _outcomes(mapped: Mapped, _comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    known: Mapping[str, Read] = {"bad": (1, ""), "good": (0, ""), "unknown": _UNKNOWN}
    return lambda text: known.get(mapped.outcomes.get(text, ""), (None, "not_outcome"))


def _decisions(mapped: Mapped, _comma: bool, _texts: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    known: Mapping[str, Read] = {"approved": (1, ""), "declined": (0, ""), "unknown": _UNKNOWN}
    return lambda text: known.get(mapped.decisions.get(text, ""), (None, "not_decision"))


def _texts(_mapped: Mapped, _comma: bool, _all: Iterable[str]) -> Reader:  # noqa: FBT001 - same
    return lambda text: (text[:80], "")


_NUMBERS = frozenset({Role.AMOUNT, Role.RATE, Role.SCORE, Role.PD, Role.DPD})
_READERS: Mapping[Role, Callable[[Mapped, bool, list[str]], Reader]] = {
    Role.ID: _texts,
    Role.APPLIED: _days,
    Role.AMOUNT: _amounts,
    Role.MONTHS: _terms,
    Role.RATE: _rates,
    Role.SCORE: _scores,
    Role.PD: _probabilities,
    Role.TIER: _texts,
    Role.BAD: _outcomes,
    Role.DPD: _past_due,
    Role.BAD_ON: _days,
    Role.DECISION: _decisions,
    Role.SEGMENT: _texts,
}
