"""The first scorecard from the loans approved by a day, its level, and what terms to expect.

Floats stay with the model; a probability leaves as a ``Rate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.app.replay.derive import FeatureColumns
from tael.app.replay.mapping import BookMapping
from tael.app.replay.model import Ending, Loan
from tael.app.replay.reader import LoanBook
from tael.kernel import BadInput, Day, Money, Rate, check
from tael.risk import Scorecard

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BISECTIONS = 60
_WIDEST_SHIFT = 20.0


@dataclass(frozen=True)
class Model:
    """A fitted scorecard and the shift of its log odds that gives the weighted bad rate.

    The weights of the regression may be tempered, which ranks better and gives a wrong level; the
    shift puts the level of the training population back.
    """

    card: Scorecard
    shift: float

    def chances(self, features: FeatureColumns) -> Floats:
        """Probability of default of each row, as the model's float."""
        return _chance(self.card.log_odds(features) + self.shift)

    def pds(self, features: FeatureColumns) -> list[Rate]:
        """Probability of default of each row, exact to nine digits."""
        return [Rate.from_probability(chance) for chance in self.chances(features).tolist()]


@dataclass(frozen=True)
class Terms:
    """Months to expect by amount: the median of paid training loans in each amount band.

    Attributes:
        bounds: upper bounds (included) of all bands but the last.
        months: of each band.
        counts: of paid training loans in each band.
    """

    bounds: tuple[Money, ...]
    months: tuple[int, ...]
    counts: tuple[int, ...]

    def expected(self, amount: Money) -> int:
        """Months from disbursement to pay-off, an assumption."""
        return self.months[sum(amount > bound for bound in self.bounds)]


@dataclass(frozen=True)
class Trained:
    """What training gave: the model, the terms, and how large and how bad the sample was.

    Attributes:
        rows: loans in training; ``bads`` of them defaulted, ``late_bads`` of these only after the
            last training day.
        bad_rate: weighted share of bads.
    """

    model: Model
    terms: Terms
    rows: int
    bads: int
    late_bads: int
    bad_rate: float


def train(book: LoanBook, mapping: BookMapping, until: Day) -> Trained:
    """Fit on loans approved by ``until`` whose ending is known.

    The label is the recorded ending, also where it came after ``until``: only so do recent loans
    have one. ``known_by`` fits without this knowledge, and the report shows both.

    Raises:
        BadInput: no loan by that day, or only goods or only bads among them.
    """
    chosen = training_rows(book.loans, mapping, until)
    bad = bads(book.loans)
    used = [loan for loan, use in zip(book.loans, chosen, strict=True) if use]
    weight = weights(used)
    rate = float((weight * bad[chosen]).sum() / weight.sum())
    return Trained(
        model=_fit(book, mapping, chosen, bad),
        terms=expected_terms(used, mapping.term.bands),
        rows=len(used),
        bads=int(bad[chosen].sum()),
        late_bads=sum(loan.defaulted_on is not None and loan.defaulted_on > until for loan in used),
        bad_rate=rate,
    )


def known_by(book: LoanBook, mapping: BookMapping, until: Day) -> Model | None:
    """The model that knows only defaults by ``until``; None when there are too few to fit one."""
    chosen = training_rows(book.loans, mapping, until)
    known = np.array([1.0 if _defaulted_by(loan, until) else 0.0 for loan in book.loans])
    try:
        return _fit(book, mapping, chosen, known)
    except BadInput:
        return None


def without(book: LoanBook, mapping: BookMapping, until: Day, columns: set[str]) -> Model | None:
    """The model without features that read one of ``columns``; None when nothing ranks then."""
    chosen = training_rows(book.loans, mapping, until)
    try:
        return _fit(book, mapping, chosen, bads(book.loans), leave_out=columns)
    except BadInput:
        return None


def training_rows(loans: Sequence[Loan], mapping: BookMapping, until: Day) -> Mask:
    """Which loans train: approved in the training days, ending known.

    Raises:
        BadInput: none.
    """
    since = mapping.train_since or Day.min
    chosen = np.array(
        [since <= loan.approved <= until and loan.ending is not Ending.UNKNOWN for loan in loans]
    )
    if not chosen.any():
        raise BadInput(
            f"no loan with a known ending was approved from {since} to {until}",
            field="train_until",
            rule="at least one training loan",
        )
    return chosen


def bads(loans: Sequence[Loan]) -> Floats:
    """1 for a default, else 0."""
    return np.array([1.0 if loan.ending is Ending.DEFAULT else 0.0 for loan in loans])


def weights(loans: Sequence[Loan]) -> Floats:
    """What each loan stands for."""
    return np.array([float(loan.weight) for loan in loans])


def expected_terms(loans: Sequence[Loan], bands: int) -> Terms:
    """Bands of equal weight by amount over paid ``loans``, the weighted median term in each.

    Raises:
        BadInput: no paid loan with a term.
    """
    paid = [loan for loan in loans if loan.ending is Ending.PAID and loan.term]
    if not paid:
        raise BadInput(
            "no paid training loan has a term to impute from",
            field="term",
            rule="at least one paid training loan with a term",
        )
    paid.sort(key=lambda loan: (loan.amount.minor, loan.key))
    mass = np.cumsum(weights(paid))
    ends = np.searchsorted(mass, mass[-1] * np.arange(1, bands) / bands)
    bounds = tuple(sorted({paid[int(end)].amount.minor for end in ends}))
    currency = paid[0].amount.currency
    groups: list[list[Loan]] = [[] for _ in range(len(bounds) + 1)]
    for loan in paid:
        groups[sum(loan.amount.minor > bound for bound in bounds)].append(loan)
    # The largest amounts may all fall on the last bound: their band then takes its neighbour's.
    filled = [group or groups[place - 1] for place, group in enumerate(groups)]
    return Terms(
        bounds=tuple(Money(bound, currency) for bound in bounds),
        months=tuple(_median_term(group) for group in filled),
        counts=tuple(len(group) for group in groups),
    )


def _median_term(loans: Sequence[Loan]) -> int:
    ordered = sorted(loans, key=lambda loan: (loan.term or 0, loan.key))
    mass = np.cumsum(weights(ordered))
    return ordered[int(np.searchsorted(mass, mass[-1] / 2))].term or 0


def _defaulted_by(loan: Loan, until: Day) -> bool:
    return loan.defaulted_on is not None and loan.defaulted_on <= until


def _fit(
    book: LoanBook,
    mapping: BookMapping,
    chosen: Mask,
    bad: Floats,
    leave_out: set[str] | None = None,
) -> Model:
    kept = [item for item in mapping.features if not set(item.columns) & (leave_out or set())]
    known_later = set(mapping.known_later)
    check(
        not any(set(item.columns) & known_later for item in kept),
        "no feature reads what is known only later",
    )
    columns = {name: values[chosen] for name, values in book.features.items()}
    full = weights(book.loans)[chosen]
    fitted = {"full": full, "root": np.sqrt(full), "none": np.ones(len(full))}[mapping.fit_weights]
    card = Scorecard([item.feature for item in kept]).fit(columns, bad[chosen], fitted)
    wanted = float((full * bad[chosen]).sum() / full.sum())
    return Model(card, _level_shift(card.log_odds(columns), full, wanted))


def _level_shift(log_odds: Floats, weight: Floats, wanted: float) -> float:
    low, high = -_WIDEST_SHIFT, _WIDEST_SHIFT
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rate = float((weight * _chance(log_odds + middle)).sum() / weight.sum())
        low, high = (middle, high) if rate < wanted else (low, middle)
    return round((low + high) / 2, 9)


def _chance(log_odds: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return chance
