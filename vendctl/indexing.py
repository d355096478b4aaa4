"""Which functions an app folder holds: asked of a clean interpreter, as the platform's worker asks.

An app that cannot be imported is "0 functions found" on the platform, and the error is in no log there. So it
is imported here first: isolated from this process, its folder last in ``sys.path`` (the worker puts it
behind the packages), without the checkout that an environment with installed commands has there too, and no
app setting in the environment.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 120
PROGRAM = """
import json, sys
sys.path[:] = [part for part in sys.path if part != sys.argv[2]]
sys.path.append(sys.argv[1])
try:
    import function_app
    names = [str(found.get_function_name()) for found in function_app.app.get_functions()]
except BaseException as fault:
    trace, where = fault.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(sys.argv[1]):
            where = f" ({file[len(sys.argv[1]) + 1:]}, line {trace.tb_lineno})"
        trace = trace.tb_next
    text = " ".join(str(fault).split())
    print(json.dumps({"fault": f"{type(fault).__name__}: {text}{where}"}))
else:
    print(json.dumps({"names": names}))
"""


def interpreter(requirements: str) -> Path:
    """The environment of that requirements file alone, where ``make setup-test`` made it; else this one."""
    deployed = ROOT / ".tools" / "deployed" / Path(requirements).stem / "bin" / "python"
    return deployed if deployed.exists() else Path(sys.executable)


def functions(app: Path, python: Path) -> set[str]:
    """The functions of an app folder. Raises ValueError with one line that names what fails."""
    words = [str(python), "-I", "-c", PROGRAM, str(app.resolve()), str(ROOT)]
    environment = {"PATH": os.environ.get("PATH", "")}
    done = subprocess.run(  # noqa: S603 - our own command line
        words, cwd=app, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip() or "nothing was printed").splitlines()[-1]
        raise ValueError(f"importing function_app ended with code {done.returncode}: {last}") from None
    if "fault" in found:
        raise ValueError(f"importing function_app fails: {found['fault']}")
    return set(found["names"])


def check(app: Path, expected: set[str], python: Path) -> None:
    """Raises ValueError with one line when the app folder lacks functions, or cannot be imported."""
    held = functions(app, python)
    if missing := expected - held:
        raise ValueError(f"{len(held)} of {len(expected)} functions, without {', '.join(sorted(missing))}")
