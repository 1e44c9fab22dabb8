"""Partial evaluation: what a decision is when only some inputs are known yet.

Paid data is fetched only while it matters: ``partial`` says whether the outcome is already decided,
and otherwise which of the unknown inputs can still change it. It is always sound: what it calls
decided is what every completion gives, null and wrongly typed inputs included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tael.dmn.errors import DmnError
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Code
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Graph
from tael.dmn.partial.declared import Declared, Within
from tael.dmn.partial.expressions import Memory
from tael.dmn.partial.tables import Tables
from tael.dmn.partial.unknowns import Abstract, Known, choices_of, needs_of
from tael.dmn.partial.world import World
from tael.dmn.trace import Trace
from tael.dmn.verification.domains import Place, inputs_behind
from tael.dmn.verification.geometry import Column, column_of

__all__ = ["Outlook", "Partial", "PartialEvaluator", "Within"]

_NOTHING: Mapping[str, Within] = {}


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known of a decision.

    Attributes:
        decided: whether no unknown input can change the outcome any more.
        value: the outcome when decided; else None.
        needs: unknown inputs that can still change it; empty when decided.
        irrelevant: unknown inputs of the model that no longer can.
    """

    decided: bool
    value: Value
    needs: frozenset[str]
    irrelevant: frozenset[str]


class Outlook:
    """What some known inputs say of every decision; each is looked at when first asked for.

    Attributes:
        unknown: names of the inputs that nobody gave.
    """

    def __init__(self, owner: PartialEvaluator, world: World) -> None:
        self._owner = owner
        self._world = world
        self.unknown = world.unknown

    def after(
        self, known: Mapping[str, object], within: Mapping[str, Within] = _NOTHING
    ) -> Outlook:
        """The outlook when more is known: as a new one, but what stays is not looked at again.

        Args:
            known: all that is known now; what was known before has the same values.
            within: as in ``PartialEvaluator.outlook``.

        Raises:
            BadInput: a value without a FEEL type; names the field.
        """
        return Outlook(self._owner, self._world.after(known, within))

    def of(self, decision: str) -> Partial:
        """What is known of a decision.

        Raises:
            DmnError: no such decision.
        """
        found = self._found(decision)
        if isinstance(found, Known):
            return Partial(True, found.value, frozenset(), self.unknown)
        needs = needs_of(found)
        return Partial(False, None, needs, self.unknown - needs)

    def choices(self, decision: str) -> tuple[Value, ...] | None:
        """The only values the decision can still have; None where they are not few.

        Raises:
            DmnError: no such decision.
        """
        return choices_of(self._found(decision))

    @cached_property
    def certain(self) -> Trace:
        """Steps of what was looked at, with what is certain only.

        The rules of a step are those of the decision's own table that fire in every completion; its
        value is the decision's where that is decided, of a list the items that surely are in it,
        else null.
        """
        return self._world.certain()

    def _found(self, decision: str) -> Abstract:
        return self._world.settled(self._owner.key_of(decision))


class PartialEvaluator:
    """Partial evaluation of one model; what it compiles serves all calls."""

    def __init__(
        self, graph: Graph, codes: Mapping[str, Code], compilers: Mapping[str, Compiler]
    ) -> None:
        self.graph = graph
        self.codes = codes
        self.compilers = compilers
        self.memory = Memory()
        self.tables = Tables()
        self._decisions = {item.path + item.name: key for key, item in graph.decisions.items()}
        self._columns: dict[int, tuple[object, tuple[Column, ...]]] = {}
        self._behind: dict[str, frozenset[str]] = {}
        self.coerced: dict[tuple[str, int], tuple[Abstract, Abstract]] = {}
        self._declared: dict[str, Declared] = {}

    def partial(self, known: Mapping[str, object], decision: str) -> Partial:
        """What ``known`` inputs decide; one that is absent is not known yet, unlike null.

        Raises:
            DmnError: no such decision.
            BadInput: a value without a FEEL type; names the field.
        """
        return self.outlook(known, ()).of(decision)

    def outlook(
        self,
        known: Mapping[str, object],
        decisions: Iterable[str],
        within: Mapping[str, Within] = _NOTHING,
    ) -> Outlook:
        """What ``known`` inputs say of ``decisions``, looked at together.

        Args:
            known: values by name; one that is absent is not known yet, unlike null.
            decisions: names of decisions; others may be asked of the outlook too.
            within: of an unknown input what is known of it: the range its number lies in, or the
                only values it can have. It is null only where null is one of these.

        Raises:
            DmnError: no such decision.
            BadInput: a value without a FEEL type; names the field.
        """
        found = Outlook(self, World(self, known, within))
        for decision in decisions:
            found.of(decision)
        return found

    def key_of(self, decision: str) -> str:
        """The key of the decision with this name.

        Raises:
            DmnError: no such decision.
        """
        key = self._decisions.get(decision)
        if key is None:
            raise DmnError(
                f"no decision {decision!r}", file=self.graph.file, rule="a decision of the model"
            )
        return key

    def behind(self, key: str) -> frozenset[str]:
        """Keys of the inputs an element needs."""
        if key not in self._behind:
            self._behind[key] = inputs_behind(self.graph, key)
        return self._behind[key]

    def declared(self, key: str) -> Declared:
        """What the type of an input leaves of it while nobody gave it."""
        found = self._declared.get(key)
        if found is None:
            item = self.graph.inputs[key]
            name, compiler = item.path + item.name, self.compilers[item.path]
            found = Declared(name, item.type, compiler, self.graph.types[item.path])
            self._declared[key] = found
        return found

    def columns(self, table: s.DecisionTable, place: Place) -> tuple[Column, ...]:
        """The geometry of a table, made once."""
        found = self._columns.get(id(table))
        if found is None:
            made = tuple(column_of(table, i, place) for i in range(len(table.inputs)))
            found = self._columns[id(table)] = table, made
        return found[1]
