"""Several people at once: one deployment in force, numbers without a gap, nobody waits forever."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tael.kernel import Conflict, VersionId
from tael.platform import Actor, Database
from tael.policies import Policies, SqlPolicyStore, first_bundle

WANG, LI = Actor("user", "wang"), Actor("user", "li")
BUNDLE = first_bundle(json.dumps({"format": "none"}))


class Figures:
    def value(self, *_: object) -> str:
        return "0.24"


def test_who_deploys_and_retires_at_once_leaves_one_deployment_in_force(
    database: Database, light_engines: Any
) -> None:
    policies = Policies(
        SqlPolicyStore, parameters=Figures(), engines=light_engines, signing_key=bytes(32)
    )

    def lived(number: int) -> VersionId:
        with database.begin(WANG) as work:
            version = policies.draft(work, f"version {number}", BUNDLE).id
            policies.check(work, version)
            policies.waive_backtest(work, version, "there is no history yet")
        with database.begin(LI) as work:
            policies.approve(work, version)
        return version

    def moved(task: tuple[int, VersionId]) -> int:
        number, version = task
        with database.begin(LI) as work:
            made = policies.deploy(work, version).number
        if number % 2:
            # Another's deployment may have retired it meanwhile, which is then said.
            with suppress(Conflict), database.begin(LI) as work:
                policies.retire(work, version)
        return made

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lived, range(4)))  # four drafts of one new model
        numbers = sorted(pool.map(moved, enumerate(versions)))
    assert numbers == [1, 2, 3, 4]
    with database.begin(WANG) as work:
        found = policies.deployments(work)
        force = [one for one in found if one.ended_at is None]
        live = {one.id for one in policies.versions(work) if one.state.value == "deployed"}
        assert len(policies.models(work)) == 1
    assert len(force) <= 1
    assert live == {one.champion for one in force}
