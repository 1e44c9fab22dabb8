"""``tael risk``: from outcomes and variables to a rated model, step by step."""

from __future__ import annotations

import typer

from tael.cli import risk_label, risk_make, risk_trials, risk_use

group = typer.Typer(help="Risk models: bin, select, train, calibrate, judge, watch.",
                    no_args_is_help=True)  # fmt: skip
group.command()(risk_label.label)
group.command(name="bin")(risk_label.bins)
group.command()(risk_make.select)
group.command()(risk_make.train)
group.command()(risk_make.calibrate)
group.command()(risk_make.tiers)
group.command()(risk_make.evaluate)
group.command()(risk_trials.challenge)
group.command()(risk_trials.rejects)
group.command()(risk_use.monitor)
group.command()(risk_use.card)
group.command()(risk_use.score)
