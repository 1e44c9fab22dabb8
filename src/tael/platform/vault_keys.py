"""The key file of the vault: master keys by id, and one root secret from which others derive."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tael.kernel import BadInput, Conflict

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """Keys of 32 bytes: ``active`` wraps new data keys, the older ones still unwrap.

    The root never rotates: blind indexes and audit seals hang on it.
    """

    active: str
    masters: Mapping[str, bytes] = field(repr=False)
    root: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> VaultKeys:
        """New random keys, in no file."""
        return cls("k1", {"k1": secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def open(cls, path: Path) -> VaultKeys:
        """The keys in ``path``; made there, readable by its owner only (0600), when there is none.

        Raises:
            BadInput: the file can be read by others, or is no key file.
        """
        if not path.exists():
            _create(path, cls.fresh())
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise BadInput(
                f"the key file {path} is open to others (mode {mode:04o}); run: chmod 600 {path}",
                field="key_file",
                rule="mode 0600",
            )
        return _read(path)

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one ``purpose`` (HKDF-SHA256, RFC 5869)."""
        info = f"tael/{purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.root)

    def rotated(self, path: Path) -> VaultKeys:
        """These keys with a new active master, written to ``path`` before anything uses it."""
        number = 1 + max(int(key_id[1:]) for key_id in self.masters)
        masters = {**self.masters, f"k{number}": secrets.token_bytes(KEY_BYTES)}
        keys = replace(self, active=f"k{number}", masters=masters)
        _replace(path, keys)
        return keys


def _create(path: Path, keys: VaultKeys) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, keys)
    try:
        # A link never overwrites: of two processes that start at once, one file wins for both.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _replace(path: Path, keys: VaultKeys) -> None:
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: VaultKeys) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(_to_json(keys), file)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _to_json(keys: VaultKeys) -> dict[str, object]:
    return {
        "version": 1,
        "active": keys.active,
        "masters": {key_id: base64.b64encode(key).decode() for key_id, key in keys.masters.items()},
        "root": base64.b64encode(keys.root).decode(),
    }


def _read(path: Path) -> VaultKeys:
    try:
        data = json.loads(path.read_text("ascii"))
        masters = {key_id: _key(text) for key_id, text in data["masters"].items()}
        keys = VaultKeys(data["active"], masters, _key(data["root"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(
            f"{path} is not a key file; restore it from your backup (without it nothing personal "
            "can be read)",
            field="key_file",
            rule="key file",
        ) from None
    if keys.active not in keys.masters:
        raise Conflict(f"{path} names an active key {keys.active!r} that it does not hold")
    return keys


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return key
