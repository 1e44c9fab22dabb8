"""Why a variable is kept or dropped, in words: one row a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tael.report import Words

# The steps in their order, with what a page calls them.
STEPS: Mapping[str, Words] = {
    "coverage": Words("覆盖率与恒定性", "Coverage and constancy"),
    "leak": Words("泄漏警报", "Leak alarm"),
    "era": Words("时代代理变量", "Proxies of the era"),
    "psi": Words("跨期稳定性 (PSI)", "Stability over vintages (PSI)"),
    "iv": Words("信息值与随机基准", "Information value against chance"),
    "sign": Words("方向稳定性", "Stability of the direction"),
    "cluster": Words("相关性聚类", "Clusters of correlation"),
    "boosting": Words("提升树重要性", "Importance to boosting"),
    "quota": Words("来源与主体配额", "Quotas of sources and subjects"),
}
# Dropped by these, a variable never comes back.
HARD = frozenset(
    ("all_missing", "constant", "leak_level", "leak_crowd", "leak_family", "leak_certain",
     "leak_availability", "leak_foreknowledge", "leak_both", "era", "era_month")
)  # fmt: skip

# {figure} and {threshold} are filled in; {other} is the variable that the rule compared with.
_RULES: Mapping[str, Words] = {
    "all_missing": Words("训练期内没有任何取值", "no value in the whole training period"),
    "constant": Words("训练期内取值不变", "the same in every row of the training period"),
    "coverage": Words(
        "有值或确认无事件的行占 {figure}, 低于 {threshold}",
        "a value, or no event for sure, in {figure} of the rows, below {threshold}",
    ),
    "coverage_late": Words(
        "最近时段有值或确认无事件的行占 {figure}, 低于 {threshold}",
        "a value, or no event for sure, in {figure} of the latest rows, below {threshold}",
    ),
    "nearly_constant": Words(
        "单一取值占 {figure}, 高于 {threshold}",
        "one value holds {figure} of the rows, above {threshold}",
    ),
    "leak_level": Words(
        "单变量 AUC 下限 {figure} 高于 {threshold}: 疑似事后信息",
        "AUC alone is at least {figure}, above {threshold}: known only afterwards, it seems",
    ),
    "leak_crowd": Words(
        "单变量提升 {figure} 远高于其余变量的上限 {threshold}: 疑似事后信息",
        "lift of {figure} alone, the strongest of the others allow {threshold}: "
        "known only afterwards, it seems",
    ),
    "leak_family": Words(
        "单变量提升 {figure} 远高于同一来源的其他变量 ({threshold}): 疑似事后信息",
        "lift of {figure} alone, its source allows {threshold}: known only afterwards, it seems",
    ),
    "leak_certain": Words(
        "无一坏样本的取值占 {figure} 的行, 高于 {threshold}: 取值已包含结果",
        "values without one bad hold {figure} of the rows, above {threshold}: "
        "they tell the outcome",
    ),
    "leak_availability": Words(
        "有结果的行比无结果的行多 {figure} 有值, 高于 {threshold}: 放款后才产生",
        "filled in {figure} more of the rows with an outcome than of those without, above "
        "{threshold}: it comes after granting",
    ),
    "leak_foreknowledge": Words(
        "与同一借款人下一次申请的 {other} 更相关, 差 {figure}, 高于 {threshold}: 包含未来",
        "closer by {figure} to {other} of the borrower's next application than of this one, "
        "above {threshold}: it knows the future",
    ),
    "leak_both": Words(
        "区分力与对下一次申请 ({other}) 的相关性同时接近上限, 合计 {figure}, 高于 {threshold}",
        "nearly too strong and nearly too close to {other} of the borrower's next application, "
        "{figure} of both limits, above {threshold}: it knows the future, it seems",
    ),
    "era": Words(
        "与时间的秩相关 {figure}, 高于 {threshold}: 只反映年代",
        "rank correlation of {figure} with time, above {threshold}: it tells the cohort",
    ),
    "era_month": Words(
        "{figure} 的差异由月份决定, 高于 {threshold}: 只反映年代",
        "the month explains {figure} of it, above {threshold}: it tells the cohort",
    ),
    "psi": Words(
        "某时段 PSI {figure}, 高于 {threshold}", "PSI of one block {figure}, above {threshold}"
    ),
    "iv": Words(
        "信息值 {figure}, 不高于随机基准 {threshold}",
        "information value {figure}, not above {threshold} found by chance",
    ),
    "sign_against": Words(
        "某时段方向相反, {figure} 个标准误, 超过 {threshold}",
        "one block contradicts the others by {figure} standard errors, more than {threshold}",
    ),
    "sign_agreeing": Words(
        "方向一致的时段占 {figure}, 低于 {threshold}",
        "{figure} of the blocks agree with the others, below {threshold}",
    ),
    "cluster": Words(
        "与更强的 {other} 相关 {figure}, 不低于 {threshold}",
        "correlation of {figure} with {other}, which is stronger; {threshold} is too much",
    ),
    "boosting": Words(
        "重要性排名 {figure}, 未进前 {threshold}",
        "rank {figure} by importance; {threshold} were wanted",
    ),
    "passed_over": Words(
        "排名 {figure}, 名额让与其他来源或主体",
        "rank {figure}, its place went to other sources or subjects",
    ),
    "chosen": Words(
        "在 {figure} 的时间折中被使用 (稳定线 {threshold}), 按排名入选",
        "used in {figure} of the time folds ({threshold} is stable), chosen by rank",
    ),
    "quota": Words(
        "为保证来源与主体代表性入选, 排名 {figure}",
        "kept so that its source or subject is represented, rank {figure}",
    ),
    "filled": Words(
        "前序步骤剩余不足 {threshold} 个, 按排名 {figure} 补入",
        "filled back as rank {figure}: the steps left fewer than {threshold}",
    ),
}


_RELAXED: Mapping[str, Words] = {
    "filled": Words(
        "补入 {count} 个曾被剔除的变量, 否则不足所需数目",
        "{count} variables that a step had dropped were filled back: too few were left",
    ),
    "quota_back": Words(
        "{count} 个曾被剔除的变量为保证来源代表性而保留",
        "{count} variables that a step had dropped were kept for their source",
    ),
    "most_of_family": Words(
        "单一来源上限放宽, 多保留 {count} 个",
        "the limit of one source was lifted for {count} variables: no others were left",
    ),
    "source_quota": Words(
        "每个来源的配额降为 {count}, 否则占去一半以上的名额",
        "the quota of each source was lowered to {count}: it would have taken over half of the "
        "places",
    ),
    "blocks": Words(
        "坏样本较少, 时间只切成 {count} 段", "time is cut into {count} blocks only: bads are few"
    ),
    "crowd": Words(
        "仅有 {count} 个变量, 未做群体比较",
        "no variable was held against the crowd: there are {count} only",
    ),
    "pairs": Words(
        "同一借款人的相邻申请仅 {count} 对, 未检查是否包含未来信息",
        "no variable was asked for the future: only {count} pairs of applications of one borrower",
    ),
    "unlabelled": Words(
        "无结果的行仅 {count} 行, 未检查可得性是否依赖审批",
        "availability was not compared: only {count} rows have no outcome",
    ),
    "unrepresented": Words(
        "{count} 个来源没有可用变量", "{count} sources have no variable that could be kept"
    ),
}


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a funnel relaxed or could not ask; never silent.

    Attributes:
        code: of the table of words.
        count: of variables, rows or pairs.
    """

    code: str
    count: int

    @property
    def words(self) -> Words:
        """The relaxation in Chinese and English."""
        text = _RELAXED[self.code]
        return Words(text.zh.format(count=self.count), text.en.format(count=self.count))


def told(rule: str, figure: float, threshold: float, other: str) -> Words:
    """The rule with its figures."""
    text = _RULES[rule]
    filled = {"figure": f"{figure:.4g}", "threshold": f"{threshold:.4g}", "other": other}
    return Words(text.zh.format(**filled), text.en.format(**filled))


def relaxed(words: Words, failed: str) -> Words:
    """The words of a variable that came back although a step had dropped it."""
    code = "coverage" if failed in {"coverage_late", "nearly_constant"} else failed
    step = STEPS["sign" if code.startswith("sign") else code]
    return Words(f"{words.zh} (曾在“{step.zh}”被剔除)", f"{words.en} (dropped before: {step.en})")
