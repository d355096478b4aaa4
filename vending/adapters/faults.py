"""From what the Azure SDKs raise to Conflict and Transient (see vending/errors.py).

Status codes that are transient: 401 and 403 (a role that is not assigned yet, a key being rotated),
408, 410 and 449 (a partition that moves), 429, and everything from 500. Failures without a status are
connections that broke or timed out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.exceptions import DecodeError as CutShort

from vending.errors import Conflict, Transient, VendstreamError

PASSING = frozenset({401, 403, 408, 410, 429, 449})
Meaning = Callable[[AzureError, str], VendstreamError | None]


def meaning(fault: AzureError, what: str) -> VendstreamError | None:
    """The decision a fault stands for; None where it can only be a defect (a 400, a 413)."""
    status = status_of(fault)
    if status is None or isinstance(fault, CutShort) or status in PASSING or status >= 500:
        return waits(fault, what)
    if status in (409, 412):
        return Conflict(f"{what}: {status}")
    return None


@contextmanager
def translated(what: str, decide: Meaning = meaning) -> Iterator[None]:
    """Raise what a fault of ``what`` (an operation and its target) means.

    A fault that stands for no decision goes on as it is, with ``what`` noted on it.
    """
    try:
        yield
    except AzureError as fault:
        decision = decide(fault, what)
        if decision is None:
            fault.add_note(f"in {what}")
            raise
        raise decision from fault
    except Exception as fault:
        fault.add_note(f"in {what}")
        raise


def status_of(fault: AzureError) -> int | None:
    """The HTTP status; None where no answer came."""
    return fault.status_code if isinstance(fault, HttpResponseError) else None


def waits(fault: AzureError, what: str) -> Transient:
    """The fault as Transient, with the service's Retry-After."""
    status = status_of(fault)
    reason = f"status {status}" if status else type(fault).__name__
    first_line = (str(fault).splitlines() or [""])[0][:200]
    return Transient(f"{what}: {reason}: {first_line}", retry_after(headers_of(fault)))


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds to wait, from the two headers that services use; None where they say nothing usable."""
    given = {str(name).lower(): value for name, value in headers.items()}
    for name, unit in (("x-ms-retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = str(given.get(name) or "")
        if text.isdigit():
            return int(text) / unit
    return None


def headers_of(fault: AzureError) -> Mapping[str, Any]:
    """The answer's headers; none where no answer came."""
    headers: Mapping[str, Any] | None = getattr(fault, "headers", None)
    return headers or getattr(getattr(fault, "response", None), "headers", None) or {}
