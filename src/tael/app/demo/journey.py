"""One applicant's way from the first request to the money, taken up wherever it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from tael.app.installation import Installation
from tael.app.lending import Lending
from tael.economy import FEATURE_NAMES, Applicant
from tael.economy import Role as Seat
from tael.kernel import (
    ApplicationId,
    Conflict,
    FixedClock,
    LoanId,
    Money,
    OutsideFailure,
    PartyId,
    Refusal,
    check,
)
from tael.origination import ASSESSMENT, BANK, Origin, model
from tael.platform import SYSTEM, Work
from tael.pricing import Method

State = model.ApplicationState
_SCOPE = frozenset({"bureau", "bank", "tax", "registry"})
_SEATS: Mapping[Seat, model.Role] = {
    Seat.OWNER: model.Role.OWNER,
    Seat.ACTUAL_CONTROLLER: model.Role.ACTUAL_CONTROLLER,
    Seat.SPOUSE: model.Role.SPOUSE,
    Seat.CO_BORROWER: model.Role.CO_BORROWER,
    Seat.GUARANTOR: model.Role.GUARANTOR,
}
_MOST_STEPS = 20
# Failures that only the bank can end; everything else ends the day.
_AT_THE_BANK = frozenset({"bank_silent", "bank_unreadable", "payout_unknown"})


class Journey:
    """Moves one application by one step a time; each step is a unit of work that may run again."""

    def __init__(self, house: Installation, lending: Lending, applicant: Applicant) -> None:
        self._house = house
        self._lending = lending
        self._who = applicant
        self.key = f"demo:{applicant.key}"
        at = FixedClock.on(applicant.applied_on).now()
        self.application_id = ApplicationId.derive(at, self.key)
        self.loan_id = LoanId.derive(at, self.key)

    def go(self) -> bool:
        """Go on until the way ends; False when it has to wait for the bank."""
        for _ in range(_MOST_STEPS):
            state = self._go_by_ourselves()
            if state not in (State.ROUTED, State.CONTRACTED):
                return True
            try:
                if state is State.ROUTED:
                    self._lending.ask_bank(self.application_id)
                else:
                    self._lending.disburse(self.application_id, loan_id=self.loan_id)
                    return True
            except (OutsideFailure, Conflict) as failure:
                if failure.code not in _AT_THE_BANK:
                    raise
                return False
        return True

    def _go_by_ourselves(self) -> State:
        """Every step that needs no bank; the state it stands in then."""
        state = self._go_in_one()
        if state is not State.IN_REVIEW or not self._is_undecided():
            return state
        # Outside any unit of work: a policy may ask its sources.
        self._house.underwriting.decide(self.application_id)
        return self._go_in_one()

    def _go_in_one(self) -> State:
        """Every step that needs nobody else, in one unit of work; the state it stands in then."""
        with self._house.database.begin(SYSTEM) as work:
            self._create(work)
            while True:
                application = self._house.applications.get(work, self.application_id)
                step = self._STEPS.get(application.state)
                if step is None or not step(self, work, application):
                    return application.state

    def is_waiting(self) -> bool:
        """Whether the application stands at the bank, or is signed and not paid out."""
        with self._house.database.begin(SYSTEM) as work:
            application = self._house.applications.get(work, self.application_id)
            return application.state in (State.ROUTED, State.CONTRACTED)

    def _is_undecided(self) -> bool:
        """The policy decides once: what it refers stays for a person."""
        with self._house.database.begin(SYSTEM) as work:
            return self._house.applications.get(work, self.application_id).decision_id is None

    def _create(self, work: Work) -> None:
        house, who = self._house, self._who
        if house.applications.exists(work, self.application_id):
            return
        parties = self._register(work)
        owner = parties[model.Role.OWNER]
        for party_id in set(parties.values()):
            self._consent(work, party_id, ASSESSMENT, "guarantor")
        members = [
            model.Member(party_id, role, who.enterprise.founded)
            for role, party_id in parties.items()
        ]
        group = house.parties.form_group(work, members)
        request = model.Request(
            amount=who.amount,
            months=who.months,
            method=Method.EQUAL_INSTALMENT,
            purpose=who.purpose,
        )
        created = house.applications.create(work, self.key, Origin(group.id, owner), request)
        check(created.id == self.application_id, "an application's id comes of its key")

    def _register(self, work: Work) -> dict[model.Role, PartyId]:
        who, register = self._who, self._house.parties.register
        firm = model.PersonalFields(name=who.enterprise.name, id_number=who.enterprise.code)
        kind = model.PartyKind(who.enterprise.kind.value)
        enterprise = register(
            work, kind, firm, region=who.enterprise.region, industry=who.enterprise.industry
        )
        parties = {model.Role.ENTERPRISE: enterprise.id}
        for link in who.links:
            person = link.person
            fields = model.PersonalFields(person.name, person.id_number, person.phone)
            parties[_SEATS[link.role]] = register(work, model.PartyKind.PERSON, fields).id
        return parties

    def _consent(
        self, work: Work, party_id: PartyId, purpose: str, recipient: str
    ) -> model.Consent:
        signed = hashlib.sha256(f"{self.key}:{party_id}:{purpose}:{recipient}".encode()).hexdigest()
        authorisation = model.Authorisation(
            purpose=purpose,
            scope=_SCOPE,
            recipient=recipient,
            expires=self._who.applied_on.plus_months(3),
            document_hash=signed,
        )
        key = f"{self.key}:{purpose}:{recipient}:{party_id}"
        return self._house.parties.grant(work, key, party_id, authorisation)

    def _submit(self, work: Work, application: model.Application) -> bool:
        self._house.applications.submit(work, application.id)
        return True

    def _collect(self, work: Work, application: model.Application) -> bool:
        self._house.applications.collect(work, application.id)
        return True

    def _pull(self, work: Work, application: model.Application) -> bool:
        consent = self._consent(work, application.borrower_id, ASSESSMENT, "guarantor")
        features = self._who.features
        values = {name: _exact(getattr(features, name)) for name in FEATURE_NAMES}
        self._house.applications.add_pull(
            work,
            f"{self.key}:pull",
            consent.id,
            application_id=application.id,
            source="bureau",
            values=values,
        )
        self._house.applications.review(work, application.id)
        return True

    def _route(self, work: Work, application: model.Application) -> bool:
        """The next bank, and the borrower's word that it may have the data."""
        routed = self._house.applications.route(work, application.id)
        if isinstance(routed, Refusal):
            return False
        if routed.partner_id is not None:
            self._consent(work, routed.borrower_id, BANK, routed.partner_id)
        return True

    def _offer(self, work: Work, application: model.Application) -> bool:
        made = self._house.offers.make(work, application.id)
        if isinstance(made, Refusal):
            self._house.applications.withdraw(work, application.id, note=made.code)
        return True

    def _sign(self, work: Work, application: model.Application) -> bool:
        """Read, confirm, accept and sign the first offer."""
        offers = self._house.offers
        first = offers.of(work, application.id)[0]
        offers.confirm_disclosure(work, first.id, document_hash=first.disclosure.hash)
        offers.accept(work, first.id)
        _, shown = offers.documents(work, first.id)
        signature = model.Signature(application.borrower_id, "electronic", shown)
        answer = offers.sign(work, first.id, signature)
        if isinstance(answer, Refusal):
            self._house.applications.withdraw(work, application.id, note=answer.code)
        return True

    _STEPS: Mapping[State, Callable[[Journey, Work, model.Application], bool]] = {
        State.DRAFT: _submit,
        State.SUBMITTED: _collect,
        State.DATA_PENDING: _pull,
        State.APPROVED: _route,
        State.BANK_DECLINED: _route,
        State.BANK_APPROVED: _offer,
        State.OFFERED: _sign,
    }


def _exact(value: object) -> object:
    return value.decimal() if isinstance(value, Money) else value
