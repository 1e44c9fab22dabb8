"""What the type checker says: severity and sentence of each kind of finding, in zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from tael.dmn.findings import Severity

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

# kind: severity, Chinese, English
TEXTS: Mapping[str, tuple[Severity, str, str]] = {
    "syntax": (_E, "表达式不符合 FEEL 语法：{detail}", "not FEEL: {detail}"),
    "language": (_E, "此处的语言不能执行：{detail}", "{detail}"),
    "model": (_E, "模型有误：{detail}", "{detail}"),
    "reference": (_E, "模型的引用有误：{detail}", "{detail}"),
    "unresolved_import": (_E, "找不到被导入的模型：{detail}", "{detail}"),
    "unknown_name": (_E, "没有名为“{name}”的变量", "there is no name {name!r} in scope"),
    "missing_requirement": (
        _E,
        "用到了“{name}”，但“{node}”没有指向它的需求箭头；请画一条从“{name}”到“{node}”的箭头",
        "{name!r} is used and {node!r} does not require it: draw a requirement from {name!r}",
    ),
    "unknown_type": (_E, "没有名为“{name}”的类型", "there is no type {name!r}"),
    "circular_type": (
        _E,
        "类型“{name}”的定义绕回自身：{path}",
        "the type {name!r} is defined by itself: {path}",
    ),
    "recursive_type": (
        _N,
        "类型“{name}”包含自身：{path}",
        "the type {name!r} holds values of itself: {path}",
    ),
    "unknown_member": (
        _E,
        "{type} 没有成员“{name}”，结果总是 null",
        "a {type} has no member {name!r}: the result is always null",
    ),
    "operator_types": (
        _E,
        "{left} {operator} {right} 没有定义，结果总是 null",
        "{left} {operator} {right} is always null",
    ),
    "comparison_types": (
        _E,
        "{left} 与 {right} 不能用 {operator} 比较",
        "a {left} and a {right} do not compare by {operator}",
    ),
    "null_operand": (
        _W,
        "{operator} 的一侧是 null，结果总是 null",
        "one side of {operator} is null: the result is always null",
    ),
    "condition_type": (
        _E,
        "条件的类型是 {type}，不是 boolean",
        "the condition is a {type}, not a boolean",
    ),
    "logic_operand": (
        _W,
        "{operator} 的一侧是 {type}，不是 boolean，只能当作未知",
        "one side of {operator} is a {type}, not a boolean: it counts as unknown",
    ),
    "filter_type": (
        _E,
        "筛选条件的类型是 {type}，既不是 boolean 也不是 number",
        "the filter is a {type}, neither a boolean nor a number",
    ),
    "iteration_type": (
        _E,
        "不能在 {type} 上迭代",
        "nothing can be iterated over a {type}",
    ),
    "not_callable": (_E, "{type} 不能被调用", "a {type} cannot be called"),
    "argument_count": (
        _E,
        "{function} 需要 {expected} 个参数，给了 {count} 个",
        "{function} takes {expected} arguments, not {count}",
    ),
    "argument_name": (
        _E,
        "{function} 没有名为“{name}”的参数；参数有：{expected}",
        "{function} has no parameter {name!r}; it has {expected}",
    ),
    "argument_missing": (
        _E,
        "调用 {function} 缺少参数“{name}”",
        "the call of {function} gives no {name!r}",
    ),
    "argument_type": (
        _E,
        "{function} 的参数“{name}”是 {actual}，应为 {expected}",
        "the argument {name!r} of {function} is a {actual}, not a {expected}",
    ),
    "null_argument": (
        _W,
        "{function} 的参数“{name}”是 null，结果总是 null",
        "the argument {name!r} of {function} is null: the result is always null",
    ),
    "constant_null": (
        _E,
        "这里的值总是 null：{detail}",
        "the value is always null: {detail}",
    ),
    "result_type": (
        _E,
        "表达式的类型是 {actual}，与声明的 {expected} 不符",
        "the expression is a {actual}, the declared type {expected}",
    ),
    "list_for_single": (
        _W,
        "表达式的类型是 {actual}，声明的是 {expected}；只有一项的列表才能通过",
        "the expression is a {actual}, declared a {expected}: only a list of one item passes",
    ),
    "column_type": (
        _E,
        "列“{column}”的类型是 {actual}，声明的是 {expected}",
        "the column {column!r} is a {actual}, declared a {expected}",
    ),
    "cell_type": (
        _E,
        "类型为 {column} 的值不会与此处的 {cell} 匹配",
        "a {column} never matches this {cell}",
    ),
    "cell_always": (
        _W,
        "此处写的是 true，而列的类型是 {column}；任何值都匹配",
        "the cell says true and the column is a {column}: it matches whatever the value",
    ),
    "cell_outside_allowed": (
        _E,
        "列的允许值中没有一个与此处匹配",
        "none of the allowed values of the column matches here",
    ),
    "cell_never": (
        _W,
        "允许值已被排除干净，此处永远不会匹配",
        "every allowed value of the column is excluded: the cell never matches",
    ),
    "output_type": (
        _E,
        "结论的类型是 {actual}，列“{column}”声明的是 {expected}",
        "the conclusion is a {actual}, the column {column!r} is declared a {expected}",
    ),
    "output_outside_allowed": (
        _E,
        "{value} 不在列“{column}”的允许值之内",
        "{value} is not among the values of the column {column!r}",
    ),
    "value_outside_allowed": (
        _E,
        "{value} 不在类型“{expected}”的允许值之内",
        "{value} is not an allowed value of {expected!r}",
    ),
    "aggregation_type": (
        _E,
        "聚合 {operator} 不能用于 {type}",
        "the aggregation {operator} does not work on a {type}",
    ),
    "no_output_values": (
        _W,
        "命中策略需要按输出值的顺序排优先级，但没有一列列出输出值",
        "the hit policy ranks by the order of output values, and no column lists any",
    ),
    "external_function": (_E, "外部函数不能执行：{detail}", "{detail}"),
    "unrepeatable": (
        _W,
        "{function}() 每次的结果不同，重放不会得到同样的决策；请把它作为输入传入",
        "{function}() gives another value each time, so a replay decides anew: make it an input",
    ),
    "recursion": (_N, "“{name}”调用自身", "{name!r} calls itself"),
    "no_logic": (_W, "“{name}”没有逻辑，结果总是 null", "{name!r} has no logic: it is null"),
    "unused_input": (_N, "没有元素用到输入“{name}”", "nothing uses the input {name!r}"),
    "unused_knowledge": (_N, "没有元素调用“{name}”", "nothing calls {name!r}"),
    "unused_requirement": (
        _N,
        "有来自“{name}”的需求箭头，但逻辑没有用到它",
        "{name!r} is required and the logic never reads it",
    ),
    "too_deep": (
        _N,
        "“{name}”的表达式嵌套太深，没有检查",
        "the expressions of {name!r} nest too deeply and were not checked",
    ),
}
# What follows when a known name is near the unknown one.
NEAR_ZH, NEAR_EN = "；是否指“{near}”？", "; did you mean {near!r}?"
