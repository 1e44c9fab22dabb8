"""File names say what is inside; test names are sentences; tests patch nothing."""

from __future__ import annotations

import ast

BANNED = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}
LEAST_WORDS = 3
PATCHES = {"setattr", "delattr", "patch"}


def file_offences(path: str) -> list[str]:
    words = {word for part in path.removesuffix(".py").split("/") for word in part.split("_")}
    return [
        f"{path}: a file named {word!r} gathers what has no place; name it after the noun inside"
        for word in sorted(words & BANNED)
    ]


def name_offences(source) -> list[str]:
    found = []
    for node in source.nodes:
        if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            continue
        if len(node.name.split("_")) <= LEAST_WORDS:
            found.append(
                f"{source.path}:{node.lineno}: {node.name} is no sentence; "
                "name the property, like test_overpayment_stays_as_credit"
            )
    return found


def patch_offences(source) -> list[str]:
    found = []
    for node in source.nodes:
        mock = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest.mock")
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        patch = call and node.func.attr in PATCHES and "monkeypatch" in ast.unparse(node.func.value)
        if mock or patch:
            found.append(
                f"{source.path}:{node.lineno}: tests patch nothing; pass the room's own fake in"
            )
    return found


def test_a_file_that_gathers_leftovers_is_refused() -> None:
    assert "noun inside" in file_offences("src/tael/ledger/date_utils.py")[0]
    assert not file_offences("src/tael/ledger/balances.py")


def test_a_test_without_a_sentence_is_refused(snippet) -> None:
    assert name_offences(snippet("def test_money(): ..."))
    assert not name_offences(snippet("def test_money_adds_up_exactly(): ..."))


def test_a_patched_attribute_is_refused(snippet) -> None:
    assert patch_offences(snippet("monkeypatch.setattr(a, 'b', c)"))
    assert patch_offences(snippet("from unittest.mock import patch"))
    assert not patch_offences(snippet("monkeypatch.setenv('A', 'b')"))


def test_no_file_gathers_leftovers(sources, sources_of_tests) -> None:
    found = [
        line for source in [*sources, *sources_of_tests] for line in file_offences(source.path)
    ]
    assert not found, "\n".join(found)


def test_every_test_is_named_by_a_sentence(sources_of_tests) -> None:
    found = [line for source in sources_of_tests for line in name_offences(source)]
    assert not found, "\n".join(found)


def test_no_test_patches_an_attribute(sources_of_tests) -> None:
    found = [line for source in sources_of_tests for line in patch_offences(source)]
    assert not found, "\n".join(found)
