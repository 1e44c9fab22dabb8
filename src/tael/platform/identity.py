"""Identity: users, their sessions and their API keys, behind one name."""

from __future__ import annotations

from dataclasses import dataclass, field

from tael.platform.api_keys import ApiKeys
from tael.platform.passwords import Passwords
from tael.platform.sessions import SessionRules, Sessions
from tael.platform.users import LockOut, Users


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is who: ``users``, ``sessions`` (sign-in, sign-out, CSRF) and ``api_keys``."""

    users: Users
    sessions: Sessions
    api_keys: ApiKeys = field(default_factory=ApiKeys)

    @classmethod
    def build(
        cls,
        passwords: Passwords | None = None,
        *,
        lock_out: LockOut | None = None,
        rules: SessionRules | None = None,
    ) -> Identity:
        """The usual wiring; tests hand in lighter ``passwords``."""
        users = Users(passwords or Passwords(), lock_out)
        return cls(users, Sessions(users, rules))
