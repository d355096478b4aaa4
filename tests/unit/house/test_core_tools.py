"""How ``func start`` is called: by the tests, and by ``make func`` for people.

Measured of the real worker: packages of an environment beside the app go before the worker's own, also
``azure_functions_runtime``; a new top-level folder restarts the host while it watches files.
"""

import json
import sys
from pathlib import Path

import pytest

from tests.support.backends import DEPLOYED, ROOT, core_tools

FUNC = """#!{python}
import http.server, json, os, shutil, sys
kept = {{"words": sys.argv[1:], "python": shutil.which("python"), "folder": os.getcwd(),
    "environment": {{name: os.environ.get(name) for name in
        ("VIRTUAL_ENV", "AzureFunctionsJobHost__fileWatchingEnabled", "A_SETTING")}}}}
with open({file!r}, "w") as file:
    json.dump(kept, file)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"state": "Running"}}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""


def test_func_runs_in_an_environment_of_requirements_alone_and_watches_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.json"
    func = tmp_path / "bin" / "func"
    func.parent.mkdir()
    func.write_text(FUNC.format(python=sys.executable, file=str(kept)))
    func.chmod(0o755)
    monkeypatch.setenv("PATH", f"{func.parent}:/usr/bin:/bin")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    with core_tools({"A_SETTING": "1"}, tmp_path / "log") as tools:
        assert tools.status()["state"] == "Running"
    found = json.loads(kept.read_text())
    assert found["words"] == ["start", "--port", str(tools.port), "--verbose"]
    assert found["python"] == str(DEPLOYED / "bin" / "python")
    assert found["folder"] == str(ROOT)
    assert found["environment"] == {
        "VIRTUAL_ENV": str(DEPLOYED), "AzureFunctionsJobHost__fileWatchingEnabled": "false", "A_SETTING": "1",
    }  # fmt: skip
    assert (ROOT / ".data").is_dir()


def test_people_are_given_the_same() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nfunc:")[2].partition("\n\n")[0]
    environment = DEPLOYED.relative_to(ROOT)
    assert f"{environment}/.ready" in recipe
    assert f'VIRTUAL_ENV="$(CURDIR)/{environment}"' in recipe
    assert f'PATH="$(CURDIR)/{environment}/bin:$$PATH" func start' in recipe
    assert "AzureFunctionsJobHost__fileWatchingEnabled=false" in recipe
    assert recipe.index("mkdir -p .data") < recipe.rindex("func start")
    assert "make func" in (ROOT / "docs" / "core-tools.md").read_text()
