"""From answers to variables: the same bytes and bits as from the economy's own folder."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tael.app import source_events
from tael.kernel import BadInput
from tael.origination.sources import SOURCES, stream_rows
from tael.variables import (
    Plan,
    compile_plan,
    compute,
    expand,
    from_bytes,
    load_book,
    load_definitions,
    to_bytes,
)
from tael.variables.drivers import book_of_tables

WHOM = (("E1", "enterprise"), ("P1", "person"), ("P2", "person"), ("42-F", "market"))
SOURCES_OF_FEW = ("court_record", "registry_change", "region_month")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan of three sources and a few dozen names: of a firm, its owner and its market."""
    folder = tmp_path_factory.mktemp("definitions")
    for name in SOURCES_OF_FEW:
        text = (resources.files("tael.variables.definitions.data") / f"{name}.yaml").read_text()
        (folder / f"{name}.yaml").write_text(text)
    definitions = load_definitions(folder)
    return compile_plan(definitions, expand(definitions)[::19])


def reports_of(asking: Any) -> list[Any]:
    found = []
    for source in SOURCES.values():
        for name, kind in WHOM:
            if kind in source.subjects:
                answer = asking.fetch(source.name, name, kind, key=f"{source.name}-{name}")
                assert answer.report is not None, answer.told
                found.append(answer.report)
    return found


def test_the_book_of_answers_is_that_of_the_folder_byte_for_byte(
    asking: Any, tiny_economy: Path, few: Plan
) -> None:
    reports = reports_of(asking)
    kept = source_events.packed(few, "E1", source_events.tables_of(reports))
    asof = int(asking.now.timestamp())

    assert len(few.names) > 24
    assert kept == to_bytes(load_book(tiny_economy, few, ["E1"], known_by=asof).book, 0)
    assert sum(report.dropped for report in reports) > 5


@pytest.mark.slow
def test_variables_of_answers_are_those_of_the_folder_bit_for_bit(
    asking: Any, tiny_economy: Path
) -> None:
    definitions = load_definitions()
    plan = compile_plan(definitions, expand(definitions)[::200])
    asof = int(asking.now.timestamp())
    kept = source_events.packed(plan, "E1", source_events.tables_of(reports_of(asking)))
    folder = load_book(tiny_economy, plan, ["E1"]).book

    one, other = compute(plan, from_bytes(kept), asof), compute(plan, folder, asof)
    assert len(plan.schemas) > 12
    assert one.row_hash == other.row_hash
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert {0, 2} <= set(one.reasons.tolist())
    assert kept == to_bytes(load_book(tiny_economy, plan, ["E1"], known_by=asof).book, 0)


def test_events_survive_as_bytes_and_add_up(asking: Any) -> None:
    firm = asking.fetch("bureau").report
    owner = asking.fetch("bureau", "P1", "person").report
    both = source_events.tables_of([firm, owner])

    again = source_events.from_bytes(source_events.to_bytes(both))
    assert again == both
    apart = [source_events.tables_of([one]) for one in (firm, owner)]
    assert source_events.merged(apart) == both
    assert source_events.from_bytes(b"") == {}


@pytest.mark.parametrize("broken", [b"x", b"TAELEV\x01\x00{}\nmore"])
def test_bytes_that_are_no_events_are_refused(broken: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        source_events.from_bytes(broken)
    assert refused.value.field == "events"


def test_a_source_that_was_not_asked_is_absent_and_a_silent_one_is_not(
    asking: Any, few: Plan
) -> None:
    reports = [asking.fetch("registry").report, asking.fetch("court", "E9").report]
    tables = source_events.tables_of(reports)
    book = book_of_tables(few, "E1", tables).book
    absent = {slot for slot, packed in book.slots.items() if not packed.present[0]}

    assert "events/region_month" not in tables
    assert absent == {"ent.region_month"}


def test_without_links_nobody_knows_whose_events_a_persons_are(asking: Any, few: Plan) -> None:
    tables = source_events.tables_of([asking.fetch("court", "P1", "person").report])
    loaded = book_of_tables(few, "E1", tables)

    assert "per.court_record" in loaded.account.missing
    assert not loaded.book.slots["per.court_record"].present[0]


def test_a_verdict_holds_no_events(asking: Any) -> None:
    paper = asking.paper(asking.subject("P1", "person"), to="platform")
    report = asking.fetch("bureau", "P1", "person", paper=paper).report

    assert stream_rows(report).events == {}
    assert source_events.tables_of([report]) == {}


def test_missing_sections_are_not_taken_for_silence(asking: Any) -> None:
    asking.order(fault="partial", source="bureau")
    report = asking.fetch("bureau", "P1", "person").report

    assert set(stream_rows(report).events) == {"bureau_tradeline"}
