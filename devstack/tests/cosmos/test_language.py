"""The query language on single expressions and small sets, without a server."""

import random
from typing import Any

import orjson
import pytest

from devstack.cosmos.errors import Refusal
from devstack.cosmos.sql.pages import Cursor, page, starting
from devstack.cosmos.sql.parser import parse
from devstack.cosmos.sql.render import render
from devstack.cosmos.sql.shape import compile_query

NOTHING = "nothing"  # an undefined value is no row


def run(text: str, items: list[Any], most: int = 1000, **parameters: Any) -> list[Any]:
    """All results; every page is resumed by its cursor, and the rendered query must agree."""
    stored = [(n * 3, orjson.dumps(item)) for n, item in enumerate(items)]
    answers: list[list[Any]] = []
    for query in (parse(text), parse(render(parse(text)))):
        shape = compile_query(query, {f"@{name}": value for name, value in parameters.items()})
        cursor: Cursor | None = starting(shape)
        results: list[Any] = []
        while cursor is not None:
            found, cursor = page(shape, stored, cursor, most)
            results += [orjson.loads(one) for one in found]
        answers.append(results)
    assert answers[0] == answers[1]
    return answers[0]


def value(expression: str, item: Any = None) -> Any:
    """The value of one expression."""
    found = run(f"SELECT VALUE {expression} FROM c", [item if item is not None else {"id": "i"}])
    return found[0] if found else NOTHING


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("true AND true", True), ("true AND false", False), ("false AND undefined", False),
        ("undefined AND false", False), ("true AND undefined", NOTHING), ("undefined AND undefined", NOTHING),
        ("true OR undefined", True), ("undefined OR true", True), ("false OR undefined", NOTHING),
        ("false OR false", False), ("NOT undefined", NOTHING), ("NOT false", True), ("NOT 1", NOTHING),
        ("1 AND true", NOTHING), ("null OR true", True), ("'a' AND false", False),
    ],
)  # fmt: skip
def test_three_valued_logic(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 = 1.0", True), ("1 = true", False), ("1 != '1'", True), ("null = null", True),
        ("1 = undefined", NOTHING),
        ("[1, [2]] = [1, [2]]", True), ("{'a': 1} = {'a': 1.0}", True),
        ("{'a': 1} = {'a': 1, 'b': 2}", False),
        ("1 < 2", True), ("1 < '2'", NOTHING), ("'a' < 'b'", True), ("false < true", True),
        ("null <= null", True),
        ("[1] < [2]", NOTHING), ("2 BETWEEN 1 AND 3", True), ("'5' > 100", NOTHING), ("2 IN (1, 2)", True),
        ("2 IN (1, '2')", False), ("2 NOT IN (1, 3)", True), ("undefined IN (1)", NOTHING),
        ("5 / 2", 2.5), ("4 / 2", 2), ("1 / 0", NOTHING), ("-7 % 3", -1), ("1 + 'a'", NOTHING),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20), ("7 & 3", 3), ("1 << 4", 16), ("-1 >>> 28", 15), ("~5", -6),
        ("'a' || 'b'", "ab"),
        ("undefined ?? 3", 3), ("null ?? 3", None), ("true ? 1 : 2", 1), ("0 ? 1 : 2", 2), ("-(-3)", 3),
        ("[1, undefined, 2]", [1, 2]), ("{'a': undefined, 'b': 1}", {"b": 1}), ("0x1F", 31), ("1e3", 1000.0),
        ("'it\\'s'", "it's"), ("\"\\u00e9\"", "é"), ("[10, 20][1]", 20), ("{'a': {'b': 5}}.a.b", 5),
        ("'abc' LIKE 'a%'", True), ("'abc' LIKE '_b_'", True), ("'a%c' LIKE 'a!%c' ESCAPE '!'", True),
        ("'abc' LIKE 'a!%c' ESCAPE '!'", False), ("'abc' LIKE '[a-c]bc'", True),
        ("'abc' NOT LIKE '[^a]%'", True),
    ],
)  # fmt: skip
def test_operators(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert isinstance(found, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IS_DEFINED(c.x)", False), ("IS_NULL(null)", True), ("IS_NUMBER('1')", False),
        ("IS_BOOL(false)", True),
        ("IS_STRING('')", True), ("IS_ARRAY([])", True), ("IS_OBJECT({})", True), ("IS_PRIMITIVE([])", False),
        ("IS_INTEGER(1.0)", True), ("CONTAINS('Abc', 'b')", True), ("CONTAINS('Abc', 'B')", False),
        ("CONTAINS('Abc', 'B', true)", True), ("STARTSWITH('abc', 'ab')", True),
        ("ENDSWITH('abc', 'C', true)", True),
        ("STRINGEQUALS('A', 'a', true)", True), ("CONCAT('a', 'b', 'c')", "abc"), ("LENGTH('héé')", 3),
        ("LOWER('AB')", "ab"), ("UPPER('ab')", "AB"), ("TRIM('  a ')", "a"), ("LEFT('abc', 2)", "ab"),
        ("RIGHT('abc', 2)", "bc"), ("RIGHT('abc', 9)", "abc"), ("SUBSTRING('abcdef', 1, 3)", "bcd"),
        ("INDEX_OF('abcabc', 'c', 3)", 5), ("REPLACE('aba', 'a', 'x')", "xbx"),
        ("REPLICATE('ab', 2)", "abab"),
        ("REVERSE('abc')", "cba"), ("REGEXMATCH('abcd', 'A.C', 'i')", True), ("TOSTRING(1.5)", "1.5"),
        ("TOSTRING([1, 2])", "[1,2]"), ("STRINGTONUMBER('1e2')", 100.0), ("STRINGTONUMBER('x')", NOTHING),
        ("STRINGTOARRAY('[1]')", [1]), ("ABS(-2)", 2), ("CEILING(1.2)", 2), ("FLOOR(-1.2)", -2),
        ("ROUND(2.5)", 3),
        ("ROUND(-2.5)", -3), ("ROUND(2.345, 2)", 2.35), ("TRUNC(-2.7)", -2), ("POWER(2, 10)", 1024),
        ("SQRT(9)", 3),
        ("SQRT(-1)", NOTHING), ("SIGN(-3)", -1), ("LOG10(1000)", 3), ("ABS('x')", NOTHING),
        ("ARRAY_LENGTH([1, 2])", 2), ("ARRAY_CONTAINS([1, {'a': 1, 'b': 2}], {'a': 1})", False),
        ("ARRAY_CONTAINS([1, {'a': 1, 'b': 2}], {'a': 1}, true)", True),
        ("ARRAY_CONCAT([1], [2], [3])", [1, 2, 3]),
        ("ARRAY_SLICE([1, 2, 3, 4], 1, 2)", [2, 3]), ("ARRAY_SLICE([1, 2, 3], -2)", [2, 3]),
        ("ARRAY_CONTAINS_ANY([1, 2], 5, 2)", True), ("ARRAY_CONTAINS_ALL([1, 2], 1, 5)", False),
        ("SETINTERSECT([1, 2, 2], [2, 3])", [2]), ("SETUNION([1], [1, 2])", [1, 2]),
        ("OBJECTTOARRAY({'a': 1})", [{"k": "a", "v": 1}]), ("IIF(1 = 1, 'y', 'n')", "y"),
        ("CHOOSE(2, 'a', 'b')", "b"),
        ("STRINGSPLIT('a,b', ',')", ["a", "b"]), ("INTDIV(-7, 2)", -3), ("NUMBERBIN(37, 10)", 30),
        ("DATETIMEADD('month', 1, '2026-01-31T10:00:00.0000000Z')", "2026-02-28T10:00:00.0000000Z"),
        ("DATETIMEDIFF('hour', '2026-01-01T00:59:00Z', '2026-01-01T02:00:00Z')", 2),
        ("DATETIMEPART('dd', '2026-01-31T10:00:00Z')", 31), ("DATETIMEPART('dd', 'no date')", NOTHING),
        ("DATETIMEBIN('2026-01-31T10:47:12Z', 'hour', 1)", "2026-01-31T10:00:00.0000000Z"),
        ("DATETIMEFROMPARTS(2026, 2, 3)", "2026-02-03T00:00:00.0000000Z"),
        ("DATETIMETOTIMESTAMP('1970-01-02T00:00:00Z')", 86_400_000),
        ("DATETIMETOTICKS('2020-01-02T03:04:05.6789124Z')", 15_779_342_456_789_124),
        ("TIMESTAMPTODATETIME(86400000)", "1970-01-02T00:00:00.0000000Z"),
        ("TICKSTODATETIME(15779342456789124)", "2020-01-02T03:04:05.6789124Z"),
    ],
)  # fmt: skip
def test_functions(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "SELECT", "SELECT FROM c", "SELECT * FROM", "SELECT * FROM c WHERE",
        "SELECT * FROM c WHERE c.x =",
        "SELECT * FROM c JOIN c.x", "SELECT * FROM c ORDER c.x", "SELECT * FROM c LIMIT 5", "DELETE FROM c",
        "SELECT * FROM c OFFSET 1", "SELECT TOP 1 * FROM c OFFSET 0 LIMIT 1", "SELECT TOP -1 * FROM c",
        "SELECT NOSUCH(c.x) FROM c", "SELECT x.y FROM c", "SELECT c.x, c.x FROM c",
        "SELECT * FROM c; SELECT 1",
        "SELECT c.value FROM c", "SELECT c.x FROM c GROUP BY c.y", "SELECT COUNT(1), c.x FROM c",
        "SELECT * FROM c WHERE COUNT(1) > 1", "SELECT * FROM c GROUP BY c.x", "SELECT udf.f(c) FROM c",
        "SELECT * FROM c WHERE c.x = @absent", "SELECT LENGTH() FROM c", "SELECT * FROM c JOIN t IN c.t",
        "SELECT c FROM c JOIN c IN c.t", "SELECT 'open FROM c", "SELECT * FROM c WHERE c.x ~ 1", "SELECT 1",
        "SELECT COUNT(1) FROM c ORDER BY c.x", "SELECT " + "(" * 300 + "1" + ")" * 300 + " FROM c",
        "SELECT * FROM (SELECT VALUE c FROM c) AS x", "SELECT c.x FROM c HAVING c.x",
    ],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        run(text, [{"id": "a", "t": [1]}])
    assert caught.value.status == 400


ITEMS = [
    {
        "id": f"i{n}",
        "n": n % 4,
        "tags": ["red", "blue", "green"][: n % 4],
        "deep": {"list": [{"v": n}, {"v": -n}]},
    }
    for n in range(12)
]


def test_clauses() -> None:
    assert run("SELECT VALUE c.id FROM c WHERE c.n = 1", ITEMS) == ["i1", "i5", "i9"]
    assert run("SELECT VALUE m.id FROM machines m WHERE m['n'] = @n", ITEMS, n=1) == ["i1", "i5", "i9"]
    assert run("SELECT c.id, t AS tag FROM c JOIN t IN c.tags WHERE c.id = 'i2'", ITEMS) == [
        {"id": "i2", "tag": "red"},
        {"id": "i2", "tag": "blue"},
    ]
    assert run("SELECT VALUE d.v FROM d IN c.deep.list WHERE d.v > 9", ITEMS) == [10, 11]
    assert run("SELECT VALUE list[0].v FROM c.deep.list WHERE list[0].v > 9", ITEMS) == [10, 11]
    exists = "EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 'green')"
    assert run(f"SELECT VALUE c.id FROM c WHERE {exists}", ITEMS) == ["i3", "i7", "i11"]
    assert run(
        "SELECT VALUE ARRAY(SELECT VALUE UPPER(t) FROM t IN c.tags) FROM c WHERE c.id = 'i2'", ITEMS
    ) == [["RED", "BLUE"]]
    assert run(
        "SELECT VALUE (SELECT VALUE COUNT(1) FROM t IN c.tags) FROM c WHERE c.n IN (0, 3)", ITEMS[:4]
    ) == [0, 3]
    joined = (
        "SELECT VALUE t FROM c JOIN (SELECT VALUE x FROM x IN c.tags WHERE x != 'red') AS t WHERE c.id = 'i3'"
    )
    assert run(joined, ITEMS) == ["blue", "green"]


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_pages_lose_and_repeat_nothing(most: int) -> None:
    def check(text: str, expected: list[Any]) -> None:
        assert run(text, ITEMS, most) == expected

    check("SELECT DISTINCT VALUE c.n FROM c", [0, 1, 2, 3])
    check("SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n DESC", [3, 2, 1, 0])
    check("SELECT VALUE c.id FROM c ORDER BY c.n DESC, c.id OFFSET 2 LIMIT 3", ["i7", "i10", "i2"])
    check("SELECT TOP 4 VALUE c.id FROM c", ["i0", "i1", "i2", "i3"])
    check("SELECT c.n, COUNT(1) AS k, MAX(c.id) AS m FROM c WHERE c.n > 1 GROUP BY c.n",
          [{"n": 2, "k": 3, "m": "i6"}, {"n": 3, "k": 3, "m": "i7"}])  # fmt: skip
    check("SELECT VALUE t FROM c JOIN t IN c.tags", [tag for item in ITEMS for tag in item["tags"]])  # type: ignore[attr-defined]
    check("SELECT VALUE COUNT(1) FROM c WHERE false", [0])
    check("SELECT VALUE AVG(c.n) FROM c WHERE false", [])
    check("SELECT SUM(c.n) AS s, MIN(c.id) AS m, COUNT(c.absent) AS k FROM c", [{"s": 18, "m": "i0", "k": 0}])


def test_the_order_of_types() -> None:
    values: list[Any] = [None, False, True, -1.5, 3, "", "Z", "a", [1], [2], {"a": 1}]
    items = [{"id": "u"}, *({"id": str(n), "v": one} for n, one in enumerate(values))]
    random.Random(7).shuffle(items)
    found = run("SELECT c.v FROM c ORDER BY c.v", items, 3)
    assert found == [{}, *({"v": one} for one in values)]
    assert run("SELECT c.v FROM c ORDER BY c.v DESC", items, 2) == found[::-1]


def test_writing_between_pages_neither_hides_nor_repeats() -> None:
    shape = compile_query(parse("SELECT VALUE c.id FROM c ORDER BY c.n"), {})
    items = [(n * 256, orjson.dumps({"id": f"i{n}", "n": n % 3})) for n in range(9)]
    first, cursor = page(shape, items, starting(shape), 4)
    assert cursor is not None
    items = [one for one in items if one[0] != 256 * 3]  # an item already seen is deleted
    items.append((256 * 50, orjson.dumps({"id": "late", "n": 0})))  # and one is added
    rest, cursor = page(shape, items, cursor, 100)
    assert cursor is None
    stayed = {orjson.loads(one) for one in first + rest} - {"late"}
    assert stayed == {f"i{n}" for n in range(9)}
    assert len(first + rest) == len(set(first + rest))
