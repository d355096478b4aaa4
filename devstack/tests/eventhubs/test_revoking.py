"""Revoked publishers: who may revoke, what is answered, and that nothing more of theirs is taken.

Sources: learn.microsoft.com/rest/api/eventhub: revoke-publisher, resume-publisher, get-revoked-publishers;
AmqpErrorCondition of the Java SDK and AmqpClientConstants of the .NET one for the condition's name.
"""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from azure.core.credentials import AzureSasCredential
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from devstack.eventhubs.security.sas import sign
from devstack.eventhubs.wire import performatives as p
from devstack.tests.eventhubs.peer import Peer, event
from devstack.tests.eventhubs.serving import Served, serving

ATOM = "{http://www.w3.org/2005/Atom}"
CONNECT = "{http://schemas.microsoft.com/netservices/2010/10/servicebus/connect}"
POLICIES = [
    {"name": "root", "key": "k-root", "rights": ["Manage"]},
    {"name": "keeper", "key": "k-keeper", "rights": ["Manage"], "entity": "fleet"},
    {"name": "devices", "key": "k-dev", "rights": ["Send"], "entity": "fleet"},
    {"name": "reader", "key": "k-read", "rights": ["Listen"]},
]
KEYS = {policy["name"]: str(policy["key"]) for policy in POLICIES}
REVOKED = "com.microsoft:publisher-revoked"
Answer = tuple[int, str, bytes]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with opened(tmp_path_factory.mktemp("revoking")) as server:
        yield server


def opened(folder: Path) -> AbstractContextManager[Served]:
    (folder / "policies.json").write_text(json.dumps(POLICIES))
    return serving(folder, "--policies", str(folder / "policies.json"))


def token(policy: str, path: str = "fleet") -> str:
    return sign(f"sb://localhost/{path}", policy, KEYS[policy], int(time.time()) + 600)


def ask(
    served: Served, method: str, path: str, body: str = "", policy: str = "root", scope: str = "fleet"
) -> Answer:
    """Status, content type and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    try:
        headers = {"Authorization": token(policy, scope), "Content-Type": "application/atom+xml;type=entry"}
        connection.request(method, f"/{path}?timeout=60&api-version=2014-01", body.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


def entry(name: str) -> str:
    """What a PUT holds, as revoke-publisher shows it."""
    return (
        '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">'
        '<RevokedPublisherDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"'
        f' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Name>{name}</Name>'
        "</RevokedPublisherDescription></content></entry>"
    )


def revoke(served: Served, name: str, **more: str) -> Answer:
    return ask(served, "PUT", f"fleet/RevokedPublishers/{name}", entry(name), **more)


def listed(served: Served) -> list[str]:
    status, kind, body = ask(served, "GET", "fleet/revokedpublishers")
    assert (status, kind) == (200, "application/atom+xml;type=feed;charset=utf-8")
    root = ET.fromstring(body)
    assert root.tag == f"{ATOM}feed"
    path = f"{ATOM}entry/{ATOM}content/{CONNECT}RevokedPublisherDescription/{CONNECT}Name"
    return [str(found.text) for found in root.iterfind(path)]


def posted(served: Served, publisher: str) -> Answer:
    path = f"fleet/publishers/{publisher}"
    return ask(served, "POST", f"{path}/messages", "x", policy="devices", scope=path)


def test_a_publisher_is_revoked_listed_and_resumed(guarded: Served) -> None:
    assert posted(guarded, "dev-1")[0] == 201
    status, kind, body = revoke(guarded, "dev-1")
    assert (status, kind) == (201, "application/atom+xml;type=entry;charset=utf-8")
    assert ET.fromstring(body).tag == f"{ATOM}entry"
    assert revoke(guarded, "dev-1")[0] == 409
    assert "dev-1" in listed(guarded)
    assert ask(guarded, "DELETE", "fleet/revokedpublishers/dev-1")[::2] == (200, b"")
    assert "dev-1" not in listed(guarded)
    assert posted(guarded, "dev-1")[0] == 201
    assert ask(guarded, "DELETE", "fleet/revokedpublishers/dev-1")[0] == 404


def test_over_http_a_revoked_publisher_is_401_in_any_case(guarded: Served) -> None:
    revoke(guarded, "1_.dev-2_.vm-2_.3")
    for name in ("1_.dev-2_.vm-2_.3", "1_.DEV-2_.vm-2_.3"):
        status, _, body = posted(guarded, name)
        assert status == 401
        assert b"is revoked" in body
    assert posted(guarded, "1_.dev-2_.vm-2_.4")[0] == 201, "the next epoch is another publisher"
    assert ask(guarded, "POST", "fleet/messages", "x", policy="devices")[0] == 201


def test_over_amqp_open_links_end_and_none_is_opened(guarded: Served) -> None:
    target = "fleet/Publishers/dev-3"
    with Peer(guarded.port) as peer, Peer(guarded.port) as other:
        for one, path in ((peer, target), (other, "fleet/Publishers/dev-30")):
            assert one.put_token(f"sb://localhost/{path}", policy="devices", key="k-dev") == 202
        handle, _ = peer.attach(target=target)
        assert peer.send(handle, 0, "before").descriptor == p.ACCEPTED
        untouched, _ = other.attach(target="fleet/Publishers/dev-30")
        assert revoke(guarded, "dev-3")[0] == 201
        assert peer.error_of_detach() == (REVOKED, "The publisher 'dev-3' is revoked.")
        assert peer.attach(target=target)[1][6] is None
        assert peer.error_of_detach()[0] == REVOKED
        assert other.send(untouched, 0, "still there").descriptor == p.ACCEPTED


def test_an_event_on_its_way_is_rejected(guarded: Served) -> None:
    """Whether the link ends before or after it: it is not stored."""
    with Peer(guarded.port) as peer:
        assert peer.put_token("sb://localhost/fleet/Publishers/dev-4", policy="devices", key="k-dev") == 202
        handle, _ = peer.attach(target="fleet/Publishers/dev-4")
        assert revoke(guarded, "dev-4")[0] == 201
        peer.transfer(handle, 0, event("late"))
        while not any(heard[1] in (p.DISPOSITION, p.DETACH) for heard in peer.heard):
            peer.poll()
        if any(heard[1] == p.DISPOSITION for heard in peer.heard):
            error = peer.hear(p.DISPOSITION)[4].value[0].value
            assert error[0] == REVOKED
        assert peer.error_of_detach()[0] == REVOKED


def test_the_sdk_tells_why(guarded: Served) -> None:
    revoke(guarded, "dev-5")
    path = "fleet/publishers/dev-5"
    client = EventHubProducerClient(
        f"localhost:{guarded.port}", path, AzureSasCredential(token("devices", path)), use_tls=False,
        retry_total=0,
    )  # fmt: skip
    with client, pytest.raises(EventHubError, match="is revoked"):
        client.send_batch([EventData("x")])


@pytest.mark.parametrize(
    ("policy", "scope", "status"),
    [
        ("keeper", "fleet", 201),
        ("root", "", 201),
        ("root", "fleet/revokedpublishers/dev-6", 201),
        ("devices", "fleet", 401),
        ("reader", "fleet", 401),
        ("root", "fleet/publishers/dev-6", 401),
        ("root", "other", 401),
    ],
)
def test_only_who_manages_the_hub_may_revoke(guarded: Served, policy: str, scope: str, status: int) -> None:
    ask(guarded, "DELETE", "fleet/revokedpublishers/dev-6")
    assert revoke(guarded, "dev-6", policy=policy, scope=scope)[0] == status
    assert ("dev-6" in listed(guarded)) == (status == 201)


def test_without_a_token_nothing_is_told(guarded: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=60)
    connection.request("GET", "/fleet/revokedpublishers")
    assert connection.getresponse().status == 401
    connection.close()


@pytest.mark.parametrize(
    "body",
    ["", "<entry", "<entry/>", entry("dev-8"), entry(""), entry("dev-7").replace("2010/10", "2011/10"),
     '<!DOCTYPE a [<!ENTITY b "dev-7">]>' + entry("&b;")],
)  # fmt: skip
def test_a_put_that_is_no_description_of_its_publisher_is_400(guarded: Served, body: str) -> None:
    status, _, answer = ask(guarded, "PUT", "fleet/revokedpublishers/dev-7", body)
    assert status == 400
    assert ET.fromstring(answer).findtext("Detail")
    assert "dev-7" not in listed(guarded)


def test_a_name_that_no_publisher_can_have_is_400(guarded: Served) -> None:
    assert revoke(guarded, "p" * 129)[0] == 400


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "fleet/revokedpublishers/x"), ("GET", "fleet/revokedpublishers/x"),
                         ("PUT", "fleet/revokedpublishers"), ("DELETE", "fleet/revokedpublishers/a/b")],
)  # fmt: skip
def test_what_is_not_documented_is_405(guarded: Served, method: str, path: str) -> None:
    assert ask(guarded, method, path)[0] == 405


def test_a_revocation_outlives_the_server(tmp_path: Path) -> None:
    with opened(tmp_path) as served:
        assert revoke(served, "Dev-9")[0] == 201
        served.kill()
        served.start()
        assert listed(served) == ["Dev-9"]
        assert posted(served, "dev-9")[0] == 401
        assert ask(served, "DELETE", "fleet/revokedpublishers/dev-9")[0] == 200
        served.kill()
        served.start()
        assert posted(served, "Dev-9")[0] == 201
