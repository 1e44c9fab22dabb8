"""Signatures of approvals and deployments: Ed25519 (RFC 8032), by a key of the installation."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED_BYTES = 32


class Signer:
    """Signs texts and knows its own signatures.

    Args:
        seed: 32 bytes, of the installation's secrets; the same seed gives the same key.
    """

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed[:_SEED_BYTES])
        self._public = self._private.public_key()
        raw = self._public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key = raw.hex()

    @property
    def pem(self) -> str:
        """The public key as PEM (SubjectPublicKeyInfo): whoever has it can verify, not sign."""
        return self._public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode("ascii")

    def sign(self, text: str) -> str:
        """The signature of ``text`` in UTF-8, 128 hexadecimal digits."""
        return self._private.sign(text.encode()).hex()

    def fits(self, text: str, signature: str) -> bool:
        """Whether ``signature`` is that of ``text`` by this key."""
        try:
            self._public.verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True
