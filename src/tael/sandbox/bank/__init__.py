"""A partner bank of the outside world, as a real HTTP server with faults on demand.

Protocol: JSON over HTTP on loopback. Amounts are ``{"minor": 12000000, "currency": "CNY"}``, days
``2026-01-31``; the bank takes its day from the request and has no clock. Every POST carries an
``Idempotency-Key``: the same key and content get the same answer again (with the header
``Idempotency-Replayed: true``), the same key with other content gets 409.

POST /v1/credit-applications
    application, amount, months, facts {overdue_count_24m, debt_ratio} → credit_application,
    application, outcome (approved, declined), reason, approved_amount, lender
POST /v1/disbursements
    loan, credit_application, amount, day → key, loan, amount, state (DISBURSED, FAILED), reason,
    value_date, bank_reference
POST /v1/repayments
    loan, day, principal → key, loan, balance
POST /v1/reversals
    loan, day, principal → key, loan, balance: principal of bounced repayments, owed again from its
    day on
POST /v1/claims
    loan, day, days_past_due, amount, principal, interest, penalty → key, loan,
    state (VERIFIED, DISPUTED), reason, verified_amount
GET each of these paths and /{key}
    the answer once given; 404 when the request was never carried out
GET /v1/balances?day=
    → day, loans [{loan, principal}], total
POST /v1/faults, DELETE /v1/faults
    fault (late, twice, none, error), path, key, delay_ms, times → 204

An error is ``{"error": {"code", "message"}}`` with 400 (malformed), 404, 409 (key_reused), 422 (no
such loan, more than owed, more than repaid) or 503 (nothing was done, try again). A POST may carry
``notice_url``: the answer is then also posted there as ``{"path", "key", "answer"}`` (twice under
that fault).
"""
