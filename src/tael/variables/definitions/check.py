"""What can be wrong with a definition: rules by code, findings with file, line and field."""

from __future__ import annotations

from dataclasses import dataclass

from tael.kernel import BadInput

# Code of the rule → how a finding reads, in English and in Chinese.
RULES = {
    "yaml": ("this is no YAML: {why}", "不是合法的 YAML：{why}"),
    "alias": ("write the value out; & and * are not read", "请写出具体值；不支持 & 与 * 引用"),
    "key_twice": ("{name} stands here twice", "{name} 在此出现两次"),
    "shape": ("give {wanted} here", "此处应为{wanted}"),
    "empty": ("{name} is empty: no variable is made", "{name} 为空：不会产生任何变量"),
    "number": ("{name} lies between {least} and {most}", "{name} 须在 {least} 与 {most} 之间"),
    "reserved": (
        "{name} is a column of every table of events; name this one otherwise",
        "{name} 是每张事件表都有的列；请另取名称",
    ),
    "delay": (
        "half of all come within {median} days, so 99 % cannot within {late}",
        "中位数为 {median} 天，99 分位不能是 {late} 天",
    ),
    "field_missing": ("{name} is missing", "缺少 {name}"),
    "field_unknown": ("there is no field {name}; known: {known}", "没有字段 {name}；可用：{known}"),
    "word": (
        "{name} is no word of a name: small letters, digits and _, a letter first",
        "{name} 不能用作名称：须为小写字母、数字与下划线，且以字母开头",
    ),
    "column_unknown": (
        "{source} has no column {name}; known: {known}",
        "{source} 没有列 {name}；可用：{known}",
    ),
    "column_kind": (
        "{name} is a column of kind {kind}; this needs {wanted}",
        "列 {name} 的类型是 {kind}；此处需要 {wanted}",
    ),
    "calendar_unknown": (
        "there is no calendar {name}; known: {known}",
        "没有日历 {name}；可用：{known}",
    ),
    "calendar_alone": (
        "{name} is made by its calendar; leave {what} out",
        "列 {name} 由日历生成；请去掉 {what}",
    ),
    "unit_unknown": ("there is no unit {name}; known: {known}", "没有单位 {name}；可用：{known}"),
    "unit_wrong": (
        "{column} is in {unit}, not in {name}",
        "列 {column} 的单位是 {unit}，不是 {name}",
    ),
    "units_differ": (
        "a difference needs one unit; these are in {first} and {second}",
        "差值须单位一致；此处为 {first} 与 {second}",
    ),
    "window_zero": ("a window of zero days holds no event", "零天窗口不含任何事件"),
    "window": ("{name} is no window; write 30d, or all", "{name} 不是窗口；请写 30d 或 all"),
    "window_long": (
        "{name} is too long; a window has {most} days at most, or is all",
        "{name} 过长；窗口最多 {most} 天，或写 all",
    ),
    "window_order": (
        "windows grow from left to right and stand once; {name} does not",
        "窗口须从小到大且不重复；{name} 不符",
    ),
    "window_fixed": (
        "{kind} has its own span; leave windows out",
        "{kind} 自带时间跨度；请去掉 windows",
    ),
    "filter_empty": ("{name} matches nothing: it lists no code", "{name} 不匹配任何代码"),
    "filter_same": (
        "{name} holds the same codes as {other}: two names for one variable",
        "{name} 与 {other} 的代码相同：同一变量有两个名称",
    ),
    "code_unknown": (
        "{column} has no code {name}; known: {known}",
        "列 {column} 没有代码 {name}；可用：{known}",
    ),
    "leaf_missing": (
        "{name} is not among the leaves of {source}; add it there",
        "{name} 不在 {source} 的 leaves 中；请先加入",
    ),
    "keys": ("{name} is a second key; a source has one", "{name} 是第二个键；每个来源只能有一个"),
    "leaves": (
        "{count} leaves; a source holds {limit} at most: leave a dimension out",
        "共 {count} 个叶子；每个来源最多 {limit} 个：请去掉一个维度",
    ),
    "kind": ("there is no kind {name}; known: {known}", "没有种类 {name}；可用：{known}"),
    "aggregate": (
        "{kind} of {measure} has no aggregate {name}; known: {known}",
        "{kind} 的 {measure} 没有聚合 {name}；可用：{known}",
    ),
    "subject": ("{name} is no subject here; known: {known}", "此处没有主体 {name}；可用：{known}"),
    "source_twice": (
        "the source {name} is defined in {other} already",
        "来源 {name} 已在 {other} 中定义",
    ),
    "name_twice": (
        "the name {name} is made at {other} already",
        "名称 {name} 已由 {other} 产生",
    ),
    "parent_unknown": ("there is no variable {name}", "没有变量 {name}"),
    "expect_unknown": (
        "nothing here makes {name}; write measure.aggregate",
        "此处不产生 {name}；请写 指标.聚合",
    ),
    "meaning": (
        "{name} means something else than before; give its family version {next}",
        "{name} 的含义已变；请将所属 family 的 version 设为 {next}",
    ),
    "ids": ("{why}", "{why}"),
}
# What the values of a finding say, where they are words and not names.
CHINESE = {
    "a source": "一个来源",
    "a mapping": "键值对",
    "one value": "单个值",
    "a whole number": "整数",
    "days like 3d": "天数，如 3d",
    "a month like 2020-01": "月份，如 2020-01",
    "a list": "列表",
    "a list of codes, or words with their codes": "代码列表，或带代码的名称",
    "+ or -": "+ 或 -",
    "yes or no": "yes 或 no",
    "code": "代码",
    "key": "键",
    "integer": "整数",
    "characters that YAML does not allow": "含有 YAML 不允许的字符",
    "lists within lists, too deep to be a definition": "嵌套过深，不像定义",
    "half of a character": "含有半个字符",
    "a row is an id like V00001, a name, a whole version and a meaning": (
        "每行须为编号（如 V00001）、名称、整数版本与含义"
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: file and 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with a definition.

    ``line`` is 1-based, ``field`` the path inside the file (``families.0.windows``), ``rule`` a
    code of ``RULES``, ``values`` what the text of the rule names.
    """

    file: str
    line: int
    field: str
    rule: str
    values: tuple[tuple[str, str], ...] = ()

    def text(self, language: str = "en") -> str:
        """The finding as a sentence, in English (``en``) or Chinese (``zh``)."""
        values = dict(self.values)
        if language == "zh":
            values = {name: CHINESE.get(value, value) for name, value in values.items()}
        return RULES[self.rule][language == "zh"].format_map(values)

    def to_json(self) -> dict[str, object]:
        """File, line, field, rule and both texts."""
        return {
            "file": self.file,
            "line": self.line,
            "field": self.field,
            "rule": self.rule,
            "en": self.text("en"),
            "zh": self.text("zh"),
        }

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.text()} [{self.rule}]"


class DefinitionError(BadInput):
    """Definitions that break rules; ``findings`` holds every one, ordered by file and line."""

    code = "definitions"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(
            f"{first.file}:{first.line}: {first.text()}{more}",
            field=first.field,
            row=first.line,
            rule=first.rule,
        )
        self.findings = findings


class Findings:
    """Collects findings while definitions are read, so that several are told at once."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, place: Place, field: str, rule: str, **values: object) -> None:
        """Note one finding; ``values`` are what the rule's text names."""
        told = tuple((name, str(value)) for name, value in values.items())
        self.found.append(Finding(place.file, place.line, field, rule, told))

    def ordered(self) -> tuple[Finding, ...]:
        """Every finding once, by file and line."""
        return tuple(sorted(dict.fromkeys(self.found)))
