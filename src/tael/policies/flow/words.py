"""Why a source was not asked, and what became of one that did not answer, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from tael.report import Words

SOURCE_UNAVAILABLE = "source_unavailable"
# Why an answer counts as none; a source's own code stands for itself.
LATE, TOO_OLD, IN_PART, INVALID = "late", "too_old", "in_part", "invalid"
INCOMPLETE, NOT_PERMITTED = "incomplete", "not_permitted"

LOST: Mapping[str, Words] = {
    LATE: Words(
        "超过时限才答复，按未答复处理", "answered after its time, which counts as no answer"
    ),
    TOO_OLD: Words("数据超过有效期，按未取得处理", "its data are older than the policy allows"),
    IN_PART: Words("只给出一部分，按未取得处理", "gave a part, which the policy does not take"),
    INVALID: Words("给出的数据不符合定义", "gave data that do not keep to their definition"),
    INCOMPLETE: Words("给出的数据不全", "did not give all that was needed"),
    NOT_PERMITTED: Words("没有查询授权", "may not be asked"),
}


def lost(code: str) -> Words:
    """What happened to a source."""
    return LOST.get(code, Words(f"未能取得（{code}）", f"gave nothing ({code})"))


def settled(outcome: str, codes: tuple[str, ...]) -> Words:
    """Why nothing that a source says matters any more."""
    if outcome == "decline":
        told = "、".join(codes), ", ".join(codes)
        return Words(
            f"已确定拒绝（{told[0]}），该来源的任何数据都不会改变结果",
            f"a decline was certain ({told[1]}): nothing this source says can change it",
        )
    return Words(
        "结果、等级、额度和价格都已确定，该来源的任何数据都不会改变它们",
        "outcome, tier, limit and price were certain: nothing this source says can change them",
    )


STOPPED = Words(
    "因另一来源不可用，已转人工处理，未再查询",
    "another source was down and the application went to a person: nobody else was asked",
)
BEYOND = Words(
    "仍未确定的部分还需要一个不可用的来源，单独查询该来源没有用",
    "what is open also needs a source that is down: this one alone does not help",
)
NO_MATTER = Words("即使没有该来源，拒绝也已确定", "a decline was certain even without this source")
REFERRED = Words(
    "结果可能取决于该来源，已转人工处理，不会自动通过",
    "the outcome may depend on it: a person decides, and nothing is approved",
)
