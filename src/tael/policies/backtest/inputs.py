"""What an application lacks before a policy may decide it: the checks of one, in columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael.kernel import BadInput
from tael.policies import rules
from tael.policies.backtest.numbers import Truths, Units, units_of
from tael.policies.texts import InputRule, Policy

MISSING, REFUSED = "input_missing:", "input_refused:"


def faults(policy: Policy, table: pa.Table) -> tuple[npt.NDArray[np.int16], list[str]]:
    """Of each row the first input at fault, as ``rules.checked`` would name it.

    Returns:
        int16 [rows], 0 for a row that may be decided, else a place in the list, whose texts are
        ``input_missing:NAME`` or ``input_refused:NAME``.
    """
    found = np.zeros(table.num_rows, np.int16)
    names = [""]
    for rule in policy.inputs:
        if rule.name not in table.column_names:
            continue  # a variable that only the model reads, and whose score is at hand
        column = one_array(table.column(rule.name))
        for what, marks in _faults_of(_One(policy, rule), column):
            if marks.any():
                names.append(what + rule.name)
                found[marks & (found == 0)] = len(names) - 1
    return found, names


def one_array(column: Any) -> Any:
    """A column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


class _One:
    """The check of one input."""

    def __init__(self, policy: Policy, rule: InputRule) -> None:
        self._alone = replace(policy, inputs=(rule,))
        self.rule = rule

    def refuses(self, value: object) -> bool:
        """Whether ``rules.checked`` refuses a value that is there."""
        if value is None:
            return False
        try:
            rules.checked(self._alone, {self.rule.name: value})
        except BadInput:
            return True
        return False


def _faults_of(one: _One, column: Any) -> Iterator[tuple[str, Truths]]:
    rule = one.rule
    if rule.type == "variable":
        yield REFUSED, _endless(column)
        return
    if column.null_count:
        yield MISSING, column.is_null().to_numpy(zero_copy_only=False)
    if rule.type == "text":
        yield REFUSED, _texts(one, column)
    elif rule.type != "boolean":
        yield REFUSED, _numbers(one, column)


def _endless(column: Any) -> Truths:
    """NaN and infinity are no numbers of a decision."""
    if not pa.types.is_floating(column.type):
        return np.zeros(len(column), np.bool_)
    finite = pc.is_finite(column).fill_null(True)
    return ~np.asarray(finite.to_numpy(zero_copy_only=False))


def _texts(one: _One, column: Any) -> Truths:
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    wrong = [one.refuses(value) for value in coded.dictionary.to_pylist()]
    places = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    if not wrong:
        return np.zeros(len(column), np.bool_)
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    return np.asarray(np.array(wrong)[places] & ~missing)


def _numbers(one: _One, column: Any) -> Truths:
    rule, units = one.rule, units_of(column)
    if pa.types.is_floating(column.type):
        return _doubles(rule, column)
    if units is None:
        return np.array([one.refuses(value) for value in column.to_pylist()], np.bool_)
    wrong = np.zeros(len(column), np.bool_)
    if rule.type == "integer" and units.scale:
        wrong |= units.values % 10**units.scale != 0
    if rule.minimum is not None:
        wrong |= units.values < _bound(rule.minimum, units, ROUND_CEILING)
    if rule.maximum is not None:
        wrong |= units.values > _bound(rule.maximum, units, ROUND_FLOOR)
    for row in np.flatnonzero(units.wide).tolist():
        wrong[row] = one.refuses(column[row].as_py())
    return wrong & ~units.missing


def _doubles(rule: InputRule, column: Any) -> Truths:
    """Doubles count as their shortest decimals: a bound and the double nearest to it are one."""
    values = np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False), np.float64)
    wrong = ~np.isfinite(values)
    if rule.type == "integer":
        wrong |= values != np.rint(values)
    if rule.minimum is not None:
        wrong |= values < float(rule.minimum)
    if rule.maximum is not None:
        wrong |= values > float(rule.maximum)
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    return np.asarray(wrong & ~missing)


def _bound(bound: Decimal, units: Units, rounding: str) -> int:
    """The bound in the column's units: the nearest whole one inside the range."""
    whole = int(bound.scaleb(units.scale).to_integral_value(rounding))
    return max(-(2**62), min(2**62, whole))
