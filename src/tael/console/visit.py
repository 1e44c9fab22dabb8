"""One request of somebody signed in: who asks, what they may see, their unit of work."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from tael.console.pages import pages_of
from tael.console.ports import House, Session
from tael.console.security import SESSION
from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import BadInput, Day, Forbidden, Id, NotFound, Unauthenticated, day_of
from tael.platform import SYSTEM, Actor, Work

T = TypeVar("T", bound=Id)

# Path, title, icon, resource whose reading opens the page.
NAV = (
    ("/", N_("Dashboard"), "chart", "portfolio"),
    ("/applications", N_("Applications"), "inbox", "application"),
    ("/loans", N_("Loans"), "coins", "loan"),
    ("/partners", N_("Funding and limits"), "bank", "partner"),
    ("/audit", N_("Audit trail"), "seal", "audit"),
)


@dataclass(frozen=True)
class Visit:
    """A request of a person signed in."""

    request: Request
    house: House
    session: Session

    @property
    def actor(self) -> Actor:
        """On whose behalf everything of this request happens."""
        return self.session.actor

    @property
    def tongue(self) -> Tongue:
        """The reader's language."""
        return pages_of(self.request).tongue(self.request)

    def begin(self) -> AbstractContextManager[Work]:
        """The unit of work of this request."""
        return self.house.database.begin(self.actor)

    def today(self, work: Work) -> Day:
        """The contract day of now."""
        return day_of(work.clock.now(), self.house.settings.zone)

    def require(self, action: str, resource: str) -> None:
        """Stop whoever may not do this to any row."""
        self.house.permissions.require(self.actor, action, resource)

    def require_all(self, resource: str) -> None:
        """Stop whoever may read some rows only: this list is not narrowed to them.

        Raises:
            Forbidden: the caller does not read every row.
        """
        nobodys = {"owner_id": "", "consultant_id": "", "partner_id": "", "id": ""}
        if not self.house.permissions.allowed(self.actor, "read", resource, nobodys):
            raise Forbidden(f"you may not read every {resource}", rule=f"{resource}.read")

    def sees(self, resource: str) -> frozenset[str]:
        """The fields of ``resource`` that are shown in clear."""
        return self.house.permissions.visible_fields(self.actor, resource)

    def frame(self) -> dict[str, object]:
        """What every page shows around its content."""
        access = self.house.permissions
        seen = [entry for entry in NAV if access.allowed(self.actor, "read", entry[3])]
        return {"me": self.session, "nav": seen}

    def page(self, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
        """``template`` in the reader's language."""
        return pages_of(self.request).show(self.request, template, status=status, **values)


def signed_in(request: Request) -> Visit:
    """The visit of whoever's session the cookie names.

    Raises:
        Unauthenticated: nobody's.
    """
    house: House = request.app.state.house
    token = request.cookies.get(SESSION, "")
    if token:
        with house.database.begin(SYSTEM) as work:
            session = house.identity.sessions.resolve(work, token)
        if session is not None:
            visit = Visit(request, house, session)
            request.state.visit = visit
            return visit
    raise Unauthenticated("sign in first")


Visiting = Annotated[Visit, Depends(signed_in)]


def path_id(kind: type[T], text: str) -> T:
    """The id in a path; a malformed one names nothing we have.

    Raises:
        NotFound: ``text`` is no id of this kind.
    """
    try:
        return kind.parse(text)
    except BadInput:
        raise NotFound(f"there is no {text[:60]!r}") from None
