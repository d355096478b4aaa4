"""Tokens → tree of an expression, by precedence climbing."""

from typing import TYPE_CHECKING, Final

from devstack.cosmos.errors import Refusal, syntax_error
from devstack.cosmos.sql import tree
from devstack.cosmos.sql.lexer import Token
from devstack.cosmos.sql.tree import Expr

if TYPE_CHECKING:
    from devstack.cosmos.sql.tree import Query

# Loosest first; NOT sits between AND and the comparisons.
LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    ("??",), ("OR",), ("AND",),
)  # fmt: skip
COMPARISONS: Final = ("=", "!=", "<>", "<", "<=", ">", ">=")
TIGHT: Final[tuple[tuple[str, ...], ...]] = (
    ("|",), ("^",), ("&",), ("<<", ">>", ">>>"), ("||",), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
MAX_DEPTH: Final = 100


class ExpressionParser:
    """A position in the tokens. Subclasses add whole queries, which subqueries need."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    def query(self) -> "Query":
        """A whole SELECT."""
        raise NotImplementedError

    def accept(self, text: str) -> bool:
        """Consume a keyword or punctuation if it comes next."""
        token = self.now
        if token.text == text and token.kind in ("keyword", "punct"):
            self._at += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Consume it, or 400."""
        if not self.accept(text):
            raise self.unexpected()

    def name(self) -> str:
        """An identifier that is no keyword."""
        if self.now.kind != "name":
            raise self.unexpected()
        self._at += 1
        return self._tokens[self._at - 1].text

    def unexpected(self) -> Refusal:
        """The service's wording for a token that does not fit."""
        token = self.now
        near = token.text or "end of query"
        return syntax_error(f"Syntax error, incorrect syntax near '{near}' at position {token.at}.")

    def expressions(self) -> tuple[Expr, ...]:
        """One or more, between commas."""
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        return tuple(found)

    def expression(self) -> Expr:
        """Any expression."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise syntax_error(f"The query is nested more than {MAX_DEPTH} levels deep.")
        test = self._loose(0)
        if self.accept("?"):
            yes = self.expression()
            self.need(":")
            test = tree.Conditional(test, yes, self.expression())
        self._depth -= 1
        return test

    def _loose(self, level: int) -> Expr:
        if level == len(LEVELS):
            return self._not()
        left = self._loose(level + 1)
        while (op := self._one_of(LEVELS[level])) is not None:
            left = tree.Binary(op, left, self._loose(level + 1))
        return left

    def _one_of(self, ops: tuple[str, ...]) -> str | None:
        return next((op for op in ops if self.accept(op)), None)

    def _not(self) -> Expr:
        if self.accept("NOT"):
            return tree.Unary("NOT", self._not())
        return self._comparison()

    def _comparison(self) -> Expr:
        left = self._tight(0)
        while True:
            if (op := self._one_of(COMPARISONS)) is not None:
                left = tree.Binary("!=" if op == "<>" else op, left, self._tight(0))
                continue
            following = self._tokens[self._at + 1].text if self.now.kind != "end" else ""
            negated = self.now.text == "NOT" and following in ("IN", "BETWEEN", "LIKE") and self.accept("NOT")
            found = self._membership(left)
            if found is None:
                return left
            left = tree.Unary("NOT", found) if negated else found

    def _membership(self, left: Expr) -> Expr | None:
        if self.accept("IN"):
            self.need("(")
            choices = self.expressions()
            self.need(")")
            return tree.In(left, choices)
        if self.accept("BETWEEN"):
            low = self._tight(0)
            self.need("AND")
            return tree.Between(left, low, self._tight(0))
        if self.accept("LIKE"):
            pattern = self._tight(0)
            return tree.Like(left, pattern, self._escape() if self.accept("ESCAPE") else None)
        return None

    def _escape(self) -> str:
        token = self.now
        if token.kind != "string" or len(token.text) != 1:
            raise syntax_error("ESCAPE takes one character.")
        self._at += 1
        return token.text

    def _tight(self, level: int) -> Expr:
        if level == len(TIGHT):
            return self._unary()
        left = self._tight(level + 1)
        while (op := self._one_of(TIGHT[level])) is not None:
            left = tree.Binary(op, left, self._tight(level + 1))
        return left

    def _unary(self) -> Expr:
        op = self._one_of(("-", "+", "~"))
        if op is None:
            return self.postfix(self.primary())
        operand = self._unary()
        if op == "-" and isinstance(operand, tree.Literal) and isinstance(operand.value, (int, float)):
            return (
                tree.Literal(-operand.value, operand.kind)
                if operand.kind == "number"
                else tree.Unary(op, operand)
            )
        return tree.Unary(op, operand)

    def postfix(self, base: Expr) -> Expr:
        """The ``.name`` and ``[key]`` steps after an expression."""
        while True:
            if self.accept("."):
                if self.now.kind not in ("name", "keyword"):
                    raise self.unexpected()
                # A property may be called like a keyword; the token of a keyword lost its letter case.
                if self.now.kind == "keyword":
                    raise syntax_error(f'Property {self.now.text!r} is a keyword: write c["…"].')
                base = tree.Member(base, tree.Literal(self.name(), "string"))
            elif self.accept("["):
                base = tree.Member(base, self.expression())
                self.need("]")
            else:
                return base

    def primary(self) -> Expr:
        """A constant, a parameter, a name, a call, brackets or a subquery."""
        token = self.now
        self._at += token.kind in ("number", "string", "param", "name")
        match token.kind:
            case "number":
                return tree.Literal(_number(token.text), "number")
            case "string":
                return tree.Literal(token.text, "string")
            case "param":
                return tree.Param(token.text)
            case "name":
                return self._call(token.text) if self.accept("(") else tree.Name(token.text)
            case "punct":
                return self._bracketed()
            case _:
                return self._word()

    def _call(self, name: str) -> Expr:
        if self.accept(")"):
            return tree.Call(name.upper(), ())
        arguments = self.expressions()
        self.need(")")
        return tree.Call(name.upper(), arguments)

    def _bracketed(self) -> Expr:
        if self.accept("("):
            inner: Expr
            inner = tree.Subquery("scalar", self.query()) if self.now.text == "SELECT" else self.expression()
            self.need(")")
            return inner
        if self.accept("["):
            if self.accept("]"):
                return tree.ArrayOf(())
            items = self.expressions()
            self.need("]")
            return tree.ArrayOf(items)
        if self.accept("{"):
            return self._object()
        raise self.unexpected()

    def _object(self) -> Expr:
        items: list[tuple[str, Expr]] = []
        while not self.accept("}"):
            if items:
                self.need(",")
            if self.now.kind not in ("string", "name"):
                raise self.unexpected()
            key = self.now.text
            self._at += 1
            self.need(":")
            items.append((key, self.expression()))
        return tree.ObjectOf(tuple(items))

    def _word(self) -> Expr:
        constants = {"TRUE": True, "FALSE": False, "NULL": None}
        word = self.now.text
        if self.now.kind == "keyword" and word in constants:
            self._at += 1
            return tree.Literal(constants[word], "null" if word == "NULL" else "boolean")
        if self.accept("UNDEFINED"):
            return tree.UndefinedLiteral()
        if word in ("EXISTS", "ARRAY"):
            self._at += 1
            self.need("(")
            query = self.query()
            self.need(")")
            return tree.Subquery(word, query)
        if word == "UDF":
            raise syntax_error("User-defined functions are not supported by this local server.")
        raise self.unexpected()


def _number(text: str) -> int | float:
    if text[:2].lower() == "0x":
        return int(text, 16)
    return float(text) if any(mark in text for mark in ".eE") else int(text)
