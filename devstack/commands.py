"""What can be said to ``devstack``: the words, and nothing that is slow to import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from devstack.commandline import WHOLE, Answer, Exit, Program, Told, version
from devstack.functions import DEATHS
from devstack.ports import BLOB, COSMOS, EVENTHUBS, FUNCTIONS, MAILS, QUEUE, SMTP

if TYPE_CHECKING:
    from devstack.stack import Ports

ABOUT = """Azure Functions on one machine, without Docker: Event Hubs, Cosmos DB, storage, mail, a host
for functions.

What serves does so until Ctrl-C, which is its ordinary end. With --json it says in one line where it
listens."""
PROGRAM = Program(
    "devstack",
    ABOUT,
    lambda: version("devstack", Path(__file__).parent / "pyproject.toml"),
    told=Told(whole=WHOLE | {"BadConfig", "Locked", "Damaged", "HostError", "RuntimeError"}),
)
Data = Annotated[Path, typer.Option(metavar="DIR", help="A folder, kept between runs.")]
Own = Annotated[Path, typer.Option(metavar="DIR", help="A folder for what is kept.")]
Hubs = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Hubs and consumer groups, in the official emulator's Config.json shape."
    ),
]
Ready = Annotated[
    Path | None, typer.Option(metavar="FILE", help="JSON, written when it listens: its port and pid.")
]
OfEventHubs = Annotated[
    int, typer.Option("--eventhubs-port", metavar="PORT", help="Of Event Hubs; 0 for any.")
]
OfCosmos = Annotated[int, typer.Option("--cosmos-port", metavar="PORT", help="Of Cosmos DB; 0 for any.")]
OfBlobs = Annotated[int, typer.Option("--blob-port", metavar="PORT", help="Of blob storage; 0 for any.")]
OfQueues = Annotated[int, typer.Option("--queue-port", metavar="PORT", help="Of queue storage; 0 for any.")]

OfSmtp = Annotated[int, typer.Option("--smtp-port", metavar="PORT", help="Of SMTP; 0 for any.")]
OfMails = Annotated[
    int, typer.Option("--mails-port", metavar="PORT", help="Of the page that shows mails; 0 for any.")
]


def listening(as_json: bool) -> Any:
    """Says that a part listens, for people or programs."""
    return lambda found, text: Answer(found, text).tell(as_json=as_json)


def chosen(*ports: int) -> "Ports":
    """Ports as the stack takes them, in its order."""
    from devstack.stack import Ports

    return Ports(*ports)


@PROGRAM.command("services")
def services(
    *,
    data: Data = Path(".data/services"),
    config: Hubs = None,
    eventhubs: OfEventHubs = EVENTHUBS,
    cosmos: OfCosmos = COSMOS,
    blob: OfBlobs = BLOB,
    queue: OfQueues = QUEUE,
    smtp: OfSmtp = SMTP,
    mails: OfMails = MAILS,
    storage_events: Annotated[
        str | None,
        typer.Option(
            metavar="CONTAINER=QUEUE", help="Tell the queue of each blob written, as Event Grid does."
        ),
    ] = None,
    as_json: bool = False,
) -> None:
    """Serve Azurite, Event Hubs, Cosmos DB and mail.

    For `func start`: on the usual ports, those that local.settings.json files name; a port that is taken is
    an error, because an app that is configured for it would talk to somebody else.
    """
    from devstack.services import Wanted, run

    ports = chosen(eventhubs, cosmos, blob, queue, smtp, mails)
    run(Wanted(data, ports, config, storage_events), listening(as_json))


@PROGRAM.command("up")
def up(
    *,
    app: Annotated[
        Path, typer.Argument(metavar="APP", help="The folder with host.json and function_app.py.")
    ],
    port: Annotated[int, typer.Option(metavar="PORT", help="Of the host.")] = FUNCTIONS,
    connect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING=SERVICE",
            help="An app setting that is the connection to eventhubs, cosmos or storage; again for another.",
        ),
    ] = None,
    data: Data = Path(".data/services"),
    config: Hubs = None,
    eventhubs: OfEventHubs = EVENTHUBS,
    cosmos: OfCosmos = COSMOS,
    blob: OfBlobs = BLOB,
    queue: OfQueues = QUEUE,
    smtp: OfSmtp = SMTP,
    mails: OfMails = MAILS,
    as_json: bool = False,
) -> None:
    """Serve all of it, and an app folder on it.

    The app's connections are its own settings; name with --connect which of them lead to which service.
    """
    from devstack.up import Wanted, run

    ports = chosen(eventhubs, cosmos, blob, queue, smtp, mails)
    run(Wanted(app, port, data, ports, config, connect or []), listening(as_json))


@PROGRAM.command("status")
def status(
    *,
    eventhubs: OfEventHubs = EVENTHUBS,
    cosmos: OfCosmos = COSMOS,
    blob: OfBlobs = BLOB,
    queue: OfQueues = QUEUE,
    smtp: OfSmtp = SMTP,
    mails: OfMails = MAILS,
    functions: Annotated[
        int, typer.Option("--functions-port", metavar="PORT", help="Of the Functions host.")
    ] = FUNCTIONS,
) -> Answer:
    """Say what answers on the usual ports, and what runs.

    Exit code 1 when one of the three services does not answer.
    """
    from devstack.status import look

    found, well = look(chosen(eventhubs, cosmos, blob, queue, smtp, mails), functions)
    text = "\n".join(f"{name:<10}  {port:<5}  {said}" for name, (port, _, said) in found.items())
    data = {
        name: {"port": port, "answers": there, "said": said} for name, (port, there, said) in found.items()
    }
    return Answer(data, text, Exit.DONE if well else Exit.WRONG)


@PROGRAM.command("eventhubs")
def eventhubs(
    *,
    data: Own,
    port: Annotated[
        int, typer.Option(metavar="PORT", help="On loopback, for AMQP and HTTP; 0 for any.")
    ] = EVENTHUBS,
    config: Hubs = None,
    ready_file: Ready = None,
    policies: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON list of name, key, rights, entity.")
    ] = None,
    durability: Annotated[
        Literal["process", "power"],
        typer.Option(
            help="An acknowledged event survives the end of the process, or a power failure (synced)."
        ),
    ] = "process",
    retention_hours: Annotated[
        float, typer.Option(metavar="HOURS", help="Hours after which events go.")
    ] = 168,
    retention_bytes: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Most bytes kept for a partition.")
    ] = None,
    segment_bytes: Annotated[int, typer.Option(metavar="BYTES", help="Bytes of a log file.")] = 1 << 24,
    idle_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Seconds of silence, as advertised to clients.")
    ] = 240,
    hostname: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another host name that tokens may be for.")
    ] = None,
    control: Annotated[
        Path | None, typer.Option(metavar="SOCKET", help="A Unix socket for test faults.")
    ] = None,
    as_json: bool = False,
) -> None:
    """Serve an Event Hubs namespace (AMQP 1.0, HTTP send).

    Connection string (plain TCP): Endpoint=sb://localhost:PORT;SharedAccessKeyName=RootManageSharedAccessKey;
    SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;
    """
    from devstack.eventhubs.cli import checked, run
    from devstack.eventhubs.config import Settings, load

    hubs = None if config is None else load(config)
    hosts = Settings(data).hosts | {name.lower() for name in hostname or ()}
    asked = Settings(
        data, port, hubs, durability, retention_hours * 3600, retention_bytes, segment_bytes, idle_timeout,
        hosts, policies, control,
    )  # fmt: skip
    run(checked(asked), ready_file, listening(as_json))


@PROGRAM.command("cosmos")
def cosmos(
    *,
    data: Own,
    port: Annotated[int, typer.Option(metavar="PORT", help="On loopback; 0 for any.")] = COSMOS,
    ready_file: Ready = None,
    rus: Annotated[
        int | None,
        typer.Option(min=1, metavar="RU/S", help="RU/s of a container that asks for none; else no limit."),
    ] = None,
    ranges: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many physical ranges a new container has.")
    ] = 2,
    control: Annotated[
        bool, typer.Option("--control", help="Control API for tests (POST /_control).")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Master key.", show_default="the emulator's well-known key"),
    ] = None,
    as_json: bool = False,
) -> None:
    """Serve a Cosmos DB for NoSQL account (REST)."""
    from devstack.cosmos.auth import WELL_KNOWN_KEY
    from devstack.cosmos.cli import Options, run

    options = Options(port, data, ready_file, rus, ranges, control, key or WELL_KNOWN_KEY)
    run(options, listening(as_json))


@PROGRAM.command("mail")
def mail(
    *,
    data: Own,
    port: Annotated[int, typer.Option(metavar="PORT", help="Of SMTP, on loopback; 0 for any.")] = SMTP,
    page_port: Annotated[
        int, typer.Option(metavar="PORT", help="Of the page and its JSON, on loopback; 0 for any.")
    ] = MAILS,
    ready_file: Ready = None,
    mail_bytes: Annotated[int, typer.Option(min=1, metavar="BYTES", help="Most bytes of a mail.")] = 10 << 20,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="Number of mails kept: the newest.")] = 1000,
    keep_bytes: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="Most bytes kept; the oldest go.")
    ] = 200 << 20,
    login: Annotated[
        str, typer.Option(metavar="USER:PASSWORD", help="Who must log in.", show_default="nobody need")
    ] = "",
    tls: Annotated[
        Literal["none", "starttls", "implicit"], typer.Option(help="How connections are encrypted.")
    ] = "none",
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For TLS: the server's certificate, PEM.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key, where the file has none.")
    ] = None,
    fault: Annotated[
        Literal["none", "unavailable", "refuse", "hang", "cut", "lost-reply"],
        typer.Option(
            help="For tests: 421 for every connection, 550 for every recipient, silence, or the connection "
            "ends after a mail without an answer: nothing is kept, or the mail is."
        ),
    ] = "none",
    as_json: bool = False,
) -> None:
    """Serve SMTP, and keep every mail as a file.

    A page shows them. Nothing is delivered to anybody.
    """
    from devstack.mail.cli import Options, run
    from devstack.mail.mailbox import Bounds

    bounds = Bounds(mail_bytes, keep, keep_bytes)
    options = Options(port, data, ready_file, page_port, fault, tls, certificate, key, login, bounds)
    run(options, listening(as_json))


@PROGRAM.command("storage-events")
def storage_events(
    *,
    container: Annotated[str, typer.Option(metavar="NAME", help="Of the blobs.")],
    into: Annotated[str, typer.Option("--queue", metavar="NAME", help="That is told of each.")],
    data: Own,
    blob: OfBlobs = BLOB,
    queue: OfQueues = QUEUE,
    ready_file: Ready = None,
    as_json: bool = False,
) -> None:
    """Tell a queue of each blob written, as Event Grid does.

    In the well-known account of Azurite. The messages are Event Grid's BlobCreated, in base64.
    """
    from devstack.azurite import Ports
    from devstack.storage_events.cli import Options, run

    run(Options(container, into, Ports(blob, queue), data, ready_file), listening(as_json))


@PROGRAM.command("functions")
def functions(
    *,
    app: Annotated[
        Path, typer.Argument(metavar="APP", help="The folder with host.json and function_app.py.")
    ],
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", help="On loopback; 0 for any.", show_default="Host.LocalHttpPort or 7071"
        ),
    ] = None,
    ready_file: Ready = None,
    enable_auth: Annotated[
        bool, typer.Option("--enable-auth", help="Check keys of HTTP functions and admin endpoints.")
    ] = False,
    instances: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N...", help="Run these functions in N processes of their own."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME...", help="Just these functions.")] = None,
    drain: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Seconds for requests to end, others a third of it."),
    ] = 30,
    python: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Interpreter of the app's own environment, with azure-functions-runtime."
        ),
    ] = None,
    worker_deaths: Annotated[
        int, typer.Option(min=0, metavar="N", help="Stop after N ends of workers in half an hour; 0 never.")
    ] = DEATHS,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log failures only.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Start again when a .py or .json file of the app changes.")
    ] = False,
    data: Annotated[  # noqa: ARG001 - taken, as every part takes it
        Path | None, typer.Option(metavar="DIR", help="Not used: its state is in AzureWebJobsStorage.")
    ] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also end when standard input closes.")
    ] = False,
    as_json: bool = False,
) -> None:
    """Run an app folder's functions, as `func start` does.

    For the Python v2 programming model. --only and --instances take several words, or are said several times.
    """
    from devstack.functions.cli import Serving, run
    from devstack.functions.host import Options

    options = Options(
        enable_auth=enable_auth, quiet=quiet, only=tuple(only or ()), drain=drain, python=python,
        worker_deaths=worker_deaths,
    )  # fmt: skip
    told = listening(as_json)
    run(Serving(app, port, instances or (), options, ready_file, watch, until_stdin_closes, told))
