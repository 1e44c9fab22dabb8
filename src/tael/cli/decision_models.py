"""``tael dmn``: decision models, without a database; each command stands in a file of its own."""

from __future__ import annotations

import typer

from tael.cli import (
    decision_check,
    decision_explain,
    decision_kit,
    decision_run,
    decision_tables,
    decision_verify,
)

group = typer.Typer(help="Decision models (DMN 1.5 files).", no_args_is_help=True)

group.command("run")(decision_run.run)
group.command("explain")(decision_explain.explain)
group.command("check")(decision_check.check)
group.command("verify")(decision_verify.verify)
group.command("convert")(decision_tables.convert)
group.command("tck")(decision_kit.tck)
