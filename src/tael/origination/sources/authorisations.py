"""Signed authorisations (征信授权书): a consent in a form that a source can check for itself.

On the wire an authorisation is a JSON object of the fields of ``message`` with ``key_id`` and
``signature`` (base64). The signature is Ed25519 (RFC 8032) over the UTF-8 of the other fields as
JSON with sorted keys and no blanks, lists in their order.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tael.kernel import CHINA, BadInput, Day
from tael.origination.model import Consent
from tael.origination.sources.model import SignedAuthorisation, Subject

SEED_BYTES = 32


class Signer:
    """Signs with one Ed25519 key.

    Args:
        seed: 32 secret bytes, from the key file of the installation.

    Raises:
        BadInput: not 32 bytes.
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise BadInput("a key has 32 bytes", field="seed", rule="32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_key)

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of the signature over ``text``."""
        return self._key.sign(text)


def key_id_of(public_key: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a public key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verified(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether ``signature`` over ``text`` was made with the key of ``public_key``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def authorise(consent: Consent, subject: Subject, signer: Signer) -> SignedAuthorisation:
    """The signed authorisation of ``consent`` for ``subject``, who is the party that gave it.

    It ends where the consent ends: with the last second of its last day, in China.

    Raises:
        BadInput: the subject is another party.
    """
    if subject.id != consent.party_id:
        raise BadInput(
            f"{consent.id} is not of {subject.id}", field="subject", rule="the party that consented"
        )
    terms = consent.authorisation
    drawn = SignedAuthorisation(
        consent_id=consent.id,
        subject=subject.name,
        subject_kind=subject.kind,
        scope=tuple(sorted(terms.scope)),
        recipient=terms.recipient,
        purpose=terms.purpose,
        issued_at=consent.granted_at.astimezone(UTC),
        expires_at=end_of(terms.expires),
        document_hash=terms.document_hash,
        key_id=signer.key_id,
    )
    return replace(drawn, signature=signer.sign(message(drawn)))


def end_of(day: Day) -> datetime:
    """The last second of ``day`` in China, in UTC."""
    midnight = datetime.combine(day.plus_days(1), time(), CHINA)
    return (midnight - timedelta(seconds=1)).astimezone(UTC)


def message(authorisation: SignedAuthorisation) -> bytes:
    """What is signed."""
    return json.dumps(
        _fields(authorisation), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def to_json(authorisation: SignedAuthorisation) -> dict[str, object]:
    """The authorisation as it goes over the wire."""
    return {
        **_fields(authorisation),
        "key_id": authorisation.key_id,
        "signature": base64.b64encode(authorisation.signature).decode(),
    }


def _fields(authorisation: SignedAuthorisation) -> Mapping[str, object]:
    return {
        "authorisation": authorisation.consent_id,
        "subject": authorisation.subject,
        "subject_kind": authorisation.subject_kind,
        "scope": list(authorisation.scope),
        "recipient": authorisation.recipient,
        "purpose": authorisation.purpose,
        "issued_at": instant_text(authorisation.issued_at),
        "expires_at": instant_text(authorisation.expires_at),
        "document_hash": authorisation.document_hash,
    }


def instant_text(at: datetime) -> str:
    """An instant as it stands in JSON: ISO 8601 in UTC, with ``Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
