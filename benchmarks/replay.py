"""Decisions of six versions and three models made again from raw events; prints one JSON object.

Run: ``uv run python benchmarks/replay.py --economy DIR [--decisions 10500] [--sample 10000]``,
where DIR is what `tael economy build` made.

A new installation decides random applications of random borrowers live (`tael.policies.live`), from
raw events in batches as a worker of `tael serve` does, while the policy changes under it: three
changes of rules, prices and menu and two of the model, each drafted, checked, approved by a second
person and deployed. Then `tael policies replay --sample` makes a random sample of the log again, in
a process of its own that has none of the versions in memory. All must come out bit for bit, and
every version and model must be among them: so few decisions are left out that it cannot miss one.

A check that cannot fail shows nothing: afterwards a result, an input, a trace and the raw events of
some decisions are changed behind the installation's back, and the same command must name exactly
those decisions and end with 6. Ends with 1 unless all of that is so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa
from decisioning_peers.workload import Workload, make
from rich.console import Console
from variables_rivals.environments import cache

from tael.app.installation import Installation, open_installation
from tael.kernel import ApplicationId, Money, VersionId
from tael.platform import SYSTEM, Actor, Settings
from tael.policies import Bundle
from tael.policies.live import Answer, Evidence, Lane, Request

SAY = Console(stderr=True, highlight=False)
TAEL = str(Path(sys.executable).with_name("tael"))
BATCH, SEED = 32, "replay-2026"
CHANGED = 6  # the command's exit code where something differs
Edit = Callable[[Bundle], Bundle]
_LOG = sa.table(
    "decision_log", *map(sa.column, ("id", "inputs", "result", "trace", "context")),
    schema="policies",
)  # fmt: skip


def main() -> None:
    asked = _options()
    workload = make(asked.economy, asked.borrowers, asked.cache)
    with tempfile.TemporaryDirectory(dir=asked.cache) as folder:
        settings = Settings(data_dir=Path(folder))
        with open_installation(settings) as house:
            made = _decided(house, workload, asked.decisions)
        again, code = _replayed(Path(folder), asked.sample)
        with open_installation(settings) as house:
            where = _whose(house)
            changed = _changed(house)
        found, alarm = _replayed(Path(folder), asked.decisions)
    named = {each["decision_id"]: each["what"] for each in found["deviations"]}
    left_out = asked.decisions - asked.sample
    reached = {
        "all_equal": code == 0 and again["equal"] == again["looked"] == asked.sample,
        "all_from_raw_events": again["on_evidence"] == asked.sample,
        "every_version_and_model_looked_at": min(where["versions"].values()) > left_out
        and len(where["versions"]) == 1 + len(CHANGES) and len(where["models"]) == 1 + MODELS,
        "what_was_changed_is_named": alarm == CHANGED and named == changed,
    }  # fmt: skip
    told = {
        "benchmark": "replay",
        **made,
        "by_version": [*where["versions"].values()],
        "by_model": [*where["models"].values()],
        "outcomes": where["outcomes"],
        "looked": again["looked"],
        "equal": again["equal"],
        "on_evidence": again["on_evidence"],
        "replay_s": again["seconds"],
        "replay_us_each": round(1e6 * again["seconds"] / again["looked"]),
        "changed_behind_its_back": sorted(changed.values()),
        "named_by_replay": sorted(named.values()),
        "reached": reached,
        "machine": {"processors": len(os.sched_getaffinity(0)), "machine": platform.machine()},
        "load_average": os.getloadavg()[0],
    }
    print(json.dumps(told, indent=1))
    if not all(reached.values()):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--borrowers", type=int, default=3_000)
    parser.add_argument("--decisions", type=int, default=10_500)
    parser.add_argument("--sample", type=int, default=10_000)
    parser.add_argument("--cache", type=Path, default=cache().parent / "decisioning")
    return parser.parse_args()


# --- what changes between versions


def _cut(bundle: Bundle) -> Bundle:
    """Two enquiries of the owner in a quarter are the most, instead of three."""
    return replace(bundle, dmn=_edited(bundle.dmn, "<text>&gt; 3</text>", "<text>&gt; 2</text>"))


def _dearer(bundle: Bundle) -> Bundle:
    """A row of the price table asks for another fee."""
    return replace(bundle, dmn=_edited(bundle.dmn, "<text>0.082</text>", "<text>0.085</text>"))


def _menu(bundle: Bundle) -> Bundle:
    """Paying interest first lends half of the limit."""
    text = _edited(bundle.prices, '"limit_share": "0.6"', '"limit_share": "0.5"')
    return replace(bundle, prices=text)


def _recalibrated(bundle: Bundle) -> Bundle:
    """A model that expects a tenth more of defaults."""
    told = json.loads(bundle.model)
    told["intercept"] = round(told["intercept"] + 0.1, 8)
    return replace(bundle, model=_canonical(told))


def _shorter(bundle: Bundle) -> Bundle:
    """A model without its last characteristic."""
    told = json.loads(bundle.model)
    told["characteristics"].pop()
    return replace(bundle, model=_canonical(told))


CHANGES: tuple[Edit, ...] = (_cut, _recalibrated, _dearer, _shorter, _menu)
MODELS = 2  # of the changes


def _edited(text: str, old: str, new: str) -> str:
    if old not in text:
        raise SystemExit(f"nothing to change: {old}")
    return text.replace(old, new, 1)


def _canonical(told: dict[str, Any]) -> str:
    from tael.risk import Scorecard  # noqa: PLC0415 - a model is written as its room writes it

    return Scorecard.from_json(json.dumps(told)).to_json()


# --- decisions, live


def _decided(house: Installation, workload: Workload, decisions: int) -> dict[str, Any]:
    """Random applications under one version after another; how long deciding took."""
    lane, chance = Lane(house.policies), random.Random(SEED)  # noqa: S311 - no secret
    _installed(house, workload, lane)
    bundle, seconds = Bundle(**workload.texts), 0.0
    shares = _shares(decisions, 1 + len(CHANGES))
    numbers = iter(range(decisions))
    for change, share in zip((None, *CHANGES), shares, strict=True):
        bundle = bundle if change is None else change(bundle)
        version = _in_force(house, bundle, "first" if change is None else change.__doc__ or "")
        SAY.print(f"{version}: {share} decisions")
        asked = [_request(workload, chance, next(numbers)) for _ in range(share)]
        for begin in range(0, share, BATCH):
            started = time.perf_counter()
            with house.database.begin(SYSTEM) as work:
                some = [("bench", each) for each in asked[begin : begin + BATCH]]
                answers = lane.decide(work, some)
            seconds += time.perf_counter() - started
            _refuse_unanswered(answers, version)
    return {
        "decisions": decisions,
        "borrowers": len(workload.borrowers),
        "variables": len(workload.names),
        "policy_changes": len(CHANGES) - MODELS,
        "model_changes": MODELS,
        "deciding_s": round(seconds, 2),
    }


def _shares(whole: int, parts: int) -> Iterator[int]:
    return (whole * (part + 1) // parts - whole * part // parts for part in range(parts))


def _refuse_unanswered(answers: list[Any], version: VersionId) -> None:
    for answer in answers:
        if not isinstance(answer, Answer):
            raise SystemExit(f"not decided: {answer}")
        if answer.entry.policy_id != version or answer.repeated:
            raise SystemExit(f"{answer.entry.id} was decided by {answer.entry.policy_id}")


def _request(workload: Workload, chance: random.Random, number: int) -> Request:
    """A random borrower who asks for a random amount of what others ask for."""
    who = chance.randrange(len(workload.borrowers))
    at = datetime.fromisoformat(workload.asof)
    return Request(
        application_id=ApplicationId.derive(at, f"replay-{number}"),
        amount=Money(chance.choice(workload.amounts_minor), "CNY"),
        months=chance.choice(workload.months),
        borrower=workload.borrowers[who],
        as_of=at,
    )


def _installed(house: Installation, workload: Workload, lane: Lane) -> None:
    at = datetime.fromisoformat(workload.asof)
    table = pq.read_table(workload.folder / "borrowers.parquet", columns=["borrower", "stored"])
    with house.database.begin(SYSTEM) as work:
        house.parameters.install_defaults(work)
        for row in table.to_pylist():
            lane.keep(work, Evidence(row["borrower"], at, "{}", row["stored"]))


def _in_force(house: Installation, bundle: Bundle, name: str) -> VersionId:
    """Draft, check, approval by another person, deployment."""
    policies = house.policies
    with house.database.begin(Actor("user", "author")) as work:
        version = policies.draft(work, name, bundle).id
        for finding in policies.check(work, version).open:
            policies.accept_finding(work, version, finding.id, "known, of no weight here")
        if not policies.check(work, version).passed:
            raise SystemExit(f"{name}: not checked")
        policies.waive_backtest(work, version, "the replay is measured, not the policy")
    with house.database.begin(Actor("user", "second")) as work:
        policies.approve(work, version)
        policies.deploy(work, version, why=f"{name}: what is replayed later")
    return version


# --- the log: whose it is, made again, changed


def _replayed(home: Path, size: int) -> tuple[dict[str, Any], int]:
    """What the command prints, its time, and its exit code."""
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - this package's own command
        [TAEL, "policies", "replay", "--sample", str(size), "--seed", SEED, "--json"],
        check=False, capture_output=True, text=True,
        env={**os.environ, "TAEL_HOME": str(home)},
    )  # fmt: skip
    if not done.stdout:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "seconds": round(time.perf_counter() - started, 2)}, done.returncode


def _whose(house: Installation) -> dict[str, dict[str, int]]:
    """Decisions by version, model and outcome."""
    by = {
        "versions": "d.policy_id",
        "models": "v.hashes->>'model'",
        "outcomes": "d.result::jsonb->>'outcome'",
    }
    columns = {name: f"SELECT {what} AS it, count(*) AS many" for name, what in by.items()}
    rest = (
        " FROM policies.decision_log d JOIN policies.policy_version v ON v.id = d.policy_id"
        " GROUP BY 1 ORDER BY min(d.id)"
    )
    with house.database.begin(SYSTEM) as work:
        return {
            name: {str(row.it): row.many for row in work.connection.execute(sa.text(text + rest))}
            for name, text in columns.items()
        }


def _changed(house: Installation) -> dict[str, str]:
    """Change four decisions where only the database's owner can; what of which, by id."""
    log, own = _LOG, sa.func.regexp_replace
    turnover = '"turnover_12m":'
    edits: dict[str, dict[str, Any]] = {
        "result": {"result": sa.func.replace(log.c.result, '"tier"', '"tear"')},
        "inputs": {"inputs": own(log.c.inputs, turnover + "[-0-9.]+", turnover + "1")},
        "trace": {"trace": "{}"},
        "evidence": {"context": own(log.c.context, '("evidence":"[0-9a-f]{60}).{4}', r"\1zzzz")},
    }
    with house.database.begin(SYSTEM) as work:
        run = work.connection.execute
        ids = [row.id for row in run(sa.select(log.c.id).order_by(sa.func.md5(log.c.id)).limit(4))]
        run(sa.text("ALTER TABLE policies.decision_log DISABLE TRIGGER ALL"))
        for decision, edit in zip(ids, edits.values(), strict=True):
            run(sa.update(log).where(log.c.id == decision).values(**edit))
        run(sa.text("ALTER TABLE policies.decision_log ENABLE TRIGGER ALL"))
    changed = dict(zip(edits, ids, strict=True))
    return {decision: what for what, decision in changed.items()}


if __name__ == "__main__":
    main()
