"""One application through the stages: ask what still matters, stop when nothing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.kernel import BadInput, Rate
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.calls import Caller
from tael.policies.flow.course import Course, Equipment, FlowSettings
from tael.policies.flow.examine import refuse_faults
from tael.policies.flow.plan import ALL, FlowPlan
from tael.policies.flow.ports import Answer, Applicant, Grounds, SourcePort
from tael.policies.flow.result import FlowResult, Refusal
from tael.policies.flow.settle import Sources
from tael.policies.model import Feature

_WITHDRAWN = "consent_withdrawn"
_SETTINGS = FlowSettings()


class FlowRunner:
    """Runs the flow of one policy. One may serve many threads.

    With no source lost the outcome is that of the policy with every source asked, and so are tier,
    limit, offers and routing of an approval or a referral. The reasons of a decline are those of
    its rules that are certain, at least one, in the order of the rules: some of what the policy
    would say with everything known. A lost source never leads to an approval.

    Args:
        ahead: rules and model.
        plan: the flow.
        sources: what asks them.
        settings: consents, computation, order.

    Raises:
        BadInput: plan and policy do not fit together; names node and rule.
    """

    def __init__(
        self,
        ahead: Ahead,
        plan: FlowPlan,
        sources: SourcePort,
        settings: FlowSettings = _SETTINGS,
    ) -> None:
        refuse_faults(ahead, plan)
        caller = Caller(sources, settings.late, settings.watched)
        self._equipment = Equipment(ahead, plan, settings, caller, Sources(ahead, plan))
        self._given = tuple(name for name, behind in plan.behind.items() if not behind)

    def run(self, applicant: Applicant, *, cap: Rate, answers: Sequence[Answer] = ()) -> FlowResult:
        """Decide one application.

        Args:
            applicant: whom it is about.
            cap: the annual all-in cap.
            answers: of sources that are there already; one that is too old is asked again.

        Raises:
            BadInput: an input that the application gives is missing, unknown or out of range.
            TaelError: the rules give no answer (``policy_undetermined``).
        """
        refused, barred = self._consents(applicant)
        if refused is not None:
            return FlowResult(refused, None, Grounds({}))
        course = Course(self._equipment, applicant, barred)
        course.tell(self._from_application(applicant))
        course.have(answers)
        found = course.think(0)
        while wave := course.next(found):
            course.ask(wave)
            found = course.think(self._equipment.plan.stage_of(wave[0]))
        return course.result(found, cap)

    def _from_application(self, applicant: Applicant) -> dict[str, Feature]:
        behind = self._equipment.plan.behind
        for name in applicant.features:
            if behind.get(name):
                raise BadInput(
                    f"{name} comes from {', '.join(sorted(behind[name]))}",
                    field=name,
                    rule="an input that the application gives",
                )
        for name in self._given:
            if name not in applicant.features:
                raise BadInput(f"{name} is missing", field=name, rule="required")
        return self._equipment.checked(applicant.features)

    def _consents(self, applicant: Applicant) -> tuple[Refusal | None, Mapping[str, str]]:
        """Why nothing may be decided, or which sources are barred; before any is called."""
        plan = self._equipment.plan
        order = plan.order
        barred = self._equipment.settings.consents.may_ask(
            applicant.subject, order, at=applicant.as_of
        )
        withdrawn = [name for name in order if barred.get(name) == _WITHDRAWN]
        named = withdrawn or [name for name in order if name in barred]
        if named and (withdrawn or plan.consent == ALL):
            return Refusal(barred[named[0]], tuple(named)), {}
        return None, barred
