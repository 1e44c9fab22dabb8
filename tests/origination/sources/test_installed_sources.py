"""The sources of an installation, from its settings to its health, and its commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tael.app import sources
from tael.app.installation import Installation, build
from tael.cli import app
from tael.kernel import BadInput, Day, FixedClock, PartyId
from tael.origination.model import Authorisation, PartyKind, PersonalFields
from tael.origination.sources import SOURCES, authorise
from tael.origination.sources.model import BreakerState, Mode, Route, Status, Subject
from tael.platform import SYSTEM, Database, Settings
from tael.sandbox.sources import Authority, Latency, SourcesSetup, public_key, running_sources

TERMS = Authorisation("credit_assessment", frozenset(SOURCES), "guarantor", Day(2024, 12, 31),
                      "0" * 64)  # fmt: skip


@pytest.fixture
def house(
    database: Database, clock: FixedClock, tmp_path: Path, tiny_economy: Path
) -> Iterator[Installation]:
    """An installation that asks the sandbox, which knows its key."""
    own = sources.signer_of(Settings(data_dir=tmp_path))
    setup = SourcesSetup(Authority({own.key_id: own.public_key}), latency=Latency(0, 0, 1))
    with running_sources(tiny_economy, setup) as url:
        told = f"{url}#{public_key(1).hex()}"
        yield build(Settings(data_dir=tmp_path, sources={"*": told}), database, clock)


def test_an_installation_asks_keeps_and_tells_how_it_went(house: Installation) -> None:
    with house.database.begin(SYSTEM) as work:
        fields = PersonalFields("华兴商行", "E1")
        firm = house.parties.register(work, PartyKind.COMPANY, fields)
        consent = house.parties.grant(work, "c1", PartyId(firm.id), TERMS)
    subject = Subject(firm.id, "enterprise", "E1")
    paper = authorise(consent, subject, sources.signer_of(house.settings))

    with sources.open_sources(house) as client:
        answers = [client.fetch("court", subject, paper, key=f"k{n}", budget_s=5) for n in range(2)]
        assert client.breaker("court") is BreakerState.CLOSED
    assert [(one.status, one.cached) for one in answers] == [
        (Status.OK, False), (Status.OK, True)]  # fmt: skip
    with house.database.begin(SYSTEM) as work:
        court = next(one for one in sources.health(work, 7) if one.source == "court")
        read = house.audit.rows(work, subject=firm.id)
    assert (court.asked, court.hits, court.spent_minor, court.saved_minor) == (1, 1, 60, 60)
    assert "personal.read" in {row.action for row in read}


def test_routes_are_written_down_with_a_trace_and_take_their_day(
    database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    house = build(Settings(data_dir=tmp_path), database, clock)
    blind = Route("bureau", "enterprise", "platform", "licensed_bureau", Mode.FULL, Day(2024, 7, 1))
    with house.database.begin(SYSTEM) as work:
        sources.add_route(work, blind)
    with house.database.begin(SYSTEM) as work:
        before, after = (sources.routes(work, day) for day in (Day(2024, 6, 30), blind.since))
        traces = house.audit.rows(work, subject="bureau")
    assert blind in after
    assert blind not in before
    assert len(before) == len(after)
    assert [trace.action for trace in traces] == ["source_route.added"]


def test_settings_name_sources_and_their_keys() -> None:
    key, other = "ab" * 32, "cd" * 32
    told = {"bureau": f"https://bureau.example#{other}", "*": f"http://127.0.0.1:9100#{key}"}
    wires = sources.wires_of(Settings(sources=told))

    assert set(wires) == set(SOURCES)
    assert wires["bureau"].url == "https://bureau.example"
    assert wires["tax"].public_key == bytes.fromhex(key)
    assert sources.wires_of(Settings()) == {}
    with pytest.raises(BadInput):
        sources.wires_of(Settings(sources={"gossip": f"http://a.example#{key}"}))


def test_the_commands_show_sources_and_shapes() -> None:
    listed = CliRunner().invoke(app, ["sources", "list", "--json"])
    shape = CliRunner().invoke(app, ["sources", "schema", "bureau", "--json"])
    unknown = CliRunner().invoke(app, ["sources", "schema", "gossip"])

    assert [one["name"] for one in json.loads(listed.stdout)["sources"]] == list(SOURCES)
    fields = json.loads(shape.stdout)["fields"]
    marks = next(one for one in fields if (one["section"], one["field"]) == ("months", "mark"))
    assert (marks["codes"][0], marks["stream"], marks["column"]) == (
        "N", "bureau_tradeline", "status")  # fmt: skip
    assert unknown.exit_code == 3
    assert "bureau" in CliRunner().invoke(app, ["sources", "list"]).stdout


def test_a_sandbox_without_an_economy_or_with_a_wrong_key_is_refused(tmp_path: Path) -> None:
    base = ["sandbox", "sources", "--economy", str(tmp_path)]
    no_key = CliRunner().invoke(app, [*base, "--house-key", "short"])
    no_economy = CliRunner().invoke(app, [*base, "--house-key", "ab" * 32])

    assert (no_key.exit_code, no_economy.exit_code) == (3, 3)
    assert "hexadecimal" in no_key.stderr
    assert "tael economy build" in no_economy.stderr
