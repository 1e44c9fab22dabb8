"""What a replay takes for granted, in both languages: printed with every report."""

from __future__ import annotations

from tael.app.replay.lives import NON_ACCRUAL_DAYS, SERVICING_SHARE
from tael.app.replay.play import ReplayResult
from tael.report import Words


def assumptions(result: ReplayResult) -> list[Words]:
    """What the replay takes for granted, and what in its data is doubtful."""
    found = [_terms(result), _labels(result), *_lives(result), _reach()]
    if result.request.mapping.samples:
        found.append(_sample())
    found += [
        Words(f"列 {column} 存疑：{why}。", f"Column {column} is used with a doubt: {why}.")
        for column, why in result.request.mapping.cautions.items()
    ]
    if result.proof.kept_in == "memory":
        found.append(_memory())
    return found


def _terms(result: ReplayResult) -> Words:
    months = "/".join(str(count) for count in result.trained.terms.months)
    zh = f"已结清贷款的结清日为假设：按训练期已结清贷款的金额分组取期限中位数（{months} 个月）。"
    en = (
        "The pay-off day of a paid loan is imputed: the median recorded term of paid training "
        f"loans of the same amount band ({months} months)."
    )
    return Words(zh, en)


def _labels(result: ReplayResult) -> Words:
    late, bads = result.trained.late_bads, result.trained.bads
    zh = (
        f"训练标签为文件所记最终结果，{bads} 笔违约中 {late} 笔发生在训练截止日之后；"
        "另列出仅用当时已知标签的模型。"
    )
    en = (
        f"Training labels are the recorded endings: {late} of {bads} defaults came after the last "
        "training day. A model that knew only the defaults of that day stands beside it."
    )
    return Words(zh, en)


def _lives(result: ReplayResult) -> list[Words]:
    share = SERVICING_SHARE.as_percent().normalize()
    line_zh = (
        "余额在两端之间直线下降，利息与担保费按均值计算，结束日入账；"
        f"违约贷款最后 {NON_ACCRUAL_DAYS} 天不计息费。"
    )
    line = (
        "Between its two ends a balance falls in a straight line; interest and fee are on the "
        f"mean and booked at the end; a defaulted loan earns nothing in its last "
        f"{NON_ACCRUAL_DAYS} days."
    )
    claim = (
        f"The guarantor pays the platform {share} % of the fee. Nothing is recovered after "
        "compensation: the claim is written off on its day."
    )
    lent = (
        "A loan is booked as lent with the approved amount on the day of approval; a loss above "
        f"the principal is booked at the principal ({result.capped} loans)."
    )
    return [
        Words(line_zh, line),
        Words(f"担保公司将担保费的 {share}% 付给平台；代偿后无追偿，当日核销。", claim),
        Words(
            f"放款按批准金额、批准日入账；损失高于本金的按本金入账（{result.capped} 笔）。", lent
        ),
    ]


def _reach() -> Words:
    en = "Every loan of the file was lent by somebody: applicants declined then are not seen."
    return Words("文件中的贷款都曾获批：看不到被其他机构拒绝的申请人。", en)


def _sample() -> Words:
    en = (
        "Rows are weighted by how they were sampled: weighted figures speak of the population, "
        "plain ones of the rows."
    )
    return Words("各行按抽样方式加权：加权数字代表总体，未加权数字只代表文件中的行。", en)


def _memory() -> Words:
    en = "The books were kept in memory, by the same rules as in PostgreSQL."
    return Words("账簿保存在内存中，规则与 PostgreSQL 相同。", en)
