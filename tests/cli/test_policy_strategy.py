"""`tael policies strategy`: files from a book and settings, and a draft that two people take on."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tael.cli import app
from tael.economy import history
from tael.risk import Scorecard

pytestmark = pytest.mark.xdist_group("cli")
SETTINGS = Path(__file__).parents[1] / "app/cases/strategy.yaml"
SECRET = "three green hills"
PDS = (0.002, 0.008, 0.015, 0.03, 0.06, 0.12)


@pytest.fixture
def book(tmp_path: Path) -> str:
    path = tmp_path / "book.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["region", "amount", "months", "pd", "price"])
        for tier, pd in enumerate(PDS, 1):
            for n in range(20 + 3 * tier):
                out.writerow(["44", 50_000 + 9000 * (n % 7), 12, pd, 0.09 + 0.002 * tier])
    return str(path)


def strategy(*words: str, environment: dict[str, str] | None = None) -> Any:
    asked = ["policies", "strategy", *words, "--json"]
    return CliRunner().invoke(app, asked, input=f"{SECRET}\n", env=environment or {})


def test_a_book_and_settings_give_a_strategy_with_its_page_and_table(
    book: str, tmp_path: Path
) -> None:
    out = tmp_path / "prime"
    done = strategy(
        "--book", book, "--targets", str(SETTINGS), "--out", str(out), "--answer-only"
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert float(told["target"]["prime_share"]) >= 0.8
    assert sorted(file.name for file in out.iterdir()) == [
        "report.html", "report.zh.html", "strategy.csv", "strategy.dmn", "strategy.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 3, "give --book or --history"),
        (("--book", "a", "--history", "b"), 3, "one of the two"),
        (("--book", "none.csv"), 3, "no book none.csv"),
        (("--book", "x", "--draft-from", "ver_01jd8c4q8kf3v7s2m5x9w0y1za"), 3, "give --as"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    words: tuple[str, ...], code: int, told: str, tmp_path: Path
) -> None:
    done = strategy(*words, "--targets", str(SETTINGS), "--out", str(tmp_path / "out"))
    assert done.exit_code == code
    assert told in json.loads(done.stdout)["error"]["message"] + str(
        json.loads(done.stdout)["error"]["rule"]
    )


def test_targets_that_contradict_each_other_end_with_4_and_a_page(
    book: str, tmp_path: Path
) -> None:
    text = SETTINGS.read_text("utf-8").replace("volume: 1000000", "volume: 900000000")
    settings = tmp_path / "s.yaml"
    settings.write_text(text, encoding="utf-8")
    curve = SETTINGS.with_name("strategy_curve.csv")
    (tmp_path / curve.name).write_bytes(curve.read_bytes())
    out = tmp_path / "prime"
    done = strategy("--book", book, "--targets", str(settings), "--out", str(out), "--answer-only")
    assert done.exit_code == 4
    assert "cannot be reached" in json.loads(done.stdout)["error"]["message"]
    assert "无法达到" in (out / "report.zh.html").read_text("utf-8")


@pytest.mark.slow
def test_a_strategy_becomes_a_draft_of_the_policy_it_begins_from(
    book: str, tmp_path: Path, place: Callable[[str], dict[str, str]]
) -> None:
    environment = place("strategy")

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words], input=f"{SECRET}\n", env=environment)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout) if "--json" in words else None

    run("db", "upgrade")
    run("users", "add", "lin", "--role", "risk_manager", "--password-stdin")
    past = history(1, 2000)
    card, rules = tmp_path / "card.json", tmp_path / "rules.dmn"
    card.write_text(Scorecard().fit(past.columns, past.bad).to_json(), encoding="utf-8")
    data = Path(__file__).parents[2] / "src/tael/policies/data/first_policy.dmn"
    rules.write_bytes(data.read_bytes())
    person = ("--as", "lin", "--password-stdin", "--json")
    first = run("policies", "draft", "first", "--dmn", str(rules), "--model", str(card), *person)
    made = run(
        "policies", "strategy", "--book", book, "--targets", str(SETTINGS),
        "--out", str(tmp_path / "prime"), "--answer-only",
        "--draft-from", first["version"]["id"], *person,
    )  # fmt: skip
    assert made["version"]["state"] == "draft"
    assert made["version"]["name"] == "prime in four quarters"
    assert made["hash"] in (tmp_path / "prime/policy.dmn").read_text("utf-8")
    told = run("policies", "diff", first["version"]["id"], made["version"]["id"], "--json")
    places = {one["text"] for one in told["differences"]}
    assert places == {"dmn"}
