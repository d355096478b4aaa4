"""``python -m devstack up APP``: the services, and the Functions host for an app folder on them.

The app's connections are its own settings; name with ``--connect`` which of them lead to which service.
"""

import sys
from pathlib import Path

from devstack.services import describe, parser, ports, until_stopped
from devstack.signals import interruptible
from devstack.stack import Stack


def main(argv: list[str]) -> int:
    """The command."""
    words = parser("up")
    words.add_argument("app", type=Path, help="folder with host.json and function_app.py")
    words.add_argument("--port", type=int, default=7071, help="of the host (default 7071)")
    words.add_argument(
        "--connect", action="append", default=[], metavar="SETTING=SERVICE",
        help="an app setting that is the connection to eventhubs, cosmos or storage",
    )  # fmt: skip
    asked = words.parse_args(argv)
    interruptible()
    try:
        with Stack.start(asked.data, ports=ports(asked), hubs_config=asked.config) as stack:
            host = stack.start_functions(
                asked.app, settings=connections(stack, asked.connect), port=asked.port
            )
            print(describe(stack), f"{host.url}: {', '.join(host.functions)}", sep="\n", flush=True)
            print(f"logs and data in {stack.data}; Ctrl-C stops all of it", flush=True)
            until_stopped()
    except KeyboardInterrupt:
        return 0
    except (RuntimeError, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def connections(stack: Stack, named: list[str]) -> dict[str, str]:
    """App settings for the connections named. Raises ValueError for a service that there is not."""
    known = {
        "eventhubs": stack.eventhubs_connection,
        "cosmos": stack.cosmos_connection,
        "storage": stack.storage_connection,
    }
    found = {"AzureWebJobsStorage": stack.storage_connection}
    for word in named:
        setting, _, service = word.partition("=")
        if service not in known:
            raise ValueError(f"--connect {word}: say SETTING=eventhubs, SETTING=cosmos or SETTING=storage")
        found[setting] = known[service]
    return found
