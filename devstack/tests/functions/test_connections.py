"""Which account a binding's ``connection`` means.

Rules: azure-webjobs-sdk and azure-sdk-for-net WebJobsConfigurationExtensions; the real host with two storage
accounts (it asked for the queues of ``connection="STORAGE"`` in its own account, and said nothing).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from devstack import azurite
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.ports import free_port
from devstack.tests.functions.hosting import SAMPLE, Hosted, Services, wait_for

APP = """
import azure.functions as func
from recorder import record
app = func.FunctionApp()

@app.queue_trigger(arg_name="message", queue_name="work", connection="STORAGE")
def named_storage(message: func.QueueMessage) -> None:
    record("named_storage", body=message.get_body().decode())

@app.queue_trigger(arg_name="message", queue_name="work", connection="DATA")
def named_data(message: func.QueueMessage) -> None:
    record("named_data", body=message.get_body().decode())
"""


def configuration(strings: dict[str, str] | None = None, **settings: str) -> Configuration:
    """Settings of an app; ``__`` stays as written."""
    return Configuration(Path(), {}, {"ConnectionStrings": strings or {}}, settings)


def test_the_prefixed_name_goes_first_in_any_letter_case() -> None:
    """``AzureWebJobs`` + STORAGE is AzureWebJobsStorage; a plain name is taken where no such thing exists."""
    both = configuration(
        AzureWebJobsStorage="host", STORAGE="data", AzureWebJobsdata="prefixed", DATA="plain"
    )
    assert both.connection("STORAGE", "x") == "host"
    assert both.connection("Data", "x") == "prefixed"
    assert both.connection(None, "x") == both.connection("AzureWebJobsStorage", "x") == "host"
    assert configuration(events="plain").connection("EVENTS", "x") == "plain"
    assert configuration(E="named", NAME="E").connection("%NAME%", "x") == "named"


def test_connection_strings_go_before_settings_of_the_same_name() -> None:
    """GetConnectionStringOrSetting: ConnectionStrings:NAME, then NAME; the prefixed name before both."""
    assert configuration({"E": "string"}, E="setting").connection("E", "x") == "string"
    assert configuration({"E": "string"}, AzureWebJobsE="setting").connection("E", "x") == "setting"


@pytest.mark.parametrize("part", ["AzureWebJobsStorage__accountName", "azurewebjobsSTORAGE:queueServiceUri"])
def test_a_section_hides_the_plain_name_also_when_it_cannot_be_used(part: str) -> None:
    """Section.Exists: a value or children; the look-up never comes to the plain name."""
    with pytest.raises(ConfigurationError, match=r"AzureWebJobsSTORAGE.*goes first.*identity") as refused:
        Configuration(Path(), {}, {}, {part: "a", "STORAGE": "data"}).connection("STORAGE", "function 'f'")
    assert part in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"AzureWebJobsE.*is empty"):
        configuration(AzureWebJobsE="", E="data").connection("E", "x")


def test_an_identity_and_nothing_at_all_are_refused_in_their_own_words() -> None:
    """This host takes connection strings only."""
    with pytest.raises(ConfigurationError, match=r"identity \(E__fullyQualifiedNamespace\)"):
        configuration(E__fullyQualifiedNamespace="a").connection("E", "x")
    with pytest.raises(ConfigurationError, match="no such app setting"):
        configuration().connection("E", "x")


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Connection strings of two storage accounts, the host's and the data's, of one Azurite."""
    ports = azurite.Ports(free_port(), free_port())
    processes = azurite.start(ports, tmp_path / "azurite")
    yield azurite.connection_string(ports, azurite.HOST_ACCOUNT), azurite.connection_string(ports)
    azurite.stop(processes)


def _send(account: str, text: str) -> QueueClient:
    queue = QueueClient.from_connection_string(
        account, "work", message_encode_policy=TextBase64EncodePolicy()
    )
    queue.create_queue()
    queue.send_message(text)
    return queue


def test_with_two_accounts_storage_is_the_hosts_own_and_the_host_says_so(
    hosts: Callable[..., Hosted], tmp_path: Path, accounts: tuple[str, str]
) -> None:
    """As on the platform, where it is silent: the function waits at the host's account. Ours warns."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "host.json").write_text('{"version": "2.0"}')
    (app / "function_app.py").write_text(APP)
    (app / "recorder.py").symlink_to(SAMPLE / "recorder.py")
    own, data = accounts
    for account, text in ((own, "in the host's account"), (data, "in the data account")):
        with _send(account, text):
            pass
    host = hosts(Services(own), app=app, settings={"STORAGE": data, "DATA": data}).start()
    wait_for(lambda: host.records("named_storage") and host.records("named_data"), "both messages")
    assert [one["body"] for one in host.records("named_storage")] == ["in the host's account"]
    assert [one["body"] for one in host.records("named_data")] == ["in the data account"]
    warnings = [line for line in host.log().splitlines() if "goes first" in line]
    assert len(warnings) == 1
    assert "function 'named_storage'" in warnings[0]
    assert "STORAGE is not used" in warnings[0]
