"""All SQL stands in `store` modules, and only the platform's unit of work commits."""

from __future__ import annotations

import ast
import re

LIBRARIES = {"sqlalchemy", "psycopg", "alembic"}
STATEMENT = re.compile(
    r"^\s*(?:SELECT\s.+\sFROM\s|INSERT\s+INTO\s"
    r"|UPDATE\s.+\sSET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX|SCHEMA)\s)",
    re.DOTALL,
)
# `platform` is the database's own room; `app` collects the tables and holds the migrations.
DATABASE_ROOMS = {"platform"}
APP_FILES = re.compile(r"^src/tael/app/(?:tables\.py|migrations)")
# The engines' in-memory SQL over files (DuckDB) is an extra of theirs, not the database's.
ENGINES = {
    "kernel",
    "report",
    "dmn",
    "variables",
    "risk",
    "pricing",
    "ledger",
    "dialogue",
    "economy",
}


def offences(source) -> list[str]:
    if source.room in DATABASE_ROOMS | ENGINES or APP_FILES.match(source.path):
        return []
    found = [] if _is_store(source) else _sql(source)
    for node in source.nodes:
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if call and node.func.attr in {"commit", "rollback"} and not node.args:
            found.append(
                f"{source.path}:{node.lineno}: {node.func.attr}() outside the unit of work; "
                "leave it to the edge that opened it"
            )
    return found


def _is_store(source) -> bool:
    return "store" in source.module.split(".")[2:]


def _sql(source) -> list[str]:
    found = [
        f"{source.path}:{line}: imports {module} outside a store; move the query there"
        for line, module, _ in source.imports()
        if module.partition(".")[0] in LIBRARIES
    ]
    return found + [
        f"{source.path}:{node.lineno}: an SQL statement outside a store; move it there"
        for node in source.nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and STATEMENT.match(node.value)
    ]


def test_sql_outside_a_store_is_refused(snippet) -> None:
    for text in (
        "import sqlalchemy as sa",
        "q = 'SELECT a FROM b WHERE c'",
        "work.connection.commit()",
    ):
        assert offences(snippet(text, "src/tael/servicing/service.py")), text


def test_sql_in_a_store_is_let_through(snippet) -> None:
    text = "import sqlalchemy as sa\nq = sa.text('SELECT a FROM b')"
    assert not offences(snippet(text, "src/tael/servicing/store.py"))
    assert not offences(snippet(text, "src/tael/portfolio/store/vintages.py"))
    assert not offences(snippet("import sqlalchemy", "src/tael/app/tables.py"))
    assert not offences(
        snippet("label = 'Select a lender from the list'", "src/tael/console/pages.py")
    )


def test_all_sql_stands_in_stores(sources) -> None:
    found = [offence for source in sources for offence in offences(source)]
    assert not found, "\n".join(found)
