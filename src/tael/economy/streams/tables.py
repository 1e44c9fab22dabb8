"""Events of many borrowers as one Arrow table a source, the form in which they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tael.economy.streams.rows import Events
from tael.kernel import BadInput

if TYPE_CHECKING:
    import pyarrow as pa

_US = 1_000_000
_KEYS = {"counterparty": "C", "tradeline_id": "T"}  # and the letter that its texts begin with


def table_of(parts: Sequence[Events]) -> pa.Table:
    """The events of one source as a table, in the order given.

    Columns: ``subject_id``, ``event_id`` (strings), ``event_at``, ``known_at`` (timestamps of
    microseconds, UTC), ``version`` (int64), ``void`` (bool), then those of the source: codes and
    keys (counterparties, accounts) as strings, sums in fen as int64.

    Raises:
        BadInput: no part, or parts of several sources.
    """
    import pyarrow as pa  # noqa: PLC0415 - an engine loads Arrow where it is used

    if len({part.source for part in parts}) != 1:
        raise BadInput("a table holds one source", field="parts", rule="parts of one source")
    first = parts[0]
    names = [f"{first.source}-{part.subjects[0]}-" for part in parts]
    whose = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    columns = {
        "subject_id": _subjects(parts),
        "event_id": _joined(names, whose, np.concatenate([part.event for part in parts])),
    }
    for name in ("event_at", "known_at"):
        seconds = np.concatenate([getattr(part, name) for part in parts])
        columns[name] = pa.array(seconds * _US).cast(pa.timestamp("us", tz="UTC"))
    columns["version"] = pa.array(np.concatenate([part.version for part in parts]))
    columns["void"] = pa.array(np.concatenate([part.void for part in parts]) == 1)
    for name in first.columns:
        values = np.concatenate([part.columns[name] for part in parts])
        if name in first.codes:
            columns[name] = pa.array(first.codes[name]).take(pa.array(values))
        elif name in _KEYS:
            makers = [f"{_KEYS[name]}{part.subjects[0][1:]}-" for part in parts]
            columns[name] = _joined(makers, whose, values)
        else:
            columns[name] = pa.array(values)
    return pa.table(columns)


def _subjects(parts: Sequence[Events]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    names = [name for part in parts for name in part.subjects]
    counts = np.array([len(part.subjects) for part in parts])
    starts = np.cumsum(counts) - counts
    rows = [part.subject + start for part, start in zip(parts, starts.tolist(), strict=True)]
    return pa.array(names).take(pa.array(np.concatenate(rows)))


def _joined(names: list[str], whose: np.ndarray, numbers: np.ndarray) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    heads = pa.array(names).take(pa.array(whose))
    return pc.binary_join_element_wise(heads, pa.array(numbers).cast(pa.string()), "")
