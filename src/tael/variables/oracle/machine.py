"""All variables of one borrower by the oracle: section after section of a plan, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tael.variables.oracle import (
    balances,
    concentration,
    derived,
    months,
    peers,
    sequences,
    states,
    windows,
)
from tael.variables.oracle.events import ABSENT, Answer
from tael.variables.packing.book import UNKNOWN_GROUP, Book
from tael.variables.plan.derived import DerivedPlan
from tael.variables.plan.peers import PeersPlan
from tael.variables.plan.plan import Plan

_OF_EVENTS: Final[dict[str, Callable[..., list[Answer]]]] = {
    "balances": balances.answers,
    "concentration": concentration.answers,
    "months": months.answers,
    "sequences": sequences.answers,
    "states": states.answers,
    "windows": windows.answers,
}


def values_of(plan: Plan, book: Book, asof: int, borrower: int) -> list[Answer]:
    """Value and reason of each column of ``plan``.

    Args:
        plan: what to compute.
        book: the events, and the peers that percentiles are read from.
        asof: the instant as of which the borrower is looked at, UTC seconds.
        borrower: place in the book, from 0.
    """
    sheet: list[Answer] = []
    group = UNKNOWN_GROUP if book.groups is None else int(book.groups[borrower])
    for section in plan.sections:
        if isinstance(section.plan, DerivedPlan):
            sheet += derived.answers(section.plan, sheet)
        elif isinstance(section.plan, PeersPlan):
            sheet += peers.answers(section.plan, book.peers, group, asof, sheet)
        elif section.slot not in book.slots:
            sheet += [ABSENT] * section.plan.width
        else:
            sheet += _OF_EVENTS[section.kind](
                section.plan, book.slots[section.slot], borrower, asof
            )
    return sheet
