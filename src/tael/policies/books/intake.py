"""From a sheet to what waits for its columns to be named: personal columns leave at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tael.policies.books.grid import Sheet
from tael.policies.books.headings import suggest
from tael.policies.books.model import Heading
from tael.policies.books.personal import IDENTIFYING, kind_of

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "row"
_LOOKED_AT = 300
_SHOWN = 5
Hasher = Callable[[str], str]


def staged(sheet: Sheet, hasher: Hasher) -> tuple[tuple[Heading, ...], pa.Table]:
    """The headings with what they seem to be, and the columns as texts, named by number.

    Columns that look like identity, phone or card numbers hold keyed hashes from here on; names,
    addresses and mail addresses are left out. ``row`` is where each line stood in the file.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only books need it

    found = [_heading(sheet, number) for number in range(len(sheet.names))]
    arrays, names = [pa.array(sheet.rows)], [ROW]
    for heading in found:
        column = sheet.table.column(heading.number)
        if heading.hashed:
            arrays.append(_hashed(column, hasher))
        elif heading.personal:
            continue
        else:
            arrays.append(column.dictionary_encode())
        names.append(str(heading.number))
    shown = [
        replace(one, samples=() if one.personal else one.samples[:_SHOWN]) for one in suggest(found)
    ]
    return tuple(shown), pa.table(arrays, names=names)


def _heading(sheet: Sheet, number: int) -> Heading:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy, and only books need it

    column = sheet.table.column(number)
    filled = column.filter(pc.not_equal(column, ""))
    # Drawn from the whole file: first rows may be all of one kind, and every third one too.
    drawn = np.random.default_rng(0).permutation(len(filled))[:_LOOKED_AT]
    texts = filled.take(np.sort(drawn)).to_pylist()
    samples = tuple(dict.fromkeys(texts))
    kind = kind_of(sheet.names[number], texts)
    return Heading(
        number=number,
        name=sheet.names[number],
        samples=samples,
        filled=len(filled),
        distinct=pc.count_distinct(filled).as_py(),
        personal=kind,
        hashed=kind in IDENTIFYING,
    )


def _hashed(column: pa.ChunkedArray, hasher: Hasher) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only books need it

    encoded = column.combine_chunks().dictionary_encode()
    values = [hasher(text) if text else "" for text in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(values, pa.string()))
