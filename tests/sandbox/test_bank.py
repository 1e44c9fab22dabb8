"""The bank through its wire: what it decides, what it remembers, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tael.sandbox import BankPolicy, BankProcess, running_bank

POLICY = BankPolicy(private_decline_percent=0)


def money(yuan: int) -> dict[str, object]:
    return {"minor": yuan * 100, "currency": "CNY"}


def application(**changes: object) -> dict[str, object]:
    facts = {"overdue_count_24m": 0, "debt_ratio": "0.4"}
    return {"application": "a1", "amount": money(120_000), "months": 12, "facts": facts} | changes


def post(bank: httpx.Client, path: str, key: str, body: dict[str, object]) -> httpx.Response:
    return bank.post(path, json=body, headers={"Idempotency-Key": key})


def lend(bank: httpx.Client, loan: str = "l1", yuan: int = 120_000) -> dict[str, object]:
    request = application(application=f"of-{loan}", amount=money(yuan))
    credit = post(bank, "/v1/credit-applications", f"c-{loan}", request).json()
    order = {
        "loan": loan,
        "credit_application": credit["credit_application"],
        "amount": money(yuan),
        "day": "2026-01-05",
    }
    answer = post(bank, "/v1/disbursements", f"d-{loan}", order).json()
    assert answer["state"] == "DISBURSED"
    return answer


def claim(**changes: object) -> dict[str, object]:
    parts = {"principal": money(120_000), "interest": money(1_800), "penalty": money(200)}
    times = {"loan": "l1", "day": "2026-04-26", "days_past_due": 80, "amount": money(122_000)}
    return parts | times | changes


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        running_bank(tmp_path / "bank.jsonl", policy=POLICY) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


def test_the_bank_lends_what_it_approved_and_says_so_again_when_asked(bank: httpx.Client) -> None:
    answer = lend(bank)

    assert bank.get("/v1/disbursements/d-l1").json() == answer
    assert bank.get("/v1/balances", params={"day": "2026-01-05"}).json() == {
        "day": "2026-01-05",
        "loans": [{"loan": "l1", "principal": money(120_000)}],
        "total": money(120_000),
    }
    assert bank.get("/v1/balances", params={"day": "2026-01-04"}).json()["loans"] == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": money(5_000)}, "amount_out_of_range"),
        ({"amount": money(1_000_001)}, "amount_out_of_range"),
        ({"months": 48}, "term_too_long"),
        ({"facts": {"overdue_count_24m": 5}}, "overdue_record"),
        ({"facts": {"debt_ratio": "1.61"}}, "debt_too_high"),
    ],
)
def test_the_bank_declines_by_its_own_policy(
    bank: httpx.Client, changes: dict[str, object], reason: str
) -> None:
    answer = post(bank, "/v1/credit-applications", "c1", application(**changes)).json()

    assert (answer["outcome"], answer["reason"]) == ("declined", reason)
    assert answer["approved_amount"] == money(0)


def test_the_banks_private_list_declines_the_same_applications_every_time(tmp_path: Path) -> None:
    outcomes = []
    for run in ("first", "second"):
        policy = BankPolicy(private_decline_percent=30, seed=5)
        with (
            running_bank(tmp_path / run, policy=policy) as url,
            httpx.Client(base_url=url, trust_env=False) as client,
        ):
            answers = [
                post(client, "/v1/credit-applications", f"c{n}", application(application=f"a{n}"))
                for n in range(40)
            ]
            outcomes.append([answer.json()["reason"] for answer in answers])
    assert outcomes[0] == outcomes[1]
    assert 4 <= outcomes[0].count("internal_policy") <= 20


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"credit_application": "CR-unknown"}, "no_approved_credit"),
        ({"amount": money(120_001)}, "amount_not_approved"),
        ({"amount": money(0)}, "amount_not_approved"),
    ],
)
def test_the_bank_pays_nothing_that_it_did_not_approve(
    bank: httpx.Client, changes: dict[str, object], reason: str
) -> None:
    credit = post(bank, "/v1/credit-applications", "c1", application()).json()
    reference = credit["credit_application"]
    order = {"loan": "l1", "credit_application": reference, "day": "2026-01-05"}

    answer = post(bank, "/v1/disbursements", "d1", order | {"amount": money(120_000)} | changes)
    assert (answer.json()["state"], answer.json()["reason"]) == ("FAILED", reason)


def test_one_approval_is_paid_out_once_whatever_the_key(bank: httpx.Client) -> None:
    lend(bank)
    credit = bank.get("/v1/credit-applications/c-l1").json()
    order = {"loan": "l2", "credit_application": credit["credit_application"], "day": "2026-01-06"}

    second = post(bank, "/v1/disbursements", "d2", order | {"amount": money(120_000)}).json()
    assert (second["state"], second["reason"]) == ("FAILED", "already_disbursed")


def test_the_same_key_gets_the_same_answer_and_other_content_is_refused(bank: httpx.Client) -> None:
    first = post(bank, "/v1/credit-applications", "c1", application())
    again = post(bank, "/v1/credit-applications", "c1", application())
    other = post(bank, "/v1/credit-applications", "c1", application(months=6))

    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")


def test_what_bounced_is_owed_again_from_its_day_on(bank: httpx.Client) -> None:
    lend(bank)
    repayment = {"loan": "l1", "day": "2026-02-05", "principal": money(20_000)}
    post(bank, "/v1/repayments", "r1", repayment)
    reversal = {"loan": "l1", "day": "2026-02-09", "principal": money(20_000)}

    first = post(bank, "/v1/reversals", "x1", reversal)
    again = post(bank, "/v1/reversals", "x1", reversal)
    assert first.json()["balance"] == money(120_000)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert bank.get("/v1/reversals/x1").json() == first.json()
    for day, left in (("2026-02-08", 100_000), ("2026-02-09", 120_000)):
        balances = bank.get("/v1/balances", params={"day": day}).json()
        assert balances["total"] == money(left)


def test_no_more_is_owed_again_than_was_lent(bank: httpx.Client) -> None:
    lend(bank)
    reversal = {"loan": "l1", "day": "2026-02-09", "principal": money(1)}
    refused = post(bank, "/v1/reversals", "x1", reversal)
    unknown = post(bank, "/v1/reversals", "x2", reversal | {"loan": "another"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "more_than_repaid")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (422, "no_such_loan")


def test_a_bank_that_starts_again_remembers_what_bounced(tmp_path: Path) -> None:
    for restart in range(2):
        with (
            running_bank(tmp_path / "bank.jsonl", policy=POLICY) as url,
            httpx.Client(base_url=url, trust_env=False) as client,
        ):
            if not restart:
                lend(client)
                body = {"loan": "l1", "day": "2026-02-05", "principal": money(20_000)}
                post(client, "/v1/repayments", "r1", body)
                post(client, "/v1/reversals", "x1", body | {"principal": money(5_000)})
            balances = client.get("/v1/balances", params={"day": "2026-02-05"}).json()
            assert balances["total"] == money(105_000)


def test_repayments_reduce_the_balance_of_their_day_on(bank: httpx.Client) -> None:
    lend(bank)
    repayment = {"loan": "l1", "day": "2026-02-05", "principal": money(20_000)}
    assert post(bank, "/v1/repayments", "r1", repayment).json()["balance"] == money(100_000)

    too_much = repayment | {"principal": money(100_001)}
    assert post(bank, "/v1/repayments", "r2", too_much).status_code == 422
    for day, left in (("2026-02-04", 120_000), ("2026-02-05", 100_000)):
        answer = bank.get("/v1/balances", params={"day": day}).json()
        assert answer["total"] == money(left)


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, "VERIFIED", ""),
        ({"days_past_due": 79}, "DISPUTED", "too_early"),
        ({"amount": money(121_999)}, "DISPUTED", "parts_do_not_add_up"),
        ({"principal": money(119_000), "amount": money(121_000)}, "DISPUTED", "principal_differs"),
    ],
)
def test_a_claim_is_checked_against_the_banks_own_books(
    bank: httpx.Client, changes: dict[str, object], state: str, reason: str
) -> None:
    lend(bank)
    answer = post(bank, "/v1/claims", "k1", claim(**changes)).json()

    assert (answer["state"], answer["reason"]) == (state, reason)
    left = bank.get("/v1/balances", params={"day": "2026-05-01"}).json()["total"]
    assert left == money(0 if state == "VERIFIED" else 120_000)


def test_a_loan_is_compensated_once(bank: httpx.Client) -> None:
    lend(bank)
    assert post(bank, "/v1/claims", "k1", claim()).json()["state"] == "VERIFIED"

    again = post(bank, "/v1/claims", "k2", claim()).json()
    assert (again["state"], again["reason"]) == ("DISPUTED", "already_claimed")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/credit-applications", application(amount=120_000), "amount"),
        ("/v1/credit-applications", application(amount={"minor": -1, "currency": "CNY"}), "amount"),
        ("/v1/credit-applications", application(amount={"minor": 1, "currency": "USD"}), "amount"),
        ("/v1/credit-applications", application(months="12"), "months"),
        ("/v1/credit-applications", application(facts={"debt_ratio": "high"}), "facts.debt_ratio"),
        ("/v1/credit-applications", application(application=""), "application"),
        ("/v1/disbursements", {"loan": "l1", "amount": money(1), "day": "5 January"}, "day"),
    ],
)
def test_a_malformed_request_names_its_field_and_is_not_remembered(
    bank: httpx.Client, path: str, body: dict[str, object], field: str
) -> None:
    answer = post(bank, path, "k", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert bank.get(f"{path}/k").status_code == 404


def test_a_request_without_a_key_or_without_json_is_refused(bank: httpx.Client) -> None:
    assert bank.post("/v1/claims", json={}).status_code == 400
    assert post(bank, "/v1/claims", "k", {}).status_code == 400
    answer = bank.post("/v1/claims", content=b"{", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 400
    assert bank.get("/v1/balances", params={"day": "soon"}).status_code == 400


def test_a_killed_bank_remembers_everything_it_answered(tmp_path: Path) -> None:
    bank = BankProcess(tmp_path / "bank.jsonl", options=["--seed", "3"])
    url = bank.start()
    with httpx.Client(base_url=url, trust_env=False) as client:
        answer = lend(client)
    bank.kill()
    with (tmp_path / "bank.jsonl").open("ab") as records:
        records.write(b'{"path": "/v1/disb')  # a torn last line

    assert bank.start() == url
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/v1/disbursements/d-l1").json() == answer
        again = lend(client)
        balances = client.get("/v1/balances", params={"day": "2026-01-05"}).json()
    bank.stop()
    assert again == answer
    assert balances["total"] == money(120_000)
    assert (tmp_path / "bank.jsonl").read_bytes().count(b"\n") == 2
