"""Nothing half done is committed: no marks for later, no functions without a body."""

from __future__ import annotations

import ast
import re

# Spelled apart, so that this file does not offend itself.
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|HA" r"CK)\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def mark_offences(source) -> list[str]:
    return [
        f"{source.path}:{number}: a mark for later; do it now, or leave it out"
        for number, line in enumerate(source.lines, 1)
        if MARKS.search(line)
    ]


def stub_offences(source) -> list[str]:
    found = []
    promised = {
        inner
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(b) for b in node.bases)
        for inner in ast.walk(node)
    }
    for node in source.nodes:
        if isinstance(node, Function) and node not in promised and _is_stub(node):
            found.append(f"{source.path}:{node.lineno}: {node.name} does nothing; write it")
        if isinstance(node, ast.Raise) and node.exc and "NotImplemented" in ast.unparse(node.exc):
            found.append(
                f"{source.path}:{node.lineno}: not implemented; refuse with a code, or write it"
            )
    return found


def _is_stub(node: Function) -> bool:
    if any(
        ast.unparse(deco).endswith(("overload", "abstractmethod")) for deco in node.decorator_list
    ):
        return False
    last = node.body[-1]
    ellipsis = (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is ...
    )
    return ellipsis or (len(node.body) == 1 and isinstance(last, ast.Pass))


def test_a_mark_for_later_is_refused(snippet) -> None:
    assert mark_offences(snippet("a = 1  # TO" + "DO later"))
    assert not mark_offences(snippet("a = 1  # the toDo list of the consultant"))


def test_a_function_without_a_body_is_refused(snippet) -> None:
    assert stub_offences(snippet("def f(): ..."))
    assert stub_offences(snippet("def f(): pass"))
    assert stub_offences(snippet("def f():\n    raise NotImplementedError"))
    assert not stub_offences(snippet("class P(Protocol):\n    def f(self): ..."))
    assert not stub_offences(snippet('def f():\n    """Nothing to close."""'))


def test_no_text_carries_a_mark_for_later(texts) -> None:
    found = [line for source in texts for line in mark_offences(source)]
    assert not found, "\n".join(found)


def test_every_function_has_a_body(sources) -> None:
    found = [line for source in sources for line in stub_offences(source)]
    assert not found, "\n".join(found)
