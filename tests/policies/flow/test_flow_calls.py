"""Consent before any call, time for each call, and who is asked beside whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from tests.policies.flow.conftest import Flow, Sources

from tael.kernel import OutsideFailure
from tael.policies.flow import Answer, FlowSettings, History


class Consents:
    """Consents that a test takes back; ``after`` so many calls of the check."""

    def __init__(self, barred: Mapping[str, str], after: int = 0) -> None:
        self.barred = barred
        self.after = after
        self.asked: list[tuple[str, ...]] = []

    def may_ask(self, subject: str, sources: Sequence[str], *, at: datetime) -> Mapping[str, str]:
        assert (subject, at.tzinfo is not None) == ("E1", True)
        self.asked.append(tuple(sources))
        if len(self.asked) <= self.after:
            return {}
        return {name: code for name, code in self.barred.items() if name in sources}


def settings(consents: Consents) -> FlowSettings:
    return FlowSettings(watched=False, consents=consents)


@pytest.mark.parametrize(
    ("consent", "barred", "code", "names"),
    [
        ("all", {"tax": "consent_withdrawn"}, "consent_withdrawn", ("tax",)),
        ("each", {"tax": "consent_withdrawn"}, "consent_withdrawn", ("tax",)),
        ("all", {"tax": "consent_expired"}, "consent_expired", ("tax",)),
        ("all", {"tax": "a", "court": "b", "bureau": "consent_withdrawn"}, "consent_withdrawn",
         ("bureau",)),
    ],
)  # fmt: skip
def test_a_decision_without_consent_is_refused_before_any_call(
    flow: Flow, consent: str, barred: Mapping[str, str], code: str, names: tuple[str, ...]
) -> None:
    asked = flow.changed(lambda p: p.update(consent=consent))
    sources = Sources(asked.plan)
    result = asked.run(sources, settings=settings(Consents(barred)))
    assert sources.calls == []
    assert result.refusal is not None
    assert (result.refusal.code, result.refusal.sources) == (code, names)
    assert (result.outcome, result.how, result.concluded) == ("", "refused", None)


def test_a_source_that_may_not_be_asked_matters_only_where_it_is_wanted(flow: Flow) -> None:
    each = flow.changed(lambda p: p.update(consent="each"))
    for barred, outcome in (("invoice", "approve"), ("tax", "refer")):
        sources = Sources(each.plan)
        result = each.run(sources, settings=settings(Consents({barred: "consent_missing"})))
        assert result.outcome == outcome
        assert barred not in sources.calls
        assert [d.code for d in result.degraded] == ["consent_missing"] * (outcome == "refer")


def test_a_consent_withdrawn_on_the_way_is_heeded_at_the_next_call(flow: Flow) -> None:
    sources = Sources(flow.plan)
    consents = Consents({"bureau": "consent_withdrawn"}, after=3)
    result = flow.run(sources, settings=settings(consents))
    assert "bureau" not in sources.calls
    assert (result.outcome, result.degraded[0].source) == ("refer", "bureau")


def test_an_answer_after_its_time_counts_as_none_and_is_handed_on(flow: Flow) -> None:
    hurried = flow.changed(lambda p: p["sources"]["registry"].update(budget_ms=20))
    sources = Sources(hurried.plan)
    go_on, came = threading.Event(), threading.Event()
    late: list[Answer] = []

    def slow(usual: Answer) -> Answer:
        go_on.wait(5)
        return usual

    def handed_on(answer: Answer) -> None:
        late.append(answer)
        came.set()

    sources.other["registry"] = slow
    started = time.perf_counter()
    result = hurried.run(sources, settings=FlowSettings(late=handed_on))
    assert time.perf_counter() - started < 4
    assert (result.outcome, result.degraded[0].code) == ("refer", "late")
    assert result.fetched[0].status == "down"
    assert late == []
    go_on.set()
    assert came.wait(5)
    assert [answer.source for answer in late] == ["registry"]


def test_what_a_client_raises_counts_as_down_and_what_is_a_fault_of_ours_is_raised(
    flow: Flow,
) -> None:
    def broken(failure: Exception) -> Sources:
        def fail(usual: Answer) -> Answer:
            raise failure

        return Sources(flow.plan, other={"court": fail})

    outside = OutsideFailure("the line is dead", code="no_line")
    for watched in (True, False):
        result = flow.run(broken(outside), settings=FlowSettings(watched=watched))
        assert (result.outcome, result.degraded[0].code) == ("refer", "no_line")
        with pytest.raises(ZeroDivisionError):
            flow.run(broken(ZeroDivisionError()), settings=FlowSettings(watched=watched))


def test_the_cheapest_is_asked_first_and_a_history_knows_better(flow: Flow) -> None:
    usual = Sources(flow.plan)
    first = flow.run(usual)
    assert usual.calls[:3] == ["registry", "court", "device"]
    learnt = History().after([replace(first, fetched=first.fetched[:3])] * 40)
    every = frozenset(flow.plan.sources)
    assert learnt.counts == {
        ("registry", every - {"registry"}): (40, 0),
        ("court", every - {"registry", "court"}): (40, 0),
        ("device", every - {"registry", "court", "device"}): (40, 40),
    }
    # The register never ended a flow; once the court has answered nothing is known of it yet.
    ends_all = History({("device", every - {"device"}): (40, 40)})
    for history, order in (
        (learnt, ["court", "registry", "device"]),
        (ends_all, ["device", "registry", "court"]),
    ):
        again = Sources(flow.plan)
        flow.run(again, settings=FlowSettings(watched=False, history=history))
        assert again.calls[:3] == order


def test_sources_that_cost_nothing_are_asked_side_by_side(flow: Flow) -> None:
    free = flow.changed(
        lambda p: [p["sources"][n].update(cost_minor=0) for n in ("registry", "court", "device")]
    )
    sources = Sources(free.plan)
    meeting = threading.Barrier(3, timeout=5)

    def meet(usual: Answer) -> Answer:
        meeting.wait()
        return usual

    sources.other = dict.fromkeys(("registry", "court", "device"), meet)
    assert free.run(sources, settings=FlowSettings()).outcome == "approve"
    assert set(sources.calls[:3]) == {"registry", "court", "device"}
