"""``tael ledger``: the proof of the books, their hash, and their balances."""

from __future__ import annotations

from typing import Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import opened
from tael.cli.output import AsJson, put, say, show, table
from tael.kernel import BadInput, Day, Money

group = typer.Typer(help="The books: proof, hash, balances.", no_args_is_help=True)


@group.command()
def verify(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Prove chain, hashes and balances.

    Every entry is read; the command ends with 6 when anything is wrong.

    Example:

        tael ledger verify --json
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        proof = house.rooms(work).ledger.verify()

    def draw(_screen: object) -> None:
        put(f"{proof.batches} batches, {proof.entries} entries, {proof.unsealed} not yet chained")
        put("\n".join(proof.faults) or "The books are sound.")

    show(
        {
            "sound": proof.sound,
            "batches": proof.batches,
            "entries": proof.entries,
            "unsealed": proof.unsealed,
            "head": proof.head,
            "faults": proof.faults,
        },
        draw,
        as_json=as_json,
    )
    if not proof.sound:
        say(f"tael: {len(proof.faults)} faults in the books; stop posting and restore a backup")
        raise typer.Exit(ExitCode.ALARM)


@group.command("hash")
def content_hash(
    ctx: typer.Context,
    by_day: Annotated[
        bool, typer.Option("--by-day", help="The hash of each book and day, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the hash of what was booked.

    The same business content gives the same hash.

    Row ids, keys and recorded times do not count, so two runs of one story can be compared.

    Examples:

        tael ledger hash
        tael ledger hash --by-day | diff - other.txt
    """
    from tael.platform import SYSTEM

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        ledger = house.rooms(work).ledger
        whole = ledger.content_hash()
        parts = ledger.content_hashes() if by_day else {}
    days = [
        {"book": book, "day": day, "hash": digest} for (book, day), digest in sorted(parts.items())
    ]

    def draw(_screen: object) -> None:
        for part in days:
            put(f"{part['book']} {part['day']} {part['hash']}")
        put(whole)

    show({"hash": whole, "days": days} if by_day else {"hash": whole}, draw, as_json=as_json)


@group.command("trial-balance")
def trial_balance(
    ctx: typer.Context,
    book: Annotated[
        str, typer.Option("--book", help="B bank mirrors, G guarantor, P platform, C clearing.")
    ] = "",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Effective day; everything when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the balance of every account.

    Debit is above zero; one row per owner, currency and basis.

    Examples:

        tael ledger trial-balance --book G
        tael ledger trial-balance --as-of 2025-06-30 --json
    """
    from tael.ledger import BOOKS, CHART
    from tael.platform import SYSTEM

    day = Day.parse(as_of, field="as-of") if as_of else None
    if book and book not in BOOKS:
        raise BadInput(
            f"there is no book {book!r}; use one of {', '.join(BOOKS)}",
            field="book",
            rule="a book of the chart of accounts",
        )
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        ledger = house.rooms(work).ledger
        found = [ledger.trial_balance(one, day) for one in ([book] if book else BOOKS)]
    rows = [
        {
            "book": balance.book,
            "account": row.account,
            "name": CHART[row.account].name_en,
            "owner": row.owner,
            "basis": row.basis,
            "net": Money(row.net_minor, row.currency),
        }
        for balance in found
        for row in balance.rows
        if row.net_minor
    ]
    title = f"Trial balance as of {day}" if day else "Trial balance"
    columns = ("book", "account", "name", "owner", "basis", "net (debit +)")
    show(
        {"as_of": day, "balanced": all(one.balanced for one in found), "rows": rows},
        lambda screen: screen.print(table(title, columns, (list(row.values()) for row in rows))),
        as_json=as_json,
    )
