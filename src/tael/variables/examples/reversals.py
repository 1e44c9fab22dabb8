"""Which invoice a red one takes back: the same parties, the same amounts with the other sign.

A red invoice (红字发票) is negative. The file does not say which invoice it reverses, so the
original is looked for: same firm, direction and counterparty, amount and tax equal and opposite,
issued no later, not yet taken by another red one; of several the latest. What finds none, such as a
discount or the return of a part, stays an open red invoice.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def match_reversals(parties: Integers, day: Integers, amount: Integers, tax: Integers) -> Integers:
    """For each invoice the place of the one that it reverses, -1 for none.

    Args:
        parties: one number for firm, direction and counterparty together.
        day: when it was issued; invoices of a day are taken as they stand.
        amount: minor units, negative for a red invoice.
        tax: minor units.

    Every invoice is reversed at most once.
    """
    found = np.full(len(amount), -1, np.int64)
    reds = np.flatnonzero(amount < 0)
    originals = np.flatnonzero((amount > 0) & np.isin(amount, -amount[reds]))
    by_content: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    wanted = set(_contents(parties, -amount, -tax, reds))
    originals = originals[np.argsort(day[originals], kind="stable")]
    for content, place in zip(
        _contents(parties, amount, tax, originals), originals.tolist(), strict=True
    ):
        if content in wanted:
            by_content[content].append(place)
    reds = reds[np.argsort(day[reds], kind="stable")]
    for content, red in zip(_contents(parties, -amount, -tax, reds), reds.tolist(), strict=True):
        found[red] = _take_latest(by_content.get(content, []), day, int(day[red]))
    return found


def _contents(
    parties: Integers, amount: Integers, tax: Integers, places: NDArray[np.intp]
) -> list[tuple[int, int, int]]:
    columns = (parties[places].tolist(), amount[places].tolist(), tax[places].tolist())
    return list(zip(*columns, strict=True))


def _take_latest(places: list[int], day: Integers, until: int) -> int:
    """The last of ``places`` (by day, rising) issued by ``until``; it is taken out."""
    for at in range(len(places) - 1, -1, -1):
        if day[places[at]] <= until:
            return places.pop(at)
    return -1
