"""The alarm: variables too good to have been known, that tell the outcome, the era or the future.

No rule knows a name. Each has a figure that honest records do not reach:

- an AUC alone that nothing honest has, or far above the strongest of the crowd or of its source
  (the standard error of an AUC: Hanley and McNeil, Radiology 143, 1982, 29-36);
- pieces without a single bad that hold half of the rows;
- values only where there is an outcome, so they came after granting;
- closer to what the borrower's *next* application shows than to what the present one does:
  honest records follow the past, and the present is the nearest past they have;
- nearly as strong as that and nearly as close to the future as that, at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tael.risk.sample import Floats, Ints, Values
from tael.risk.selection.evidence import EXACT_ROWS, Dropped, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

_ERRORS = 2.0  # standard errors taken off an AUC
_CROWD_SHARE = 0.001
_CROWD_LIFT, _FAMILY_LIFT = 0.15, 0.20  # below these nothing is suspected for its strength alone
_FAMILY_LEAST = 10
_BADS_EXPECTED = 30.0
UNLABELLED_LEAST = 200
_NEAREST, _FARTHEST = 90, 730  # days between two applications of a pair
_PAIR_ERRORS = 4.5
_WITNESS = 0.85  # of the crowd's limit
_PARTNERS = 1_024  # variables compared with the suspects at a time


def leaks(evidence: Evidence, alive: Ints) -> list[Dropped]:
    """The variables that must not have been known."""
    # By name, so that the order of a plan chooses neither among ties nor among partners.
    alive = np.array(sorted(alive.tolist(), key=evidence.names.__getitem__), dtype=np.int64)
    found: dict[int, Dropped] = {}
    rules: tuple[Callable[[Evidence, Ints], list[Dropped]], ...] = (
        _level, _certain, _availability, _crowd, _family, _foreknowledge,
    )  # fmt: skip
    for rule in rules:
        left = np.array([i for i in alive.tolist() if i not in found], dtype=np.int64)
        found.update({each.variable: each for each in rule(evidence, left)})
    return sorted(found.values())


def lower_lift(evidence: Evidence, alive: Ints) -> Floats:
    """AUC less one half, two standard errors taken off; by variable of ``alive``."""
    bads = float((evidence.prebins.used & evidence.bads).sum())
    goods = float(evidence.prebins.used.sum()) - bads
    area = evidence.prebins.auc[alive]
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (bads - 1) * (one - area**2) + (goods - 1) * (two - area**2)
    lifted: Floats = area - 0.5 - _ERRORS * np.sqrt(np.maximum(spread, 0) / (bads * goods))
    return lifted


def _level(evidence: Evidence, alive: Ints) -> list[Dropped]:
    level = evidence.settings.leaks.level
    low = 0.5 + lower_lift(evidence, alive)
    return [
        Dropped(int(i), "leak_level", float(low[k]), level)
        for k, i in enumerate(alive)
        if low[k] > level
    ]


def _certain(evidence: Evidence, alive: Ints) -> list[Dropped]:
    level = evidence.settings.leaks.free_of_bads
    counts = evidence.counts[alive].sum(axis=1)
    free = np.where(counts[:, 1] == 0, counts[:, 0], 0.0).sum(axis=1)
    share = free / counts.sum(axis=(1, 2))
    expected = share * counts[:, 1].sum(axis=1)
    return [
        Dropped(int(i), "leak_certain", float(share[k]), level)
        for k, i in enumerate(alive)
        if share[k] > level and expected[k] >= _BADS_EXPECTED
    ]


def _availability(evidence: Evidence, alive: Ints) -> list[Dropped]:
    level = evidence.settings.leaks.availability
    labelled = evidence.sample.labelled
    if int((~labelled).sum()) < UNLABELLED_LEAST:
        return []
    months, place = np.unique(evidence.sample.vintage, return_inverse=True)
    both = np.intersect1d(place[labelled], place[~labelled])
    group = np.where(np.isin(place, both), place * 2 + labelled, -1).astype(np.int64)
    shares = np.empty((len(evidence.names), 2))
    for first, part in evidence.tables(group, evidence.sample.weight, 2 * len(months)):
        rows = part.reshape(len(part), len(months), 2, -1)[:, both]
        value = rows[:, :, :, : evidence.prebins.most].sum(axis=3)
        # Months weigh as the rows with an outcome do, or a source that opens would look like one.
        mass = np.maximum(rows.sum(axis=3), 1e-300)
        weight = mass[:, :, 1:] / mass[:, :, 1:].sum(axis=1, keepdims=True)
        shares[first : first + len(part)] = (value / mass * weight).sum(axis=1)
    more = shares[alive, 1] - shares[alive, 0]
    return [
        Dropped(int(i), "leak_availability", float(more[k]), level)
        for k, i in enumerate(alive)
        if more[k] > level
    ]


def _crowd(evidence: Evidence, alive: Ints) -> list[Dropped]:
    low, limit = lower_lift(evidence, alive), _crowd_limit(evidence, alive)
    return [
        Dropped(int(i), "leak_crowd", float(low[k]), limit)
        for k, i in enumerate(alive)
        if low[k] > limit
    ]


def _crowd_limit(evidence: Evidence, alive: Ints) -> float:
    """The lift that nobody of an honest crowd has; infinite where there is no crowd."""
    asked = evidence.settings.leaks
    lift, low = evidence.prebins.auc[alive] - 0.5, lower_lift(evidence, alive)
    inside, limit = np.ones(len(alive), dtype=bool), float("inf")
    while inside.sum() >= asked.crowd_least:
        # The strongest thousandth, one at least, does not raise the limit for itself.
        above = 1 + int(_CROWD_SHARE * inside.sum())
        limit = max(asked.crowd * float(np.sort(lift[inside])[-1 - above]), _CROWD_LIFT)
        # What is out no longer raises the limit for the others: leaks come in flocks.
        still = inside & (low <= limit)
        if (still == inside).all():
            break
        inside = still
    return limit


def _family(evidence: Evidence, alive: Ints) -> list[Dropped]:
    lift, low = evidence.prebins.auc[alive] - 0.5, lower_lift(evidence, alive)
    families = family_numbers(evidence)[alive]
    found = []
    for k in np.flatnonzero(low > _FAMILY_LIFT).tolist():
        others = lift[(families == families[k]) & (np.arange(len(alive)) != k)]
        if len(others) < _FAMILY_LEAST:
            continue
        limit = evidence.settings.leaks.family * float(others.max())
        if low[k] > limit:
            found.append(Dropped(int(alive[k]), "leak_family", float(low[k]), limit))
    return found


def family_numbers(evidence: Evidence) -> Ints:
    """A number for each pair of subject and source, by variable."""
    pairs = [f"{fact.subject}\n{fact.source}" for fact in evidence.facts]
    return np.unique(np.array(pairs), return_inverse=True)[1].astype(np.int64)


def _foreknowledge(evidence: Evidence, alive: Ints) -> list[Dropped]:
    asked = evidence.settings.leaks
    now, later = pairs_of(evidence)
    if len(now) < asked.pairs_least:
        return []
    low = lower_lift(evidence, alive)
    order = np.argsort(-low, kind="stable")[: asked.suspects]
    suspects = alive[order[low[order] > 0]]
    if not len(suspects):
        return []
    level = asked.foreknowledge + _PAIR_ERRORS * float(np.sqrt(2 / len(now)))
    own, families = evidence.graded(suspects, now), family_numbers(evidence)
    most, nearest = np.full(len(suspects), -1.0), np.zeros(len(suspects), dtype=np.int64)
    limit = _crowd_limit(evidence, alive)
    # What may itself know the future is no witness: its next record tells of this one's past.
    partners = alive[low <= _WITNESS * limit]
    for first in range(0, len(partners), _PARTNERS):
        others = partners[first : first + _PARTNERS]
        closer = np.abs(correlations(own, evidence.graded(others, later)))
        closer -= np.abs(correlations(own, evidence.graded(others, now)))
        closer[families[suspects][:, None] == families[others][None, :]] = -1.0
        best = closer.max(axis=1)
        nearest = np.where(best > most, others[closer.argmax(axis=1)], nearest)
        most = np.maximum(most, best)
    # Nearly too strong and nearly too close to the future is too much: what is honest and strong
    # follows the past, and what happens to lie close to the future is weak.
    strength = low[order][: len(suspects)] / limit
    both = np.sqrt(np.maximum(most, 0) / level * strength)
    found = []
    for k, i in enumerate(suspects.tolist()):
        other = evidence.names[int(nearest[k])]
        if most[k] > level:
            found.append(Dropped(i, "leak_foreknowledge", float(most[k]), level, other))
        elif both[k] > asked.both:
            found.append(Dropped(i, "leak_both", float(both[k]), asked.both, other))
    return found


def pairs_of(evidence: Evidence) -> tuple[Ints, Ints]:
    """Rows of an application and of the same borrower's next one, 90 to 730 days later."""
    borrower = np.unique(evidence.sample.borrower.astype(str), return_inverse=True)[1]
    days = evidence.sample.asof.astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((days, borrower))
    now, later = order[:-1], order[1:]
    gap = days[later] - days[now]
    held = (borrower[now] == borrower[later]) & (gap >= _NEAREST) & (gap <= _FARTHEST)
    # The sums of more pairs would no longer be exact; so many say enough.
    return now[held][:EXACT_ROWS].astype(np.int64), later[held][:EXACT_ROWS].astype(np.int64)


def correlations(left: Values, right: Values) -> Floats:
    """float64 [left, right]: Pearson's, of rows of small whole numbers; zero of constants."""
    rows = left.shape[1]
    products = (left @ right.T).astype(np.float64)
    sums = [part.sum(axis=1, dtype=np.float64) for part in (left, right)]
    squares = [np.square(part).sum(axis=1, dtype=np.float64) for part in (left, right)]
    spread = [rows * q - s**2 for q, s in zip(squares, sums, strict=True)]
    over = np.sqrt(np.outer(*spread))
    between = rows * products - np.outer(*sums)
    found: Floats = np.divide(between, over, out=np.zeros_like(between), where=over > 0)
    return found
