"""What is known of applications before they are decided: their evidence, and variables of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tael.kernel import BadInput, NotFound, TaelError
from tael.policies.live.model import Evidence, Request
from tael.policies.live.ready import Ready
from tael.policies.live.store import Stored

# Evidence with its hash; None where there is none, or none is needed.
Held = tuple[str, Evidence] | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one application.

    Attributes:
        as_of: as of when.
        values: inputs that were computed.
        about: what the log keeps of where they come from.
        texts: canonical texts of ``values``, as far as they were written already.
        took_us: its share of the time that computing took for all that came together.
    """

    as_of: datetime
    values: Mapping[str, object]
    about: Mapping[str, object]
    texts: Mapping[str, str] = field(default_factory=dict)
    took_us: int = 0


def held_for(stored: Stored, requests: Sequence[Request], ready: Ready) -> list[Held]:
    """The evidence of each request: the one that it names, or the borrower's latest."""
    if ready.plan is None:
        return [None] * len(requests)

    def of(request: Request) -> Held:
        if not request.evidence:
            return stored.latest.get(request.borrower)
        named = stored.named.get(request.evidence)
        return None if named is None else (request.evidence, named)

    return [of(request) for request in requests]


def look_at(
    ready: Ready, requests: Sequence[Request], held: Sequence[Held], now: datetime
) -> list[Known | TaelError]:
    """For each request what is known of it, or why nothing can be."""
    found = [_checked(ready, one, had, now) for one, had in zip(requests, held, strict=True)]
    if ready.plan is None:
        return found
    waiting = [place for place, known in enumerate(found) if isinstance(known, Known)]
    while waiting:
        # Together, but a borrower once: one who asks twice is computed in the next turn.
        turn = {_borrower(held[place]): place for place in reversed(waiting)}
        places = sorted(turn.values())
        for place, known in zip(places, _computed(ready, places, held, found), strict=True):
            found[place] = known
        waiting = [place for place in waiting if place not in turn.values()]
    return found


def _borrower(held: Held) -> str:
    return held[1].borrower if held else ""


def _checked(ready: Ready, request: Request, held: Held, now: datetime) -> Known | TaelError:
    as_of = request.as_of or now
    if as_of > now:
        told = f"{as_of.isoformat()} is still to come"
        return BadInput(told, field="as_of", rule="not after now")
    if ready.plan is None:
        return Known(as_of, {}, {})
    if held is None:
        return NotFound(
            f"there is no evidence {request.evidence or 'of ' + repr(request.borrower)}",
            field="evidence" if request.evidence else "borrower",
            rule="evidence is kept before it is decided on",
        )
    hashed, evidence = held
    if request.borrower and evidence.borrower != request.borrower:
        return BadInput(
            f"the evidence is of {evidence.borrower!r}, not of {request.borrower!r}",
            field="evidence",
            rule="evidence of the borrower",
        )
    about = {
        "evidence": hashed,
        "known_at": evidence.known_at.isoformat(),
        "plan": ready.plan_hash,
        "sources": evidence.sources,
    }
    return Known(as_of, {}, about)


def _computed(
    ready: Ready,
    places: Sequence[int],
    held: Sequence[Held],
    found: Sequence[Known | TaelError],
) -> list[Known | TaelError]:
    """The variables of those at ``places``, together; where that fails, each alone."""
    began = time.perf_counter_ns()
    known = [each for each in (found[place] for place in places) if isinstance(each, Known)]
    packed = [each[1].packed for each in (held[place] for place in places) if each]
    try:
        rows = ready.computed(packed, [int(each.as_of.timestamp()) for each in known])
    except TaelError as refused:
        if len(places) == 1:
            return [refused]
        return [_computed(ready, [place], held, found)[0] for place in places]
    values = [ready.read(row) for row in rows]
    took = (time.perf_counter_ns() - began) // (1000 * len(places))
    return [
        replace(each, values=value, texts=texts, took_us=took)
        for each, (value, texts) in zip(known, values, strict=True)
    ]
