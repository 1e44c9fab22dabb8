"""The first reason of each row, from the columns that a policy's rules left."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael import dmn
from tael.dmn import BatchResult
from tael.policies.backtest.inputs import one_array

Places = npt.NDArray[np.int32]
# Of a file that declares no reasons: the decisions whose values are codes, as ``DmnRules`` reads.
_BY_NAME = ("knock_outs", "referrals")


class Codes:
    """Codes by number; 0 is none."""

    def __init__(self) -> None:
        self.names = [""]
        self._numbers: dict[str, int] = {"": 0}

    def number(self, code: str) -> int:
        """The number of a code, which is added when it is new."""
        found = self._numbers.setdefault(code, len(self.names))
        if found == len(self.names):
            self.names.append(code)
        return found


class FirstReason:
    """Where the knock-outs of a model stand, in the order in which they are told.

    Attributes:
        decisions: those whose values are asked for.
        unread: why some knock-outs have no column, by node; empty when all have one.
        by_rule: whether some are told by the rules that fired, so that these are asked for.
    """

    def __init__(self, model: dmn.Model) -> None:
        reasoner = model.reasoner
        self._knocks = [each for each in reasoner.sources if hasattr(each, "rules")]
        self._by_name = not reasoner.sources
        own = {node.name: node for node in model.graph.decisions.values() if not node.path}
        self.unread = {
            each.node: "its table is part of another expression"
            for each in self._knocks
            if each.table is not None
            and (each.node not in own or _bare(own[each.node].logic) is not each.table)
        }
        self.by_rule = any(not _is_told_by_value(each) for each in self._knocks)
        self.decisions: tuple[str, ...] = tuple(
            dict.fromkeys(each.node for each in self._knocks if each.node in own)
        )
        if self._by_name:
            self.decisions = tuple(name for name in _BY_NAME if name in own)

    def of(self, batch: BatchResult, codes: Codes) -> Places:
        """int32 [rows]: the number of the first knock-out that fired, 0 for none."""
        found = np.zeros(batch.table.num_rows, np.int32)
        for told in self._columns(batch, codes):
            np.copyto(found, told, where=found == 0)
        return found

    def _columns(self, batch: BatchResult, codes: Codes) -> list[Places]:
        table = batch.table
        if self._by_name:
            return [_first(one_array(table.column(name)), codes) for name in self.decisions]
        made = []
        for each in self._knocks:
            if _is_told_by_value(each):
                value = one_array(table.column(each.node))
                if each.entry:
                    value = pc.struct_field(value, each.entry)
                made.append(_true(value, each.code, codes) if each.code else _first(value, codes))
            elif f"{each.node} rules" in table.column_names:
                numbers = {rule.number: codes.number(code) for rule, code in each.rules}
                made.append(_fired(one_array(table.column(f"{each.node} rules")), numbers))
        return made


def _is_told_by_value(knock: Any) -> bool:
    """Whether the value of the decision says which knock-out was the first.

    It does where nothing else gives it, and of a table whose rules conclude with their own codes,
    in their order: then nobody needs to know which rules fired.
    """
    table = knock.table
    if table is None:
        return True
    if knock.code or knock.entry or len(table.outputs) != 1 or table.aggregation:
        return False
    coded = {id(rule): code for rule, code in knock.rules}
    texts = [getattr(rule.conclusions[0], "value", None) for rule in table.rules]
    same = all(coded.get(id(r)) == t for r, t in zip(table.rules, texts, strict=True))
    return table.hit_policy not in ("O", "P") and same


def _bare(tree: Any) -> Any:
    """The logic without declared types around it."""
    while hasattr(tree, "expression") and hasattr(tree, "type"):
        tree = tree.expression
    return tree


def _true(values: Any, code: str, codes: Codes) -> Places:
    if not pa.types.is_boolean(values.type):
        return np.zeros(len(values), np.int32)
    truths = values.fill_null(False).to_numpy(zero_copy_only=False)
    return np.where(truths, np.int32(codes.number(code)), np.int32(0))


def _first(values: Any, codes: Codes) -> Places:
    """The first code of each list, or the code itself."""
    if pa.types.is_list(values.type):
        return first_of(values, _numbered(values.flatten(), codes))
    return _numbered(values, codes)


def _numbered(values: Any, codes: Codes) -> Places:
    if not pa.types.is_string(values.type):
        return np.zeros(len(values), np.int32)
    coded = values.dictionary_encode()
    numbers = np.array([codes.number(code) for code in coded.dictionary.to_pylist()] or [0])
    places = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    held: Places = numbers.astype(np.int32)[places]
    if values.null_count:
        held[values.is_null().to_numpy(zero_copy_only=False)] = 0
    return held


def _fired(rules: Any, numbers: dict[int, int]) -> Places:
    """The code of the first rule that fired and has one."""
    most = max(numbers, default=0)
    by_rule = np.zeros(most + 1, np.int32)
    for rule, number in numbers.items():
        by_rule[rule] = number
    fired = np.minimum(rules.flatten().to_numpy(zero_copy_only=False), most + 1)
    return first_of(rules, np.append(by_rule, np.int32(0))[fired])


def first_of(lists: Any, flat: Places) -> Places:
    """The first item of each list that is not 0."""
    sizes = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(sizes)
    some = np.flatnonzero(flat)
    if not len(some):
        return np.zeros(len(lists), np.int32)
    at = np.minimum(np.searchsorted(some, ends - sizes), len(some) - 1)
    inside = (some[at] >= ends - sizes) & (some[at] < ends)
    return np.where(inside, flat[some[at]], np.int32(0))
