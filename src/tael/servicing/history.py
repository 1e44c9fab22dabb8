"""The log of a loan: every event as it was accepted, and what a late or taken-back one changes.

A repayment may reach us after later events (value-dated), or be taken back by the channel. Then the
entries of everything after it are reversed exactly and posted anew with the event in its place:
nothing is edited, and the state never depends on the order in which news arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tael.kernel import Day, InvariantBroken, Refusal
from tael.ledger import Entry
from tael.servicing.model import (
    Claimed,
    Compensated,
    DayClosed,
    Event,
    LoanContract,
    LoanState,
    PaidOff,
    Prepaid,
    Recovered,
    Refunded,
    RefusalCode,
    RepaymentReceived,
    RepaymentReversed,
    Step,
    WrittenOff,
)
from tael.servicing.rules import apply, cannot_pay_early, open_loan

# What another company has confirmed is not replayed: money that comes later is a recovery.
_BARRIERS = (Claimed, Compensated, Recovered, WrittenOff)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event with the entries it made and the state it led to."""

    event: Event
    entries: tuple[Entry, ...]
    state: LoanState


def fold(contract: LoanContract, log: Sequence[Event]) -> LoanState:
    """The state that the accepted events ``log`` (in the order of their acceptance) lead to."""
    opened = open_loan(contract)
    return _last(opened, _accepted(opened, _in_force(log)))


def record(
    contract: LoanContract, log: Sequence[Event], event: Event, state: LoanState | None = None
) -> Step | Refusal:
    """Accept ``event`` after ``log``: the state and the entries to post together, or a refusal.

    ``state`` is ``fold(contract, log)`` when the caller has it at hand.
    """
    current = state if state is not None else fold(contract, log)
    if isinstance(event, RepaymentReversed):
        refusal = _cannot_reverse(log, event)
        return refusal or _replay(contract, log, event)
    if event.day >= current.as_of:
        refusal = None
        if isinstance(event, PaidOff | Prepaid):
            refusal = cannot_pay_early(current, event)
        return refusal or apply(current, event)
    if event.day < contract.start:
        return Refusal(RefusalCode.BEFORE_DISBURSEMENT.value, {"start": str(contract.start)})
    if not isinstance(event, RepaymentReceived):
        return Refusal(RefusalCode.BEFORE_LATER_EVENTS.value, {"as_of": str(current.as_of)})
    return _replay(contract, log, event)


def _replay(contract: LoanContract, log: Sequence[Event], event: Event) -> Step | Refusal:
    """Reverse what changes and post it anew, dated on the latest day known."""
    old = _in_force(log)
    new = _in_force([*log, event])
    kept = _common(old, new)
    if any(isinstance(one, _BARRIERS) for one in old[kept:]):
        return Refusal(RefusalCode.BEFORE_CLAIM.value)
    if any(isinstance(one, Refunded) for one in old[kept:]):
        # The money has left the house; replayed, the refund would be of another amount.
        return Refusal(RefusalCode.REFUNDED_SINCE.value)
    # What was is played once, for the state where the logs part and for the entries to take back;
    # what is now, from there on.
    opened = open_loan(contract)
    was = _accepted(opened, old)
    parting = _last(opened, was[:kept])
    now = _play(parting, new[kept:])
    if isinstance(now, Refusal):
        return Refusal(RefusalCode.BEFORE_LATER_EVENTS.value, {"because": now.code})
    day = max(one.day for one in [*log, event])
    taken_back = [
        _opposite(entry, day, f"{contract.loan_id}:{chapter.event.key}#{index}")
        for chapter in was[kept:]
        for index, entry in enumerate(chapter.entries)
    ]
    anew = [replace(entry, effective=day) for chapter in now for entry in chapter.entries]
    return Step(_last(parting, now), (*taken_back, *anew))


def _accepted(state: LoanState, events: Sequence[Event]) -> tuple[Chapter, ...]:
    chapters = _play(state, events)
    if isinstance(chapters, Refusal):
        raise InvariantBroken(f"an accepted event was refused on replay: {chapters}")
    return chapters


def _last(state: LoanState, chapters: Sequence[Chapter]) -> LoanState:
    return chapters[-1].state if chapters else state


def _play(state: LoanState, events: Sequence[Event]) -> tuple[Chapter, ...] | Refusal:
    chapters = []
    for event in events:
        step = apply(state, event)
        if isinstance(step, Refusal):
            return step
        state = step.state
        chapters.append(Chapter(event, step.entries, state))
    return tuple(chapters)


def _in_force(log: Sequence[Event]) -> list[Event]:
    """The events that count, by day; those of a day in the order they were accepted.

    A reversal removes its repayment and closes its own day, so that interest is counted to it.
    """
    gone = {event.reverses for event in log if isinstance(event, RepaymentReversed)}
    counted = [
        DayClosed(key=event.key, day=event.day) if isinstance(event, RepaymentReversed) else event
        for event in log
        if event.key not in gone
    ]
    return sorted(counted, key=lambda event: event.day)


def _common(old: Sequence[Event], new: Sequence[Event]) -> int:
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        if one is not other and one != other:
            return index
    return min(len(old), len(new))


def _cannot_reverse(log: Sequence[Event], event: RepaymentReversed) -> Refusal | None:
    target = next((one for one in log if one.key == event.reverses), None)
    if not isinstance(target, RepaymentReceived | PaidOff | Prepaid):
        return Refusal(RefusalCode.UNKNOWN_REPAYMENT.value, {"key": event.reverses})
    if any(isinstance(one, RepaymentReversed) and one.reverses == event.reverses for one in log):
        return Refusal(RefusalCode.ALREADY_REVERSED.value, {"key": event.reverses})
    if event.day < max(one.day for one in log):
        return Refusal(RefusalCode.BEFORE_LATER_EVENTS.value)
    return None


def _opposite(entry: Entry, day: Day, corrects: str) -> Entry:
    flipped = tuple(replace(line, side=line.side.opposite) for line in entry.postings)
    return replace(entry, postings=flipped, effective=day, corrects=corrects)
