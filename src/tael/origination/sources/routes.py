"""Who may ask which source on which way: dated data, checked against the rule on credit data.

Personal credit data reaches a bank or a platform only through a licensed bureau (断直连): a route
that would hand a full report over directly is refused when it is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tael.kernel import BadInput, Day
from tael.origination.sources.catalogue import ENTERPRISE, MARKET, PERSON, source_named
from tael.origination.sources.model import Mode, Route

WAYS = ("direct", "licensed_bureau", "published", "bank_verdict", "none")
ENTITY_KINDS = ("platform", "guarantor", "bank")


def kind_of_entity(entity: str) -> str:
    """``platform`` and ``guarantor`` are the house's own; every other recipient is a bank."""
    return entity if entity in ENTITY_KINDS else "bank"


class RouteTable:
    """The routes there are, in the order in which they were written down.

    Of several for the same source, subject and entity the one with the latest first day that has
    come is in force, of those the one written last.

    Raises:
        BadInput: a route that may not be; names the field and the rule.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(checked_route(route) for route in routes)

    def with_routes(self, routes: Iterable[Route]) -> RouteTable:
        """These and later ones."""
        return RouteTable((*self._routes, *routes))

    def find(self, source: str, subject_kind: str, entity: str, on: Day) -> Route | None:
        """The route in force for ``entity`` on a day; None when it may not ask."""
        wanted = (source, subject_kind, kind_of_entity(entity))
        known = [
            (each.since, place, each)
            for place, each in enumerate(self._routes)
            if (each.source, each.subject_kind, each.entity_kind) == wanted and each.since <= on
        ]
        if not known:
            return None
        route = max(known, key=lambda one: one[:2])[2]
        return None if route.way == "none" else route

    def in_force(self, on: Day) -> Sequence[Route]:
        """Every route that may be gone on a day, sources in their order."""
        keys = dict.fromkeys(
            (one.source, one.subject_kind, one.entity_kind) for one in self._routes
        )
        found = (self.find(*key, on) for key in keys)
        return [route for route in found if route is not None]


def checked_route(route: Route) -> Route:
    """``route``, when it may be written down.

    Raises:
        BadInput: an unknown source, subject, entity or way; a mode that does not fit the way; or
            personal credit data that would not come through a licensed bureau.
    """
    source = source_named(route.source)
    _one_of(route.subject_kind, source.subjects, "subject_kind")
    _one_of(route.entity_kind, ENTITY_KINDS, "entity_kind")
    _one_of(route.way, WAYS, "way")
    if (route.way == "bank_verdict") != (route.mode is Mode.VERDICT_ONLY):
        raise BadInput(
            f"{route.way} does not go with {route.mode.value}",
            field="mode",
            rule="verdict_only on the way bank_verdict, and only there",
        )
    personal = source.personal_credit and route.subject_kind == PERSON
    if personal and route.way not in ("licensed_bureau", "bank_verdict", "none"):
        raise BadInput(
            f"personal credit data does not reach a {route.entity_kind} on the way {route.way}",
            field="way",
            rule="through a licensed bureau only, or as a bank's verdict",
        )
    return route


def _one_of(value: str, allowed: Sequence[str], field: str) -> None:
    if value not in allowed:
        raise BadInput(f"{value!r} is none", field=field, rule=f"one of {', '.join(allowed)}")


_SINCE = Day(2008, 1, 1)
_BASIS = "shipped: to be replaced by the house's own agreements"


def _shipped() -> Iterable[Route]:
    """The guarantee company asks; the platform sees no credit report, only the bank's verdict."""
    for entity in ENTITY_KINDS:
        for name, subject, way in (
            ("bureau", ENTERPRISE, "licensed_bureau"),
            ("bureau", PERSON, "licensed_bureau"),
            ("tax", ENTERPRISE, "direct"),
            ("invoice", ENTERPRISE, "direct"),
            ("bank_statement", ENTERPRISE, "direct"),
            ("bank_statement", PERSON, "direct"),
            ("registry", ENTERPRISE, "published"),
            ("court", ENTERPRISE, "published"),
            ("court", PERSON, "published"),
            ("device", ENTERPRISE, "direct"),
            ("device", PERSON, "direct"),
            ("merchant_books", ENTERPRISE, "direct"),
            ("region", MARKET, "published"),
        ):
            blind = name == "bureau" and entity == "platform"
            yield Route(
                source=name,
                subject_kind=subject,
                entity_kind=entity,
                way="bank_verdict" if blind else way,
                mode=Mode.VERDICT_ONLY if blind else Mode.FULL,
                since=_SINCE,
                basis=_BASIS,
            )


SHIPPED_ROUTES: tuple[Route, ...] = tuple(_shipped())
