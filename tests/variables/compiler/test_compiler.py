"""Plans: every variable has one column, parents come along, windows stay neighbours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tael.kernel import BadInput
from tael.variables import Definitions, compile_plan, expand, load_definitions
from tael.variables.plan.plan import Plan, Section
from tael.variables.plan.sequences import SequencesPlan
from tael.variables.plan.windows import WindowPlan

RENTS = Path(__file__).parents[1] / "definitions" / "cases" / "rents.yaml"
HEAD = RENTS.read_text("utf-8").partition("families:")
DAY = 86_400
MEASURE = (
    "{amount: {column: amount, title: {zh: 金额, en: amount}, aggregates: [sum, velocity, share]}}"
)


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    return load_definitions()


@pytest.fixture(scope="module")
def whole(shipped: Definitions) -> Plan:
    return compile_plan(shipped)


def family(filters: str, windows: str) -> str:
    return f"  - {{kind: windows, filters: {filters}, windows: {windows}, measures: {MEASURE}}}\n"


def made(folder: Path, *families: str) -> Plan:
    text = HEAD[0] + HEAD[1] + "\n" + "".join(families)
    (folder / "rents.yaml").write_text(text, "utf-8")
    return compile_plan(load_definitions(folder))


def window_plans(plan: Plan) -> list[WindowPlan]:
    return [each.plan for each in plan.sections if isinstance(each.plan, WindowPlan)]


def test_every_variable_has_one_column(shipped: Definitions, whole: Plan) -> None:
    variables = {each.name: each for each in expand(shipped)}

    assert sorted(whole.names) == sorted(variables)
    assert [variables[name].id for name in whole.names] == list(whole.ids)
    assert [variables[name].version for name in whole.names] == list(whole.versions)
    assert [whole.column(name) for name in whole.names[:50]] == list(range(50))


def test_a_kernel_reads_the_events_of_a_slot_once(whole: Plan) -> None:
    read = [(section.slot, section.kind) for section in whole.sections]

    assert len(set(read)) == len(read)
    assert read[-2:] == [("", "derived"), ("", "peers")]
    assert {slot for slot, _ in read if slot} == set(whole.schemas)


def test_parents_come_along_and_nothing_else(shipped: Definitions) -> None:
    name = "ent.cross.90d.margin.difference"
    (only,) = [each for each in expand(shipped) if each.name == name]
    plan = compile_plan(shipped, [only])

    assert plan.names == (*only.parents, name)
    assert list(plan.schemas) == ["ent.bank_tx"]


def test_families_with_other_windows_share_a_section(tmp_path: Path) -> None:
    plan = made(
        tmp_path, family("{purpose: [all]}", "[30d, 90d]"), family("{purpose: [shop]}", "[90d]")
    )

    (only,) = window_plans(plan)
    assert only.windows == (30 * DAY, 90 * DAY)


def test_a_velocity_keeps_its_next_longer_window(tmp_path: Path) -> None:
    """30 days to 90 in one family, to 60 in the other: 60 stands between and splits them."""
    plan = made(
        tmp_path,
        family("{purpose: [all]}", "[30d, 90d]"),
        family("{purpose: [shop]}", "[30d, 60d]"),
    )
    pairs = {
        (each.windows[output.window], each.windows[output.window + 1])
        for each in window_plans(plan)
        for output in each.outputs
        if output.aggregate == "velocity_amount"
    }

    assert pairs == {(30 * DAY, 60 * DAY), (30 * DAY, 90 * DAY)}


def test_velocities_that_cross_still_find_a_place(tmp_path: Path) -> None:
    plan = made(
        tmp_path,
        family("{purpose: [all]}", "[30d, 90d]"),
        family("{purpose: [shop]}", "[60d, 120d]"),
    )

    assert len(window_plans(plan)) == 3
    assert plan.width == 8


def test_a_share_is_one_of_all_events_of_its_source(tmp_path: Path) -> None:
    plan = made(tmp_path, family("{purpose: [shop]}", "[30d]"))
    (only,) = window_plans(plan)
    (share,) = [each for each in only.outputs if each.aggregate == "share_amount"]

    assert share.base is not None
    assert only.filters[share.base] == {0, 1, 2}
    assert only.filters[share.filter] == {0}


def test_hits_know_their_severities_in_rising_order(whole: Plan) -> None:
    plan = section(whole, "per.bureau_tradeline", "sequences").plan
    assert isinstance(plan, SequencesPlan)
    statuses = [{leaf % 7 for leaf in severity} for severity in plan.worst[0]]

    assert statuses == [{1}, {2}, {3}, {4}]


def test_the_hash_tells_plans_apart(tmp_path: Path) -> None:
    one = made(tmp_path, family("{purpose: [shop]}", "[30d]"))
    same = made(tmp_path, family("{purpose: [shop]}", "[30d]"))
    other = made(tmp_path, family("{purpose: [home]}", "[30d]"))

    assert one.hash == same.hash
    assert one.hash != other.hash


def test_a_percentile_of_a_percentile_is_refused(tmp_path: Path) -> None:
    place = "{operation: percentile, title: {zh: 位, en: place}, of: %s}"
    derived = (
        "  - kind: derived\n    windows: [30d]\n    variables:\n"
        f"      first: {place % 'ent.rents.shop.30d.amount.sum'}\n"
        f"      second: {place % 'ent.rents.30d.first.percentile'}\n"
    )
    with pytest.raises(BadInput, match=r"ent\.rents\.30d\.second\.percentile: a percentile is of"):
        made(tmp_path, family("{purpose: [shop]}", "[30d]"), derived)


def section(plan: Plan, slot: str, kind: str) -> Section:
    (found,) = [each for each in plan.sections if (each.slot, each.kind) == (slot, kind)]
    return found


def test_sections_with_a_gap_are_refused(whole: Plan) -> None:
    first, second, *_ = whole.sections
    with pytest.raises(BadInput, match=r"sections\[0\]"):
        Plan(whole.ids, whole.names, whole.versions, (second, first), whole.schemas)
