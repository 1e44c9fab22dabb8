"""What staged decisions paid and spared, read from the log."""

from __future__ import annotations

import json
from datetime import timedelta

from tael.kernel import DecisionId
from tael.platform import SYSTEM, Database, Work
from tael.policies.live import Spending, spending

FLOWS = (
    {"fetched": [("bureau", 500), ("court", 60)], "skipped": [("tax", 300)]},
    {"fetched": [("bureau", 0)], "skipped": [("tax", 300), ("invoice", 400)]},
    None,
)


def _context(flow: dict[str, list[tuple[str, int]]] | None) -> str:
    if flow is None:
        return '{"arm":"champion"}'
    told = {
        kind: [{"cost_minor": cost, "source": source} for source, cost in rows]
        for kind, rows in flow.items()
    }
    return json.dumps({"arm": "champion", "flow": told}, separators=(",", ":"))


def _logged(work: Work) -> None:
    # No version stands behind these rows: only what they say of sources is looked at.
    work.connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    now = work.clock.now()
    for number, flow in enumerate(FLOWS):
        key = DecisionId.derive(now - timedelta(days=number), number)
        work.connection.exec_driver_sql(
            "INSERT INTO policies.decision_log (id, application_id, policy_id, key, as_of, "
            "recorded_by, inputs, inputs_hash, parameters, result, result_hash, trace, "
            "elapsed_us, context, timings) VALUES (%s, 'app', 'version', %s, %s, 'wang', '{}', '', "
            "'{}', '{}', '', '{}', 1, %s, '{}')",
            (key, f"key {number}", now, _context(flow)),
        )


def test_what_was_paid_and_spared_adds_up_by_source_and_period(database: Database) -> None:
    with database.begin(SYSTEM) as work:
        _logged(work)
        now = work.clock.now()
        soon = now + timedelta(milliseconds=1)
        assert spending(work, now - timedelta(days=7), soon) == [
            Spending("bureau", 2, 500, 0, 0),
            Spending("court", 1, 60, 0, 0),
            Spending("invoice", 0, 0, 1, 400),
            Spending("tax", 0, 0, 2, 600),
        ]
        assert spending(work, now, soon) == [
            Spending("bureau", 1, 500, 0, 0),
            Spending("court", 1, 60, 0, 0),
            Spending("tax", 0, 0, 1, 300),
        ]
        assert spending(work, now - timedelta(days=9), now - timedelta(days=7)) == []
