"""Blocks that both pages share: rows and their fates, variables, how it was made."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tael.report import Axes, Bars, Column, Kind, Page, Tone, Words
from tael.variables.examples.computed import Computed, Ready, Steps

_FATES = {
    "kept": Words("保留", "kept"),
    "duplicate": Words("完全重复，计一次", "exact repeats, counted once"),
    "void": Words("撤销", "withdrawn"),
    "never_visible": Words("同秒被替换", "replaced within the second"),
    "left_out": Words("主体不在范围内", "of subjects not asked for"),
    "missing_value": Words(
        "隔离：缺值或金额不是整分", "set aside: missing, or no whole minor unit"
    ),
    "time_out_of_range": Words("隔离：时间超出范围", "set aside: time out of range"),
    "known_before_event": Words("隔离：先知后发", "set aside: known before it happened"),
    "code_outside_list": Words("隔离：代码不在列表", "set aside: a code outside its list"),
    "amount_beyond_limit": Words("隔离：金额超限", "set aside: an amount beyond the limit"),
    "conflicting_versions": Words("隔离：同一编号内容不同", "set aside: one id with two contents"),
    "version_out_of_order": Words("隔离：版本倒序", "set aside: a version out of order"),
    "total_beyond_limit": Words("隔离：主体合计超限", "set aside: totals beyond the limit"),
}
_KINDS = {
    "windows": Words("时间窗", "windows"),
    "months": Words("逐月序列", "months"),
    "balances": Words("余额", "balances"),
    "states": Words("当前状态", "states"),
    "sequences": Words("序列", "sequences"),
    "derived": Words("衍生", "derived"),
}
_REASONS = {
    "value": Words("有值", "value"),
    "no_source": Words("无来源", "no source"),
    "no_event": Words("无事件", "no event"),
    "undefined": Words("无定义（如除以零）", "undefined, such as a division by zero"),
}
_STEPS = {
    "read": Words("读取文件", "read the files"),
    "compile": Words("编译定义", "compile the definitions"),
    "pack": Words("检查并打包", "check and pack"),
    "loops": Words("载入或首次编译循环", "load the loops, or compile them once"),
    "compute": Words("计算变量", "compute the variables"),
    "earlier": Words("一年前再算一次", "compute them a year earlier"),
    "compare": Words("与违约比较", "compare with default"),
}
_BANDS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))


def add_rows(page: Page, ready: Ready) -> None:
    """A table of what became of every row, and the rules that rows broke, with examples."""
    packing = ready.packing
    total = sum(packing.rows.values())
    rows = [(_FATES[fate], count, count / total) for fate, count in packing.rows.items() if count]
    page.table(
        [
            Words("去向", "What became of it"),
            Column(Words("行数", "Rows"), Kind.COUNT),
            Column(Words("占比", "Share"), Kind.PERCENT, 2),
        ],
        [*rows, (Words("合计", "All"), total, 1.0)],
        caption=Words("每一行的去向", "What became of every row"),
        total=True,
    )
    faults = [
        (
            _FATES[fault.rule],
            fault.field,
            fault.count,
            ", ".join(str(each.row) for each in fault.examples),
        )
        for fault in packing.faults
    ]
    if faults:
        header: list[Column | Words] = [
            Words("规则", "Rule"),
            Words("列", "Column"),
            Column(Words("行数", "Rows"), Kind.COUNT),
            Words("例：事件表行号", "Examples: rows of the event table"),
        ]
        page.table(header, faults, caption=Words("被隔离的行", "Rows set aside"))


def add_variables(page: Page, computed: Computed) -> None:
    """How many variables there are of each kind, how many have a value, why others have none."""
    kinds = Counter(each.kind for each in computed.variables)
    rows = [(_KINDS[kind], count) for kind, count in kinds.items()]
    page.table(
        [Words("种类", "Kind"), Column(Words("变量数", "Variables"), Kind.COUNT)],
        [*rows, (Words("合计", "All"), len(computed.variables))],
        total=True,
    )
    coverage = computed.coverage()
    counts = [
        int(((coverage >= low) & ((coverage < high) | (high == 1.0))).sum()) for low, high in _BANDS
    ]
    page.bar_chart(
        Words("按覆盖率的变量数", "Variables by coverage"),
        [f"{low:.0%}–{high:.0%}" for low, high in _BANDS],
        [Bars(Words("变量数", "Variables"), counts)],
        Axes(
            x=Words("有值主体占比", "Share of subjects with a value"),
            y=Words("变量数", "Variables"),
            kind=Kind.COUNT,
        ),
    )
    shares = computed.reason_shares()
    page.bar_chart(
        Words("单元格按缺失原因", "Cells by reason"),
        [_REASONS[reason] for reason in shares],
        [Bars(Words("占比", "Share"), list(shares.values()))],
        Axes(kind=Kind.PERCENT),
    )


def add_making(page: Page, computed: Computed, steps: Steps, rows: int) -> None:
    """How long each step took, and the hashes by which the run is known again."""
    page.section(Words("如何得出", "How it was made"))
    total = sum(steps.seconds.values())
    page.table(
        [Words("步骤", "Step"), Column(Words("秒", "Seconds"), Kind.NUMBER, 2)],
        [
            *((_STEPS[step], seconds) for step, seconds in steps.seconds.items()),
            (Words("合计", "All"), total),
        ],
        caption=Words(
            f"{rows:,} 行事件，{computed.values.size:,} 个值",
            f"{rows:,} rows of events, {computed.values.size:,} values",
        ),
        total=True,
    )
    page.table(
        [Words("指纹", "Fingerprint"), "SHA-256"],
        [
            (Words("计划", "Plan"), computed.plan_hash),
            (Words("全部结果", "All results"), computed.identity),
        ],
    )
    page.note(
        Words(
            "同样的文件、定义与时点得到同样的指纹，与线程数及分批大小无关。",
            "The same files, definitions and instants give the same fingerprints, whatever the "
            "number of threads and the size of chunks.",
        ),
        Tone.GOOD,
    )


def digest(ready: Ready, computed: Computed, steps: Steps) -> dict[str, object]:
    """What both say as JSON: rows by fate, faults, variables, coverage, hashes, seconds."""
    coverage = computed.coverage()
    return {
        "rows": {fate: count for fate, count in ready.packing.rows.items() if count},
        "faults": [
            {
                "rule": fault.rule,
                "field": fault.field,
                "count": fault.count,
                "rows": [each.row for each in fault.examples],
            }
            for fault in ready.packing.faults
        ],
        "subjects": len(computed.borrowers),
        "variables": len(computed.variables),
        "constant": computed.constant(),
        "reasons": {reason: round(share, 6) for reason, share in computed.reason_shares().items()},
        "coverage": {
            "whole": int((coverage == 1.0).sum()),
            "median": round(float(np.median(coverage)), 6),
        },
        "plan_hash": computed.plan_hash,
        "identity": computed.identity,
        "seconds": {step: round(seconds, 3) for step, seconds in steps.seconds.items()},
    }
