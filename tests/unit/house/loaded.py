"""``python -m tests.unit.house.loaded PROGRAM WORDS…``: the modules that a call of a command line imports."""

import contextlib
import importlib
import io
import sys

with contextlib.redirect_stdout(io.StringIO()):
    try:
        code = importlib.import_module(f"{sys.argv[1]}.__main__").main(sys.argv[2:])
    except SystemExit as ended:
        code = ended.code
print(*sys.modules)
sys.exit(code)
