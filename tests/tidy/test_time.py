"""Only a Clock tells the time."""

from __future__ import annotations

import ast

THE_CLOCK = "src/tael/kernel/clock.py"
OWNERS = {"datetime", "date", "Day", "time", "dt"}
CALLS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "utcfromtimestamp"}


def offences(source) -> list[str]:
    if source.path == THE_CLOCK:
        return []
    found = []
    for node in source.nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = ast.unparse(node.func.value).rpartition(".")[2]
        if owner in OWNERS and node.func.attr in CALLS:
            found.append(
                f"{source.path}:{node.lineno}: {owner}.{node.func.attr}() asks the machine; "
                "take a Clock as an argument and call clock.now()"
            )
    return found


def test_asking_the_machine_for_the_time_is_refused(snippet) -> None:
    for call in ("datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()"):
        assert "Clock" in offences(snippet(f"at = {call}"))[0]


def test_asking_a_clock_is_let_through(snippet) -> None:
    text = "at = clock.now()\nstarted = time.monotonic()\nat = work.clock.now()"
    assert not offences(snippet(text))
    assert not offences(snippet("datetime.now(UTC)", THE_CLOCK))


def test_only_the_clock_tells_the_time(sources) -> None:
    found = [offence for source in sources for offence in offences(source)]
    assert not found, "\n".join(found)
