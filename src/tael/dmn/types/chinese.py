"""In Chinese: what the reader of FEEL and the built-in functions say of a fault, in English."""

from __future__ import annotations

import re
from functools import cache

# A sentence in English as a pattern, and the same in Chinese; what is not listed stays English.
_SENTENCES = r"""
a value was expected, found 'the end' => 表达式没有写完，此处应为一个值
a value was expected, found (.+) => 此处应为一个值，却是 {0}
a type was expected, found (.+) => 此处应为一个类型，却是 {0}
(.+) was expected, found 'the end' => 表达式没有写完，此处应为 {0}
(.+) was expected, found (.+) => 此处应为 {0}，却是 {1}
the expression should end before (.+) => 表达式应在 {0} 之前结束
the expression nests deeper than (\d+) levels => 表达式的嵌套超过 {0} 层
the type nests deeper than (\d+) levels => 类型的嵌套超过 {0} 层
arguments are all by position or all by name => 参数要么都按位置给出，要么都按名称给出
a key is followed by a colon => 键的后面应为冒号
(.+) is too large for a number => {0} 超出数的范围
a range has two end points => 区间有两个端点
a range ends with \), \] or \[ => 区间以 )、] 或 [ 结束
an iterator is written: name in list => 迭代的写法是：名称 in 列表
the parameters of a function end with \) => 函数的参数以 ) 结束
a string does not end => 字符串没有结束
a second element has the id (.+) => 又有一个元素的 id 是 {0}
requires (.+), which does not exist => 需要的 {0} 不存在
no model of namespace (.+) is found => 没有命名空间为 {0} 的模型
an import of type (.+) is not read => 不读取类型为 {0} 的导入
expression language (.+) is not FEEL => 表达式语言 {0} 不是 FEEL
functions of kind (.+) are not run => 不执行 {0} 类的函数
the row has (\d+) cells, the relation (\d+) columns => 这一行有 {0} 格，而关系有 {1} 列
(.+) is not a date => {0} 不是日期
(.+) is not a time => {0} 不是时间
(.+) is not a date and time => {0} 不是日期时间
(.+) is not a duration => {0} 不是时长
(.+) is not a number => {0} 不是数
(.+) is not a whole number => {0} 不是整数
(.+) is not a range => {0} 不是区间
(.+) is not a time zone => {0} 不是时区
(.+) is not a regular expression: (.+) => {0} 不是正则表达式：{1}
no calendar has the date (.+) => 历法中没有 {0} 这一天
no clock shows (.+) => 没有 {0} 这个时刻
no position (.+) in a list of (.+) => {1} 项的列表中没有第 {0} 项
the start position lies outside the string => 起始位置在字符串之外
the length of a substring is at least one => 子串的长度至少为一
the length reaches beyond the list => 长度超出列表
an empty list has no minimum or maximum => 空列表没有最小值和最大值
the (sum|mean|median|product) of an empty list is null => 空列表的 {0} 是 null
a standard deviation needs two numbers => 标准差至少需要两个数
the square root of a negative number is null => 负数的平方根是 null
the logarithm of a number not above zero is null => 非正数的对数是 null
division by zero => 除数为零
modulo by zero => 除数为零
the scale (.+) lies outside (.+) => 小数位数 {0} 不在 {1} 之内
(.+) is not among the Java functions that are allowed => {0} 不在允许的 Java 函数之列
(.+) takes (\d+) arguments, not (\d+) => {0} 需要 {1} 个参数，给了 {2} 个
"""
_PLACE = re.compile(r"(?P<said>.*) at column (?P<column>\d+): (?P<text>.*)", re.DOTALL)


@cache
def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = (line.split(" => ") for line in _SENTENCES.strip().splitlines())
    return tuple((re.compile(pattern, re.DOTALL), told) for pattern, told in pairs)


def in_chinese(said: str) -> str:
    """The sentence in Chinese; as it is when it is not among the known ones."""
    place = _PLACE.fullmatch(said)
    if place is not None:
        return f"{in_chinese(place['said'])}（第 {place['column']} 列：{place['text']}）"
    for pattern, told in _sentences():
        found = pattern.fullmatch(said)
        if found is not None:
            return told.format(*found.groups())
    return said
