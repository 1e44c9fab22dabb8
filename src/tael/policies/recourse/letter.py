"""The letter to an applicant: the outcome, why, what rights there are, what would change it.

Nothing of how the decision is made stands in it: no score, no tier, no rule, no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tael.kernel import BadInput
from tael.policies.model import Decision, Reason, Verdict
from tael.policies.recourse.advice import Advice
from tael.policies.recourse.wording import money
from tael.report import Words

# More than four reasons are not likely to help: official interpretation of 12 CFR 1002.9(b)(2).
MOST_REASONS = 4
_LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, and how one asks again.

    Attributes:
        name: of the lender or guarantor, in both languages.
        contact: where to ask: a telephone, an address.
        days: within which a request for a person's review is answered; the sender's own promise.
    """

    name: Words
    contact: str
    days: int = 15


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph, or a list with its heading."""

    text: Words
    items: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, ready to be written in either language."""

    title: Words
    parts: tuple[Part, ...]

    def text(self, locale: str) -> str:
        """The letter as plain text in ``zh`` or ``en``.

        Raises:
            BadInput: another language.
        """
        lines = [_said(self.title, locale), ""]
        for part in self.parts:
            lines.append(_said(part.text, locale))
            lines += [f"  {n}. {_said(item, locale)}" for n, item in enumerate(part.items, 1)]
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"

    def html(self, locale: str) -> str:
        """The letter as a section of a page; every text in it is escaped. Raises as ``text``."""
        blocks = [f"<h1>{escape(_said(self.title, locale))}</h1>"]
        for part in self.parts:
            blocks.append(f"<p>{escape(_said(part.text, locale))}</p>")
            if part.items:
                items = "".join(f"<li>{escape(_said(each, locale))}</li>" for each in part.items)
                blocks.append(f"<ol>{items}</ol>")
        return f'<section lang="{_LANGUAGES[locale]}">{"".join(blocks)}</section>'


def letter(
    decision: Decision | Verdict,
    reasons: Sequence[Reason],
    sender: Sender,
    advice: Advice | None = None,
) -> Letter:
    """The letter on a decision.

    It names up to four reasons in the policy's words, the right to an explanation and to refuse a
    decision made by automated means alone (Personal Information Protection Law of the People's
    Republic of China, 2021, article 24), the right to see and correct the data (articles 45 and
    46) and to dispute a record with the bureau (Regulation on the Administration of the Credit
    Reporting Industry, State Council Order 631, 2013, article 25), and how to ask again.

    Args:
        decision: as logged, or a verdict: its outcome and its limit are read, nothing else.
        reasons: in the order of the policy; of a decision ``Decision.reasons``.
        sender: who writes.
        advice: what would change the answer, where that is told.
    """
    parts = [_outcome(decision)]
    told = tuple(Words(each.zh, each.en) for each in reasons[:MOST_REASONS])
    if told and decision.outcome != "approve":
        parts.append(Part(Words("主要原因：", "The main reasons:"), told))
    elif told:
        parts.append(Part(Words("需要说明的是：", "Please note:"), told))
    if advice is not None and advice.answers:
        ways = tuple(answer.words for answer in advice.answers[:MOST_REASONS])
        parts.append(Part(_WAYS, ways))
        parts.append(Part(_HONEST))
    elif advice is not None and decision.outcome != "approve":
        parts.append(Part(_NO_WAY))
    parts += _rights(sender, decided=decision.outcome != "refer")
    return Letter(_TITLE, tuple(parts))


_TITLE = Words("关于您贷款申请的通知", "On your loan application")
_WAYS = Words(
    "按目前的审批政策，以下任一做法会改变结果：",
    "Under the policy in force, any one of these would change the outcome:",
)
_HONEST = Words(
    "以上按您目前的资料计算，不构成承诺，政策也可能调整；请如实申报，提供虚假资料的申请将被拒绝。",
    "This is computed on the figures on file; it is no promise, and the policy may change. State "
    "figures as they are: an application with false ones is refused.",
)
_NO_WAY = Words(
    "我们考察了您能够影响的事项，目前没有能够改变这一结果的做法。",
    "We looked at what you can influence, and found nothing there that would change this outcome "
    "at present.",
)
_MADE = Words(
    "本决定由计算机按统一的审批政策自动作出。",
    "This decision was made automatically, by one policy for all.",
)
_LOOKED_AT = Words(
    "您的申请由计算机按统一的审批政策作了初步审查。",
    "Your application was first looked at automatically, by one policy for all.",
)
_OUTCOMES = {
    "approve": Words(
        "您的贷款申请已通过担保审批。", "Your application was approved for a guarantee."
    ),
    "decline": Words(
        "很抱歉，您的贷款申请未能通过。", "We are sorry: your application was not approved."
    ),
    "refer": Words(
        "您的贷款申请需要由工作人员进一步审核，审核完成后我们会另行通知。",
        "A member of our staff has to look at your application before it is decided; we will write "
        "again.",
    ),
}


def _outcome(decision: Decision | Verdict) -> Part:
    words = _OUTCOMES[decision.outcome]
    if decision.outcome != "approve":
        return Part(words)
    zh, en = (money(decision.limit, locale) for locale in ("zh", "en"))
    return Part(
        Words(
            f"{words.zh}可用额度为{zh}，是否放款及最终条件以合作银行的决定为准。",
            f"{words.en} Up to {en} may be borrowed; whether and on what terms the loan is made is "
            "for the lending bank to decide.",
        )
    )


def _rights(sender: Sender, *, decided: bool) -> list[Part]:
    name, days = sender.name, sender.days
    made = _MADE if decided else _LOOKED_AT
    return [
        Part(
            Words("您的权利：", "Your rights:"),
            (
                Words(
                    f"{made.zh}依据《中华人民共和国个人信息保护法》第二十四条，您有权要求我们予以说明，"
                    "并有权拒绝仅通过自动化决策的方式作出的决定；您提出后，将由工作人员重新审核。",
                    f"{made.en} Under article 24 of the Personal Information Protection Law you "
                    "may ask us to explain it, and you may refuse a decision made by automated "
                    "means alone: a person will then look at your application.",
                ),
                Words(
                    "您有权查阅、复制我们持有的您的个人信息；发现不准确或不完整的，有权要求更正、"
                    "补充（同法第四十五条、第四十六条）。",
                    "You may see and copy the personal information that we hold, and have it "
                    "corrected or completed where it is wrong (articles 45 and 46 of that law).",
                ),
                Words(
                    "认为征信记录有错误或遗漏的，可以依据《征信业管理条例》第二十五条向征信机构"
                    "或者信息提供者提出异议。",
                    "Where you hold a credit record for wrong or incomplete you may dispute it "
                    "with the bureau or with whoever reported it (Regulation on the Credit "
                    "Reporting Industry, article 25).",
                ),
            ),
        ),
        Part(
            Words(
                f"申请说明、人工审核或复议，请联系{name.zh}：{sender.contact}。"
                f"我们会在{days}天内答复，提出请求不会影响您今后的申请。",
                f"To ask for an explanation, a person's review or reconsideration, turn to "
                f"{name.en}: {sender.contact}. We answer within {days} days, and asking does not "
                "count against you in any later application.",
            )
        ),
    ]


def _said(words: Words, locale: str) -> str:
    if locale not in _LANGUAGES:
        raise BadInput(f"{locale!r} is not a language of letters", field="locale", rule="zh or en")
    return str(getattr(words, locale))
