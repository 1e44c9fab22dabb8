"""The order of sources, learnt from what each settled in the log."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tael.kernel import DecisionId, FixedClock, VersionId
from tael.platform import SYSTEM, Database, Work
from tael.policies.flow.order import ranked
from tael.policies.flow.plan import REFER, USE, FlowPlan, SourceRule, Stage
from tael.policies.live import learn_order, order_of

BOTH = ("court", "tax")
# How a decision came about, who was asked in turn beside whom, and how often it is in the log.
LOGGED = (
    ("early", (("court", BOTH), ("tax", ("tax",))), 6),
    ("complete", (("tax", BOTH),), 4),
    ("early", (("court", BOTH),), 1),
    ("degraded", (("court", BOTH),), 9),
    ("early", (), 3),
)


def log(work: Work, version: VersionId, *, told: bool = True) -> None:
    # No version stands behind these rows: only what they say of sources is looked at.
    work.connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    now, rows = work.clock.now(), [row for *row, times in LOGGED for _ in range(times)]
    for number, (how, asked) in enumerate(rows):
        fetched = [{"source": name, **({"wanted": list(wanted)} if told else {})}
                   for name, wanted in asked]  # fmt: skip
        context = {"flow": {"fetched": fetched, "how": how}}
        key = DecisionId.derive(now - timedelta(days=number), version, number)
        work.connection.exec_driver_sql(
            "INSERT INTO policies.decision_log (id, application_id, policy_id, key, as_of, "
            "recorded_by, inputs, inputs_hash, parameters, result, result_hash, trace, "
            "elapsed_us, context, timings) VALUES (%s, 'app', %s, %s, %s, 'wang', '{}', '', "
            "'{}', '{}', '', '{}', 1, %s, '{}')",
            (key, str(version), key, now, json.dumps(context, separators=(",", ":"))),
        )


def plan(court: int, tax: int) -> FlowPlan:
    rules = {
        name: SourceRule(name, cost, 1000, 30, REFER, USE, ())
        for name, cost in (("court", court), ("tax", tax))
    }
    return FlowPlan((Stage("all", BOTH),), rules, {}, "all")


def test_the_source_that_settles_more_for_its_price_goes_first(
    database: Database, clock: FixedClock
) -> None:
    version, other = (VersionId.derive(clock.now(), name) for name in ("one", "other"))
    with database.begin(SYSTEM) as work:
        log(work, version)
        too_few = learn_order(work, version)
        learnt = learn_order(work, version, fewest=11)
        again = learn_order(work, version, fewest=11)
        kept = order_of(work, version)
        assert order_of(work, other) is None

    assert (too_few, again) == (None, None)
    assert learnt is not None
    assert kept == learnt
    assert (learnt.number, learnt.decisions) == (1, 11)
    assert json.loads(learnt.turns) == [
        ["court", ["tax"], 7, 1], ["tax", [], 6, 6], ["tax", ["court"], 4, 4],
    ]  # fmt: skip
    wanted = frozenset(BOTH)
    # (1 + 1) / (7 + 2) against (4 + 1) / (4 + 2): tax may cost up to 3.75 times as much.
    for prices, first in (((100, 374), "tax"), ((100, 376), "court")):
        assert ranked(plan(*prices), wanted, learnt.history)[0] == first
    assert set(learnt.as_json()) == {"number", "decisions", "hash"}


def test_rows_that_do_not_tell_who_was_wanted_teach_nothing(
    database: Database, clock: FixedClock
) -> None:
    version = VersionId.derive(clock.now(), "old")
    with database.begin(SYSTEM) as work:
        log(work, version, told=False)
        assert learn_order(work, version, fewest=1) is None


def test_an_order_is_never_changed(database: Database, clock: FixedClock) -> None:
    version = VersionId.derive(clock.now(), "kept")
    with database.begin(SYSTEM) as work:
        log(work, version)
        assert learn_order(work, version, fewest=1) is not None
    with (
        pytest.raises(sa.exc.DatabaseError, match="append-only"),
        database.begin(SYSTEM) as work,
    ):
        work.connection.exec_driver_sql("UPDATE policies.source_order SET decisions = 2")
