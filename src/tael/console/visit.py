"""One request of somebody signed in: who asks, what they may see, their unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from tael.console.listing import HOMES, Asked
from tael.console.pages import pages_of, wants_fragment
from tael.console.ports import House, Session
from tael.console.security import SESSION
from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import BadInput, Day, Id, NotFound, Unauthenticated, day_of
from tael.platform import SYSTEM, Actor, Work

T = TypeVar("T", bound=Id)

# Path, title, icon, resource whose reading opens the page.
NAV = (
    ("/", N_("Dashboard"), "chart", "portfolio"),
    ("/applications", N_("Applications"), "inbox", "application"),
    ("/loans", N_("Loans"), "coins", "loan"),
    ("/policies", N_("Policies"), "branch", "policy"),
    ("/books", N_("Loan books"), "book", "book"),
    ("/partners", N_("Funding and limits"), "bank", "partner"),
    ("/audit", N_("Audit trail"), "seal", "audit"),
)

# The tabs of the pages about policies: path, title, resource whose reading opens the tab.
POLICY_TABS = (
    ("/policies", N_("Versions"), "policy"),
    ("/policies/approvals", N_("Approvals"), "policy"),
    ("/policies/models", N_("Models"), "policy"),
    ("/policies/decisions", N_("Decisions"), "decision"),
    ("/policies/backtests", N_("Back-tests"), "policy"),
    ("/policies/experiments", N_("Champion and challenger"), "policy"),
    ("/policies/sources", N_("Sources"), "policy"),
)


# What the scopes of the permission table look at, of a row that is nobody's: who may read that
# one, reads every row.
NOBODYS: Mapping[str, object] = {"owner_id": "", "consultant_id": "", "partner_id": "", "id": ""}


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

    def may(self, action: str, resource: str, row: Mapping[str, object] | None = None) -> bool:
        """Whether the permission table allows it, on ``row`` or on any row at all."""
        return self.house.permissions.allowed(self.actor, action, resource, row)

    def sees(self, resource: str, row: Mapping[str, object] | None = None) -> frozenset[str]:
        """The fields of ``resource`` that are shown in clear: of ``row``, or of every row."""
        return self.house.permissions.visible_fields(self.actor, resource, row)

    def frame(self) -> dict[str, object]:
        """What every page shows around its content."""
        access = self.house.permissions
        seen = [entry for entry in NAV if access.allowed(self.actor, "read", entry[3])]
        tabs = [tab for tab in POLICY_TABS if access.allowed(self.actor, "read", tab[2])]
        return {"me": self.session, "nav": seen, "policy_tabs": tabs}

    def names(self, work: Work) -> Mapping[str, str]:
        """Everybody's name by id: who did what, in words."""
        return {one.id: one.display_name for one in self.house.identity.users.all(work)}

    def partners(self, work: Work) -> list[tuple[str, str]]:
        """Ids and names of the funding partners that the reader may see."""
        if not self.may("read", "partner"):
            return []
        every = self.house.rooms(work).funding.partners()
        own = [one for one in every if self.may("read", "partner", {"partner_id": one.id})]
        return [(one.id, one.name) for one in own]

    def listing(
        self,
        kind: str,
        asked: Asked,
        *,
        following: str | None,
        further: bool,
        **values: object,
    ) -> HTMLResponse:
        """The list ``kind`` as it was asked for: the page, its part that htmx renews, or rows.

        ``following`` is the last row's id when more follow, ``further`` asks for rows only.
        """
        home, fragment = HOMES.get(kind, f"/{kind}"), wants_fragment(self.request)
        part = f"{kind}_rows.html" if further else "listing_part.html"
        response = self.page(
            part if fragment else f"{kind}.html",
            status=422 if asked.problems else 200,
            asked=asked,
            kind=kind,
            home=home,
            more=asked.address(home, after=following) if following else "",
            **values,
        )
        if fragment and not further:
            response.headers["HX-Push-Url"] = asked.address(home)
        return response

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
