"""Whatever is changed behind the room's back does not decide, and is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import Conflict, InvariantBroken, Rate, VersionId
from tael.platform import Actor, Database, Work
from tael.policies import Policies, SqlPolicyStore, first_bundle
from tael.policies.model import TEXTS, EventKind, ModelState, Role, Traffic
from tael.policies.signing import Signer

WANG, LI = Actor("user", "wang"), Actor("user", "li")
WHY = "there is no history yet"
TEXT = first_bundle('{"format": "none"}')


@pytest.fixture
def light(new_desk: Callable[..., Any], light_engines: Any) -> Any:
    return new_desk(light_engines)


def change_text(name: str) -> Callable[[Any, VersionId], None]:
    def change(desk: Any, version: VersionId) -> None:
        bundle = desk.store.bundle(version)
        text = getattr(bundle, name)
        # One byte: a space more is a text that nobody approved.
        desk.store.add_version(
            desk.store.version(version), replace(bundle, **{name: text[:-1] + " " + text[-1:]})
        )

    return change


def change_version(**fields: Any) -> Callable[[Any, VersionId], None]:
    def change(desk: Any, version: VersionId) -> None:
        desk.store.change(replace(desk.store.version(version), **fields))

    return change


def change_event(of: EventKind, **fields: Any) -> Callable[[Any, VersionId], None]:
    def change(desk: Any, version: VersionId) -> None:
        desk.store.forge_event(version, of, fields)

    return change


def change_hash(desk: Any, version: VersionId) -> None:
    """A text and its hash in the row: only the signature still knows better."""
    bundle = replace(desk.store.bundle(version), prices=TEXT.prices + " ")
    found = desk.store.version(version)
    desk.store.add_version(replace(found, hashes=bundle.hashes()), bundle)


def change_manifest(desk: Any, version: VersionId) -> None:
    """A text, its hash and the manifest: only the signature itself still knows better."""
    change_hash(desk, version)
    approval = desk.store.events(version)[-1]
    signed = json.loads(approval.record)
    signed["hashes"] = desk.store.version(version).hashes
    desk.store.forge_event(version, EventKind.APPROVED, {"record": json.dumps(signed)})


def sign_with_another_key(desk: Any, version: VersionId) -> None:
    approval = desk.store.events(version)[-1]
    other = Signer(b"x" * 32)
    forged = {"signature": other.sign(approval.record), "key": other.key}
    desk.store.forge_event(version, EventKind.APPROVED, forged)


FORGERIES: dict[str, tuple[Callable[[Any, VersionId], None], str]] = {
    **{f"a byte of {name}": (change_text(name), name) for name in TEXTS},
    "the name": (change_version(name="other"), "name"),
    "who drafted it": (change_version(drafted_by="somebody"), "drafted_by"),
    "who approved it": (change_version(approved_by="somebody"), "approved_by"),
    "when it was approved": (change_version(approved_at=None), "approved_at"),
    "a text and its hash": (change_hash, "prices"),
    "a text, its hash and the manifest": (change_manifest, "signature"),
    "a bit of the signature": (change_event(EventKind.APPROVED, signature="ab" * 64), "signature"),
    "no signature": (change_event(EventKind.APPROVED, signature=""), "signature"),
    "no manifest": (change_event(EventKind.APPROVED, record="so"), "signature"),
    "a signature by another key": (sign_with_another_key, "signature"),
    "the outcome of the check": (change_event(EventKind.CHECKED, record="{}"), "check"),
    "the back-test": (change_event(EventKind.WAIVED, record='{"why":"fine"}'), "backtest"),
    "an approval that nobody gave": (change_event(EventKind.APPROVED, kind=EventKind.WAIVED),
                                     "approval"),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_version_that_was_changed_is_not_deployed_and_what_was_changed_is_named(
    light: Any, forgery: str
) -> None:
    change, named = FORGERIES[forgery]
    version = light.approved()
    assert light.policies.verify(light.wang, version).sound
    change(light, version)
    proof = light.policies.verify(light.wang, version)
    assert named in [text for text, _ in proof.faults]
    with pytest.raises(Conflict) as refused:
        light.policies.deploy(light.li, version)
    assert (refused.value.code, refused.value.field) == ("tampered", proof.faults[0][0])
    assert light.store.deployment_in_force() is None


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_version_changed_while_in_force_decides_nothing_in_a_fresh_process(
    light: Any, forgery: str
) -> None:
    change, _ = FORGERIES[forgery]
    version = light.deployed()
    # The order of a life: forge the approval, not the deployment after it.
    light.store.drop_last_event(version)
    change(light, version)
    fresh = light.again()
    with pytest.raises(InvariantBroken) as refused:
        fresh.trusted(light.wang, version)
    assert version in str(refused.value)


def test_what_was_loaded_while_a_text_was_forged_does_not_decide_afterwards(light: Any) -> None:
    version = light.deployed()
    right, bundle = light.store.version(version), light.store.bundle(version)
    menu = json.loads(bundle.prices) | {"penalty_rate": "0.99"}
    forged = replace(bundle, prices=json.dumps(menu))
    light.store.add_version(replace(right, hashes=forged.hashes()), forged)
    fresh = light.again()
    # Old decisions are read under the texts that stand there: this process holds the forgery now.
    assert fresh.bundle(light.wang, version) == forged
    seen = fresh._policy(light.wang, version)
    light.store.add_version(right, bundle)
    trusted = fresh.trusted(light.wang, version)
    assert (seen.prices.penalty_rate, trusted.prices.penalty_rate) == (
        Rate.percent(99), Rate.percent(3),
    )  # fmt: skip


def test_a_text_changed_after_the_check_is_not_approved(light: Any) -> None:
    version = light.backtested()
    change_text("prices")(light, version)
    with pytest.raises(Conflict) as refused:
        light.policies.approve(light.li, version)
    assert (refused.value.code, refused.value.field) == ("tampered", "prices")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_event(EventKind.CHECKED, record='{"passed":false}'), "check"),
        (change_event(EventKind.CHECKED, record="[]"), "check"),
        (change_event(EventKind.CHECKED, kind=EventKind.ACCEPTED), "check"),
        (change_event(EventKind.WAIVED, kind=EventKind.ACCEPTED), "backtest"),
        (change_hash, "check"),
    ],
)
def test_a_version_whose_row_alone_says_that_it_was_looked_at_is_not_approved(
    light: Any, change: Callable[[Any, VersionId], None], named: str
) -> None:
    version = light.backtested()
    change(light, version)
    with pytest.raises(Conflict) as refused:
        light.policies.approve(light.li, version)
    assert (refused.value.code, refused.value.field) == ("tampered", named)


def test_a_deployment_that_was_changed_decides_nothing(light: Any) -> None:
    version, other = light.approved(), light.approved()
    made = light.policies.deploy(light.li, version, Traffic({other: 1000}))
    arms = (replace(made.arms[0], version=other), replace(made.arms[1], version=version))
    for forged in (
        replace(made, arms=arms), replace(made, salt="x"), replace(made, by="x"),
        replace(made, signature=""),
    ):  # fmt: skip
        light.store.forge_deployment(forged)
        for process in (light.policies, light.again()):
            with pytest.raises(InvariantBroken, match="deployment 1 is not the one that was sign"):
                process.deployment(light.wang)
    light.store.forge_deployment(made)
    assert light.again().deployment(light.wang).arms[1].role is Role.CHALLENGER


def test_another_installations_key_is_not_ours(light: Any) -> None:
    version = light.deployed()
    stranger = light.again(key=b"y" * 32)
    assert stranger.verify(light.wang, version).faults[0][0] == "signature"
    with pytest.raises(InvariantBroken):
        stranger.deployment(light.wang)


def test_whoever_has_the_public_key_can_verify_an_approval(light: Any) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    version = light.approved()
    approval = light.policies.timeline(light.wang, version)[-1]
    public: Any = load_pem_public_key(light.policies.public_key.encode())
    public.verify(bytes.fromhex(approval.signature), approval.record.encode())
    assert public.public_bytes_raw().hex() == approval.key


def test_a_model_that_lost_its_approval_is_not_deployed(light: Any) -> None:
    version = light.approved()
    (model,) = light.policies.models(light.wang)
    light.store.change_model(replace(model, state=ModelState.DRAFT, approved_by=None))
    with pytest.raises(Conflict) as refused:
        light.policies.deploy(light.li, version)
    assert refused.value.field == "model"


# --- on PostgreSQL


class Figures:
    def value(self, *_: object) -> str:
        return "0.24"


def on_postgres(light_engines: Any) -> Policies:
    return Policies(
        SqlPolicyStore, parameters=Figures(), engines=light_engines, signing_key=bytes(range(32))
    )


def lived(policies: Policies, works: Any, *, name: str) -> VersionId:
    wang, li = works
    version = policies.draft(wang, name, TEXT).id
    policies.check(wang, version)
    policies.waive_backtest(wang, version, WHY)
    policies.approve(li, version)
    return version


def played(policies: Policies, works: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Three versions, a challenger, a rollback, a retirement: what is kept of it."""
    wang, li = works
    a, b, c = (lived(policies, works, name=name) for name in "abc")
    policies.deploy(
        li, a, Traffic({b: 1250}, shadows=(c,), random_accept=200), why="try b beside a"
    )
    policies.deploy(li, c)
    policies.rollback(li, "c approved twice as many")
    policies.retire(li, a, why="no more lending")
    names = {a: "a", b: "b", c: "c"}
    events = [(names[e.version], e.number, e.kind, e.by, e.why) for e in policies.timeline(wang)]
    deployments = [
        ([(names[arm.version], arm.role, arm.share) for arm in one.arms], one.restores,
         one.ended_at is None)
        for one in policies.deployments(wang)
    ]  # fmt: skip
    versions = [(one.name, one.state, one.approved_by) for one in policies.versions(wang)]
    return sorted(events, key=str), deployments, sorted(versions, key=str)


def test_both_stores_keep_the_same_life(database: Database, light: Any, light_engines: Any) -> None:
    policies = on_postgres(light_engines)
    with database.begin(WANG) as wang:
        kept = played(policies, (wang, Work(wang.connection, wang.clock, LI)))
        (model,) = policies.models(wang)
    assert kept == played(light.policies, (light.wang, light.li))
    approved = (model.state, model.approved_by, model.kind)
    assert approved == (ModelState.APPROVED, "li", "scorecard")


CHANGES = (
    ("policy_version", "UPDATE policies.policy_version SET dmn = dmn || ' '", "dmn"),
    ("policy_version", "UPDATE policies.policy_version SET model = '{}'", "model"),
    ("policy_version", "UPDATE policies.policy_version SET approved_by = 'me'", "approved_by"),
    ("version_event", "UPDATE policies.version_event SET signature = ''", "signature"),
    ("version_event", "UPDATE policies.version_event SET record = '{}'", "signature"),
    ("version_event", "DELETE FROM policies.version_event", "nobody signed"),
    ("deployment", "UPDATE policies.deployment SET record = replace(record, '10000', '9999')",
     "deployment 1"),
)  # fmt: skip


def test_a_superuser_who_disables_the_triggers_is_found_out(
    database: Database, light_engines: Any
) -> None:
    policies = on_postgres(light_engines)
    with database.begin(WANG) as wang:
        li = Work(wang.connection, wang.clock, LI)
        version = lived(policies, (wang, li), name="first")
        policies.deploy(li, version)
    for table, change, named in CHANGES:
        if "approved_by" not in change:  # that column changes in a version's life
            with pytest.raises(sa.exc.DBAPIError), database.begin(LI) as work:
                work.connection.exec_driver_sql(change)
        with database.begin(LI) as work:
            part = work.connection.begin_nested()
            work.connection.exec_driver_sql(f"ALTER TABLE policies.{table} DISABLE TRIGGER USER")
            work.connection.exec_driver_sql(change)
            fresh = on_postgres(light_engines)
            with pytest.raises(InvariantBroken, match=named):
                fresh.trusted(work, fresh.deployment(work).champion)
            part.rollback()
    with database.begin(LI) as work:
        assert policies.verify(work, version).sound
        assert policies.deployment(work).champion == version


def test_one_deployment_is_in_force_whatever_is_written(
    database: Database, light_engines: Any
) -> None:
    policies = on_postgres(light_engines)
    with database.begin(WANG) as wang:
        version = lived(policies, (wang, Work(wang.connection, wang.clock, LI)), name="first")
    with database.begin(LI) as work:
        made = policies.deploy(work, version)
        found = policies.version(work, version)
    for number in (1, 2):
        with pytest.raises(sa.exc.IntegrityError), database.begin(LI) as work:
            SqlPolicyStore(work).add_deployment(replace(made, number=number))
    for refused in (
        replace(found, approved_by="wang"),
        replace(found, approved_by=None),
    ):
        fresh = replace(refused, id=VersionId.new(found.drafted_at))
        with pytest.raises(sa.exc.IntegrityError), database.begin(LI) as work:
            SqlPolicyStore(work).add_version(fresh, TEXT)
