"""Personal fields at rest: AES-256-GCM under one data key per subject, which can be destroyed.

A subject's data key is wrapped by a master key. Erasing a person destroys the data key: every copy
of the ciphertext, backups of it included, turns into noise, while ids, days and amounts stay and
the books still prove. (A restored backup brings the data key back: erase again after a restore.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert

from tael.kernel import BadInput, Conflict, InvariantBroken, NotFound, check
from tael.platform.database import Work
from tael.platform.identity_store import data_keys
from tael.platform.vault_keys import KEY_BYTES, VaultKeys

_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96 random bits; one subject never has 2**32 fields
_SUBJECT_FIELD = b"\x01"
_SECRET = b"\x02"
_REWRAP_BATCH = 1000


class Vault:
    """Encrypts personal fields per subject, finds by them, erases. Every read is audited."""

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys
        self._index_key = keys.derive("blind-index")

    def encrypt(self, work: Work, subject: str, text: str, *, field: str) -> bytes:
        """``text`` as the ciphertext of ``field`` of ``subject``: readable in that place only.

        Raises:
            Conflict: the subject was erased.
        """
        return self.encrypt_all(work, subject, {field: text})[field]

    def encrypt_all(self, work: Work, subject: str, texts: Mapping[str, str]) -> dict[str, bytes]:
        """Several fields of one subject at once, by field name.

        Raises:
            Conflict: the subject was erased.
        """
        cipher = AESGCM(self._data_key(work, subject))
        return {
            field: _SUBJECT_FIELD + _lock(cipher, text.encode(), _place(subject, field))
            for field, text in texts.items()
        }

    def decrypt(self, work: Work, subject: str, sealed: bytes, *, field: str, purpose: str) -> str:
        """The text of one field, with one audit row that names subject, field and ``purpose``.

        Raises:
            NotFound: the subject was erased (code ``erased``), or never had a key.
            InvariantBroken: the ciphertext was changed, or moved from another field or subject.
        """
        found = self.reveal(work, {subject: {field: sealed}}, purpose=purpose)
        if subject not in found:
            raise NotFound(f"the personal data of {subject} was erased", code="erased")
        return found[subject][field]

    def reveal(
        self, work: Work, sealed: Mapping[str, Mapping[str, bytes]], *, purpose: str
    ) -> dict[str, dict[str, str]]:
        """Many subjects' fields in one query, one audit row each; erased subjects are left out.

        ``sealed`` is subject → field → ciphertext. ``purpose`` is why somebody reads: the action of
        the page or job.

        Raises:
            BadInput: no purpose.
            InvariantBroken: a ciphertext was changed or moved.
        """
        if not purpose:
            raise BadInput("say what the data is read for", field="purpose", rule="not empty")
        keys = self._known_keys(work, list(sealed))
        texts = {
            subject: {
                field: _open(keys[subject], token, _place(subject, field))
                for field, token in fields.items()
            }
            for subject, fields in sealed.items()
            if subject in keys
        }
        for subject, fields in texts.items():
            detail = {"fields": " ".join(sorted(fields)), "purpose": purpose}
            work.audit("personal.read", subject, detail)
        return texts

    def blind_index(self, text: str, *, field: str) -> bytes:
        """What equal texts of a field share (HMAC-SHA256): a column of it can be searched.

        Width, case, blanks and hyphens do not matter. Clear the column when its subject is erased.
        """
        message = f"{field}\x1f{_plain(text)}".encode()
        return hmac.digest(self._index_key, message, hashlib.sha256)

    def erase(self, work: Work, subject: str, *, reason: str) -> bool:
        """Destroy the data key of ``subject`` for good; false when there was none left."""
        result = work.connection.execute(
            sa.update(data_keys)
            .where(data_keys.c.subject == subject, data_keys.c.wrapped.is_not(None))
            .values(wrapped=None, erased_at=work.clock.now())
        )
        if result.rowcount == 0:
            return False
        work.audit("personal.erased", subject, {"reason": reason})
        return True

    def rewrap(self, work: Work) -> int:
        """Wrap up to 1000 data keys anew under the active master key; 0 when none is left to do.

        After a rotation call it until it returns 0; only then may an old master key leave the file.
        """
        stale = (
            sa.select(data_keys.c.subject, data_keys.c.master_key_id, data_keys.c.wrapped)
            .where(data_keys.c.master_key_id != self._keys.active, data_keys.c.wrapped.is_not(None))
            .limit(_REWRAP_BATCH)
            .with_for_update(skip_locked=True)
        )
        found = work.connection.execute(stale).all()
        for subject, master_key_id, wrapped in found:
            key = self._unwrap(subject, master_key_id, wrapped)
            work.connection.execute(
                sa.update(data_keys)
                .where(data_keys.c.subject == subject)
                .values(master_key_id=self._keys.active, wrapped=self._wrap(subject, key))
            )
        return len(found)

    def seal_secret(self, text: str, *, name: str) -> bytes:
        """Encrypt what belongs to no person (a partner's password) under the active master key."""
        key_id = self._keys.active.encode()
        cipher = AESGCM(self._keys.masters[self._keys.active])
        return _SECRET + bytes([len(key_id)]) + key_id + _lock(cipher, text.encode(), name.encode())

    def open_secret(self, sealed: bytes, *, name: str) -> str:
        """What ``seal_secret`` sealed under the same ``name``.

        Raises:
            InvariantBroken: it was changed or sealed under another name.
            Conflict: its master key is no longer in the key file.
        """
        check(sealed[:1] == _SECRET, "a sealed secret begins with its mark")
        end = 2 + sealed[1]
        master = self._master(sealed[2:end].decode())
        return _unlock(AESGCM(master), sealed[end:], name.encode()).decode()

    def _data_key(self, work: Work, subject: str) -> bytes:
        fresh = secrets.token_bytes(KEY_BYTES)
        work.connection.execute(
            insert(data_keys)
            .values(
                subject=subject,
                master_key_id=self._keys.active,
                wrapped=self._wrap(subject, fresh),
                created_at=work.clock.now(),
            )
            .on_conflict_do_nothing()
        )
        keys = self._known_keys(work, [subject])
        if subject not in keys:
            raise Conflict(f"{subject} was erased; who returns is a new subject", code="erased")
        return keys[subject]

    def _known_keys(self, work: Work, subjects: list[str]) -> dict[str, bytes]:
        query = sa.select(data_keys).where(
            data_keys.c.subject.in_(subjects), data_keys.c.wrapped.is_not(None)
        )
        found = work.connection.execute(query)
        return {
            row.subject: self._unwrap(row.subject, row.master_key_id, row.wrapped) for row in found
        }

    def _wrap(self, subject: str, key: bytes) -> bytes:
        return _lock(AESGCM(self._keys.masters[self._keys.active]), key, subject.encode())

    def _unwrap(self, subject: str, master_key_id: str, wrapped: bytes) -> bytes:
        return _unlock(AESGCM(self._master(master_key_id)), wrapped, subject.encode())

    def _master(self, key_id: str) -> bytes:
        if key_id not in self._keys.masters:
            raise Conflict(
                f"the key file does not hold master key {key_id!r}; restore the file that does",
                code="unknown_key",
            )
        return self._keys.masters[key_id]


def _place(subject: str, field: str) -> bytes:
    return f"{subject}\x1f{field}".encode()


def _lock(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, place)


def _unlock(cipher: AESGCM, locked: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise InvariantBroken("a ciphertext was changed, or stands in another's place") from None


def _open(key: bytes, token: bytes, place: bytes) -> str:
    check(token[:1] == _SUBJECT_FIELD, "the ciphertext of a personal field begins with its mark")
    return _unlock(AESGCM(key), token[1:], place).decode()


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if not letter.isspace() and letter != "-")
