"""What the invented company begins with: figures, people, partner bank, model and policy."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tael.app.installation import Installation
from tael.app.routing import PRODUCT
from tael.economy import FEATURE_NAMES, history
from tael.funding import Agreement, Partner
from tael.kernel import AgreementId, Day, FixedClock, Money, PartnerId, Period, Rate, check
from tael.platform import SYSTEM, Actor
from tael.policies import first_bundle
from tael.risk import Feature, Scorecard

BANK_NAME = "示例城市商业银行"
_LOGIN = "demo"
_ROLES = ("admin", "risk_manager", "operations", "finance", "auditor")
_HISTORY = 4000
_NO_HISTORY = "no history yet, because the company has not lent before"
_CODES = frozenset({"region", "industry", "enterprise_kind"})
_PEOPLE: Mapping[str, tuple[str, ...]] = {
    "policy-author": ("risk_manager",),
    "policy-approver": ("risk_manager",),
}


@dataclass(frozen=True)
class SignIn:
    """How to look at the company afterwards."""

    login: str
    password: str


def found_company(house: Installation, *, seed: int, start: Day) -> PartnerId:
    """Set the company up; done again, it changes nothing. Returns the partner bank."""
    partner_id = PartnerId.derive(FixedClock.on(start).now(), "demo", seed)
    with house.database.begin(SYSTEM) as work:
        house.parameters.install_defaults(work)
        funding = house.rooms(work).funding
        funding.add_partner(Partner(id=partner_id, name=BANK_NAME))
        funding.add_agreement(_agreement(partner_id, start))
        has_policy = any(one.state.value == "deployed" for one in house.policies.versions(work))
    if not has_policy:
        _deploy_policy(house, seed)
    return partner_id


def sign_in(house: Installation) -> SignIn:
    """The demo's user; its password is made at random once and kept in a file only we can read."""
    kept = house.settings.data_dir / "demo-sign-in.txt"
    password = _password(kept)
    with house.database.begin(SYSTEM) as work:
        if house.identity.users.find(work, _LOGIN) is None:
            house.identity.users.add(work, login=_LOGIN, password=password, roles=_ROLES)
    return SignIn(_LOGIN, password)


@cache
def trained_scorecard(seed: int) -> Scorecard:
    """The first scorecard, from loans of the economy's past that have run their course."""
    past = history(seed, _HISTORY)
    columns = {name: np.array(past.columns[name]) for name in FEATURE_NAMES}
    card = Scorecard([_feature(name) for name in FEATURE_NAMES])
    return card.fit(columns, np.array(past.bad, dtype=float))


def _feature(name: str) -> Feature:
    return Feature(name, "categorical" if name in _CODES else "numeric")


def _deploy_policy(house: Installation, seed: int) -> None:
    """Drafted and checked by one person, approved and deployed by another."""
    card = trained_scorecard(seed)
    author, approver = (Actor("user", name, frozenset(roles)) for name, roles in _PEOPLE.items())
    policies = house.policies
    with house.database.begin(author) as work:
        version = policies.draft(work, "first policy", first_bundle(card.to_json()))
        record = policies.check(work, version.id)
        check(record.passed, "the first policy passes its own cases and checks")
        policies.waive_backtest(work, version.id, _NO_HISTORY)
    with house.database.begin(approver) as work:
        policies.approve(work, version.id)
        policies.deploy(work, version.id, why="the company begins to lend")


def _agreement(partner_id: PartnerId, start: Day) -> Agreement:
    at = FixedClock.on(start).now()
    return Agreement(
        id=AgreementId.derive(at, partner_id, PRODUCT),
        partner=partner_id,
        product=PRODUCT,
        period=Period(start, start.plus_months(60)),
        bank_rate=Rate.percent(6),
        least=Money.parse("10000"),
        most=Money.parse("2000000"),
        months=tuple(range(3, 37)),
        capacity=Money.parse("500000000"),
    )


def _password(kept: Path) -> str:
    if not kept.exists():
        draft = kept.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(9), encoding="utf-8")
        draft.replace(kept)  # whole or not at all: an empty password would be kept for good
    return kept.read_text(encoding="utf-8").strip()
