"""The chain over the decision log: how a row is linked, and whether it holds at one place."""

from __future__ import annotations

from tael.policies.canonical import digest
from tael.policies.model import ChainFault, ChainPlace, LogEntry, Seal

GENESIS = "0" * 64


def link_hash(previous: str, entry: LogEntry) -> str:
    """The hash of the link over ``entry`` that follows the link of hash ``previous``."""
    return digest(previous + "\x1f" + entry.content_hash())


def intact(seal: Seal, entry: LogEntry) -> bool:
    """Whether the row is what it was when it was sealed."""
    return not _own_faults(entry) and seal.hash == link_hash(seal.previous_hash, entry)


def place_of(
    entry: LogEntry, seal: Seal | None, around: tuple[Seal | None, Seal | None]
) -> ChainPlace:
    """Where a row stands, and everything there that does not hold.

    Args:
        entry: the row as it is now.
        seal: its link; None of a row that has none yet.
        around: the links before and after, None where there is none.
    """
    faults = _own_faults(entry)
    if seal is None:
        return ChainPlace(None, "", "", tuple(faults))
    if seal.hash != link_hash(seal.previous_hash, entry):
        faults.append(ChainFault.ROW)
    before, after = around
    expected = GENESIS if seal.sequence == 1 else before.hash if before else None
    if expected != seal.previous_hash:
        faults.append(ChainFault.BEFORE)
    if after is not None and after.previous_hash != seal.hash:
        faults.append(ChainFault.AFTER)
    return ChainPlace(seal.sequence, seal.previous_hash, seal.hash, tuple(faults))


def _own_faults(entry: LogEntry) -> list[ChainFault]:
    pairs = (
        (ChainFault.INPUTS, entry.inputs, entry.inputs_hash),
        (ChainFault.RESULT, entry.result, entry.result_hash),
    )
    return [fault for fault, text, expected in pairs if digest(text) != expected]
