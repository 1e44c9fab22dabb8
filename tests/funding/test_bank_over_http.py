"""The room against a real bank on a real wire: late, twice, not at all, busy, killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tael.funding import (
    BankClient,
    BankDesk,
    ClaimOrder,
    CreditRequest,
    DisbursementOrder,
    Funding,
)
from tael.funding.model import ClaimState, Disbursement, PayoutState, Reservation
from tael.kernel import (
    ApplicationId,
    BadInput,
    Conflict,
    Day,
    FixedClock,
    Money,
    OutsideFailure,
)
from tael.sandbox import BankPolicy, BankProcess, running_bank

AMOUNT = Money.parse("120000")
POLICY = BankPolicy(private_decline_percent=0)
QUICK: dict[str, Any] = {"timeout": timedelta(milliseconds=300), "pauses": ()}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running_bank(tmp_path / "bank.jsonl", policy=POLICY) as address:
        yield address


@pytest.fixture
def wire(url: str) -> Iterator[BankClient]:
    with BankClient(url, **QUICK) as client:
        yield client


def fault(url: str, **what: object) -> None:
    httpx.post(f"{url}/v1/faults", json=what, trust_env=False).raise_for_status()


def credit(world: Any, clock: FixedClock, word: str = "l1", **changes: Any) -> CreditRequest:
    terms: dict[str, Any] = {
        "application": ApplicationId.derive(clock.now(), word),
        "agreement": world.agreement_id("a"),
        "partner": world.partner_id("a"),
        "amount": AMOUNT,
        "months": 12,
        "facts": {"debt_ratio": "0.3"},
    }
    return CreditRequest(**(terms | changes))


def ordered(units: Any, world: Any, desk: BankDesk, clock: FixedClock, word: str = "l1") -> str:
    """A loan that the bank approved, reserved and ordered to be paid out; returns the key."""
    answer = desk.ask(credit(world, clock, word))
    assert answer.approved
    with units() as funding:
        reservation = funding.guarantee.reserve(world.reserve(word), world.limits())
        assert isinstance(reservation, Reservation)
        order = DisbursementOrder(
            key=f"pay-{word}",
            loan=world.loan(word),
            agreement=world.agreement_id("a"),
            reservation=reservation.id,
            credit_reference=answer.reference,
            amount=AMOUNT,
            day=Day(2026, 1, 5),
        )
        return funding.disbursements.order(order).order.key


@pytest.fixture
def booked() -> list[str]:
    return []


@pytest.fixture
def desk(units: Any, world: Any, wire: BankClient, booked: list[str]) -> BankDesk:
    def book(funding: Funding, paid: Disbursement) -> None:
        assert funding.guarantee.of_loan(paid.order.loan) is not None
        booked.append(paid.order.key)

    return BankDesk(units, {world.partner_id("a"): wire}, on_disbursed=book)


@dataclass(frozen=True)
class Bench:
    """Everything a test of the desk needs."""

    units: Any
    world: Any
    clock: FixedClock
    url: str
    desk: BankDesk
    booked: list[str]


@pytest.fixture
def bench(units: Any, world: Any, url: str, desk: BankDesk, booked: list[str]) -> Bench:
    return Bench(units, world, FixedClock.on(Day(2026, 1, 5)), url, desk, booked)


def paid_out(url: str) -> int:
    answer = httpx.get(f"{url}/v1/balances", params={"day": "2026-01-05"}, trust_env=False)
    return len(answer.json()["loans"])


def test_a_bank_in_good_health_pays_once_and_the_loan_is_booked_once(bench: Bench) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    assert bench.desk.disburse(key).paid
    assert bench.desk.disburse(key).paid

    assert bench.booked == [key]
    assert paid_out(bench.url) == 1


@pytest.mark.parametrize("kind", ["", "late", "twice", "none", "error"])
def test_a_bounced_repayment_reaches_the_bank_once_whatever_happens_on_the_wire(
    bench: Bench, wire: BankClient, kind: str
) -> None:
    bench.desk.disburse(ordered(bench.units, bench.world, bench.desk, bench.clock))
    loan, paid, day = bench.world.loan("l1"), Money.parse("20000"), Day(2026, 2, 5)
    wire.repay(loan, paid, day=day, key="r1")
    if kind:
        fault(bench.url, fault=kind, path="/v1/reversals", delay_ms=600)
    if kind in ("late", "none", "error"):
        with pytest.raises(OutsideFailure) as silence:
            wire.reverse(loan, paid, day=day, key="x1")
        assert silence.value.retryable

    assert wire.reverse(loan, paid, day=day, key="x1") == AMOUNT
    assert wire.reverse(loan, paid, day=day, key="x1") == AMOUNT
    assert wire.balances(day) == {loan: AMOUNT}
    with pytest.raises(Conflict):
        wire.reverse(loan, Money.parse("1"), day=day, key="x1")


def test_a_bank_whose_books_do_not_know_the_repayment_says_so(
    bench: Bench, wire: BankClient
) -> None:
    bench.desk.disburse(ordered(bench.units, bench.world, bench.desk, bench.clock))
    with pytest.raises(OutsideFailure) as differs:
        wire.reverse(bench.world.loan("l1"), Money.parse("1"), day=Day(2026, 2, 5), key="x1")
    assert differs.value.code == "bank_differs"


def test_our_guarantees_and_the_banks_balances_are_one_until_a_side_hears_less(
    bench: Bench, wire: BankClient
) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    bench.desk.disburse(key)
    loan, partner = bench.world.loan("l1"), bench.world.partner_id("a")
    with bench.units() as funding:
        assert funding.differences(partner, wire.balances(Day(2026, 1, 5))) == {}
        funding.guarantee.reduce(loan, Money.parse("9000"), key="r1")
        ours, theirs = Money.parse("111000"), AMOUNT
        found = funding.differences(partner, wire.balances(Day(2026, 2, 5)) | {"lost": AMOUNT})
        assert found == {str(loan): (ours, theirs), "lost": (Money.zero(), AMOUNT)}
        assert funding.differences(bench.world.partner_id("b"), {}) == {}
    wire.repay(loan, Money.parse("9000"), day=Day(2026, 2, 5), key="r1")
    with bench.units() as funding:
        assert funding.differences(partner, wire.balances(Day(2026, 2, 5))) == {}


@pytest.mark.parametrize("kind", ["late", "none"])
def test_a_lost_answer_is_found_by_asking_and_the_money_moves_once(bench: Bench, kind: str) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    fault(bench.url, fault=kind, path="/v1/disbursements", delay_ms=700)
    assert bench.desk.disburse(key).paid
    assert paid_out(bench.url) == 1


def test_a_bank_that_stays_busy_leaves_the_order_unknown_until_it_is_well(bench: Bench) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    fault(bench.url, fault="error", path="/v1/disbursements", times=2)
    first = bench.desk.disburse(key)
    assert (first.state, first.reason) == (PayoutState.UNKNOWN, "bank_silent")
    assert (bench.booked, paid_out(bench.url)) == ([], 0)

    assert bench.desk.disburse(key).state is PayoutState.UNKNOWN
    (resumed,) = bench.desk.resume()
    assert isinstance(resumed, Disbursement)
    assert resumed.paid
    assert (bench.booked, paid_out(bench.url)) == ([key], 1)


def test_an_answer_given_twice_is_booked_once(bench: Bench) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    fault(bench.url, fault="twice", path="/v1/disbursements")
    assert bench.desk.disburse(key).paid
    with bench.units() as funding:
        order = funding.disbursements.find(key).order
    with BankClient(bench.url, **QUICK) as second_wire:
        again = second_wire.disburse(order)
    with bench.units() as funding:
        assert funding.disbursements.settle(key, again).paid
    assert (bench.booked, paid_out(bench.url)) == ([key], 1)


def test_a_refusal_of_the_bank_fails_the_order_and_frees_the_room(
    units: Any, world: Any, clock: FixedClock, desk: BankDesk, booked: list[str]
) -> None:
    with units() as funding:
        reservation = funding.guarantee.reserve(world.reserve("l1"), world.limits())
        assert isinstance(reservation, Reservation)
        order = DisbursementOrder(
            key="pay-l1",
            loan=world.loan("l1"),
            agreement=world.agreement_id("a"),
            reservation=reservation.id,
            credit_reference="CR-nobody",
            amount=AMOUNT,
            day=Day(2026, 1, 5),
        )
        funding.disbursements.order(order)
    answer = desk.disburse("pay-l1")
    assert (answer.failed, answer.reason, booked) == (True, "no_approved_credit", [])
    with units() as funding:
        assert funding.guarantee.of_loan(world.loan("l1")) is None


def test_a_crash_between_the_call_and_the_note_is_taken_up_by_key(bench: Bench) -> None:
    key = ordered(bench.units, bench.world, bench.desk, bench.clock)
    with bench.units() as funding:
        begun = funding.disbursements.begin(key)
    with BankClient(bench.url) as wire:
        assert wire.disburse(begun.order).state is PayoutState.DISBURSED
    assert [each.state for each in bench.desk.resume()] == [PayoutState.DISBURSED]
    assert (bench.booked, paid_out(bench.url), bench.desk.resume()) == ([key], 1, ())


def test_a_claim_is_verified_or_disputed_over_the_wire_and_silence_is_unknown(
    units: Any, world: Any, clock: FixedClock, url: str, desk: BankDesk
) -> None:
    desk.disburse(ordered(units, world, desk, clock))
    order = ClaimOrder(
        key="claim-l1",
        loan=world.loan("l1"),
        agreement=world.agreement_id("a"),
        day=Day(2026, 4, 26),
        days_past_due=80,
        principal=AMOUNT,
        interest=Money.parse("1686.28"),
        penalty=Money.parse("121.36"),
    )
    with units() as funding:
        funding.claims.order(order, world.limits())
    fault(url, fault="error", path="/v1/claims")
    assert desk.claim("claim-l1").state is ClaimState.UNKNOWN
    assert desk.claim("claim-l1").verified
    assert desk.claim("claim-l1").verified
    with units() as funding:
        funding.claims.pay("claim-l1", order.amount)
        funding.claims.confirm("claim-l1")
        funding.guarantee.verify()
    with BankClient(url) as wire:
        assert wire.balances(Day(2026, 4, 26)) == {str(world.loan("l1")): Money.zero()}


def test_a_disputed_claim_says_why(bench: Bench, wire: BankClient) -> None:
    bench.desk.disburse(ordered(bench.units, bench.world, bench.desk, bench.clock))
    left = wire.repay(bench.world.loan("l1"), Money.parse("9000"), day=Day(2026, 2, 5), key="r1")
    assert left == Money.parse("111000")
    nothing = Money.zero()
    order = ClaimOrder(
        key="claim-l1",
        loan=bench.world.loan("l1"),
        agreement=bench.world.agreement_id("a"),
        day=Day(2026, 5, 26),
        days_past_due=81,
        principal=AMOUNT,
        interest=nothing,
        penalty=nothing,
    )
    with bench.units() as funding:
        funding.claims.order(order, bench.world.limits())
    answer = bench.desk.claim("claim-l1")
    assert (answer.disputed, answer.reason) == (True, "principal_differs")


def test_a_decline_of_the_bank_is_noted_and_not_asked_again(
    units: Any, world: Any, clock: FixedClock, url: str, desk: BankDesk
) -> None:
    request = credit(world, clock, facts={"debt_ratio": "9"})
    answer = desk.ask(request)
    fault(url, fault="error", times=9)

    assert (answer.approved, answer.reason) == (False, "debt_too_high")
    assert desk.ask(request) == answer


def test_a_silent_bank_gives_no_credit_answer_and_the_next_try_gets_one(
    world: Any, clock: FixedClock, url: str, desk: BankDesk
) -> None:
    fault(url, fault="none", path="/v1/credit-applications")
    with pytest.raises(OutsideFailure) as silence:
        desk.ask(credit(world, clock))
    assert (silence.value.code, silence.value.retryable) == ("bank_silent", True)
    assert desk.ask(credit(world, clock)).lender == POLICY.name


def test_retries_wait_between_attempts_and_stop(world: Any, clock: FixedClock, url: str) -> None:
    waits: list[timedelta] = []
    pauses = (timedelta(milliseconds=10), timedelta(milliseconds=20))
    with BankClient(url, pauses=pauses, sleep=waits.append) as wire:
        fault(url, fault="error", times=2)
        assert wire.apply(credit(world, clock)).approved
        assert waits == list(pauses)
        fault(url, fault="error", times=3)
        with pytest.raises(OutsideFailure):
            wire.apply(credit(world, clock, "l2"))
        assert waits == [*pauses, *pauses]


def test_a_key_with_other_content_is_a_conflict_not_an_answer(
    world: Any, clock: FixedClock, wire: BankClient
) -> None:
    wire.apply(credit(world, clock))
    with pytest.raises(Conflict):
        wire.apply(credit(world, clock, months=24))


def test_a_bank_that_is_not_there_is_silent(world: Any, clock: FixedClock) -> None:
    with BankClient("http://127.0.0.1:9", **QUICK) as wire:
        with pytest.raises(OutsideFailure):
            wire.apply(credit(world, clock))
        with pytest.raises(OutsideFailure):
            wire.balances(Day(2026, 1, 5))


def test_no_wire_to_a_partner_is_said_before_any_call(
    units: Any, world: Any, clock: FixedClock
) -> None:
    with pytest.raises(BadInput):
        BankDesk(units, {}).ask(credit(world, clock))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"state": "PERHAPS"}', b'{"state": 1}'])
def test_an_answer_that_cannot_be_read_is_taken_for_silence(
    units: Any, world: Any, clock: FixedClock, desk: BankDesk, body: bytes
) -> None:
    key = ordered(units, world, desk, clock)
    with _talker(body) as address, BankClient(address, **QUICK) as wire:
        with units() as funding:
            order = funding.disbursements.find(key).order
        assert wire.disburse(order).state is PayoutState.UNKNOWN
        with pytest.raises(OutsideFailure):
            wire.balances(Day(2026, 1, 5))


def test_a_company_of_thirty_loans_survives_every_fault_and_a_killed_bank(
    world: Any, clock: FixedClock, sql: Any, tmp_path: Path
) -> None:
    options = [
        "--seed",
        "4",
        "--late",
        "80",
        "--none",
        "150",
        "--error",
        "150",
        "--delay-ms",
        "700",
    ]
    bank = BankProcess(tmp_path / "bank.jsonl", options=options)
    booked: list[str] = []
    with BankClient(bank.start(), **QUICK) as wire:
        desk = BankDesk(
            sql, {world.partner_id("a"): wire}, lambda _, paid: booked.append(paid.order.key)
        )
        with sql() as funding:
            roomy = world.agreement("c", partner=world.partner_id("a"), capacity=AMOUNT.times(100))
            funding.add_agreement(roomy)
        for number in range(30):
            if number == 15:
                bank.kill()
                bank.start()
            _lend(sql, world, desk, clock, f"n{number}")
        for _ in range(3):
            desk.resume()
        with sql() as funding:
            assert not funding.disbursements.unsettled()
            funding.guarantee.verify()
            used = funding.guarantee.utilisation(world.limits("100000000"))
        lent = wire.balances(Day(2026, 1, 5))
    bank.stop()
    assert len(booked) == len(set(booked)) == len(lent)
    assert used.total.outstanding == AMOUNT.times(len(lent))
    assert len(lent) > 22


def _lend(sql: Any, world: Any, desk: BankDesk, clock: FixedClock, word: str) -> None:
    request = credit(world, clock, word, agreement=world.agreement_id("c"))
    answer = None
    for _ in range(3):
        try:
            answer = desk.ask(request)
        except OutsideFailure:
            continue
        break
    assert answer is not None
    if not answer.approved:
        return
    with sql() as funding:
        room = world.reserve(word, agreement=world.agreement_id("c"))
        reservation = funding.guarantee.reserve(room, world.limits("100000000"))
        assert isinstance(reservation, Reservation)
        order = DisbursementOrder(
            key=f"pay-{word}",
            loan=world.loan(word),
            agreement=world.agreement_id("c"),
            reservation=reservation.id,
            credit_reference=answer.reference,
            amount=AMOUNT,
            day=Day(2026, 1, 5),
        )
        funding.disbursements.order(order)
    desk.disburse(f"pay-{word}")


class _talker:  # noqa: N801 - reads as a verb at the call
    """A server that says the same words to everybody."""

    def __init__(self, words: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(200)
                self.send_header("content-length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            do_GET = do_POST  # noqa: N815 - the name that the server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
