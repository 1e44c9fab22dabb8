"""A model that can be run: each decision is computed when first read, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tael.dmn.collection import collecting_later
from tael.dmn.compiled.plan import Plan
from tael.dmn.compiled.planner import plan_of
from tael.dmn.compiled.traced import Traced
from tael.dmn.compiled.walk import needs
from tael.dmn.errors import DmnError
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.depth import with_room
from tael.dmn.feel.env import Alone, Code, Env, Test
from tael.dmn.feel.registered import Registered
from tael.dmn.feel.syntax import Expression, UnaryTests
from tael.dmn.feel.type_system import AllowedCheck
from tael.dmn.feel.values import Value
from tael.dmn.findings import Finding
from tael.dmn.model import xml
from tael.dmn.model.graph import Decision, Graph, Knowledge, Service
from tael.dmn.model.imports import Resolver, among, beside
from tael.dmn.model.loader import read_graph
from tael.dmn.reasons import Explanation, Question, Quick, Reasoner
from tael.dmn.run import Run
from tael.dmn.trace import Result, Trace

if TYPE_CHECKING:
    import pyarrow as pa

    from tael.dmn.columnar.batch import BatchResult
    from tael.dmn.partial import Outlook, Partial, PartialEvaluator, Within
    from tael.dmn.verification import Verification


def load(
    path: str | Path, *, tolerant: bool = False, functions: Mapping[str, Registered] | None = None
) -> Model:
    """The model in the DMN file ``path`` (DMN 1.1 to 1.5), and those in its folder it imports.

    Args:
        path: an XML file; document type declarations and entities are refused.
        tolerant: take broken expressions and unknown names as null, as the standard does at run
            time, and list them in ``Model.problems``; by default they are errors.
        functions: what external functions of kind PMML call; see ``Model.with_functions``.

    Raises:
        DmnError: names file, node and line.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DmnError(
            f"cannot be read: {error.strerror}", file=str(path), rule="a readable file"
        ) from None
    model = _model(data, str(path), beside(file), tolerant=tolerant)
    return model.with_functions(functions) if functions else model


def loads(
    data: bytes | str,
    *,
    file: str = "<text>",
    tolerant: bool = False,
    imports: Mapping[str, str] | None = None,
    functions: Mapping[str, Registered] | None = None,
) -> Model:
    """The model in the DMN text ``data``; ``imports`` are texts by namespace. Else as ``load``."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    model = _model(raw, file, among(imports or {}), tolerant=tolerant)
    return model.with_functions(functions) if functions else model


def _model(raw: bytes, file: str, resolve: Resolver, *, tolerant: bool) -> Model:
    def read() -> Model:
        return Model(read_graph(xml.parse_for_reading(raw, file), file, resolve, tolerant=tolerant))

    try:
        with collecting_later():
            return with_room(read)
    except RecursionError:
        raise DmnError(
            "an expression nests too deeply", file=file, rule="shallow expressions"
        ) from None


_Answer: TypeAlias = Callable[[Mapping[str, object]], Result | None]
_Explainer: TypeAlias = tuple[_Answer, Quick | None]
_USUAL: Question = (4, "maximum", ())


def _nothing(_inputs: Mapping[str, object]) -> None:
    """Where there is no fast body."""


class _Codes(Mapping[str, Code]):
    """The general bodies of nodes, each compiled when first asked for."""

    def __init__(self, trees: Mapping[str, tuple[Compiler, Expression]]) -> None:
        self._trees = trees
        self._codes: dict[str, Code] = {}

    def __getitem__(self, key: str) -> Code:
        code = self._codes.get(key)
        if code is None:
            compiler, tree = self._trees[key]
            code = self._codes[key] = compiler.expression(tree)
        return code

    def __iter__(self) -> Iterator[str]:
        return iter(self._trees)

    def __len__(self) -> int:
        return len(self._trees)


class Model:
    """A loaded model. Immutable; one may serve many threads.

    Attributes:
        name: name of the model.
        namespace: its namespace.
        hash: SHA-256 of its content in hexadecimal; layout, diagrams and foreign extensions do not
            count, declared reasons do.
        problems: what a tolerant load found wrong.
    """

    def __init__(self, graph: Graph, functions: Mapping[str, Registered] | None = None) -> None:
        self.name = graph.name
        self.namespace = graph.namespace
        self.hash = graph.hash
        self.problems = graph.problems
        self.graph = graph
        self._compilers = {path: Compiler(types, functions) for path, types in graph.types.items()}
        self._functions = functions or {}
        for path, types in graph.types.items():
            types.allows = self._allowance(self._compilers[path])
        nodes: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
        self.codes: Mapping[str, Code] = _Codes(
            {n.id: (self._compilers[n.path], n.logic) for n in nodes if n.logic is not None}
        )
        self._decision_ids = {
            decision.path + decision.name: key for key, decision in graph.decisions.items()
        }
        self._service_ids = {each.path + each.name: key for key, each in graph.services.items()}
        self._fast: dict[str | None, Traced | None] = {}
        self._answers: dict[str | None, _Answer] = {}
        self._explainers: dict[str | None, _Explainer] = {}

    @staticmethod
    def _allowance(compiler: Compiler) -> AllowedCheck:
        """Says whether a value passes allowed values; each is compiled once."""
        compiled: dict[int, Test] = {}

        def allows(tests: UnaryTests, value: Value) -> bool:
            test = compiled.get(id(tests))
            if test is None:
                test = compiled[id(tests)] = compiler.unary_tests(tests)
            return test(Env(Alone()), value) is True

        return allows

    def with_functions(self, functions: Mapping[str, Registered]) -> Model:
        """The same model, whose external functions of kind PMML call ``functions`` by name.

        A function gets FEEL values by position (Decimal, str, bool, None, tuple, mapping, Date and
        the like) and gives one, or a float, which counts as its shortest decimal. What it raises is
        null with a warning. Only what is registered runs: a model can name nothing else.
        """
        return Model(self.graph, {**self._functions, **functions})

    @property
    def inputs(self) -> Mapping[str, str]:
        """Names of the input data, with the names of their types ('' where none is declared)."""
        return {item.path + item.name: item.type_name for item in self.graph.inputs.values()}

    @property
    def decisions(self) -> tuple[str, ...]:
        """Names of the decisions in the order of the file; imported ones bear their prefix."""
        return tuple(self._decision_ids)

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the decision services."""
        return tuple(self._service_ids)

    def evaluate(self, inputs: Mapping[str, object], decision: str | None = None) -> Result:
        """Compute ``decision`` (default: every decision) from ``inputs``.

        Args:
            inputs: values by the name of the input data: None, bool, str, int, Decimal, Rate (its
                fraction), date, lists and mappings of these. Names the model does not know are
                ignored. A missing one is null, with a warning when it is read.
            decision: name of one decision or decision service; only what it needs is computed.

        Raises:
            BadInput: a value without a FEEL type; names the field.
            DmnError: no such decision, or an evaluation that nests too deeply.
        """
        answer = self._answers.get(decision) or self._answer(decision)
        return answer(inputs) or self.evaluate_slowly(inputs, decision)

    def evaluate_slowly(self, inputs: Mapping[str, object], decision: str | None = None) -> Result:
        """As ``evaluate``, by the general body alone: what every fast one must equal."""
        try:
            return with_room(lambda: self._evaluated(inputs, decision))
        except RecursionError:
            raise DmnError(
                "the evaluation nests too deeply",
                file=self.graph.file,
                node=decision or "",
                rule="some thousand calls within each other at most",
            ) from None

    def _evaluated(self, inputs: Mapping[str, object], decision: str | None) -> Result:
        if decision is None:
            wanted = [each for each in self._decision_ids.values() if not self._is_imported(each)]
        elif decision in self._decision_ids:
            wanted = [self._decision_ids[decision]]
        elif decision in self._service_ids:
            return self._serve(self.graph.services[self._service_ids[decision]], inputs)
        else:
            raise DmnError(
                f"no decision {decision!r}; there are {', '.join(self.decisions)}",
                file=self.graph.file,
                rule="a decision or decision service of the model",
            )
        return self._result(Run(self, inputs), wanted)

    def evaluate_batch(
        self,
        table: pa.Table | pa.RecordBatch,
        decisions: Sequence[str] | None = None,
        *,
        trace: bool = False,
    ) -> BatchResult:
        """Compute ``decisions`` (default: all) for each row of an Arrow table, a column an input.

        Decisions that the plan accepts are computed in columns, the others row by row; which these
        are, and why, stands in the result. Every value equals that of ``evaluate`` for the row.

        Args:
            table: a pyarrow Table or RecordBatch; columns bear the names of inputs.
            decisions: names of decisions.
            trace: also tell which rules of decision tables fired.

        Raises:
            BadInput: no Arrow table; a column that is missing, there twice or of another type.
            DmnError: no such decision.
        """
        from tael.dmn.columnar.batch import evaluate_batch  # noqa: PLC0415 - numpy, on request

        return evaluate_batch(self, table, decisions, trace=trace)

    def watch_batch(
        self,
        table: pa.Table,
        decisions: Sequence[str],
        watched: Sequence[str],
        *,
        trace: bool = False,
    ) -> BatchResult:
        """As ``evaluate_batch``; decisions ``watched`` are computed, not handed out.

        Their warnings are told and their numbers given as doubles, so that one which has no column
        (a quotient that is not rounded) does not make every row be computed alone.

        Raises:
            BadInput, DmnError: as ``evaluate_batch``.
        """
        from tael.dmn.columnar.batch import watch_batch  # noqa: PLC0415 - numpy, on request

        return watch_batch(self, table, decisions, watched, trace=trace)

    @cached_property
    def plan(self) -> Plan:
        """What of the model has a fast body, and why the rest has none; made when first needed."""
        return plan_of(self.graph)

    def _fast_body(self, decision: str | None) -> Traced | None:
        """The fast body of a decision, of a service or of all; None when part is not planned."""
        if decision is None:
            wanted = {n: key for n, key in self._decision_ids.items() if not self._is_imported(key)}
        elif decision in self._decision_ids:
            wanted = {decision: self._decision_ids[decision]}
        elif decision in self._service_ids:
            wanted = self._served(self.graph.services[self._service_ids[decision]])
        else:
            return None
        fast = None
        with collecting_later():
            planned = wanted and all(key in self.plan.decisions for key in wanted.values())
        if planned:
            fast = Traced(
                self, self.plan, wanted, lambda given: self.evaluate_slowly(given, decision)
            )
        self._fast[decision] = fast
        return fast

    def _served(self, service: Service) -> dict[str, str]:
        """Decisions, by name, whose answer is that of the service; none when it takes more.

        The general body looks at every input of a service, so each must be read here too; what
        takes decisions from outside or gives a declared type is left to it.
        """
        decisions, inputs = self.graph.decisions, self.graph.inputs
        wanted = {decisions[key].path + decisions[key].name: key for key in service.outputs}
        simple = len(wanted) == len(service.outputs) and (service.type is None or len(wanted) > 1)
        taken = {inputs[key].name if key in inputs else "" for key in service.inputs}
        with collecting_later():
            planned = simple and all(key in self.plan.decisions for key in wanted.values())
        if not planned:
            return {}
        read = {item.name for item in needs(self.plan, wanted.values()).inputs}
        return wanted if taken <= read else {}

    def _answer(self, decision: str | None) -> _Answer:
        """What is asked first for ``decision``; None: ask the general body."""
        fast = self._fast[decision] if decision in self._fast else self._fast_body(decision)
        if decision is not None and decision not in self._fast:
            return _nothing  # no such decision: names from outside are not kept
        answer = self._answers[decision] = _nothing if fast is None else fast.result
        return answer

    @cached_property
    def reasoner(self) -> Reasoner:
        """The reasons the model declares; read when first asked for.

        Raises:
            DmnError: a declaration that cannot be understood.
        """
        with collecting_later():  # the rules of its tables stay
            return Reasoner(self.graph)

    def explain(
        self,
        inputs: Mapping[str, object],
        decision: str | None = None,
        *,
        most: int = 4,
        method: str = "maximum",
        medians: Mapping[str, Decimal | int] | None = None,
    ) -> Explanation:
        """``decision`` with its trace and the main reasons why it is not better.

        Args:
            inputs: as for ``evaluate``.
            decision: name of a decision or decision service; by default every decision (of several
                outputs: their mapping). Only what was computed for it gives reasons: a scorecard
                that a knock-out spared does not.
            most: how many reasons at most; four is what Regulation B holds helpful.
            method: a shortfall is measured to the ``maximum`` attainable or to the ``median``.
            medians: points of the middle applicant (of the tier, of the approved) by the name of
                the characteristic or by code; they win over those in the model.

        Raises:
            BadInput: as ``evaluate``; another method; a median that is missing.
        """
        question: Question = _USUAL
        if medians or most != _USUAL[0] or method != _USUAL[1]:
            question = (most, method, tuple(sorted(medians.items())) if medians else ())
        run, quick = self._explainers.get(decision) or self._explainer(decision)
        result, codes = run(inputs), None
        if result is None:
            result = self.evaluate(inputs, decision)
        elif quick is not None:
            codes = quick.codes(result.kept, question)  # type: ignore[arg-type] # of a fast run
        value: Value = result.outputs
        if len(result.outputs) == 1:
            (value,) = result.outputs.values()
        return Explanation(value, result, (self.reasoner, question), codes)

    def _explainer(self, decision: str | None) -> _Explainer:
        """What is asked first to explain ``decision``, and what reads the codes of its answer."""
        fast = self._fast[decision] if decision in self._fast else self._fast_body(decision)
        if fast is None:
            return _nothing, None
        quick = Quick(self.reasoner, fast.keys) if fast.tells else None
        return self._explainers.setdefault(decision, (fast.whole, quick))

    def check(self) -> tuple[Finding, ...]:
        """What the type checker finds wrong, by place: errors, warnings and notes.

        A strictly loaded model has no broken expression or unknown name left to find; load it with
        ``tolerant=True`` to see every finding at once.
        """
        from tael.dmn.types import check  # noqa: PLC0415 - loaded only when asked for: a run does not need it

        with collecting_later():
            return with_room(lambda: check(self.graph))

    def verify(self, budget_s: float = 10.0) -> Verification:
        """What is wrong with the decision tables: gaps, overlaps, rules that never take effect.

        Exact and over all columns, each finding with an example; ``proven`` and ``spent`` tell
        what was not looked through within ``budget_s`` seconds.
        """
        from tael.dmn.verification import verify  # noqa: PLC0415 - loaded only when asked for

        with collecting_later():
            return with_room(lambda: verify(self.graph, self._compilers, budget_s=budget_s))

    @cached_property
    def cuts(self) -> Mapping[str, tuple[Decimal, ...]]:
        """The numbers that an input is compared with, of inputs that rules only ever compare.

        Between two neighbouring cuts, and at a cut, every decision is the same whatever the other
        inputs are. An input that enters arithmetic or a result as it is has none, and is left out.
        """
        from tael.dmn.verification.cuts import cuts_of  # noqa: PLC0415 - loaded only when asked for

        return with_room(lambda: cuts_of(self.graph, self._compilers))

    def partial(self, known: Mapping[str, object], decision: str) -> Partial:
        """Whether ``known`` inputs already decide ``decision``, and what it still depends on.

        An input that is absent is not known yet, unlike null. What is called decided is what every
        completion gives.

        Raises:
            BadInput: a value without a FEEL type; names the field.
            DmnError: no such decision.
        """
        return with_room(lambda: self._partial.partial(known, decision))

    def outlook(
        self,
        known: Mapping[str, object],
        decisions: Iterable[str],
        within: Mapping[str, Within] | None = None,
        *,
        before: Outlook | None = None,
    ) -> Outlook:
        """What ``known`` inputs say of several decisions: ``partial`` for who asks step by step.

        Args:
            known: values by name; one that is absent is not known yet, unlike null.
            decisions: names of decisions.
            within: of an unknown input what is known of it: the ``Range`` its number lies in, or
                a tuple of the only values it can have. It is null only where null is one of these.
            before: what fewer inputs said; what the new ones do not touch is not looked at again.

        Raises:
            BadInput: a value without a FEEL type; names the field.
            DmnError: no such decision.
        """

        def look() -> Outlook:
            if before is None:
                return self._partial.outlook(known, decisions, within or {})
            found = before.after(known, within or {})
            for decision in decisions:
                found.of(decision)
            return found

        return with_room(look)

    @cached_property
    def _partial(self) -> PartialEvaluator:
        from tael.dmn.partial import PartialEvaluator  # noqa: PLC0415 - loaded only when asked for

        return PartialEvaluator(self.graph, self.codes, self._compilers)

    def _serve(self, service: Service, inputs: Mapping[str, object]) -> Result:
        run = Run(self, inputs)
        run.give(service, inputs)
        result = self._result(run, service.outputs)
        if len(service.outputs) > 1 or service.type is None:
            return result
        name, value = next(iter(result.outputs.items()))
        checked = run.coerced_output(service, value)
        return Result({name: checked}, result.trace, tuple(run.warnings))

    def _result(self, run: Run, keys: Sequence[str]) -> Result:
        decisions = self.graph.decisions
        outputs = {decisions[key].path + decisions[key].name: run.value(key) for key in keys}
        return Result(outputs, Trace(tuple(run.steps())), tuple(run.warnings))

    def _is_imported(self, key: str) -> bool:
        return bool(self.graph.decisions[key].path)
