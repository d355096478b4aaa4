"""``python -m devstack PART``: one line a part; each part's ``cli.main(argv)`` does the rest."""

import importlib
import sys

PARTS = {
    "up": ("devstack.up", "the whole stack and an app folder on it"),
    "services": ("devstack.services", "Azurite, Event Hubs and Cosmos DB, for `func start`"),
    "eventhubs": ("devstack.eventhubs.cli", "an Event Hubs namespace (AMQP 1.0)"),
    "cosmos": ("devstack.cosmos.cli", "a Cosmos DB for NoSQL account (REST)"),
    "functions": ("devstack.functions.cli", "the Functions host for an app folder"),
    "status": ("devstack.status", "what runs, and where it listens"),
}


def main(argv: list[str]) -> int:
    """Run one part; 2 for words that name none."""
    if not argv or argv[0] not in PARTS:
        lines = [f"  {name:<10} {text}" for name, (_, text) in PARTS.items()]
        print("usage: python -m devstack PART [--help]", *lines, sep="\n", file=sys.stderr)
        return 2
    module = importlib.import_module(PARTS[argv[0]][0])
    code: int = module.main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
