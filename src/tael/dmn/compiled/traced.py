"""The trace of a fast run: the same steps as the general body tells, made from what was kept.

What a decision reads rarely depends on the data; where it does, because a name is read in a branch
alone, its general body runs once more, for its reads only. A decision that is needed in a branch
alone, and a knowledge model with a table of its own, leave the whole trace to the general body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import cast

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.fast import FastBody
from tael.dmn.compiled.scalar import Body, Kept
from tael.dmn.compiled.telling import Told, teller_of
from tael.dmn.compiled.walk import children
from tael.dmn.feel.syntax import DecisionTable, Node
from tael.dmn.model.graph import Decision
from tael.dmn.run import Compiled
from tael.dmn.trace import Result, Step, Trace

_Slowly = Callable[[Mapping[str, object]], Result]


class _DependsOnData(Exception):  # noqa: N818 - an answer, not an error
    """What is read is known only when it runs."""


class Traced:
    """A fast body whose results tell their trace when asked."""

    def __init__(
        self,
        model: Compiled,
        plan: p.Plan,
        wanted: Mapping[str, str],
        slowly: _Slowly,
    ) -> None:
        self._slowly = slowly
        self._body = FastBody(plan, wanted, self._trace)
        try:
            self._told: list[Told] | None = _Teller(model, plan, self._body).told()
        except (_DependsOnData, RecursionError):
            self._told = None
        # Whether what a run keeps shows all that its trace tells: each step runs each time.
        self.tells = self._told is not None
        told = [each.key for each in self._told or []]
        self._names = {key: name for name, key in wanted.items()}
        self._whole = self._body
        if len(wanted) < len(told):
            self._whole = FastBody(plan, {key: key for key in told}, self._trace)
            self._names = {key: key for key in told}
        self._tellers: dict[Body, Callable[[Kept], tuple[Step, ...]]] = {}
        # What the decisions give; None: ask the general body.
        self.result = self._body.run
        # The same, keeping the values of all decisions that were needed.
        self.whole = self.result if self._whole is self._body else self._run_whole

    def _run_whole(self, inputs: Mapping[str, object]) -> Result | None:
        result = self._whole.run(inputs)
        if result is None:
            return None
        outputs = {name: result.outputs[key] for name, key in self._body.wanted.items()}
        return Result(outputs, self._trace, (), result.kept)

    @property
    def keys(self) -> tuple[str, ...]:
        """The decisions whose values a run keeps, in the order of the outputs in ``Kept``."""
        return tuple(self._whole.wanted.values())

    def _trace(self, run: object) -> Trace:
        kept, told = cast("Kept", run), self._told
        if told is not None and len(kept[2]) == len(told):
            teller = self._tellers.get(kept[0])
            if teller is None:
                teller = self._tellers[kept[0]] = teller_of(told, kept[0], self._names)
            return Trace(cast("Callable[[object], tuple[Step, ...]]", teller), kept)
        names = [item.name for item in self._body.needed.inputs]
        given = dict(zip(names, kept[1], strict=True))
        whole = self._whole.run(given) if told is not None else None
        if whole is None:
            return self._slowly(given).trace
        return whole.trace


class _Teller:
    """Follows the order in which the general body evaluates."""

    def __init__(self, model: Compiled, plan: p.Plan, body: FastBody) -> None:
        self._graph = model.graph
        self._codes = model.codes
        self._plan = plan
        self._wanted = body.wanted.values()
        self._input_places = {item.name: i for i, item in enumerate(body.needed.inputs)}
        self._done: set[str] = set()
        self._steps: list[Told] = []

    def told(self) -> list[Told]:
        for key in self._wanted:
            self._decision(key)
        return self._steps

    def _decision(self, key: str) -> None:
        if key in self._done:
            return
        self._done.add(key)
        node = self._graph.decisions[key]
        calls = any(map(self._is_function, node.scope.values()))
        if calls and not all(map(self._tells_nothing, node.scope.values())):
            raise _DependsOnData
        reader = _Reader(self, node)
        reader.read(self._plan.decisions[key], always=True)
        if reader.in_branches and calls:
            raise _DependsOnData
        code = self._codes[node.id] if reader.in_branches else None
        self._steps.append(Told(key, node.name, tuple(reader.reads.items()), code))

    def _is_function(self, key: str) -> bool:
        return key not in self._graph.inputs and key not in self._graph.decisions

    def _tells_nothing(self, key: str) -> bool:
        """Whether a requirement has no step of its own but what is told anyway.

        A knowledge model that reads nothing but its parameters and holds no table has none.
        """
        if not self._is_function(key):
            return True
        node = self._graph.knowledge.get(key)
        if node is None or _holds_table(node.logic):
            return False
        return all(self._is_function(k) and self._tells_nothing(k) for k in node.scope.values())

    def name_of(self, node: Decision, found: p.Input | p.Reference) -> tuple[str, int | str]:
        """The name by which ``node`` reads an input or a decision, and where its value is."""
        for name, key in node.scope.items():
            if isinstance(found, p.Reference):
                if key == found.key:
                    return name, key
            elif key in self._graph.inputs and self._graph.inputs[key].name == found.name:
                return name, self._input_places[found.name]
        raise _DependsOnData

    def needs(self, key: str, *, always: bool) -> None:
        """A decision that is read: it comes first, if nobody asked for it before."""
        if key not in self._done and not always:
            raise _DependsOnData
        self._decision(key)


def _holds_table(tree: object) -> bool:
    """Whether a decision table stands anywhere in a tree of FEEL."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DecisionTable):
            return True
        if isinstance(each, tuple):
            waiting.extend(each)
        elif isinstance(each, Node):
            waiting.extend(getattr(each, part.name) for part in fields(each))
    return False


class _Reader:
    """What one decision reads, in order."""

    def __init__(self, teller: _Teller, node: Decision) -> None:
        self._teller = teller
        self._node = node
        self.reads: dict[str, int | str] = {}
        self.in_branches = False
        self._locals: set[int] = set()

    def read(self, tree: p.Expression, *, always: bool) -> None:  # noqa: C901 - one branch a form
        if isinstance(tree, p.Constant):
            return
        if isinstance(tree, p.Input | p.Reference):
            self._name(tree, always=always)
        elif isinstance(tree, p.Local):
            self._local(tree, always=always)
        elif isinstance(tree, p.Table):
            for column in tree.columns:
                self.read(column.value, always=always)
            for output in (*tree.outputs, tree.default or ()):
                for each in output:
                    self.read(each, always=False)
        elif isinstance(tree, p.Choose) or (isinstance(tree, p.Logic) and tree.operator != "not"):
            first, *others = children(tree)
            self.read(first, always=always)
            for each in others:
                self.read(each, always=False)
        else:
            for each in children(tree):
                self.read(each, always=always)

    def _name(self, tree: p.Input | p.Reference, *, always: bool) -> None:
        if isinstance(tree, p.Reference):
            self._teller.needs(tree.key, always=always)
        name, place = self._teller.name_of(self._node, tree)
        if name not in self.reads:
            self.in_branches = self.in_branches or not always
            self.reads[name] = place

    def _local(self, tree: p.Local, *, always: bool) -> None:
        if tree.slot in self._locals:
            return
        if always:
            self._locals.add(tree.slot)
        self.read(tree.value, always=always)
