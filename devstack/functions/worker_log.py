"""Logging of a worker process: to stderr, each line with the invocation it belongs to."""

import logging
import sys

from azure_functions_runtime import invocation_id_cv  # type: ignore[import-untyped]

QUIET = (
    "azure.functions",  # the worker library's own progress
    "azure.core.pipeline.policies.http_logging_policy",  # a dozen lines a request
)


class _Invocation(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.invocation = (invocation_id_cv.get() or "-")[:8]
        return True


def attach(level: str) -> None:
    """One handler at the root; everything below ``level`` is dropped."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("[%(asctime)s %(levelname)s %(invocation)s] %(name)s: %(message)s")
    )
    handler.addFilter(_Invocation())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        # Failures are reported by the host, with their traceback.
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "azure.functions" else logging.WARNING)
