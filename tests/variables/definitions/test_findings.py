"""Bad definitions: the precise line, field and rule of each, several at once, in two languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tael.kernel import BadInput
from tael.variables import load_definitions
from tael.variables.definitions import DefinitionError, read_definitions
from tael.variables.definitions.operations import RESERVED
from tael.variables.packing.schema import OPTIONAL, REQUIRED

GOOD = (Path(__file__).parent / "cases/rents.yaml").read_text("utf-8")

# What is written instead of what, and the line, field and rule of the finding.
USE = "{column: amount, title: {zh: 用, en: use}, aggregates: [ratio]}"
LATE = "{column: purpose, codes: [shop], title: {zh: 店, en: shop}, aggregates: [longest]}"
CASES = [
    ("column: amount", "column: sum", 26, "families.0.measures.amount.column", "column_unknown"),
    ("leaves: [purpose]", "leaves: [city]", 18, "leaves.0", "column_unknown"),
    ("leaves: [purpose]", "leaves: [amount]", 18, "leaves.0", "column_kind"),
    ("leaves: [purpose]", "leaves: []", 22, "families.0.filters.purpose", "leaf_missing"),
    (
        "column: amount",
        "column: amount\n        unit: day",
        27,
        "families.0.measures.amount.unit",
        "unit_wrong",
    ),
    ("unit: CNY", "unit: RMB", 15, "columns.amount.unit", "unit_unknown"),
    ("unit: CNY, decimals: 2", "calendar: lent", 15, "columns.amount.calendar", "calendar_unknown"),
    ("unit: CNY", "calendar: week", 15, "columns.amount.decimals", "calendar_alone"),
    ("[30d, 90d]", "[0d, 90d]", 23, "families.0.windows.0", "window_zero"),
    ("[30d, 90d]", "[30d, 3 months]", 23, "families.0.windows.1", "window"),
    ("[30d, 90d]", "[30d, 99999d]", 23, "families.0.windows.1", "window_long"),
    ("[30d, 90d]", "[３0d, 90d]", 23, "families.0.windows.0", "window"),
    ("[30d, 90d]", "[]", 23, "families.0.windows", "empty"),
    ("[all, shop]", "[]", 22, "families.0.filters.purpose", "empty"),
    ("decimals: 2", "decimals: 7", 15, "columns.amount.decimals", "number"),
    ("decimals: 2", f"decimals: {'9' * 5_000}", 15, "columns.amount.decimals", "shape"),
    ("kind: windows", "kind: windows\n    version: 0", 21, "families.0.version", "number"),
    ("leaves: [purpose]", "leaves: [purpose, purpose]", 18, "leaves.1", "key_twice"),
    ("  amount: {title", "  event_at: {title", 15, "columns.event_at", "reserved"),
    ("sensitive: no", "sensitive: maybe", 4, "basis.sensitive", "shape"),
    ("since: 2020-01", "since: 2020-13", 7, "since", "shape"),
    ("since: 2020-01", "since: ", 7, "since", "field_missing"),
    ("p99: 5d", "p99: 0d", 6, "delay.p99", "delay"),
    ("freshness: 3d", f"freshness: {'[' * 60}{']' * 60}", 5, "", "yaml"),
    ("title: {zh: 租金", 'title: {zh: "\\ud800"', 2, "title.zh", "yaml"),
    ("[30d, 90d]", "[90d, 30d]", 23, "families.0.windows.1", "window_order"),
    ("[30d, 90d]", "[all, 30d]", 23, "families.0.windows.1", "window_order"),
    ("[all, shop]", "[all, shed]", 22, "families.0.filters.purpose.1", "code_unknown"),
    (
        "[all, shop]",
        "{none: {codes: [], title: {zh: 无, en: none}}, shop: shop, all: all}",
        22,
        "families.0.filters.purpose.none",
        "filter_empty",
    ),
    (
        "[all, shop]",
        "{all: all, shop: shop, shops: shop}",
        22,
        "families.0.filters.purpose",
        "filter_same",
    ),
    ("sum, share", "sum, median", 28, "families.0.measures.amount.aggregates.1", "aggregate"),
    ("kind: windows", "kind: window", 20, "families.0.kind", "kind"),
    ("amount.sum: ", "amount.mean: ", 30, "families.0.expect.amount.mean", "expect_unknown"),
    ("since: 2020-01\n", "", 1, "", "field_missing"),
    ("since: 2020-01", "sinse: 2020-01", 7, "sinse", "field_unknown"),
    ("freshness: 3d", "freshness: soon", 5, "freshness", "shape"),
    ("source: rents", "source: Rents!", 1, "source", "word"),
    ("[enterprise]", "[company]", 3, "subjects.0", "subject"),
    ("unit: CNY, decimals: 2", "unit: CNY, unit: CNY", 15, "columns.amount", "key_twice"),
    ("ent.rents.shop.", "ent.rents.shed.", 34, "shop_share", "parent_unknown"),
    ("unit: unit}", "key: yes}", 17, "columns.landlord", "keys"),
    (
        "kind: derived\n",
        f"kind: states\n    measures: {{use: {USE}}}\n  - kind: derived\n",
        32,
        "families.1.measures.use",
        "field_missing",
    ),
    (
        "leaves: [purpose]\nfamilies:\n",
        f"leaves: []\nfamilies:\n  - kind: sequences\n    measures: {{late: {LATE}}}\n",
        21,
        "families.0.measures.late.column",
        "leaf_missing",
    ),
    ("leaves: [purpose]", "leaves: [purpose", 19, "", "yaml"),
    ("subjects: [enterprise]", "subjects: &who [enterprise]\nx: *who", 4, "", "alias"),
]  # fmt: skip


def written(folder: Path, text: str, ids: str = "") -> Path:
    """A folder with one definition file, and ids where given."""
    (folder / "rents.yaml").write_text(text, "utf-8")
    if ids:
        (folder / "ids.csv").write_text(ids, "utf-8")
    return folder


def test_the_definition_that_the_cases_spoil_is_good(tmp_path: Path) -> None:
    assert read_definitions(written(tmp_path, GOOD))[2] == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [(old, new, told) for old, new, *told in CASES],
    ids=[f"{c[4]}-{c[2]}" for c in CASES],
)
def test_a_bad_definition_is_told_by_file_line_field_and_rule(
    old: str, new: str, told: list[object], tmp_path: Path
) -> None:
    assert old in GOOD
    _, _, findings = read_definitions(written(tmp_path, GOOD.replace(old, new, 1)))

    assert told in [[each.line, each.field, each.rule] for each in findings]
    assert {each.file for each in findings} == {"rents.yaml"}
    assert all(each.text("en") != each.text("zh") for each in findings)


def test_several_findings_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("[30d, 90d]", "[0d, 90d]").replace("unit: CNY", "unit: RMB")
    with pytest.raises(DefinitionError) as refused:
        load_definitions(written(tmp_path, text))

    assert [each.rule for each in refused.value.findings[:2]] == ["unit_unknown", "window_zero"]
    assert refused.value.row == 15
    assert "rents.yaml:15" in str(refused.value)


def test_a_finding_reads_in_english_and_in_chinese(tmp_path: Path) -> None:
    (only,) = read_definitions(written(tmp_path, GOOD.replace("shop]", "shed]")))[2][:1]

    assert only.text("en") == "purpose has no code shed; known: shop, store, home"
    assert only.text("zh") == "列 purpose 没有代码 shed；可用：shop, store, home"


def test_a_list_a_hundred_thousand_deep_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    (only,) = read_definitions(written(tmp_path, f"{'[' * 10**5}{']' * 10**5}"))[2]

    assert only.text("en") == "this is no YAML: lists within lists, too deep to be a definition"
    assert only.text("zh") == "不是合法的 YAML：嵌套过深，不像定义"


def test_no_definition_names_a_column_that_every_table_has() -> None:
    assert (*REQUIRED, *OPTIONAL) == RESERVED


def test_more_leaves_than_the_limit_are_refused(tmp_path: Path) -> None:
    codes = "\n".join(f"      c{n}: {{zh: 码, en: code}}" for n in range(1_100))
    text = GOOD.replace(
        "      shop: {zh: 店铺, en: shops}", f"{codes}\n      shop: {{zh: 店, en: s}}"
    )
    findings = read_definitions(written(tmp_path, text))[2]

    assert [(each.field, each.rule) for each in findings] == [("leaves", "leaves")]
    assert "1103 leaves; a source holds 1024 at most" in findings[0].text()


def test_a_name_made_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    start, end = GOOD.index("  - kind: windows"), GOOD.index("  - kind: derived")
    findings = read_definitions(written(tmp_path, GOOD + GOOD[start:end]))[2]

    assert {each.rule for each in findings} == {"name_twice"}
    assert "ent.rents.all.30d.amount.sum is made at rents.yaml:25 already" in findings[0].text()


def test_a_source_defined_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "again.yaml").write_text(GOOD, "utf-8")
    findings = read_definitions(written(tmp_path, GOOD))[2]

    assert [(each.file, each.rule) for each in findings] == [("rents.yaml", "source_twice")]


def test_a_difference_of_two_units_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("operation: ratio", "operation: difference").replace(
        'by: "ent.rents.all.{window}.amount.sum"', 'by: "ent.rents.all.{window}.landlord.distinct"'
    )
    (only,) = read_definitions(written(tmp_path, text))[2]

    assert only.rule == "units_differ"
    assert "CNY and count" in only.text()


def test_a_folder_without_definitions_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no definition"):
        load_definitions(tmp_path)


@pytest.mark.parametrize("spoilt", ["{}", "[]", "[{a: b}]", "''", "~", "\x01", "🙂", "-1"])
def test_whatever_stands_in_the_place_of_a_value_the_reader_goes_on(
    spoilt: str, tmp_path: Path
) -> None:
    for place in re.finditer(r'[\w.-]+(?=[,}\]\n])|"[^"]*"', GOOD):
        text = GOOD[: place.start()] + spoilt + GOOD[place.end() :]
        for finding in read_definitions(written(tmp_path, text))[2]:
            assert finding.line <= GOOD.count("\n") + 1
            assert finding.text("zh") != finding.text("en") or finding.rule == "ids"


@pytest.mark.parametrize("text", ["", "[]", "a", "source: {a: b}", "families: [a, {kind: []}]"])
def test_a_document_of_another_shape_is_told_and_never_breaks_the_reader(
    text: str, tmp_path: Path
) -> None:
    assert read_definitions(written(tmp_path, text))[2]
