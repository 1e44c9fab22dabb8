"""The words of the page: kinds of alarm, steps, sources and subjects."""

from __future__ import annotations

from collections.abc import Mapping

from tael.report import Words

STEPS: Mapping[str, Words] = {
    "watch": Words("关注", "Watch"),
    "act": Words("处置", "Act"),
}
# In the order of the page; each is a field of ``Thresholds``.
CODES: Mapping[str, Words] = {
    "score_psi": Words("评分 PSI", "PSI of the score"),
    "understated": Words("实际 / 预测", "Observed over predicted"),
    "overstated": Words("预测 / 实际", "Predicted over observed"),
    "early_ratio": Words("早期逾期 / 参照", "Early bads over the reference"),
    "auc_drop": Words("AUC 下降", "Drop of AUC"),
    "ks_drop": Words("KS 下降", "Drop of KS"),
    "expected_auc_drop": Words("预期 AUC 下降", "Drop of expected AUC"),
    "coverage": Words("缺失比例变化", "Change of coverage"),
    "variable_psi": Words("变量 PSI", "PSI of a variable"),
}
_SUBJECTS: Mapping[str, Words] = {
    "enterprise": Words("企业", "Firm"),
    "person": Words("个人", "Person"),
    "pair": Words("人企", "Pair"),
}
_SOURCES: Mapping[str, Words] = {
    "bank_tx": Words("银行流水", "bank transactions"),
    "vat_invoice": Words("增值税发票", "VAT invoices"),
    "tax_return": Words("纳税申报", "tax returns"),
    "utility_bill": Words("水电气账单", "utility bills"),
    "pos_day": Words("收单流水", "takings"),
    "book_entry": Words("记账", "books"),
    "bureau_tradeline": Words("征信账户", "bureau accounts"),
    "bureau_enquiry": Words("征信查询", "bureau enquiries"),
    "court_record": Words("司法记录", "court records"),
    "registry_change": Words("工商变更", "registry changes"),
    "device_event": Words("设备行为", "device events"),
    "region_month": Words("区域观察", "regional observations"),
}


def source_words(subject: str, source: str) -> Words:
    """A source of a subject in words; the codes themselves where they have none."""
    if not source:
        return Words("其他", "other")
    who = _SUBJECTS.get(subject, Words(subject, subject))
    what = _SOURCES.get(source, Words(source, source))
    return Words(f"{who.zh}{what.zh}", f"{who.en}: {what.en}" if subject else what.en)
