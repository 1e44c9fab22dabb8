"""A model into its plan: decisions in the order of their requirements, refusals with reasons."""

from __future__ import annotations

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.cells import NotConstant
from tael.dmn.compiled.shapes import Unplanned, input_shape, prove
from tael.dmn.compiled.translate import Scope, Translator, Work
from tael.dmn.model.graph import Decision, Graph, InputData


def plan_of(graph: Graph) -> p.Plan:
    """What of the model both compilers may take, and why they may not take the rest.

    A decision is planned when the shapes of all it reads are known and everything in it is of the
    kinds in ``plan``; what is refused names the part at fault. Never raises for a loaded model.
    """
    work = Work(graph, {}, {}, {})
    for key, item in graph.inputs.items():
        try:
            work.inputs[key] = _input(graph, item)
        except (Unplanned, NotConstant) as why:
            work.refused[key] = f"input {item.name!r}: {why}"
    for key in _in_order(graph):
        node = graph.decisions[key]
        try:
            work.decisions[key] = _decision(work, node)
        except Unplanned as why:
            work.refused[key] = f"decision {node.name!r}: {why}"
        except RecursionError:
            work.refused[key] = f"decision {node.name!r}: it nests too deeply"
    rejected = {key: why for key, why in work.refused.items() if key in graph.decisions}
    inputs = {item.name: item for item in work.inputs.values()}
    return p.Plan(work.decisions, rejected, inputs)


def _input(graph: Graph, item: InputData) -> p.Input:
    if item.path:
        raise Unplanned("it belongs to an imported model")
    shape, allowed = input_shape(graph.types[item.path], item.type)
    return p.Input(item.name, shape, allowed)


def _decision(work: Work, node: Decision) -> p.Expression:
    if node.logic is None:
        raise Unplanned("it has no logic")
    translator = Translator(work)
    value = translator.expression(node.logic, Scope(node.scope, node.path))
    prove(work.graph.types[node.path], node.type, value, translator.possible)
    return value


def _in_order(graph: Graph) -> list[str]:
    """The keys of decisions, each after those it requires; without recursion."""
    order: dict[str, None] = {}
    for start in graph.decisions:
        waiting = [(start, False)]
        while waiting:
            key, leaving = waiting.pop()
            if leaving:
                order[key] = None
            elif key not in order and (key in graph.decisions or key in graph.knowledge):
                node = graph.decisions.get(key) or graph.knowledge[key]
                waiting.append((key, True))
                waiting.extend((each, False) for each in node.scope.values())
    return [key for key in order if key in graph.decisions]
