"""Every command that reads, on a small demo played through the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("cli")
Run = Callable[..., Any]
SECRET = "three green hills"
LAST_DAY = "2024-11-30"


def first_loan(tael: Run) -> str:
    return str(tael("loans", "list", "--limit", "1", "--json").json["loans"][0]["loan"])


def test_the_demo_prints_the_hash_of_the_books(
    tael: Run, played: tuple[dict[str, str], dict[str, Any]]
) -> None:
    said = played[1]

    assert said["journal_hash"] == tael("ledger", "hash", "--json").json["hash"]
    assert said["as_of"] == LAST_DAY
    assert said["resumed_from"] is None
    assert said["sign_in"]["login"] == "demo"


def test_loans_are_listed_page_by_page(tael: Run) -> None:
    every = tael("loans", "list", "--on", LAST_DAY, "--json").json
    first = tael("loans", "list", "--limit", "1", "--json").json
    rest = tael("loans", "list", "--after", first["next"], "--json").json

    ids = [one["loan"] for one in every["loans"]]
    assert every["next"] is None
    assert [one["loan"] for one in (*first["loans"], *rest["loans"])] == ids
    assert all(one["principal"]["currency"] == "CNY" for one in every["loans"])
    assert ids[0] in tael("loans", "list").out


def test_one_loan_shows_its_schedule_and_what_is_due(tael: Run) -> None:
    loan = first_loan(tael)
    shown = tael("loans", "show", loan, "--on", LAST_DAY, "--json").json

    principal = sum(row["principal"]["minor"] for row in shown["schedule"])
    assert principal == shown["principal"]["minor"]
    assert shown["events"][0]["kind"] == "Disbursed"
    assert "Schedule" in tael("loans", "show", loan).out
    assert loan in tael("loans", "payoff", loan).out
    early = tael("loans", "show", loan, "--on", "2024-10-01")
    assert early.code == 3
    assert "ask for that day or a later one" in early.err


def test_the_worked_loan_is_quoted_to_the_cent(run: Run) -> None:
    quoted = run("loans", "quote", "120000", "--months", "12", "--json").json

    assert quoted["instalments"][0]["total"] == {"minor": 1_100_160, "currency": "CNY"}
    assert "11,001.60 CNY" in run("loans", "quote", "120000", "--months", "12").out


def test_the_dashboard_ties_to_the_journal(tael: Run) -> None:
    answer = tael("portfolio", "dashboard", "--as-of", LAST_DAY, "--json")

    assert answer.code == 0
    assert answer.json["as_of"] == LAST_DAY
    assert answer.json["figures"]["balance"]["minor"] > 0
    assert all(one["ties"] for one in answer.json["tie_outs"])
    assert "Outstanding balance" in tael("portfolio", "dashboard").out


def test_the_books_prove_themselves_and_balance(tael: Run) -> None:
    proof = tael("ledger", "verify", "--json")
    balance = tael("ledger", "trial-balance", "--as-of", LAST_DAY, "--json").json
    sums: dict[tuple[str, str, str], int] = {}
    for row in balance["rows"]:
        part = (row["book"], row["owner"], row["basis"])
        sums[part] = sums.get(part, 0) + row["net"]["minor"]

    assert proof.code == 0
    assert proof.json["sound"]
    assert balance["balanced"]
    assert set(sums.values()) == {0}
    assert "Loan principal" in tael("ledger", "trial-balance", "--book", "B").out


def test_the_hash_is_given_by_book_and_day_too(tael: Run) -> None:
    days = tael("ledger", "hash", "--by-day", "--json").json["days"]

    assert {day["book"] for day in days} >= {"B", "G", "P", "C"}
    assert tael("ledger", "hash", "--by-day").out.count("\n") == len(days) + 1


def test_a_decision_comes_out_again_bit_for_bit(tael: Run, company: dict[str, str]) -> None:
    again = tael("policies", "reproduce", some_decision(company), "--json")

    assert again.code == 0
    assert again.json["same"]
    assert again.json["recorded"] == again.json["recomputed"]
    assert "bit for bit" in tael("policies", "reproduce", again.json["decision"]).out


def test_a_logged_decision_is_told_what_would_change_it(tael: Run, company: dict[str, str]) -> None:
    decision = some_decision(company)
    told = tael("policies", "recourse", decision, "--json").json

    logged = tael("policies", "reproduce", decision, "--json").json
    assert (told["outcome"], told["tier"]) == (logged["outcome"], logged["tier"])
    assert told["complete"]
    assert all(answer["changes"] for answer in told["answers"])
    assert "第二十四条" in tael("policies", "recourse", decision, "--letter", "某公司:400-1").out


def some_decision(company: dict[str, str]) -> str:
    import sqlalchemy as sa

    engine = sa.create_engine(company["TAEL_DATABASE_URL"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        return str(connection.scalar(sa.text("SELECT min(id) FROM policies.decision_log")))


def test_the_policy_in_force_names_two_people(tael: Run) -> None:
    version = tael("policies", "list", "--json").json["versions"][0]

    assert version["state"] == "deployed"
    assert version["drafted_by"] != version["approved_by"]
    assert version["id"] in tael("policies", "list").out


def test_a_parameter_needs_a_maker_and_a_checker(tael: Run) -> None:
    for login in ("maker", "checker"):
        words = ("users", "add", login, "--role", "risk_manager", "--password-stdin", "--json")
        assert tael(*words, typed=f"{SECRET}\n").json["roles"] == ["risk_manager"]
    propose = ("params", "propose", "cap.all_in", '"0.20"', "--from", "2999-01-01")
    signed = ("--password-stdin", "--json")
    version = tael(*propose, "--as", "maker", *signed, typed=f"{SECRET}\n").json["version"]

    own = tael("params", "approve", version, "--as", "maker", *signed, typed=f"{SECRET}\n")
    assert own.code == 4
    assert own.json["error"]["rule"] == "four eyes"
    assert version in tael("params", "list", "--pending").out
    other = tael("params", "approve", version, "--as", "checker", *signed, typed=f"{SECRET}\n")
    assert other.json["state"] == "approved"
    on = tael("params", "list", "--on", "2999-01-01", "--json").json["parameters"]
    assert next(one for one in on if one["name"] == "cap.all_in")["value"] == "0.20"
    history = tael("params", "list", "--name", "cap.all_in", "--json").json["parameters"]
    assert history[0]["id"] == version


def test_who_may_not_propose_is_refused(tael: Run) -> None:
    assert (
        tael(
            "users", "add", "looker", "--role", "auditor", "--password-stdin", typed=f"{SECRET}\n"
        ).code
        == 0
    )
    words = ("params", "propose", "cap.all_in", '"0.20"', "--from", "2999-01-01", "--as", "looker")
    answer = tael(*words, "--password-stdin", typed=f"{SECRET}\n")

    assert answer.code == 4
    assert "you may not propose this parameter" in answer.err


def test_users_are_listed_and_a_login_is_taken_once(tael: Run) -> None:
    assert "demo" in tael("users", "list").out
    taken = tael("users", "add", "demo", "--role", "admin", "--password-stdin", typed=f"{SECRET}\n")
    assert taken.code == 4
    assert "is taken" in taken.err


def test_the_audit_chain_is_sealed_and_holds(tael: Run) -> None:
    sealed = tael("audit", "verify", "--seal", "--json").json

    assert sealed["holds"]
    assert sealed["sealed"] > 0
    assert sealed["unsealed"] == 0
    assert "The chain holds." in tael("audit", "verify").out


def test_the_database_is_at_the_schema_of_the_code(tael: Run) -> None:
    assert tael("db", "upgrade", "--json").json == {"added": []}
    assert tael("db", "check", "--json").json == {"drift": [], "sound": True}
    status = tael("db", "status", "--json").json
    assert status["kind"] == "own"
    assert any(name.startswith("ledger_") for name in status["schema_versions"])


def test_a_backup_is_written_once_and_fills_only_an_empty_database(
    tael: Run, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"

    assert tael("db", "backup", str(file), "--json").json["bytes"] == file.stat().st_size
    again = tael("db", "backup", str(file))
    assert again.code == 4
    assert "is there already" in again.err
    over = tael("db", "restore", str(file))
    assert over.code == 4
    assert "restore into an empty one" in over.err


def test_settings_show_no_password(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from tael.cli import app

    url = "postgresql://tael:hush@db.example/tael"
    environment = {"TAEL_HOME": str(tmp_path), "TAEL_DATABASE_URL": url}
    said = CliRunner().invoke(app, ["settings", "--json"], env=environment).stdout

    assert "hush" not in said
    assert "tael:***@db.example" in said
