"""A worker process: the app's code under ``azure-functions-runtime``, driven over one inherited socket.

Started by the host as ``python -m devstack.functions.worker FD APP_DIR``. Ends when the host's end of the
socket closes, however the host ended. One app per process: the library keeps its registry in module
globals.
"""

import asyncio
import os
import socket
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from devstack.functions import runtime, wire
from devstack.functions.worker_log import attach


async def serve(connection: socket.socket, app: Path) -> None:
    """Index, report, then answer invocations until the host is gone or asks to stop."""
    reader, writer = await asyncio.open_unix_connection(sock=connection, limit=1 << 22)
    writer.write(wire.encode(await _indexed(app)))
    tasks: set[asyncio.Task[None]] = set()
    while True:
        try:
            request = await wire.read(reader)
        except EOFError:
            # Threads of synchronous functions would keep an ordinary exit waiting for an owner that is gone.
            os._exit(0)
        task = asyncio.create_task(_answer(request, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _indexed(app: Path) -> dict[str, Any]:
    try:
        return {"functions": await runtime.index(app)}
    except runtime.IndexFailed as error:
        return {"error": str(error), "traceback": ""}
    except BaseException as error:  # noqa: BLE001 - SystemExit at import included: the host reports it
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


async def _answer(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    result = await runtime.invoke(SimpleNamespace(**request))
    try:
        frame = wire.encode({"id": request["id"], **result})
    except ValueError as error:
        text = f"ValueError: the function's output is not plain data ({error})"
        frame = wire.encode({"id": request["id"], **runtime.failure(text, "")})
    writer.write(frame)
    await writer.drain()


def main(argv: list[str]) -> None:
    """Run until the socket closes."""
    app = Path(argv[1])
    connection = socket.socket(fileno=int(argv[0]))
    root = str(Path(__file__).parents[2])
    # The app sees its own folder, not the one this package happens to be imported from.
    sys.path[:] = [part for part in sys.path if part not in ("", root)]
    packages = app / ".python_packages" / "lib" / "site-packages"
    # The app's packages first and the app itself last, as the platform's worker has them: a module of the
    # app never hides a package's.
    sys.path[0:0] = [str(packages)] if packages.is_dir() else []
    sys.path.append(str(app))
    os.chdir(app)
    attach(os.environ.get("DEVSTACK_LOG_LEVEL", "INFO"))
    asyncio.run(serve(connection, app))


if __name__ == "__main__":
    main(sys.argv[1:])
