"""Logistic regression on many variables, each shrunk by its strength.

Where hundreds of variables measure the same few causes with noise, their weighted mean tells more
than any tree does; this is that mean. The shipped pipeline stacks it with trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.bins import MISSING_CODES, BinSettings, fit_bins, prebin
from tael.risk.bins.prebins import placed
from tael.risk.bins.settings import in_ranges
from tael.risk.boosting import canonical, checked_json, hash_of, refuse_later
from tael.risk.columns import Ints, columns_of, labels, numbers, weights
from tael.risk.estimator import LogOddsClassifier, outcome_of
from tael.risk.matrix import column_of, content_order
from tael.risk.sample import (
    HAS_VALUE,
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    Floats,
    Reasons,
    Sample,
    Texts,
)

_FORMAT = "tael.shrunk_logistic/1"
_DIGITS = 9
_STEPS = 80
_TAIL = 0.002  # ranks beyond count as this
READ = ("scores", "evidence")


@dataclass(frozen=True, eq=False)
class _Read:
    """Codes [variables, rows], the value of each code, and how strong each variable is alone."""

    codes: Reasons
    values: Floats
    strength: Floats
    cuts: Floats
    filled: Ints


@dataclass(frozen=True, slots=True)
class ShrunkSettings:
    """How strongly coefficients are held back.

    Attributes:
        read: what a variable is read as: ``scores``, normal scores of its ranks, which know nothing
            of outcomes (Blom, Statistical Estimates and Transformed Beta-Variables, 1958), or
            ``evidence``, the weight of evidence of its bins.
        penalty: of the squared coefficients of the scaled variables, beside a loss summed over rows
            whose weights are scaled to a mean of one.
        power: each variable, of variance one, is scaled by its strength relative to the strongest
            to this power: 0 plain ridge, 2 the weak are held back most.
        pieces: ranks of a variable that are told apart, for scores.
        max_bins: numeric bins of a variable.
        min_share: of the weight that a bin holds at least.
        threads: at work at once; makes no difference to the model.
    """

    read: str = "scores"
    penalty: float = 100.0
    power: float = 2.0
    pieces: int = 50
    max_bins: int = 8
    min_share: float = 0.02
    threads: int = 2

    def __post_init__(self) -> None:
        if self.read not in READ:
            raise BadInput(
                f"a variable is not read as {self.read!r}", field="read", rule=" or ".join(READ)
            )
        if not self.penalty > 0 or self.power < 0:
            raise BadInput(
                f"penalty {self.penalty}, power {self.power}",
                field="penalty",
                rule="penalty above 0, power from 0",
            )


class ShrunkLogistic(LogOddsClassifier):
    """Ridge regression of the log odds of bad on all variables.

    minimise sum w log(1 + exp(-y z)) + penalty / 2 sum b^2, z = a + sum b s x, where x is a
    variable as ``settings.read`` says and its scale s is fixed by its own strength (le Cessie and
    van Houwelingen, Applied Statistics 41 (1992); a prior variance by strength is the idea of Zou's
    adaptive penalties, JASA 101 (2006)). Each population of a sample has a level of its own beside
    ``a``, not held back, which is learnt and left out again: what others saw is measured otherwise.
    Keeps the scikit-learn contract. Rows are put in an order of their content and sums run in it,
    so that shuffled rows and any number of threads give the
    same model.

    Args:
        settings: how strongly coefficients are held back.
        signs: expected sign by variable, '+' where a higher value is riskier; its bins keep it.
        day: the training day as an ISO date; an outcome known only later is refused.

    Attributes:
        classes_: ``[0, 1]``.
        names_: the variables, in the order of training.
        table_: float64 [variables, bins]: what each bin adds to the log odds of bad.
        means_: float64 [variables]: what the average training row gets from each.
        intercept_: of the log odds.
        plan_: hash of the plan of variables; '' for other tables.
    """

    def __init__(
        self,
        settings: ShrunkSettings = ShrunkSettings(),
        *,
        signs: Mapping[str, str] | None = None,
        day: str = "",
    ) -> None:
        self.settings = settings
        self.signs = signs
        self.day = day

    # --- training

    def fit(
        self,
        X: object,  # noqa: N803 - scikit-learn's name
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> ShrunkLogistic:
        """Learn from ``X`` (sample, columns or matrix) and outcomes ``y`` (1 = bad).

        Raises:
            BadInput: what ``fit_bins`` refuses, one outcome only, weights below zero, an outcome
                from after the training day, no variable that tells anything.
        """
        X, y, sample_weight = outcome_of(X, y, sample_weight)  # noqa: N806
        if isinstance(X, Sample) and self.day:
            refuse_later(X, self.day)
        bad = labels(y)
        mass = weights(sample_weight, len(bad))
        held = _sample(X, None, (bad, mass))
        who = () if held.population is None else (held.population,)
        order = content_order((*held.values, *held.reasons, *who), bad, mass)
        held = held.take(order)
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array(held.names, dtype=object)
        self.n_features_in_ = len(held.names)
        self.plan_ = held.plan
        self._learn(held)
        return self

    def _learn(self, sample: Sample) -> None:
        read = self._scores(sample) if self.settings.read == "scores" else self._evidence(sample)
        mass = sample.weight
        share = _by_bin(read.codes, mass, read.values.shape, self.settings.threads) / mass.sum()
        means = (share * read.values).sum(axis=1)
        spread = np.sqrt((share * (read.values - means[:, None]) ** 2).sum(axis=1))
        strength = np.where(spread > 0, read.strength, 0.0)
        if not strength.max() > 0:
            raise BadInput(
                "no variable tells goods from bads", field="columns", rule="information above zero"
            )
        scale = (strength / strength.max()) ** self.settings.power
        unit = np.divide(scale, spread, out=np.zeros_like(scale), where=spread > 0)
        table = (read.values - means[:, None]) * unit[:, None]
        marks = _marks(sample.population, mass)
        beta, self.intercept_ = self._regress((read.codes, table), marks, (sample.bad, mass))
        self.names_ = sample.names
        self.table_ = np.round(beta[:, None] * table, _DIGITS) + 0.0
        self.means_ = np.round((share * self.table_).sum(axis=1), _DIGITS) + 0.0
        self.cuts_, self.filled_ = read.cuts, read.filled

    def _evidence(self, sample: Sample) -> _Read:
        bins = fit_bins(sample, self._bins(), signs=self.signs)
        return _Read(bins.codes(sample), bins.woe, np.sqrt(bins.iv), bins.cuts, bins.filled)

    def _scores(self, sample: Sample) -> _Read:
        """Normal scores of the middle ranks of pieces; a missing value stands in the middle."""
        from scipy.special import ndtri  # noqa: PLC0415 - loads when a model is trained

        held = prebin(sample, self._bins())
        shape = (len(held.names), held.width)
        mass = _by_bin(held.codes, sample.weight, shape, self.settings.threads)
        numeric = mass[:, : held.most]
        whole = numeric.sum(axis=1, keepdims=True)
        half = np.cumsum(numeric, axis=1) - numeric / 2
        middle = np.divide(half, whole, out=np.full(half.shape, 0.5), where=whole > 0)
        values = np.zeros(shape)
        values[:, : held.most] = ndtri(middle.clip(_TAIL, 1 - _TAIL)) * (numeric > 0)
        bads = _by_bin(held.codes, sample.weight * sample.bad, shape, self.settings.threads)
        return _Read(
            held.codes, values, _strength(values, bads, mass - bads), held.edges, held.filled
        )

    def _regress(
        self, given: tuple[Reasons, Floats], marks: Floats, outcome: tuple[Floats, Floats]
    ) -> tuple[Floats, float]:
        """Coefficients and intercept; the levels of the populations are left out."""
        from scipy.optimize import minimize  # noqa: PLC0415 - loads when a model is trained

        codes, table = given
        bad, mass = outcome
        threads, penalty, count = self.settings.threads, self.settings.penalty, len(table)

        def fall(theta: Floats) -> tuple[float, Floats]:
            beta, level = theta[:count], theta[count + 1 :]
            z = _by_row(codes, beta[:, None] * table, threads) + theta[count] + level @ marks
            loss = mass @ (np.logaddexp(0.0, z) - bad * z) + penalty / 2 * (beta @ beta)
            gap = mass * (1.0 / (1.0 + np.exp(-z)) - bad)
            slopes = (_by_bin(codes, gap, table.shape, threads) * table).sum(axis=1)
            return float(loss), np.concatenate([slopes + penalty * beta, [gap.sum()], marks @ gap])

        rate = float(mass @ bad / mass.sum())
        start = np.zeros(count + 1 + len(marks))
        start[count] = np.log(rate / (1.0 - rate))
        found = minimize(fall, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        return np.asarray(found.x[:count]), round(float(found.x[count]), _DIGITS)

    def _bins(self) -> BinSettings:
        held = self.settings
        pieces = held.pieces if held.read == "scores" else BinSettings().pieces
        return BinSettings(pieces, held.max_bins, held.min_share, threads=held.threads)

    # --- use

    def log_odds(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows]: the log odds of bad.

        Raises:
            BadInput: a sample of another plan, a variable that is missing, an infinite value.
        """
        codes = self._codes(X)
        return _by_row(codes, self.table_, self.settings.threads) + self.intercept_

    def contributions(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, variables + 1]: of each of ``names_``, last the average training row."""
        codes = self._codes(X)
        rows = np.arange(len(self.names_))[:, None]
        told = (self.table_[rows, codes] - self.means_[:, None]).T
        base = np.full((len(told), 1), self.intercept_ + self.means_.sum())
        return np.concatenate([told, base], axis=1)

    def _codes(self, data: object) -> Reasons:
        if not hasattr(self, "table_"):
            raise BadInput("the model is not trained", field="model", rule="fit first")
        if isinstance(data, Sample) and data.plan != self.plan_:
            raise BadInput(
                f"the rows follow plan {data.plan[:12] or 'none'}, the model {self.plan_[:12]}",
                field="plan",
                rule="the plan of training",
            )
        held = _sample(data, self.names_, None)
        return placed(held, self.names_, (self.cuts_, self.filled_), self._bins())

    # --- keeping

    def to_json(self) -> str:
        """The fitted model as canonical JSON with its hash."""
        return canonical(self._body() | {"hash": self.hash})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON without the hash itself, in hexadecimal."""
        return hash_of(self._body())

    def _body(self) -> dict[str, Any]:
        if not hasattr(self, "table_"):
            raise BadInput("the model is not trained", field="model", rule="fit first")
        settings = asdict(self.settings)
        del settings["threads"]  # makes no difference to the model
        return {
            "format": _FORMAT,
            "names": list(self.names_),
            "columns": [str(name) for name in self.feature_names_in_],
            "cuts": [
                row[: count - 1].tolist()
                for row, count in zip(self.cuts_, self.filled_.tolist(), strict=True)
            ],
            "width": int(self.cuts_.shape[1]),
            "table": self.table_.tolist(),
            "means": self.means_.tolist(),
            "intercept": self.intercept_,
            "plan": self.plan_,
            "day": self.day,
            "signs": {name: sign for name, sign in (self.signs or {}).items() if sign},
            "settings": settings,
        }

    @classmethod
    def from_json(cls, text: str, *, expected: str = "") -> ShrunkLogistic:
        """The model that ``to_json`` wrote.

        Raises:
            BadInput: not such a text, or one that was changed since.
        """
        data = checked_json(text, _FORMAT, expected)
        try:
            model = cls(
                ShrunkSettings(**data["settings"]), signs=data["signs"], day=str(data["day"])
            )
            model.classes_ = np.array([0, 1])
            model.names_ = tuple(data["names"])
            model.feature_names_in_ = np.array(data["columns"], dtype=object)
            model.n_features_in_ = len(data["columns"])
            model.plan_, model.intercept_ = str(data["plan"]), float(data["intercept"])
            model.filled_ = np.array([len(row) + 1 for row in data["cuts"]], dtype=np.int64)
            model.cuts_ = np.full((len(model.names_), int(data["width"])), np.inf)
            for row, cuts in zip(model.cuts_, data["cuts"], strict=True):
                row[: len(cuts)] = cuts
            model.table_ = np.array(data["table"], dtype=np.float64)
            model.means_ = np.array(data["means"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"not such a model: {error}", field="model", rule=f"format {_FORMAT}"
            ) from None
        return model


def _sample(
    data: object, names: tuple[str, ...] | None, outcome: tuple[Floats, Floats] | None
) -> Sample:
    """``data`` as a sample of ``names``, or of all its variables, with the outcome handed in."""
    if isinstance(data, Sample):
        held = data if names is None or data.names == names else data.select(names)
        if outcome is None:
            return held
        values, why = held.values, held.reasons
        return replace(
            _with(held.names, (values, why), outcome, held.plan), population=held.population
        )
    columns = columns_of(data)
    chosen = tuple(columns) if names is None else names
    read = [numbers(column_of(columns, name), name) for name in chosen]
    with np.errstate(over="ignore"):
        matrix = np.array(read, dtype=np.float32).reshape(len(chosen), -1)
    reasons = np.where(np.isnan(matrix), np.uint8(UNDEFINED), np.uint8(HAS_VALUE))
    for code, kind in zip(MISSING_CODES, (NO_SOURCE, NO_EVENT, UNDEFINED), strict=True):
        reasons[matrix == np.float32(code)] = kind
    blank = np.full(matrix.shape[1], np.nan)
    given = (blank, np.ones(matrix.shape[1])) if outcome is None else outcome
    return _with(chosen, (matrix, reasons), given, "")


def _with(
    names: tuple[str, ...],
    read: tuple[npt.NDArray[np.float32], Reasons],
    outcome: tuple[Floats, Floats],
    plan: str,
) -> Sample:
    rows = read[0].shape[1]
    unknown = np.full(rows, np.datetime64("NaT", "s"))
    nobody = np.full(rows, "", dtype=object)
    return Sample(names, *read, *outcome, nobody, unknown, unknown, plan)


def _marks(population: Texts | None, mass: Floats) -> Floats:
    """float64 [populations - 1, rows]: one where a row is of it, of mean zero by weight."""
    if population is None:
        return np.zeros((0, len(mass)))
    kinds = np.unique(population.astype(str))
    marks = (population.astype(str) == kinds[1:, None]).astype(np.float64)
    found: Floats = marks - (marks @ mass / mass.sum())[:, None]
    return found


def _strength(values: Floats, bads: Floats, goods: Floats) -> Floats:
    """float64 [variables]: how far the AUC of each one's values lies from one half.

    Of the values as the regression reads them: what only the absence of a value tells does not
    make a variable strong, since an absent value stands in the middle.

    Args:
        values: float64 [variables, bins].
        bads: float64 [variables, bins], their weight in each bin.
        goods: the same of goods.
    """
    found = np.zeros(len(values))
    for row, value in enumerate(values):
        _, place = np.unique(value, return_inverse=True)
        bad, good = np.bincount(place, bads[row]), np.bincount(place, goods[row])
        below = np.cumsum(good) - good / 2
        whole = bad.sum() * good.sum()
        found[row] = abs(float(bad @ below) / whole - 0.5) if whole > 0 else 0.0
    return found


def _by_row(codes: Reasons, table: Floats, threads: int) -> Floats:
    from tael.risk.kernel import additive  # noqa: PLC0415 - numba loads when rows are summed

    out = np.zeros(codes.shape[1])
    blocks = -(-codes.shape[1] // additive.BLOCK)

    def work(first: int, last: int) -> None:
        end = min(last * additive.BLOCK, len(out))
        additive.add_rows(first * additive.BLOCK, end, codes, table, out)

    in_ranges(blocks, threads, work)
    return out


def _by_bin(codes: Reasons, value: Floats, shape: tuple[int, ...], threads: int) -> Floats:
    from tael.risk.kernel import additive  # noqa: PLC0415 - numba loads when bins are summed

    out = np.zeros(shape)

    def work(first: int, last: int) -> None:
        additive.add_bins(first, last, codes, value, out)

    in_ranges(len(codes), threads, work)
    return out
