"""The fast body of a model: chosen by what is wanted and by the Python types of the inputs.

It answers only where the general body would answer without any null or warning; otherwise it
steps aside. Functions are generated when first needed, for a bounded number of type signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import cast

from tael.dmn.collection import collecting_later
from tael.dmn.compiled.plan import Plan
from tael.dmn.compiled.scalar import Body, Door, compile_body
from tael.dmn.compiled.source import Odd
from tael.dmn.compiled.walk import needs
from tael.dmn.errors import Nothing
from tael.dmn.trace import Result, Trace

_MOST_SIGNATURES = 64
# What a fast body meets where the general one gives null or a warning, or refuses the input.
# A number outside the bins has None for its mask, which raises a TypeError or AttributeError.
_ASIDE = (
    Odd, Nothing, TypeError, AttributeError, ValueError, LookupError, ArithmeticError,
    RecursionError,
)  # fmt: skip


class FastBody:
    """Computes some decisions of a planned model.

    Args:
        plan: the plan of the model.
        wanted: keys of planned decisions, by the names that outputs bear.
        tell: makes the trace of what a result keeps.
    """

    def __init__(
        self, plan: Plan, wanted: Mapping[str, str], tell: Callable[[object], Trace]
    ) -> None:
        self._plan = plan
        self.wanted = dict(wanted)
        self.needed = needs(plan, wanted.values())
        self._door = Door(_reader([item.name for item in self.needed.inputs]), tell)
        self._bodies: dict[tuple[type, ...], Body | None] = {}
        self._latest: Callable[[Mapping[str, object]], Result | None] = _other

    def run(self, inputs: Mapping[str, object]) -> Result | None:
        """The outputs and what a trace is made from; None: ask the general body."""
        try:
            # Callers send the same types again and again: the function of the last ones is asked
            # first, and says by None that these are others.
            return self._latest(inputs) or self._by_types(inputs)
        except _ASIDE:
            return None

    def _by_types(self, inputs: Mapping[str, object]) -> Result | None:
        kinds = tuple(map(type, self._door.read(inputs)))
        body = self._bodies.get(kinds)
        if body is None:
            body = self._compiled(kinds)
            if body is None:
                return None
        self._latest = body.run
        return body.run(inputs)

    def _compiled(self, kinds: tuple[type, ...]) -> Body | None:
        if kinds in self._bodies or len(self._bodies) >= _MOST_SIGNATURES:
            return None
        with collecting_later():
            body = compile_body(self._plan, self.needed, self.wanted, kinds, self._door)
        self._bodies[kinds] = body
        return body


def _other(_inputs: Mapping[str, object]) -> None:
    """Before the first run: no types are known yet."""


def _reader(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    if not names:
        return lambda _inputs: ()
    if len(names) == 1:
        name = names[0]
        return lambda inputs: (inputs[name],)
    return cast("Callable[[Mapping[str, object]], tuple[object, ...]]", itemgetter(*names))
