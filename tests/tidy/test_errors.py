"""A broad `except` stands only at an edge, with a comment; nobody catches a broken invariant."""

from __future__ import annotations

import ast

BROAD = {"Exception", "BaseException"}


def offences(source) -> list[str]:
    found = []
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        names = _names(node.type)
        if "InvariantBroken" in names:
            found.append(
                f"{source.path}:{node.lineno}: nobody catches InvariantBroken; let it roll back"
            )
        broad = node.type is None or names & BROAD
        if broad and not _passes_on(node) and not _commented(source, node):
            found.append(
                f"{source.path}:{node.lineno}: a broad except; name the failures, or say in "
                "a comment why this is an edge"
            )
    return found


def _names(kind: ast.expr | None) -> set[str]:
    if kind is None:
        return set()
    return {part.id for part in ast.walk(kind) if isinstance(part, ast.Name)}


def _passes_on(node: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up: its last statement raises the same failure again."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _commented(source, node: ast.ExceptHandler) -> bool:
    """A comment on the line, or on its own line before the handler or its first statement."""
    line = source.lines[node.lineno - 1].replace("# noqa", "")
    around = source.lines[node.lineno - 2 : node.body[0].lineno]
    return "#" in line or " - " in line or any(text.lstrip().startswith("#") for text in around)


def test_a_broad_except_without_a_comment_is_refused(snippet) -> None:
    assert offences(snippet("try:\n    f()\nexcept Exception:\n    g()"))
    assert offences(snippet("try:\n    f()\nexcept:\n    g()"))
    assert offences(snippet("try:\n    f()\nexcept InvariantBroken:  # why\n    g()"))


def test_a_named_failure_or_a_commented_edge_is_let_through(snippet) -> None:
    assert not offences(snippet("try:\n    f()\nexcept (KeyError, ValueError):\n    g()"))
    assert not offences(snippet("try:\n    f()\nexcept BaseException:\n    g()\n    raise"))
    edge = "try:\n    f()\nexcept Exception:\n    # The worker's edge: the job is retried.\n    g()"
    assert not offences(snippet(edge))


def test_broad_excepts_stand_only_at_commented_edges(sources) -> None:
    found = [offence for source in sources for offence in offences(source)]
    assert not found, "\n".join(found)
