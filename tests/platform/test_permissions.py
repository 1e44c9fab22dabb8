"""The permission table, three ways that agree."""

from __future__ import annotations

import csv
import timeit
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import BadInput, Forbidden, InvariantBroken
from tael.platform.database import SYSTEM, Actor
from tael.platform.permission_table import RESOURCES, ROLES, Rule, Shape
from tael.platform.permissions import Permissions

SHIPPED = Permissions()
CASES = Path(__file__).parent / "cases"
IDS = ("user_1", "user_2", "user_3")
PARTNERS = ("partner_1", "partner_2", "partner_3")
ATTRIBUTES = ("owner_id", "consultant_id", "partner_id", "id")

_role = st.one_of(
    st.sampled_from([role for role in ROLES if role != "partner"]),
    st.sampled_from([f"partner:{partner}" for partner in PARTNERS]),
    st.sampled_from(
        ["partner", "nobody", "scope:loan.read", "scope:*.*", "as:user_1", "as:user_2"]
    ),
)
_actor = st.builds(
    Actor,
    st.sampled_from(["user", "user", "user", "key", "job", "system"]),
    st.sampled_from(IDS),
    st.frozensets(_role, max_size=4),
)
_row = st.fixed_dictionaries(
    {
        "owner_id": st.sampled_from([*IDS, None]),
        "consultant_id": st.sampled_from([*IDS, None]),
        "partner_id": st.sampled_from([*PARTNERS, None]),
        "id": st.sampled_from(IDS),
    }
)


def _table() -> list[dict[str, str]]:
    with (CASES / "permissions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def engine(postgres_url: str) -> sa.Engine:
    return sa.create_engine(postgres_url, poolclass=sa.NullPool)


@pytest.mark.parametrize("case", _table(), ids=lambda case: case["why"])
def test_who_may_do_what(case: dict[str, str]) -> None:
    actor = Actor("user", case["actor"], frozenset(case["roles"].split()))
    row = dict(pair.split("=") for pair in case["row"].split()) if case["row"] else None
    full = None if row is None else dict.fromkeys(ATTRIBUTES) | row
    assert SHIPPED.allowed(actor, case["action"], case["resource"], full) == (case["may"] == "yes")


@settings(max_examples=60, deadline=None)
@given(actor=_actor, rows=st.lists(_row, min_size=1, max_size=12))
def test_check_filter_and_mask_agree_on_every_row(
    engine: sa.Engine, actor: Actor, rows: list[dict[str, Any]]
) -> None:
    kept = _kept(engine, SHIPPED, actor, rows)
    for resource in RESOURCES:
        sure = SHIPPED.visible_fields(actor, resource)
        for number, row in enumerate(rows):
            may = SHIPPED.allowed(actor, "read", resource, row)
            seen = SHIPPED.visible_fields(actor, resource, row)
            assert may == (number in kept[resource]) == bool(seen), (resource, row)
            assert not may or sure <= seen, "what is seen of every row is seen of this one"
        may_any = SHIPPED.allowed(actor, "read", resource)
        assert may_any or not kept[resource]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), rows=st.lists(_row, min_size=1, max_size=8))
def test_the_three_agree_for_any_table(
    engine: sa.Engine, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    shape = Shape(
        {"own": "owner_id", "assigned": "consultant_id", "partner": "partner_id"},
        {"basic": "id", "personal": "name", "risk": "score"},
        {},
    )
    rule = st.builds(
        Rule,
        st.sampled_from(["owner", "consultant", "partner"]),
        st.just("thing"),
        st.sampled_from(["read", "read update", "update"]),
        st.sampled_from(["all", "own", "assigned", "partner"]),
        st.sampled_from(["basic", "basic risk", "risk personal"]),
    )
    permissions = Permissions({"thing": shape}, data.draw(st.lists(rule, max_size=6)))
    actor = data.draw(_actor.filter(lambda one: one.kind in {"user", "key"}))
    kept = _kept(engine, permissions, actor, rows, resources=("thing",))["thing"]
    for number, row in enumerate(rows):
        seen = permissions.visible_fields(actor, "thing", row)
        assert (number in kept) == bool(seen)
        record = {"id": "1", "name": "张小明", "score": 3}
        shown = permissions.mask(actor, "thing", record, row)
        assert {name for name in shown if shown[name] == record[name]} == seen
        assert bool(shown) == bool(seen)


def _kept(
    engine: sa.Engine,
    permissions: Permissions,
    actor: Actor,
    rows: list[dict[str, Any]],
    resources: tuple[str, ...] = tuple(RESOURCES),
) -> dict[str, set[int]]:
    """Which rows PostgreSQL keeps under the filter of each resource."""
    names = ("number", *ATTRIBUTES)
    columns = (sa.column(name, sa.Text) for name in ATTRIBUTES)
    data = [(number, *(row[name] for name in ATTRIBUTES)) for number, row in enumerate(rows)]
    table = sa.values(sa.column("number", sa.Integer), *columns, name="rows").data(data)
    by_name = {name: table.c[name] for name in names}
    with engine.connect() as connection:
        return {
            resource: set(
                connection.execute(
                    sa.select(table.c.number).where(
                        permissions.row_filter(actor, resource, by_name)
                    )
                ).scalars()
            )
            for resource in resources
        }


def test_personal_fields_are_masked_unless_granted_and_others_left_out() -> None:
    record = {"id": "app_1", "name": "张小明", "phone": "13812345678", "score": 640, "amount": 5}
    auditor = Actor("user", "user_1", frozenset({"auditor"}))
    consultant = Actor("user", "user_1", frozenset({"consultant"}))
    finance = Actor("user", "user_1", frozenset({"finance"}))
    row = dict.fromkeys(ATTRIBUTES) | {"consultant_id": "user_1"}
    assert SHIPPED.mask(auditor, "application", record) == {
        **record,
        "name": "张**",
        "phone": "138****5678",
    }
    clear = {name: record[name] for name in ("id", "name", "phone", "amount")}
    assert SHIPPED.mask(consultant, "application", record, row) == clear
    assert SHIPPED.mask(finance, "application", record, row) == {}


def test_a_key_does_only_what_its_scopes_name_and_its_user_may() -> None:
    limits = {"operations", "as:user_1", "scope:loan.read", "scope:partner.*", "scope:*.decide"}
    key = Actor("key", "key_1", frozenset(limits))
    may = {
        (action, resource)
        for action, resource in (
            ("read", "loan"),
            ("disburse", "loan"),
            ("read", "partner"),
            ("reconcile", "partner"),
            ("read", "party"),
            ("decide", "decision"),
        )
        if SHIPPED.allowed(key, action, resource)
    }
    assert may == {("read", "loan"), ("read", "partner"), ("reconcile", "partner")}
    assert not SHIPPED.allowed(Actor("key", "key_2", frozenset({"operations"})), "read", "loan")


def test_an_owners_key_sees_the_owners_rows() -> None:
    key = Actor("key", "key_1", frozenset({"owner", "as:user_1", "scope:loan.read"}))
    mine, other = ({"owner_id": owner} for owner in ("user_1", "user_2"))
    assert SHIPPED.allowed(key, "read", "loan", mine)
    assert not SHIPPED.allowed(key, "read", "loan", other)
    pretender = Actor("user", "user_2", frozenset({"owner", "as:user_1"}))
    assert not SHIPPED.allowed(pretender, "read", "loan", mine)


def test_a_wall_says_what_was_not_allowed() -> None:
    with pytest.raises(Forbidden) as refused:
        SHIPPED.require(Actor("user", "u", frozenset({"auditor"})), "disburse", "loan")
    assert refused.value.rule == "loan.disburse"
    SHIPPED.require(SYSTEM, "disburse", "loan")


def test_words_the_table_does_not_know_stop_the_work() -> None:
    auditor = Actor("user", "u", frozenset({"auditor"}))
    with pytest.raises(InvariantBroken):
        SHIPPED.allowed(auditor, "raed", "loan")
    with pytest.raises(InvariantBroken):
        SHIPPED.mask(auditor, "loan", {"iban": 1})
    with pytest.raises(InvariantBroken):
        SHIPPED.row_filter(Actor("user", "u", frozenset({"owner"})), "loan", {})


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("resource", Rule("owner", "lone", "read", "all", "basic")),
        ("rows", Rule("owner", "loan", "read", "mine", "basic")),
        ("groups", Rule("owner", "loan", "read", "all", "secret")),
        ("groups", Rule("owner", "loan", "read", "all", "")),
        ("actions", Rule("owner", "loan", "", "all", "basic")),
    ],
)
def test_a_rule_with_unknown_words_is_refused_by_its_number(field: str, rule: Rule) -> None:
    with pytest.raises(BadInput) as refused:
        Permissions(RESOURCES, [Rule("owner", "loan", "read", "own", "basic"), rule])
    assert (refused.value.field, refused.value.row) == (field, 2)


def test_every_role_reads_something_and_only_one_may_erase() -> None:
    for role in ROLES:
        actor = Actor("user", "u", frozenset({f"{role}:partner_1" if role == "partner" else role}))
        assert any(SHIPPED.allowed(actor, "read", resource) for resource in RESOURCES), role
        assert SHIPPED.allowed(actor, "erase", "party") == (role == "operations"), role


def test_a_check_takes_less_than_a_few_microseconds() -> None:
    actor = Actor("user", "user_1", frozenset({"operations"}))
    fastest = min(
        timeit.repeat(lambda: SHIPPED.allowed(actor, "read", "loan"), number=2000, repeat=5)
    )
    assert fastest / 2000 < 5e-6  # about 0.3 µs on one core; a busy machine is given room
