"""The stopping rule of an experiment, as whoever deploys a challenger declares it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tael.kernel import BadInput
from tael.report import Words

STOPPING_MEASURES = ("default", "approval", "loss")
"""What an experiment may be judged by; loss in money, the others in shares."""

MOST_MONTHS = 36
"""The latest month on book that may be looked at."""

_CENT = 100
_MEASURE_WORDS = {
    "default": Words("违约率", "default rate"),
    "approval": Words("通过率", "approval rate"),
    "loss": Words("每笔申请损失", "loss per application"),
}
_MOST = 10**9
_LEAST_CONFIDENCE = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When an experiment may end.

    Attributes:
        measure: ``default`` (of the loans by the month), ``approval`` or ``loss``.
        margin: the smallest difference that matters: a fraction, or of loss per application minor
            units.
        months: the month on book that is looked at.
        confidence: that no difference is told where there is none, over all looks together.
        planned: known rows of both arms at which one gives up; None: never.

    Raises:
        BadInput: no rule; names the field and its limits.
    """

    measure: str = "default"
    margin: Decimal = Decimal("0.01")
    months: int = 6
    confidence: Decimal = Decimal("0.95")
    planned: int | None = None

    def __post_init__(self) -> None:
        if self.measure not in STOPPING_MEASURES:
            known = ", ".join(STOPPING_MEASURES)
            raise _refused("measure", self.measure, f"one of {known}").telling(
                "stopping_measure", value=self.measure, known=known
            )
        if not (self.margin.is_finite() and 0 < self.margin < _MOST):
            raise _refused("margin", self.margin, "a difference above 0").telling(
                "stopping_margin", value=self.margin
            )
        if not self.in_money and self.margin >= 1:
            rule = "of a share above 0 and below 100 points"
            raise _refused("margin", self.margin, rule).telling(
                "stopping_margin_of_share", value=self.margin
            )
        if not 1 <= self.months <= MOST_MONTHS:
            rule = f"a month on book from 1 to {MOST_MONTHS}"
            raise _refused("months", self.months, rule).telling(
                "stopping_months", value=self.months, most=MOST_MONTHS
            )
        sure = self.confidence
        if not (sure.is_finite() and _LEAST_CONFIDENCE <= sure < 1):
            raise _refused("confidence", sure, "at least 50 % and below 100 %").telling(
                "stopping_confidence", value=sure
            )
        if self.planned is not None and not 0 < self.planned < _MOST:
            raise _refused("planned", self.planned, "applications above 0, or none").telling(
                "stopping_planned", value=self.planned
            )

    @property
    def in_money(self) -> bool:
        """Whether the margin is minor units, not a fraction."""
        return self.measure == "loss"

    @property
    def margin_typed(self) -> Decimal:
        """The margin as people write it: points of a share, or major units of two decimals."""
        found = self.margin / _CENT if self.in_money else self.margin * _CENT
        return Decimal(_plain(found))

    @property
    def words(self) -> Words:
        """The rule in a sentence, as a person reads it."""
        measure, margin = _MEASURE_WORDS[self.measure], _plain(self.margin_typed)
        sure = _plain(self.confidence * _CENT)
        zh = f"¥{margin}" if self.in_money else f"{margin}个百分点"
        en = f"¥{margin}" if self.in_money else f"{margin} points"
        end = "" if self.planned is None else f"{self.planned:,}"
        return Words(
            f"按{measure.zh}判断, 第{self.months}个账龄月, 相差{zh}才值得在意, 置信度{sure}%"
            + (f", 到{end}笔申请为止" if end else ""),
            f"judged by {measure.en} at month {self.months} on book; {en} matter; "
            f"confidence {sure} %" + (f"; given up at {end} applications" if end else ""),
        )

    @property
    def typed(self) -> dict[str, str]:
        """Its fields as people write them: what ``stopping_rule_typed`` reads."""
        return {
            "measure": self.measure,
            "margin": _plain(self.margin_typed),
            "months": str(self.months),
            "confidence": _plain(self.confidence * _CENT),
            "planned": "" if self.planned is None else str(self.planned),
        }

    def as_json(self) -> dict[str, object]:
        """What is signed with the deployment, in exact JSON values."""
        return {
            "measure": self.measure,
            "margin": self.margin,
            "months": self.months,
            "confidence": self.confidence,
            "planned": self.planned,
        }


def stopping_rule_of(found: Mapping[str, object]) -> StoppingRule:
    """The rule that ``as_json`` wrote, read from canonical text."""
    planned = found["planned"]
    return StoppingRule(
        measure=str(found["measure"]),
        margin=Decimal(str(found["margin"])),
        months=int(str(found["months"])),
        confidence=Decimal(str(found["confidence"])),
        planned=None if planned is None else int(str(planned)),
    )


def stopping_rule_typed(typed: Mapping[str, str]) -> StoppingRule:
    """A rule as people write it; what is empty or left out is as usual.

    Args:
        typed: ``measure``; ``margin`` in points (1 is 0.01) or, of loss, in major units;
            ``months``; ``confidence`` in percent; ``planned``, a number of applications.

    Raises:
        BadInput: a field is no number, or the rule is none; names field and rule.
    """
    usual = StoppingRule()
    given = {name: text.strip().replace(",", "") for name, text in typed.items() if text.strip()}
    measure = given.get("measure", usual.measure)
    margin = _decimal(given, "margin", "a difference above 0", usual.margin_typed)
    confidence = _decimal(given, "confidence", "at least 50 % and below 100 %", Decimal(95))
    return StoppingRule(
        measure=measure,
        margin=margin * _CENT if measure == "loss" else margin / _CENT,
        months=_whole(given, "months", f"a month on book from 1 to {MOST_MONTHS}") or usual.months,
        confidence=confidence / _CENT,
        planned=_whole(given, "planned", "applications above 0, or none"),
    )


def _plain(number: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(given: Mapping[str, str], field: str, rule: str, usual: Decimal) -> Decimal:
    if field not in given:
        return usual
    text = given[field].removesuffix("%").strip()
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("NaN")
    # An exponent that would fill the memory is no number that a person writes.
    if not found.is_finite() or abs(found.adjusted()) > len(str(_MOST)):
        raise _refused(field, given[field], rule).telling("stopping_text", value=given[field])
    return found


def _whole(given: Mapping[str, str], field: str, rule: str) -> int | None:
    if field not in given:
        return None
    text = given[field]
    whole = text.isascii() and text.isdecimal() and len(text) < len(str(_MOST))
    if not whole or not int(text):
        raise _refused(field, text, rule).telling("stopping_text", value=text)
    return int(text)


def _refused(field: str, value: object, rule: str) -> BadInput:
    return BadInput(f"the stopping rule's {field} is {value}", field=f"stopping.{field}", rule=rule)
