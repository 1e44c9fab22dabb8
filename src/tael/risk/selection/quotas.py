"""Exactly as many as wanted, by rank, with every source and subject represented."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from tael.risk.facts import Facts
from tael.risk.selection.settings import SelectionSettings
from tael.risk.selection.words import Relaxation


@dataclass(frozen=True)
class Chosen:
    """The variables chosen.

    Attributes:
        rule: by variable, what kept it: ``chosen``, ``quota`` or ``filled``.
        relaxations: what had to be relaxed.
    """

    rule: dict[int, str]
    relaxations: tuple[Relaxation, ...]


def choose(
    ranked: list[int], spare: list[int], facts: tuple[Facts, ...], settings: SelectionSettings
) -> Chosen:
    """Fill the places: quotas first, then the ranked, then those that a soft step had dropped.

    Args:
        ranked: the variables that passed every step, best first.
        spare: the variables that may come back, best first.
        facts: by variable.
        settings: how many are wanted, and the quotas.
    """
    told: list[Relaxation] = []
    taken = _of_sources(ranked + spare, facts, settings, told)
    taken |= _of_subjects(ranked, taken, facts, settings)
    place = {i: k for k, i in enumerate(ranked + spare)}
    rule = {i: "chosen" if place[i] < min(settings.wanted, len(ranked)) else "quota" for i in taken}
    held = Counter(_family(facts[i]) for i in taken)
    most = max(1, math.ceil(settings.quotas.most * settings.wanted))
    passed_over = []
    for i in ranked:
        if i in rule or len(rule) == settings.wanted:
            continue
        if held[_family(facts[i])] >= most and len(held) > 1:
            passed_over.append(i)
            continue
        held[_family(facts[i])] += 1
        rule[i] = "chosen"
    over = passed_over[: settings.wanted - len(rule)]
    rule.update(dict.fromkeys(over, "chosen"))
    if over:
        told.append(Relaxation("most_of_family", len(over)))
    back = [i for i in spare if i not in rule][: settings.wanted - len(rule)]
    rule.update(dict.fromkeys(back, "filled"))
    return Chosen(rule, tuple(told))


def _family(fact: Facts) -> tuple[str, str]:
    return fact.subject, fact.source


def _of_sources(
    order: list[int],
    facts: tuple[Facts, ...],
    settings: SelectionSettings,
    told: list[Relaxation],
) -> set[int]:
    """The best of each subject's source; no more than half of the places go this way."""
    by_family: dict[tuple[str, str], list[int]] = {}
    for i in order:
        by_family.setdefault(_family(facts[i]), []).append(i)
    if len(by_family) == 1:
        return set()
    least, sizes = settings.quotas.source, [len(held) for held in by_family.values()]
    while least and sum(min(least, size) for size in sizes) > max(settings.wanted / 2, 1):
        least -= 1
    if least < settings.quotas.source:
        told.append(Relaxation("source_quota", least))
    return {i for held in by_family.values() for i in held[:least]}


def _of_subjects(
    ranked: list[int], taken: set[int], facts: tuple[Facts, ...], settings: SelectionSettings
) -> set[int]:
    subjects = sorted({facts[i].subject for i in ranked} - {""})
    if len(subjects) < 2:  # noqa: PLR2004 - nobody to share with
        return set()
    share = min(settings.quotas.subject, 1 / len(subjects))
    more: set[int] = set()
    for subject in subjects:
        room = settings.wanted - len(taken) - len(more)
        held = sum(facts[i].subject == subject for i in taken)
        lacking = min(room, math.ceil(share * settings.wanted) - held)
        free = [i for i in ranked if facts[i].subject == subject and i not in taken]
        more |= set(free[: max(lacking, 0)])
    return more
