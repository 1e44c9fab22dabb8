"""What must hold of one installation at the end of any day (DOMAIN 5.5), looked at from outside.

Each room checks its own invariants as it works. These lie between rooms: they read everything anew
and say in words what does not hold. Those named here and not found below cannot be broken by what
is stored (2 and 13: the database refuses; 6 and 11: the loan's rules refuse).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tael.app.guarantor import limits_on
from tael.app.installation import Installation, Rooms
from tael.app.tape import loan_months
from tael.funding import BankClient
from tael.kernel import Day, LoanId, Money, PartnerId, day_of, total
from tael.platform import SYSTEM, Work
from tael.servicing import LoanHeader, LoanQuery, LoanState, LoanStatus, days_past_due

_BOOKS = ("B", "G", "P", "C")
_EVERY = 1_000_000


def check_invariants(
    house: Installation,
    day: Day,
    banks: Mapping[PartnerId, BankClient] | None = None,
    *,
    whole: bool = True,
) -> list[str]:
    """What does not hold at the end of ``day``, each with its number; empty when all is well.

    Reads only. ``day`` is the last day that was closed: loans are looked at as they are now.

    Args:
        house: the installation.
        day: the last closed day.
        banks: wires to the partners; their balances are held against ours when given.
        whole: read the journal, every log and every contract too; without it only balances, limits
            and figures, as is cheap enough for every month end.

    Raises:
        OutsideFailure: a bank or the database is away.
    """
    # No transaction is open while a bank is asked.
    told = {partner: bank.balances(day) for partner, bank in (banks or {}).items()}
    with house.database.begin(SYSTEM) as work:
        audit = _Audit.of(house, work, day)
        found = [*_totals(audit), *_guarantee(audit, told), *_figures(audit)]
        if whole:
            found += [*_books(audit), *_loans(audit), *_contracts(audit)]
        return sorted(found)


@dataclass(frozen=True)
class _Audit:
    house: Installation
    work: Work
    day: Day
    rooms: Rooms
    headers: Mapping[LoanId, LoanHeader]
    states: Mapping[LoanId, LoanState]

    @classmethod
    def of(cls, house: Installation, work: Work, day: Day) -> _Audit:
        rooms = house.rooms(work)
        found = rooms.servicing.store.find(LoanQuery(limit=_EVERY))
        paid_out = {
            row.loan_id: header for header, row in found if row.status is not LoanStatus.PENDING
        }
        states = {loan_id: rooms.servicing.state(loan_id) for loan_id in paid_out}
        return cls(house, work, day, rooms, paid_out, states)

    def held(self, account: str) -> Money:
        return self.rooms.ledger.balance(account)

    def by_loan(self, account: str) -> dict[str, Money]:
        return self.rooms.ledger.balances_by(account, "loan")


def _books(audit: _Audit) -> Iterator[str]:
    proof = audit.rooms.ledger.verify()
    for fault in proof.faults:
        yield f"1: the journal does not prove: {fault}"
    for book in _BOOKS:
        if not audit.rooms.ledger.trial_balance(book).balanced:
            yield f"1: book {book} does not balance"


def _loans(audit: _Audit) -> Iterator[str]:
    lent, receivable = audit.by_loan("B1301"), audit.by_loan("G1231")
    for loan_id, state in audit.states.items():
        claim = state.claim
        nothing = Money.zero(state.contract.currency)
        principal = state.contract.schedule.terms.principal
        paid = total((row.paid_principal for row in state.rows), principal.currency)
        claimed = claim.principal if claim else nothing
        if paid + state.outstanding + claimed != principal:
            yield f"3: {loan_id}: paid, outstanding and claimed principal is not what was lent"
        if lent.get(loan_id, nothing) != state.outstanding:
            yield f"4: {loan_id}: B1301 is not what the schedule leaves outstanding"
        if audit.rooms.servicing.rebuilt(loan_id) != state:
            yield f"12: {loan_id}: its events do not lead to its state"
        yield from _runs(audit, state)
        if claim is None or state.status is LoanStatus.CLAIMED:
            continue
        gone = state.status in (LoanStatus.WRITTEN_OFF, LoanStatus.RECOVERING)
        still = nothing if gone else claim.open_principal
        if receivable.get(loan_id, nothing) != still:
            yield f"7: {loan_id}: G1231 is not what the claim leaves open"


def _runs(audit: _Audit, state: LoanState) -> Iterator[str]:
    """Days past due, from the runs that were kept and from schedule and payments."""
    loan_id = state.contract.loan_id
    runs = audit.rooms.servicing.store.runs(loan_id)
    opened = runs[-1].due if runs and runs[-1].ended is None else None
    kept = opened.days_until(state.as_of) if opened else 0
    recovered = state.status is LoanStatus.RECOVERED_FULL
    counted = 0 if recovered else days_past_due(state.rows, state.as_of)
    if kept != counted:
        yield f"10: {loan_id}: {kept} days past due by its runs, {counted} by its schedule"


def _totals(audit: _Audit) -> Iterator[str]:
    bank = total(state.clearing.bank for state in audit.states.values())
    guarantor = total(state.clearing.guarantor for state in audit.states.values())
    credit = total(state.clearing.unapplied for state in audit.states.values())
    if bank or guarantor:
        yield f"8: {bank} and {guarantor} of a closed day still wait in clearing"
    if audit.held("C1002") != bank + guarantor + credit:
        yield "9: the collection account holds more or less than is due to the parties"
    if audit.held("C2900") != credit:
        yield "9: C2900 is not what borrowers have in credit"


def _guarantee(audit: _Audit, told: Mapping[PartnerId, Mapping[str, Money]]) -> Iterator[str]:
    outstanding = total(state.outstanding for state in audit.states.values())
    if audit.held("G9001") != outstanding:
        yield f"5: G9001 is {audit.held('G9001')}, loans in force have {outstanding}"
    funding = audit.rooms.funding
    for partner, balances in told.items():
        for loan, (ours, theirs) in funding.differences(partner, balances).items():
            yield f"5: {loan}: we guarantee {ours}, the bank counts {theirs}"
    funding.guarantee.verify()
    limits = limits_on(audit.house.parameters, audit.work, audit.day)
    use = funding.guarantee.utilisation(limits)
    if use.head_room.minor < 0:
        yield f"15: the guarantee liability is {-use.head_room} above its limit"
    for agreement, used in use.agreements:
        if used > agreement.capacity:
            yield f"15: agreement {agreement.id} is used beyond its capacity"


def _contracts(audit: _Audit) -> Iterator[str]:
    house, work = audit.house, audit.work
    for loan_id, header in audit.headers.items():
        application = house.applications.get(work, header.application_id)
        contract = house.offers.contract_of(work, application.id)
        if contract is None or contract.hash != header.contract_hash:
            yield f"14: {loan_id} was paid out on another contract"
            continue
        decision = house.policies.decision(work, contract.terms.decision_id)
        if contract.all_in > contract.cap:
            yield f"14: {contract.id} costs {contract.all_in}, the cap is {contract.cap}"
        decided = (decision.tier, dict(decision.versions))
        if (contract.terms.tier, dict(contract.terms.versions)) != decided:
            yield f"14: {contract.id} names other versions than its decision"
        if contract.terms.amount > decision.limit:
            yield f"14: {contract.id} is above the limit that was decided"
        for pull in house.applications.pulls(work, application.id):
            consent = house.parties.consent(work, pull.consent_id)
            pulled_on = day_of(pull.pulled_at, house.settings.zone)
            granted = consent.granted_at <= pull.pulled_at
            if not granted or pulled_on > consent.authorisation.expires:
                yield f"17: {pull.id} was pulled without a live consent"


def _figures(audit: _Audit) -> Iterator[str]:
    rows = loan_months(audit.rooms.servicing, audit.day)
    for tie in audit.rooms.portfolio.tie_outs(rows, audit.day):
        if not tie.ties:
            yield f"16: {tie.name} differs from the journal by {tie.difference}"
