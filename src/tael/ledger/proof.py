"""The proof of the books: everything is read once, hashed again and added up again."""

from __future__ import annotations

from tael.ledger.hashing import input_hash, link
from tael.ledger.model import BalanceQuery, Basis, Batch, Proof
from tael.ledger.rules import net_minor
from tael.ledger.store import Store

_Nets = dict[tuple[str, str, str, Basis], int]


def prove(store: Store) -> Proof:
    """Check chain, hashes, balance of each entry, and the store's running balances."""
    faults: list[str] = []
    nets: _Nets = {}
    head, batches, entries, unsealed = "", 0, 0, 0
    for found in store.links():
        batches += 1
        entries += len(found.batch.entries)
        faults += _faults_of(found.batch)
        _add(nets, found.batch)
        if not found.chained:
            unsealed += 1
            continue
        head = link(head, found.batch)
        if unsealed or found.chained != head:
            faults.append(f"the chain breaks at {found.batch.key!r}")
            head = found.chained
    return Proof(batches, entries, unsealed, head, (*faults, *_drifts(nets, store)))


def _faults_of(batch: Batch) -> list[str]:
    faults = [
        f"entry {index} of {batch.key!r} does not balance"
        for index, entry in enumerate(batch.entries)
        if net_minor(entry)
    ]
    if input_hash(batch.entries, batch.releases) != batch.input_hash:
        faults.append(f"the entries of {batch.key!r} are not those that were posted")
    return faults


def _add(nets: _Nets, batch: Batch) -> None:
    for entry in batch.entries:
        for line in entry.postings:
            place = (line.account, entry.owner, line.amount.currency, entry.basis)
            nets[place] = nets.get(place, 0) + line.side.sign * line.amount.minor


def _drifts(nets: _Nets, store: Store) -> list[str]:
    kept = {
        (row.account, row.owner, row.currency, row.basis): row.net_minor
        for row in store.balances(BalanceQuery())
    }
    return [
        f"{' '.join(part for part in place[:3] if part)} ({place[3].value}) is kept as "
        f"{kept.get(place, 0)} minor units, its postings add up to {nets.get(place, 0)}"
        for place in sorted({*nets, *kept}, key=lambda place: (*place[:3], place[3].value))
        if kept.get(place, 0) != nets.get(place, 0)
    ]
