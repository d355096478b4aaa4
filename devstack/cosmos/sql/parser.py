"""Tokens → tree of a whole query: the clauses. Expressions are in :mod:`devstack.cosmos.sql.expressions`."""

from functools import lru_cache

from devstack.cosmos.errors import syntax_error
from devstack.cosmos.sql.expressions import ExpressionParser
from devstack.cosmos.sql.lexer import tokens
from devstack.cosmos.sql.tree import Expr, Literal, Member, Name, Order, Param, Query, Source

MAX_QUERY = 512 * 1024


class QueryParser(ExpressionParser):
    """Recursive descent; every method consumes what it parses."""

    def whole(self) -> Query:
        """A query and nothing after it."""
        query = self.query()
        if self.now.kind != "end":
            raise self.unexpected()
        return query

    def query(self) -> Query:
        """SELECT … to the end of its last clause."""
        self.need("SELECT")
        distinct = self.accept("DISTINCT")
        top = self.count() if self.accept("TOP") else None
        star = self.accept("*")
        value = not star and self.accept("VALUE")
        columns = () if star else self._columns(value)
        sources = self._sources() if self.accept("FROM") else ()
        where = self.expression() if self.accept("WHERE") else None
        group = self._group() if self.accept("GROUP") else ()
        order = self._order() if self.accept("ORDER") else ()
        offset = limit = None
        if self.accept("OFFSET"):
            offset = self.count()
            self.need("LIMIT")
            limit = self.count()
        if top is not None and limit is not None:
            raise syntax_error("TOP and OFFSET LIMIT cannot be used in one query.")
        return Query(columns, star, value, distinct, top, sources, where, group, order, offset, limit)

    def count(self) -> Expr:
        """The number of TOP, OFFSET and LIMIT: a constant or a parameter."""
        expr = self.primary()
        if isinstance(expr, Param) or (isinstance(expr, Literal) and expr.kind == "number"):
            return expr
        raise syntax_error("TOP, OFFSET and LIMIT take a number or a parameter.")

    def _columns(self, value: bool) -> tuple[tuple[Expr, str | None], ...]:
        if value:
            return ((self.expression(), None),)
        found: list[tuple[Expr, str | None]] = []
        while True:
            expr = self.expression()
            alias = None
            if self.accept("AS") or self.now.kind == "name":
                alias = self.name()
            found.append((expr, alias))
            if not self.accept(","):
                return tuple(found)

    def _sources(self) -> tuple[Source, ...]:
        found = [self._source(first=True)]
        while self.accept("JOIN"):
            found.append(self._source(first=False))
        return tuple(found)

    def _source(self, first: bool) -> Source:
        if self.accept("("):
            query = self.query()
            self.need(")")
            self.accept("AS")
            return Source(self.name(), query, each=True)
        name = self.name()
        if self.accept("IN"):
            if self.accept("("):
                query = self.query()
                self.need(")")
                return Source(name, query, each=True)
            return Source(name, self._path(self.name()), each=True)
        path = self._path(name)
        if not first:
            raise syntax_error("JOIN needs IN: JOIN item IN c.items.")
        if self.accept("AS") or self.now.kind == "name":
            return Source(self.name(), path, each=False)
        last = path.key if isinstance(path, Member) else path
        alias = (
            last.name if isinstance(last, Name) else str(last.value) if isinstance(last, Literal) else name
        )
        return Source(alias, path, each=False)

    def _path(self, name: str) -> Expr:
        return self.postfix(Name(name))

    def _group(self) -> tuple[Expr, ...]:
        self.need("BY")
        return self.expressions()

    def _order(self) -> tuple[Order, ...]:
        self.need("BY")
        found: list[Order] = []
        while True:
            expr = self.expression()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            found.append(Order(expr, descending))
            if not self.accept(","):
                return tuple(found)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The tree of a query text; 400 with the position for anything else."""
    if len(text) > MAX_QUERY:
        raise syntax_error(f"The query is longer than {MAX_QUERY} characters.")
    try:
        return QueryParser(tokens(text)).whole()
    except RecursionError:
        raise syntax_error("The query is nested too deeply.") from None
