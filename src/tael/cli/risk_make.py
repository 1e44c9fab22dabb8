"""``tael risk select|train|calibrate|tiers|evaluate``: the steps of a model, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.exits import ExitCode
from tael.cli.output import AsJson, progress, say, show, table

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.risk.pipeline import Evaluation, Grouped


Config = Annotated[Path, typer.Argument(help="The configuration of the model, a YAML file.")]
Model = Annotated[Path, typer.Option("--model", help="The folder of the model.")]


def select(config: Config, model: Model, as_json: AsJson = False) -> None:
    """Choose the variables of a model, with a reason for each kept and dropped.

    Runs inside the training period alone. Writes funnel.json (all of it), funnel.csv, future.json
    (columns of the form that knew the future) and kept.txt, the names for
    `tael variables backfill --columns`.

    Examples:

        tael risk select model.yaml --model model
    """
    from tael.risk.pipeline import ModelFolder, read_config, run_selection

    read, folder = read_config(config), ModelFolder(model)
    with watched(quiet=as_json) as observe:
        funnel = run_selection(read, folder, observe=observe)
    folder.write("funnel.csv", funnel.to_csv())
    data = {
        "kept": len(funnel.kept),
        "offered": len(funnel.fates),
        "steps": {step.code: [step.entered, step.dropped] for step in funnel.steps},
        "future": folder.read_json("future.json"),
        "relaxations": [each.words.en for each in funnel.relaxations],
        "hash": funnel.hash,
    }

    def draw(screen: Console) -> None:
        rows = [(step.words.en, step.entered, step.dropped) for step in funnel.steps]
        screen.print(table("Funnel", ("step", "entered", "dropped"), rows))
        for name, reason in folder.read_json("future.json").items():
            screen.print(f"{name} is left out: {reason}")
        for each in funnel.relaxations:
            screen.print(each.words.en)
        screen.print(f"{len(funnel.kept)} of {len(funnel.fates)} kept; {funnel.hash}")

    show(data, draw, as_json=as_json)


def train(config: Config, model: Model, as_json: AsJson = False) -> None:
    """Train the configured model on the variables that were selected.

    Writes model.json and training.json, the record with the hashes of rows, code and settings.

    Examples:

        tael risk train model.yaml --model model
    """
    from tael.app.variable_facts import facts
    from tael.risk.pipeline import ModelFolder, read_config, run_training

    read, folder = read_config(config), ModelFolder(model)
    known = facts(folder.read_json("funnel.json")["kept"])
    with watched(quiet=as_json) as observe:
        trained = run_training(read, folder, known, observe)
    record = dict(trained.record)

    def draw(screen: Console) -> None:
        screen.print(table("Training", ("what", "value"), list(record.items())))

    show(record, draw, as_json=as_json)


def calibrate(config: Config, model: Model, as_json: AsJson = False) -> None:
    """Calibrate the trained model on the latest matured cohorts, anchor it, set its tiers.

    Writes rated.json: all that scoring needs.

    Examples:

        tael risk calibrate model.yaml --model model
    """
    from tael.risk.pipeline import ModelFolder, read_config, run_calibration

    read = read_config(config)
    with watched(quiet=as_json) as observe:
        rated = run_calibration(read, ModelFolder(model), observe)
    curve = rated.calibrator.curve_
    data = {
        "method": curve.method,
        "parameters": list(curve.parameters),
        "anchor": rated.anchor,
        "bounds": [str(bound) for bound in rated.bounds],
        "hash": rated.hash,
    }

    def draw(screen: Console) -> None:
        screen.print(f"{curve.method}, anchor {rated.anchor:+.4f}")
        screen.print("tiers up to " + ", ".join(str(bound) for bound in rated.bounds))
        screen.print(rated.hash)

    show(data, draw, as_json=as_json)


def evaluate(
    config: Config,
    model: Model,
    segment: Annotated[
        list[str] | None, typer.Option("--segment", help="A column of the outcomes to judge by.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="A column of the outcomes whose groups are compared."),
    ] = None,
    approve: Annotated[
        float, typer.Option("--approve", help="The share approved when groups are compared.")
    ] = 0.6,
    leak_level: Annotated[
        float, typer.Option("--leak-level", help="An AUC above it is taken for a leak.")
    ] = 0.9,
    report: Annotated[
        Path | None, typer.Option("--report", help="The page to write; NAME.zh.html beside it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the rated model on the test period, which nothing was chosen on.

    Ends with an error when the model ranks better than honest data can. Writes evaluation.json,
    and fairness.json with --group: approvals, calibration and ranks by group, each with a verdict,
    and the variables that tell groups apart.

    Examples:

        tael risk evaluate model.yaml --model model --segment industry --report report.html
        tael risk evaluate model.yaml --model model --group gender --group region --approve 0.5
    """
    from tael.app.model_report import write_report
    from tael.kernel import SystemClock
    from tael.risk.pipeline import (
        ModelFolder,
        read_config,
        read_model,
        run_evaluation,
        run_groups,
    )

    read, folder = read_config(config), ModelFolder(model)
    rated = read_model(model / "rated.json")
    found = run_evaluation(read, folder, rated, segment or (), leak_level)
    grouped = run_groups(read, folder, rated, (group, approve)) if group else None
    if report is not None:
        write_report(read, folder, rated, found, (report, SystemClock().now()))
        say(f"{report} and {report.with_suffix('.zh.html').name} written")

    data = found.to_json() | ({"groups": grouped.to_json()} if grouped else {})
    show(data, lambda screen: _judged(screen, found, grouped), as_json=as_json)
    if found.leak is not None:
        auc, level = (found.leak.detail[name] for name in ("auc", "level"))
        say(
            f"tael: the test AUC is {auc}, above {level} (--leak-level): taken for a leak, since "
            "honest data does not rank so well"
        )
        raise typer.Exit(int(ExitCode.ALARM))


def _judged(screen: Console, found: Evaluation, grouped: Grouped | None) -> None:
    rows = [
        (one.key, one.rows, one.bads, _figure(one.auc), _figure(one.ks)) for one in found.by_year
    ]
    screen.print(table("Ranks", ("year", "rows", "bads", "AUC", "KS"), rows))
    gaps = [
        (gap.key, f"{gap.pd_mean:.4f}", f"{gap.observed.value:.4f}", f"{gap.ratio.value:.2f}")
        for gap in found.gaps
    ]
    screen.print(table("Calibration", ("year", "predicted", "observed", "ratio"), gaps))
    for one in grouped.fairness if grouped else ():
        words = [(each.words.en,) for each in one.findings]
        screen.print(table(f"Groups of {one.attribute}", ("finding",), words))
        screen.print(one.summary().en)


def _figure(found: object) -> str:
    if found is None:
        return "-"
    value, low, high = (getattr(found, name) for name in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def tiers(config: Config, model: Model, as_json: AsJson = False) -> None:
    """Show default rates by tier and year on the test period, and whether they rise.

    Examples:

        tael risk tiers model.yaml --model model --json
    """
    from tael.risk.pipeline import ModelFolder, judged_on_test, read_config, read_model

    read, folder = read_config(config), ModelFolder(model)
    found = judged_on_test(read, folder, read_model(model / "rated.json")).tiers

    def draw(screen: Console) -> None:
        rows = [
            (row.vintage, f"R{row.tier}", row.rows, row.bads, f"{row.pd_mean:.4f}",
             f"{row.observed.value:.4f} ({row.observed.low:.4f}-{row.observed.high:.4f})")
            for row in found.rows
        ]  # fmt: skip
        screen.print(
            table("Tiers", ("year", "tier", "loans", "bads", "mean PD", "default rate"), rows)
        )
        for one in found.rises:
            screen.print(f"{one.vintage}: {one.verdict}")

    show(found.to_json(), draw, as_json=as_json)


@contextmanager
def watched(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A bar that names the step at work."""
    with progress(quiet=quiet) as bars:
        task = bars.add_task("reading", total=None)
        yield lambda step: bars.update(task, description=step)
