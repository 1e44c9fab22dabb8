"""The permission table compiled three ways: a check, an SQL row filter, a field mask that agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from tael.kernel import BadInput, Forbidden, check
from tael.platform.database import Actor
from tael.platform.masking import MASKS, mask_all
from tael.platform.permission_table import (
    RESOURCES,
    RULES,
    SCOPES_BY_ARGUMENT,
    SCOPES_BY_ID,
    Rule,
    Shape,
)

_MOST_COMPILED = 4096
_SCOPE = "scope:"
_OUR_OWN = frozenset({"system", "job"})


@dataclass(frozen=True, slots=True)
class _Grant:
    """On the rows whose ``attribute`` is among ``values`` (None: the actor's id) see ``fields``."""

    every_row: bool
    attribute: str
    values: frozenset[str] | None
    fields: frozenset[str]

    def matches(self, actor_id: str, row: Mapping[str, object]) -> bool:
        if self.every_row:
            return True
        value = row[self.attribute]
        return value == actor_id if self.values is None else value in self.values


_Grants = dict[tuple[str, str], tuple[_Grant, ...]]


class Permissions:
    """Answers for one table of rules (the shipped one by default).

    An actor of kind ``system`` or ``job`` may do everything. One of kind ``key`` may do what its
    roles allow and one of its ``scope:<resource>.<action>`` roles names (``*`` stands for any);
    its own rows are those of the user in its ``as:<user id>`` role.
    """

    def __init__(
        self, resources: Mapping[str, Shape] = RESOURCES, rules: Iterable[Rule] = RULES
    ) -> None:
        self._resources = resources
        self._rules = tuple(rules)
        for number, rule in enumerate(self._rules, start=1):
            _check_rule(rule, resources, number)
        self._actions = {(action, r.resource) for r in self._rules for action in r.actions.split()}
        self._fields = {name: _fields(shape) for name, shape in resources.items()}
        self._compiled: dict[tuple[str, frozenset[str]], _Grants] = {}

    def allowed(
        self, actor: Actor, action: str, resource: str, row: Mapping[str, object] | None = None
    ) -> bool:
        """Whether ``actor`` may do it: to ``row`` if given, else to any row at all.

        ``row`` holds the attributes the scopes look at (``owner_id``, ``consultant_id``,
        ``partner_id``). Without a row, list through ``row_filter``.

        Raises:
            InvariantBroken: an action or resource that the table does not know.
        """
        grants = self._grants(actor).get((action, resource))
        if grants is None:
            check((action, resource) in self._actions, f"the table knows {action} of {resource}")
            return False
        return row is None or any(grant.matches(actor.id, row) for grant in grants)

    def require(
        self, actor: Actor, action: str, resource: str, row: Mapping[str, object] | None = None
    ) -> None:
        """The same, as a wall.

        Raises:
            Forbidden: the actor may not.
        """
        if not self.allowed(actor, action, resource, row):
            raise Forbidden(f"you may not {action} this {resource}", rule=f"{resource}.{action}")

    def row_filter(
        self,
        actor: Actor,
        resource: str,
        columns: Mapping[str, sa.ColumnElement[str]],
        action: str = "read",
    ) -> sa.ColumnElement[bool]:
        """The condition for WHERE that keeps the rows ``actor`` may read (or do ``action`` to).

        ``columns`` gives, by attribute name, the column the scopes of the resource look at.

        Raises:
            InvariantBroken: a column that a scope needs was not given.
        """
        conditions = []
        for grant in self._grants(actor).get((action, resource), ()):
            if grant.every_row:
                return sa.true()
            check(grant.attribute in columns, f"the filter of {resource} has {grant.attribute}")
            column = columns[grant.attribute]
            conditions.append(
                column == actor.id if grant.values is None else column.in_(sorted(grant.values))
            )
        return sa.or_(*conditions) if conditions else sa.false()

    def visible_fields(
        self, actor: Actor, resource: str, row: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """The fields seen in clear: of ``row`` if given, else of every row the actor may read."""
        grants = self._grants(actor).get(("read", resource), ())
        if row is not None:
            return frozenset().union(*(g.fields for g in grants if g.matches(actor.id, row)))
        everywhere = frozenset[str]().union(*(g.fields for g in grants if g.every_row))
        shared = [grant.fields for grant in grants]
        return everywhere | frozenset.intersection(*shared) if shared else everywhere

    def mask(
        self,
        actor: Actor,
        resource: str,
        record: Mapping[str, object],
        row: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """``record`` as the actor may see it: clear, masked (personal fields) or left out.

        Raises:
            InvariantBroken: a field the table does not know; add it there, in its group.
        """
        clear = self.visible_fields(actor, resource, row)
        if not clear:
            return {}
        unknown = record.keys() - self._fields[resource]
        check(not unknown, f"the permission table knows {sorted(unknown)} of {resource}")
        personal = self._resources[resource].groups.get("personal", "").split()
        masks = self._resources[resource].masks
        return {
            name: value if name in clear else _masked(value, masks.get(name, "all"))
            for name, value in record.items()
            if name in clear or name in personal
        }

    def _grants(self, actor: Actor) -> _Grants:
        found = self._compiled.get((actor.kind, actor.roles))
        if found is None:
            found = self._compile(actor)
            if len(self._compiled) >= _MOST_COMPILED:
                self._compiled.clear()
            self._compiled[actor.kind, actor.roles] = found
        return found

    def _compile(self, actor: Actor) -> _Grants:
        if actor.kind in _OUR_OWN:
            return {
                pair: (_Grant(True, "", None, self._fields[pair[1]]),) for pair in self._actions
            }
        arguments: dict[str, set[str]] = {"as": set()}
        for role in actor.roles:
            name, _, argument = role.partition(":")
            arguments.setdefault(name, set()).update({argument} - {""})
        grants: dict[tuple[str, str], list[_Grant]] = {}
        for rule in self._rules:
            if rule.role in arguments:
                own = None if actor.kind == "user" else frozenset(arguments["as"])
                grant = self._grant(rule, frozenset(arguments[rule.role]), own)
                for action in rule.actions.split():
                    grants.setdefault((action, rule.resource), []).append(grant)
        within = _scopes(actor) if actor.kind == "key" else None
        return {
            pair: tuple(found)
            for pair, found in grants.items()
            if within is None or _in_scope(pair, within)
        }

    def _grant(self, rule: Rule, arguments: frozenset[str], own: frozenset[str] | None) -> _Grant:
        shape = self._resources[rule.resource]
        fields = frozenset(
            name for group in rule.groups.split() for name in shape.groups[group].split()
        )
        if rule.rows == "all":
            return _Grant(True, "", None, fields)
        values = arguments if rule.rows in SCOPES_BY_ARGUMENT else own
        return _Grant(False, shape.scopes[rule.rows], values, fields)


def _scopes(actor: Actor) -> frozenset[tuple[str, str]]:
    texts = (role.removeprefix(_SCOPE) for role in actor.roles if role.startswith(_SCOPE))
    pairs = (text.partition(".") for text in texts)
    return frozenset((action, resource) for resource, _, action in pairs)


def _in_scope(pair: tuple[str, str], scopes: frozenset[tuple[str, str]]) -> bool:
    action, resource = pair
    wider = {pair, (action, "*"), ("*", resource), ("*", "*")}
    return not wider.isdisjoint(scopes)


def _fields(shape: Shape) -> frozenset[str]:
    return frozenset(name for names in shape.groups.values() for name in names.split())


def _masked(value: object, mask: str) -> object:
    if value is None:
        return None
    return MASKS.get(mask, mask_all)(str(value))


def _check_rule(rule: Rule, resources: Mapping[str, Shape], number: int) -> None:
    def refuse(field: str, what: str) -> BadInput:
        return BadInput(what, field=field, row=number, rule="a rule of known words")

    shape = resources.get(rule.resource)
    if shape is None:
        raise refuse("resource", f"unknown resource {rule.resource!r}")
    if rule.rows != "all" and rule.rows not in shape.scopes:
        raise refuse("rows", f"{rule.resource} has no row scope {rule.rows!r}")
    if rule.rows != "all" and rule.rows not in SCOPES_BY_ID | SCOPES_BY_ARGUMENT:
        raise refuse("rows", f"nothing says what the scope {rule.rows!r} is compared with")
    unknown = set(rule.groups.split()) - shape.groups.keys()
    if unknown or not any(shape.groups[group].split() for group in rule.groups.split()):
        raise refuse("groups", f"{rule.resource} needs known groups, not {rule.groups!r}")
    if not rule.actions.split():
        raise refuse("actions", "a rule allows at least one action")
