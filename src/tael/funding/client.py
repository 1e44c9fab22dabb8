"""One partner bank over HTTP: bounded waits, retries under one key, and no guess about silence."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from tael.funding.model import (
    ClaimAnswer,
    ClaimOrder,
    ClaimState,
    CreditAnswer,
    CreditRequest,
    DisbursementOrder,
    PayoutAnswer,
    PayoutState,
)
from tael.kernel import Conflict, Day, LoanId, Money, OutsideFailure

_CREDIT, _PAYOUTS = "/v1/credit-applications", "/v1/disbursements"
_REPAYMENTS, _REVERSALS = "/v1/repayments", "/v1/reversals"
_CLAIMS = "/v1/claims"
_BAD_REQUEST, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 400, 404, 409, 422
_REFUSED = (_BAD_REQUEST, _UNPROCESSABLE)
_OK = range(200, 300)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_PAUSES = (timedelta(milliseconds=100), timedelta(milliseconds=500))

Answer = Mapping[str, object]


@cache
def _authorities() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes longer than most calls, so once."""
    return httpx.create_ssl_context(trust_env=False)


def _sleep(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


class BankClient:
    """Speaks the bank's protocol. Every call may be made again: the key makes it one piece of work.

    A bank that stays silent is never taken for one that refused: disbursements and claims then
    answer UNKNOWN, and the next run asks by key before it sends again.

    Args:
        url: where the bank listens.
        timeout: for each attempt.
        pauses: waits between attempts; one attempt more than pauses is made.
        sleep: how to wait.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: timedelta = timedelta(seconds=5),
        pauses: Sequence[timedelta] = _PAUSES,
        sleep: Callable[[timedelta], None] = _sleep,
    ) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=timeout.total_seconds(), trust_env=False, verify=_authorities()
        )
        self._pauses = tuple(pauses)
        self._sleep = sleep

    def apply(self, request: CreditRequest) -> CreditAnswer:
        """The bank's own decision on an application.

        Raises:
            OutsideFailure: no answer, or none that can be read; ask again.
            Conflict: the bank knows the key with other content.
        """
        body = {
            "application": request.application,
            "amount": _amount_out(request.amount),
            "months": request.months,
            "facts": dict(request.facts),
        }
        status, answer = self._send("POST", _CREDIT, request.key, body)
        if status not in _OK:
            raise _unreadable(status)
        return CreditAnswer(
            approved=_text(answer, "outcome") == "approved",
            reason=_text(answer, "reason"),
            reference=_text(answer, "credit_application"),
            amount=_amount(answer, "approved_amount"),
            lender=_text(answer, "lender"),
        )

    def disburse(self, order: DisbursementOrder) -> PayoutAnswer:
        """Tell the bank to pay out. UNKNOWN when it does not say whether it did.

        Raises:
            Conflict: the bank knows the key with other content.
        """
        body = {
            "loan": order.loan,
            "credit_application": order.credit_reference,
            "amount": _amount_out(order.amount),
            "day": order.day.isoformat(),
        }
        try:
            return _payout(order, *self._send("POST", _PAYOUTS, order.key, body))
        except OutsideFailure as silence:
            return _unknown_payout(order, silence)

    def find_disbursement(self, order: DisbursementOrder) -> PayoutAnswer | None:
        """What the bank did for ``order``; None when it has never carried it out."""
        try:
            status, answer = self._send("GET", f"{_PAYOUTS}/{order.key}")
            return None if status == _NOT_FOUND else _payout(order, status, answer)
        except OutsideFailure as silence:
            return _unknown_payout(order, silence)

    def repay(self, loan: LoanId, principal: Money, *, day: Day, key: str) -> Money:
        """Tell the bank of principal repaid on ``day``; returns what it still counts as owed.

        Raises:
            OutsideFailure: no answer, or a refusal (the two books differ).
            Conflict: the bank knows the key with other content.
        """
        body = {"loan": loan, "day": day.isoformat(), "principal": _amount_out(principal)}
        status, answer = self._send("POST", _REPAYMENTS, key, body)
        return _balance(status, answer, f"repayment {key!r}")

    def reverse(self, loan: LoanId, principal: Money, *, day: Day, key: str) -> Money:
        """Tell the bank that on ``day`` principal told as repaid was taken back: it is owed again.

        ``key`` names the reversal, not the repayment: what is owed again follows from folding the
        loan's log without the repayment, and may be less than the repayment brought. Returns what
        the bank now counts as owed.

        Raises:
            OutsideFailure: no answer, or a refusal (the two books differ).
            Conflict: the bank knows the key with other content.
        """
        body = {"loan": loan, "day": day.isoformat(), "principal": _amount_out(principal)}
        status, answer = self._send("POST", _REVERSALS, key, body)
        return _balance(status, answer, f"reversal {key!r}")

    def claim(self, order: ClaimOrder) -> ClaimAnswer:
        """Send a claim. UNKNOWN when the bank does not say what it thinks of it.

        Raises:
            Conflict: the bank knows the key with other content.
        """
        body = {
            "loan": order.loan,
            "day": order.day.isoformat(),
            "days_past_due": order.days_past_due,
            "amount": _amount_out(order.amount),
            "principal": _amount_out(order.principal),
            "interest": _amount_out(order.interest),
            "penalty": _amount_out(order.penalty),
        }
        try:
            return _claim_answer(order, *self._send("POST", _CLAIMS, order.key, body))
        except OutsideFailure as silence:
            return _unknown_claim(order, silence)

    def find_claim(self, order: ClaimOrder) -> ClaimAnswer | None:
        """What the bank answered to ``order``; None when it has never seen it."""
        try:
            status, answer = self._send("GET", f"{_CLAIMS}/{order.key}")
            return None if status == _NOT_FOUND else _claim_answer(order, status, answer)
        except OutsideFailure as silence:
            return _unknown_claim(order, silence)

    def balances(self, day: Day) -> dict[str, Money]:
        """Outstanding principal by loan at the end of ``day``, as the bank counts it.

        Raises:
            OutsideFailure: no answer, or none that can be read.
        """
        status, answer = self._send("GET", f"/v1/balances?day={day.isoformat()}")
        rows = answer.get("loans")
        if status not in _OK or not isinstance(rows, list):
            raise _unreadable(status)
        return {_text(row, "loan"): _amount(row, "principal") for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(
        self, method: str, path: str, key: str = "", body: Mapping[str, object] | None = None
    ) -> tuple[int, Answer]:
        """Status and body; tries again while the bank is silent or busy, then gives up."""
        headers = {"Idempotency-Key": key} if key else {}
        last = ""
        for pause in (*self._pauses, None):
            try:
                response = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as silence:
                last = type(silence).__name__
            else:
                if response.status_code not in _TRY_AGAIN:
                    return response.status_code, _read(response, key)
                last = f"HTTP {response.status_code}"
            if pause is not None:
                self._sleep(pause)
        raise OutsideFailure(f"the bank gave no answer ({last})", code="bank_silent")


def _read(response: httpx.Response, key: str) -> Answer:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _unreadable(response.status_code)
    if response.status_code == _CONFLICT:
        raise Conflict(
            f"the bank knows key {key!r} with other content", field="key", rule="one key, one use"
        )
    return answer


def _unreadable(status: int) -> OutsideFailure:
    return OutsideFailure(
        f"the bank's answer cannot be read (HTTP {status})", code="bank_unreadable"
    )


def _balance(status: int, answer: Answer, what: str) -> Money:
    if status not in _OK:
        raise OutsideFailure(f"the bank refused {what}: {_reason(answer)}", code="bank_differs")
    return _amount(answer, "balance")


def _payout(order: DisbursementOrder, status: int, answer: Answer) -> PayoutAnswer:
    if status in _REFUSED:
        nothing = Money.zero(order.amount.currency)
        return PayoutAnswer(state=PayoutState.FAILED, amount=nothing, reason=_reason(answer))
    states = {"DISBURSED": PayoutState.DISBURSED, "FAILED": PayoutState.FAILED}
    state = states.get(_text(answer, "state"))
    if status not in _OK or state is None:
        raise _unreadable(status)
    return PayoutAnswer(
        state=state,
        amount=_amount(answer, "amount"),
        reason=_text(answer, "reason"),
        reference=_text(answer, "bank_reference"),
    )


def _claim_answer(order: ClaimOrder, status: int, answer: Answer) -> ClaimAnswer:
    if status in _REFUSED:
        nothing = Money.zero(order.amount.currency)
        return ClaimAnswer(state=ClaimState.DISPUTED, amount=nothing, reason=_reason(answer))
    states = {"VERIFIED": ClaimState.VERIFIED, "DISPUTED": ClaimState.DISPUTED}
    state = states.get(_text(answer, "state"))
    if status not in _OK or state is None:
        raise _unreadable(status)
    verified = _amount(answer, "verified_amount")
    return ClaimAnswer(state=state, amount=verified, reason=_text(answer, "reason"))


def _unknown_payout(order: DisbursementOrder, silence: OutsideFailure) -> PayoutAnswer:
    nothing = Money.zero(order.amount.currency)
    return PayoutAnswer(state=PayoutState.UNKNOWN, amount=nothing, reason=silence.code)


def _unknown_claim(order: ClaimOrder, silence: OutsideFailure) -> ClaimAnswer:
    nothing = Money.zero(order.amount.currency)
    return ClaimAnswer(state=ClaimState.UNKNOWN, amount=nothing, reason=silence.code)


def _reason(answer: Answer) -> str:
    error = answer.get("error")
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _text(answer: Answer, name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _amount(answer: Answer, name: str) -> Money:
    value = answer.get(name)
    parts = value if isinstance(value, dict) else {}
    minor, currency = parts.get("minor"), parts.get("currency")
    if type(minor) is not int or not isinstance(currency, str):
        raise OutsideFailure(f"the bank's answer has no {name}", code="bank_unreadable", field=name)
    return Money(minor, currency)


def _amount_out(amount: Money) -> dict[str, object]:
    return {"minor": amount.minor, "currency": amount.currency}
