"""The rows of a selection in one canonical order, their hash, and what is wrong with them."""

from __future__ import annotations

import hashlib

import numpy as np

from tael.kernel import BadInput
from tael.risk.bins.judging import canonical_rows
from tael.risk.bins.settings import checked_outcome
from tael.risk.sample import Sample
from tael.risk.selection.settings import SelectionSettings


def check_sample(sample: Sample, settings: SelectionSettings) -> None:
    """Refuse what no selection can be made of.

    Raises:
        BadInput: more variables wanted than there are, names that stand twice, one class only,
            too few bads, negative weights, instants that are missing, infinite values (variable and
            row, from 1).
    """
    if len(set(sample.names)) != len(sample.names):
        raise BadInput("a variable stands twice", field="names", rule="each variable once")
    if settings.wanted > len(sample.names):
        raise BadInput(
            f"{settings.wanted} variables are wanted, the sample holds {len(sample.names)}",
            field="wanted",
            rule="at most the variables of the sample",
        )
    if np.isnat(sample.asof).any():
        raise BadInput("a row has no instant", field="asof", rule="an instant in each row")
    used = checked_outcome(sample, 0)
    bads = int((sample.bad[used] == 1).sum())
    if bads < settings.bads_least:
        raise BadInput(
            f"{bads} bads are too few to tell variables apart: at least {settings.bads_least} "
            f"are needed, {settings.stability.bads_per_block} in each of two blocks of time",
            field="bad",
            rule=f"at least {settings.bads_least} bads",
        )
    for name, values in zip(sample.names, sample.values, strict=True):
        infinite = np.isinf(values)
        if infinite.any():
            raise BadInput(
                f"variable {name!r} holds an infinite value",
                field=name,
                row=int(infinite.argmax()) + 1,
                rule="finite values",
            )


def in_order(sample: Sample) -> Sample:
    """The rows in canonical order; the sample itself where they stand so."""
    order = canonical_rows(sample)
    if (order == np.arange(sample.rows)).all():
        return sample
    return sample.take(order)


def rows_hash(sample: Sample) -> str:
    """SHA-256 of a sample in canonical order; the order of its variables does not matter."""
    told = hashlib.sha256()
    told.update(sample.asof.astype("datetime64[s]").tobytes())
    told.update("\n".join(map(str, sample.borrower.tolist())).encode())
    for column in (sample.bad, sample.weight):
        # One NaN stands for all.
        told.update(np.where(np.isnan(column), np.nan, column).tobytes())
    told.update(sample.known.astype("datetime64[s]").tobytes())
    for i in sorted(range(len(sample.names)), key=sample.names.__getitem__):
        told.update(sample.names[i].encode())
        told.update(sample.values[i].tobytes())
        told.update(sample.reasons[i].tobytes())
    return told.hexdigest()
