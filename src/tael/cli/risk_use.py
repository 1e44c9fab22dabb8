"""``tael risk monitor|card|score``: a rated model at work."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, say, show, table
from tael.cli.risk_make import Config, Model, watched
from tael.cli.variables_inputs import day

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console


def score(
    model: Annotated[Path, typer.Argument(help="The rated model, rated.json.")],
    values: Annotated[list[Path], typer.Argument(help="Folders or tables of variables.")],
    out: Annotated[Path, typer.Option("--out", help="The Parquet file of scores to write.")],
    form: Annotated[
        Path | None,
        typer.Option("--form", help="Which rows, with what applicants filled in, as form.NAME."),
    ] = None,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="With up to four reasons a row, zh and en.")
    ] = False,
    expected: Annotated[
        str, typer.Option("--hash", help="The hash that the model must have.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Score rows: log odds, probability of default, tier, reasons.

    Refuses a model file that was changed, and variables of another plan than the model's.

    Examples:

        tael risk score model/rated.json training --out scores.parquet --reasons
    """
    import pyarrow.parquet as pq

    from tael.app.model_work import ToScore, score_rows
    from tael.risk.pipeline import read_model

    rated = read_model(model, expected=expected)
    found = score_rows(rated, ToScore(values, form, reasons))
    pq.write_table(found, out)
    tiers = Counter(found["tier"].to_pylist())
    data = {
        "out": out,
        "rows": found.num_rows,
        "model": rated.hash,
        "tiers": {f"R{tier}": tiers[tier] for tier in sorted(tiers)},
    }

    def draw(screen: Console) -> None:
        rows = [(f"R{tier}", tiers[tier]) for tier in sorted(tiers)]
        screen.print(table("Scores", ("tier", "rows"), rows))
        screen.print(f"{found.num_rows} rows; model {rated.hash}")

    show(data, draw, as_json=as_json)


def monitor(
    config: Config,
    model: Model,
    as_of: Annotated[str, typer.Option("--as-of", help="The day whose knowledge counts.")],
    months: Annotated[int, typer.Option("--months", help="Of a period: 1, 3, 6 or 12.")] = 3,
    report: Annotated[
        Path | None, typer.Option("--report", help="The page to write; NAME.zh.html beside it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch the model over its test period: drift, ranks, calibration, alarms on intervals.

    All applications are watched, those without an outcome too. They are held against the cohorts
    of the calibration, scored by models that knew none of them.
    Ends with exit code 6 where something must be done. Writes monitoring.json.

    Examples:

        tael risk monitor model.yaml --model model --as-of 2021-01-01 --report monitor.html
    """
    from tael.risk.monitoring import ACT, page
    from tael.risk.pipeline import ModelFolder, read_config, run_monitoring

    read, span = read_config(config), (day(as_of, "as_of"), months)
    with watched(quiet=as_json) as observe:
        found = run_monitoring(read, ModelFolder(model), span, observe)
    if report is not None:
        made = page(found)
        made.write(report, "en")
        made.write(report.with_suffix(".zh.html"), "zh")
        say(f"{report} and {report.with_suffix('.zh.html').name} written")

    def draw(screen: Console) -> None:
        rows = [
            (
                alarm.period.label, alarm.step, alarm.words.en, alarm.about or "the model",
                f"{alarm.figure.value:.3f} ({alarm.figure.low:.3f} to {alarm.figure.high:.3f})",
                f"{alarm.threshold:g}",
            )
            for alarm in found.alarms
        ]  # fmt: skip
        if rows:
            columns = ("period", "step", "what", "about", "figure", "threshold")
            screen.print(table("Alarms", columns, rows))
        screen.print(f"{len(rows)} alarms in {len(found.figures)} periods")

    show(json.loads(found.to_json()), draw, as_json=as_json)
    if found.unjudged:
        few = ", ".join(one.period.label for one in found.unjudged)
        least = found.settings.least_rows
        say(f"tael: not judged, under {least} applications: {few} (longer periods: --months)")
    if any(alarm.step == ACT for alarm in found.alarms):
        raise typer.Exit(int(ExitCode.ALARM))


def card(
    config: Config,
    model: Model,
    segment: Annotated[
        list[str] | None, typer.Option("--segment", help="A column of the outcomes to judge by.")
    ] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="What the model is for.")] = "",
    population: Annotated[
        str, typer.Option("--population", help="Whom it may be used on, and whom not.")
    ] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", help="What it must not be trusted with, a sentence each."),
    ] = None,
    registry: Annotated[
        Path | None, typer.Option("--registry", help="A registry to register the model in.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the model's card: card.json, card.md, card.html and the Chinese ones beside.

    It tells ranks, calibration and tiers of the test, by the segments of the last `evaluate` where
    none are named, and what `evaluate --group`, `challenge`, `rejects` and `monitor` found.

    Examples:

        tael risk card model.yaml --model model --segment industry --registry models
        tael risk card model.yaml --model model --purpose "Loans to small firms, up to 500,000"
    """
    from tael.app.model_work import card_of, register
    from tael.kernel import SystemClock
    from tael.risk.pipeline import (
        ModelFolder,
        judged_on_test,
        read_config,
        read_model,
        segments_before,
    )

    clock = SystemClock()
    read, folder = read_config(config), ModelFolder(model)
    rated = read_model(model / "rated.json")
    segments = segment or segments_before(folder, rated.hash)
    found = judged_on_test(read, folder, rated, segments)
    told = {"purpose": [purpose], "population": [population], "limits": limit or []}
    said = {code: [one for one in held if one.strip()] for code, held in told.items()}
    made = card_of(read, folder, rated, (found, clock.now()), said)
    folder.write("card.json", made.to_json())
    for locale, ending in (("en", ""), ("zh", ".zh")):
        folder.write(f"card{ending}.md", made.markdown(locale))
        made.page().write(model / f"card{ending}.html", locale)
    data = {"card": model / "card.json", "hash": made.hash, "missing": list(made.missing)}
    if registry is not None:
        data["registered"] = register((registry, clock), read, folder, rated)

    def draw(screen: Console) -> None:
        screen.print(f"card {made.hash}")
        screen.print("not measured: " + (", ".join(made.missing) or "nothing"))

    show(data, draw, as_json=as_json)
