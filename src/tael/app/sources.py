"""The sources of an installation: where they are, with which key it signs, who they tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tael.kernel import Day, day_of
from tael.origination.sources import (
    SHIPPED_ROUTES,
    SOURCES,
    RouteTable,
    Signer,
    SourceClient,
    SourceFigures,
    SqlSources,
    model,
    ports,
    source_named,
)
from tael.platform import SYSTEM, Settings, VaultKeys, Work
from tael.policies.live import Spending, spending

if TYPE_CHECKING:  # it shows the book below
    from tael.app.installation import Installation

_PURPOSE = "authorisation-signature"
_ALL = "*"


def signer_of(settings: Settings) -> Signer:
    """What signs the installation's authorisations; its key derives from the key file."""
    keys = VaultKeys.open(settings.secret_key_file or settings.data_dir / "keys.json")
    return Signer(keys.derive(_PURPOSE))


def wires_of(settings: Settings) -> Mapping[str, ports.Wire]:
    """Source → where it is, of ``TAEL_SOURCES``.

    Raises:
        BadInput: it names a source that there is not.
    """
    named = dict(settings.sources)
    rest = named.pop(_ALL, None)
    for name in named:
        source_named(name)
    chosen = {name: named.get(name, rest) for name in SOURCES}
    return {name: _wire(told) for name, told in chosen.items() if told is not None}


@contextmanager
def open_sources(
    house: Installation, patience: ports.Patience | None = None
) -> Iterator[SourceClient]:
    """A client of the sources; at the end answers under way are waited for and kept."""
    outside = ports.Outside(
        begin=lambda: house.database.begin(SYSTEM),
        store=SqlSources,
        vault=house.vault,
        clock=house.clock,
        wires=wires_of(house.settings),
        patience=patience or ports.Patience(),
        worker=house.settings.worker_name,
    )
    with SourceClient(outside) as client:
        yield client


def health(work: Work, days: int) -> Sequence[model.SourceHealth]:
    """How each source did in the last ``days`` days, in the order of the catalogue."""
    now = work.clock.now()
    return SqlSources(work).health(now - timedelta(days=days), _after(now))


class SourceBook:
    """What people see of the sources: how they do, what they cost, who may ask, what ends soon.

    Args:
        zone: whose days the costs are told by.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def health(self, work: Work, days: int) -> Sequence[model.SourceHealth]:
        """How each source did in the last ``days`` days, in the order of the catalogue."""
        return health(work, days)

    def days(self, work: Work, days: int) -> Sequence[model.SourceDay]:
        """Calls and money of the last ``days`` days, by day and source."""
        now = work.clock.now()
        figures = SourceFigures(work)
        return figures.days(now - timedelta(days=days), _after(now), self._zone)

    def routes(self, work: Work) -> Sequence[model.Route]:
        """The routes in force today."""
        return routes(work, day_of(work.clock.now()))

    def ending(self, work: Work, days: int, *, limit: int) -> Sequence[model.Ending]:
        """Live consents that end within ``days`` days, the next first."""
        return SourceFigures(work).ending(*_soon(work, days), limit=limit)

    def ending_by_source(self, work: Work, days: int) -> Mapping[str, int]:
        """How many live consents end within ``days`` days, by the sources they name."""
        return SourceFigures(work).ending_by_source(*_soon(work, days))

    def moves(self, work: Work, *, limit: int) -> Sequence[model.BreakerMove]:
        """The latest moves of breakers, the newest first."""
        return SourceFigures(work).moves(limit=limit)

    def spending(self, work: Work, days: int) -> Sequence[Spending]:
        """What the staged decisions of the last ``days`` days paid and spared, by source."""
        now = work.clock.now()
        # An id is of a millisecond: the next one is after all that was decided by now.
        return spending(work, now - timedelta(days=days), now + timedelta(milliseconds=1))


def _soon(work: Work, days: int) -> tuple[Day, Day]:
    today = day_of(work.clock.now())
    return today, today.plus_days(days)


def routes(work: Work, on: Day) -> Sequence[model.Route]:
    """The routes in force on a day: those that are shipped, and what was written down since."""
    return RouteTable((*SHIPPED_ROUTES, *SqlSources(work).routes())).in_force(on)


def add_route(work: Work, route: model.Route) -> None:
    """Write a route down; it is in force from its first day on, in place of the one before.

    Raises:
        BadInput: it may not be; names the field and the rule.
    """
    RouteTable([route])
    SqlSources(work).add_route(route, work.clock.now(), work.actor.id)
    detail = {
        "entity": route.entity_kind,
        "subject": route.subject_kind,
        "way": route.way,
        "mode": route.mode.value,
        "since": route.since.isoformat(),
    }
    work.audit("source_route.added", route.source, detail)


def _wire(told: str) -> ports.Wire:
    address, _, key = told.partition("#")
    return ports.Wire(address, bytes.fromhex(key))


def _after(at: datetime) -> datetime:
    """An instant after which nothing of now was written."""
    return at + timedelta(microseconds=1)
