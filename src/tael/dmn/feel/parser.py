"""Tokens to tree: recursive descent, one method per rule of DMN 1.5 clause 10.3.1.2.

A name may hold spaces and operators, so what ``a - b`` means depends on the names in scope: at
each name the longest known one wins. Unknown names are single words, noted in ``unknown``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal, DecimalException

from tael.dmn.errors import FeelSyntaxError
from tael.dmn.feel import syntax as s
from tael.dmn.feel.depth import with_room
from tael.dmn.feel.lexer import Kind, Position, Token, tokens
from tael.dmn.feel.names import Names, Vocabulary, continues_name
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.parsed import Parsed, ParsedTests

# Each level takes up to eight Python frames; chains of operators or of "else if" are no levels.
_DEEPEST = 100
_LOOSEST = 1
_LEVELS = {
    "or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5, "**": 6,
    **dict.fromkeys(("<=", ">=", "!=", "=", "<", ">", "between", "in"), 3),
}  # fmt: skip
_OPERATORS = (Kind.SYMBOL, Kind.NAME)
_AFTER = (".", "[", "(")
_LONGEST_SHOWN = 40
_COMPARISONS = ("<=", ">=", "!=", "=", "<", ">")
_RESERVED = frozenset(
    {"if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or"}
    | {"between", "instance", "of", "function", "null", "true", "false", "external"}
)
_TYPE_WORDS = (
    ("days", "and", "time", "duration"),
    ("years", "and", "months", "duration"),
    ("date", "and", "time"),
)
_TEXTUAL = ("if", "for", "some", "every", "function")
_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}


def parse_expression(
    text: str, scope: Names, vocabulary: Vocabulary | None = None, *, line: int = 1
) -> Parsed:
    """The tree of one FEEL expression.

    Args:
        text: the expression.
        scope: names that stand for values: variables, functions.
        vocabulary: names of components, which may follow a point, and of types.
        line: the line of the file on which ``text`` starts.

    Raises:
        FeelSyntaxError: not FEEL; names line and column.
    """

    def parse() -> Parsed:
        parser = Parser(text, scope, vocabulary, line)
        tree = parser.expression()
        parser.expect_end()
        return Parsed(tree, tuple(parser.unknown))

    return with_room(parse)


def parse_unary_tests(
    text: str, scope: Names, vocabulary: Vocabulary | None = None, *, line: int = 1
) -> ParsedTests:
    """The tree of a decision table cell or of allowed values. Raises as ``parse_expression``."""

    def parse() -> ParsedTests:
        parser = Parser(text, Names(["?"], scope), vocabulary, line)
        tree = parser.unary_tests()
        parser.expect_end()
        return ParsedTests(tree, tuple(parser.unknown))

    return with_room(parse)


class Parser:
    """State of one parse. Use ``parse_expression`` and ``parse_unary_tests``."""

    def __init__(self, text: str, scope: Names, vocabulary: Vocabulary | None, line: int) -> None:
        self._text = text
        self._tokens = tokens(text, line)
        self._index = 0
        self._scope = scope
        vocabulary = vocabulary or Vocabulary.of()
        self._members = Names(parent=vocabulary.members)
        self._types = vocabulary.types
        self._filters_allowed = True
        self._in_filter = 0
        self._depth = 0
        self._value_reads = 0
        self.unknown: list[tuple[str, Position]] = []

    # --- reading tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._index]

    def _ahead(self, count: int) -> Token:
        return self._tokens[min(self._index + count, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._now
        self._index += token.kind is not Kind.END
        return token

    def _is(self, *texts: str) -> bool:
        return self._now.kind in (Kind.SYMBOL, Kind.NAME) and self._now.text in texts

    def _accept(self, *texts: str) -> Token | None:
        return self._take() if self._is(*texts) else None

    def _expect(self, text: str) -> Token:
        if not self._is(text):
            raise self._error(f"{text!r} was expected, found {self._found()!r}")
        return self._take()

    def _error(self, message: str) -> FeelSyntaxError:
        return FeelSyntaxError(message, line=self._now.at.line, column=self._now.at.column)

    def _found(self) -> str:
        """The token at hand for a message; a long one is cut."""
        text = self._now.text
        return (text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "...") or "the end"

    def expect_end(self) -> None:
        if self._now.kind is not Kind.END:
            raise self._error(f"the expression should end before {self._found()!r}")

    @contextmanager
    def _knowing(self, *names: str) -> Iterator[None]:
        outer, self._scope = self._scope, Names(names, self._scope)
        try:
            yield
        finally:
            self._scope = outer

    # --- unary tests

    def unary_tests(self) -> s.UnaryTests:
        at = self._now.at
        if self._is("-") and self._ahead(1).kind is Kind.END:
            self._take()
            return s.UnaryTests(at, any=True)
        if self._is("not") and self._ahead(1).text == "(":
            mark = self._index
            self._index += 2
            tests = self._tests_list()
            self._expect(")")
            if self._now.kind is Kind.END:
                return s.UnaryTests(at, tests, negated=True)
            self._index = mark
        return s.UnaryTests(at, self._tests_list())

    def _tests_list(self) -> tuple[s.Comparison | s.Matches, ...]:
        tests = [self._unary_test()]
        while self._accept(","):
            tests.append(self._unary_test())
        return tuple(tests)

    def _unary_test(self) -> s.Comparison | s.Matches:
        at = self._now.at
        operator = self._accept(*_COMPARISONS)
        if operator:
            return s.Comparison(at, operator.text, self._additive())
        before = self._value_reads
        tree = self.expression()
        return s.Matches(at, tree, uses_value=self._value_reads > before)

    # --- expressions

    def expression(self) -> s.Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"the expression nests deeper than {_DEEPEST} levels")
        tree = self._binary(_LOOSEST)
        self._depth -= 1
        return tree

    def _binary(self, lowest: int) -> s.Expression:
        """Operands and the operators between them that bind at least as tightly as ``lowest``.

        A loop, not a method per level: long chains and nesting cost few frames.
        """
        left = self._unary()
        while True:
            token = self._now
            level = _LEVELS.get(token.text, 0) if token.kind in _OPERATORS else 0
            if not lowest <= level:
                return left
            self._take()
            if token.text == "between":
                low = self._additive()
                self._expect("and")
                left = s.Between(token.at, left, low, self._additive())
            elif token.text == "in":
                left = s.In(token.at, left, self._in_tests())
            else:
                left = s.Binary(token.at, token.text, left, self._binary(level + 1))

    def _additive(self) -> s.Expression:
        return self._binary(_LEVELS["+"])

    def _in_tests(self) -> s.UnaryTests:
        """What stands behind ``in``; in parentheses ``?`` is the value on the left (10.3.2.13)."""
        at = self._now.at
        if not self._is("("):
            return s.UnaryTests(at, (self._in_test(),))
        opening, allowed, self._filters_allowed = self._take(), self._filters_allowed, True
        try:
            with self._knowing("?"):
                first = self._unary_test()
                if isinstance(first, s.Matches) and self._accept(".."):
                    bounds = self._range(opening, first.expression)
                    return s.UnaryTests(at, (s.Matches(at, bounds, uses_value=False),))
                tests = (first, *self._tests_list()) if self._accept(",") else (first,)
            self._expect(")")
            return s.UnaryTests(at, tests)
        finally:
            self._filters_allowed = allowed

    def _in_test(self) -> s.Comparison | s.Matches:
        at = self._now.at
        operator = self._accept(*_COMPARISONS)
        if operator:
            return s.Comparison(at, operator.text, self._additive())
        return s.Matches(at, self._additive(), uses_value=False)

    def _unary(self) -> s.Expression:
        # The minus sign binds tighter than the power in FEEL: -3**2 is 9.
        if self._now.text != "-":
            return self._instance()
        minuses: list[Token] = []
        while minus := self._accept("-"):
            minuses.append(minus)
        tree = self._instance()
        for minus in minuses[-(2 - len(minuses) % 2) :] if minuses else ():  # --- is -
            tree = s.negated(minus.at, tree)
        return tree

    def _instance(self) -> s.Expression:
        value = self._postfix()
        if self._now.text == "instance" and self._ahead(1).text == "of" and self._is("instance"):
            at = self._take().at
            self._take()
            return s.InstanceOf(at, value, self.type_expression())
        return value

    # --- types

    def type_expression(self) -> s.TypeExpression:
        """A type as ``instance of`` and parameters write it."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"the type nests deeper than {_DEEPEST} levels")
        try:
            if self._ahead(1).text == "<" and self._is("list", "range", "context", "function"):
                return self._generic_type(self._take().text)
            return s.NamedType(self._type_name())
        finally:
            self._depth -= 1

    def _generic_type(self, word: str) -> s.TypeExpression:
        self._expect("<")
        if word in ("list", "range"):
            inner = self.type_expression()
            self._expect(">")
            return s.ListType(inner) if word == "list" else s.RangeType(inner)
        if word == "context":
            entries: list[tuple[str, s.TypeExpression]] = []
            while not self._is(">"):
                name = self._key_until_colon()
                entries.append((name, self.type_expression()))
                if not self._accept(","):
                    break
            self._expect(">")
            return s.ContextType(tuple(entries))
        parameters: list[s.TypeExpression] = []
        while not self._is(">"):
            parameters.append(self.type_expression())
            if not self._accept(","):
                break
        self._expect(">")
        self._expect("->")
        return s.FunctionType(tuple(parameters), self.type_expression())

    def _type_name(self) -> str:
        for words in _TYPE_WORDS:
            if all(self._ahead(i).text == word for i, word in enumerate(words)):
                self._index += len(words)
                return " ".join(words)
        known = self._types.longest(self._tokens, self._index)
        if known:
            self._index += known[1]
            return known[0]
        if self._now.kind is not Kind.NAME:
            raise self._error(f"a type was expected, found {self._found()!r}")
        parts = [self._take().text]
        while self._is(".") and self._ahead(1).kind is Kind.NAME:
            self._take()
            parts.append(self._take().text)
        return ".".join(parts)

    # --- postfix and primary

    def _postfix(self) -> s.Expression:
        left = self._primary()
        while self._tokens[self._index].text in _AFTER:
            at = self._now.at
            if self._is(".") and self._ahead(1).kind is Kind.NAME:
                self._take()
                left = s.Path(at, left, self._member())
            elif self._is("[") and self._filters_allowed:
                self._take()
                left = s.Filter(at, left, self._filter_condition())
            elif self._is("("):
                self._take()
                left = self._call(at, left)
            else:
                break
        return left

    def _filter_condition(self) -> s.Expression:
        self._in_filter += 1
        with self._knowing("item"):
            condition = self.expression()
        self._in_filter -= 1
        self._expect("]")
        return condition

    def _member(self) -> str:
        known = self._members.longest(self._tokens, self._index)
        if known:
            self._index += known[1]
            return known[0]
        return self._take().text

    def _call(self, at: Position, function: s.Expression) -> s.Call:
        allowed, self._filters_allowed = self._filters_allowed, True
        positional: list[s.Expression] = []
        named: list[tuple[str, s.Expression]] = []
        while not self._is(")"):
            name = self._parameter_name()
            if name is None:
                positional.append(self.expression())
            else:
                named.append((name, self.expression()))
            if not self._accept(","):
                break
        self._expect(")")
        self._filters_allowed = allowed
        if positional and named:
            raise self._error("arguments are all by position or all by name")
        return s.Call(at, function, tuple(positional), tuple(named))

    def _parameter_name(self) -> str | None:
        """The name before a colon, taken with it; None when an argument by position follows."""
        if self._now.kind is not Kind.NAME:
            return None
        count = 1
        while continues_name(self._ahead(count)):
            count += 1
        if self._ahead(count).text != ":":
            return None
        return self._key_until_colon()

    def _key_until_colon(self) -> str:
        start = self._now.start
        if self._now.kind is Kind.STRING:
            key = self._take().text
        else:
            while not self._is(":"):
                if self._now.kind is Kind.END or self._is(",", "}", "{"):
                    raise self._error("a key is followed by a colon")
                self._take()
            key = " ".join(self._text[start : self._now.start].split())
        self._expect(":")
        return key

    def _primary(self) -> s.Expression:
        token = self._now
        if token.kind in (Kind.NUMBER, Kind.STRING):
            number = self._number(token.text) if token.kind is Kind.NUMBER else None
            self._take()
            return s.Literal(token.at, token.text if number is None else number)
        if token.kind is Kind.NAME:
            return self._word()
        if self._is("(", "[", "]"):
            return self._bracketed()
        if self._is("{"):
            return self._context()
        if self._is("@") and self._ahead(1).kind is Kind.STRING:
            self._take()
            return s.AtLiteral(token.at, self._take().text)
        if self._is(*_COMPARISONS) and self._ahead(-1).text not in _LEVELS:  # no a == b
            operator = self._take()
            return s.Comparison(operator.at, operator.text, self._additive())
        raise self._error(f"a value was expected, found {self._found()!r}")

    def _number(self, text: str) -> Decimal:
        try:
            return NUMBERS.create_decimal(text)
        except DecimalException:
            raise self._error(f"{self._found()} is too large for a number") from None

    def _word(self) -> s.Expression:
        token = self._now
        known = self._scope.longest(self._tokens, self._index)
        if known and (known[1] > 1 or token.text not in _RESERVED):
            self._index += known[1]
            self._value_reads += known[0] == "?"
            return s.Name(token.at, known[0])
        if token.text in _TEXTUAL:
            return self._textual()
        return self._unknown_word() if token.text not in _RESERVED else self._constant()

    def _constant(self) -> s.Expression:
        if self._now.text not in _CONSTANTS:
            raise self._error(f"a value was expected, found {self._found()!r}")
        token = self._take()
        return s.Literal(token.at, _CONSTANTS[token.text])

    def _unknown_word(self) -> s.Expression:
        token = self._now
        member = self._members.longest(self._tokens, self._index) if self._in_filter else None
        if member:
            self._index += member[1]
            return s.Name(token.at, member[0])
        self._take()
        if not self._in_filter:
            self.unknown.append((token.text, token.at))
        return s.Name(token.at, token.text)

    def _bracketed(self) -> s.Expression:
        opening = self._take()
        allowed, self._filters_allowed = self._filters_allowed, True
        try:
            if opening.text == "[" and self._accept("]"):
                return s.ListLiteral(opening.at, ())
            first = self.expression()
            if self._accept(".."):
                return self._range(opening, first)
            if opening.text == "]":
                raise self._error("a range has two end points")
            if opening.text == "(":
                self._expect(")")
                return first
            return self._list(opening.at, first)
        finally:
            self._filters_allowed = allowed

    def _range(self, opening: Token, low: s.Expression) -> s.RangeLiteral:
        # In ]1..5[ the last bracket closes the range: it does not open a filter on 5.
        self._filters_allowed = False
        high = self._additive()
        if not self._is(")", "]", "["):
            raise self._error("a range ends with ), ] or [")
        closing = self._take()
        return s.RangeLiteral(opening.at, low, high, opening.text == "[", closing.text == "]")

    def _list(self, at: Position, first: s.Expression) -> s.ListLiteral:
        items = [first]
        while self._accept(","):
            items.append(self.expression())
        self._expect("]")
        return s.ListLiteral(at, tuple(items))

    def _context(self) -> s.ContextLiteral:
        at = self._expect("{").at
        entries: list[tuple[str, s.Expression]] = []
        with self._knowing():
            while not self._is("}"):
                key = self._key_until_colon()
                self._members.add(key)
                if self._is("function"):
                    self._scope.add(key)  # a function may call itself
                value = self.expression()
                entries.append((key, value))
                self._scope.add(key)
                if not self._accept(","):
                    break
        self._expect("}")
        return s.ContextLiteral(at, tuple(entries))

    # --- if, for, some, every, function

    def _textual(self) -> s.Expression:
        word = self._take()
        if word.text == "if":
            return self._if(word.at)
        if word.text == "function":
            return self._function(word.at)
        names: list[str] = []
        iterators: list[tuple[str, s.Expression]] = []
        outer = self._scope
        while True:
            name = self._iterator_name()
            iterators.append((name, self._iterated()))
            names.append(name)
            self._scope = Names([name], self._scope)
            if not self._accept(","):
                break
        try:
            return self._iteration_body(word, tuple(iterators))
        finally:
            self._scope = outer

    def _iteration_body(
        self, word: Token, iterators: tuple[tuple[str, s.Expression], ...]
    ) -> s.Expression:
        if word.text == "for":
            self._expect("return")
            with self._knowing("partial"):
                return s.For(word.at, iterators, self.expression())
        self._expect("satisfies")
        return s.Quantified(word.at, word.text == "every", iterators, self.expression())

    def _iterator_name(self) -> str:
        start = self._now.start
        while not self._is("in"):
            if self._now.kind is Kind.END:
                raise self._error("an iterator is written: name in list")
            self._take()
        name = " ".join(self._text[start : self._now.start].split())
        self._expect("in")
        return name

    def _iterated(self) -> s.Expression:
        at = self._now.at
        first = self.expression()
        if self._accept(".."):
            return s.Span(at, first, self._additive())
        return first

    def _if(self, at: Position) -> s.If:
        branches: list[tuple[Position, s.Expression, s.Expression]] = []
        while True:
            condition = self.expression()
            self._expect("then")
            branches.append((at, condition, self.expression()))
            self._expect("else")
            if not self._is("if") or self._scope.longest(self._tokens, self._index):
                break
            at = self._take().at
        otherwise = self.expression()
        for place, condition, then in reversed(branches[1:]):
            otherwise = s.If(place, condition, then, otherwise)
        place, condition, then = branches[0]
        return s.If(place, condition, then, otherwise)

    def _function(self, at: Position) -> s.FunctionLiteral | s.ExternalFunction:
        self._expect("(")
        names: list[str] = []
        types: list[s.TypeExpression | None] = []
        while not self._is(")"):
            start = self._now.start
            while not self._is(",", ")", ":"):
                if self._now.kind is Kind.END:
                    raise self._error("the parameters of a function end with )")
                self._take()
            names.append(" ".join(self._text[start : self._now.start].split()))
            types.append(self.type_expression() if self._accept(":") else None)
            if not self._accept(","):
                break
        self._expect(")")
        if self._accept("external"):
            return self._external(at, tuple(names), tuple(types))
        with self._knowing(*names):
            return s.FunctionLiteral(at, tuple(names), self.expression(), tuple(types))

    def _external(
        self, at: Position, names: tuple[str, ...], types: tuple[s.TypeExpression | None, ...]
    ) -> s.ExternalFunction:
        outer = dict(self._context().entries)
        for kind, first, second in s.EXTERNAL_ENTRIES:
            inner = outer.get(kind.lower())
            if isinstance(inner, s.ContextLiteral):
                texts = {k: str(v.value) for k, v in inner.entries if isinstance(v, s.Literal)}
                named = texts.get(first, ""), texts.get(second, "")
                return s.ExternalFunction(at, names, types, *named, kind)
        raise self._error("an external function is written external {java: {...}} or {pmml: {...}}")


def parse_type(text: str, types: Iterable[str] = ()) -> s.TypeExpression:
    """The type that ``text`` writes, knowing the names of item definitions.

    Raises:
        FeelSyntaxError: it is no type.
    """
    parser = Parser(text, Names(), Vocabulary.of(types=types), 1)
    found = parser.type_expression()
    parser.expect_end()
    return found
