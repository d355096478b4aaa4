"""The API's page: its files, and the policy that lets it load nothing of others."""

import json
import re

from blueprints import docs
from blueprints.files import ROOT, files
from tests.support.metadata import ROOT as CHECKOUT
from tests.unit.blueprints.requests import call


async def test_its_policy_admits_nothing_inline_and_pictures_of_its_style_sheet() -> None:
    answer = await call(docs.get_docs)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"


async def test_every_file_that_it_names_is_served() -> None:
    text = (await call(docs.get_docs)).get_body().decode()
    named = re.findall(r'(?:href|src)="/dashboard/static/([^"]+)"', text)
    assert {"swagger-ui-bundle.js", "swagger-ui.css", "docs.js"} <= set(named)
    assert set(named) <= files().keys(), "make setup"
    assert not re.search(r"<style|style=|<script>|\son\w+=", text)


def test_what_others_wrote_is_pinned_and_not_committed() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("resolved" not in one for one in lock.values()), "a registry's address"
    assert "web/vendor/" in (CHECKOUT / ".gitignore").read_text().splitlines()
    assert {"node_modules", "package.json"} <= set((CHECKOUT / ".funcignore").read_text().splitlines())
