"""The plan of percentiles among peers, and the reference distributions that they are read from.

The rules, for every way of computing them:

- A group is province · 1000 + industry, both counted from 1 (an industry is at most 999); -1 says
  that a firm's is unknown. The industry alone is the group of that number, 0 are all firms.
- A `PeerTable` holds, from each instant on, the 99 cut points of every output in every group. At an
  as-of instant t the newest known at or before t is read, and only that one. Of it: the cuts of the
  firm's group, or where fewer than `LEAST_PEERS` firms had a value (the cuts are NaN, or the group
  is not in the table), those of its industry, or else those of all firms.
- percentile of v: float(number of cuts < v + number of cuts <= v) / 198.0, from 0.0 below the first
  to 1.0 above the last. A cut that equals v counts half.
- Where the parent has no value the percentile has none for the same reason. `UNDEFINED`: there is
  no table, none known by then, the group is unknown, or not even all firms were enough.
- Cuts of n sorted values x[0] … x[n - 1]: the k-th, k = 1 … 99, is x[ceil(k·n / 100) - 1], a value
  that some firm has. Source: the inverse of the empirical distribution function, definition 1 of
  Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996).
  No arithmetic on values: order of firms and rounding cannot change a bit. Firms of unknown group
  are in no distribution.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.plan.checks import Whole, check_outputs, flat, plan_hash
from tael.variables.plan.windows import KERNEL_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_PEERS: Final = 20  # firms with a value; a distribution of fewer says little and tells on them
CUTS: Final = 99
INDUSTRIES: Final = 1_000
ALL_FIRMS: Final = 0
UNKNOWN: Final = -1
_NAMES = b"names"


class PeersArrays(NamedTuple):
    """A plan as compiled loops read it.

    Attributes:
        parents: int64[outputs], columns of the sheet.
    """

    parents: Whole


class PeerArrays(NamedTuple):
    """The arrays of a `PeerTable`, as compiled loops read them."""

    groups: Whole
    known: Whole
    cuts: NDArray[np.float64]


@dataclass(frozen=True)
class PeersPlan:
    """Percentiles of columns of the sheet that stand before their own.

    Attributes:
        outputs: of each variable the column, counted from the sheet's first, that it places.

    Raises:
        BadInput: with field and rule, for an output that cannot be computed.
    """

    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        check_outputs("" if of >= 0 else f"there is no column {of}" for of in self.outputs)

    @property
    def width(self) -> int:
        """How many columns the plan fills."""
        return len(self.outputs)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical JSON, with the version of the kernel."""
        parts = {"outputs": self.outputs, "cuts": CUTS, "least": LEAST_PEERS}
        return plan_hash("peers", KERNEL_VERSION, parts)

    def arrays(self) -> PeersArrays:
        """The plan as compiled loops read it; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> PeersArrays:
        return PeersArrays(flat([self.outputs]))


@dataclass(frozen=True, eq=False)
class PeerTable:
    """What the values of firms were, from K instants on, in G groups, for each output of a plan.

    Attributes:
        groups: int64[G], rising: the codes of the groups.
        known: int64[K], rising, UTC seconds: from when each set of distributions may be used.
        cuts: float64[K, G, outputs, 99], rising along the last axis; NaN in all 99 where fewer than
            `LEAST_PEERS` firms had a value.
        names: what each output places, such as ids of variables, to be kept with the table; empty:
            not said.

    Raises:
        BadInput: an array has another type, shape or order.
    """

    groups: Whole
    known: Whole
    cuts: NDArray[np.float64]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("groups", "known"):
            array = getattr(self, field)
            if array.dtype != np.int64 or array.ndim != 1 or (np.diff(array) <= 0).any():
                raise BadInput("rising int64 is needed", field=field)
        shape = (self.known.size, self.groups.size, self.width, CUTS)
        if self.cuts.dtype != np.float64 or self.cuts.shape != shape:
            raise BadInput(f"float64{list(shape)} is needed", field="cuts")
        if not (np.isnan(self.cuts).all(-1) | (np.diff(self.cuts) >= 0).all(-1)).all():
            rule = "cuts of a group rise, or are NaN, all of them"
            raise BadInput(rule, field="cuts", rule=rule)
        if len(self.names) not in {0, self.width}:
            raise BadInput(f"{len(self.names)} for {self.width} outputs", field="names")

    @property
    def width(self) -> int:
        """How many outputs have distributions."""
        return self.cuts.shape[2] if self.cuts.ndim > 2 else 0  # noqa: PLR2004 - the third axis

    @cached_property
    def hash(self) -> str:
        """SHA-256 of names, shape and little-endian arrays."""
        said = {"op": "peers", "names": self.names, "shape": self.cuts.shape}
        made = hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
        made.update(self.groups.astype("<i8", copy=False).tobytes())
        made.update(self.known.astype("<i8", copy=False).tobytes())
        made.update(np.where(np.isnan(self.cuts), np.nan, self.cuts).astype("<f8").tobytes())
        return made.hexdigest()

    def only(self, names: tuple[str, ...]) -> PeerTable:
        """The distributions of some outputs, in this order: for a plan with fewer percentiles.

        Raises:
            BadInput: the table says none of that name.
        """
        lost = [name for name in names if name not in self.names]
        if lost:
            raise BadInput(f"there is no {lost[0]!r} in it", field="names", rule="names of it")
        places = [self.names.index(name) for name in names]
        return PeerTable(self.groups, self.known, self.cuts[:, :, places], names)

    def arrays(self) -> PeerArrays:
        """The arrays, as compiled loops read them; made once."""
        return self._arrays

    @cached_property
    def _arrays(self) -> PeerArrays:
        # What Arrow lends may only be read: loops would be compiled for it once more.
        return PeerArrays(
            np.require(self.groups, requirements=("C", "W")),
            np.require(self.known, requirements=("C", "W")),
            np.require(self.cuts, requirements=("C", "W")),
        )


def check_groups(groups: Whole, rows: int) -> None:
    """Refuse groups that are not int64[rows] of a province and an industry, or -1.

    Raises:
        BadInput: with the field ``groups``.
    """
    if groups.dtype != np.int64 or groups.shape != (rows,):
        raise BadInput(f"int64[{rows}] is needed", field="groups")
    wrong = (groups <= INDUSTRIES) | (groups % INDUSTRIES == 0)
    wrong &= groups != UNKNOWN
    if wrong.any():
        rule = "a group is province · 1000 + industry, both counted from 1, or -1"
        raise BadInput(f"{groups[wrong.argmax()]}: {rule}", field="groups",
                       row=int(wrong.argmax()) + 1, rule=rule)  # fmt: skip


def join_tables(tables: Sequence[PeerTable]) -> PeerTable:
    """One table of those of different instants, whatever groups each has.

    Raises:
        BadInput: there is none, they are of other outputs, or two were known at one instant.
    """
    if not tables or len({(each.width, each.names) for each in tables}) != 1:
        raise BadInput("tables of the same outputs are needed", field="tables")
    known = np.concatenate([each.known for each in tables])
    groups = np.unique(np.concatenate([each.groups for each in tables]))
    cuts = np.full((known.size, groups.size, tables[0].width, CUTS), np.nan)
    row = 0
    for each in tables:
        cuts[row : row + each.known.size, np.searchsorted(groups, each.groups)] = each.cuts
        row += each.known.size
    order = np.argsort(known, kind="stable")
    return PeerTable(groups, known[order], cuts[order], tables[0].names)


def to_arrow(table: PeerTable) -> pa.Table:
    """A row an instant and group: ``known`` (UTC seconds), ``group``, ``cuts``, for storage.

    ``cuts`` is a fixed-size list of doubles, 99 an output; the names stand in the schema's
    metadata.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    flat_cuts = pa.array(table.cuts.reshape(-1))
    columns = {
        "known": pa.array(np.repeat(table.known, table.groups.size)),
        "group": pa.array(np.tile(table.groups, table.known.size)),
        "cuts": pa.FixedSizeListArray.from_arrays(flat_cuts, table.width * CUTS),
    }
    return pa.table(columns).replace_schema_metadata({_NAMES: json.dumps(table.names).encode()})


def from_arrow(rows: pa.Table) -> PeerTable:
    """The table of rows as `to_arrow` made them, in any order.

    Raises:
        BadInput: a column is missing, or instants do not have the same groups.
    """
    if set(rows.column_names) != {"known", "group", "cuts"}:
        raise BadInput(f"known, group and cuts, not {rows.column_names}", field="rows")
    rows = rows.sort_by([("known", "ascending"), ("group", "ascending")])
    known = np.unique(rows["known"].to_numpy())
    groups = np.unique(rows["group"].to_numpy())
    same = np.array_equal(rows["group"].to_numpy(), np.tile(groups, known.size))
    if not same or not np.array_equal(rows["known"].to_numpy(), np.repeat(known, groups.size)):
        raise BadInput("each instant has the same groups, once", field="group")
    width = rows["cuts"].type.list_size // CUTS
    cuts = rows["cuts"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    names = json.loads((rows.schema.metadata or {}).get(_NAMES, b"[]"))
    return PeerTable(groups, known, cuts.reshape(known.size, groups.size, width, CUTS),
                     tuple(names))  # fmt: skip
