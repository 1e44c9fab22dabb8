"""Bodies of answers at rest: packed, and sealed under the key of the party they tell of."""

from __future__ import annotations

import base64
import zlib

from tael.origination.ports import VaultPort
from tael.origination.sources.catalogue import MARKET
from tael.origination.sources.model import StoredAnswer, Subject
from tael.platform import Work

_LEVEL = 3


def seal(work: Work, vault: VaultPort, subject: Subject, raw: bytes, content_hash: str) -> bytes:
    """The body as it is kept: of a party sealed, of a market as it is.

    Raises:
        Conflict: the party was erased.
    """
    packed = zlib.compress(raw, _LEVEL)
    if subject.kind == MARKET:
        return packed
    text = base64.b64encode(packed).decode()
    return vault.encrypt_all(work, subject.id, {content_hash: text})[content_hash]


def unseal(
    work: Work, vault: VaultPort, subject: Subject, answer: StoredAnswer, sealed: bytes
) -> bytes | None:
    """The body; None when its party was erased. Reading is traced."""
    if subject.kind == MARKET:
        return zlib.decompress(sealed)
    kept = {subject.id: {answer.content_hash: sealed}}
    found = vault.reveal(work, kept, purpose=f"source {answer.source}")
    if subject.id not in found:
        return None
    return zlib.decompress(base64.b64decode(found[subject.id][answer.content_hash]))
