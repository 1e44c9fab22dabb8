"""Who calls: the holder of an API key, or a person signed in; and what the caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import JsonValue

from tael.console.api.schemas import json_of
from tael.console.ports import House
from tael.console.security import SESSION
from tael.kernel import Day, Forbidden, NotFound, Unauthenticated, day_of
from tael.platform import SYSTEM, Actor, Work

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODYS: Mapping[str, object] = {"owner_id": "", "consultant_id": "", "partner_id": "", "id": ""}

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key.")
_cookie = APIKeyCookie(
    name=SESSION, auto_error=False, scheme_name="session", description="A person signed in."
)
_csrf = APIKeyHeader(
    name="X-CSRF-Token",
    auto_error=False,
    scheme_name="csrf",
    description="With a session, to POST.",
)


@dataclass(frozen=True)
class Caller:
    """On whose behalf a request runs."""

    house: House
    actor: Actor

    @property
    def person(self) -> str:
        """The user behind it: a key acts for one."""
        behind = [role.removeprefix("as:") for role in self.actor.roles if role.startswith("as:")]
        return behind[0] if self.actor.kind == "key" and behind else self.actor.id

    def begin(self, *, snapshot: bool = False) -> AbstractContextManager[Work]:
        """The one unit of work of this request."""
        return self.house.database.begin(self.actor, snapshot=snapshot)

    def today(self, work: Work) -> Day:
        """The contract day of now."""
        return day_of(work.clock.now(), self.house.settings.zone)

    def may(self, action: str, resource: str, row: Mapping[str, object] | None = None) -> bool:
        """Whether the permission table allows it, on ``row`` or on any row at all."""
        return self.house.permissions.allowed(self.actor, action, resource, row)

    def require(self, action: str, resource: str, row: Mapping[str, object] | None = None) -> None:
        """The same as a wall. A row the caller may not even read is not there.

        Raises:
            Forbidden: the caller may not.
            NotFound: the row is not the caller's to know of.
        """
        self.house.permissions.require(self.actor, action, resource)
        if row is None or self.may(action, resource, row):
            return
        if self.may("read", resource, row):
            raise Forbidden(f"you may not {action} this {resource}", rule=f"{resource}.{action}")
        raise NotFound(f"there is no such {resource}")

    def shown(
        self,
        resource: str,
        record: Mapping[str, object],
        row: Mapping[str, object] | None = None,
    ) -> dict[str, JsonValue]:
        """``record`` as the caller may see it, in JSON: the rest is masked or left out."""
        seen = self.house.permissions.mask(self.actor, resource, record, row)
        return {name: json_of(value) for name, value in seen.items()}


def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    cookie: Annotated[str | None, Depends(_cookie)],
    csrf: Annotated[str | None, Depends(_csrf)],
) -> Caller:
    """Whoever the key or the session names; a session proves a change with its CSRF token.

    Raises:
        Unauthenticated: nobody.
        Forbidden: a changing request of a session without its token.
    """
    house: House = request.app.state.house
    with house.database.begin(SYSTEM) as work:
        if bearer is not None:
            actor = house.identity.api_keys.resolve(work, bearer.credentials)
            if actor is not None:
                return Caller(house, actor)
        elif cookie:
            session = house.identity.sessions.resolve(work, cookie)
            if session is not None:
                if request.method not in _SAFE:
                    session.check_csrf(csrf or "")
                return Caller(house, session.actor)
    raise Unauthenticated("send an API key as `Authorization: Bearer tael_key_...`, or sign in")


Calling = Annotated[Caller, Depends(_caller)]
