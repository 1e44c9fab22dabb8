"""Gradient boosting that may only rise, or only fall, in the variables one says so of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Rate
from tael.risk.bins import MISSING_CODES
from tael.risk.columns import Ints, columns_of, labels, weights
from tael.risk.estimator import LogOddsClassifier, chance, outcome_of
from tael.risk.extras import need
from tael.risk.matrix import CodeBook, column_of, content_order, fit_book, read_rows
from tael.risk.monotone import Breach, breaches
from tael.risk.sample import Bools, Floats, Sample, Values
from tael.risk.scoring import Scorer
from tael.risk.trees import Trees, from_lightgbm

_FORMAT = "tael.booster/1"
_SIGNS: Mapping[object, int] = {"+": 1, "-": -1, "": 0, 1: 1, -1: -1, 0: 0}


@dataclass(frozen=True, slots=True)
class BoosterSettings:
    """How trees are grown.

    Attributes:
        rounds: how many trees.
        leaves: most leaves a tree has.
        learning_rate: what each tree's leaves are multiplied by.
        min_rows: least training rows in a leaf.
        row_share: share of rows drawn for each tree.
        column_share: share of variables drawn for each tree.
        l2: penalty on the squared value of a leaf.
        max_bins: values of a variable that training tells apart.
        monotone: how signs are kept: 'basic', 'intermediate' or 'advanced'. Only the first keeps
            them where values are missing (LightGBM 4.7; seen by ``MonotoneBooster.breaches``).
        min_bads: fewer bads are refused.
        min_category_rows: a category seen in fewer rows counts with the others.
        seed: of the draws.
        threads: at work at once; makes no difference to the model.
    """

    rounds: int = 400
    leaves: int = 15
    learning_rate: float = 0.03
    min_rows: int = 50
    row_share: float = 0.8
    column_share: float = 0.3
    l2: float = 5.0
    max_bins: int = 127
    monotone: str = "basic"
    min_bads: int = 30
    min_category_rows: int = 50
    seed: int = 7
    threads: int = 2


class MonotoneBooster(LogOddsClassifier):
    """Boosted trees for bad (1) and good (0), kept as flat arrays that need no LightGBM to score.

    Keeps the scikit-learn contract. Deterministic: rows are first put in an order of their own
    content, so that shuffled rows, and any number of threads, give the same model bit for bit.
    Values are read as float32, in training as live. Trained by LightGBM (Ke et al., NeurIPS 2017),
    extra 'models', with its monotone constraints (Auguste, Malory and Smirnov, arXiv 2011.00986).

    Args:
        settings: how trees are grown.
        signs: of a variable, by name: '+' or 1 where a higher value is riskier, '-' or -1 where it
            is safer; others are free. Names that the data lacks make no difference.
        categorical: variables of categories, by name; columns of text must be among them.
        day: the training day as an ISO date; a sample's outcome known only later is refused.

    Attributes:
        classes_: ``[0, 1]``.
        names_: the variables that a row needs for scoring, in the model's order.
        ignored_: why each other variable was left out.
        books_: code books of the variables of categories, by name.
        trees_: the flat trees.
        plan_: hash of the plan of variables of the training sample; '' for other tables.
        edge_: trained on a sample: rows given by name tell a kind of missing value by its code
            (``bins.MISSING_CODES``), which is read as missing.
    """

    def __init__(
        self,
        settings: BoosterSettings = BoosterSettings(),
        *,
        signs: Mapping[str, str | int] | None = None,
        categorical: Sequence[str] = (),
        day: str = "",
    ) -> None:
        self.settings = settings
        self.signs = signs
        self.categorical = categorical
        self.day = day

    # --- training

    def fit(
        self,
        X: object,  # noqa: N803 - scikit-learn's name
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> MonotoneBooster:
        """Learn from ``X`` (sample, columns or matrix) and outcomes ``y`` (1 = bad).

        Of a sample without ``y`` the rows with a known outcome count, with its weights. Weights
        are scaled to a mean of one; a row that weighs nothing is left out.

        Raises:
            BadInput: an infinite value, one outcome only, too few bads, weights below zero or none
                above, an outcome from after the training day, no variable that differs; names
                column, row and rule.
        """
        X, y, sample_weight = outcome_of(X, y, sample_weight)  # noqa: N806
        if isinstance(X, Sample) and self.day:
            refuse_later(X, self.day)
        bad = labels(y)
        mass = _mean_one(weights(sample_weight, len(bad)))
        self.classes_ = np.array([0, 1])
        self.edge_ = isinstance(X, Sample)
        self.plan_ = X.plan if isinstance(X, Sample) else ""
        names = self._names(X, len(bad))
        self._enough(bad, mass)
        self.books_ = self._books(X, bad, mass)
        return self._grow(names, read_rows(X, names, self.books_), (bad, mass))

    def _names(self, data: object, rows: int) -> tuple[str, ...]:
        if isinstance(data, Sample):
            names, length = data.names, data.rows
        else:
            columns = columns_of(data)
            names = tuple(columns)
            length = len(next(iter(columns.values()))) if columns else 0
            for name, values in columns.items():
                if values.dtype.kind in "US" and name not in self.categorical:
                    raise BadInput(
                        f"column {name!r} holds text; name it as categorical",
                        field=name,
                        rule="numeric column",
                    )
        if length != rows:
            raise BadInput(
                f"{length} rows of columns and {rows} outcomes", field="outcome", rule="one per row"
            )
        for name in self.categorical:
            if name not in names:
                raise BadInput(f"column {name!r} is missing", field=name, rule="a column of X")
            if self._sign(name):
                raise BadInput(
                    f"{name!r} has categories and a sign", field=name, rule="signs of numbers"
                )
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return names

    def _enough(self, bad: Floats, mass: Floats) -> None:
        bads, wanted = int(bad[mass > 0].sum()), self.settings.min_bads
        if bads < wanted:
            raise BadInput(
                f"there are {bads} bads, {wanted} are needed", field="outcome", rule="enough bads"
            )
        if bads == (mass > 0).sum():
            raise BadInput("no good weighs anything", field="outcome", rule="both outcomes occur")

    def _books(self, data: object, bad: Floats, mass: Floats) -> dict[str, CodeBook]:
        if isinstance(data, Sample):
            columns = dict(zip(data.names, data.values, strict=True))
        else:
            columns = columns_of(data) if self.categorical else {}
        kept = mass > 0
        outcome = (bad[kept], mass[kept])
        return {
            name: fit_book(
                name, column_of(columns, name)[kept], outcome, self.settings.min_category_rows
            )
            for name in self.categorical
        }

    def _grow(
        self, names: tuple[str, ...], matrix: Values, outcome: tuple[Floats, Floats]
    ) -> MonotoneBooster:
        bad, mass = outcome
        rows = np.flatnonzero(mass > 0)
        matrix = matrix[rows] if len(rows) < len(mass) else matrix
        bad, mass = bad[rows], mass[rows]
        self.ignored_ = _told_nothing(matrix, names)
        kept = np.array([name not in self.ignored_ for name in names], dtype=np.bool_)
        if not kept.any():
            raise BadInput(
                "every variable is constant or missing", field="columns", rule="one that differs"
            )
        self.names_ = tuple(name for name in names if name not in self.ignored_)
        order = content_order(matrix.T, bad, mass)
        text = self._train(_laid_out(matrix, order, kept), bad[order], mass[order])
        self.trees_ = from_lightgbm(text)
        self._scorer = Scorer(self.trees_, len(self.names_), self.settings.threads)
        return self

    def _train(self, matrix: Values, bad: Floats, mass: Floats) -> str:
        need("lightgbm", "models")
        import lightgbm  # noqa: PLC0415 - an extra, needed where trees are grown only

        given = self.settings
        data = lightgbm.Dataset(matrix, bad, weight=mass, free_raw_data=True)
        signs = [self._sign(name) for name in self.names_]
        parameters: dict[str, object] = {
            "objective": "binary",
            "num_leaves": given.leaves,
            "learning_rate": given.learning_rate,
            "min_data_in_leaf": given.min_rows,
            "bagging_fraction": given.row_share,
            "bagging_freq": int(given.row_share < 1),
            "feature_fraction": given.column_share,
            "lambda_l2": given.l2,
            "max_bin": given.max_bins,
            "seed": given.seed,
            "num_threads": given.threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbose": -1,
        }
        if any(signs):
            parameters |= {
                "monotone_constraints": signs,
                "monotone_constraints_method": given.monotone,
            }
        self.trained_with_ = f"lightgbm {lightgbm.__version__}"
        model = lightgbm.train(parameters, data, given.rounds)
        return str(model.model_to_string())

    def _sign(self, name: str) -> int:
        given = (self.signs or {}).get(name, 0)
        if given not in _SIGNS:
            raise BadInput(f"{name!r} has sign {given!r}", field=name, rule="'+', '-' or ''")
        return _SIGNS[given]

    # --- use

    def log_odds(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows]: the log odds of bad of each row.

        Raises:
            BadInput: a variable that is missing, an infinite value, or a sample whose variables
                come from another plan.
        """
        return self._fitted().sums(self._read(X))

    def contributions(self, X: object) -> Floats:  # noqa: N803
        """float64 [rows, variables + 1]: what each of ``names_`` adds to the log odds of bad.

        The last column is the average training row; a row adds up to ``log_odds``. Exact Shapley
        values: see ``Scorer.contributions``.
        """
        return self._fitted().contributions(self._read(X))

    def row_of(self, row: Mapping[str, object]) -> Values:
        """One row as float32 [1, variables], ready for ``score_row``; None is missing.

        Raises:
            BadInput: a variable of the model is missing from ``row``, or is infinite.
        """
        self._fitted()
        try:
            given = [row[name] for name in self.names_]
            for at, name in enumerate(self.names_):
                if name in self.books_:
                    given[at] = self.books_[name].code(given[at])
            held = self._decoded(np.array([given], dtype=np.float32))
        except KeyError as error:
            raise BadInput(
                f"column {error.args[0]!r} is missing",
                field=str(error.args[0]),
                rule="every variable of the model",
            ) from None
        except (TypeError, ValueError):
            one = {name: np.array([row[name]], dtype=object) for name in self.names_}
            return self._decoded(read_rows(one, self.names_, self.books_))
        if np.isinf(held).any():
            return read_rows(
                {name: held[:, at] for at, name in enumerate(self.names_)}, self.names_, {}
            )
        return held

    def score_row(self, values: Values) -> float:
        """The log odds of one row: float32 [1, variables] in the order of ``names_``."""
        return float(self._fitted().sums(values)[0])

    def pd(self, row: Mapping[str, object]) -> Rate:
        """The probability of default of one row, exact to nine digits, uncalibrated."""
        return Rate.from_probability(chance(self.score_row(self.row_of(row))))

    def _read(self, data: object) -> Values:
        self._fitted()
        if isinstance(data, Sample) and data.plan != self.plan_:
            raise BadInput(
                f"the model was trained on plan {self.plan_[:12]!r}, "
                f"the sample is of plan {data.plan[:12]!r}",
                field="plan",
                rule="the plan of the training",
            )
        if isinstance(data, np.ndarray) and data.ndim == 2:  # noqa: PLR2004 - rows and columns
            self._same_width(data.shape[1])
        held = read_rows(data, self.names_, self.books_)
        return held if isinstance(data, Sample) else self._decoded(held)

    def _decoded(self, matrix: Values) -> Values:
        if self.edge_:
            matrix[np.isin(matrix, np.array(MISSING_CODES, dtype=np.float32))] = np.nan
        return matrix

    def _same_width(self, width: int) -> None:
        if width != self.n_features_in_:
            raise BadInput(
                f"{width} columns are given, training had {self.n_features_in_}",
                field="columns",
                rule="the columns of the training",
            )

    def _fitted(self) -> Scorer:
        if not hasattr(self, "trees_"):
            raise BadInput("the booster is not trained", field="booster", rule="fit first")
        return self._scorer

    def breaches(self) -> list[Breach]:
        """Where any tree breaks a sign; none proves that the model keeps them for every row."""
        self._fitted()
        return breaches(self.trees_, {i: self._sign(name) for i, name in enumerate(self.names_)})

    # --- keeping

    def to_json(self) -> str:
        """The fitted booster as canonical JSON: sorted keys, no spaces, exact numbers, its hash."""
        return canonical(self._body() | {"hash": self.hash})

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON without the hash itself, in hexadecimal."""
        return hash_of(self._body())

    def _body(self) -> dict[str, Any]:
        self._fitted()
        settings = asdict(self.settings)
        del settings["threads"]  # makes no difference to the model
        return {
            "format": _FORMAT,
            "names": list(self.names_),
            "columns": [str(name) for name in self.feature_names_in_],
            "signs": {name: self._sign(name) for name in self.names_ if self._sign(name)},
            "books": {name: list(book.values) for name, book in self.books_.items()},
            "plan": self.plan_,
            "day": self.day,
            "edge": self.edge_,
            "settings": settings,
            "trained_with": self.trained_with_,
            "ignored": self.ignored_,
            "trees": self.trees_.to_data(),
        }

    @classmethod
    def from_json(cls, text: str, *, expected: str = "", threads: int = 2) -> MonotoneBooster:
        """The booster that ``to_json`` wrote; needs no LightGBM.

        Args:
            text: what was written.
            expected: the hash that the registry knows; '' trusts the one in the text.
            threads: for scoring.

        Raises:
            BadInput: not such a text, or not what its hash, or the expected one, was made of.
        """
        data = checked_json(text, _FORMAT, expected)
        try:
            return _restore(cls, data, threads)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise BadInput(
                f"not a booster: {error}", field="booster", rule=f"format {_FORMAT}"
            ) from None


def _restore(cls: type[MonotoneBooster], data: Mapping[str, Any], threads: int) -> MonotoneBooster:
    settings = replace(BoosterSettings(**data["settings"]), threads=threads)
    model = cls(
        settings, signs=dict(data["signs"]), categorical=tuple(data["books"]), day=data["day"]
    )
    model.classes_ = np.array([0, 1])
    model.names_ = tuple(data["names"])
    model.feature_names_in_ = np.array(data["columns"], dtype=object)
    model.n_features_in_ = len(data["columns"])
    model.books_ = {name: CodeBook(name, tuple(held)) for name, held in data["books"].items()}
    model.plan_, model.edge_ = data["plan"], bool(data["edge"])
    model.ignored_ = dict(data["ignored"])
    model.trained_with_ = data["trained_with"]
    model.trees_ = Trees.from_data(data["trees"], len(model.names_))
    model._scorer = Scorer(model.trees_, len(model.names_), threads)
    return model


def checked_json(text: str, kind: str, expected: str = "") -> dict[str, Any]:
    """What a text of format ``kind`` says, once its hash holds.

    Raises:
        BadInput: not JSON, another format, or a text that was changed after it was written.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error.msg}", field="model", rule="canonical JSON") from None
    if not isinstance(data, dict) or data.get("format") != kind:
        raise BadInput("not a model of this format", field="format", rule=kind)
    told = data.pop("hash", "")
    found = hash_of(data)
    if found != told or (expected and found != expected):
        raise BadInput(
            f"the model was changed: its content has hash {found[:12]}, "
            f"{(expected or str(told))[:12] or 'none'} is told",
            field="hash",
            rule="the hash of the content",
        )
    return data


def canonical(data: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces; numbers as they are, none infinite."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def hash_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def refuse_later(sample: Sample, day: str) -> None:
    """Refuse a sample with an outcome that was known only after ``day`` (ISO date, UTC).

    Raises:
        BadInput: how many, and the first row.
    """
    ends = np.datetime64(day, "D") + np.timedelta64(1, "D")
    late: Bools = sample.labelled & (sample.known >= ends.astype("datetime64[s]"))
    if late.any():
        raise BadInput(
            f"{int(late.sum())} outcomes were known only after {day}, "
            f"the first in row {int(np.argmax(late))}",
            field="known",
            rule="no target from the future",
        )


def _mean_one(mass: Floats) -> Floats:
    """Weights whose mean over the rows that weigh anything is one.

    Rounded off: the last bits hang on the order in which the weights were summed.
    """
    found: Floats = np.round(mass * (np.count_nonzero(mass > 0) / len(mass)), 9)
    return found


def _told_nothing(matrix: Values, names: Sequence[str]) -> dict[str, str]:
    found = {}
    for at, name in enumerate(names):
        column = matrix[:, at]
        seen = column[~np.isnan(column)]
        if not len(seen):
            found[name] = "missing in every row"
        elif len(seen) == len(column) and bool((seen == seen[0]).all()):
            found[name] = "the same in every row"
    return found


def _laid_out(matrix: Values, order: Ints, kept: Bools) -> Values:
    """The kept variables of the rows in order, one variable after the other in memory."""
    held = np.empty((int(kept.sum()), len(order)), dtype=np.float32)
    for at, column in enumerate(np.flatnonzero(kept)):
        held[at] = matrix[order, column]
    return held.T
