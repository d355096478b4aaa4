"""Logging of a worker process: to stderr, each line with the invocation it belongs to.

The platform drops what is logged outside an invocation: at import, in threads of the app (those of
``asyncio.to_thread`` too), in tasks that outlive the answer. Such a line is shown here with a mark, so that
nobody relies on it. Source: azure-functions-python-worker (get_current_invocation_id: the task's id on the
loop, else the thread's own), and a run of the real host.
"""

import asyncio
import logging
import sys

from azure_functions_runtime import invocation_id_cv  # type: ignore[import-untyped]
from azure_functions_runtime.bindings.context import (  # type: ignore[import-untyped]
    _invocation_id_local,
)

from devstack.functions import runtime

QUIET = (
    "azure.functions",  # the worker library's own progress
    "azure.core.pipeline.policies.http_logging_policy",  # a dozen lines a request
)
DROPPED = "[outside an invocation: the platform drops this] "


class _Invocation(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        found = _current()
        record.invocation = found[:8] if found else "-"
        record.dropped = "" if found else DROPPED
        return True


def _current() -> str | None:
    """The id of the invocation that this line belongs to, while that is in work."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        found = getattr(_invocation_id_local, "invocation_id", None)
    else:
        found = invocation_id_cv.get()
    return found if found in runtime.active else None


def attach(level: str) -> None:
    """One handler at the root; everything below ``level`` is dropped."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("[%(asctime)s %(levelname)s %(invocation)s] %(dropped)s%(name)s: %(message)s")
    )
    handler.addFilter(_Invocation())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        # Failures are reported by the host, with their traceback.
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "azure.functions" else logging.WARNING)
