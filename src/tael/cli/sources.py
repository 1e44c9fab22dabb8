"""``tael sources``: what is asked of whom, by which right, how it goes and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import opened, person, settings_of
from tael.cli.output import AsJson, put, show, table
from tael.kernel import Day, Money

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from collections.abc import Sequence

    from rich.console import Console

    from tael.origination.sources import Source, model

group = typer.Typer(
    help="Data sources: catalogue, schemas, routes, health and cost.", no_args_is_help=True
)


@group.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """List the sources: whom they tell of, on which basis, at which price, how fresh.

    Example:

        tael sources list
    """
    from tael.origination.sources import SOURCES

    def draw(screen: Console) -> None:
        columns = ("source", "title", "tells of", "basis", "price", "stale after", "answers")
        rows = [_row(source) for source in SOURCES.values()]
        screen.print(table("Sources", columns, rows))

    data = [
        {
            "name": one.name,
            "title": {"zh": one.zh, "en": one.en},
            "subjects": list(one.subjects),
            "basis": one.law,
            "price_minor": one.price_minor,
            "stale_days": one.stale_days,
            "consented": one.consented,
            "streams": list(one.schema.streams),
        }
        for one in SOURCES.values()
    ]
    show({"sources": data}, draw, as_json=as_json)


def _row(source: Source) -> tuple[object, ...]:
    return (
        source.name,
        f"{source.zh} {source.en}",
        ", ".join(source.subjects),
        source.law,
        Money(source.price_minor),
        f"{source.stale_days} days",
        "later" if source.asynchronous else "at once",
    )


@group.command()
def schema(
    name: Annotated[str, typer.Argument(help="A source, see `tael sources list`.")],
    as_json: AsJson = False,
) -> None:
    """Show what the answer of a source looks like, section by section, field by field.

    Example:

        tael sources schema bureau
    """
    from tael.origination.sources import source_named

    found = source_named(name).schema
    fields = [
        {
            "section": section.name,
            "field": field.name,
            "kind": field.kind.value,
            "title": {"zh": field.zh, "en": field.en},
            "unit": "fen" if field.kind.value == "minor" else field.unit,
            "codes": list(field.codes),
            "stream": section.stream,
            "column": field.column if section.stream else "",
        }
        for section in found.sections
        for field in section.fields
    ]

    def draw(screen: Console) -> None:
        columns = ("section", "field", "kind", "title", "codes", "stream and column")
        rows = [
            (
                one["section"],
                one["field"],
                one["kind"],
                " ".join(one["title"].values()) if isinstance(one["title"], dict) else "",
                " ".join(one["codes"]) if isinstance(one["codes"], list) else "",
                f"{one['stream']}.{one['column']}" if one["column"] else "",
            )
            for one in fields
        ]
        screen.print(table(f"{name}, version {found.version}", columns, rows))

    data = {"source": name, "version": found.version, "fields": fields}
    show(data, draw, as_json=as_json)


@group.command()
def health(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show how the sources did: calls, answers from the store, failures, latency, money.

    Latency is of the fetches for which a source was asked. Spent is what was paid, late answers
    included; saved is the price of the answers that were in the store.

    Examples:

        tael sources health
        tael sources health --days 30 --json
    """
    from tael.app import sources
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        found = sources.health(work, days)
    show(
        {"days": days, "currency": "CNY", "sources": found},
        lambda screen: screen.print(_health(found, days)),
        as_json=as_json,
    )


def _health(found: Sequence[model.SourceHealth], days: int) -> object:
    columns = (
        "source", "fetches", "asked", "stored", "late", "p50 ms", "p95 ms", "spent", "saved",
        "breaker", "codes",
    )  # fmt: skip
    rows = [
        (
            one.source,
            one.reads,
            one.asked,
            one.hits,
            one.late,
            one.p50_ms,
            one.p95_ms,
            Money(one.spent_minor),
            Money(one.saved_minor),
            " ".join(f"{who}:{state.value}" for who, state in one.breaker.items()) or "closed",
            " ".join(f"{code}:{count}" for code, count in sorted(one.codes.items())),
        )
        for one in found
    ]
    return table(f"Sources in the last {days} days", columns, rows)


@group.command()
def routes(
    ctx: typer.Context,
    on: Annotated[str | None, typer.Option("--on", help="A day; else today.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who may ask which source about whom, on which way, on a day.

    Example:

        tael sources routes --on 2026-01-01
    """
    from tael.app import sources
    from tael.kernel import day_of
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        day = Day.parse(on, field="on") if on else day_of(work.clock.now())
        found = sources.routes(work, day)
    columns = ("source", "about", "asked by", "way", "mode", "since", "basis")
    rows = [
        (r.source, r.subject_kind, r.entity_kind, r.way, r.mode.value, r.since, r.basis)
        for r in found
    ]
    show(
        {"day": day, "routes": found},
        lambda screen: screen.print(table(f"Routes on {day}", columns, rows)),
        as_json=as_json,
    )


@group.command("add-route")
def add_route(
    ctx: typer.Context,
    source: Annotated[str, typer.Option("--source", help="Which source.")],
    about: Annotated[str, typer.Option("--about", help="person, enterprise or market.")],
    entity: Annotated[str, typer.Option("--entity", help="platform, guarantor or bank.")],
    way: Annotated[
        str,
        typer.Option("--way", help="direct, licensed_bureau, published, bank_verdict or none."),
    ],
    since: Annotated[str, typer.Option("--since", help="Its first day.")],
    basis: Annotated[str, typer.Option("--basis", help="The agreement or rule it rests on.")],
    login: Annotated[str, typer.Option("--as", help="Your login; the password is asked for.")],
    from_input: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write down who may ask a source, from a day on; the way none ends it.

    Personal credit data takes no way but a licensed bureau; bank_verdict shows what a bank made of
    the report and nothing of the report.

    Example:

        tael sources add-route --source bureau --about person --entity platform --way bank_verdict --since 2026-01-01 --basis "agreement 12" --as zhao
    """  # noqa: E501 - a command stands in one line
    from tael.app import sources
    from tael.origination.sources import model

    mode = model.Mode.VERDICT_ONLY if way == "bank_verdict" else model.Mode.FULL
    route = model.Route(source, about, entity, way, mode, Day.parse(since, field="since"), basis)
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, "approve", "parameter")
        with house.database.begin(actor) as work:
            sources.add_route(work, route)
    told = f"{source} about a {about} for the {entity}: {way} from {since}"
    show({"route": route}, lambda _: put(told), as_json=as_json)


@group.command()
def key(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the public key with which this installation signs authorisations.

    Sources check with it that an authorisation is ours. Examples:

        tael sources key
    """
    from tael.app.sources import signer_of

    told = signer_of(settings_of(ctx)).public_key.hex()
    show({"public_key": told}, lambda _: put(told), as_json=as_json)
