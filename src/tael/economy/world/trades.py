"""Industries by the sections of GB/T 4754-2017, and size classes.

Section letters and names are those of the standard. All figures are invented: they make industries
differ and say nothing about the real ones. Exposures are multiples of the average.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Industry:
    """A section: share of firms, monthly sales of a micro firm in CNY, and exposures to shocks.

    ``before`` and ``after`` are the swings of sales in the twenty days ahead of the Spring Festival
    and the ten from it; ``invoiced`` is the share of sales with a VAT invoice.
    """

    code: str
    zh: str
    en: str
    weight: float
    sales: float
    export: float
    heavy: float
    contact: float
    property: float
    before: float
    after: float
    invoiced: float


@dataclass(frozen=True, slots=True)
class Size:
    """A size class: share of firms, sales as a multiple of a micro firm's, events as one too."""

    code: str
    weight: float
    sales: float
    events: float


_ROWS = """
A 农、林、牧、渔业 Farming 4 60000 .4 .2 .3 .1 .4 -.2 .25
B 采矿业 Mining .6 320000 .4 3.0 .2 .7 -.1 -.7 .85
C 制造业 Manufacturing 19 260000 2.2 1.5 .5 .7 .1 -.8 .85
D 电力、热力、燃气及水生产和供应业 Utilities .5 300000 .2 1.2 .1 .5 .1 .1 .80
E 建筑业 Construction 7 220000 .2 1.2 .7 2.6 -.1 -.9 .80
F 批发和零售业 Trade 34 140000 1.0 .8 1.1 .6 .5 -.5 .50
G 交通运输、仓储和邮政业 Transport 6 110000 1.2 1.0 .9 .6 .3 -.6 .60
H 住宿和餐饮业 Catering 8 80000 .1 .2 2.6 .3 .1 .3 .20
I 信息传输、软件和信息技术服务业 Software 3 160000 .6 .2 .3 .3 -.1 -.7 .80
J 金融业 Finance .5 150000 .2 .4 .2 .8 .1 -.4 .60
K 房地产业 Property 1.4 170000 .1 .5 .9 2.8 -.2 -.8 .65
L 租赁和商务服务业 Business_services 5 120000 .6 .7 .9 .8 -.1 -.7 .70
M 科学研究和技术服务业 Technical_services 2.4 130000 .5 .6 .4 .8 -.1 -.7 .75
N 水利、环境和公共设施管理业 Environment .7 120000 .1 .4 .5 .9 -.1 -.5 .65
O 居民服务、修理和其他服务业 Household_services 5 55000 .1 .2 1.9 .4 .3 -.4 .15
P 教育 Education 1.2 70000 .1 .1 1.9 .2 -.3 -.6 .25
Q 卫生和社会工作 Health .8 90000 .1 .1 .8 .2 -.1 -.4 .25
R 文化、体育和娱乐业 Culture 1.6 70000 .3 .1 2.3 .3 .1 .3 .30
S 公共管理、社会保障和社会组织 Public .2 80000 .1 .1 .4 .1 -.1 -.4 .20
T 国际组织 International .1 80000 .6 .1 .4 .1 -.1 -.3 .20
"""


def industries() -> tuple[Industry, ...]:
    """The 20 sections, A to T."""
    return tuple(_industry(row.split()) for row in _ROWS.split("\n") if row)


def sizes() -> tuple[Size, ...]:
    """Own-account traders (个体工商户), micro, small and medium firms."""
    return (
        Size(code="own_account", weight=46, sales=0.45, events=0.75),
        Size(code="micro", weight=38, sales=1, events=1),
        Size(code="small", weight=14, sales=5, events=1.8),
        Size(code="medium", weight=2, sales=30, events=3.5),
    )


def _industry(cells: list[str]) -> Industry:
    code, zh, en, *figures = cells
    weight, sales, export, heavy, contact, housing, before, after, invoiced = map(float, figures)
    return Industry(
        code=code,
        zh=zh,
        en=en.replace("_", " "),
        weight=weight,
        sales=sales,
        export=export,
        heavy=heavy,
        contact=contact,
        property=housing,
        before=before,
        after=after,
        invoiced=invoiced,
    )
