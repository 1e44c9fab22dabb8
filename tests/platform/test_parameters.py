"""Business parameters: in force by day, changed by two people, never edited."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from tael.kernel import (
    BadInput,
    Calendar,
    Conflict,
    Day,
    FixedClock,
    Forbidden,
    Money,
    NotFound,
    Rate,
    Roll,
    TaelError,
    VersionId,
)
from tael.platform.database import SYSTEM, Actor, Database
from tael.platform.parameter_catalogue import Catalogue
from tael.platform.parameters import Parameters

ANNA = Actor("user", "user_anna", frozenset({"risk_manager"}))
BORIS = Actor("user", "user_boris", frozenset({"risk_manager"}))
TODAY = Day(2026, 1, 5)
CASES = Path(__file__).parent / "cases"


@pytest.fixture
def parameters(database: Database) -> Parameters:
    made = Parameters()
    with database.begin(SYSTEM) as work:
        made.install_defaults(work)
    return made


def _cases(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_shipped_values_are_in_force_on_the_days_of_the_table(
    database: Database, parameters: Parameters
) -> None:
    with database.begin(ANNA) as work:
        for case in _cases("parameters_in_force.csv"):
            value = parameters.value(work, case["name"], Day.parse(case["on"]))
            assert str(value) == case["value"], case


def test_typed_readers_give_exact_values(database: Database, parameters: Parameters) -> None:
    with database.begin(ANNA) as work:
        assert parameters.rate(work, "cap.all_in", TODAY) == Rate.percent("24")
        assert parameters.number(work, "guarantee.leverage_max", TODAY) == Decimal(10)
        assert parameters.count(work, "compensation.dpd", TODAY) == 80
        assert parameters.flag(work, "platform_fee_from_borrower", TODAY) is False
        threshold = parameters.money(work, "guarantee.liability_weight_threshold", TODAY)
        assert threshold == Money(500_000_000)
        with pytest.raises(BadInput, match="not a decimal number"):
            parameters.rate(work, "compensation.dpd", TODAY)


def test_the_chinese_calendar_rolls_over_the_spring_festival(
    database: Database, parameters: Parameters
) -> None:
    with database.begin(ANNA) as work:
        china: Calendar = parameters.calendar(work, "CN", TODAY)
    assert china.roll(Day(2026, 2, 15), Roll.FOLLOWING) == Day(2026, 2, 24)
    assert china.is_business_day(Day(2026, 2, 28)), "a Saturday worked"
    assert not china.is_business_day(Day(2025, 10, 8))


def test_every_day_off_and_on_of_the_shipped_calendar_makes_sense(
    database: Database, parameters: Parameters
) -> None:
    with database.begin(ANNA) as work:
        china = parameters.calendar(work, "CN", TODAY)
    assert all(day.weekday() >= 5 for day in china.workdays), "only weekend days are worked instead"
    for year in (2024, 2025, 2026):
        off = [day for day in china.holidays if day.year == year and day.weekday() < 5]
        worked = [day for day in china.workdays if day.year == year]
        # Eleven public holidays until 2024, thirteen since; some fall on a weekend by themselves.
        assert 7 <= len(off) - len(worked) <= 13, year


@pytest.mark.parametrize("case", _cases("parameters_refused.csv"), ids=lambda case: case["why"])
def test_a_malformed_proposal_names_field_and_rule(
    database: Database, parameters: Parameters, case: dict[str, str]
) -> None:
    import json

    with pytest.raises(TaelError) as refused, database.begin(ANNA) as work:
        parameters.propose(
            work, case["name"], json.loads(case["value"]), Day.parse(case["effective"])
        )
    assert refused.value.code == case["code"]
    assert refused.value.field == case["field"]
    assert case["says"] in str(refused.value)


def test_a_version_is_in_force_only_once_another_person_approved_it(
    database: Database, parameters: Parameters
) -> None:
    later = Day(2026, 2, 1)
    with database.begin(ANNA) as work:
        version = parameters.propose(work, "lpr.1y", "0.0290", later, source="announcement")
        assert parameters.value(work, "lpr.1y", later) == "0.0300"
        assert [waiting.id for waiting in parameters.pending(work)] == [version]
    with pytest.raises(Forbidden, match="another person"), database.begin(ANNA) as work:
        parameters.approve(work, version)
    with database.begin(BORIS) as work:
        parameters.approve(work, version)
    with database.begin(ANNA) as work:
        assert parameters.value(work, "lpr.1y", later) == "0.0290"
        assert parameters.value(work, "lpr.1y", later.plus_days(-1)) == "0.0300"
        assert parameters.in_force(work, later)["lpr.1y"].decided_by == BORIS.id
        assert parameters.history(work, "lpr.1y")[0].id == version
    with pytest.raises(Conflict), database.begin(BORIS) as work:
        parameters.approve(work, version)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("key", "key_1", frozenset({"risk_manager", f"as:{ANNA.id}"})),
        Actor("key", "key_2", frozenset({"risk_manager"})),
        Actor("job", "job_1"),
        SYSTEM,
    ],
    ids=["the proposer's own key", "a key of nobody", "a job", "the system"],
)
def test_no_program_is_the_second_pair_of_eyes(
    database: Database, parameters: Parameters, actor: Actor
) -> None:
    with database.begin(ANNA) as work:
        version = parameters.propose(work, "penalty.rate", "0.02", TODAY)
    with pytest.raises(Forbidden), database.begin(actor) as work:
        parameters.approve(work, version)


def test_a_proposal_that_waited_past_its_day_is_proposed_anew(
    database: Database, parameters: Parameters, clock: FixedClock
) -> None:
    with database.begin(ANNA) as work:
        version = parameters.propose(work, "penalty.rate", "0.02", TODAY)
    clock.advance(timedelta(days=1))
    with pytest.raises(Conflict, match="passed"), database.begin(BORIS) as work:
        parameters.approve(work, version)
    with database.begin(ANNA) as work:
        parameters.reject(work, version)
        assert parameters.pending(work) == []


def test_a_correction_of_the_past_leaves_what_was_known_then(
    database: Database, parameters: Parameters, clock: FixedClock
) -> None:
    december, before = Day(2025, 12, 1), clock.now()
    clock.advance(timedelta(hours=1))
    with database.begin(ANNA) as work:
        version = parameters.propose_correction(
            work, "lpr.1y", "0.0295", december, source="announcement was overlooked"
        )
    with database.begin(BORIS) as work:
        parameters.approve(work, version)
        assert parameters.value(work, "lpr.1y", TODAY) == "0.0295"
        assert parameters.value(work, "lpr.1y", TODAY, known_at=before) == "0.0300"


def test_an_approved_version_overrules_a_shipped_one_of_the_same_day(
    database: Database, parameters: Parameters
) -> None:
    day = Day(2025, 5, 20)
    with database.begin(ANNA) as work:
        version = parameters.propose_correction(work, "lpr.1y", "0.0301", day, source="typo")
    with database.begin(BORIS) as work:
        parameters.approve(work, version)
        assert parameters.install_defaults(work) == 0
        assert parameters.value(work, "lpr.1y", day) == "0.0301"


def test_the_database_itself_refuses_to_edit_or_to_skip_the_second_person(
    database: Database, parameters: Parameters
) -> None:
    with database.begin(ANNA) as work:
        version = parameters.propose(work, "penalty.rate", "0.02", TODAY)
    statements = (
        "UPDATE platform.parameter_versions SET value = '\"0.9\"' WHERE name = 'cap.all_in'",
        "DELETE FROM platform.parameter_versions WHERE name = 'cap.all_in'",
        "UPDATE platform.parameter_versions SET value = '\"0.9\"' WHERE id = :version",
        """UPDATE platform.parameter_versions SET state = 'approved', decided_by = proposed_by,
            decided_at = now() WHERE id = :version""",
    )
    for statement in statements:
        with pytest.raises(sa.exc.IntegrityError), database.begin(SYSTEM) as work:
            work.connection.execute(sa.text(statement), {"version": version})


def test_unknown_names_and_days_without_a_value_say_what_to_do(
    database: Database, parameters: Parameters
) -> None:
    with database.begin(ANNA) as work:
        with pytest.raises(NotFound, match="did you mean") as unknown:
            parameters.value(work, "cap.al_in", TODAY)
        with pytest.raises(NotFound, match="2015-09-01") as early:
            parameters.value(work, "cap.all_in", Day(2010, 1, 1))
        with pytest.raises(NotFound, match="never given one"):
            parameters.value(work, "fees.documents", TODAY)
        with pytest.raises(NotFound):
            parameters.approve(work, VersionId.new(work.clock.now()))
    assert (unknown.value.code, early.value.code) == ("unknown_parameter", "no_value_in_force")


def test_every_shipped_figure_has_a_source_and_says_whether_it_was_checked() -> None:
    for definition in Catalogue.shipped().definitions():
        assert definition.meaning, definition.name
        assert all(value.source for value in definition.shipped), definition.name
    calendar = Catalogue.shipped().get("calendar.CN")
    assert all(value.needs_check for value in calendar.shipped)


def test_a_catalogue_with_a_floating_point_figure_is_refused() -> None:
    text = "a.b: {type: rate, values: [{from: 2020-01-01, value: 0.24, sure: checked, source: us}]}"
    with pytest.raises(BadInput, match="in quotes"):
        Catalogue.parse(text)
