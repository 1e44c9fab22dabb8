"""The timeline of an application: one line per thing that happened, with its text by code."""

from __future__ import annotations

from collections.abc import Mapping

from tael.kernel import ApplicationId, EventId
from tael.origination.model import Event
from tael.origination.ports import OriginationStore
from tael.platform import Work

TEXTS: Mapping[str, tuple[str, str]] = {
    "application_drafted": ("建立申请", "Application drafted"),
    "application_submitted": ("提交申请", "Application submitted"),
    "application_data_pending": ("等待数据", "Waiting for data"),
    "data_received": ("收到数据", "Data received"),
    "application_in_review": ("进入审批", "In review"),
    "application_approved": ("担保方审批通过", "Approved by the guarantor"),
    "application_declined": ("审批未通过", "Declined"),
    "application_referred": ("转人工审核", "Referred to a person"),
    "application_reconsidered": ("申请复议", "Taken up for reconsideration"),
    "application_routed": ("选定资金方", "Routed to a bank"),
    "application_bank_approved": ("资金方审批通过", "Approved by the bank"),
    "application_bank_declined": ("资金方未通过", "Declined by the bank"),
    "bank_answer_ignored": ("收到先前资金方的答复", "A late answer of an earlier bank"),
    "application_offered": ("生成报价", "Offers made"),
    "offer_disclosed": ("确认综合融资成本明示", "Cost disclosure confirmed"),
    "offer_accepted": ("接受报价", "Offer accepted"),
    "offer_rejected": ("放弃报价", "Offer rejected"),
    "offer_expired": ("报价过期", "Offer expired"),
    "offer_void": ("报价作废", "Offer void"),
    "application_contracted": ("签订合同", "Contracts signed"),
    "contract_void": ("合同作废", "Contract void"),
    "application_withdrawn": ("撤回申请", "Withdrawn"),
    "application_expired": ("申请过期", "Application expired"),
}


def record(
    work: Work, store: OriginationStore, application_id: ApplicationId, code: str, /, **detail: str
) -> None:
    """Add a line to the timeline and to the audit trail."""
    now = work.clock.now()
    event = Event(EventId.new(now), application_id, now, work.actor.id, code, detail)
    store.add_event(event)
    work.audit(code.replace("_", ".", 1), application_id, detail)


def event_text(code: str, locale: str = "zh") -> str:
    """The text of a timeline's code in ``zh`` or ``en``; an unknown code stands for itself."""
    texts = TEXTS.get(code)
    return code if texts is None else texts[1 if locale == "en" else 0]
