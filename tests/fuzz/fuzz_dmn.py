"""Coverage-guided fuzzing of the decision engine, run by hand.

    python tests/fuzz/fuzz_dmn.py feel -max_total_time=300
    python tests/fuzz/fuzz_dmn.py xml -max_total_time=300 [CORPUS]

``feel`` parses and evaluates text as an expression and as unary tests; ``xml`` loads bytes as a
model and evaluates it. Only what the engine says on purpose may come out: FeelSyntaxError, DmnError
and BadInput. Anything else, a hang of ten seconds or a null without a warning is a find.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tael.dmn"]):
    from tael.dmn import loads
    from tael.dmn.errors import FeelSyntaxError, Nothing
    from tael.dmn.feel.closures import Compiler
    from tael.dmn.feel.env import Env
    from tael.dmn.feel.lexer import Position
    from tael.dmn.feel.library import BUILTINS
    from tael.dmn.feel.names import Names
    from tael.dmn.feel.parser import parse_expression, parse_unary_tests
    from tael.dmn.feel.syntax import Literal, Name, Rule
    from tael.dmn.feel.text import inner_text
    from tael.dmn.feel.values import Value
    from tael.kernel import BadInput, TaelError

_MOST_STEPS = 20_000
_VARIABLES: dict[str, Value] = {"a": None, "a b": "text", "l": (None, True), "c": {"x": None}}
_NAMES = Names([*BUILTINS, *_VARIABLES])


class Listener:
    """A run that counts its warnings and its steps."""

    def __init__(self) -> None:
        self.warnings = self.steps = 0

    def read(self, name: str) -> Value:
        return _VARIABLES[name]

    def warn(self, at: Position, message: str) -> None:  # noqa: ARG002 - of the protocol
        self.warnings += 1

    def fire(self, rule: Rule) -> None:
        """No table stands here."""

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _MOST_STEPS:
            raise BadInput("too many steps", field="fuzz")


def feel(data: bytes) -> None:
    """One text as an expression and as unary tests."""
    text = data.decode("utf-8", "replace")
    listener = Listener()
    try:
        tree = parse_expression(text, _NAMES).tree
        value = Compiler().expression(tree)(Env(listener))
        if value is None and not listener.warnings and not isinstance(tree, Literal | Name):
            _note_silent(text)
        inner_text(value)
    except (FeelSyntaxError, BadInput, Nothing, RecursionError):
        pass  # Model.evaluate gives the last two as a null and as an error
    try:
        tests = parse_unary_tests(text, _NAMES).tree
        Compiler().unary_tests(tests)(Env(Listener()), None)
    except (FeelSyntaxError, BadInput):
        pass


def xml(data: bytes) -> None:
    """One document, read strictly and tolerantly, and evaluated."""
    for tolerant in (False, True):
        try:
            loads(data, tolerant=tolerant).evaluate({})
        except TaelError:
            continue


_silent: set[str] = set()


def _note_silent(text: str) -> None:
    """Nulls that a literal, an entry or a branch holds are rightly silent: shown, not raised."""
    if len(_silent) < 20:
        _silent.add(text)
        sys.stderr.write(f"silent null: {text!r}\n")


if __name__ == "__main__":
    target = {"feel": feel, "xml": xml}[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
