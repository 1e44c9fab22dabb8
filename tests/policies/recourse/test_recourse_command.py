"""`tael policies recourse` on files alone: advice, letter, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tael.cli import app
from tael.policies import first_bundle

INPUTS: dict[str, Any] = {
    "owner_age": 41, "years_in_business": 6, "employees": 5, "monthly_revenue": 100_000,
    "bank_turnover_12m": 1_000_000, "tax_paid_12m": 20_000, "total_debt": 1_800_000,
    "debt_ratio": 1.5, "revenue_volatility": 0.2, "overdue_count_24m": 0, "enquiries_6m": 1,
    "active_loans": 1, "owns_property": True, "region": "310000", "industry": "F52",
    "enterprise_kind": "company", "amount": 150_000, "months": 12,
}  # fmt: skip
FILES = {"dmn": "policy.dmn", "model": "model.json", "prices": "prices.json",
         "parameters": "parameters.json"}  # fmt: skip


@pytest.fixture(scope="module")
def folder(card: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy and an applicant's inputs, as files."""
    found = tmp_path_factory.mktemp("recourse")
    bundle = first_bundle(card)
    for name, file in FILES.items():
        (found / file).write_text(getattr(bundle, name), encoding="utf-8")
    (found / "applicant.json").write_text(json.dumps(INPUTS), encoding="utf-8")
    return found


def run(folder: Path, *words: str, cap: str = "0.24") -> Any:
    given = ("--inputs", str(folder / "applicant.json"), "--policy", str(folder), "--cap", cap)
    return CliRunner().invoke(app, ["policies", "recourse", *given, *words])


def test_the_advice_is_one_json_object_with_exact_figures(folder: Path) -> None:
    answer = run(folder, "--json")
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["outcome"], found["target"], found["complete"]) == ("decline", "approve", True)
    (change,) = found["answers"][0]["changes"]
    assert (change["from"], change["to"]) == ("1800000", "1440000")
    assert change["with_it"] == {"debt_ratio": ["1.5", "1.2"]}
    assert found["answers"][0]["outcome"] == "approve"


def test_advice_and_letter_come_in_both_languages(folder: Path) -> None:
    assert "1,440,000元" in run(folder).stdout
    letter = run(folder, "--letter", "Some Guarantee Co.: 400-1", "--locale", "en").stdout
    assert "Some Guarantee Co.: 400-1" in letter
    assert "article 24" in letter
    assert "CNY 1,440,000" in letter


@pytest.mark.parametrize(
    ("words", "cap", "says"),
    [
        (("--target", "best"), "0.24", "'best' is no target"),
        (("--locale", "fr"), "0.24", "'fr' is not a language"),
        (("--letter", "nobody"), "0.24", "whom to ask"),
        ((), "much", "'much' is no cap"),
        (("dec_01jd8c4q8kf3v7s2m5x9w0y1za",), "0.24", "name a decision, or give --inputs"),
    ],
)
def test_bad_words_are_refused(folder: Path, words: tuple[str, ...], cap: str, says: str) -> None:
    answer = run(folder, *words, cap=cap)
    assert answer.exit_code == 3
    assert says in answer.stderr


def test_missing_and_broken_files_are_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[1", encoding="utf-8")
    for file, says in ((tmp_path / "none.json", "there is no file"), (broken, "broken.json")):
        given = ("--inputs", str(file), "--policy", str(folder), "--cap", "0.24")
        answer = CliRunner().invoke(app, ["policies", "recourse", *given])
        assert answer.exit_code == 3
        assert says in answer.stderr
