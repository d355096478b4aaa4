"""The document and the kinds of fault, as they are served."""

import gzip
import json

import function_app  # noqa: F401 - declares the routes
from blueprints import openapi
from tests.unit.blueprints.requests import call
from vending.openapi.problem_types import PROBLEM_TYPES


async def test_the_document_is_served_and_revalidated() -> None:
    answer = await call(openapi.get_openapi)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert json.loads(answer.get_body())["openapi"] == "3.1.0"
    again = await call(openapi.get_openapi, {"if-none-match": answer.headers["ETag"]})
    assert (again.status_code, again.get_body()) == (304, b"")


async def test_the_packed_document_has_a_tag_of_its_own_that_is_known_again() -> None:
    plain = await call(openapi.get_openapi)
    packed = await call(openapi.get_openapi, {"accept-encoding": "br, gzip;q=0.5"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_body()) == plain.get_body()
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    for tag in (packed.headers["ETag"], plain.headers["ETag"]):
        assert (await call(openapi.get_openapi, {"if-none-match": tag})).status_code == 304


async def test_the_address_of_a_fault_leads_to_what_it_means() -> None:
    for kind in PROBLEM_TYPES.values():
        name = kind.type.rpartition("/")[2]
        answer = await call(openapi.get_problem_type, route={"type": name})
        assert json.loads(answer.get_body())["means"] == kind.means


async def test_an_unknown_kind_is_a_fault_with_an_address_that_leads_somewhere() -> None:
    answer = await call(openapi.get_problem_type, route={"type": "lost"})
    fault = json.loads(answer.get_body())
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    found = await call(openapi.get_problem_type, route={"type": fault["type"].rpartition("/")[2]})
    assert json.loads(found.get_body())["title"] == fault["title"] == "Not Found"
