"""The page of data quality: alerts first, then each source over time and by region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words
from tael.variables.definitions.model import Definitions
from tael.variables.quality import figures as of
from tael.variables.quality.assess import Alert, Quality, day_of_place
from tael.variables.quality.rules import Rules

_MOST_ALERTS = 60
_NAMES = {
    "completeness": Words(zh="完整性", en="completeness"),
    "validity": Words(zh="有效性", en="validity"),
    "timeliness": Words(zh="及时性", en="timeliness"),
    "agreement": Words(zh="一致性", en="agreement"),
}
_SHARE = Axes(kind=Kind.PERCENT)


def page_of(quality: Quality, definitions: Definitions, rules: Rules, origin: str | Words) -> Page:
    """The page; ``origin`` says on which data the figures stand."""
    named = [(each.name, each.title) for each in definitions.sources]
    named += [(each.name, each.title) for each in rules.agreements]
    titles = {name: Words(zh=title.zh, en=title.en) for name, title in named}
    page = Page(Words(zh="数据质量", en="Data quality"), source=origin)
    _summary(page, quality)
    _alerts(page, quality.alerts, titles)
    for source in dict.fromkeys(each.source for each in quality.figures):
        own = [each for each in quality.figures if each.source == source]
        _source(page, source, own, (titles, quality))
    return page


def _summary(page: Page, quality: Quality) -> None:
    sources = {each.source for each in quality.figures}
    alarmed = {each.source for each in quality.alerts}
    faulty = sum(sum(each.values()) for each in quality.faults.values())
    rows = sum(quality.rows.values())
    raised = Words(zh=f"{len(quality.alerts)} 条警报", en=f"{len(quality.alerts)} alerts")
    page.figures(
        [
            Figure(Words(zh="来源", en="Sources"), len(sources)),
            Figure(Words(zh="行数", en="Rows"), rows),
            Figure(
                Words(zh="隔离行数", en="Rows set aside"), faulty,
                tone=Tone.WARNING if faulty else Tone.GOOD,
            ),
            Figure(
                Words(zh="有警报的来源", en="Sources with alerts"), len(alarmed),
                detail=raised,
                tone=Tone.WARNING if alarmed else Tone.GOOD,
            ),
        ]
    )  # fmt: skip
    page.paragraph(
        Words(
            zh="每个数值只用当天及以前已知的记录。低于限额且区间也低于限额时报警，"
            "该来源的变量随之标注。",
            en="A figure of a day uses only what was known on that day. Below the limit with its "
            "whole interval it raises an alert, and the variables of the source say so.",
        )
    )


def _alerts(page: Page, alerts: Sequence[Alert], titles: dict[str, Words]) -> None:
    page.section(
        Words(zh="警报", en="Alerts"),
        Words(zh="最长者在前", en="The longest first"),
    )
    if not alerts:
        page.note(Words(zh="没有来源低于限额。", en="No source is below a limit."), Tone.GOOD)
        return
    longest = sorted(alerts, key=lambda each: each.first - each.last)[:_MOST_ALERTS]
    page.table(
        [
            Words(zh="来源", en="Source"), Words(zh="指标", en="Figure"),
            Words(zh="地区", en="Region"), Words(zh="自", en="From"), Words(zh="至", en="To"),
            Column(Words(zh="最低", en="Worst"), Kind.PERCENT),
            Column(Words(zh="限额", en="Limit"), Kind.PERCENT),
        ],
        [
            (
                titles[each.source], _name(each.figure, titles), _region(each.region),
                str(each.first), str(each.last), each.worst, each.limit,
            )
            for each in longest
        ],
    )  # fmt: skip
    if len(alerts) > len(longest):
        rest = len(alerts) - len(longest)
        page.paragraph(
            Words(zh=f"另有 {rest} 条较短的警报。", en=f"{rest} shorter alerts are not shown.")
        )


def _name(figure: str, titles: dict[str, Words]) -> Words:
    kind, _, pair = figure.partition(".")
    words = _NAMES[kind]
    if not pair:
        return words
    return Words(zh=f"{words.zh}：{titles[pair].zh}", en=f"{words.en}: {titles[pair].en}")


def _region(code: str) -> Words | str:
    if code == of.EVERYWHERE:
        return Words(zh="全国", en="all regions")
    return code or Words(zh="未知", en="unknown")


def _source(
    page: Page, source: str, own: list[of.Figure], told: tuple[dict[str, Words], Quality]
) -> None:
    titles, quality = told
    title, faults = titles[source], quality.faults[source]
    rules = ", ".join(f"{rule} {count}" for rule, count in sorted(faults.items()))
    page.section(title, Words(zh=f"隔离：{rules}", en=f"Set aside: {rules}") if rules else "")
    delivered = [each for each in own if "." not in each.name]
    page.line_chart(
        Words(zh=f"{title.zh}：全国，按月平均", en=f"{title.en}: all regions, by month"),
        [Series(_name(each.name, titles), _monthly(each)) for each in delivered],
        _SHARE,
    )
    page.bar_chart(
        Words(zh=f"{title.zh}：各地区，最近一年", en=f"{title.en}: by region, latest year"),
        [_region(each) for each in own[0].regions[1:]],
        [Bars(_name(each.name, titles), _last_year(each)) for each in delivered],
        _SHARE,
    )
    agreements = [each for each in own if each not in delivered]
    if agreements:
        page.line_chart(
            Words(
                zh=f"{title.zh}：与其他来源的一致性", en=f"{title.en}: agreement with other sources"
            ),
            [Series(_name(each.name, titles), _monthly(each)) for each in agreements],
            _SHARE,
        )


def _monthly(figure: of.Figure) -> list[tuple[date, float | None]]:
    """Mean of the days of each month, on its first day."""
    values = figure.values[0]
    known = np.flatnonzero(~np.isnan(values))
    months: dict[date, list[float]] = {}
    for place in known.tolist():
        months.setdefault(day_of_place(place).replace(day=1), []).append(float(values[place]))
    return [(month, sum(each) / len(each)) for month, each in sorted(months.items())]


def _last_year(figure: of.Figure) -> list[float | None]:
    """Mean of the last 365 days of which anything is known, region by region."""
    known = ~np.isnan(figure.values)
    if not known.any():
        return [None] * (len(figure.regions) - 1)
    last = int(np.flatnonzero(known.any(0))[-1])
    found: list[float | None] = []
    for row in figure.values[1:, max(0, last - 364) : last + 1]:
        some = row[~np.isnan(row)]
        found.append(float(some.mean()) if some.size else None)
    return found
