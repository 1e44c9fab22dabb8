"""Lengths: a function has 60 lines, a file 600, a function 5 parameters; the list only shrinks."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator

MOST_FUNCTION_LINES = 60
MOST_FILE_LINES = 600
MOST_PARAMETERS = 5
NINE_IN_TEN_FUNCTION_LINES = 35
# The number of entries in exceptions.toml may go down, never up.
MOST_EXCEPTIONS = 0
# A command's parameters are its options and an endpoint's are its form: the framework reads them.
ROUTES = {"command", "callback", "get", "post", "put", "patch", "delete"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def measures(source) -> dict[str, int]:
    """What exceeds a limit: ``path::name kind`` → how much."""
    found = {}
    if len(source.lines) > MOST_FILE_LINES:
        found[f"{source.path} lines"] = len(source.lines)
    for name, node in functions(source.tree):
        lines = (node.end_lineno or 0) - node.lineno + 1
        if lines > MOST_FUNCTION_LINES:
            found[f"{source.path}::{name} lines"] = lines
        if not _is_route(node) and parameters(node) > MOST_PARAMETERS:
            found[f"{source.path}::{name} parameters"] = parameters(node)
    return found


def functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            name = f"{outer}{node.name}"
            if isinstance(node, Function):
                yield name, node
            yield from functions(node, f"{name}.")
        else:
            yield from functions(node, outer)


def parameters(node: Function) -> int:
    names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def _is_route(node: Function) -> bool:
    hints = (arg.annotation for arg in (*node.args.args, *node.args.kwonlyargs))
    if any(hint is not None and "typer." in ast.unparse(hint) for hint in hints):
        return True
    calls = (deco.func for deco in node.decorator_list if isinstance(deco, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in ROUTES for call in calls)


def test_long_functions_files_and_lists_of_parameters_are_measured(snippet) -> None:
    long = "def f():\n" + "    a = 1\n" * 61
    assert measures(snippet(long, "a.py")) == {"a.py::f lines": 62}
    assert measures(snippet("a = 1\n" * 601, "a.py")) == {"a.py lines": 601}
    wide = "class C:\n    def g(self, a, b, c, *, d, e, f): ..."
    assert measures(snippet(wide, "a.py")) == {"a.py::C.g parameters": 6}


def test_short_functions_and_commands_are_let_through(snippet) -> None:
    assert not measures(snippet("def f(a, b, c, d, e):\n    return a"))
    assert not measures(snippet("def f(ctx: typer.Context, a, b, c, d, e): ..."))
    assert not measures(snippet("@app.command()\ndef f(a, b, c, d, e, g):\n    return a"))


def test_what_exceeds_a_limit_stands_in_the_list_exactly(sources, root) -> None:
    """A new excess fails, and so does an entry that has become shorter: tighten the list then."""
    listed = tomllib.loads((root / "tests/tidy/exceptions.toml").read_text("utf-8"))["lengths"]
    measured = {key: value for source in sources for key, value in measures(source).items()}
    new = {key: value for key, value in measured.items() if value > listed.get(key, 0)}
    assert not new, f"split these by use case or by step (aim: 10 lines a function): {new}"
    loose = {key: value for key, value in listed.items() if measured.get(key) != value}
    assert not loose, f"these shrank; lower or delete their entries in exceptions.toml: {loose}"


def test_the_list_of_exceptions_only_shrinks(root) -> None:
    listed = tomllib.loads((root / "tests/tidy/exceptions.toml").read_text("utf-8"))["lengths"]
    assert len(listed) <= MOST_EXCEPTIONS, "shorten the function instead of listing it"


def test_nine_functions_in_ten_are_short(sources) -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for source in sources
        for _, node in functions(source.tree)
    )
    ninth = lengths[len(lengths) * 9 // 10]
    assert ninth <= NINE_IN_TEN_FUNCTION_LINES, f"the 90th percentile is {ninth} lines: split some"
