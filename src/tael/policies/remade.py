"""Where a decision that was made again differs from the one in the log, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tael.kernel import BadInput
from tael.policies.canonical import canonical, read
from tael.policies.model import Differing


def differing(text: str, logged: str, now: str) -> tuple[Differing, ...]:
    """Every place where two JSON texts of a decision differ; empty when they are the same.

    Args:
        text: which of the log row's texts it is: ``result``, ``trace``, ``inputs``.
        logged: as the row has it; one that is no JSON differs as a whole.
        now: as it came out again.
    """
    if logged == now:
        return ()
    try:
        found = tuple(Differing(text, *rest) for rest in _walk("", read(logged), read(now)))
    except (ValueError, BadInput):
        found = ()
    # No JSON, or equal values in another writing: the bytes are what was hashed.
    return found or (Differing(text, "", logged, now),)


def _walk(
    place: str, before: object, after: object
) -> Iterator[tuple[str, str | None, str | None]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _one(f"{place}.{name}" if place else str(name), name, (before, after))
    elif isinstance(before, list) and isinstance(after, list):
        for number in range(max(len(before), len(after))):
            old, new = (dict(enumerate(each)) for each in (before, after))
            yield from _one(f"{place}[{number + 1}]", number, (old, new))
    elif canonical(before) != canonical(after):
        yield place, _plain(before), _plain(after)


def _one(
    place: str, key: object, both: tuple[Mapping[Any, object], Mapping[Any, object]]
) -> Iterator[tuple[str, str | None, str | None]]:
    before, after = both
    if key not in before:
        yield place, None, _plain(after[key])
    elif key not in after:
        yield place, _plain(before[key]), None
    else:
        yield from _walk(place, before[key], after[key])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)
