"""Invented names, numbers and places. No number here can belong to anybody.

Identity numbers begin with 000 (division codes begin at 11, GB 11643), mobile numbers with 120
(real ones begin with 13 to 19), enterprise codes with Z (a letter that GB 32100 leaves out).
"""

from __future__ import annotations

from dataclasses import dataclass

from tael.economy.draws import Draws
from tael.kernel import Day

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐"
    "许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江"
    "尹薛闫段雷"
)
_MALE = (
    "伟强磊洋勇军杰涛超明刚平辉鹏华飞斌波凯浩宇亮峰健俊建国志文海林松柏东升庆祥瑞泽宏远恒毅达康宁"
)
_FEMALE = "芳娜敏静丽艳娟霞秀英玲桂珍兰梅燕红雪琳颖佳欣怡婷洁莹云莉蓉倩萍彩春菊凤瑶琴慧岚晴"
_TRADE = "鑫隆盛达泰丰恒通源顺兴旺瑞祥合众诚信嘉禾宝润和昌永茂荣华德利锦程远航汇金天成福"

_TWO_CHARACTERS = 0.7
_ID_WRONG_CHECK = "0"


@dataclass(frozen=True, slots=True)
class Place:
    """A province or city: ``code`` is its division code (GB/T 2260), ``stress`` its log-odds."""

    code: str
    name_zh: str
    name_en: str
    weight: int
    stress: float


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: ``code`` of GB/T 4754, ``stress`` its log-odds, ``margin`` of sales."""

    code: str
    name_zh: str
    name_en: str
    weight: int
    stress: float
    margin: float


PLACES = (
    Place("310000", "上海", "Shanghai", 12, -0.20),
    Place("320000", "江苏", "Jiangsu", 14, -0.15),
    Place("330000", "浙江", "Zhejiang", 14, -0.12),
    Place("350000", "福建", "Fujian", 8, 0.00),
    Place("370000", "山东", "Shandong", 10, 0.05),
    Place("410000", "河南", "Henan", 8, 0.15),
    Place("420000", "湖北", "Hubei", 8, 0.08),
    Place("430000", "湖南", "Hunan", 7, 0.10),
    Place("440000", "广东", "Guangdong", 15, -0.10),
    Place("500000", "重庆", "Chongqing", 6, 0.12),
    Place("510000", "四川", "Sichuan", 8, 0.05),
    Place("610000", "陕西", "Shaanxi", 5, 0.18),
)

TRADES = (
    Trade("F51", "批发业", "Wholesale", 20, 0.00, 0.12),
    Trade("F52", "零售业", "Retail", 24, 0.05, 0.18),
    Trade("H62", "餐饮业", "Restaurants", 14, 0.30, 0.25),
    Trade("C18", "纺织服装业", "Clothing", 6, 0.20, 0.15),
    Trade("C33", "金属制品业", "Metal goods", 7, -0.05, 0.16),
    Trade("C34", "通用设备制造业", "Machinery", 6, -0.10, 0.18),
    Trade("E50", "建筑装饰业", "Fitting out", 6, 0.35, 0.20),
    Trade("G54", "道路运输业", "Road haulage", 6, 0.15, 0.14),
    Trade("I65", "软件服务业", "Software services", 4, -0.15, 0.35),
    Trade("L72", "商务服务业", "Business services", 5, 0.00, 0.30),
    Trade("O80", "修理业", "Repairs", 4, 0.05, 0.28),
    Trade("Q84", "门诊服务业", "Clinics", 2, -0.30, 0.32),
)


def person_name(draws: Draws, *, female: bool, surname: str = "") -> str:
    """A surname (given or drawn) and one or two given characters."""
    table = _FEMALE if female else _MALE
    given = draws.choice(table)
    if draws.happens(_TWO_CHARACTERS):
        given += draws.choice(table)
    return (surname or draws.choice(_SURNAMES)) + given


def identity_number(draws: Draws, born: Day) -> str:
    """18 characters in the shape of an identity number, of a division that does not exist."""
    return f"000{draws.digits(3)}{born:%Y%m%d}{draws.digits(3)}{_ID_WRONG_CHECK}"


def phone_number(draws: Draws) -> str:
    """11 digits in the shape of a mobile number, of a range that does not exist."""
    return f"120{draws.digits(8)}"


def enterprise_code(draws: Draws) -> str:
    """18 characters in the shape of a unified social credit code, with a letter it never has."""
    return f"Z{draws.digits(17)}"


def enterprise_name(draws: Draws, place: Place, trade: Trade, *, company: bool) -> str:
    """Place, two auspicious characters, trade and legal form."""
    word = draws.choice(_TRADE) + draws.choice(_TRADE)
    line = trade.name_zh.removesuffix("业")
    return f"{place.name_zh}{word}{line}{'有限公司' if company else '商行'}"
