"""Which invoice variables go with default, and how far to trust that."""

from __future__ import annotations

import numpy as np

from tael.report import Axes, Column, Kind, Page, Series, Tone, Words
from tael.variables.definitions.model import Variable
from tael.variables.examples.computed import Computed
from tael.variables.examples.invoices_figures import InvoiceFigures
from tael.variables.examples.ranking import Ranked

_TOP = 20
_NO_RANKING = 0.5
_MUCH = 0.7
_SHOWN_PLACES = 200


def add_against_default(page: Page, computed: Computed, figures: InvoiceFigures) -> None:
    """A section: which variables go with default, and what chance and size alone would do."""
    screening = figures.screening
    chance = screening.chance
    page.section(
        Words("与违约的关系", "Against default"),
        Words(
            f"{chance.variables} 个变量在九成以上有标签企业中有值且取值不同。",
            f"{chance.variables} variables vary and have a value in nine of ten labelled firms.",
        ),
    )
    if not screening.ranked:
        page.note(Words("没有可比的企业或变量。", "There are no firms or variables to compare."))
        return
    page.note(
        Words(
            f"把违约随机重分 {chance.deals:,} 次，最好的一个变量 AUC 中位数为 {chance.median:.3f}，"
            f"5% 的重分超过 {chance.top:.3f}。{screening.beyond} 个变量高于后者，许多彼此相近。",
            f"Dealing the defaults out at random {chance.deals:,} times, the best variable "
            f"reaches an AUC of {chance.median:.3f} in the middle and more than {chance.top:.3f} "
            f"in 5 % of the deals. {screening.beyond} variables lie above that; many are near "
            "copies of each other.",
        ),
        Tone.WARNING,
    )
    top = screening.ranked[:_TOP]
    sized = sum(abs(figures.with_sales[each.column]) > _MUCH for each in top)
    page.note(
        Words(
            f"前 {len(top)} 个变量中有 {sized} 个与销项总额的秩相关超过 {_MUCH}："
            "它们看到的主要是规模。",
            f"{sized} of the top {len(top)} variables have a rank correlation above {_MUCH} with "
            "total sales: what they see is mostly size.",
        ),
        Tone.WARNING,
    )
    _top_tables(page, computed, figures)
    _top_charts(page, figures)


def _top_tables(page: Page, computed: Computed, figures: InvoiceFigures) -> None:
    top = figures.screening.ranked[:_TOP]
    page.table(
        [
            Words("编号", "Id"),
            Words("变量", "Variable"),
            Words("AUC（95%）", "AUC (95 %)"),
            Words("违约者", "Defaulted are"),
        ],
        [_top_row(each, computed.variables[each.column]) for each in top],
        caption=Words("最能区分违约的变量", "What tells defaulted firms best"),
    )
    page.table(
        [
            Words("编号", "Id"),
            Column("AUC", Kind.NUMBER, 3),
            Column(Words("一年前", "Year before"), Kind.NUMBER, 3),
            Column(Words("偶然", "By chance"), Kind.NUMBER, 4),
            Column(Words("与销项", "With sales"), Kind.NUMBER, 2),
            Column(Words("近似", "Copies"), Kind.COUNT),
            Column(Words("企业", "Firms"), Kind.COUNT),
        ],
        [_doubt_row(each, computed.variables[each.column], figures) for each in top],
        caption=Words("可信到什么程度", "How far to trust that"),
    )
    page.paragraph(
        Words(
            "区间按 DeLong 法，取对数几率尺度；星号表示与定义中的预期相反。“一年前”只用当时已知的"
            "发票重算；"
            "“偶然”指随机重分后最好的变量达到同样水平的频率；“与销项”指与销项总额的秩相关；"
            "“近似”指排序几乎相同的较弱变量数。",
            "Intervals: DeLong, on log-odds. A star: against what the definition expects. Year "
            "before: the same with only what was known then. By chance: how often the best "
            "variable of a random deal is as good. With sales: rank correlation with total "
            "sales. Copies: weaker variables that rank nearly alike.",
        )
    )


def _top_row(each: Ranked, variable: Variable) -> tuple[Words | str, ...]:
    low, high = each.interval()
    span = f"{each.strength:.3f}" if low is None else f"{each.strength:.3f} ({low:.3f}–{high:.3f})"
    rising = each.auc >= _NO_RANKING
    return variable.id, _short(variable), span, _direction(variable.sign, rising=rising)


def _doubt_row(
    each: Ranked, variable: Variable, figures: InvoiceFigures
) -> tuple[str | float | None, ...]:
    before = _some(figures.a_year_before[each.column])
    earlier = None if before is None else before if each.auc >= _NO_RANKING else 1 - before
    return (
        variable.id, each.strength, earlier, each.by_chance,
        _some(figures.with_sales[each.column]), each.copies, each.firms,
    )  # fmt: skip


def _short(variable: Variable) -> Words:
    """What a variable is called, without firm and source, which are those of all."""
    zh = variable.text.zh.replace("增值税发票", "", 1).removeprefix("企业")
    en = variable.text.en.removeprefix("Firm, VAT invoices").lstrip(", ")
    return Words(zh, en.removeprefix("(").replace("), ", ", ", 1) if en.startswith("(") else en)


def _some(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _direction(sign: str, *, rising: bool) -> Words:
    """Which way defaulted firms lie; a star where the definition expects the other."""
    star = "" if not sign or (sign == "+") == rising else " *"
    return Words(f"偏高{star}", f"higher{star}") if rising else Words(f"偏低{star}", f"lower{star}")


def _top_charts(page: Page, figures: InvoiceFigures) -> None:
    screening = figures.screening
    top, chance = screening.ranked[:_TOP], screening.chance
    places = range(1, len(top) + 1)
    ends = [each.interval() for each in top]
    page.line_chart(
        Words("前 20 个变量的 AUC 与区间", "AUC of the top 20 and their intervals"),
        [
            Series("AUC", [(at, each.strength) for at, each in zip(places, top, strict=True)]),
            Series(
                Words("下限", "lower"),
                [(at, low) for at, (low, _) in zip(places, ends, strict=True)],
            ),
            Series(
                Words("上限", "upper"), [(at, up) for at, (_, up) in zip(places, ends, strict=True)]
            ),
            Series(
                Words("偶然最好（95%）", "best by chance (95 %)"),
                [(at, chance.top) for at in places],
            ),
        ],
        Axes(x=Words("名次", "Place"), y="AUC", kind=Kind.NUMBER, from_zero=False),
    )
    step = max(1, len(screening.by_place) // _SHOWN_PLACES)
    page.line_chart(
        Words("全部变量按名次的 AUC", "AUC of all variables by place"),
        [
            Series(Words("实际", "found"), list(enumerate(screening.by_place, 1))[::step]),
            Series(
                Words("随机重分均值", "mean of random deals"),
                list(enumerate(chance.by_place, 1))[::step],
            ),
        ],
        Axes(x=Words("名次", "Place"), y="AUC", kind=Kind.NUMBER, from_zero=False),
    )
