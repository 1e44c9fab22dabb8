"""Reading, running and reporting a kit: a small one of our own, and broken ones."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from tael.dmn import DmnError
from tael.dmn.authoring import Draft
from tael.dmn.conformance import counts, properties, read_kit, results_csv, run_kit

KIT = Path(__file__).parent / "kit"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A copy of the kit that a test may break."""
    return Path(shutil.copytree(KIT, tmp_path / "kit"))


def test_cases_are_counted_by_level_and_those_with_a_value_apart() -> None:
    assert counts(run_kit(read_kit(KIT))) == {
        "2": {"cases": 2, "passed": 2, "nonnull_cases": 1, "nonnull_passed": 1},
        "3": {"cases": 4, "passed": 3, "nonnull_cases": 3, "nonnull_passed": 2},
    }


def test_a_miss_says_what_was_found_and_what_was_expected() -> None:
    (miss,) = [outcome for outcome in run_kit(read_kit(KIT)) if not outcome.passed]

    assert (miss.group, miss.case) == ("0001-instalments", "003")
    assert "due days" in miss.why
    assert "2026-03-31" in miss.why
    assert "2026-03-30" in miss.why


def test_a_level_without_cases_counts_zero(kit: Path) -> None:
    shutil.rmtree(kit / "compliance-level-2")
    assert counts(run_kit(read_kit(kit)))["2"] == {
        "cases": 0, "passed": 0, "nonnull_cases": 0, "nonnull_passed": 0,
    }  # fmt: skip


def test_the_levels_may_stand_in_a_folder_of_test_cases(kit: Path, tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    kit.rename(tmp_path / "published" / "TestCases")
    assert len(read_kit(tmp_path / "published")) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("<testCases>\n<modelName>x.dmn</modelName>\n<oops></testCases>", 3, "not well-formed"),
        ("<definitions/>", 1, "not 'testCases'"),
        ("<testCases>\n</testCases>", 1, "no model is named"),
        (
            (
                '<testCases xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
                "<modelName>x.dmn</modelName><testCase><inputNode>\n"
                '<value xsi:type="xsd:decimal">ten</value></inputNode></testCase></testCases>'
            ),
            3,
            "'ten' is no value of type decimal",
        ),
        ("<!DOCTYPE x>\n<testCases/>", 1, "document type"),
    ],
)
def test_a_broken_test_file_is_told_with_its_line_and_the_rest_goes_on(
    kit: Path, text: str, line: int, words: str
) -> None:
    bad = kit / "compliance-level-2" / "0001-discount" / "0001-discount-test-01.xml"
    bad.write_text(text, "utf-8")
    heard: list[DmnError] = []

    files = read_kit(kit, heard.append)

    assert [file.group for file in files] == ["0001-instalments", "0002-service"]
    assert (heard[0].file, heard[0].line) == (str(bad), line)
    assert words in str(heard[0])


def test_cases_of_an_unreadable_model_fail_with_its_line_and_the_rest_passes(kit: Path) -> None:
    model = kit / "compliance-level-2" / "0001-discount" / "0001-discount.dmn"
    model.write_text("<definitions>\n<", "utf-8")

    outcomes = run_kit(read_kit(kit))

    assert [outcome.passed for outcome in outcomes[:2]] == [False, False]
    assert f"{model}:2: not well-formed" in outcomes[0].why
    assert outcomes[2].passed


def test_cases_of_a_missing_model_fail(kit: Path) -> None:
    (kit / "compliance-level-3" / "0002-service" / "0002-service.dmn").unlink()
    assert "cannot be read" in run_kit(read_kit(kit))[-1].why


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_the_layout_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(DmnError) as refused:
        read_kit(tmp_path / folder)
    assert "compliance-level-2" in str(refused.value.rule)


def test_the_result_file_has_a_quoted_row_a_case() -> None:
    text = results_csv(run_kit(read_kit(KIT)))
    rows = list(csv.reader(io.StringIO(text)))

    assert text.startswith(
        '"compliance-level-2/0001-discount","0001-discount-test-01","001","SUCCESS",""\n'
    )
    assert [row[3] for row in rows] == ["SUCCESS"] * 4 + ["ERROR", "SUCCESS"]


def test_properties_are_escaped_as_java_reads_them() -> None:
    assert (
        properties({"b": "https://example.org", "a": "贷 = \\"})
        == "a=\\u8d37 \\= \\\\\nb=https\\://example.org\n"
    )


def test_a_case_may_call_a_knowledge_model(kit: Path) -> None:
    folder = kit / "compliance-level-3" / "0003-knowledge"
    folder.mkdir()
    draft = Draft.new("knowledge", "https://example.org/tael/kit/knowledge").knowledge(
        "twice", "2 * x", {"x": "number"}
    )
    (folder / "0003.dmn").write_text(draft.to_xml(), "utf-8")
    (folder / "0003-test-01.xml").write_text(
        '<testCases xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<modelName>0003.dmn</modelName>"
        '<testCase id="1" type="bkm" invocableName="twice">'
        '<inputNode name="x"><value xsi:type="xsd:decimal">4</value></inputNode>'
        '<resultNode name="twice"><expected><value xsi:type="xsd:decimal">8</value></expected>'
        "</resultNode></testCase></testCases>",
        "utf-8",
    )
    assert run_kit(read_kit(kit))[-1].why == ""
