"""What is asked for, under its key: taken once, listed to whom it belongs, expired at last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import ApplicationId, BadInput, Conflict, Day, Money, NotFound
from tael.origination import ports
from tael.origination.model import ApplicationState
from tael.platform import Actor, Database

S = ApplicationState


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": Money.parse("-1")}, "amount"),
        ({"amount": Money.zero()}, "amount"),
        ({"months": 0}, "months"),
        ({"months": True}, "months"),
        ({"months": 121}, "months"),
        ({"purpose": "buy stock"}, "purpose"),
        ({"channel": ""}, "channel"),
    ],
)
def test_a_request_that_cannot_be_lent_leaves_nothing_behind(
    house: Any, change: dict[str, Any], field: str
) -> None:
    group = house.group()
    with pytest.raises(BadInput) as refused:
        house.draft(group, **change)
    assert refused.value.field == field
    assert refused.value.rule
    with house.begin() as work:
        assert house.applications.find_by_key(work, "k1") is None
        assert house.applications.find(work, ports.ApplicationFilter()).items == ()


def test_the_same_key_again_is_the_same_command_and_another_is_a_conflict(either: Any) -> None:
    group = either.group()
    first = either.draft(group)
    assert either.draft(group) == first
    with either.begin() as work:
        assert either.applications.find_by_key(work, "k1") == first.id
    with pytest.raises(Conflict) as refused:
        either.draft(group, months=24)
    assert refused.value.code == "key_reused"
    with pytest.raises(Conflict) as second:
        either.draft(group, key="k2")
    assert second.value.code == "open_application"
    with pytest.raises(BadInput) as keyless:
        either.draft(group, key=" ")
    assert keyless.value.field == "key"


def test_the_database_itself_refuses_a_second_open_application(kept: Any) -> None:
    first = kept.draft(kept.group())
    twin = replace(first, id=ApplicationId.new(kept.start))
    with pytest.raises(sa.exc.IntegrityError), kept.begin() as work:
        kept.open_store(work).add_application(twin)


def test_two_submissions_at_once_are_one_application(kept: Any) -> None:
    group = kept.group()
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = list(pool.map(lambda _: kept.draft(group), range(2)))
    assert made[0] == made[1]


def test_two_who_change_one_application_are_told_apart(either: Any) -> None:
    draft = either.draft(either.group())
    with either.begin() as work:
        store = either.open_store(work)
        store.change_application(replace(draft, version=2))
        with pytest.raises(Conflict) as refused:
            store.change_application(replace(draft, version=2))
    assert refused.value.field == "version"


def test_lists_are_filtered_and_paged_without_a_gap_or_a_repeat(either: Any) -> None:
    ids = []
    for number in range(5):
        either.clock.advance(timedelta(days=1))
        state = S.SUBMITTED if number % 2 else S.DRAFT
        ids.append(either.at(state, str(number)).id)
    newest = list(reversed(ids))
    with either.begin() as work:
        find = either.applications.find
        seen: list[ApplicationId] = []
        after = None
        for _ in range(5):
            page = find(work, ports.ApplicationFilter(), after=after, limit=2)
            seen += [application.id for application in page.items]
            after = page.after
            if after is None:
                break
        assert seen == newest
        wanted = {
            ports.ApplicationFilter(states=frozenset({S.SUBMITTED})): [newest[1], newest[3]],
            ports.ApplicationFilter(tiers=frozenset({3})): [],
            ports.ApplicationFilter(channels=frozenset({"consultant"})): newest,
            ports.ApplicationFilter(consultant_id="c1"): newest,
            ports.ApplicationFilter(consultant_id="c2"): [],
            ports.ApplicationFilter(least=Money.parse("150000.01")): [],
            ports.ApplicationFilter(most=Money.parse("150000")): newest,
            ports.ApplicationFilter(submitted_from=Day(2026, 1, 8)): [newest[1]],
            ports.ApplicationFilter(submitted_to=Day(2026, 1, 7)): [newest[3]],
        }
        for where, expected in wanted.items():
            assert [a.id for a in find(work, where).items] == expected, where
        with pytest.raises(BadInput) as refused:
            find(work, ports.ApplicationFilter(), limit=201)
        assert refused.value.field == "limit"


def test_a_caller_sees_only_the_applications_that_are_its_own(
    kept: Any, database: Database
) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    mine = Actor("user", "u1", frozenset({"owner"}))
    other = Actor("user", "u2", frozenset({"owner"}))
    with database.begin(mine) as work:
        assert kept.applications.get(work, application.id).id == application.id
        assert kept.offers.get(work, offer.id).id == offer.id
    with database.begin(other) as work:
        assert kept.applications.find(work, ports.ApplicationFilter()).items == ()
        with pytest.raises(NotFound):
            kept.applications.get(work, application.id)
        with pytest.raises(NotFound):
            kept.offers.get(work, offer.id)


def test_an_old_open_application_expires_and_a_contract_does_not(either: Any) -> None:
    signed = either.at(S.CONTRACTED, "1")
    waiting = either.at(S.ROUTED, "2")
    either.clock.advance(timedelta(days=91))
    with either.begin() as work:
        assert either.applications.expire(work) == 1
        assert either.applications.expire(work) == 0
    assert either.get(waiting.id).state is S.EXPIRED
    assert either.get(signed.id).state is S.CONTRACTED
