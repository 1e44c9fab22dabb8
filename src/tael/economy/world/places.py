"""The 31 provinces of the statistical division, and how each is made in this economy.

Codes and names are those of the national division. All figures are invented: they make provinces
differ and say nothing about the real ones. Exposures are multiples of the average.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Province:
    """A province: its share of firms (any unit), yearly trend of sales, and exposures to shocks.

    ``factory`` tilts its sectors from services (below 1) to industry (above 1).
    """

    code: str
    zh: str
    en: str
    weight: float
    growth: float
    export: float
    heavy: float
    property: float
    private: float
    factory: float


_ROWS = """
11 北京市 Beijing 4.6 .055 .7 .2 1.1 .7 .4
12 天津市 Tianjin 1.5 .030 1.1 1.2 1.2 .8 1.1
13 河北省 Hebei 4.9 .038 .6 1.9 1.1 1.0 1.2
14 山西省 Shanxi 2.3 .036 .3 2.4 .8 1.1 1.1
15 内蒙古自治区 Inner_Mongolia 1.6 .035 .3 2.1 1.0 1.7 .8
21 辽宁省 Liaoning 2.8 .018 .9 1.9 1.1 .9 1.1
22 吉林省 Jilin 1.3 .020 .4 1.3 .9 .8 .9
23 黑龙江省 Heilongjiang 1.7 .016 .4 1.4 .8 .8 .8
31 上海市 Shanghai 4.8 .052 1.7 .5 1.1 .8 .7
32 江苏省 Jiangsu 8.4 .054 1.7 1.0 1.1 1.2 1.3
33 浙江省 Zhejiang 7.2 .056 1.8 .7 1.1 2.1 1.3
34 安徽省 Anhui 4.0 .058 .7 1.0 1.1 .9 1.1
35 福建省 Fujian 3.9 .055 1.5 .7 1.0 1.8 1.1
36 江西省 Jiangxi 2.5 .057 .7 1.1 .9 .9 1.1
37 山东省 Shandong 8.1 .043 1.1 1.4 1.0 1.2 1.2
41 河南省 Henan 5.9 .048 .6 1.2 1.3 1.1 1.0
42 湖北省 Hubei 3.9 .052 .5 .9 1.1 .9 1.0
43 湖南省 Hunan 3.6 .053 .5 .9 1.1 .9 .9
44 广东省 Guangdong 11.5 .052 2.0 .5 1.2 1.0 1.2
45 广西壮族自治区 Guangxi 2.4 .043 .7 1.0 1.1 .8 .8
46 海南省 Hainan .8 .048 .3 .3 1.8 .7 .4
50 重庆市 Chongqing 2.6 .058 .8 .9 1.1 .9 1.0
51 四川省 Sichuan 5.0 .056 .5 .9 1.0 .9 .9
52 贵州省 Guizhou 1.9 .061 .3 1.1 1.3 .9 .7
53 云南省 Yunnan 2.2 .050 .4 1.0 1.1 .8 .7
54 西藏自治区 Tibet .3 .062 .2 .3 .6 .5 .3
61 陕西省 Shaanxi 2.5 .051 .5 1.4 1.0 1.2 .9
62 甘肃省 Gansu 1.2 .041 .3 1.4 .9 .7 .7
63 青海省 Qinghai .4 .042 .2 1.5 .9 .7 .6
64 宁夏回族自治区 Ningxia .5 .044 .3 1.6 .9 .9 .8
65 新疆维吾尔自治区 Xinjiang 1.5 .049 .5 1.4 .7 .7 .6
"""


def provinces() -> tuple[Province, ...]:
    """The 31 provinces in order of their codes."""
    return tuple(_province(row.split()) for row in _ROWS.split("\n") if row)


def _province(cells: list[str]) -> Province:
    code, zh, en, *figures = cells
    weight, growth, export, heavy, housing, private, factory = map(float, figures)
    return Province(
        code=code,
        zh=zh,
        en=en.replace("_", " "),
        weight=weight,
        growth=growth,
        export=export,
        heavy=heavy,
        property=housing,
        private=private,
        factory=factory,
    )
