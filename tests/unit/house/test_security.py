"""SECURITY.md says what is so: what of it the compiled template and the code can show."""

import re

from tests.bicep import DEPLOYER, OPERATOR, READER
from tests.support.infra import COSMOS, NAMESPACE, Deployment, template
from tests.support.metadata import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
PROD = Deployment("prod")
PEOPLE = {OPERATOR: "operator", READER: "reader", DEPLOYER: "deployer"}
WHO = {PROD.identity: "app", PROD.topic: "Event Grid"} | PEOPLE


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^##", TEXT.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def place(on: str) -> str:
    """A resource's id as the table says it."""
    if on == PROD.leads("AzureWebJobsStorage"):
        return "host's account"
    if on == PROD.leads("DATA"):
        return "data account"
    kinds = {
        "/containers/": "container {}",
        "/queues/": "queue {}",
        f"{NAMESPACE}/{PROD.leads('EVENTHUB').rpartition('/')[2]}/eventhubs/": "hub",
        "/Microsoft.Insights/components/": "Application Insights",
        "/dbs/": "database",
    }
    (said,) = [said for part, said in kinds.items() if part in on]
    return said.format(on.rpartition("/")[2])


def test_every_role_assignment_is_in_the_table_and_no_other() -> None:
    told = [tuple(row) for row in rows("Roles that the template gives")]
    assert len(told) == len(set(told))
    assert set(told) == {(WHO[one.who], one.role, place(one.on)) for one in PROD.assignments}


def test_every_secret_of_the_template_has_a_row() -> None:
    """Addresses that are passwords, and what signs: the parameter's app setting, where it becomes one."""
    secure = {name for name, one in template()["parameters"].items() if one["type"] == "securestring"}
    settings = {
        setting
        for setting, value in PROD.settings.items()
        if any(f"parameters('{name}')" in value for name in secure)
    }
    assert settings == {"NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET", "SMTP_PASSWORD"}
    credentials = "\n".join(row[0] for row in rows("What each credential can do"))
    for name in settings:
        assert f"`{name}`" in credentials


def test_everybody_that_can_be_given_a_role_has_a_row() -> None:
    credentials = "\n".join(row[0] for row in rows("What each credential can do"))
    for name in template()["parameters"]:
        if name.endswith("Id") and name != "deployerId":
            assert f"`{name}`" in credentials, name
    assert "workflow" in credentials


def test_the_one_policy_that_signs_tokens_can_send_and_nothing_else() -> None:
    policy = PROD.one(f"{NAMESPACE}/eventhubs/authorizationRules")
    assert policy["name"].rpartition("/")[2] == "devices"
    assert policy["properties"] == {"rights": ["Send"]}
    assert "policy `devices`" in "\n".join(row[0] for row in rows("What each credential can do"))
    assert not PROD.of_type(f"{NAMESPACE}/authorizationRules"), "the root policy is left as Azure makes it"


def test_local_sign_in_is_on_where_the_text_says_so_alone() -> None:
    assert PROD.one(NAMESPACE)["properties"]["disableLocalAuth"] is False
    assert PROD.one(COSMOS)["properties"]["disableLocalAuth"] is True
    assert "`disableLocalAuth` stays false" in section("The namespace's root key")


def test_what_it_names_is_there() -> None:
    """Parameters, dead letters' reasons, alert rules and files that the text speaks of."""
    for name in ("archiveImmutabilityDays", "auditLogs", "alarmEmail", "maximumInstanceCount"):
        assert f"`{name}`" in TEXT
        assert name in template()["parameters"]
    assert "forged-identity" in TEXT
    assert '"forged-identity"' in (ROOT / "vending" / "events" / "identity.py").read_text()
    suffix = f"-{PROD.one('Microsoft.Web/sites')['name']}"
    rule = PROD.one("Microsoft.Insights/activityLogAlerts")["name"].removesuffix(suffix)
    assert f"the rule `{rule}`" in TEXT
    for link in re.findall(r"\]\(([^)#]+)", TEXT):
        assert "://" in link or (ROOT / link).exists(), link


def test_a_redirect_of_a_receiver_is_not_followed() -> None:
    assert "allow_redirects=False" in (ROOT / "vending" / "adapters" / "webhook.py").read_text()
