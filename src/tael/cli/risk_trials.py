"""``tael risk challenge|rejects``: a model against another, and against those it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.output import AsJson, show, table
from tael.cli.risk_make import Config, Model

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console


def challenge(
    config: Config,
    other: Annotated[Path, typer.Argument(help="The configuration of the challenger.")],
    model: Annotated[Path, typer.Option("--model", help="The folder of the champion.")],
    challenger: Annotated[Path, typer.Option("--challenger", help="That of the challenger.")],
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="A column of the outcomes whose groups must not lose."),
    ] = None,
    rule: Annotated[
        Path | None,
        typer.Option("--rule", help="The promotion rule, a JSON file; else the one built in."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a challenger against the champion by the written promotion rule.

    Both score the champion's test rows that came after both were built. The verdict is written to
    challenge.json in both folders, with the rule, and stands on their cards. Promoted only when
    every clause holds; the registry's champion changes by signature, not here.

    Examples:

        tael risk challenge model.yaml other.yaml --model model --challenger other --group region
    """
    from tael.risk.pipeline import Candidate, ModelFolder, read_config, read_rule, run_challenge

    written = read_rule(rule)
    champion = Candidate.of(read_config(config), ModelFolder(model))
    rival = Candidate.of(read_config(other), ModelFolder(challenger))
    found = run_challenge(champion, rival, written, group or ())

    def draw(screen: Console) -> None:
        clauses = [(one.words.en,) for one in found.clauses]
        screen.print(table(f"Promotion rule {written.version}", ("clause",), clauses))
        parts = []
        for name in ("both", "swapped_in", "swapped_out", "neither"):
            part = getattr(found.swap, name)
            rate = f"{part.bad.rate.value:.2%}" if part.bad.rate else "-"
            parts.append((name.replace("_", " "), part.rows, f"{part.share:.1%}", rate))
        screen.print(table("Swap set", ("approved by", "rows", "share", "bad rate"), parts))
        screen.print(f"{found.summary().en}; {found.rows} rows, {found.bads} bad; {found.hash}")

    show(found.to_json() | {"hash": found.hash}, draw, as_json=as_json)


def rejects(
    config: Config,
    model: Model,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="A way of inference; all that have evidence if left out."),
    ] = None,
    truth: Annotated[
        str, typer.Option("--truth", help="The column that later rows are judged by.")
    ] = "bad",
    random: Annotated[
        str, typer.Option("--random", help="A column of 1 where chance let an application in.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Compare ways of reject inference where what became of the declined is known.

    Models of the rated one's kind learn on the granted of the training period, with rows inferred
    for the declined, and are judged on all of the test: the column population of the outcomes
    tells them apart. Written to rejects.json, and told by the card; the model stays as it is.

    Examples:

        tael risk rejects model.yaml --model model --truth elsewhere
        tael risk rejects model.yaml --model model --method fuzzy --method parcelling
    """
    from tael.kernel import Refusal
    from tael.risk.pipeline import (
        ModelFolder,
        RejectTrial,
        read_config,
        read_model,
        reject_figures,
        run_rejects,
    )

    asked = RejectTrial(truth=truth, random=random, methods=tuple(method or ()))
    rated = read_model(model / "rated.json")
    found = run_rejects(read_config(config), ModelFolder(model), rated, asked)
    told = reject_figures(found)

    def draw(screen: Console) -> None:
        rows: list[tuple[str, ...]] = []
        for name, one in found.items():
            if isinstance(one, Refusal):
                rows.append((name, "-", "-", "-", "-", told[name]["why"]))
                continue
            levels = (one.rejected, one.accepted)
            aucs = (f"{one.auc[of].value:.3f}" for of in ("everyone", "rejected"))
            rows.append((name, *aucs, *(f"{level.ratio:.2f}" for level in levels), ""))
        columns = ("method", "AUC", "AUC of declined", "predicted / true, declined", "granted", "")
        screen.print(table("Reject inference", columns, rows))

    show(told, draw, as_json=as_json)
