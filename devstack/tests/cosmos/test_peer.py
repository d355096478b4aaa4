"""A second SDK, in JavaScript, as an independent reader of the protocol.

Its package is installed by ``npm ci`` in ``devstack/tests/cosmos/node``; without it this fails.
"""

import subprocess
from pathlib import Path

from devstack import azurite
from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.cosmos.serving import Serving

NODE = Path(__file__).parent / "node"


def test_the_javascript_sdk(serving: Serving) -> None:
    assert (NODE / "node_modules").is_dir(), f"run `npm ci` in {NODE} (or `make setup`)"
    words = [azurite.node(), str(NODE / "peer.mjs"), serving.url, WELL_KNOWN_KEY]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, cwd=NODE, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "ok"), done.stderr
