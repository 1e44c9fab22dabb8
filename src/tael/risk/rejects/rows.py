"""Accepted and rejected rows together, in an order of content, scored out of fold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.columns import Bools, Floats, Ints
from tael.risk.fairness.proxies import borrower_folds
from tael.risk.rejects.settings import Classifier, RejectSettings
from tael.risk.sample import Sample


def content_order(sample: Sample, further: npt.ArrayLike | None = None) -> Ints:
    """Positions of the rows by borrower, instant, outcome, weight, ``further``, then values.

    Rows that tie in all of it are the same, so nothing after depends on the order they came in.
    """
    last = np.zeros(sample.rows) if further is None else np.asarray(further, dtype=np.float64)
    names = np.unique(sample.borrower.astype(str), return_inverse=True)[1]
    keys = (last, sample.weight, sample.bad, sample.asof.astype(np.int64), names)
    order = np.lexsort(keys)
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        held = key[order]
        same &= (held[1:] == held[:-1]) | ((held[1:] != held[1:]) & (held[:-1] != held[:-1]))
    if not same.any():
        return order
    tied = np.append(False, same) | np.append(same, False)
    digest = np.zeros(sample.rows, dtype=np.int64)
    for row in order[tied].tolist():
        values = np.ascontiguousarray(sample.values[:, row]).tobytes()
        digest[row] = int.from_bytes(hashlib.blake2b(values, digest_size=7).digest(), "big")
    return np.lexsort((digest, *keys))


def joined(first: Sample, second: Sample) -> Sample:
    """The rows of both, those of ``first`` before those of ``second``.

    Raises:
        BadInput: other variables or another plan.
    """
    if first.names != second.names or first.plan != second.plan:
        raise BadInput(
            "accepted and rejected hold different variables or plans",
            field="names",
            rule="the same variables of one plan",
        )
    return Sample(
        names=first.names,
        values=np.concatenate([first.values, second.values], axis=1),
        reasons=np.concatenate([first.reasons, second.reasons], axis=1),
        bad=np.concatenate([first.bad, second.bad]),
        weight=np.concatenate([first.weight, second.weight]),
        borrower=np.concatenate([first.borrower, second.borrower]),
        asof=np.concatenate([first.asof, second.asof]),
        known=np.concatenate([first.known, second.known]),
        plan=first.plan,
    )


def checked_weights(sample: Sample, what: str) -> None:
    """Every weight is finite and above zero.

    Raises:
        BadInput: one is not; names the first row, from 1.
    """
    wrong = np.flatnonzero(~(np.isfinite(sample.weight) & (sample.weight > 0)))
    if len(wrong):
        raise BadInput(
            f"{len(wrong)} weights of {what} are not above zero",
            field="weight",
            row=int(wrong[0]) + 1,
            rule="weights above zero",
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """Accepted rows first, then rejected, each in an order of content.

    Attributes:
        sample: the rows.
        accepted: how many of them are accepted.
    """

    sample: Sample
    accepted: int

    @property
    def is_rejected(self) -> Bools:
        """Which rows were refused."""
        return np.arange(self.sample.rows) >= self.accepted

    def folds(self, count: int) -> Ints:
        """A fold for each row; a borrower's rows, accepted or not, share one."""
        return borrower_folds(self.sample.borrower, count)


def readable(sample: Sample, *, named: bool) -> object:
    """The variables as an estimator reads them: columns by name, or a matrix."""
    return dict(zip(sample.names, sample.values, strict=True)) if named else sample.matrix()


def out_of_fold(
    pool: Pool, outcome: Floats, estimator: Classifier, settings: RejectSettings
) -> Floats:
    """The chance of ``outcome`` [rows; 1, 0, NaN not learnt from] of every row of the pool.

    A clone of the estimator is fitted on the rows of all folds but one and scores that one.

    Raises:
        BadInput: a fold has but one outcome to learn from.
    """
    from sklearn.base import clone  # noqa: PLC0415

    fold = pool.folds(settings.folds)
    found = np.full(pool.sample.rows, np.nan)
    for one in range(settings.folds):
        learn = (fold != one) & ~np.isnan(outcome)
        if len(np.unique(outcome[learn])) < 2:  # noqa: PLR2004 - good and bad
            raise BadInput(
                "too few rows to score out of fold: one has one outcome only",
                field="outcome",
                rule="both outcomes in every fold",
            )
        if not (fold == one).any():
            continue
        train, rest = pool.sample.take(learn), pool.sample.take(fold == one)
        model = clone(estimator)
        model.fit(readable(train, named=settings.named), outcome[learn], sample_weight=train.weight)
        found[fold == one] = model.predict_proba(readable(rest, named=settings.named))[:, 1]
    return found


def banded(scores: Floats, bands: int, edges_of: Sequence[float] | Floats) -> Ints:
    """A band from 0 for each score, by the quantiles of ``edges_of``; equal scores share one."""
    edges = np.quantile(np.asarray(edges_of), np.arange(1, bands) / bands)
    return np.searchsorted(edges, scores, side="right").astype(np.int64)
