"""Our models of the SBA loans, with everything about them chosen inside the training years.

Two weightings of the same rows. ``plain``: recent loans count more. ``matched``: besides, a bad
counts 1 - p and a good p, where p is the bad rate of its period and sample: every period and sample
then holds as many bads as goods, so that a model cannot earn by telling samples or years apart
(overlap weights: Li, Morgan and Zaslavsky, JASA 113, 2018). It is also how loans not ended by the
training day are treated: p rises with the time a vintage was watched, so that a young good loan,
which says little, weighs little.

A third booster, ``usual``, reads the columns that the rivals read and no record of any lender,
industry or state: records learned in one era hold less well in the next, and what is wrong with
them is not wrong with it. Each counts a third.

Validated on loans approved later than those trained on, up to 2004 only (to 2001 -> 2002 to June
2004; to 2002 -> July 2003 to June 2004; to June 2003 -> July to December 2004; to March 2004 ->
June to December 2004), AUC unweighted / population weights, means of the four: plain and matched
0.695 / 0.673; with usual 0.700 / 0.671 (taken); LightGBM as it comes 0.642 / 0.636. Worse:
regression on weights of evidence beside them; one booster on all columns, categories as LightGBM's.

Scorecards on the same four folds, unweighted / unweighted with the natural sample thinned to the
share it has in the judged years / population weights: matched 0.631 / 0.656 / 0.650, plain 0.622 /
0.651 / 0.626, one card on the mean of the weights 0.625 / 0.653 / 0.635, the mean of both cards
0.632 / 0.658 / 0.641 (taken: best where it is compared unweighted, though by a hair), optbinning
0.555 / 0.598 / 0.562. That plain weights do well in the judged years was known from before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from risk_data.ours import chance
from risk_data.sba import Columns, Loans, encoded, expected_rates
from tael.risk import Feature, Scorecard
from tael.risk.boosting import BoosterSettings, MonotoneBooster

# Few bins: what depends on a fine cut in one vintage does not hold in a later one.
BOOSTER = BoosterSettings(
    rounds=400, leaves=31, learning_rate=0.04, min_rows=30, row_share=0.8, column_share=0.4,
    l2=10.0, max_bins=15,
)  # fmt: skip
CARD_SHARE = 0.1  # of the scorecard in the ensemble
USUAL = replace(BOOSTER, rounds=200)
ALL = ("plain", "matched", "usual")
BAGS = 3  # boosters of other draws, averaged
TEXTS = ("sector", "zip_region", "credit_line", "urban_rural")
CARD = (
    "log_amount", "log_not_insured", "share", "employees", "new_business", "credit_line",
    "low_doc", "same_state", "urban_rural", "sector", "zip_region", "bank_loans",
    "bank_log_amount", "bank_on_line", "bank_same_state", "bank_share", "bank_young",
    "excess_bank", "excess_bank&credit_line", "excess_bank&share_step", "excess_industry",
    "excess_state",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Training:
    """What a model may learn from.

    Attributes:
        loans: all.
        rows: true for the training rows.
        bad: the outcome as the trainer knows it.
        period_months: of the periods whose bad rates are expected.
        extra: inputs besides those of the loans.
        threads: of the booster.
        settings: of the boosters that read records.
        usual: settings of those that read the usual columns.
        half_life_years: of the weight of a row before the last training day.
        parts: whose boosters are averaged.
        without: inputs left out of the booster.
    """

    loans: Loans
    rows: np.ndarray
    bad: np.ndarray
    period_months: int
    extra: Mapping[str, np.ndarray]
    threads: int = 1
    settings: BoosterSettings = BOOSTER
    usual: BoosterSettings = USUAL
    half_life_years: float = 3.0
    parts: tuple[str, ...] = ALL
    without: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Inputs:
    """Columns of all loans, for trees and for the scorecard, and weightings of training rows.

    Trees read outcomes of strictly earlier loans; the scorecard, whose weights of evidence are
    averages over all training rows, those of other folds.
    """

    columns: Columns
    card: Columns
    plain: np.ndarray
    matched: np.ndarray


def inputs(training: Training) -> Inputs:
    loans, rows = training.loans, training.rows
    expected = expected_rates(loans, rows, training.bad, training.period_months)
    given = (training.bad, expected)
    trees, card = (
        encoded(loans, rows, given, earlier_only=earlier) | dict(training.extra)
        for earlier in (True, False)
    )
    plain = loans.recency(rows, training.half_life_years)
    matched = plain * np.where(training.bad == 1, 1.0 - expected, expected)
    return Inputs(trees, card_columns(card), plain, matched)


def booster_odds(
    training: Training, ready: Inputs, wanted: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Log odds of the wanted rows by each part."""
    loans, rows = training.loans, training.rows
    kept, usual = (
        {n: held for n, held in columns.items() if n not in training.without}
        for columns in (ready.columns, loans.for_trees)
    )
    found = {}
    for part in training.parts:
        own = part.startswith("usual")
        columns = usual if own else kept
        weight = (ready.matched if part.endswith("matched") else ready.plain)[rows]
        train, test = _part(columns, rows), _part(columns, wanted)
        texts = [name for name, held in columns.items() if held.dtype == object]
        each = replace(training.usual if own else training.settings, threads=training.threads)
        found[part] = np.mean(
            [
                MonotoneBooster(replace(each, seed=seed * BAGS + bag), categorical=texts)
                .fit(train, training.bad[rows], weight)
                .log_odds(test)
                for bag in range(BAGS)
            ],
            axis=0,
        )
    return found


def scorecards(training: Training, ready: Inputs) -> tuple[Scorecard, Scorecard]:
    """A scorecard for each weighting; their mean, a sum of points too, is what is judged."""
    rows = training.rows
    features = [
        Feature(name, "categorical", max_bins=8, min_share=0.01)
        if name in TEXTS
        else Feature(name, monotone=_trend(name), max_bins=10, min_share=0.02)
        for name in (*CARD, *training.extra)
    ]
    seen, bad = _part(ready.card, rows), training.bad[rows]
    plain, matched = (
        Scorecard(features).fit(seen, bad, weight[rows]) for weight in (ready.plain, ready.matched)
    )
    return plain, matched


def card_odds(training: Training, ready: Inputs, wanted: np.ndarray) -> np.ndarray:
    """Log odds of the wanted rows: the mean of both scorecards."""
    later = _part(ready.card, wanted)
    found: np.ndarray = np.mean(
        [card.log_odds(later) for card in scorecards(training, ready)], axis=0
    )
    return found


def _trend(name: str) -> str:
    return "rising" if name.startswith("excess") else "auto"


def card_columns(columns: Columns) -> Columns:
    """Codes as text: a scorecard bins them by value."""
    return columns | {
        name: np.array(["" if v != v else str(int(v)) for v in columns[name]], dtype=object)  # noqa: PLR0124
        for name in TEXTS
    }


def all_of_ours(training: Training, wanted: np.ndarray, seeds: int) -> dict[str, np.ndarray]:
    """Probabilities of bad of the wanted rows [seeds, rows] by scorecard, booster and ensemble."""
    ready = inputs(training)
    from_card = card_odds(training, ready, wanted)
    found: dict[str, list[np.ndarray]] = {"scorecard": [], "booster": [], "ensemble": []}
    for seed in range(seeds):
        odds = booster_odds(training, ready, wanted, seed)
        both = np.mean(list(odds.values()), axis=0)
        found["scorecard"].append(chance(from_card))
        found["booster"].append(chance(both))
        found["ensemble"].append(chance((1 - CARD_SHARE) * both + CARD_SHARE * from_card))
    return {name: np.array(many) for name, many in found.items()}


def _part(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: held[rows] for name, held in columns.items()}
