"""Requests exactly as Microsoft.Azure.Cosmos 3.64 for .NET sends them in gateway mode.

Recorded from that client; only hosts, dates, ids and signatures are made anew. The same client runs against
this server where it is at hand; what is here needs no .NET.
"""

import base64
import http.client
import json
import re
import uuid
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from devstack.cosmos.auth import WELL_KNOWN_KEY, signature

KEY = base64.b64decode(WELL_KNOWN_KEY)
AGENT = "cosmos-netstandard-sdk/3.64.0|1|X64|Linux|.NET 10.0.0|L||S|F 00000000|"
ALWAYS = {
    "User-Agent": AGENT, "Accept": "application/json", "Cache-Control": "no-cache",
    "x-ms-cosmos-sdk-supportedcapabilities": "9", "x-ms-noretry-449": "True", "x-ms-version": "2020-07-15",
}  # fmt: skip
FEATURES = (
    "Aggregate, Distinct, GroupBy, MultipleAggregates, MultipleOrderBy, OffsetAndLimit, OrderBy, Top, "
    "NonValueAggregate, DCount, NonStreamingOrderBy, CountIf, HybridSearch, WeightedRankFusion, "
    "HybridSearchSkipOrderByRewrite"
)
PLAN = {
    "x-ms-cosmos-supported-query-features": FEATURES, "x-ms-cosmos-query-version": "1.0",
    "x-ms-cosmos-is-query-plan-request": "True", "Content-Type": "application/query+json",
}  # fmt: skip
QUERY = {
    "x-ms-documentdb-populatequerymetrics": "True", "x-ms-cosmos-query-optimisticdirectexecute": "False",
    "x-ms-cosmos-supported-serialization-formats": "JsonText,CosmosBinary", "x-ms-documentdb-isquery": "True",
    "x-ms-documentdb-query-enablecrosspartition": "True", "Content-Type": "application/query+json",
    "x-ms-documentdb-query-iscontinuationexpected": "False",
}  # fmt: skip
FEED = {"A-IM": "Incremental Feed", "x-ms-cosmos-changefeed-wire-format-version": "2021-09-15"}


@dataclass
class Answer:
    """An answer; header names in any case."""

    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON of the body, None when it is empty."""
        return json.loads(self.raw) if self.raw else None

    @property
    def text(self) -> str:
        """The message of a refusal."""
        return str(self.body["message"])


@dataclass
class Client:
    """Sends to one server of loopback."""

    port: int

    def send(
        self, verb: str, path: str, link: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request; ``link`` is what the client signs: the name, or a bare resource id in lower case."""
        kind = next((one for one in reversed(path.split("/")) if one in KINDS), "")
        date = formatdate(usegmt=True)
        token = quote(f"type=master&ver=1.0&sig={signature(KEY, verb, kind, link, date)}", safe="")
        lowered = re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), token)
        sent = {**ALWAYS, "Authorization": lowered, "x-ms-date": date, **(headers or {})}
        sent["x-ms-activity-id"] = str(uuid.uuid4())
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(verb, path, data, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read())
        finally:
            connection.close()

    def named(self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """A request to what is named by names: the link is the path, without a feed's last part."""
        parts = path.strip("/").split("/")
        link = "/".join(parts[:-1] if len(parts) % 2 else parts)
        return self.send(verb, path, link, body, headers)


KINDS = ("docs", "pkranges", "colls", "dbs", "offers")


def key(*values: Any) -> dict[str, str]:
    """The partition key header."""
    return {"x-ms-documentdb-partitionkey": json.dumps(list(values))}


def on_range(number: int | str, count: int = 1000) -> dict[str, str]:
    """The headers of a page of one range."""
    return {"x-ms-documentdb-partitionkeyrangeid": str(number), "x-ms-max-item-count": str(count)}
