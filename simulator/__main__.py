"""``python -m simulator COMMAND …``: a simulated vending fleet, to try a fleet backend with."""

import importlib
import json
import logging
import sys

COMMANDS = {
    "run": ("simulator.run", "a believable fleet, in real time or faster; --dry-run prints it"),
    "scenario": ("simulator.scenario", "a fleet and what befalls it, from a TOML file"),
    "load": ("simulator.load", "very many devices, at a rate or as fast as possible"),
    "verify": ("simulator.verify", "compare a run's truth with what an application stored"),
    "fleet": ("simulator.__main__", "sites, machines, products and planograms as JSON"),
}


def usage() -> str:
    """All commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(
        ["usage: python -m simulator COMMAND [options]   (COMMAND --help says more)", "", *lines]
    )


def fleet(argv: list[str]) -> int:
    """``simulator fleet``."""
    import argparse

    from simulator.fleet import Fleet
    from simulator.options import add_fleet

    parser = argparse.ArgumentParser(prog="simulator fleet", description=COMMANDS["fleet"][1])
    add_fleet(parser)
    asked = parser.parse_args(argv)
    print(json.dumps(Fleet(asked.seed, asked.machines, asked.prefix).describe(), ensure_ascii=False))
    return 0


def main(argv: list[str]) -> int:
    """Dispatch; 2 for a command that does not exist."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else 2
    if argv[0] == "fleet":
        return fleet(argv[1:])
    if argv[0] not in COMMANDS:
        print(f"no command {argv[0]!r}\n\n{usage()}", file=sys.stderr)
        return 2
    code: int = importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
