"""The fast body of a model: chosen by what is wanted and by the Python types of the inputs.

It answers only where the general body would answer without any null or warning; otherwise it
steps aside. Functions are generated when first needed, for a bounded number of type signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import getcontext, setcontext
from operator import itemgetter
from typing import NamedTuple, cast

from tael.dmn.collection import collecting_later
from tael.dmn.compiled.plan import Plan
from tael.dmn.compiled.scalar import Body, compile_body
from tael.dmn.compiled.source import Odd
from tael.dmn.compiled.walk import needs
from tael.dmn.errors import Nothing
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Value

_MOST_SIGNATURES = 64
# What a fast body meets where the general one gives null or a warning, or refuses the input.
# A number outside the bins has None for its mask, which raises a TypeError or AttributeError.
_ASIDE = (
    Odd, Nothing, TypeError, AttributeError, ValueError, LookupError, ArithmeticError,
    RecursionError,
)  # fmt: skip


class Kept(NamedTuple):
    """One run: the function that ran, inputs as given, outputs by name, what its tables left."""

    body: Body
    inputs: tuple[object, ...]
    outputs: dict[str, Value]
    rows: tuple[object, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """The outputs in the order in which they were wanted."""
        return tuple(self.outputs.values())


_made = tuple.__new__  # half the time of ``Kept(...)``


class FastBody:
    """Computes some decisions of a planned model.

    Args:
        plan: the plan of the model.
        wanted: keys of planned decisions, by the names that outputs bear.
    """

    def __init__(self, plan: Plan, wanted: Mapping[str, str]) -> None:
        self._plan = plan
        self.wanted = dict(wanted)
        self.needed = needs(plan, wanted.values())
        names = [item.name for item in self.needed.inputs]
        self._read = _reader(names)
        self._bodies: dict[tuple[type, ...], Body | None] = {}

    def run(self, inputs: Mapping[str, object]) -> Kept | None:
        """The outputs and what a trace is made from; None: ask the general body."""
        try:
            given = self._read(inputs)
        except (LookupError, TypeError):
            return None
        return self.run_values(given)

    def run_values(self, given: tuple[object, ...]) -> Kept | None:
        """As ``run``, of the values in the order of ``needed.inputs``."""
        kinds = tuple(map(type, given))
        body = self._bodies.get(kinds)
        if body is None:
            body = self._compiled(kinds)
            if body is None:
                return None
        try:
            if body.in_context:
                outer = getcontext()
                setcontext(NUMBERS)
                try:
                    outputs, rows = body.run(*given)
                finally:
                    setcontext(outer)
            else:
                outputs, rows = body.run(*given)
        except _ASIDE:
            return None
        return _made(Kept, (body, given, outputs, rows))

    def _compiled(self, kinds: tuple[type, ...]) -> Body | None:
        if kinds in self._bodies or len(self._bodies) >= _MOST_SIGNATURES:
            return None
        with collecting_later():
            body = compile_body(self._plan, self.needed, self.wanted, kinds)
        self._bodies[kinds] = body
        return body


def _reader(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    if not names:
        return lambda _inputs: ()
    if len(names) == 1:
        name = names[0]
        return lambda inputs: (inputs[name],)
    return cast("Callable[[Mapping[str, object]], tuple[object, ...]]", itemgetter(*names))
