"""The bank's desk: carries out each request once, by its key, and remembers its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tael.kernel import Day, Money, total
from tael.sandbox.bank import rules
from tael.sandbox.bank.records import Record, Records, content_hash
from tael.sandbox.bank.rules import BankLoan, BankPolicy, Malformed, Verdict

Body = dict[str, object]
_DISBURSEMENTS, _REVERSALS, _CLAIMS = "/v1/disbursements", "/v1/reversals", "/v1/claims"


class Office:
    """One bank's state, rebuilt from its records at start; threads may call every method."""

    def __init__(self, policy: BankPolicy, records: Records) -> None:
        self._policy = policy
        self._records = records
        self._lock = threading.RLock()
        self._answers: dict[tuple[str, str], Record] = {}
        self._credits: dict[str, Body] = {}
        self._loans: dict[str, BankLoan] = {}
        self._carry_out: dict[str, Callable[[str, Body], Verdict]] = {
            "/v1/credit-applications": self._credit,
            _DISBURSEMENTS: self._disburse,
            "/v1/repayments": self._repay,
            _REVERSALS: self._reverse,
            _CLAIMS: self._claim,
        }
        for record in records.read():
            self._remember(record)

    def post(self, path: str, key: str, request: Body) -> tuple[Verdict, bool]:
        """The answer to ``request``, and whether it was given before under this key.

        A key that comes again with other content is answered 409 and changes nothing.
        """
        with self._lock:
            known = self._answers.get((path, key))
            if known is not None and known.request_hash != content_hash(request):
                return _no(409, "key_reused", "this Idempotency-Key came with other content"), False
            if known is not None:
                return known.verdict, True
            try:
                verdict = self._carry_out[path](key, request)
            except Malformed as wrong:
                return _no(400, "malformed", str(wrong), field=wrong.name), False
            record = Record(path, key, request, verdict)
            self._records.append(record)
            self._remember(record)
            return verdict, False

    def answer(self, path: str, key: str) -> Verdict:
        """What was answered to ``key`` before; 404 when the bank has never carried it out."""
        with self._lock:
            known = self._answers.get((path, key))
            return known.verdict if known else _no(404, "unknown_key", "no such request here")

    def balances(self, day: Day) -> Body:
        """Outstanding principal of every loan lent by ``day``, at its end, and their sum."""
        with self._lock:
            lent = sorted((x for x in self._loans.values() if x.day <= day), key=lambda x: x.loan)
            rows = [(item.loan, item.balance(day)) for item in lent]
        return {
            "day": day.isoformat(),
            "loans": [{"loan": name, "principal": rules.amount_out(left)} for name, left in rows],
            "total": rules.amount_out(total(left for _, left in rows)),
        }

    def _credit(self, key: str, request: Body) -> Verdict:
        reason, approved = rules.decide_credit(self._policy, request)
        body: Body = {
            "credit_application": f"CR-{content_hash({'key': key})[:12]}",
            "application": rules.text(request, "application"),
            "outcome": "declined" if reason else "approved",
            "reason": reason,
            "approved_amount": rules.amount_out(approved),
            "lender": self._policy.name,
        }
        return Verdict(200, body)

    def _disburse(self, key: str, request: Body) -> Verdict:
        loan, amount = rules.text(request, "loan"), rules.money(request, "amount")
        day = rules.day_in(request, "day")
        credit = self._credits.get(rules.text(request, "credit_application"), {})
        reason = self._why_not(credit, loan, amount)
        body: Body = {
            "key": key,
            "loan": loan,
            "amount": rules.amount_out(amount),
            "state": "FAILED" if reason else "DISBURSED",
            "reason": reason,
            "value_date": day.isoformat(),
            "bank_reference": "" if reason else f"PAY-{content_hash({'key': key})[:12]}",
        }
        return Verdict(200, body)

    def _why_not(self, credit: Body, loan: str, amount: Money) -> str:
        if credit.get("outcome") != "approved":
            return "no_approved_credit"
        if amount > rules.money(credit, "approved_amount") or not amount:
            return "amount_not_approved"
        taken = credit["credit_application"] in {x.credit_application for x in self._loans.values()}
        return "already_disbursed" if taken or loan in self._loans else ""

    def _repay(self, key: str, request: Body) -> Verdict:
        """The daily settlement: principal that came back on a loan."""
        loan = self._loans.get(rules.text(request, "loan"))
        day, amount = rules.day_in(request, "day"), rules.money(request, "principal")
        if loan is None or loan.claimed:
            return _no(422, "no_such_loan", "not lent here, or compensated already")
        if amount > loan.balance(day):
            return _no(422, "more_than_owed", "the repayment exceeds the outstanding principal")
        left = loan.balance(day) - amount
        return Verdict(200, {"key": key, "loan": loan.loan, "balance": rules.amount_out(left)})

    def _reverse(self, key: str, request: Body) -> Verdict:
        """A repayment that bounced: principal that is owed again, from its day on."""
        loan = self._loans.get(rules.text(request, "loan"))
        day, amount = rules.day_in(request, "day"), rules.money(request, "principal")
        if loan is None or loan.claimed:
            return _no(422, "no_such_loan", "not lent here, or compensated already")
        owed = loan.balance(day) + amount
        if owed > loan.principal:
            return _no(422, "more_than_repaid", "the reversal exceeds what was repaid")
        return Verdict(200, {"key": key, "loan": loan.loan, "balance": rules.amount_out(owed)})

    def _claim(self, key: str, request: Body) -> Verdict:
        loan = self._loans.get(rules.text(request, "loan"))
        if loan is None:
            return _no(422, "no_such_loan", "this bank has not lent it")
        reason = rules.dispute(self._policy, loan, request)
        amount = rules.money(request, "amount")
        body: Body = {
            "key": key,
            "loan": loan.loan,
            "state": "DISPUTED" if reason else "VERIFIED",
            "reason": reason,
            "verified_amount": rules.amount_out(Money.zero() if reason else amount),
        }
        return Verdict(200, body)

    def _remember(self, record: Record) -> None:
        """The one place where state changes: at a live request and at a start alike."""
        self._answers[record.path, record.key] = record
        request, body = record.request, record.verdict.body
        if body.get("outcome"):
            self._credits[str(body["credit_application"])] = body
        elif body.get("state") == "DISBURSED":
            credit, name = rules.text(request, "credit_application"), rules.text(request, "loan")
            lent = rules.money(request, "amount")
            self._loans[name] = BankLoan(name, credit, lent, rules.day_in(request, "day"))
        elif body.get("state") == "VERIFIED" or body.get("balance"):
            loan = self._loans[rules.text(request, "loan")]
            day, amount = rules.day_in(request, "day"), rules.money(request, "principal")
            loan.repaid.append((day, -amount if record.path == _REVERSALS else amount))
            loan.claimed = loan.claimed or record.path == _CLAIMS


def _no(status: int, code: str, message: str, **more: str) -> Verdict:
    return Verdict(status, {"error": {"code": code, "message": message, **more}})
