"""From data to a decision: pulled once, decided on the latest, judged by a person if referred."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tael.kernel import BadInput, Conflict
from tael.origination.model import ApplicationState

S = ApplicationState


def test_data_pulled_twice_is_kept_once_and_bad_values_are_named(either: Any) -> None:
    application = either.at(S.DATA_PENDING)
    either.pull(application)
    either.pull(application)
    with either.begin() as work:
        assert len(either.applications.pulls(work, application.id)) == 1
    with pytest.raises(Conflict, match="other inputs"):
        either.pull(application, debt_ratio=Decimal("0.31"))
    for value in (0.5, [1], None, Decimal("NaN")):
        with pytest.raises(BadInput) as refused:
            either.pull(application, debt_ratio=value)
        assert refused.value.field == "values.debt_ratio"


def test_the_latest_pull_of_a_value_is_the_one_decided_on(either: Any) -> None:
    application = either.at(S.IN_REVIEW)
    either.do("collect", application.id)
    consent = either.consent(application.borrower_id)
    with either.begin() as work:
        either.applications.add_pull(
            work,
            "second",
            consent.id,
            application_id=application.id,
            source="tax",
            values={"owner_age": 42},
        )
    either.do("review", application.id)
    either.do("decide", application.id)
    assert either.outer.seen[-1] == {"debt_ratio": Decimal("0.30"), "owner_age": Decimal(42)}


def test_nothing_is_reviewed_without_data(house: Any) -> None:
    application = house.at(S.DATA_PENDING)
    with pytest.raises(Conflict, match="no data"):
        house.do("review", application.id)


def test_a_decline_may_be_reconsidered_and_then_approved(house: Any) -> None:
    house.outer.outcome = "decline"
    application = house.at(S.IN_REVIEW)
    declined = house.do("decide", application.id)
    assert declined.state is S.DECLINED
    with pytest.raises(Conflict):
        house.do("withdraw", application.id, note="never mind")
    with pytest.raises(BadInput):
        house.do("reconsider", application.id, note=" ")
    house.do("reconsider", application.id, note="new contract with a buyer")
    house.do("review", application.id)
    house.outer.outcome = "approve"
    assert house.do("decide", application.id).state is S.APPROVED


def test_what_the_policy_refers_a_person_decides_within_its_price(house: Any) -> None:
    house.outer.outcome = "refer"
    application = house.at(S.IN_REVIEW)
    assert house.do("decide", application.id).state is S.REFERRED
    with pytest.raises(Conflict):
        house.do("judge", application.id, approve=True, note="seen")
    house.do("review", application.id)
    judged = house.do("judge", application.id, approve=True, note="visited the shop")
    assert (judged.state, judged.tier) == (S.APPROVED, 3)
    house.do("route", application.id)
    assert house.consent_and_ask(application).state is S.BANK_APPROVED
    assert len(house.make_offers(application.id)) == 2


def test_nobody_judges_what_the_policy_did_not_refer(house: Any) -> None:
    application = house.at(S.IN_REVIEW)
    with pytest.raises(Conflict, match="no policy decided"):
        house.do("judge", application.id, approve=True, note="friend")
