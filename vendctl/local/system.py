"""The local stack with the app on it, provisioned, as one context manager."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.signals import run
from devstack.stack import FunctionsHost, Ports, Stack
from vendctl.environment import values
from vendctl.provision import provision

ROOT = Path(__file__).parents[2]
HUBS = ROOT / "infra" / "local" / "eventhubs.json"


@dataclass(frozen=True)
class System:
    """What runs, and the environment in which commands and functions find it."""

    stack: Stack
    host: FunctionsHost
    environment: dict[str, str]


def environment(stack: Stack, settings: Mapping[str, str], *, apart: bool = False) -> dict[str, str]:
    """The app settings: local.settings.json, this stack's connections, then the caller's own.

    With somebody to mail to (``NOTIFY_MAIL_TO``), also how its mail server is reached. ``apart``: the host's
    storage and the data are two accounts, as infra/ makes them. Else they are one, as local.settings.json
    says, so that commands given that file find both.
    """
    host = stack.host_storage_connection if apart else stack.storage_connection
    return (
        values(ROOT / "local.settings.json")
        | {
            "AzureWebJobsStorage": host,
            "DATA": stack.storage_connection,
            "EVENTHUB": stack.eventhubs_connection,
            "DEVICES": stack.eventhubs_connection,
            "COSMOS": stack.cosmos_connection,
        }
        | (mail_settings(stack) if "NOTIFY_MAIL_TO" in settings else {})
        | dict(settings)
    )


def mail_settings(stack: Stack) -> dict[str, str]:
    """How the app hands mails to the stack's own server."""
    return {
        "SMTP_HOST": "localhost",
        "SMTP_PORT": str(stack.ports.smtp),
        "SMTP_TLS": "none",
        "MAIL_FROM": "vendstream@localhost",
    }


@contextmanager
def system(
    data: Path,
    settings: Mapping[str, str],
    progress: Callable[[str], None],
    port: int = 7071,
    *,
    apart: bool = False,
) -> Iterator[System]:
    """Start everything on the data of ``data``; whatever happens, stop all of it at the end.

    With ``port`` 0 every port is a free one; else the usual ports are taken where they are free. The mail
    server runs where ``settings`` say whom to mail to. ``apart`` as for :func:`environment`.
    """
    ports = Ports.free(Ports() if port else None)
    with Stack.start(data, ports=ports, hubs_config=HUBS, progress=progress) as stack:
        if "NOTIFY_MAIL_TO" in settings:
            stack.start_mail()
        found = environment(stack, settings, apart=apart)
        progress("provisioning the database, containers and queues")
        run(provision(found))
        progress("starting the functions")
        host = stack.start_functions(ROOT, settings=found, port=port, log=data / "functions.log")
        yield System(stack, host, found)
