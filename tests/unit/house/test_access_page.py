"""docs/access.md says what is so: its roles can be registered as they stand there."""

import json
import re
import uuid

from tests.support.metadata import ROOT
from vending.access.request_rate import AT_ONCE, PER_MINUTE
from vending.access.roles import PEOPLE, Role
from vending.access.stated_names import LONGEST

TEXT = (ROOT / "docs" / "access.md").read_text()


def test_the_roles_that_people_register_are_those_that_the_app_knows() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    found = json.loads(block)
    assert [one["value"] for one in found] == list(PEOPLE)
    assert len({uuid.UUID(one["id"]) for one in found}) == len(found)
    for one in found:
        assert set(one["allowedMemberTypes"]) == {"User", "Application"}
        assert one["isEnabled"]


def test_the_table_has_every_role() -> None:
    table = TEXT.partition("| role | opens |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `?([\w.]+)`? \|", table, re.MULTILINE) == [str(role) for role in Role]


def test_the_limits_are_those_of_the_code() -> None:
    assert f"more than {AT_ONCE} requests at once, or {PER_MINUTE} a minute" in TEXT
    assert f"({LONGEST} letters" in TEXT
