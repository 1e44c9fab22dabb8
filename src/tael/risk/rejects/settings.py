"""How rejects are inferred, what is known of them from outside, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.calibration.kept import canonical, hash_of, plain
from tael.risk.columns import Floats
from tael.risk.sample import Sample

METHODS = (
    "none",
    "augmentation",
    "parcelling",
    "fuzzy",
    "random_accept",
    "bureau_performance",
)


class Classifier(Protocol):
    """An estimator with the scikit-learn contract; only clones of it are fitted."""

    def fit(self, X: Any, y: Floats, sample_weight: Floats | None = None) -> object: ...  # noqa: N803
    def predict_proba(self, X: Any) -> Floats: ...  # noqa: N803


@dataclass(frozen=True)
class RejectSettings:
    """How to infer. Every figure stands in the record.

    Attributes:
        estimator: of bad, fitted on accepted rows to score rejects (parcelling, fuzzy), and of
            rejection, fitted on both (augmentation). Folds by borrower: no row is scored by a
            model that saw its borrower.
        trim: the least chance of acceptance in augmentation; weights are at most 1 / trim.
        bands: score bands of parcelling and of bureau performance.
        uplift: how much worse rejects are than accepted of the same score. Parcelling multiplies
            the bad rate of a band by it (one factor, or one a band from the least risky), fuzzy
            the odds of each reject. None: estimated on the control cell.
        min_cell: rows of the control cell, or rejects seen elsewhere, that are needed.
        min_cell_bads: bads, and goods, needed among them.
        named: hand estimators the variables as columns by name, as those of this engine with signs
            by name ask, rather than as float32 [rows, variables].
        folds: for scoring.
        seed: of the draw which rejects of a band are called bad.
    """

    estimator: Classifier | None = None
    trim: float = 0.05
    bands: int = 10
    uplift: float | tuple[float, ...] | None = 1.0
    min_cell: int = 100
    min_cell_bads: int = 10
    named: bool = False
    folds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.trim <= 1:
            raise BadInput("trim is a chance above 0", field="trim", rule="0 < trim <= 1")
        for name in ("bands", "folds"):
            if getattr(self, name) < 2:  # noqa: PLR2004 - one is no division
                raise BadInput(f"{name} is two or more", field=name, rule="at least 2")
        factors = self.uplift if isinstance(self.uplift, tuple) else (self.uplift,)
        if isinstance(self.uplift, tuple) and len(factors) != self.bands:
            raise BadInput(
                f"{len(factors)} factors for {self.bands} bands", field="uplift", rule="one a band"
            )
        if any(factor is not None and not factor > 0 for factor in factors):
            raise BadInput("a factor lies above 0", field="uplift", rule="above 0")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of rejects besides their variables.

    Attributes:
        at_random: accepted rows that the policy would have refused and chance let in
            [accepted rows].
        elsewhere: 1 bad, 0 good at other lenders, NaN not known [rejected rows].
    """

    at_random: npt.ArrayLike | None = None
    elsewhere: npt.ArrayLike | None = None


@dataclass(frozen=True)
class Record:
    """What was done, for the model's card and registry.

    Attributes:
        method: one of ``METHODS``.
        estimator: as it prints; empty where none was used.
        figures: the factors and quantiles of the method.
        counts: rows in, out and left out.
        weight_accepted, weight_rejected: what came in, of rows that may be trained on.
        weight_inferred: what rows that stand for rejects carry.
    """

    method: str
    estimator: str
    figures: Mapping[str, Any]
    counts: Mapping[str, int]
    weight_accepted: float
    weight_rejected: float
    weight_inferred: float

    @property
    def share_inferred(self) -> float:
        """Of the training weight, what stands for rejects."""
        total = self.weight_accepted + self.weight_inferred
        return self.weight_inferred / total if total else 0.0

    def to_json(self) -> dict[str, Any]:
        """Every figure."""
        found: dict[str, Any] = plain(self)
        return found | {"share_inferred": plain(self.share_inferred)}

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hash_of(canonical(self.to_json()))


@dataclass(frozen=True, eq=False)
class Inference:
    """Rows to train on, and how they came about.

    Attributes:
        sample: outcomes and weights for all rows, in an order that does not depend on that of the
            rows given.
        record: what was done.
    """

    sample: Sample
    record: Record
