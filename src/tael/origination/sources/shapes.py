"""The shapes of the nine answers, field by field, as the sources write them.

Chinese names follow the documents that people know: the sections and repayment marks of the second
generation of the credit report of the PBOC's credit reference centre, tax returns, VAT invoices,
bank statements, the enterprise register, published judgments. Where the real document holds what
no stream of events needs (portraits, addresses), the schema leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tael.origination.sources.schemas import Field, Kind, Schema, Section


def _text(name: str, zh: str, en: str, column: str = "") -> Field:
    return Field(name, Kind.TEXT, zh, en, column=column)


def _minor(name: str, zh: str, en: str, column: str = "") -> Field:
    return Field(name, Kind.MINOR, zh, en, column=column)


def _count(name: str, zh: str, en: str, *, unit: str, column: str = "") -> Field:
    return Field(name, Kind.COUNT, zh, en, column=column, unit=unit)


def _code(name: str, zh: str, en: str, codes: Mapping[str, str] | str, column: str = "") -> Field:
    """``codes`` in one text are the same on both sides."""
    both = {one: one for one in codes.split()} if isinstance(codes, str) else codes
    return Field(name, Kind.CODE, zh, en, MappingProxyType(dict(both)), column or name)


def _instant(name: str, zh: str, en: str, column: str = "", *, optional: bool = False) -> Field:
    return Field(name, Kind.INSTANT, zh, en, column=column, optional=optional)


def _event(at: str, zh: str, en: str) -> tuple[Field, ...]:
    """What each record of a stream begins with: its number, when, known when, which version."""
    return (
        _text("id", "编号", "number", "event_id"),
        _instant(at, zh, en, "event_at"),
        _instant("known_at", "入库时间", "known at", "known_at"),
        _count("version", "版本", "version", unit="version", column="version"),
        Field("void", Kind.FLAG, "作废", "void", column="void"),
    )


_ONCE = ("id", "known_at")

_LENDERS = "bank consumer_finance micro_lender internet"
# Marks of the repayment record: 4 to 7 are four to seven months late and more.
_MARKS = {
    "N": "current",
    "1": "d1_30",
    "2": "d31_60",
    "3": "d61_90",
    "4": "d90",
    "5": "d90",
    "6": "d90",
    "7": "d90",
    "C": "settled",
    "B": "written_off",
}

BUREAU = Schema(
    "bureau",
    1,
    (
        Section(
            "summary",
            "信息概要",
            "summary",
            (
                _count("accounts", "账户数", "accounts", unit="account"),
                _count("overdue_accounts", "逾期账户数", "accounts overdue", unit="account"),
                _minor("balance_minor", "余额合计", "balance of all accounts"),
            ),
        ),
        Section(
            "accounts",
            "信贷账户",
            "accounts",
            (
                _text("account", "账户编号", "account", "tradeline_id"),
                _code("institution", "机构类别", "institution", _LENDERS, "lender"),
                _code(
                    "business",
                    "业务种类",
                    "business",
                    "mortgage business card consumer guarantee",
                    "product",
                ),
            ),
            identity=("account",),
        ),
        Section(
            "months",
            "还款记录",
            "repayment record",
            (
                *_event("month_end", "月末", "end of the month"),
                _code("mark", "还款状态", "repayment mark", _MARKS, "status"),
                _minor("balance_minor", "余额", "balance", "balance"),
                _minor("limit_minor", "授信额度", "credit limit", "credit_limit"),
                _minor("due_minor", "本月应还款", "due this month", "due"),
                _minor("paid_minor", "本月实还款", "paid this month", "paid"),
            ),
            stream="bureau_tradeline",
            inside="accounts",
            identity=_ONCE,
        ),
        Section(
            "overdue",
            "逾期信息",
            "overdue now",
            (
                _text("account", "账户编号", "account"),
                Field("mark", Kind.CODE, "还款状态", "repayment mark", MappingProxyType(_MARKS)),
                _minor("balance_minor", "余额", "balance"),
            ),
            identity=("account",),
        ),
        Section(
            "public_records",
            "公共信息",
            "public records",
            (
                _instant("at", "日期", "date"),
                Field(
                    "record",
                    Kind.CODE,
                    "类别",
                    "kind",
                    MappingProxyType(
                        {one: one for one in ("judgment", "enforcement", "dishonest")}
                    ),
                ),
                _minor("amount_minor", "标的金额", "amount"),
            ),
        ),
        Section(
            "enquiries",
            "查询记录",
            "enquiries",
            (
                *_event("at", "查询日期", "enquired at"),
                _code("institution", "查询机构", "institution", _LENDERS, "lender"),
                _code(
                    "reason",
                    "查询原因",
                    "reason",
                    "loan_approval card_approval guarantee_review post_loan self",
                ),
            ),
            stream="bureau_enquiry",
            identity=_ONCE,
        ),
    ),
)

TAX = Schema(
    "tax",
    1,
    (
        Section(
            "arrears",
            "欠税",
            "arrears",
            (
                Field("tax", Kind.CODE, "税种", "tax", MappingProxyType(
                    {one: one for one in ("vat", "income", "social", "stamp")})),
                _minor("owed_minor", "欠缴金额", "owed"),
            ),
            identity=("tax",),
        ),
        Section(
            "returns",
            "申报记录",
            "returns",
            (
                *_event("filed_at", "申报日期", "filed at"),
                _code("tax", "税种", "tax", "vat income social stamp"),
                _code("status", "状态", "status", "on_time late unpaid"),
                _minor("declared_minor", "应纳税额", "declared", "declared"),
                _minor("paid_minor", "实缴税额", "paid", "paid"),
                _count("days_late", "逾期天数", "days late", unit="day", column="days_late"),
            ),
            stream="tax_return",
            identity=_ONCE,
        ),
    ),
)  # fmt: skip

INVOICE = Schema(
    "invoice",
    1,
    (
        Section(
            "invoices",
            "增值税发票",
            "VAT invoices",
            (
                *_event("issued_at", "开票日期", "issued at"),
                _code("direction", "进销项", "direction", {"output": "out", "input": "in"}),
                _code("kind", "票种", "kind", "special ordinary"),
                _code(
                    "status", "状态", "status", {"normal": "valid", "void": "void", "red": "red"}
                ),
                _minor("amount_minor", "金额", "amount without tax", "amount"),
                _minor("tax_minor", "税额", "tax", "tax"),
                _text("counterparty", "对方识别号", "counterparty", "counterparty"),
            ),
            stream="vat_invoice",
            identity=_ONCE,
        ),
    ),
)

STATEMENT = Schema(
    "bank_statement",
    1,
    (
        Section(
            "totals",
            "汇总",
            "totals",
            (
                _count("lines", "笔数", "lines", unit="line"),
                _minor("credit_minor", "贷方合计", "sum of credits"),
                _minor("debit_minor", "借方合计", "sum of debits"),
            ),
        ),
        Section(
            "transactions",
            "交易明细",
            "transactions",
            (
                *_event("at", "交易时间", "at"),
                _code("direction", "借贷", "direction", {"credit": "in", "debit": "out"}),
                _code(
                    "purpose",
                    "摘要类别",
                    "purpose",
                    "sales supplier wage rent tax utility loan_in loan_repay cash own_transfer "
                    "family fee refund other",
                ),
                _minor("amount_minor", "金额", "amount", "amount"),
                _minor("balance_minor", "余额", "balance", "balance"),
                _text("counterparty", "对方户名", "counterparty", "counterparty"),
            ),
            stream="bank_tx",
            identity=_ONCE,
        ),
    ),
)

_LINKED = (
    _instant("valid_from", "起", "valid from", "valid_from"),
    _instant("valid_to", "止", "valid to", "valid_to", optional=True),
    _instant("known_at", "入库时间", "known at", "known_at"),
)

REGISTRY = Schema(
    "registry",
    1,
    (
        Section(
            "firm",
            "登记信息",
            "registration",
            (
                _text("province", "省级行政区划代码", "province (GB/T 2260)"),
                _text("industry", "行业门类", "industry (GB/T 4754)"),
                _text("size", "规模", "size"),
                Field("opened", Kind.DAY, "成立日期", "opened"),
            ),
        ),
        Section(
            "people",
            "人员与股东",
            "people",
            (
                _text("person", "人员", "person", "person_id"),
                _code(
                    "role",
                    "身份",
                    "role",
                    "controller legal_representative shareholder",
                ),
                *_LINKED,
            ),
        ),
        Section(
            "markets",
            "所属市场",
            "markets",
            (_text("market", "市场", "market", "person_id"), *_LINKED),
        ),
        Section(
            "changes",
            "变更记录",
            "changes",
            (
                *_event("at", "变更日期", "at"),
                _code(
                    "change",
                    "变更事项",
                    "change",
                    "address representative shareholder capital scope abnormal pledge licence",
                ),
                _code("direction", "方向", "direction", "up down neutral"),
            ),
            stream="registry_change",
            identity=_ONCE,
        ),
    ),
)

COURT = Schema(
    "court",
    1,
    (
        Section(
            "cases",
            "司法案件",
            "cases",
            (
                *_event("at", "日期", "at"),
                _code("role", "身份", "role", "defendant plaintiff executed"),
                _code("matter", "案由", "matter", "loan labour contract other"),
                _code("stage", "阶段", "stage", "filed judged enforced dishonest"),
                _minor("amount_minor", "标的金额", "amount", "amount"),
            ),
            stream="court_record",
            identity=_ONCE,
        ),
    ),
)

DEVICE = Schema(
    "device",
    1,
    (
        Section(
            "sessions",
            "设备行为",
            "sessions",
            (
                *_event("at", "时间", "at"),
                _code(
                    "action",
                    "行为",
                    "action",
                    "login browse apply edit device_change place_change",
                ),
                _code("network", "网络", "network", "wifi mobile"),
                _count("seconds", "时长", "seconds", unit="second", column="seconds"),
            ),
            stream="device_event",
            identity=_ONCE,
        ),
        Section(
            "bills",
            "水电与通信账单",
            "utility bills",
            (
                *_event("at", "账单日期", "billed at"),
                _code("utility", "类别", "utility", "power water gas broadband"),
                _code("status", "状态", "status", "on_time late unpaid"),
                _minor("amount_minor", "金额", "amount", "amount"),
                _count("quantity", "用量", "quantity", unit="unit", column="quantity"),
            ),
            stream="utility_bill",
            identity=_ONCE,
        ),
    ),
)

BOOKS = Schema(
    "merchant_books",
    1,
    (
        Section(
            "days",
            "收单日结",
            "days of sales",
            (
                *_event("at", "日期", "day"),
                _code(
                    "channel",
                    "渠道",
                    "channel",
                    "wechat alipay card takeaway shop_platform cash_app",
                ),
                _code("kind", "类别", "kind", "sale refund"),
                _minor("amount_minor", "金额", "amount", "amount"),
                _count("tickets", "笔数", "tickets", unit="ticket", column="tickets"),
            ),
            stream="pos_day",
            identity=_ONCE,
        ),
        Section(
            "entries",
            "账簿分录",
            "book entries",
            (
                *_event("at", "日期", "at"),
                _code(
                    "entry", "类别", "entry", "sale purchase receivable payable expense stock"
                ),
                _code("status", "状态", "status", "open settled overdue"),
                _minor("amount_minor", "金额", "amount", "amount"),
                _text("counterparty", "对方", "counterparty", "counterparty"),
            ),
            stream="book_entry",
            identity=_ONCE,
        ),
    ),
)  # fmt: skip

REGION = Schema(
    "region",
    1,
    (
        Section(
            "figures",
            "市场月度指标",
            "figures of the market",
            (
                *_event("month_end", "月末", "end of the month"),
                _code(
                    "measure", "指标", "measure", "sales_index closures rent footfall price visits"
                ),
                _count("value", "数值", "value", unit="point", column="value"),
            ),
            stream="region_month",
            identity=_ONCE,
        ),
    ),
)
