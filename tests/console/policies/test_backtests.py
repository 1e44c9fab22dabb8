"""Back-tests over HTTP: begun on a history, looked after, shown with figures and files, kept."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow.parquet as pq
import pytest

from tael.app.backtest_files import RunFolder
from tael.app.backtest_process import make
from tael.app.backtests import look_after
from tael.kernel import VersionId
from tael.platform import SYSTEM, Actor

if TYPE_CHECKING:
    from tests.console.conftest import Company

pytestmark = pytest.mark.xdist_group("policy_pages")
Browse = Callable[..., httpx.Client]
HOME = "/policies/backtests"
TOLD = (
    "Side by side", "Swap set: Decided then → looser", "By vintage", "By segment",
    "Prices and limits", "What each threshold is worth", "Kept in the history",
)  # fmt: skip
_FOLDER = Path(__file__).parents[2] / "policies" / "backtest"


def _made_up() -> Any:
    """The histories that the engine's own tests make."""
    spec = importlib.util.spec_from_file_location("tael_tests_histories", _FOLDER / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Desk:
    """A risk manager before the page, with two histories and a version that is checked."""

    company: Company
    client: httpx.Client
    version: VersionId

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get(HOME).text)
        assert found is not None
        return found[1]

    def begin(self, **form: str) -> httpx.Response:
        given = {"csrf": self.csrf, "version": self.version, "history": "year", **form}
        return self.client.post(HOME, data=given)

    def made(self, address: str) -> str:
        """As a worker would, but here: the engine in this process."""
        house = self.company.house

        def here(folder: RunFolder, history: Path, halt: Event) -> None:
            assert not halt.is_set()
            make(folder, history)

        run = address.rpartition("/")[2]
        return look_after(house.database, house.clock, house.backtests, run, here)


@pytest.fixture(scope="module")
def stage(company: Company) -> VersionId:
    """Histories in the data folder, and a version."""
    house, made_up = company.house, _made_up()
    folder = house.settings.data_dir / "histories"
    (folder / "year").mkdir(parents=True)
    table = made_up.history_table(300)
    pq.write_table(table, folder / "year" / "part-00000.parquet")
    pq.write_table(table.drop(["debt_ratio", "bad_known_on"]), folder / "poor.parquet")
    with house.database.begin(SYSTEM) as work:
        lin = next(one for one in house.identity.users.all(work) if one.login == "risk")
    with house.database.begin(Actor("user", lin.id)) as work:
        version = house.policies.draft(work, "looser", replace(made_up.small_policy(), cases="")).id
        record = house.policies.check(work, version)
        for finding in record.open:
            house.policies.accept_finding(work, version, finding.id, "known and harmless here")
        assert house.policies.check(work, version).passed
    return version


@pytest.fixture
def desk(company: Company, browse: Browse, stage: VersionId) -> Iterator[Desk]:
    return Desk(company, browse("risk"), stage)


def test_a_back_test_is_begun_made_shown_and_kept_with_its_version(desk: Desk) -> None:
    page = desk.client.get(f"{HOME}?version={desk.version}").text
    assert f'value="{desk.version}" selected' in page
    assert "300 applications" in page
    answer = desk.begin(sensitivity="on")
    assert answer.status_code == 303
    address = answer.headers["location"]
    waiting = desk.client.get(address).text
    assert "Waiting for a worker" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    assert desk.made(address) == "done"
    shown = desk.client.get(address).text
    for told in TOLD:
        assert told in shown, told
    assert "<svg" in shown
    assert "换入换出" in desk.client.get(address, headers={"Accept-Language": "zh"}).text
    with desk.company.house.database.begin(SYSTEM) as work:
        kept = desk.company.house.policies.timeline(work, desk.version)[-1]
        assert desk.company.house.policies.version(work, desk.version).state.value == "backtested"
    digest = desk.company.house.backtests.run(address.rpartition("/")[2]).found["result_hash"]
    assert (kept.kind.value, digest in kept.record) == ("back-tested", True)
    listed = desk.client.get(HOME).text
    assert digest[:12] in listed
    figures = desk.client.get(f"{address}/files/figures.parquet")
    assert figures.content[:4] == b"PAR1"
    assert desk.client.get(f"{address}/files/report.html").text.startswith("<!DOCTYPE html>")
    assert desk.client.get(f"{address}/files/asked.json").status_code == 404
    done = desk.client.get(f"{address}/progress")
    assert done.headers["HX-Refresh"] == "true"


def test_columns_that_a_history_lacks_are_named(desk: Desk) -> None:
    address = desk.begin(history="poor.parquet").headers["location"]
    assert desk.made(address) == "failed"
    shown = desk.client.get(address).text
    assert "The history lacks columns that the policy reads." in shown
    assert "no column bad_known_on, debt_ratio" in shown
    assert "Kept in the history" not in shown


def test_one_that_is_cancelled_is_not_made(desk: Desk) -> None:
    address = desk.begin().headers["location"]
    assert desk.client.post(f"{address}/cancel", data={"csrf": desk.csrf}).status_code == 303
    assert desk.made(address) == "cancelled"
    assert "It was cancelled; nothing was kept." in desk.client.get(address).text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"version": ""}, "No version is chosen."),
        ({"history": "../keys"}, "No history is chosen."),
        ({"as_of": "yesterday"}, "This is no day."),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_all_that_was_typed(
    desk: Desk, form: dict[str, str], told: str
) -> None:
    answer = desk.begin(**{"as_of": "2024-01-01", **form})
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{form.get("as_of", "2024-01-01")}"' in answer.text


def test_others_may_look_or_may_not_enter(browse: Browse, desk: Desk) -> None:
    auditor = browse("everything")
    assert auditor.get(HOME).status_code == 200
    assert browse("finance").get(HOME).status_code == 403
    assert browse("consultant").post(HOME, data={"csrf": desk.csrf}).status_code == 403
    assert desk.client.get(f"{HOME}/backtest_nothing").status_code == 404
    look = partial(desk.client.post, HOME, data={"version": desk.version})
    assert look().status_code == 403
