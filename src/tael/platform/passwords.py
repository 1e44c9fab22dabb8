"""Passwords: what a good one is, and how one is kept (Argon2id, RFC 9106)."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tael.kernel import BadInput

SHORTEST = 10
LONGEST = 128
_FEWEST_CHARACTERS = 5
# The beginnings of what attackers try first; length and variety keep out the rest.
_COMMON = (
    "password",
    "passw0rd",
    "qwertyuiop",
    "1234567890",
    "0123456789",
    "0987654321",
    "abcdefghij",
    "iloveyou",
    "woaini",
    "letmein",
    "administrator",
    "changeme",
)


class Passwords:
    """Checks, hashes and verifies passwords.

    The default hasher takes 64 MiB and about 0.1 s; hand in a lighter one for tests.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hash(self, password: str, *, login: str) -> str:
        """The encoded Argon2id hash of a new password of ``login``.

        Raises:
            BadInput: too short, too long, too plain, common, or made of the login.
        """
        plain = _normal(password)
        weakness = _weakness(plain, login.casefold())
        if weakness:
            raise BadInput(f"this password {weakness}", field="password", rule=weakness)
        return self._hasher.hash(plain)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``encoded``; None takes as long and is not."""
        # Made at the first question whoever it is about, so that an unknown login tells nothing.
        nobody = _nobody(self._hasher.time_cost, self._hasher.memory_cost, self._hasher.parallelism)
        try:
            self._hasher.verify(encoded or nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return encoded is not None

    def outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def rehash(self, password: str) -> str:
        """The hash of a password that was just verified, under today's parameters."""
        return self._hasher.hash(_normal(password))


@cache
def _nobody(time_cost: int, memory_cost: int, parallelism: int) -> str:
    """A hash that is verified where there is no such login: as slow as others, nobody's password.

    Made once a process.
    """
    return PasswordHasher(time_cost, memory_cost, parallelism).hash(secrets.token_hex())


def _normal(password: str) -> str:
    # Bounded before hashing: a megabyte of password would keep a core busy. One character more than
    # allowed stays, so that the length is still seen to be wrong.
    text = unicodedata.normalize("NFKC", password[: LONGEST + 1])
    return text.encode("utf-8", "replace").decode()


def _weakness(password: str, login: str) -> str:
    lower = password.casefold()
    if len(password) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"has more than {LONGEST} characters"
    if len(set(lower)) < _FEWEST_CHARACTERS:
        return f"has fewer than {_FEWEST_CHARACTERS} different characters"
    if login and login.partition("@")[0] in lower:
        return "contains the login"
    if any(lower.startswith(common) for common in _COMMON):
        return "begins like one of the most common passwords"
    return ""
