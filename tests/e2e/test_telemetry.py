"""The platform's switch, for real: the worker configures Azure's distribution, and the app's figures arrive.

The package is built with ``--telemetry`` and runs with what requirements-telemetry.txt installs. Application
Insights is a receiver on loopback that speaks the ingestion protocol.
"""

import asyncio
import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Ports, Stack
from tests.conftest import QUICK
from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl import package
from vendctl.local.system import HUBS, ROOT, environment
from vendctl.provision import provision

DEPLOYED = ROOT / ".tools" / "deployed"
INFRA = (ROOT / "infra" / "modules" / "functionapp.bicep").read_text()


class Insights:
    """Takes envelopes, as Application Insights does."""

    def __init__(self) -> None:
        self.envelopes: list[dict[str, Any]] = []
        keep = self.envelopes.extend

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                found = json.loads(body) if self.path.endswith("/track") else []
                keep(found)
                answer = json.dumps({"itemsReceived": len(found), "itemsAccepted": len(found), "errors": []})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def figures(self) -> Counter[tuple[str, ...]]:
        """Name and dimensions → the sum of all values that arrived."""
        found: Counter[tuple[str, ...]] = Counter()
        for envelope in list(self.envelopes):
            data = envelope["data"]
            for metric in data["baseData"].get("metrics", ()):
                about = data["baseData"].get("properties", {})
                said = (f"{key}={about[key]}" for key in ("function", "outcome", "reason") if key in about)
                found[metric["name"], *said] += metric["value"]
        return found

    def kinds(self) -> set[str]:
        """Of everything that arrived."""
        return {envelope["data"]["baseType"] for envelope in list(self.envelopes)}

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def insights() -> Iterator[Insights]:
    found = Insights()
    yield found
    found.close()


def test_figures_arrive_once_and_single_requests_do_not(tmp_path: Path, insights: Insights) -> None:
    (disabled,) = [x for x in INFRA.splitlines() if "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS" in x]
    switch = {
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
            f"IngestionEndpoint={insights.url};LiveEndpoint={insights.url}"
        ),
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled.split("'")[1],
        # What follows keeps this test on loopback, and short.
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "TMPDIR": str(tmp_path),  # where the exporter keeps what could not be delivered
    }
    app, python = tmp_path / "app", DEPLOYED / "requirements-telemetry" / "bin" / "python"
    package.build(ROOT, app, telemetry=True)
    with Stack.start(tmp_path / "data", ports=Ports.free(), hubs_config=HUBS, progress=print) as stack:
        settings = environment(stack, QUICK, apart=True) | switch
        asyncio.run(provision(settings))
        stack.start_functions(app, settings=settings, arguments=["--python", str(python)])
        device = Device("told")
        vends = [device.vend() for _ in range(7)]
        send(stack.eventhubs_connection, "telemetry", [(device.name, [*vends, *vends, b"{"])])
        finished(settings)
        of, said = "function=ingest_telemetry", "vendstream.events"
        until(lambda: insights.figures()[said, of, "outcome=applied"], "the figures arrive")
        until(lambda: insights.figures()["vendstream.request.units", of], "request units arrive")
    found = insights.figures()
    assert found[said, of, "outcome=applied"] == 7
    assert found[said, of, "outcome=duplicate"] == 7
    assert found[said, of, "outcome=dead-lettered", "reason=not-json"] == 1
    assert found["vendstream.batch.size", of] == 15
    assert found[said, "function=archive_telemetry", "outcome=archived"] == 15
    assert "MetricData" in insights.kinds()
    assert "RemoteDependencyData" not in insights.kinds()
    lines = [x["data"]["baseData"].get("message", "") for x in insights.envelopes]
    assert sum(line.startswith("applied ") for line in lines) >= 1
    assert len({line for line in lines if line.startswith("applied ")}) == sum(
        line.startswith("applied ") for line in lines
    )
