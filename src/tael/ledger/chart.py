"""The chart of accounts: one row per account, and which accounts may never cross to the other side.

A *guarded* account is an asset or a liability of one loan: at loan level it may not go to its wrong
side. Not guarded are cash (a lender's account goes into credit when it lends), income and expense
(reversals turn them), equity, and the contra accounts, which are named here by ``contra``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tael.ledger.model import Side


@dataclass(frozen=True, slots=True)
class Account:
    """An account: code (its first letter is the book), names, natural side.

    ``contra``: stands against another account and may go to either side. ``guarded``: at loan level
    it never leaves its natural side.
    """

    code: str
    name_zh: str
    name_en: str
    side: Side
    contra: bool = False
    guarded: bool = False

    @property
    def book(self) -> str:
        return self.code[0]


def _rows(text: str) -> dict[str, Account]:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return {
        code: Account(code, zh, en, Side(side), mark == "contra", mark == "guarded")
        for code, side, mark, zh, en in rows
    }


BOOKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "B": ("资金方镜像账", "Bank mirror"),
        "G": ("融资担保公司账", "Guarantee company"),
        "P": ("平台账", "Platform"),
        "C": ("代扣清算账", "Collections clearing"),
        "L": ("自有资金贷款账", "Own lender"),
    }
)

CHART: Mapping[str, Account] = MappingProxyType(
    _rows("""
B1002 | Dr |         | 资金方放款户         | Lending account
B1221 | Dr | guarded | 应收清算款           | Due from clearing
B1301 | Dr | guarded | 贷款本金             | Loan principal
B1302 | Dr | guarded | 应收利息             | Interest receivable
B1303 | Dr | guarded | 应收罚息             | Penalty receivable
B1391 | Dr | guarded | 应收代偿款(向融担) | Claim on guarantor
B6011 | Cr |         | 利息收入             | Interest income
B6012 | Cr |         | 罚息收入             | Penalty income
B6701 | Dr |         | 信用减值损失         | Credit loss on the share without guarantee
G1002 | Dr |         | 银行存款             | Cash
G1031 | Dr |         | 存出保证金           | Margin deposits placed
G1122 | Dr | guarded | 应收担保费           | Guarantee fee receivable
G1221 | Dr | guarded | 应收清算款           | Due from clearing
G1231 | Dr | guarded | 应收代偿款-本金      | Compensation receivable, principal
G1232 | Dr | guarded | 应收代偿款-利息      | Compensation receivable, interest
G1239 | Cr | contra  | 应收代偿款减值准备   | Allowance for compensation receivable
G2203 | Cr | guarded | 预收担保费           | Guarantee fee received in advance
G2205 | Cr | guarded | 应付代偿款           | Compensation payable to bank
G2221 | Cr |         | 应交增值税           | VAT payable
G2241 | Cr | guarded | 应付平台服务费       | Servicing fee payable to the platform
G2601 | Cr | guarded | 未到期责任准备金     | Unexpired-liability reserve
G2602 | Cr | guarded | 担保赔偿准备金       | Compensation reserve
G2611 | Cr | guarded | 担保负债             | Guarantee liability
G4001 | Cr |         | 实收资本             | Paid-in capital
G6021 | Cr |         | 担保费收入           | Guarantee fee income
G6022 | Cr |         | 追偿收入             | Recovery income above claim
G6402 | Dr |         | 平台服务费支出       | Servicing fee expense
G6403 | Dr |         | 追偿费用             | Recovery cost
G6701 | Dr |         | 信用减值损失         | Credit impairment
G6702 | Dr |         | 担保赔偿支出         | Compensation loss
G9001 | Dr | guarded | 在保余额(表外)     | Memo: guarantee in force
G9002 | Cr | contra  | 在保余额对方(表外) | Memo: guarantee in force, contra
P1002 | Dr |         | 银行存款             | Cash
P1122 | Dr | guarded | 应收服务费           | Service fee receivable
P1221 | Dr | guarded | 应收清算款           | Due from clearing
P1231 | Dr | guarded | 应收融担服务费       | Servicing fee due from the guarantor
P2203 | Cr | guarded | 合同负债             | Deferred service fee
P2221 | Cr |         | 应交增值税           | VAT payable
P2241 | Cr | guarded | 应付佣金             | Commission payable
P6051 | Cr |         | 助贷服务费           | Enablement fee
P6052 | Cr |         | 贷后服务费           | Post-loan servicing fee
P6053 | Cr |         | 增值服务收入         | Merchant value-added income
P6401 | Dr |         | 获客成本             | Acquisition cost
P6402 | Dr |         | 资金成本             | Funding-related cost
C1002 | Dr |         | 代扣归集户           | Collection account at payment channel
C2201 | Cr | guarded | 应付资金方           | Due to bank
C2202 | Cr | guarded | 应付融担             | Due to guarantor
C2203 | Cr | guarded | 应付平台             | Due to platform
C2900 | Cr | guarded | 未分配款/溢缴款      | Unapplied and overpaid
""")
)
