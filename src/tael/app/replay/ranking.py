"""How well the scorecard ranks loans it never saw, and the alarm when it ranks too well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tael.app.replay.derive import FeatureColumns
from tael.app.replay.mapping import BookMapping
from tael.app.replay.model import Ending, Loan
from tael.app.replay.reader import LoanBook
from tael.app.replay.train import Floats, Mask, Model, bads, known_by, weights, without
from tael.kernel import Day, Refusal
from tael.risk import Interval, auc, auc_interval, check_leak, ks_interval

_BOTH = 2


@dataclass(frozen=True, slots=True)
class Ranking:
    """AUC and KS of one group of later loans, plain and weighted, with 95 % intervals."""

    group: str
    loans: int
    bads: int
    auc: Interval
    auc_weighted: Interval
    ks: Interval
    ks_weighted: Interval


@dataclass(frozen=True, slots=True)
class SideAuc:
    """The AUC of another model on the matured vintages, for comparison; not used to decide."""

    name: str
    auc: float
    auc_weighted: float


@dataclass(frozen=True)
class Unseen:
    """Loans approved after training with a known ending, and what the model says of them."""

    loans: tuple[Loan, ...]
    features: FeatureColumns
    chances: Floats
    matured: tuple[int, int]

    def ranking(self, group: str) -> Ranking | None:
        """Of ``matured``, ``later`` or ``all``; None where there are no goods or no bads."""
        chosen = self.chosen(group)
        loans = [loan for loan, use in zip(self.loans, chosen, strict=True) if use]
        bad = bads(loans)
        if len(np.unique(bad)) < _BOTH:
            return None
        chance, weight = self.chances[chosen], weights(loans)
        return Ranking(
            group=group,
            loans=len(loans),
            bads=int(bad.sum()),
            auc=auc_interval(bad, chance),
            auc_weighted=auc_interval(bad, chance, weight),
            ks=ks_interval(bad, chance),
            ks_weighted=ks_interval(bad, chance, weight),
        )

    def chosen(self, group: str) -> Mask:
        """Which loans are in ``group``."""
        first, last = self.matured
        years = np.array([loan.vintage for loan in self.loans], dtype=np.int64)
        if group == "matured":
            return (years >= first) & (years <= last)
        return years > (last if group == "later" else 0)

    def aucs_alone(self, model: Model, group: str) -> dict[str, float]:
        """The AUC of each characteristic by itself: who to suspect."""
        chosen = self.chosen(group)
        bad = bads(self.loans)[chosen]
        return {
            item.name: auc(
                bad, np.array(item.logits)[item.binning.assign(self.features[item.name][chosen])]
            )
            for item in model.card.characteristics_
        }


def unseen(book: LoanBook, mapping: BookMapping, model: Model, until: Day) -> Unseen:
    """The loans approved after ``until`` whose ending is known."""
    chosen = np.array(
        [loan.approved > until and loan.ending is not Ending.UNKNOWN for loan in book.loans]
    )
    features = {name: values[chosen] for name, values in book.features.items()}
    loans = tuple(loan for loan, use in zip(book.loans, chosen, strict=True) if use)
    chances = model.chances(features) if loans else np.array([])
    return Unseen(loans, features, chances, mapping.matured)


def leak_alarm(
    seen: Unseen, model: Model, ranking: Ranking | None, mapping: BookMapping
) -> Refusal | None:
    """Refuse a scorecard that ranks above the mapping's level, plain or weighted."""
    if ranking is None:
        return None
    highest = max(ranking.auc, ranking.auc_weighted, key=lambda interval: interval.value)
    suspects = seen.aucs_alone(model, ranking.group)
    return check_leak(highest, float(mapping.alarm.level), suspects)


def side_aucs(
    book: LoanBook, mapping: BookMapping, until: Day, matured: Sequence[Loan]
) -> list[SideAuc]:
    """What ranks without later knowledge of the labels, and without the cautioned columns."""
    keys = {loan.key for loan in matured}
    chosen = np.array([loan.key in keys for loan in book.loans])
    bad, weight = bads(book.loans)[chosen], weights(book.loans)[chosen]
    if len(np.unique(bad)) < _BOTH:
        return []
    others = {"labels_known_by_then": known_by(book, mapping, until)}
    if mapping.cautions:
        others["without_cautions"] = without(book, mapping, until, set(mapping.cautions))
    features = {name: values[chosen] for name, values in book.features.items()}
    found = []
    for name, model in others.items():
        if model is not None:
            chance = model.chances(features)
            found.append(SideAuc(name, auc(bad, chance), auc(bad, chance, weight)))
    return found
