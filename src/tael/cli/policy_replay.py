"""``tael policies replay``: a sample of the log made again, from raw events where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.installation import opened
from tael.cli.output import AsJson, put, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

_SHOWN = 20


def replay(
    ctx: typer.Context,
    sample: Annotated[int, typer.Option(min=1, help="How many decisions.")] = 1_000,
    seed: Annotated[
        str, typer.Option(help="Chooses them; the same seed chooses the same. Today by default.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a sample of logged decisions again; 6 when one does not come out bit for bit.

    Each is made from its log row under the texts of then, and where it was made on raw events, its
    variables are computed from these again. The same is done with a sample at the end of every day.

    Examples:

        tael policies replay
        tael policies replay --sample 10000 --seed audit-2026
    """
    from tael.platform import SYSTEM
    from tael.policies.live import replay_sample

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        chosen = seed or work.clock.now().date().isoformat()
        found = replay_sample(work, house.lane, size=sample, seed=chosen)
    data = {
        "seed": chosen,
        "looked": found.looked,
        "equal": found.equal,
        "on_evidence": found.on_evidence,
        "deviations": found.deviations,
    }

    def draw(screen: Console) -> None:
        put(f"{found.equal} of {found.looked} decisions came out bit for bit, "
            f"{found.on_evidence} of them from raw events")  # fmt: skip
        if found.deviations:
            rows = [(d.decision_id, d.what, d.detail[:120]) for d in found.deviations[:_SHOWN]]
            screen.print(table("Deviations", ("decision", "what differs", "how"), rows))

    show(data, draw, as_json=as_json)
    if found.deviations:
        say("tael: decisions do not come out again: a log row, evidence or an engine has changed")
        raise typer.Exit(ExitCode.ALARM)
