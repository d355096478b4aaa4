"""Text of a query → tokens."""

import re
from dataclasses import dataclass
from typing import Final

from devstack.cosmos.errors import syntax_error

KEYWORDS: Final = frozenset(
    [
        "SELECT",
        "DISTINCT",
        "TOP",
        "VALUE",
        "FROM",
        "WHERE",
        "GROUP",
        "ORDER",
        "BY",
        "ASC",
        "DESC",
        "OFFSET",
        "LIMIT",
        "AS",
        "JOIN",
        "IN",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "LIKE",
        "ESCAPE",
        "EXISTS",
        "ARRAY",
        "TRUE",
        "FALSE",
        "NULL",
        "UNDEFINED",
        "UDF",
    ]
)
PATTERN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<param>[@\#][A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<punct>!=|<>|<=|>=|\|\||\?\?|>>>|<<|>>|[-+*/%&|^~=<>(){}\[\],.:?])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES: Final = {
    '"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is name, keyword, number, string, param, punct or end; ``text`` has a keyword in capitals."""

    kind: str
    text: str
    at: int


def tokens(query: str) -> list[Token]:
    """All tokens and an end token; 400 at the first character that starts none."""
    found: list[Token] = []
    at = 0
    while at < len(query):
        match = PATTERN.match(query, at)
        if match is None:
            raise syntax_error(f"Syntax error, invalid token at position {at}: {query[at : at + 10]!r}.")
        kind, text = str(match.lastgroup), match.group()
        if kind == "name" and text.upper() in KEYWORDS:
            found.append(Token("keyword", text.upper(), at))
        elif kind == "string":
            found.append(Token("string", unescape(text[1:-1], at), at))
        elif kind != "space":
            found.append(Token(kind, text, at))
        at = match.end()
    found.append(Token("end", "", at))
    return found


def unescape(text: str, at: int) -> str:
    """The characters a string literal stands for."""
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u":
            return chr(int(code[1:], 16))
        if code not in ESCAPES:
            raise syntax_error(f"Syntax error, invalid escape \\{code} in the string at position {at}.")
        return ESCAPES[code]

    plain = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, text, flags=re.DOTALL)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
