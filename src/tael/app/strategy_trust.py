"""What a strategy rests on and is held against: the second half of its page."""

from __future__ import annotations

from tael.app.strategy_work import Strategy, loss_rate, share_of, yuan
from tael.kernel import Rate
from tael.pricing.strategy import Answer, Bound, Offer, Stage, TakeUp
from tael.report import Axes, Column, Kind, Page, Series, Text, Value, Words

_CURVE_POINTS = 40
_PERCENT, _MONEY = Kind.PERCENT, Kind.MONEY
_REASONS = {
    "cap": Words("超过综合成本上限", "above the all-in cap"),
    "rise": Words("比今天的价格高得太多", "too far above today's price"),
    "unobserved": Words("没有观察过的价格", "a price that nobody was seen to be offered"),
    "one_party": Words("超过单户担保限额", "above the limit for one borrower"),
    "too_small": Words("低于最低放款金额", "below the smallest loan"),
}
_BASELINES = {
    "cut_off": Words("只砍掉最差的等级", "Cutting off the worst tiers"),
    "uniform": Words(
        "R1-R3 与其余各一个统一调价，再砍等级",
        "One change of price for R1-R3, one for the rest, and a cut-off",
    ),
}


def tolls(page: Page, found: Strategy) -> None:
    """What each bound costs."""
    if not found.tolls:
        return
    page.section(
        Words("每个约束的价格", "What each bound costs"),
        Words(
            "约束放宽一步（比例 1 个百分点，金额 1 %）后重新求解，利润多出多少。",
            "Loosened by a step (a point of a share, 1 % of a sum) and searched again.",
        ),
    )
    answer = found.answer
    rows: list[list[Value]] = []
    for toll in found.tolls:
        bound = toll.bound
        attained = bound.attained(answer.offer.entries)
        rows.append([
            bound.words,
            _asked(bound),
            Words(bound.told(attained, "zh"), bound.told(attained, "en")),
            None if toll.profit is None else yuan(toll.profit),
        ])  # fmt: skip
    page.table(
        [
            Column(Words("约束", "Bound")),
            Column(Words("要求", "Asked")),
            Column(Words("达到", "Attained")),
            Column(Words("放宽一步的利润", "Profit of one step less"), _MONEY, 0),
        ],
        rows,
    )


def _asked(bound: Bound) -> Words:
    zh, en = (bound.told(bound.limit, locale) for locale in ("zh", "en"))
    if bound.least:
        return Words(f"不低于 {zh}", f"at least {en}")
    return Words(f"不高于 {zh}", f"at most {en}")


def baselines(page: Page, found: Strategy) -> None:
    """What simpler ways to the same targets bring."""
    if not found.baselines:
        return
    page.section(
        Words("与简单办法相比", "Against simpler ways"),
        Words("同样的约束，同一个模型。", "Under the same bounds, by the same model."),
    )
    columns = [
        Column(Words("办法", "Way")),
        Column(Words("R1-R3", "R1-R3"), _PERCENT),
        Column(Words("放款", "Lent"), _MONEY, 0),
        Column(Words("利润", "Profit"), _MONEY, 0),
        Column(Words("预期损失", "Expected loss"), _MONEY, 0),
        Column(Words("做到最差", "Worst tier served")),
    ]
    own = found.answer.offer
    rows: list[list[Value]] = [
        [Words("本策略", "This strategy"), share_of(own), yuan(own.total.volume),
         yuan(own.total.profit), yuan(own.total.loss), _worst(own)]
    ]  # fmt: skip
    for name, base in found.baselines.items():
        if base is None:
            nobody = Words("做不到", "does not get there")
            rows.append([_BASELINES[name], None, None, None, None, nobody])
            continue
        total = base.offer.total
        rows.append([
            _BASELINES[name], share_of(base.offer), yuan(total.volume), yuan(total.profit),
            yuan(total.loss), f"R{base.last}" if base.last else "–",
        ])  # fmt: skip
    page.table(columns, rows)


def _worst(offer: Offer) -> str:
    served = [
        cell.tier for cell, terms in zip(offer.market.cells, offer.terms, strict=True) if terms
    ]
    return f"R{max(served)}" if served else "–"


def sensitivity(page: Page, found: Strategy) -> None:
    """The strategy under other assumptions."""
    if not found.tried:
        return
    page.section(
        Words("换一个世界", "In other worlds"),
        Words(
            "同一策略在别的假设下的结果，以及在那里本会选出的最优。",
            "This strategy under other assumptions, and what would have been best there.",
        ),
    )
    columns = [
        Column(Words("假设", "Assumption")),
        Column(Words("R1-R3", "R1-R3"), _PERCENT),
        Column(Words("放款", "Lent"), _MONEY, 0),
        Column(Words("损失率", "Loss rate"), _PERCENT, 2),
        Column(Words("利润", "Profit"), _MONEY, 0),
        Column(Words("那里最优的利润", "Best profit there"), _MONEY, 0),
    ]
    own = found.answer.offer
    worlds: list[tuple[Text, Offer, Stage]] = [
        (Words("如上所设", "As assumed"), own, found.target),
        *((one.case.words, one.same, one.best) for one in found.tried),
    ]
    rows: list[list[Value]] = []
    for name, same, best in worlds:
        total = same.total
        other = best.outcome
        there: Value = Words("目标做不到", "targets out of reach")
        if isinstance(other, Answer):
            there = yuan(other.total.profit)
        rows.append([
            name, share_of(same), yuan(total.volume), loss_rate(total), yuan(total.profit), there
        ])  # fmt: skip
    page.table(columns, rows)


def curves(page: Page, found: Strategy) -> None:
    """What take-up was seen, and the curve through it."""
    page.section(
        Words("接受率曲线", "Take-up curves"),
        Words(
            "点是观察值，线是单调拟合，区间为 90 %。",
            "Observed points, the fitted curve, and its interval of 90 %.",
        ),
    )
    shown: dict[int, list[int]] = {}
    curves: dict[int, TakeUp] = {}
    for tier, curve in sorted(found.menu.market.take_up.items()):
        shown.setdefault(id(curve), []).append(tier)
        curves[id(curve)] = curve
    for key, tiers in shown.items():
        name = ", ".join(f"R{tier}" for tier in tiers)
        page.line_chart(name, _lines(curves[key]), Axes(
            x=Words("年化综合价格，%", "all-in price a year, %"), kind=_PERCENT
        ))  # fmt: skip


def _lines(curve: TakeUp) -> list[Series]:
    low, high = curve.low.fraction, curve.high.fraction
    rates = [low + (high - low) * n / _CURVE_POINTS for n in range(_CURVE_POINTS + 1)]
    sides = [curve.interval(Rate(rate)) for rate in rates]
    xs = [float(rate * 100) for rate in rates]
    observed = getattr(curve, "points", ())
    seen = [(float(point.rate.fraction * 100), point.share) for point in observed]
    fitted = [curve.at(Rate(rate)) for rate in rates]
    return [
        Series(Words("拟合", "Fitted"), list(zip(xs, fitted, strict=True))),
        Series(Words("下限", "Low"), list(zip(xs, (low for low, _ in sides), strict=True))),
        Series(Words("上限", "High"), list(zip(xs, (high for _, high in sides), strict=True))),
        Series(Words("观察", "Observed"), seen),
    ]


def assumptions(page: Page, found: Strategy) -> None:
    """What the answer rests on."""
    settings, risk, costs = found.settings, found.settings.risk, found.settings.costs
    page.section(Words("假设", "Assumptions"))
    page.table(
        [Column(Words("项目", "What")), Column(Words("值", "Value"))],
        [
            [Words("综合成本上限", "All-in cap"), str(settings.cap)],
            [Words("曲线之外", "Beyond the curve"), settings.curves.beyond.value],
            [Words("价格每高 1 个百分点，违约几率乘", "Odds of default times, a point of price"),
             str(1 + risk.odds_per_point)],
            [Words("额度打折对接受率的弹性", "Elasticity of take-up to a smaller sum"),
             str(risk.limit_elasticity)],
            [Words("代偿逾期天数", "Days past due at the claim"), str(risk.claim_days)],
            [Words("每笔获客成本", "Cost of making a loan"), str(costs.acquisition)],
            [Words("按本金的获客成本", "The same, of principal"), str(costs.acquisition_rate)],
            [Words("年贷后成本（按余额）", "Servicing a year, of balance"), str(costs.servicing)],
            [Words("资本占用", "Capital held, of weighted balance"), str(costs.capital_rate)],
            [Words("资本要求回报", "Return that capital must earn"), str(costs.hurdle)],
            [Words("自有资金占比", "Part lent on own money"), str(costs.own_share)],
            [Words("资金成本（自有部分）", "Cost of funds of that part"), str(costs.cost_of_funds)],
        ],
    )  # fmt: skip
    page.paragraph(
        Words(
            "需求取自今天批准的申请：策略不会放开今天的硬性拒绝。未折现；提前还款未计。"
            "保费之外的服务费由担保公司付给平台，属集团内部，不改变利润。",
            "Demand is that of applications approved today: the strategy opens no door that a hard "
            "rule closes. Nothing is discounted and prepayment is left out. The servicing fee goes "
            "from guarantor to platform, within the group, and changes no profit.",
        )
    )
    if found.menu.left_out:
        page.table(
            [Column(Words("没有列入的选项", "Choices left out")),
             Column(Words("个数", "Number"), Kind.COUNT)],
            [[_REASONS[name], count] for name, count in sorted(found.menu.left_out.items())],
        )  # fmt: skip
