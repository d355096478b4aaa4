"""The dashboard's files over HTTP: what is served, how, and that nothing else is."""

import re

import azure.functions as func
import pytest

from blueprints import dashboard
from blueprints.files import ROOT, files


async def get(name: str, headers: dict[str, str] | None = None) -> func.HttpResponse:
    request = func.HttpRequest(
        "GET", "http://localhost/", headers=headers, params={}, route_params={"name": name}, body=b""
    )
    answer: func.HttpResponse = await dashboard.get_dashboard_file.build().get_user_function()(request)
    return answer


async def page() -> func.HttpResponse:
    request = func.HttpRequest("GET", "http://localhost/dashboard", body=b"")
    answer: func.HttpResponse = await dashboard.get_dashboard.build().get_user_function()(request)
    return answer


async def test_the_page_may_load_nothing_but_its_own_files() -> None:
    answer = await page()
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "?code=SECRET", "?CODE=SECRET", "?day=2026-03-01&code=SECRET"])
async def test_the_root_leads_to_the_page_and_leaves_a_key_behind(query: str) -> None:
    """Histories, proxies and logs keep what stands in a Location."""
    request = func.HttpRequest("GET", f"http://localhost/{query}", body=b"")
    answer = await dashboard.get_home.build().get_user_function()(request)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/dashboard")
    assert "SECRET" not in str(dict(answer.headers))
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


async def test_every_file_that_the_page_names_is_served() -> None:
    text = (await page()).get_body().decode()
    named = set(re.findall(r'(?:href|src)="/dashboard/static/([^"]+)"', text))
    scripts = [content.decode() for name, (content, _) in files().items() if name.endswith(".js")]
    named |= {name for script in scripts for name in re.findall(r'from "\./([^"]+)"', script)}
    assert {"dashboard.css", "dashboard.js", "icon.svg", "dom.js"} <= named
    for name in named:
        answer = await get(name)
        assert answer.status_code == 200, name
        again = await get(name, {"if-none-match": answer.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "missing.js",
        "..",
        "../files.py",
        "../../function_app.py",
        "/etc/passwd",
        "",
        "DASHBOARD.JS",
        "%2e%2e",
        "..%2Ffiles.py",
    ],
)
async def test_nothing_else_is_served(name: str) -> None:
    answer = await get(name)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_the_scripts_never_make_markup_from_data() -> None:
    for path in (ROOT / "static").glob("*.js"):
        text = path.read_text()
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
            assert sink not in text, f"{path.name} uses {sink}"


def test_the_page_is_for_anybody_because_it_holds_no_data() -> None:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    app.register_functions(dashboard.bp)
    levels = {str(function.get_trigger().auth_level) for function in app.get_functions()}  # type: ignore[union-attr]
    assert levels == {"ANONYMOUS"}
