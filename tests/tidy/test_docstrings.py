"""Every name in a door's ``__all__`` has a docstring, and no `Any` goes through a door."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Defined = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(source) -> dict[str, Defined]:
    return {node.name: node for node in source.tree.body if isinstance(node, Defined)}


def missing(node: Defined, neighbours: dict[str, Defined]) -> bool:
    """Whether ``node`` lacks a docstring; a class of mere values may keep its base's."""
    if ast.get_docstring(node):
        return False
    if not isinstance(node, ast.ClassDef) or any(isinstance(item, Defined) for item in node.body):
        return True
    bases = (neighbours.get(base.id) for base in node.bases if isinstance(base, ast.Name))
    return not any(base and ast.get_docstring(base) for base in bases)


def any_in(node: Defined) -> list[int]:
    """Lines on which a public function, or a public method of a class, is typed with `Any`."""
    if isinstance(node, ast.ClassDef):
        methods = (item for item in node.body if isinstance(item, Defined))
        return [line for item in methods if not item.name.startswith("_") for line in any_in(item)]
    args = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    hints = [hint for hint in (*(arg.annotation for arg in args), node.returns) if hint]
    names = (part for hint in hints for part in ast.walk(hint))
    return [part.lineno for part in names if isinstance(part, ast.Name) and part.id == "Any"]


def through_the_door(sources) -> Iterator[tuple]:
    """Source, definition and neighbours of each class and function that a door names."""
    by_module = {source.module: source for source in sources}
    for door in (source for source in sources if source.module == f"tael.{source.room}"):
        names = _all(door)
        places = {name: module for _, module, name in door.imports()} | dict.fromkeys(
            definitions(door), door.module
        )
        for name in names:
            source = by_module.get(places.get(name, ""))
            if source and name in definitions(source):
                yield source, definitions(source)[name], definitions(source)


def _all(door) -> list[str]:
    for node in door.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def test_a_public_name_without_a_docstring_is_refused(snippet) -> None:
    source = snippet(
        'class A:\n    """What."""\nclass B(A):\n    x = 1\nclass C(A):\n    def f(self): ...\n'
    )
    known = definitions(source)
    assert [name for name, node in known.items() if missing(node, known)] == ["C"]


def test_any_through_a_door_is_refused(snippet) -> None:
    source = snippet(
        "class A:\n    def f(self, x: dict[str, Any]): ...\n    def _g(self, x: Any): ...\n"
    )
    assert any_in(definitions(source)["A"]) == [2]


def test_every_name_in_a_door_has_a_docstring(sources) -> None:
    found = [
        f"{source.path}:{node.lineno}: {node.name} is in a door; say what it is in one sentence"
        for source, node, neighbours in through_the_door(sources)
        if missing(node, neighbours)
    ]
    assert not found, "\n".join(found)


def test_no_any_goes_through_a_door(sources) -> None:
    found = [
        f"{source.path}:{line}: `Any` goes through a door; name the type, or use object"
        for source, node, _ in through_the_door(sources)
        for line in any_in(node)
    ]
    assert not found, "\n".join(found)
