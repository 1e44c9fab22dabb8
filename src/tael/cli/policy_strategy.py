"""``tael policies strategy``: prices and limits by tier and segment for targets, as a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import opened, person
from tael.cli.output import AsJson, progress, put, say, show, table
from tael.cli.policy_acting import FromInput
from tael.kernel import BadInput, Day, NotFound, Rate, VersionId

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.app.installation import Installation
    from tael.app.strategy_work import Strategy
    from tael.platform import Actor
    from tael.policies.model import PolicyVersion

_CAP = "cap.all_in"


def strategy(
    ctx: typer.Context,
    targets: Annotated[
        Path, typer.Option("--targets", help="The settings of the strategy, a YAML file.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    book: Annotated[
        Path | None, typer.Option("--book", help="Applications, a CSV or Parquet file.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option("--history", help="A history: a folder of Parquet files.")
    ] = None,
    answer_only: Annotated[
        bool,
        typer.Option("--answer-only", help="Leave out frontier, quarters and other worlds."),
    ] = False,
    draft_from: Annotated[
        str | None,
        typer.Option("--draft-from", help="Put the table into this version's rules, as a draft."),
    ] = None,
    login: Annotated[
        str | None, typer.Option("--as", help="Your login, for a draft; the password is asked for.")
    ] = None,
    from_input: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Search the prices and limits that reach a share of R1-R3, and what they cost.

    Writes strategy.json, strategy.csv, strategy.dmn (the proposed table) and the page report.html
    with report.zh.html into the folder. With --draft-from the table becomes a draft of the policy,
    to be checked, back-tested and approved like any other. Ends with 4 when the targets contradict
    each other; the page then says which, and how little must give way.

    Examples:

        tael policies strategy --book book.csv --targets strategy.yaml --out prime
        tael policies strategy --book book.csv --targets s.yaml --out prime --as lin --draft-from ID
    """
    asked = _Asked(targets, _source(book, history), answer_only)
    if draft_from is None:
        found = _searched(asked, out, quiet=as_json)
        drafted = None
    else:
        with _drafting(ctx, draft_from, login, from_input=from_input) as (house, actor, version):
            found = _searched(asked, out, quiet=as_json, house=house)
            drafted = _drafted(house, actor, version, found, out)
    _tell(found, drafted, out, as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    """What a strategy is made of, and how much of it."""

    targets: Path
    source: Path
    answer_only: bool


def _source(book: Path | None, history: Path | None) -> Path:
    if book is not None and history is None:
        return book
    if history is not None and book is None:
        return history
    raise BadInput("give --book or --history", field="book", rule="one of the two")


def _searched(
    asked: _Asked, out: Path, *, quiet: bool, house: Installation | None = None
) -> Strategy:
    """The strategy, written down; a contradiction is written down before it is raised."""
    from tael.app.strategy_files import write
    from tael.app.strategy_settings import read_settings
    from tael.app.strategy_work import strategy_of

    capped = () if house is None else (_cap_of(house),)
    settings = read_settings(asked.targets, *capped)
    with progress(quiet=quiet) as bars:
        task = bars.add_task("reading", total=None)
        found = strategy_of(
            settings,
            asked.source,
            lambda step: bars.update(task, description=step),
            answer_only=asked.answer_only,
        )
    for path in write(found, out):
        say(f"Wrote {path}")
    found.answer  # noqa: B018 - raises when there is none
    return found


def _cap_of(house: Installation) -> Callable[[Day], Rate | None]:
    """The installation's dated cap; None on a day for which it has none."""
    from tael.platform import SYSTEM

    def cap_on(day: Day) -> Rate | None:
        with house.database.begin(SYSTEM) as work:
            try:
                return house.parameters.rate(work, _CAP, day)
            except NotFound:
                return None

    return cap_on


@contextmanager
def _drafting(
    ctx: typer.Context, draft_from: str, login: str | None, *, from_input: bool
) -> Iterator[tuple[Installation, Actor, VersionId]]:
    """An installation with somebody who may draft, and the version to begin from."""
    if login is None:
        raise BadInput("a draft is somebody's; give --as", field="as", rule="a login")
    version = VersionId.parse(draft_from, field="draft-from")
    with opened(ctx) as house:
        actor = person(house, login, from_input=from_input)
        house.permissions.require(actor, "propose", "policy")
        yield house, actor, version


def _drafted(
    house: Installation, actor: Actor, version: VersionId, found: Strategy, out: Path
) -> PolicyVersion:
    """The version with the strategy in its rules, kept as a draft; policy.dmn beside the rest."""
    from tael.app.strategy_table import proposed

    with house.database.begin(actor) as work:
        bundle = house.policies.bundle(work, version)
        rules = proposed(bundle.dmn, found.answer.offer, found.note)
        made = house.policies.draft(work, found.settings.name, replace(bundle, dmn=rules))
    (out / "policy.dmn").write_text(rules, encoding="utf-8")
    return made


def _tell(found: Strategy, drafted: PolicyVersion | None, out: Path, *, as_json: bool) -> None:
    from tael.app.strategy_files import as_json as plain

    data = plain(found) | {"version": drafted, "out": str(out)}
    data.pop("cells")

    def draw(screen: Console) -> None:
        screen.print(table(f"Prime strategy {found.settings.name}", _COLUMNS, _rows(found)))
        if drafted is not None:
            put(f"{drafted.id}: draft; look it through: tael policies check")

    show(data, draw, as_json=as_json)


_COLUMNS = ("offers", "R1-R3", "lent", "profit", "expected loss", "borrowers")


def _rows(found: Strategy) -> list[tuple[object, ...]]:
    from tael.app.strategy_work import share_of, yuan
    from tael.pricing.strategy import Answer

    stages = [
        (f"{stage.share:.2%}" if stage.share is not None else "no target", stage.outcome.offer)
        for stage in (found.free, *found.frontier)
        if isinstance(stage.outcome, Answer)
    ]
    return [
        (name, f"{share_of(offer):.2%}", f"{yuan(offer.total.volume):,.0f}",
         f"{yuan(offer.total.profit):,.0f}", f"{yuan(offer.total.loss):,.0f}",
         f"{offer.total.loans_micro / 10**6:,.1f}")
        for name, offer in (("today", found.today), *stages)
    ]  # fmt: skip
