"""Some applications of a history put to every version: what each worker of a back-test does.

One function of a batch of rows to a batch of rows, with nothing but the texts of the versions: the
same on one machine, in threads, and on a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tael.kernel import BadInput, Rate, minor_digits
from tael.policies.backtest.history import APPLIED, ID, Layout
from tael.policies.backtest.inputs import one_array
from tael.policies.backtest.numbers import Whole, units_of
from tael.policies.backtest.verdict import APPROVE, OUTCOMES, Decider, Verdicts
from tael.policies.model import Bundle
from tael.pricing import Method

METHODS = tuple(Method)
UNKNOWN = -1
ROWS_A_CHUNK = 65_536
# Of each application, whatever the policy.
BASE = (
    (ID, pa.string()), (APPLIED, pa.int32()), ("amount", pa.int64()), ("months", pa.int32()),
    ("decided", pa.int8()), ("then_limit", pa.int64()), ("then_rate", pa.int64()),
    ("funded", pa.int8()), ("bad", pa.int8()), ("known", pa.int32()), ("lost", pa.int64()),
    ("exposed", pa.int64()), ("truth", pa.int8()),
)  # fmt: skip
# Of each application under each version.
RULED = (
    ("outcome", pa.int8()), ("tier", pa.int8()), ("pd", pa.int64()), ("limit", pa.int64()),
    ("lent", pa.int64()), ("option", pa.int8()), ("rate", pa.int64()), ("bank", pa.int64()),
    ("months", pa.int32()), ("offered", pa.int64()), ("reason", pa.string()),
)  # fmt: skip
_SPARK = {
    pa.string(): "string", pa.int8(): "tinyint", pa.int32(): "int", pa.int64(): "bigint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """A policy version to be tried: a name of its own in the results, and its texts."""

    name: str
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class Judge:
    """Puts rows of a history to versions; travels to workers as it is.

    Attributes:
        versions: what is tried, in order.
        cap: the all-in cap.
        layout: where the history holds what they read.
    """

    versions: tuple[Version, ...]
    cap: Rate
    layout: Layout

    @property
    def schema(self) -> pa.Schema:
        """Of the rows given back."""
        ruled = [(f"{k}:{name}", kind) for k in range(len(self.versions)) for name, kind in RULED]
        told = [(f"segment:{name}", pa.string()) for name in self.layout.segments]
        return pa.schema([*BASE, *told, *ruled])

    @property
    def spark_schema(self) -> str:
        """The same in words of Spark."""
        return ", ".join(f"`{field.name}` {_SPARK[field.type]}" for field in self.schema)

    def slow(self, schema: pa.Schema) -> dict[str, dict[str, str]]:
        """By version the decisions that are computed row by row, and why; ``schema`` of a history.

        A few hundred rows take them as long as a million take the others.
        """
        none = schema.empty_table()
        found = {}
        for place, version in enumerate(self.versions):
            told = decider_of(version.bundle, self.cap).slow(self.seen(none, place))
            if told:
                found[version.name] = dict(told)
        return found

    def run(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batch after batch, each in parts of ``ROWS_A_CHUNK`` rows at most."""
        for batch in batches:
            for first in range(0, batch.num_rows, ROWS_A_CHUNK):
                yield self.judged(pa.Table.from_batches([batch.slice(first, ROWS_A_CHUNK)]))

    def judged(self, table: pa.Table) -> pa.RecordBatch:
        """One row a row: what it says, and what each version says of it.

        Raises:
            BadInput: a value that no history holds; names the column.
        """
        table = table.combine_chunks()
        deciders = [decider_of(version.bundle, self.cap) for version in self.versions]
        digits = minor_digits(deciders[0].policy.prices.currency)
        columns = _base(table, self.layout, digits)
        for name in self.layout.segments:
            columns.append(one_array(table.column(name)).cast(pa.string()))
        for place, decider in enumerate(deciders):
            verdicts = decider.decide(self.seen(table, place))
            columns += _ruled(verdicts, columns[2])
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def seen(self, table: pa.Table, place: int) -> pa.Table:
        """What a version reads, under the names it reads it by."""
        names = self.layout.inputs[place]
        scores = self.layout.scores[place]
        arrays = [table.column(name) for name in names]
        arrays += [table.column(column) for _, column in scores]
        return pa.Table.from_arrays(arrays, names=[*names, *(name for name, _ in scores)])


@lru_cache(maxsize=64)
def decider_of(bundle: Bundle, cap: Rate) -> Decider:
    """The version, loaded once a process."""
    return Decider(bundle, cap)


def _base(table: pa.Table, layout: Layout, digits: int) -> list[Any]:
    def optional(name: str, scale: int) -> Any:
        if name not in layout.optional:
            return pa.array(np.full(table.num_rows, UNKNOWN))
        return _counted(table, name, scale)

    def truth(name: str) -> Any:
        column = one_array(table.column(name))
        return column.cast(pa.int8()).fill_null(UNKNOWN)

    ids = one_array(table.column(ID)).cast(pa.string())
    if ids.null_count:
        raise BadInput(f"{ids.null_count} rows have no number", field=ID, rule="a number in each")
    known = one_array(table.column("bad_known_on")).cast(pa.int32()).fill_null(UNKNOWN)
    applied = one_array(table.column(APPLIED)).cast(pa.int32())
    if applied.null_count:
        raise BadInput(
            f"{applied.null_count} rows have no day", field=APPLIED, rule="a day in each row"
        )
    months = _counted(table, "months", 0)
    return [
        ids, applied, _counted(table, "amount", digits), months.cast(pa.int32(), safe=False),
        _decided(table), optional("decided_limit", digits), optional("decided_price", 9),
        truth("funded"), truth("bad"), known,
        optional("loss_share", 9), optional("exposure_share", 9),
        truth("truth_bad") if "truth_bad" in layout.optional
        else pa.array(np.full(table.num_rows, UNKNOWN, np.int8)),
    ]  # fmt: skip


def _counted(table: pa.Table, name: str, digits: int) -> Any:
    """Exact numbers in units of ten to the minus ``digits``, cut; -1 where there is none."""
    column = one_array(table.column(name))
    units = units_of(column)
    if units is None:
        raise BadInput(f"{name} is of {column.type}", field=name, rule="exact numbers")
    if units.wide.any():
        raise BadInput(f"{name} has numbers of more than 62 bits", field=name, rule="62 bits")
    shift = digits - units.scale
    values: Whole | None = units.values // 10**-shift if shift < 0 else units.scaled(10**shift)
    if values is None:
        raise BadInput(f"{name} has numbers of more than 62 bits", field=name, rule="62 bits")
    return pa.array(np.where(units.missing | (values < 0), UNKNOWN, values))


def _decided(table: pa.Table) -> Any:
    coded = one_array(table.column("decided"))
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    known = coded.dictionary.to_pylist()
    for word in known:
        if word is not None and word not in OUTCOMES[1:]:
            raise BadInput(
                f"decided is {word!r}", field="decided", rule="approve, decline, refer or null"
            )
    places = np.array([*(OUTCOMES.index(word) if word else 0 for word in known), 0], np.int8)
    return pa.array(places[coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)])


def _ruled(verdicts: Verdicts, asked: Any) -> list[Any]:
    told = told_of(verdicts, asked.to_numpy())
    reasons = pa.array(list(verdicts.codes), pa.string())
    named = pa.DictionaryArray.from_arrays(pa.array(verdicts.reason), reasons)
    numbers = [pa.array(told[name].astype(kind.to_pandas_dtype())) for name, kind in RULED[:-1]]
    return [*numbers, named.cast(pa.string())]


def told_of(verdicts: Verdicts, asked: Whole) -> dict[str, npt.NDArray[Any]]:
    """The numbers of ``RULED``; ``asked`` in minor units."""
    offers = verdicts.offers
    most = np.minimum(np.maximum(0, asked), offers.limit)
    return {
        "outcome": verdicts.outcome,
        "tier": verdicts.tier,
        "pd": verdicts.pd,
        "limit": verdicts.limit,
        "lent": np.where(verdicts.outcome == APPROVE, most, 0),
        "option": offers.takes,
        "rate": offers.rate,
        "bank": offers.bank,
        "months": offers.months,
        "offered": offers.kinds,
    }


def method_places(decider: Decider) -> Whole:
    """int64 [options + 1]: the method of each option of the menu; the last is of none."""
    places = [METHODS.index(option.method) for option in decider.menu.options]
    return np.array([*places, 0], np.int64)
