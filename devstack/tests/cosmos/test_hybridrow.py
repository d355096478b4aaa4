"""The .NET client's batches and bulk: its bytes in, bytes out that it can take apart."""

import itertools
import json
import struct
import zlib
from typing import Any

import pytest

from devstack.tests.cosmos.dotnet import Answer, Client, key
from devstack.tests.cosmos.serving import Serving

# Recorded: Create one, Upsert two, Replace one, Read one, Patch two (incr /n), Delete two; key "b".
COMMITS = bytes.fromhex(
    "81f0d8ff7f010a00000081f1d8ff7f24000000bdef4c4d817054e17f430000000002000000157b226964223a226f6e65222c22706b"
    "223a2262227d81f1d8ff7f2a000000aa054aea817054e17f4314000000020000001b7b226964223a2274776f222c22706b223a2262"
    "222c226e223a317d81f1d8ff7f2e00000047b22c0c817054e17f530500000002000000036f6e651b7b226964223a226f6e65222c22"
    "706b223a2262222c226e223a327d81f1d8ff7f12000000451f0c67817054e17f130200000002000000036f6e6581f1d8ff7f470000"
    "00990a80f5817054e17f5301000000020000000374776f347b226f7065726174696f6e73223a5b7b226f70223a22696e6372222c22"
    "70617468223a222f6e222c2276616c7565223a317d5d7d81f1d8ff7f1200000032b697e3817054e17f1304000000020000000374776f"
)
# Recorded: Create three, Create one.
UNDOES = bytes.fromhex(
    "81f0d8ff7f010a00000081f1d8ff7f260000008b1fd6dc817054e17f430000000002000000177b226964223a227468726565222c22"
    "706b223a2262227d81f1d8ff7f24000000bdef4c4d817054e17f430000000002000000157b226964223a226f6e65222c22706b223a"
    "2262227d"
)
BATCH = {
    "x-ms-cosmos-is-batch-request": "True", "x-ms-cosmos-batch-atomic": "True",
    "x-ms-cosmos-batch-ordered": "True",
}  # fmt: skip
BULK = {
    "x-ms-cosmos-is-batch-request": "True", "x-ms-cosmos-batch-atomic": "False",
    "x-ms-cosmos-batch-continue-on-error": "True",
}  # fmt: skip
CREATE, READ, REPLACE = 0, 2, 5
NAMES = itertools.count()
PLACES = {"partitionKey": 2, "effectivePartitionKey": 3, "id": 4, "binaryId": 5, "resourceBody": 6}
SPARSE = {"indexingDirective": 8, "ifMatch": 9, "ifNoneMatch": 10, "timeToLiveInSeconds": 11, "minimal": 12}


@pytest.fixture(scope="module")
def dotnet(serving: Serving) -> Client:
    client = Client(serving.port)
    assert client.send("POST", "/dbs", "", {"id": "hybrid"}).status == 201
    return client


@pytest.fixture
def docs(dotnet: Client) -> str:
    body = {"id": f"n{next(NAMES)}", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
    assert dotnet.send("POST", "/dbs/hybrid/colls", "dbs/hybrid", body).status == 201
    return f"/dbs/hybrid/colls/{body['id']}/docs"


def stream(*operations: bytes) -> bytes:
    parts = [bytes.fromhex("81f0d8ff7f010a000000")]
    for one in operations:
        parts += [bytes.fromhex("81f1d8ff7f"), struct.pack("<II", len(one), zlib.crc32(one)), one]
    return b"".join(parts)


def operation(kind: int, **columns: Any) -> bytes:
    """A row of an operation; texts, an item as the resourceBody, and sparse columns."""
    if "item" in columns:
        columns["resourceBody"] = json.dumps(columns.pop("item"), separators=(",", ":"))
    variable = [name for name in PLACES if name in columns]
    present = 0b11 | sum(1 << PLACES[name] for name in variable)
    row = b"\x81" + struct.pack("<IBii", 0x7FE15470, present, kind, 2)
    row += b"".join(counted(columns[name]) for name in variable)
    for name, place in SPARSE.items():
        value = columns.get(name)
        if isinstance(value, bool):
            row += bytes([3 if value else 2, place])
        elif isinstance(value, int):
            row += bytes([7, place]) + struct.pack("<i", value)
        elif value is not None:
            row += bytes([20, place]) + counted(value)
    return row


def counted(text: str) -> bytes:
    data = text.encode()
    assert len(data) < 0x4000
    short = [len(data)] if len(data) < 0x80 else [len(data) & 0x7F | 0x80, len(data) >> 7]
    return bytes(short) + data


def results(data: bytes) -> list[dict[str, Any]]:
    """The rows of an answer: ``TransactionalBatchOperationResult.ReadOperationResult``."""
    assert data[:10] == bytes.fromhex("81f0d8ff7f010a000000")
    at, found = 10, []
    while at < len(data):
        assert data[at : at + 5] == bytes.fromhex("81f1d8ff7f")
        length, crc = struct.unpack_from("<II", data, at + 5)
        row = data[at + 13 : at + 13 + length]
        assert zlib.crc32(row) == crc
        found.append(result(row))
        at += 13 + length
    return found


def result(row: bytes) -> dict[str, Any]:
    version, schema, present, status, substatus = struct.unpack_from("<BIBii", row)
    assert (version, schema, present & 0b11) == (0x81, 0x7FE15471, 0b11)
    at, texts = 14, []
    for bit in (2, 3):
        text = b""
        if present & 1 << bit:
            length = row[at] if row[at] < 0x80 else row[at] & 0x7F | row[at + 1] << 7
            at += 1 if row[at] < 0x80 else 2
            text, at = row[at : at + length], at + length
        texts.append(text)
    code, path, charge = struct.unpack_from("<BBd", row, at)
    assert (code, path, at + 10) == (16, 6, len(row))
    body = json.loads(texts[1]) if texts[1] else None
    return {
        "status": status,
        "substatus": substatus,
        "etag": texts[0].decode(),
        "body": body,
        "charge": charge,
    }


def send(dotnet: Client, docs: str, body: bytes, **headers: str) -> Answer:
    return dotnet.named("POST", docs, body, {**BATCH, **key("b"), **headers})


def ids(dotnet: Client, docs: str) -> set[str]:
    return {one["id"] for one in dotnet.named("GET", docs, headers=key("b")).body["Documents"]}


def test_the_requests_here_are_written_as_recorded() -> None:
    assert (
        stream(
            operation(CREATE, item={"id": "three", "pk": "b"}),
            operation(CREATE, item={"id": "one", "pk": "b"}),
        )
        == UNDOES
    )


def test_a_recorded_batch_commits(dotnet: Client, docs: str) -> None:
    answer = send(dotnet, docs, COMMITS)
    rows = results(answer.raw)
    assert answer.status == 200
    assert [one["status"] for one in rows] == [201, 201, 200, 200, 200, 204]
    assert rows[4]["body"]["n"] == 2
    assert rows[3]["body"] == rows[2]["body"] == dotnet.named("GET", f"{docs}/one", headers=key("b")).body
    assert rows[3]["etag"] == rows[3]["body"]["_etag"]
    total = float(str(answer.headers["x-ms-request-charge"]))
    assert total == pytest.approx(sum(one["charge"] for one in rows))
    assert answer.headers["x-ms-session-token"] is not None
    assert ids(dotnet, docs) == {"one"}


def test_a_recorded_batch_is_undone(dotnet: Client, docs: str) -> None:
    """207, with the refusal as the body of the operation at fault: the client shows it as the batch's."""
    send(dotnet, docs, COMMITS)
    answer = send(dotnet, docs, UNDOES)
    rows = results(answer.raw)
    assert (answer.status, [one["status"] for one in rows]) == (207, [424, 409])
    assert rows[1]["body"]["code"] == "Conflict"
    assert ids(dotnet, docs) == {"one"}
    alone = send(dotnet, docs, stream(operation(CREATE, item={"id": "one", "pk": "b"})))
    assert (alone.status, [one["status"] for one in results(alone.raw)]) == (207, [409])


def test_conditions_and_answers_without_content(dotnet: Client, docs: str) -> None:
    """The sparse columns, in the layout that the library's source gives them."""
    etag = results(send(dotnet, docs, COMMITS).raw)[2]["etag"]
    item = {"id": "one", "pk": "b", "text": "t" * 300}
    stale = operation(REPLACE, id="one", item=item, ifMatch='"stale"')
    assert [one["status"] for one in results(send(dotnet, docs, stream(stale)).raw)] == [412]
    fresh = operation(REPLACE, id="one", item=item, ifMatch=etag, minimal=True)
    rows = results(send(dotnet, docs, stream(fresh, operation(READ, id="one", minimal=False))).raw)
    assert [(one["status"], one["body"] is None) for one in rows] == [(200, True), (200, False)]
    unchanged = operation(READ, id="one", ifNoneMatch=rows[1]["etag"])
    assert [one["status"] for one in results(send(dotnet, docs, stream(unchanged)).raw)] == [304]


def test_a_recorded_shape_of_bulk(dotnet: Client, docs: str) -> None:
    """One request a range, each operation with its key; a failure costs nobody else, and says what it is."""
    keys = [f'["p{n}"]' for n in range(8)]
    sent: dict[str, list[str]] = {"0": [], "1": []}
    for one in keys:
        sent[range_of(dotnet, docs, one)].append(one)
    assert all(sent.values())
    for number, mine in sent.items():
        rows = [
            operation(CREATE, partitionKey=one, item={"id": "a", "pk": json.loads(one)[0]}) for one in mine
        ]
        twice = stream(*rows, rows[0], operation(READ, partitionKey=mine[0], id="a"))
        place = {"x-ms-documentdb-partitionkeyrangeid": number}
        answer = dotnet.named("POST", docs, twice, {**BULK, **place})
        found = results(answer.raw)
        assert answer.status == 207
        assert [one["status"] for one in found] == [*[201] * len(mine), 409, 200]
        assert found[-2]["body"]["message"].startswith("Resource with specified id or name already exists")
        assert found[-1]["body"]["_etag"] == found[0]["etag"]
    elsewhere = stream(operation(CREATE, partitionKey=sent["0"][0], item={"id": "b", "pk": "?"}))
    moved = dotnet.named("POST", docs, elsewhere, {**BULK, "x-ms-documentdb-partitionkeyrangeid": "1"})
    (row,) = results(moved.raw)
    assert (row["status"], row["substatus"]) == (410, 1002)  # upon which the client asks for the ranges again


def range_of(dotnet: Client, docs: str, text: str) -> str:
    found = dotnet.named("GET", docs, headers={"x-ms-documentdb-partitionkey": text})
    return str(found.headers["x-ms-documentdb-partitionkeyrangeid"])


def test_bulk_of_a_range_that_was_split(serving: Serving, dotnet: Client, docs: str) -> None:
    _, _, _, name, _ = docs.strip("/").split("/")
    serving.control(split={"database": "hybrid", "container": name, "range": "0"})
    body = stream(operation(CREATE, partitionKey='["p1"]', item={"id": "a", "pk": "p1"}))
    gone = dotnet.named("POST", docs, body, {**BULK, "x-ms-documentdb-partitionkeyrangeid": "0"})
    assert (gone.status, gone.headers["x-ms-substatus"]) == (410, "1002")


GOOD = stream(operation(CREATE, item={"id": "a", "pk": "b"}))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (GOOD[:-1], "malformed: it ends after"),
        (GOOD[:12], "malformed: it ends after"),
        (GOOD[:-1] + b" ", "the checksum of operation 0 is wrong"),
        (b"\x81\x00" + GOOD[2:], "malformed: a row of version 0x81"),
        (stream(operation(CREATE, item=1)[:-1] + b"{"), "a resourceBody is no JSON"),
        (stream(operation(READ, id="a") + b"\x14\x63\x00"), "malformed: a sparse column with the path 99"),
        (stream(operation(READ, id="a") + b"\x07\x09\x00"), "malformed: it ends after"),
        (stream(operation(READ, id="a") + b"\x1e\x09"), "malformed: the column ifMatch with the type 30"),
        (stream(operation(3, id="a")), "The operation 3 on resources of type 2 in a HybridRow batch"),
        (stream(operation(READ, binaryId="a")), "binaryId in a HybridRow batch is not supported"),
        (stream(operation(READ, id="a", indexingDirective="Exclude")), "indexingDirective in a HybridRow"),
        (stream(operation(READ, id="a", timeToLiveInSeconds=5)), "timeToLiveInSeconds in a HybridRow batch"),
        (stream(), "A batch must be a list of operations"),
        (stream(*[operation(READ, id="a")] * 101), "more operations than what is supported"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(dotnet: Client, docs: str, body: bytes, words: str) -> None:
    """400 with a text, which the client gives to the program at once; nothing is written."""
    answer = send(dotnet, docs, body)
    assert answer.status == 400
    assert words in answer.text
    assert ids(dotnet, docs) == set()
